/* JSON lines: a line about the run, a line for each case, a line of sums. For programs. */
#include "harness/report/report.h"

#include <inttypes.h>

static void write_line(struct report *r)
{
    buf_char(&r->buf, '\n');
    fwrite(r->buf.p, 1, r->buf.len, r->f);
    buf_reset(&r->buf);
}

/* ,"name":"text" */
static void member(struct buf *b, const char *name, const char *text)
{
    buf_str(b, ",\"");
    buf_str(b, name);
    buf_str(b, "\":");
    text_json(b, text);
}

static void add_lineup(struct buf *b, const struct lineup *l)
{
    buf_str(b, ",\"backends\":[");
    for (unsigned i = 0; i < l->n; i++) {
        const struct backend *be = l->entries[i].backend;
        buf_printf(b, "%s{\"name\":\"%s\",\"oracle\":%s", i ? "," : "", be->name,
                   l->entries[i].oracle ? "true" : "false");
        if (be->version) member(b, "version", be->version());
        buf_char(b, '}');
    }
    buf_char(b, ']');
}

static void jsonl_begin(struct report *r, const struct run_info *info)
{
    struct buf *b = &r->buf;
    buf_str(b, "{\"type\":\"run\",\"lockstep\":1");
    add_lineup(b, info->lineup);
    buf_str(b, ",\"paths\":[");
    for (unsigned i = 0; i < info->npaths; i++) {
        if (i) buf_char(b, ',');
        text_json(b, info->paths[i]);
    }
    buf_printf(b, "],\"seed\":%" PRIu64, info->seed);
    if (info->nshards) buf_printf(b, ",\"shard\":[%u,%u]", info->shard + 1, info->nshards);
    buf_printf(b, ",\"cases\":%" PRIu64 "}", info->total);
    write_line(r);
}

/* The names of the backends whose bit is set. */
static void add_ran(struct buf *b, const struct lineup *l, unsigned ran)
{
    bool first = true;
    buf_str(b, ",\"backends\":[");
    for (unsigned i = 0; i < l->n; i++) {
        if (!(ran >> i & 1)) continue;
        buf_str(b, first ? "\"" : ",\"");
        buf_str(b, l->entries[i].backend->name);
        buf_char(b, '"');
        first = false;
    }
    buf_char(b, ']');
}

static void jsonl_record(struct report *r, const struct run_info *info, const struct record *rec)
{
    static const char *const checked[] = {"[]", "[\"manual\"]", "[\"oracle\"]", "[\"manual\",\"oracle\"]",
                                          "[\"peer\"]"};
    struct buf *b = &r->buf;
    buf_str(b, "{\"type\":\"case\",\"id\":");
    text_json(b, rec->id);
    member(b, "row", rec->row);
    member(b, "verdict", verdict_name(rec->verdict));
    buf_str(b, ",\"checked\":");
    buf_str(b, checked[rec->checked % ARRAY_LEN(checked)]);
    add_ran(b, info->lineup, rec->ran);
    if (*rec->exit) member(b, "exit", rec->exit);
    if (rec->nquirks) buf_printf(b, ",\"quirks\":%u", rec->nquirks);
    if (info->then) member(b, "before", verdict_name(info->then->verdict));
    if (rec->dissent) buf_str(b, ",\"dissent\":true");
    if (*rec->reason) member(b, "reason", rec->reason);
    if (*rec->detail) member(b, "detail", rec->detail);
    if (verdict_is_failure(rec->verdict)) {
        struct buf command = {0};
        report_repro(info, rec, &command);
        buf_printf(b, ",\"line\":%d", rec->line);
        member(b, "repro", buf_cstr(&command));
        buf_free(&command);
    }
    buf_char(b, '}');
    write_line(r);
}

/* One line for each cause, most cases first. */
static void add_clusters(struct report *r, const struct run_info *info, const struct clusters *c)
{
    struct buf *b = &r->buf, command = {0};
    for (unsigned i = 0; i < c->n; i++) {
        struct record example = cluster_example(&c->items[i]);
        buf_reset(&command);
        report_repro(info, &example, &command);
        buf_str(b, "{\"type\":\"cluster\",\"cause\":");
        text_json(b, c->items[i].cause);
        if (c->items[i].when && *c->items[i].when) member(b, "when", c->items[i].when);
        buf_printf(b, ",\"cases\":%" PRIu64, c->items[i].n);
        member(b, "example", example.id);
        member(b, "repro", buf_cstr(&command));
        buf_char(b, '}');
        write_line(r);
    }
    buf_free(&command);
}

static void jsonl_end(struct report *r, const struct run_info *info, const struct tally *t)
{
    struct buf *b = &r->buf;
    add_clusters(r, info, &t->clusters);
    buf_printf(b, "{\"type\":\"summary\",\"passed\":%" PRIu64 ",\"failed\":%" PRIu64 ",\"skipped\":%" PRIu64,
               t->verdicts[VERDICT_PASS], tally_failed(t), t->verdicts[VERDICT_SKIP]);
    buf_printf(b, ",\"crashed\":%" PRIu64 ",\"timed_out\":%" PRIu64, t->verdicts[VERDICT_CRASH],
               t->verdicts[VERDICT_TIMEOUT]);
    buf_printf(b,
               ",\"checked\":{\"oracle\":%" PRIu64 ",\"manual\":%" PRIu64 ",\"both\":%" PRIu64
               ",\"peers\":%" PRIu64 "}",
               t->oracle, t->manual, t->both, t->peers);
    if (t->flaky) buf_printf(b, ",\"flaky\":%" PRIu64, t->flaky);
    buf_printf(b, ",\"dissent\":%" PRIu64 ",\"reasons\":{", t->dissent);
    for (unsigned i = 0; i < t->reasons.n; i++) {
        if (i) buf_char(b, ',');
        text_json(b, t->reasons.rows[i].name);
        buf_printf(b, ":%" PRIu64, t->reasons.rows[i].n);
    }
    buf_char(b, '}');
    if (t->xfails.n) {
        buf_printf(b, ",\"xfailed\":%" PRIu64 ",\"xpassed\":%" PRIu64, t->verdicts[VERDICT_XFAIL],
                   t->verdicts[VERDICT_XPASS]);
    }
    if (info->remarks) member(b, "remarks", info->remarks);
    if (info->stopped) member(b, "stopped", info->stopped);
    buf_printf(b, ",\"jobs\":%u,\"seconds\":%.3f}", info->jobs, info->seconds);
    write_line(r);
}

const struct report_kind report_jsonl = {
    .name = "jsonl",
    .help = "JSON lines: the run, each case, the sums",
    .begin = jsonl_begin,
    .record = jsonl_record,
    .end = jsonl_end,
};
