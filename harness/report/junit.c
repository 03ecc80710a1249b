/* JUnit XML as CI servers read it (the schema of Jenkins' xunit plugin): a suite for each corpus file, a
 * testcase for each case, failures and errors with their text.
 *
 * The counts stand before the cases, so the body is spooled: each suite's header is written over room left
 * for it when the suite ends, and the file is put together at the end.
 */
#include "harness/report/report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { COUNTS_ROOM = 120 }; /* bytes that the counts of a suite take at most */

enum { TESTS, FAILURES, SKIPPED };

static void spool_buf(struct report *r)
{
    if (r->spool) fwrite(r->buf.p, 1, r->buf.len, r->spool);
    buf_reset(&r->buf);
}

static void junit_begin(struct report *r, const struct run_info *info)
{
    (void)info;
    report_spool(r);
}

static void add_counts(struct buf *b, uint64_t tests, uint64_t failures, uint64_t errors, uint64_t skipped)
{
    buf_printf(
        b, " tests=\"%" PRIu64 "\" failures=\"%" PRIu64 "\" errors=\"%" PRIu64 "\" skipped=\"%" PRIu64 "\"",
        tests, failures, errors, skipped);
}

static void suite_begin(struct report *r, const char *file)
{
    struct buf *b = &r->buf;
    r->suite = xstrdup(file);
    memset(r->counts, 0, sizeof(r->counts));
    r->errors = 0;
    buf_str(b, "  <testsuite name=\"");
    text_xml(b, file);
    buf_char(b, '"');
    spool_buf(r);
    r->header = ftell(r->spool);
    buf_printf(b, "%*s>\n", COUNTS_ROOM, "");
    spool_buf(r);
}

static void suite_end(struct report *r)
{
    if (!r->suite) return;
    free(r->suite);
    r->suite = NULL;
    fputs("  </testsuite>\n", r->spool);
    if (fseek(r->spool, r->header, SEEK_SET)) return;
    add_counts(&r->buf, r->counts[TESTS], r->counts[FAILURES], r->errors, r->counts[SKIPPED]);
    BUG_ON(r->buf.len > COUNTS_ROOM);
    spool_buf(r);
    (void)fseek(r->spool, 0, SEEK_END);
}

/* <failure> or <error> with everything that is known. */
static void add_problem(struct buf *b, const char *tag, const struct run_info *info, const struct record *rec)
{
    struct buf text = {0};
    buf_printf(b, "<%s type=\"%s\" message=\"", tag, verdict_name(rec->verdict));
    const char *line = strchr(rec->detail, '\n');
    if (*rec->reason)
        buf_str(&text, rec->reason);
    else if (line)
        buf_add(&text, rec->detail + strspn(rec->detail, " "),
                (size_t)(line - rec->detail) - strspn(rec->detail, " "));
    text_xml(b, buf_cstr(&text));
    buf_reset(&text);
    buf_printf(&text, "%s:%d\n%s  reproduce: ", rec->file, rec->line, rec->detail);
    report_repro(info, rec, &text);
    buf_str(b, "\">");
    text_xml(b, buf_cstr(&text));
    buf_printf(b, "</%s>", tag);
    buf_free(&text);
}

/* How it failed in the run of --rerun, when nothing has changed since: Surefire's words, which Jenkins knows.
 */
static void add_before(struct buf *b, const struct run_info *info, bool passed)
{
    static const char *const tags[2][2] = {{"rerunError", "rerunFailure"}, {"flakyError", "flakyFailure"}};
    add_problem(b, tags[passed][info->then->verdict == VERDICT_FAIL], info, info->then);
}

/* What stands in the testcase, and what is counted; of a case that passed, nothing. */
static void add_outcome(struct report *r, const struct run_info *info, const struct record *rec)
{
    struct buf *b = &r->buf;
    bool failure = rec->verdict == VERDICT_FAIL;
    if (rec->verdict == VERDICT_PASS) return;
    if (rec->verdict == VERDICT_XPASS) {
        buf_str(b, "<system-out>");
        text_xml(b, rec->reason);
        buf_str(b, "</system-out>");
    } else if (!verdict_is_failure(rec->verdict)) {
        r->counts[SKIPPED]++; /* JUnit has no word for what failed as expected; pytest says this too */
        buf_str(b,
                rec->verdict == VERDICT_XFAIL ? "<skipped type=\"xfail\" message=\"" : "<skipped message=\"");
        text_xml(b, rec->reason);
        buf_str(b, "\"/>");
    } else {
        add_problem(b, failure ? "failure" : "error", info, rec);
        r->counts[FAILURES] += failure;
        r->errors += !failure;
    }
}

static void junit_record(struct report *r, const struct run_info *info, const struct record *rec)
{
    struct buf *b = &r->buf;
    if (!r->spool) return;
    if (r->suite && strcmp(r->suite, rec->file)) suite_end(r);
    if (!r->suite) suite_begin(r, rec->file);
    r->counts[TESTS]++;
    buf_str(b, "    <testcase classname=\"");
    text_xml(b, rec->guest);
    buf_char(b, '.');
    text_xml(b, *rec->row ? rec->row : "none");
    buf_str(b, "\" name=\"");
    text_xml(b, rec->id);
    buf_char(b, '"');
    size_t plain = b->len;
    buf_char(b, '>');
    add_outcome(r, info, rec);
    if (info->then) add_before(b, info, rec->verdict == VERDICT_PASS);
    if (b->len == plain + 1) {
        b->len = plain;
        buf_str(b, "/>\n");
    } else {
        buf_str(b, "</testcase>\n");
    }
    spool_buf(r);
}

/* A run that stopped early must not look like a small green one. */
static void add_stopped(struct report *r, const struct run_info *info)
{
    struct buf *b = &r->buf;
    buf_str(b, "  <testsuite name=\"lockstep\"");
    add_counts(b, 1, 0, 1, 0);
    buf_str(b, ">\n    <testcase classname=\"lockstep\" name=\"run\"><error type=\"stopped\" message=\"");
    text_xml(b, info->stopped);
    buf_str(b, "\"/></testcase>\n  </testsuite>\n");
    spool_buf(r);
}

/* What the failures of the whole run have in common, which is known in the end only. The schema has no place
 * for it but a comment. */
static void add_causes(struct report *r, const struct clusters *c)
{
    struct buf *b = &r->buf, text = {0};
    if (!c->n) return;
    for (unsigned i = 0; i < c->n; i++) {
        buf_printf(&text, "  %" PRIu64 " %s\n", c->items[i].n, c->items[i].cause);
        if (c->items[i].when && *c->items[i].when) buf_printf(&text, "      %s\n", c->items[i].when);
    }
    for (char *dashes = strstr(text.p, "--"); dashes; dashes = strstr(dashes, "--")) *dashes = '~';
    buf_str(b, "  <!-- causes:\n");
    text_xml(b, text.p);
    buf_str(b, "  -->\n");
    buf_free(&text);
    spool_buf(r);
}

static void junit_end(struct report *r, const struct run_info *info, const struct tally *t)
{
    if (!r->spool) return;
    suite_end(r);
    add_causes(r, &t->clusters);
    if (info->stopped) add_stopped(r, info);
    uint64_t errors = tally_failed(t) - t->verdicts[VERDICT_FAIL];
    bool stopped = info->stopped != NULL;
    buf_str(&r->buf, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"lockstep\"");
    buf_printf(&r->buf, " tests=\"%" PRIu64 "\" failures=\"%" PRIu64 "\" errors=\"%" PRIu64 "\">\n",
               t->total + stopped, t->verdicts[VERDICT_FAIL], errors + stopped);
    fwrite(r->buf.p, 1, r->buf.len, r->f);
    buf_reset(&r->buf);
    report_unspool(r);
    fputs("</testsuites>\n", r->f);
}

const struct report_kind report_junit = {
    .name = "junit",
    .help = "JUnit XML for CI servers",
    .begin = junit_begin,
    .record = junit_record,
    .end = junit_end,
};
