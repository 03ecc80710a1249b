/* What the first instruction of a program finds on its stack (System V ABI, 3.4; the order is Linux's).
 *
 * From the top down: eight bytes of zero, the program's name, the environment, the arguments, sixteen random
 * bytes; then, 16-byte aligned, argc, the pointers to the arguments and to the environment, and the auxiliary
 * vector.
 */
#include "engine/user/space.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    STRING_MAX = 32 << CPU_PAGE_BITS, /* Linux's MAX_ARG_STRLEN */
    STRINGS_MAX = 6 << 20,   /* three quarters of its _STK_LIM; also a quarter of the stack at most */
    STRINGS_MIN = 128 << 10, /* and never less than its ARG_MAX */
};

/* A stack being written, from the top down. */
struct writing {
    struct user_process *p;
    uint64_t at;                       /* guest address of the lowest byte so far */
    uint64_t room;                     /* bytes that strings and the pointers to them may still take */
    uint64_t random, platform, execfn; /* guest addresses of what the auxiliary vector points to */
    struct buf words;                  /* from argc on */
};

/* Writes n bytes below what is there; their guest address. */
static uint64_t push_bytes(struct writing *w, const void *bytes, size_t n)
{
    w->at -= n;
    if (user_write(w->p, w->at, bytes, n)) BUG("the new stack cannot be written");
    return w->at;
}

static int push_string(struct writing *w, const char *s, uint64_t *at)
{
    size_t n = strlen(s) + 1, takes = n + sizeof(uint64_t);
    if (n > STRING_MAX || takes > w->room) return -E2BIG;
    w->room -= takes;
    *at = push_bytes(w, s, n);
    return 0;
}

static void add_word(struct writing *w, uint64_t v)
{
    buf_add(&w->words, &v, sizeof(v));
}

/* From the last to the first, so that the first stands lowest; their addresses and a NULL go to `words`. */
static int push_strings(struct writing *w, char *const *list, struct buf *words)
{
    size_t n = 0;
    int err = 0;
    while (list[n]) n++;
    uint64_t *at = xcalloc(n + 1, sizeof(*at));
    for (size_t i = n; i-- > 0 && !err;) err = push_string(w, list[i], &at[i]);
    buf_add(words, at, (n + 1) * sizeof(*at));
    free(at);
    return err;
}

static void add_aux(struct writing *w, uint64_t type, uint64_t v)
{
    add_word(w, type);
    add_word(w, v);
}

/* No vDSO: its functions are short cuts, and the libraries know how to do without. */
static void add_aux_vector(struct writing *w)
{
    const struct user_process *p = w->p;
    add_aux(w, AT_HWCAP, p->abi->hwcap);
    add_aux(w, AT_PAGESZ, CPU_PAGE);
    add_aux(w, AT_CLKTCK, (uint64_t)sysconf(_SC_CLK_TCK));
    add_aux(w, AT_PHDR, p->image.phdr);
    add_aux(w, AT_PHENT, p->image.phent);
    add_aux(w, AT_PHNUM, p->image.phnum);
    add_aux(w, AT_BASE, p->interp.entry ? p->interp.base : 0);
    add_aux(w, AT_FLAGS, 0);
    add_aux(w, AT_ENTRY, p->image.entry);
    add_aux(w, AT_UID, getuid());
    add_aux(w, AT_EUID, geteuid());
    add_aux(w, AT_GID, getgid());
    add_aux(w, AT_EGID, getegid());
    add_aux(w, AT_SECURE, 0);
    add_aux(w, AT_RANDOM, w->random);
    add_aux(w, AT_HWCAP2, 0);
    add_aux(w, AT_MINSIGSTKSZ, p->abi->sigframe_min);
    add_aux(w, AT_EXECFN, w->execfn);
    if (w->platform) add_aux(w, AT_PLATFORM, w->platform);
    add_aux(w, AT_NULL, 0);
}

static int fill(struct writing *w)
{
    const struct user_process *p = w->p;
    uint8_t random[16], zeroes[8] = {0};
    struct buf argv = {0}, envp = {0};
    if (random_bytes(w->p, random, sizeof(random))) return -EIO;
    push_bytes(w, zeroes, sizeof(zeroes));
    int err = push_string(w, p->opt->program, &w->execfn);
    if (!err) err = push_strings(w, p->opt->envp, &envp);
    if (!err) err = push_strings(w, p->argv, &argv);
    if (!err) {
        if (p->abi->platform) w->platform = push_bytes(w, p->abi->platform, strlen(p->abi->platform) + 1);
        w->at &= ~15ull; /* the sixteen bytes are read as words */
        w->random = push_bytes(w, random, sizeof(random));
        add_word(w, argv.len / sizeof(uint64_t) - 1);
        buf_add(&w->words, argv.p, argv.len);
        buf_add(&w->words, envp.p, envp.len);
        size_t before = w->words.len;
        add_aux_vector(w);
        w->at = ((w->at - w->words.len) & ~15ull) + w->words.len; /* so that sp is aligned */
        w->p->auxv = push_bytes(w, w->words.p, w->words.len) + before;
    }
    buf_free(&argv);
    buf_free(&envp);
    return err;
}

/* The whole stack is mapped at once and takes memory as it is used; what is below stays free
 * (USER_STACK_GAP). */
int stack_build(struct user_thread *t, struct buf *why)
{
    struct user_process *p = t->p;
    struct user_space *s = &p->space;
    uint64_t size = s->stack_top - s->stack_low, quarter = size / 4;
    uint64_t room = quarter < STRINGS_MAX ? quarter : STRINGS_MAX;
    int prot = PROT_READ | PROT_WRITE | (p->image.exec_stack ? PROT_EXEC : 0);
    int64_t at = space_map(p, s->stack_low, size, prot,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0, NULL);
    if (at < 0) {
        buf_printf(why, "cannot map a stack of %lu KiB: %s", size >> 10, strerror((int)-at));
        return (int)at;
    }
    struct writing w = {.p = p, .at = s->stack_top, .room = room > STRINGS_MIN ? room : STRINGS_MIN};
    int err = fill(&w);
    buf_free(&w.words);
    if (err == -E2BIG) buf_str(why, "the arguments and the environment are too long");
    if (err) return err;
    t->cpu->state[p->abi->reg_sp] = w.at;
    t->cpu->state[p->guest->pc_word] = p->interp.entry ? p->interp.entry : p->image.entry;
    return 0;
}
