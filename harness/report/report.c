/* What all reports share: opening, noticing that the disk is full, spooling. */
#include "harness/journal/journal.h"

#include <errno.h>
#include <string.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FLUSH_EVERY = 64 * 1024 };

const struct report_kind *const report_kinds[] = {&report_junit, &report_jsonl,       &report_md,
                                                  &report_cover, &report_record_file, &report_html,
                                                  &report_tap,   &report_github,      NULL};

const struct report_kind *report_kind_find(const char *name)
{
    for (unsigned i = 0; report_kinds[i]; i++)
        if (!strcmp(report_kinds[i]->name, name)) return report_kinds[i];
    return NULL;
}

void report_make_folders(const char *path)
{
    char *p = xstrdup(path);
    for (char *slash = strchr(p + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        (void)mkdir(p, 0777);
        *slash = '/';
    }
    free(p);
}

/* Remembers that a stream failed. The reason is in errno now or never. */
static void check(struct report *r, FILE *f)
{
    if (!r->error && f && ferror(f)) r->error = errno ? -errno : -EIO;
}

static int first_error(struct report *r, int before)
{
    return before ? 0 : r->error;
}

int report_open(struct report *r, const struct report_kind *kind, const char *path, bool make_dirs,
                const struct run_info *info)
{
    *r = (struct report){.kind = kind, .path = path};
    if (make_dirs) report_make_folders(path);
    bool out = !strcmp(path, "-") && kind->prints;
    r->f = out ? info->out : fopen(path, "we");
    if (!r->f) return -errno;
    r->borrowed = out;
    if (!out) setvbuf(r->f, NULL, _IOFBF, FLUSH_EVERY);
    errno = 0;
    if (kind->begin) kind->begin(r, info);
    check(r, r->f);
    return 0;
}

int report_record(struct report *r, const struct run_info *info, const struct record *rec)
{
    int before = r->error;
    if (before || !r->kind->record) return 0;
    errno = 0;
    r->kind->record(r, info, rec);
    check(r, r->f);
    check(r, r->spool);
    return first_error(r, before);
}

int report_continue(struct report *r, const char *path, uint64_t size, struct journal_coder *coder)
{
    *r = (struct report){.kind = &report_record_file, .path = path};
    r->f = fopen(path, "r+e");
    if (!r->f) return -errno;
    if (ftruncate(fileno(r->f), (off_t)size) || lseek(fileno(r->f), 0, SEEK_END) < 0) {
        int err = -errno;
        fclose(r->f);
        return err;
    }
    r->coder = xmalloc(sizeof(*coder));
    *r->coder = *coder;
    *coder = (struct journal_coder){0};
    return 0;
}

int report_cover_news(struct report *r, const void *body, size_t size)
{
    int before = r->error;
    if (!before && r->kind->cover) r->kind->cover(r, body, size);
    return first_error(r, before);
}

int report_flush(struct report *r)
{
    int before = r->error;
    if (!before && r->kind->flush) r->kind->flush(r);
    return first_error(r, before);
}

int report_end(struct report *r, const struct run_info *info, const struct tally *t)
{
    int before = r->error;
    errno = 0;
    if (!before) r->kind->end(r, info, t);
    check(r, r->f);
    if ((r->borrowed ? fflush(r->f) : fclose(r->f)) && !r->error) r->error = -errno;
    if (r->spool) fclose(r->spool);
    if (r->kind->close) r->kind->close(r);
    buf_free(&r->buf);
    free(r->suite);
    return first_error(r, before);
}

bool report_spool(struct report *r)
{
    r->spool = tmpfile();
    if (!r->spool) r->error = -errno;
    return r->spool;
}

void report_unspool(struct report *r)
{
    char chunk[16 * 1024];
    size_t n;
    if (!r->spool) return;
    rewind(r->spool);
    while ((n = fread(chunk, 1, sizeof(chunk), r->spool)) > 0) fwrite(chunk, 1, n, r->f);
    check(r, r->spool);
}

void report_repro(const struct run_info *info, const struct record *rec, struct buf *out)
{
    buf_str(out, "lockstep repro ");
    text_word(out, rec->id);
    buf_char(out, ' ');
    text_word(out, rec->file);
    buf_str(out, info->options);
}
