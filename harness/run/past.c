/* The history: text, so that people can look into it; the last line is a sum over the others, and a file that
 * does not fit it is not believed. It is written beside its place and moved there: whoever is killed leaves
 * the old one.
 *
 *     lockstep history 1
 *     failed 1f0e5a... 152 riscv64/m/div-by-zero      (hash of the id, microseconds, id)
 *     slow ...
 *     end 93c1...
 */
#include "harness/run/past.h"

#include "harness/run/pick.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 1 << 20, LINE_MAX_ID = 600 };

static const char magic[] = "lockstep history ";

static int by_hash(const void *a, const void *b)
{
    const struct past_case *x = a, *y = b;
    return (x->hash > y->hash) - (x->hash < y->hash);
}

static int by_number(const void *a, const void *b)
{
    const struct past_case *x = a, *y = b;
    return (x->number > y->number) - (x->number < y->number);
}

static bool is_slow(const struct past_case *c)
{
    return c->micros >= PAST_SLOW_MICROS;
}

/* ---- where it is ---- */

/* Runs of the same corpora, seed and lineup share a file: other cases fail under others. */
static uint64_t key_of(const struct plan *plan)
{
    uint64_t key = plan->filter.seed;
    char full[PATH_MAX];
    for (unsigned i = 0; i < plan->paths.n; i++)
        key = hash_str(realpath(plan->paths.items[i], full) ? full : plan->paths.items[i], key);
    for (unsigned i = 0; i < plan->lineup.n; i++) {
        const struct lineup_entry *e = &plan->lineup.entries[i];
        key = hash_str(e->backend->name, key + e->oracle);
    }
    return key;
}

static const char *in_cache(struct program *p, const struct plan *plan)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    uint64_t key = key_of(plan);
    if (cache && *cache == '/') return arena_printf(&p->arena, "%s/lockstep/history-%016" PRIx64, cache, key);
    if (home && *home == '/')
        return arena_printf(&p->arena, "%s/.cache/lockstep/history-%016" PRIx64, home, key);
    return NULL;
}

/* ---- reading ---- */

/* One line about a case. False: it is none. */
static bool read_line(const char *line, struct past_case *c)
{
    char kind[8], id[LINE_MAX_ID + 1];
    if (sscanf(line, "%7s %16" SCNx64 " %9" SCNu32 " %600s", kind, &c->hash, &c->micros, id) != 4)
        return false;
    c->failed = !strcmp(kind, "failed");
    if (!c->failed && strcmp(kind, "slow") != 0) return false;
    c->id = xstrdup(id);
    return true;
}

/* What stands between the first line and the sum. False: it makes no sense. */
static bool read_cases(struct past *h, char *text)
{
    char *end = strstr(text, "\nend "), *at = strchr(text, '\n') + 1;
    if (!end || strtoull(end + 5, NULL, 16) != hash_bytes(text, (size_t)(end + 1 - text), PAST_VERSION))
        return false;
    h->past = xcalloc(PAST_QUICK + PAST_SLOW, sizeof(*h->past));
    for (char *next; at < end; at = next) {
        next = strchr(at, '\n') + 1;
        if (h->npast == PAST_QUICK + PAST_SLOW || !read_line(at, &h->past[h->npast])) return false;
        h->npast++;
    }
    qsort(h->past, h->npast, sizeof(*h->past), by_hash);
    for (size_t i = 1; i < h->npast; i++)
        if (h->past[i].hash == h->past[i - 1].hash) return false;
    return true;
}

static void forget(struct past *h)
{
    for (size_t i = 0; i < h->npast; i++) free(h->past[i].id);
    free(h->past);
    h->past = NULL;
    h->npast = 0;
}

/* The whole file, or what there is of it. False: errno says why. */
static bool read_text(const char *path, struct buf *text)
{
    char chunk[16 * 1024];
    FILE *f = fopen(path, "re");
    if (!f) return false;
    for (size_t n; text->len < FILE_MAX && (n = fread(chunk, 1, sizeof(chunk), f)) > 0;)
        buf_add(text, chunk, n);
    bool good = !ferror(f);
    fclose(f);
    return good;
}

/* A file that somebody named and that is something else is not to be written over. */
static int load(struct program *p, struct past *h)
{
    struct buf text = {0};
    struct stat st;
    int status = 0;
    errno = 0;
    if (!stat(h->path, &st) && !S_ISREG(st.st_mode))
        status = complain(p, STATUS_USAGE, "%s is not a history", h->path);
    else if (!read_text(h->path, &text))
        status = !h->asked || errno == ENOENT
                     ? 0
                     : complain(p, STATUS_USAGE, "cannot read the history %s: %s", h->path, strerror(errno));
    else if (text.len && strncmp(text.p, magic, strlen(magic)) != 0)
        status = complain(p, STATUS_USAGE, "%s is not a history", h->path);
    else if (text.len && (strlen(text.p) != text.len || !strchr(text.p, '\n') ||
                          atoi(text.p + strlen(magic)) != PAST_VERSION || !read_cases(h, text.p))) {
        forget(h);
        (void)complain(p, 0,
                       "the history %s is damaged, or another version's: cases run in the corpus's order",
                       h->path);
    }
    buf_free(&text);
    return status;
}

int past_open(struct program *p, const struct plan *plan, struct past *h)
{
    *h = (struct past){0};
    if (plan->plain) return 0;
    h->asked = plan->history;
    h->path = plan->history ? plan->history : in_cache(p, plan);
    if (h->path && !strcmp(h->path, "none")) h->path = NULL;
    return h->path ? load(p, h) : 0;
}

/* ---- what runs first ---- */

uint64_t past_find(struct past *h, struct case_stream *s)
{
    struct case_wanted *wanted = xcalloc(h->npast + 1, sizeof(*wanted));
    for (size_t i = 0; i < h->npast; i++) wanted[i].hash = h->past[i].hash;
    uint64_t n = case_stream_find(s, wanted, h->npast);
    for (size_t i = 0; i < h->npast; i++) h->past[i].number = wanted[i].number;
    qsort(h->past, h->npast, sizeof(*h->past), by_number);
    free(wanted);
    return n;
}

/* Quick failures first: who is mending one wants to see it at once. */
void past_order(struct past *h, uint64_t from)
{
    h->first = xcalloc(h->npast + 1, sizeof(*h->first));
    for (int slow = 0; slow < 2; slow++)
        for (size_t i = 0; i < h->npast; i++) {
            const struct past_case *c = &h->past[i];
            if (is_slow(c) != slow || c->number == ~0ull || c->number < from) continue;
            h->first[h->nfirst++] = c->number;
            h->nfailed += c->failed;
        }
}

/* ---- noting ---- */

static struct past_case *past_of(struct past *h, uint64_t number)
{
    struct past_case key = {.number = number};
    return h->npast ? bsearch(&key, h->past, h->npast, sizeof(key), by_number) : NULL;
}

void past_tell(struct past *h, const struct record *r)
{
    struct past_case *c = past_of(h, r->number);
    if (c) c->told = true;
}

/* Room for another slow case: that of the fastest of them, if it is faster. NULL: it is not. */
static struct past_case *fastest_slow(struct past *h, uint32_t micros)
{
    struct past_case *least = NULL;
    for (size_t i = 0; i < h->nnow; i++)
        if (is_slow(&h->now[i]) && (!least || h->now[i].micros < least->micros)) least = &h->now[i];
    if (!least || least->micros >= micros) return NULL;
    free(least->id);
    return least;
}

static void remember(struct past *h, const struct past_case *c, const char *id)
{
    struct past_case *room = NULL;
    if (!h->now) h->now = xcalloc(PAST_QUICK + PAST_SLOW, sizeof(*h->now));
    if (is_slow(c) && h->nslow == PAST_SLOW)
        room = fastest_slow(h, c->micros);
    else if (is_slow(c) || h->nnow - h->nslow < PAST_QUICK)
        room = &h->now[h->nnow++], h->nslow += is_slow(c);
    if (!room) return;
    *room = *c;
    room->id = xstrdup(id);
}

bool past_note(struct past *h, const struct record *r)
{
    struct past_case now = {.micros = r->micros, .failed = verdict_is_failure(r->verdict)};
    bool told = false;
    if (!h->path) return false;
    while (h->at < h->npast && h->past[h->at].number < r->number) h->at++;
    if (h->at < h->npast && h->past[h->at].number == r->number) {
        h->past[h->at].seen = true;
        told = h->past[h->at].told;
    }
    if (!now.failed && !is_slow(&now)) return told;
    now.hash = pick_hash(r);
    remember(h, &now, r->id);
    return told;
}

/* ---- writing ---- */

static void describe(const struct past *h, struct buf *out)
{
    buf_printf(out, "%s%d\n", magic, PAST_VERSION);
    for (size_t i = 0; i < h->nnow; i++) {
        const struct past_case *c = &h->now[i];
        buf_printf(out, "%s %016" PRIx64 " %" PRIu32 " %s\n", c->failed ? "failed" : "slow", c->hash,
                   c->micros < 999999999 ? c->micros : 999999999, c->id);
    }
    buf_printf(out, "end %016" PRIx64 "\n", hash_bytes(out->p, out->len, PAST_VERSION));
}

/* Opens the folder of a path. */
static DIR *folder_of(const char *path)
{
    char *folder = xstrdup(path);
    *strrchr(folder, '/') = 0;
    DIR *d = opendir(folder);
    free(folder);
    return d;
}

/* Removes the oldest history of the cache if there are too many. False: there are not, or it cannot be. */
static bool remove_oldest(const char *path)
{
    struct stat st, oldest = {0};
    char name[NAME_MAX + 1] = "";
    unsigned n = 0;
    DIR *d = folder_of(path);
    if (!d) return false;
    for (struct dirent *e; (e = readdir(d));) {
        if (strncmp(e->d_name, "history-", strlen("history-")) != 0) continue;
        if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW)) continue;
        bool older =
            st.st_mtim.tv_sec < oldest.st_mtim.tv_sec ||
            (st.st_mtim.tv_sec == oldest.st_mtim.tv_sec && st.st_mtim.tv_nsec < oldest.st_mtim.tv_nsec);
        if (n++ && !older) continue;
        oldest = st;
        snprintf(name, sizeof(name), "%s", e->d_name);
    }
    bool removed = n > PAST_FILES && !unlinkat(dirfd(d), name, 0);
    closedir(d);
    return removed;
}

void past_write(struct past *h, struct program *p, bool whole)
{
    struct buf text = {0};
    if (!h->path) return;
    for (size_t i = 0; i < h->npast; i++)
        if (!h->past[i].seen && !whole) remember(h, &h->past[i], h->past[i].id);
    int err = 0;
    if (h->nnow) {
        describe(h, &text);
        if (!p->opt.history) report_make_folders(h->path);
        err = file_save(h->path, text.p, text.len);
        while (!h->asked && remove_oldest(h->path)) continue;
    } else if (unlink(h->path) && errno != ENOENT && h->asked) {
        err = -errno;
    }
    /* many machines have no place for a cache; that is no news */
    bool expected = err == -ENOENT || err == -ENOTDIR || err == -EACCES || err == -EROFS || err == -EPERM;
    if (err && (h->asked || !expected))
        (void)complain(p, 0, "cannot write the history %s: %s; the next run begins as this one did", h->path,
                       strerror(-err));
    buf_free(&text);
}

void past_free(struct past *h)
{
    forget(h);
    for (size_t i = 0; i < h->nnow; i++) free(h->now[i].id);
    free(h->now);
    free(h->first);
    *h = (struct past){0};
}
