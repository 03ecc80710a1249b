/* The run record: all of the above in a form that a later run can go on from. harness/journal has the format.
 *
 * Written without stdio's buffer: what a full disk cuts off must be the end of the file, and nothing else.
 * Entries count cases by standing one after the other, so after an interruption the record ends before the
 * first case that did not come home, whatever came home behind it.
 */
#include "harness/journal/journal.h"
#include "harness/run/worker.h"

#include <stdlib.h>

enum { WRITE_AT = 64 * 1024 };

static void flush(struct report *r)
{
    int err = r->error ? 0 : write_all(fileno(r->f), r->buf.p, r->buf.len);
    if (err) r->error = err;
    buf_reset(&r->buf);
}

static void record_begin(struct report *r, const struct run_info *info)
{
    json_t *header = journal_header(info);
    r->coder = xcalloc(1, sizeof(*r->coder));
    journal_begin(r->coder, header, &r->buf);
    json_decref(header);
}

static void record_record(struct report *r, const struct run_info *info, const struct record *rec)
{
    (void)info;
    r->gap |= rec->number != r->coder->number;
    if (r->gap) return;
    journal_add(r->coder, rec, &r->buf);
    if (r->buf.len >= WRITE_AT) flush(r);
}

static void record_cover(struct report *r, const void *body, size_t size)
{
    if (!r->gap) journal_add_cover(r->coder, body, size, &r->buf);
}

static void record_end(struct report *r, const struct run_info *info, const struct tally *t)
{
    if (!info->stopped) journal_add_footer(r->coder, t, &r->buf);
    flush(r);
}

static void record_close(struct report *r)
{
    if (r->coder) journal_coder_free(r->coder);
    free(r->coder);
}

const struct report_kind report_record_file = {
    .name = "record",
    .identity = true,
    .help = "the run record: for --resume, --rerun, --balance and 'lockstep merge'",
    .begin = record_begin,
    .record = record_record,
    .cover = record_cover,
    .flush = flush,
    .end = record_end,
    .close = record_close,
};
