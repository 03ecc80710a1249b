/* A summary in Markdown: what was run, the sums, each extension, what failed. For people and for pull
 * requests. */
#include "harness/report/report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void md_begin(struct report *r, const struct run_info *info)
{
    (void)info;
    report_spool(r);
}

enum {
    LISTED = 1000
}; /* failing cases; whoever reads this will not read more, and pull requests take 1 MiB */

/* The first failing cases wait in the spool for the sums that stand before them. */
static void md_record(struct report *r, const struct run_info *info, const struct record *rec)
{
    struct buf *b = &r->buf;
    if (!r->spool || !verdict_is_failure(rec->verdict) || r->counts[0]++ >= LISTED) return;
    buf_str(b, "- **");
    text_md(b, rec->id);
    buf_printf(b, "** (%s, ", verdict_name(rec->verdict));
    char name[TALLY_NAME];
    text_md(b, tally_row_of(rec, name));
    buf_str(b, ") ");
    const char *line = strchr(rec->detail, '\n');
    struct buf text = {0};
    if (*rec->reason)
        buf_str(&text, rec->reason);
    else if (line)
        buf_add(&text, rec->detail + 2, (size_t)(line - rec->detail) - 2);
    text_md(b, buf_cstr(&text));
    buf_reset(&text);
    report_repro(info, rec, &text);
    buf_str(b, "  \n  ");
    text_md_code(b, buf_cstr(&text), false);
    buf_char(b, '\n');
    buf_free(&text);
    fwrite(b->p, 1, b->len, r->spool);
    buf_reset(b);
}

static void add_row(struct buf *b, const char *name, uint64_t n)
{
    buf_str(b, "| ");
    text_md(b, name);
    buf_printf(b, " | %" PRIu64 " |\n", n);
}

static void add_run(struct buf *b, const struct run_info *info)
{
    buf_str(b, "| | |\n| --- | --- |\n| corpora | ");
    for (unsigned i = 0; i < info->npaths; i++) {
        if (i) buf_str(b, ", ");
        text_md(b, info->paths[i]);
    }
    buf_str(b, " |\n");
    for (unsigned i = 0; i < info->lineup->n; i++) {
        const struct lineup_entry *e = &info->lineup->entries[i];
        buf_printf(b, "| %s | %s", e->oracle ? "oracle" : "under test", e->backend->name);
        if (e->backend->version) {
            buf_str(b, ", ");
            text_md(b, e->backend->version());
        }
        buf_str(b, " |\n");
    }
    buf_printf(b, "| seed | %" PRIu64 " |\n", info->seed);
    if (info->nshards) buf_printf(b, "| shard | %u of %u |\n", info->shard + 1, info->nshards);
    buf_printf(b, "| time | %.1f s, %u job%s |\n\n", info->seconds, info->jobs, info->jobs == 1 ? "" : "s");
}

static void add_sums(struct buf *b, const struct tally *t)
{
    buf_str(b, "| checked | cases |\n| --- | ---: |\n");
    add_row(b, "against an oracle", t->oracle);
    add_row(b, "against the manual", t->manual);
    add_row(b, "against both", t->both);
    if (t->peers) add_row(b, "backends only against each other", t->peers);
    if (t->flaky) add_row(b, "flaky: failed before, passed now, nothing has changed", t->flaky);
    if (t->dissent) add_row(b, "an oracle disagrees with the manual", t->dissent);
    buf_char(b, '\n');
    if (t->reasons.n) buf_str(b, "| skipped because | cases |\n| --- | ---: |\n");
    for (unsigned i = 0; i < t->reasons.n; i++) add_row(b, t->reasons.rows[i].name, t->reasons.rows[i].n);
    if (t->reasons.n) buf_char(b, '\n');
    if (t->xfails.n) buf_str(b, "| expected failures | cases |\n| --- | ---: |\n");
    for (unsigned i = 0; i < t->xfails.n; i++) add_row(b, t->xfails.rows[i].name, t->xfails.rows[i].n);
    if (t->xfails.n) buf_char(b, '\n');
    buf_printf(b, "| extension | passed | failed | skipped |%s\n| --- | ---: | ---: | ---: |%s\n",
               t->xfails.n ? " failed as expected |" : "", t->xfails.n ? " ---: |" : "");
    for (unsigned i = 0; i < t->exts.n; i++) {
        const struct tally_row *e = &t->exts.rows[i];
        buf_str(b, "| ");
        text_md(b, e->name);
        buf_printf(b, " | %" PRIu64 " | %" PRIu64 " | %" PRIu64 " |", e->n - e->bad - e->skips - e->expected,
                   e->bad, e->skips);
        if (t->xfails.n) buf_printf(b, " %" PRIu64 " |", e->expected);
        buf_char(b, '\n');
    }
}

/* A list of lines. */
static void add_remarks(struct buf *b, const char *lines)
{
    struct buf line = {0};
    for (const char *at = lines; at && *at; at += strcspn(at, "\n") + 1) {
        buf_reset(&line);
        buf_add(&line, at, strcspn(at, "\n"));
        buf_str(b, at == lines ? "\n- " : "- ");
        text_md(b, buf_cstr(&line));
        buf_char(b, '\n');
    }
    buf_free(&line);
}

static void add_clusters(struct buf *b, const struct run_info *info, const struct clusters *c)
{
    struct buf command = {0};
    buf_str(b, "\n## Causes\n\n| cause | condition | cases | smallest |\n| --- | --- | ---: | --- |\n");
    for (unsigned i = 0; i < c->n; i++) {
        struct record r = cluster_example(&c->items[i]);
        buf_reset(&command);
        report_repro(info, &r, &command);
        buf_str(b, "| ");
        text_md(b, c->items[i].cause);
        buf_str(b, " | ");
        if (c->items[i].when) text_md(b, c->items[i].when);
        buf_printf(b, " | %" PRIu64 " | ", c->items[i].n);
        text_md_code(b, buf_cstr(&command), true);
        buf_str(b, " |\n");
    }
    if (c->others) buf_printf(b, "| others | | %" PRIu64 " | |\n", c->others);
    buf_free(&command);
}

static void md_end(struct report *r, const struct run_info *info, const struct tally *t)
{
    struct buf *b = &r->buf;
    buf_str(b, "# lockstep: ");
    tally_line(t, b);
    buf_str(b, "\n\n");
    if (info->stopped) {
        buf_str(b, "**The run did not finish: ");
        text_md(b, info->stopped);
        buf_printf(b, ", after %" PRIu64 " of %" PRIu64 " cases.**\n\n", t->total, info->total);
    }
    add_run(b, info);
    add_sums(b, t);
    add_remarks(b, info->remarks);
    if (r->counts[0]) {
        add_clusters(b, info, &t->clusters);
        buf_str(b, "\n## Failures\n\n| row | cases |\n| --- | ---: |\n");
        for (unsigned i = 0; i < t->rows.n; i++) add_row(b, t->rows.rows[i].name, t->rows.rows[i].n);
        buf_char(b, '\n');
    }
    fwrite(b->p, 1, b->len, r->f);
    buf_reset(b);
    report_unspool(r);
    if (r->counts[0] > LISTED)
        fprintf(r->f, "\n… and %" PRIu64 " failing cases more, which the other reports list.\n",
                r->counts[0] - LISTED);
}

const struct report_kind report_md = {
    .name = "md",
    .help = "a summary in Markdown",
    .begin = md_begin,
    .record = md_record,
    .end = md_end,
};
