/* Reading run records. What is cut ends early; what is wrong is damaged, and said with the place. */
#include "harness/journal/journal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char magic[] = "lockstep record ";

enum { ENTRY_MAX = RECORD_MAX_FRAME + 65536 }; /* bytes of an entry; headers may list many paths */

static enum journal_got damaged(const struct journal *j, struct buf *why)
{
    buf_printf(why, "%s is damaged: what stands at byte %" PRIu64 ", after %" PRIu64 " cases, is no entry",
               j->path, j->end, j->count);
    return JOURNAL_DAMAGED;
}

/* n bytes; false: there are fewer. */
static bool take(struct journal *j, void *to, size_t n)
{
    return fread(to, 1, n, j->f) == n;
}

/* The next whole entry into j->body. 1: there it is, 0: the file ends before its end, -1: its sum is wrong.
 */
static int next_entry(struct journal *j)
{
    uint32_t head[2];
    if (!take(j, head, sizeof(head))) return 0;
    if (!head[0] || head[0] > ENTRY_MAX) return -1;
    buf_reset(&j->body);
    for (size_t left = head[0]; left;) {
        char chunk[4096];
        size_t n = left < sizeof(chunk) ? left : sizeof(chunk);
        if (!take(j, chunk, n)) return 0;
        buf_add(&j->body, chunk, n);
        left -= n;
    }
    j->coder.sum = journal_sum(j->coder.sum, j->body.p, j->body.len);
    return (uint32_t)j->coder.sum == head[1] ? 1 : -1;
}

/* The first line. 1: good, 0: cut, -1: something else. */
static int read_version(struct journal *j, struct buf *why)
{
    char line[32] = "";
    if (!fgets(line, sizeof(line), j->f) || !strchr(line, '\n')) {
        size_t n = strlen(line) < strlen(magic) ? strlen(line) : strlen(magic);
        if (!strncmp(line, magic, n) && strlen(line) < sizeof(line) - 1) return 0;
    } else if (!strncmp(line, magic, strlen(magic))) {
        if (atoi(line + strlen(magic)) == JOURNAL_VERSION) return 1;
        buf_printf(why, "%s: a run record of format %.*s; this lockstep reads format %d", j->path,
                   (int)strcspn(line + strlen(magic), "\n"), line + strlen(magic), JOURNAL_VERSION);
        return -1;
    }
    buf_printf(why, "%s is not a run record", j->path);
    return -1;
}

static void entry_done(struct journal *j)
{
    j->end += 2 * sizeof(uint32_t) + j->body.len;
}

/* Version and header; a file that is cut there has no header. False: a sentence in `why`. */
static bool read_start(struct journal *j, struct buf *why)
{
    int got = read_version(j, why);
    if (got <= 0) return got == 0;
    j->end = (uint64_t)ftell(j->f);
    got = next_entry(j);
    if (got > 0 && *j->body.p == JOURNAL_HEADER)
        j->header = json_loadb(j->body.p + 1, j->body.len - 1, 0, NULL);
    if (got == 0) return true;
    if (!j->header) {
        (void)damaged(j, why);
        return false;
    }
    j->cases = journal_number(j->header, "cases");
    entry_done(j);
    j->synced = j->end;
    return true;
}

struct journal *journal_open(const char *path, struct buf *why)
{
    struct journal *j = xcalloc(1, sizeof(*j));
    j->path = path;
    j->f = fopen(path, "re");
    if (!j->f)
        buf_printf(why, "%s: %s", path, strerror(errno));
    else if (read_start(j, why))
        return j;
    journal_close(j);
    return NULL;
}

static bool footer_fits(const struct journal *j)
{
    json_t *sums = json_loadb(j->body.p + 1, j->body.len - 1, 0, NULL);
    bool fits = sums && journal_number(sums, "cases") == j->count && j->count == j->cases;
    for (unsigned v = 0; v < VERDICTS; v++)
        fits &= journal_number(sums, verdict_name((enum verdict)v)) == j->verdicts[v];
    json_decref(sums);
    return fits;
}

/* What the entry at hand is. */
static enum journal_got understand(struct journal *j, struct record *r, const uint8_t **body, size_t *size)
{
    *body = (const uint8_t *)j->body.p + 1;
    *size = j->body.len - 1;
    switch (*j->body.p) {
    case JOURNAL_RECORD:
        if (j->count == j->cases || !journal_decode(&j->coder, *body, *size, r)) return JOURNAL_DAMAGED;
        j->count++;
        j->verdicts[r->verdict]++;
        return JOURNAL_GOT_RECORD;
    case JOURNAL_COVER: return JOURNAL_GOT_COVER;
    case JOURNAL_FOOTER:
        if (!footer_fits(j) || getc(j->f) != EOF) return JOURNAL_DAMAGED;
        j->complete = true;
        return JOURNAL_OVER;
    }
    return JOURNAL_DAMAGED;
}

enum journal_got journal_next(struct journal *j, struct record *r, const uint8_t **body, size_t *size,
                              struct buf *why)
{
    if (!j->header || j->complete) return JOURNAL_OVER;
    int whole = next_entry(j);
    if (whole < 0) return damaged(j, why);
    if (!whole && ferror(j->f)) {
        buf_printf(why, "%s: %s", j->path, strerror(EIO));
        return JOURNAL_DAMAGED;
    }
    if (!whole) return JOURNAL_OVER;
    enum journal_got got = understand(j, r, body, size);
    if (got == JOURNAL_DAMAGED) return damaged(j, why);
    entry_done(j);
    if (got == JOURNAL_GOT_COVER || j->complete || !json_is_true(json_object_get(j->header, "cover")))
        j->synced = j->end;
    return got;
}

bool journal_check(const char *path, struct journal_extent *e, struct buf *why)
{
    struct record r;
    const uint8_t *body;
    size_t size;
    enum journal_got got = JOURNAL_OVER;
    *e = (struct journal_extent){0};
    struct journal *j = journal_open(path, why);
    while (j && (got = journal_next(j, &r, &body, &size, why)) != JOURNAL_OVER)
        if (got == JOURNAL_DAMAGED) break;
    if (j) *e = (struct journal_extent){j->cases, j->count, j->synced, j->complete, j->header != NULL};
    journal_close(j);
    return j && got != JOURNAL_DAMAGED;
}

void journal_close(struct journal *j)
{
    if (!j) return;
    if (j->f) fclose(j->f);
    json_decref(j->header);
    journal_coder_free(&j->coder);
    buf_free(&j->body);
    free(j);
}
