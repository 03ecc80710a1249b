/* What the run of --rerun said of the cases that run again. */
#include "harness/journal/journal.h"

#include <stdlib.h>
#include <string.h>

struct earlier {
    FILE *copy;        /* unlinked */
    char path[32];     /* of it */
    struct journal *j; /* its record, read beside this run: both go in the order of the corpora */
    struct record r;   /* the case that reading has come to */
    bool any, over;    /* there is one; there is no more */
    struct buf why;    /* a sentence that nobody wants: the whole file was read before */
};

/* Whatever decides how a case ends is as it was. */
static bool same_run(const json_t *theirs, const struct run_info *info)
{
    static const char *const keys[] = {"program", "corpus", "quirks", "backends"};
    json_t *ours = journal_header(info);
    bool same = true;
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        same &= json_equal(json_object_get(theirs, keys[i]), json_object_get(ours, keys[i]));
    json_decref(ours);
    return same;
}

/* A file of our own with what is in this one: the record of this run may be written over that of the last. */
static FILE *copy_of(const char *path)
{
    char chunk[16 * 1024];
    FILE *from = fopen(path, "re"), *to = from ? tmpfile() : NULL;
    for (size_t n; to && (n = fread(chunk, 1, sizeof(chunk), from)) > 0;) fwrite(chunk, 1, n, to);
    if (from) fclose(from);
    if (!to || !fflush(to)) return to;
    fclose(to);
    return NULL;
}

struct earlier *earlier_open(const char *path, const struct run_info *info)
{
    struct earlier *e = xcalloc(1, sizeof(*e));
    e->copy = copy_of(path);
    if (e->copy) snprintf(e->path, sizeof(e->path), "/proc/self/fd/%d", fileno(e->copy));
    if (e->copy) e->j = journal_open(e->path, &e->why);
    if (e->j && e->j->header && same_run(e->j->header, info)) return e;
    earlier_close(e);
    return NULL;
}

void earlier_close(struct earlier *e)
{
    if (!e) return;
    journal_close(e->j);
    if (e->copy) fclose(e->copy);
    buf_free(&e->why);
    free(e);
}

static void advance(struct earlier *e)
{
    const uint8_t *body;
    size_t size;
    enum journal_got got;
    do got = journal_next(e->j, &e->r, &body, &size, &e->why);
    while (got == JOURNAL_GOT_COVER);
    e->any = got == JOURNAL_GOT_RECORD;
    e->over = !e->any;
}

const struct record *earlier_of(struct earlier *e, const struct record *r)
{
    while (!e->over && (!e->any || e->r.position < r->position)) advance(e);
    bool same = e->any && e->r.position == r->position && !strcmp(e->r.id, r->id);
    return same && verdict_is_failure(e->r.verdict) ? &e->r : NULL;
}
