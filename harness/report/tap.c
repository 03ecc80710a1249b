/* TAP 13, the Test Anything Protocol: a line for each case, failures with a block of YAML that says all. */
#include "harness/report/report.h"

#include <inttypes.h>
#include <string.h>

static void write_buf(struct report *r)
{
    fwrite(r->buf.p, 1, r->buf.len, r->f);
    buf_reset(&r->buf);
}

static void tap_begin(struct report *r, const struct run_info *info)
{
    buf_printf(&r->buf, "TAP version 13\n1..%" PRIu64 "\n", info->total);
    write_buf(r);
}

/* A JSON text is a YAML text. */
static void member(struct buf *b, const char *name, const char *text)
{
    if (!*text) return;
    buf_printf(b, "  %s: ", name);
    text_json(b, text);
    buf_char(b, '\n');
}

static void add_diagnostics(struct buf *b, const struct run_info *info, const struct record *rec)
{
    struct buf command = {0};
    report_repro(info, rec, &command);
    buf_str(b, "  ---\n");
    member(b, "verdict", verdict_name(rec->verdict));
    member(b, "message", rec->reason);
    member(b, "row", rec->row);
    member(b, "file", rec->file);
    buf_printf(b, "  line: %d\n", rec->line);
    member(b, "reproduce", buf_cstr(&command));
    member(b, "detail", rec->detail);
    buf_str(b, "  ...\n");
    buf_free(&command);
}

static void tap_record(struct report *r, const struct run_info *info, const struct record *rec)
{
    struct buf *b = &r->buf;
    bool failure = verdict_is_failure(rec->verdict);
    buf_printf(b, "%sok %" PRIu64 " - ", failure || rec->verdict == VERDICT_XFAIL ? "not " : "",
               ++r->counts[0]);
    text_tap(b, rec->id);
    if (rec->verdict == VERDICT_SKIP || rec->verdict == VERDICT_XFAIL || rec->verdict == VERDICT_XPASS) {
        buf_str(b, rec->verdict == VERDICT_SKIP ? " # SKIP " : " # TODO ");
        text_tap(b, rec->reason);
    }
    buf_char(b, '\n');
    if (failure) add_diagnostics(b, info, rec);
    write_buf(r);
}

static void tap_end(struct report *r, const struct run_info *info, const struct tally *t)
{
    (void)t;
    if (!info->stopped) return;
    buf_str(&r->buf, "Bail out! ");
    text_tap(&r->buf, info->stopped);
    buf_char(&r->buf, '\n');
    write_buf(r);
}

const struct report_kind report_tap = {
    .name = "tap",
    .help = "the Test Anything Protocol, version 13",
    .begin = tap_begin,
    .record = tap_record,
    .end = tap_end,
};
