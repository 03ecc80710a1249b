/* --profile FILE: what was hot in this run, for the next one (engine/jit/profile.c; engine/jit/README.md has
 * the file's format). Here is what the engine does not know: which file of the host a piece of guest code
 * comes from, whether it is still that file, and the reading and writing of the profile.
 *
 * The lock of the guest's address space guards the list of files: a fork waits for it.
 */
#include "harness/exec/exec.h"

#include "engine/jit/jit.h"
#include "engine/user/space.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    FILES = 256,      /* that code comes from; the program is the first */
    ENTRIES = 4096,   /* of a profile */
    STRETCHES = 2100, /* of an entry */
    SIZE = 16 << 20,  /* of the profile's text */
    ENDS = 8 << 10,   /* bytes at both ends of a file that tell it from others */
};

#define HEAD "lockstep profile 1\n"

struct code_file {
    char *path;
    uint64_t id;  /* of its contents */
    bool checked; /* id is that of the file as it is now */
    bool stale;   /* the profile's entries are about another file of this name */
};

struct exec_profile {
    struct jit_profile jit;
    struct user_process *p; /* once it runs */
    int program;            /* its number among files */
    FILE *err;              /* for complaints */
    char *path;             /* of the profile, absolute: the guest may change its folder */
    bool leave;             /* it is somebody else's, or no profile: not written */
    struct code_file files[FILES];
    unsigned nfiles; /* of them */
};

static void complain_of(struct exec_profile *x, const char *what, const char *then)
{
    fprintf(x->err, "lockstep: %s: %s; %s\n", x->path, what, then);
}

/* ---- files ---- */

/* A hash of the size and both ends. 0: it cannot be read. */
static uint64_t id_of(const char *path)
{
    struct stat st;
    uint64_t id = 0;
    uint8_t ends[2 * ENDS] = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode)) {
        ssize_t first = pread(fd, ends, ENDS, 0);
        ssize_t last = pread(fd, ends + ENDS, ENDS, st.st_size > ENDS ? st.st_size - ENDS : 0);
        if (first >= 0 && last >= 0) id = hash_bytes(ends, 2 * ENDS, (uint64_t)st.st_size) | 1;
    }
    if (fd >= 0) close(fd);
    return id;
}

static int add_file(struct exec_profile *x, const char *path, uint64_t id, bool checked)
{
    if (x->nfiles == FILES) return -1;
    x->files[x->nfiles] = (struct code_file){.path = xstrdup(path), .id = id, .checked = checked};
    return (int)x->nfiles++;
}

/* The file's number; -1: it has none. */
static int file_of(struct exec_profile *x, const char *path)
{
    for (unsigned i = 0; i < x->nfiles; i++) {
        struct code_file *f = &x->files[i];
        if (f->stale || strcmp(f->path, path) != 0) continue;
        if (f->checked) return (int)i;
        uint64_t id = id_of(path);
        f->checked = true;
        f->stale = id != f->id;
        if (!f->stale) return (int)i;
        fprintf(x->err,
                "lockstep: %s: %s is another file than it was; what the profile says of it is not used\n",
                x->path, path);
        return add_file(x, path, id, true);
    }
    uint64_t id = *path == '/' && !strchr(path, '\n') ? id_of(path) : 0;
    return id ? add_file(x, path, id, true) : -1;
}

/* The first time that code is asked for: is the profile about this program? */
static void meet_program(struct exec_profile *x, struct user_process *p)
{
    x->p = p;
    if (x->nfiles && strcmp(x->files[0].path, x->p->exe) != 0) {
        fprintf(x->err, "lockstep: %s: is a profile of %s; it is not used, and left as it is\n", x->path,
                x->files[0].path);
        x->leave = true;
        x->jit.nknown = 0;
    }
    x->program = file_of(x, x->p->exe);
}

void exec_profile_thread(struct exec_profile *x, struct user_thread *t)
{
    struct user_space *s = &t->p->space;
    pthread_mutex_lock(&s->lock);
    if (!x->p) meet_program(x, t->p);
    pthread_mutex_unlock(&s->lock);
}

static bool place_of(uint64_t pc, void *data, struct jit_place *out)
{
    struct exec_profile *x = data;
    struct user_process *p = user_self ? user_self->p : x->p; /* a thread that ends has none any more */
    if (!p) return false;
    struct user_space *s = &p->space;
    bool found = false;
    pthread_mutex_lock(&s->lock);
    if (!x->p) meet_program(x, p);
    size_t i = areas_at(s, pc);
    if (i < s->count && s->areas[i].start <= pc && s->areas[i].file) {
        const struct user_area *a = &s->areas[i];
        int file = file_of(x, a->file->name);
        *out = (struct jit_place){.file = (uint32_t)file, .offset = pc - a->start + a->offset};
        found = file >= 0;
    }
    pthread_mutex_unlock(&s->lock);
    return found;
}

static bool address_of(struct jit_place at, void *data, uint64_t *pc)
{
    struct exec_profile *x = data;
    struct user_space *s = &x->p->space;
    bool found = false;
    pthread_mutex_lock(&s->lock);
    const struct code_file *f = at.file < x->nfiles ? &x->files[at.file] : NULL;
    for (size_t i = 0; f && file_of(x, f->path) == (int)at.file && i < s->count && !found; i++) {
        const struct user_area *a = &s->areas[i];
        found = a->file && a->prot & PROT_EXEC && at.offset >= a->offset &&
                at.offset - a->offset < a->end - a->start && !strcmp(a->file->name, f->path);
        if (found) *pc = a->start + (at.offset - a->offset);
    }
    pthread_mutex_unlock(&s->lock);
    return found;
}

/* ---- reading ---- */

/* What is left of a line. */
struct cursor {
    const char *at;
};

static bool take(struct cursor *c, const char *word)
{
    size_t n = strlen(word);
    if (strncmp(c->at, word, n) != 0) return false;
    c->at += n;
    return true;
}

static bool take_number(struct cursor *c, unsigned base, uint64_t most, uint64_t *v)
{
    const char *start = c->at;
    *v = 0;
    for (;; c->at++) {
        char ch = *c->at;
        unsigned digit = ch >= '0' && ch <= '9'   ? (unsigned)(ch - '0')
                         : ch >= 'a' && ch <= 'f' ? (unsigned)(ch - 'a' + 10)
                                                  : 99;
        if (digit >= base) return c->at > start;
        if (digit > most || *v > (most - digit) / base) return false;
        *v = *v * base + digit;
    }
}

/* "3:1a2b4" */
static bool take_place(struct exec_profile *x, struct cursor *c, struct jit_place *out)
{
    uint64_t file, offset;
    if (!x->nfiles || !take_number(c, 10, x->nfiles - 1, &file) || !take(c, ":") ||
        !take_number(c, 16, INT64_MAX, &offset))
        return false;
    *out = (struct jit_place){(uint32_t)file, offset};
    return true;
}

/* " 3:1a2b4+12*7" and so on, to the end of the line */
static bool take_path(struct exec_profile *x, struct cursor *c, struct jit_stretch *path, uint32_t *n)
{
    for (*n = 0; take(c, " "); ++*n) {
        uint64_t insns, times = 1;
        if (*n == STRETCHES || !take_place(x, c, &path[*n].at) || !take(c, "+") ||
            !take_number(c, 10, 65535, &insns) || !insns)
            return false;
        if (take(c, "*") && (!take_number(c, 10, 65535, &times) || !times)) return false;
        path[*n].insns = (uint32_t)insns;
        path[*n].times = (uint32_t)times;
    }
    return !*c->at;
}

static const char *read_hot(struct exec_profile *x, struct cursor *c)
{
    static const char *const bad = "not 'hot HEAT MODE CODE FILE:OFFSET …'";
    struct jit_stretch path[STRETCHES];
    struct jit_hot h = {0};
    uint64_t heat;
    if (!take_number(c, 10, UINT32_MAX, &heat) || !take(c, " ") || !take_number(c, 16, UINT64_MAX, &h.mode) ||
        !take(c, " ") || !take_number(c, 16, UINT64_MAX, &h.code) || !take(c, " ") ||
        !take_place(x, c, &h.at) || !take_path(x, c, path, &h.n))
        return bad;
    if (x->jit.nknown == ENTRIES) return "too many lines";
    struct jit_hot *to = xcalloc(1, sizeof(*to) + h.n * sizeof(*path));
    h.heat = (uint32_t)heat;
    *to = h;
    memcpy(to->path, path, h.n * sizeof(*path));
    x->jit.known[x->jit.nknown++] = to;
    return NULL;
}

static const char *read_line(struct exec_profile *x, const char *line)
{
    struct cursor c = {line};
    uint64_t id;
    if (take(&c, "hot ")) return read_hot(x, &c);
    if (!take(&c, "file ")) return "neither 'file' nor 'hot'";
    if (!take_number(&c, 16, UINT64_MAX, &id) || !take(&c, " ") || *c.at != '/') return "not 'file ID /PATH'";
    return add_file(x, c.at, id, false) < 0 ? "too many files" : NULL;
}

static bool refuse(struct exec_profile *x, unsigned line, const char *why)
{
    fprintf(x->err, "lockstep: %s:%u: %s; it is not used, and left as it is\n", x->path, line, why);
    x->leave = true;
    while (x->jit.nknown) {
        free(x->jit.known[--x->jit.nknown]);
        x->jit.known[x->jit.nknown] = NULL;
    }
    while (x->nfiles) free(x->files[--x->nfiles].path);
    return false;
}

/* The text is changed: lines become strings. */
static bool parse(struct exec_profile *x, char *text, size_t size)
{
    unsigned number = 2;
    if (size < strlen(HEAD) || memcmp(text, HEAD, strlen(HEAD)) != 0)
        return refuse(x, 1, "not a profile of lockstep's");
    if (memchr(text, 0, size)) return refuse(x, 1, "there are zero bytes in it");
    for (char *line = text + strlen(HEAD), *end; *line; line = end + 1, number++) {
        if (!(end = strchr(line, '\n'))) return refuse(x, number, "ends in the middle of a line");
        *end = 0;
        const char *why = read_line(x, line);
        if (why) return refuse(x, number, why);
    }
    qsort(x->jit.known, x->jit.nknown, sizeof(struct jit_hot *), jit_hot_compare);
    for (unsigned i = 1; i < x->jit.nknown; i++)
        if (!jit_hot_compare(&x->jit.known[i - 1], &x->jit.known[i]))
            return refuse(x, number, "two lines for one place");
    return true;
}

static void load(struct exec_profile *x)
{
    struct stat st = {0};
    int fd = open(x->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT) return;
    const char *why = fd < 0 || fstat(fd, &st) ? strerrordesc_np(errno)
                      : !S_ISREG(st.st_mode)   ? "not a file"
                      : st.st_size > SIZE      ? "too large for a profile"
                                               : NULL;
    if (why) {
        x->leave = true;
        complain_of(x, why, "it is not used, and left as it is");
    } else {
        char *text = xcalloc(1, (size_t)st.st_size + 1);
        ssize_t n = read(fd, text, (size_t)st.st_size);
        parse(x, text, n < 0 ? 0 : (size_t)n);
        free(text);
    }
    if (fd >= 0) close(fd);
}

struct exec_profile *exec_profile_new(const char *path, FILE *err)
{
    struct exec_profile *x = xcalloc(1, sizeof(*x));
    struct buf absolute = {0};
    char *here = *path == '/' ? NULL : get_current_dir_name();
    if (here) buf_printf(&absolute, "%s/", here);
    buf_str(&absolute, path);
    free(here);
    x->err = err;
    x->path = xstrdup(buf_cstr(&absolute));
    buf_free(&absolute);
    x->jit.place = place_of;
    x->jit.address = address_of;
    x->jit.data = x;
    x->jit.known = xcalloc(ENTRIES, sizeof(struct jit_hot *));
    load(x);
    return x;
}

struct jit_profile *exec_profile_of(struct exec_profile *x)
{
    return &x->jit;
}

/* ---- writing ---- */

static uint64_t heat_of(const struct jit_hot *h)
{
    return (uint64_t)h->heat / 2 + h->now; /* what was hot long ago cools down */
}

static int by_heat(const void *a, const void *b)
{
    const struct jit_hot *const *x = a, *const *y = b;
    uint64_t p = heat_of(*x), q = heat_of(*y);
    return p != q ? (p < q ? 1 : -1) : jit_hot_compare(a, b);
}

/* number: the files' in the text */
static void put_hot(const struct jit_hot *h, const unsigned *number, FILE *f)
{
    fprintf(f, "hot %lu %lx %016lx %u:%lx", heat_of(h), h->mode, h->code, number[h->at.file], h->at.offset);
    for (uint32_t i = 0; i < h->n; i++) {
        const struct jit_stretch *s = &h->path[i];
        fprintf(f, " %u:%lx+%u", number[s->at.file], s->at.offset, s->insns);
        if (s->times > 1) fprintf(f, "*%u", s->times);
    }
    fputc('\n', f);
}

static bool is_stale(const struct exec_profile *x, const struct jit_hot *h)
{
    bool stale = x->files[h->at.file].stale;
    for (uint32_t i = 0; i < h->n; i++) stale |= x->files[h->path[i].at.file].stale;
    return stale;
}

/* All that is worth keeping, the hottest first, each place once. */
static unsigned collect(const struct exec_profile *x, struct jit_hot **all)
{
    const struct jit_profile *p = &x->jit;
    unsigned n = 0, kept = 0;
    for (const struct jit_hot *h = p->noted; h && n < ENTRIES; h = h->next)
        all[n++] = (struct jit_hot *)(uintptr_t)h;
    unsigned fresh = n;
    qsort(all, fresh, sizeof(*all), jit_hot_compare);
    for (unsigned i = 0; i < p->nknown && n < 2 * ENTRIES; i++) {
        bool again =
            is_stale(x, p->known[i]) || bsearch(&p->known[i], all, fresh, sizeof(*all), jit_hot_compare);
        if (!again) all[n++] = p->known[i];
    }
    for (unsigned i = 0; i < n; i++)
        if (heat_of(all[i])) all[kept++] = all[i];
    qsort(all, kept, sizeof(*all), by_heat);
    return kept < ENTRIES ? kept : ENTRIES;
}

static void put_file(const struct code_file *f, unsigned *number, unsigned *n, FILE *out)
{
    *number = (*n)++;
    fprintf(out, "file %016lx %s\n", f->id, f->path);
}

/* The program is the first of the files. */
static void write_text(const struct exec_profile *x, FILE *f)
{
    struct jit_hot **all = xcalloc(2 * ENTRIES, sizeof(*all));
    unsigned number[FILES], files = 0, n = collect(x, all), program = (unsigned)x->program;
    fputs(HEAD, f);
    put_file(&x->files[program], &number[program], &files, f);
    for (unsigned i = 0; i < x->nfiles; i++)
        if (i != program && !x->files[i].stale) put_file(&x->files[i], &number[i], &files, f);
    for (unsigned i = 0; i < n; i++) put_hot(all[i], number, f);
    free(all);
}

/* In one step: another start may be reading it. */
void exec_profile_save(struct exec_profile *x)
{
    char *text = NULL;
    size_t n;
    if (x->leave || !x->p || x->program < 0) return;
    FILE *f = open_memstream(&text, &n);
    bool good = f != NULL;
    if (good) write_text(x, f);
    if (good) good = !fclose(f);
    int err = good ? file_save(x->path, text, n) : -ENOMEM;
    if (err) complain_of(x, strerrordesc_np(-err), "the profile is not saved");
    free(text);
}

void exec_profile_free(struct exec_profile *x)
{
    for (unsigned i = 0; i < ENTRIES && x->jit.known[i]; i++) free(x->jit.known[i]);
    for (struct jit_hot *h = x->jit.noted, *next; h; h = next) {
        next = h->next;
        free(h);
    }
    while (x->nfiles) free(x->files[--x->nfiles].path);
    free(x->jit.known);
    free(x->path);
    free(x);
}
