/* A line for each instruction that a program executes:
 *
 *     1048c  8082      ret                              pc=0x10500
 *
 * its address, its bytes, what they say, and the registers that are different after it; and where another
 * function begins to run, or goes on, its name: "<main+0x4>". What system calls and
 * signals changed in between stands on a line of its own. Lines of threads are whole; each thread but the
 * first puts its number in front.
 */
#include "harness/exec/exec.h"

#include "engine/base/base.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_WIDTH = 32 };

/* What was last seen of a thread. */
struct seen {
    struct seen *next; /* in exec_trace.threads */
    struct user_thread *thread;
    uint64_t pc;          /* of the instruction that is being executed */
    uint8_t code[4];      /* its bytes */
    size_t size;          /* how many */
    const char *function; /* that the last one was in; or NULL */
    uint64_t state[];     /* guest->state_words */
};

/* Entries are only ever added, without a lock: a fork must not find it held by a thread that is not there any
 * more. */
struct exec_trace {
    FILE *out;
    struct exec_names *names;
    _Atomic(struct seen *) threads;
};

struct exec_trace *exec_trace_new(struct exec_names *names, FILE *out)
{
    struct exec_trace *x = xcalloc(1, sizeof(*x));
    x->out = out;
    x->names = names;
    return x;
}

void exec_trace_free(struct exec_trace *x)
{
    for (struct seen *s = x->threads, *next; s; s = next) {
        next = s->next;
        free(s);
    }
    free(x);
}

/* A thread's entry; a new thread may have the address of one that ended, which is as good. */
static struct seen *seen_of(struct exec_trace *x, struct user_thread *t)
{
    struct seen *first = x->threads, *s = first;
    while (s && s->thread != t) s = s->next;
    if (s) return s;
    size_t size = t->cpu->guest->state_words * sizeof(uint64_t);
    s = xcalloc(1, sizeof(*s) + size);
    s->thread = t;
    memcpy(s->state, t->cpu->state, size);
    do s->next = first;
    while (!atomic_compare_exchange_weak(&x->threads, &first, s));
    return s;
}

/* Registers that a program can see: not pc where it just went on, and not what counts on its own. */
static bool shown(const struct guest_reg *r)
{
    return strcmp(r->group, "counter") != 0 && strcmp(r->group, "monitor") != 0 &&
           strcmp(r->group, "pc") != 0;
}

/* Appends " a0=0x1" for what differs, and makes it seen. */
static void changes(struct seen *s, const struct vcpu *c, struct buf *line)
{
    for (unsigned i = 0; i < c->guest->nregs; i++) {
        const struct guest_reg *r = &c->guest->regs[i];
        for (unsigned k = 0; shown(r) && k < r->count * r->words; k++)
            if ((int)(k / r->words) != r->zero && s->state[r->word + k] != c->state[r->word + k])
                buf_printf(line, " %s=%#lx", guest_reg_name(r, k / r->words), c->state[r->word + k]);
    }
    memcpy(s->state, c->state, c->guest->state_words * sizeof(uint64_t));
}

static void start_line(struct user_thread *t, struct buf *line)
{
    if (!t->is_first) buf_printf(line, "[%d] ", t->tid);
}

static void put_line(struct exec_trace *x, struct buf *line)
{
    buf_char(line, '\n');
    fwrite(line->p, 1, line->len, x->out);
    buf_free(line);
}

/* Its name where it is another than that of the last instruction. */
static void function(struct exec_trace *x, struct seen *s, struct user_process *p, struct buf *line)
{
    uint64_t offset;
    const char *name = exec_names_at(x->names, p, s->pc, &offset);
    bool other = name && name != s->function;
    s->function = name;
    if (other) buf_printf(line, offset ? " <%s+%#lx>" : " <%s>", name, offset);
}

uint64_t exec_trace_before(struct exec_trace *x, struct user_thread *t)
{
    struct seen *s = seen_of(x, t);
    const struct guest *g = t->cpu->guest;
    struct buf line = {0};
    start_line(t, &line);
    size_t start = line.len;
    changes(s, t->cpu, &line);
    if (line.len > start)
        put_line(x, &line);
    else
        buf_free(&line);
    s->pc = t->cpu->state[g->pc_word];
    for (s->size = 0; s->size < sizeof(s->code); s->size += g->code_unit)
        if (user_read(t->p, s->pc + s->size, s->code + s->size, g->code_unit)) break;
    return 1;
}

void exec_trace_after(struct exec_trace *x, struct user_thread *t)
{
    struct seen *s = seen_of(x, t);
    const struct vcpu *c = t->cpu;
    const struct cpu_exit *e = &c->exit;
    struct buf line = {0};
    if (e->kind == EXIT_KICKED && !e->executed) return;
    start_line(t, &line);
    size_t start = line.len, n = s->size;
    if (n == sizeof(s->code)) {
        uint32_t word;
        memcpy(&word, s->code, sizeof(word));
        n = c->guest->length(word);
    }
    buf_printf(&line, "%8lx  ", s->pc);
    for (size_t i = n; i-- > 0;) buf_printf(&line, "%02x", s->code[i]);
    buf_printf(&line, "%*s", (int)(10 - 2 * n), "");
    if (s->size) guest_disasm_bytes(c->guest, s->code, s->size, &line);
    size_t text = line.len - start - 20, space = text < TEXT_WIDTH ? TEXT_WIDTH - text : 1;
    buf_printf(&line, "%*s", (int)space, "");
    changes(s, c, &line);
    uint64_t pc = c->state[c->guest->pc_word];
    if (e->kind == EXIT_BUDGET && pc != s->pc + n) buf_printf(&line, " pc=%#lx", pc);
    if (e->kind == EXIT_FAULT) buf_printf(&line, " %s %#lx", c->guest->causes[e->cause].name, e->value);
    function(x, s, t->p, &line);
    while (line.p[line.len - 1] == ' ') line.p[--line.len] = 0;
    put_line(x, &line);
}
