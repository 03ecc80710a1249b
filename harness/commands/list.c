/* lockstep list: what there is. To add a list: its row in `lists` and a function. */
#include "harness/clock/codegen.h"
#include "harness/clock/define.h"
#include "harness/cover/view.h"
#include "harness/commands/explain.h"
#include "harness/kinds/kind.h"
#include "harness/mutants/mutants.h"
#include "harness/packed/packed.h"
#include "harness/run/plan.h"
#include "harness/commands/table.h"

#include "harness/corpus/glob.h"
#include "harness/judge/quirk.h"

#include <inttypes.h>
#include <string.h>

static int list_isas(struct program *p, const struct guest *g)
{
    for (unsigned i = 0; guest_all[i]; i++) {
        const struct guest *each = guest_all[i];
        unsigned done = 0;
        for (unsigned k = 0; k < each->nrows; k++) done += !each->rows[k].absent;
        fprintf(p->out, "%-10s %s: %u instructions, %u done\n", each->name, each->title, each->nrows, done);
    }
    return STATUS_PASS;
}

static int list_kinds(struct program *p, const struct guest *g)
{
    for (unsigned i = 0; kind_all[i]; i++) {
        const char *name;
        fprintf(p->out, "%-12s %s:", kind_all[i]->name, kind_all[i]->help);
        for (unsigned k = 0; (name = kind_all[i]->subject_name(k)); k++)
            fprintf(p->out, "%s %s", k ? "," : "", name);
        fputc('\n', p->out);
    }
    return STATUS_PASS;
}

/* One that runs cases of another kind than instructions. */
static void list_other_backend(struct program *p, const struct backend *b, const struct case_kind *kind)
{
    const char *why = backend_cannot_run(b), *name;
    for (unsigned k = 0; (name = kind->subject_name(k)); k++)
        fprintf(p->out, "           %s: %s\n", name, why ? why : "yes");
}

static int list_backends(struct program *p, const struct guest *g)
{
    const struct backend *b;
    const struct case_kind *kind;
    for (unsigned i = 0; (b = plan_backend(p, i, &kind)); i++) {
        fprintf(p->out, "%-10s %s%s%s%s\n", b->name, b->description, b->oracle ? " (oracle)" : "",
                b->version ? ", " : "", b->version ? b->version() : "");
        if (kind != &kind_instruction) {
            list_other_backend(p, b, kind);
            continue;
        }
        for (unsigned k = 0; guest_all[k]; k++) {
            const char *why = "it cannot run here";
            bool can = !b->probe || !b->probe(guest_all[k], &why);
            fprintf(p->out, "           %s: %s\n", guest_all[k]->name, can ? "yes" : why);
        }
    }
    return STATUS_PASS;
}

static int list_reports(struct program *p, const struct guest *g)
{
    for (unsigned i = 0; report_kinds[i]; i++)
        fprintf(p->out, "%-10s %s\n", report_kinds[i]->name, report_kinds[i]->help);
    return STATUS_PASS;
}

static int list_rows(struct program *p, const struct guest *g)
{
    const char *glob = p->opt.args.n > 2 ? p->opt.args.items[2] : "*";
    struct buf line = {0};
    unsigned n = 0;
    for (unsigned i = 0; i < g->nrows; i++) {
        const struct guest_row *row = &g->rows[i];
        if (!glob_match(glob, row->id)) continue;
        struct buf encoding = {0}, syntax = {0};
        explain_encoding(row, &encoding);
        explain_syntax(row, &syntax);
        buf_printf(&line, "%-18s %-11s %-6s %-50s %s", row->id, row->ext, row->absent ? "absent" : "done",
                   buf_cstr(&encoding), buf_cstr(&syntax));
        fprintf(p->out, "%s\n", buf_cstr(&line));
        if (p->opt.verbose) fprintf(p->out, "    %s:%d  %s\n", row->file, row->line, row->ref);
        buf_reset(&line);
        buf_free(&encoding);
        buf_free(&syntax);
        n++;
    }
    buf_free(&line);
    return n ? STATUS_PASS : complain(p, STATUS_NOTHING, "no row of %s matches '%s'", g->name, glob);
}

/* The same of what another kind of case is about; -1: there is no such subject. */
static int list_other_rows(struct program *p, const char *name)
{
    const char *glob = p->opt.args.n > 2 ? p->opt.args.items[2] : "*";
    struct subject all[SUBJECTS_MAX], *s = NULL;
    unsigned count = subjects_make(&p->arena, all), n = 0;
    for (unsigned i = 0; i < count; i++)
        if (!all[i].guest && !strcmp(all[i].name, name)) s = &all[i];
    if (!s) return -1;
    for (unsigned i = 0; i < s->nrows; i++) {
        const struct subject_row *r = &s->rows[i];
        if (!glob_match(glob, r->id)) continue;
        fprintf(p->out, "%-28s %-11s %-6s %s\n", r->id, r->group, r->absent ? "absent" : "done", r->text);
        if (p->opt.verbose) fprintf(p->out, "    %s:%d  %s\n", r->file, r->line, r->ref);
        n++;
    }
    return n ? STATUS_PASS : complain(p, STATUS_NOTHING, "no row of %s matches '%s'", name, glob);
}

static int list_extensions(struct program *p, const struct guest *g)
{
    for (unsigned i = 0; i < g->nexts; i++) {
        unsigned n = 0, done = 0;
        for (unsigned k = 0; k < g->nrows; k++) {
            if (strcmp(g->rows[k].ext, g->exts[i].name)) continue;
            n++;
            done += !g->rows[k].absent;
        }
        fprintf(p->out, "%-12s %3u of %3u  %s\n", g->exts[i].name, done, n, g->exts[i].title);
    }
    return STATUS_PASS;
}

static void list_bits(struct program *p, const struct guest_reg *r)
{
    for (unsigned i = 0; r->bits && r->bits[i]; i++)
        if (*r->bits[i]) fprintf(p->out, " %s:%u", r->bits[i], i);
}

static int list_registers(struct program *p, const struct guest *g)
{
    for (unsigned i = 0; i < g->nregs; i++) {
        const struct guest_reg *r = &g->regs[i];
        fprintf(p->out, "%-12s %-10s %3u bits %s", r->name, r->group, r->width,
                r->compare ? "compared" : "-       ");
        if (r->reset) fprintf(p->out, " reset %#" PRIx64, r->reset);
        list_bits(p, r);
        for (unsigned k = 0; r->count > 1 && k < r->count; k++)
            fprintf(p->out, "%s%s", k % 16 ? " " : "\n    ", guest_reg_name(r, k));
        fputc('\n', p->out);
    }
    return STATUS_PASS;
}

static int list_csrs(struct program *p, const struct guest *g)
{
    for (unsigned i = 0; i < g->ncsrs; i++) fprintf(p->out, "%#05x %s\n", g->csrs[i].number, g->csrs[i].name);
    return STATUS_PASS;
}

static int list_cases(struct program *p, const struct guest *g)
{
    const struct options *o = &p->opt;
    struct case_filter filter = {.globs = o->filters.items, .nglobs = o->filters.n, .seed = o->seed};
    struct diag d = {.out = p->err};
    const struct test_case *c;
    uint64_t n = 0;
    int got = -1;
    struct case_stream *s = case_stream_open(o->args.items + 1, o->args.n - 1, &filter, &d);
    while (s && (got = case_stream_next(s, &c)) == 1) {
        if (o->verbose)
            fprintf(p->out, "%-40s %-16s %s:%d\n", c->id,
                    c->row     ? c->row->id
                    : c->about ? c->about->id
                               : "-",
                    c->at.file, c->at.line);
        else
            fprintf(p->out, "%s\n", c->id);
        n++;
    }
    case_stream_close(s);
    diag_free(&d);
    if (got < 0) return STATUS_USAGE;
    return n ? STATUS_PASS : complain(p, STATUS_NOTHING, "no case is selected");
}

/* ---- quirks ---- */

static unsigned count_rows(const struct quirk *q)
{
    unsigned n = q->undecoded;
    for (unsigned i = 0; i < q->nrows; i++) n += quirk_about(q, (int)i);
    return n;
}

static void show_end(const struct program *p, const char *until, bool expired)
{
    if (until) fprintf(p->out, ", %s %s", expired ? "ended on" : "until", until);
}

static void show_quirk(const struct program *p, const struct quirk *q)
{
    struct buf masks = {0};
    unsigned rows = count_rows(q);
    for (unsigned i = 0; i < q->nmasks; i++) {
        if (i) buf_str(&masks, ", ");
        quirk_mask_write(&q->masks[i], &masks);
    }
    fprintf(p->out, "%-38s %s %s: %u row%s: %s", q->id, q->backend->name, q->versions ? q->versions : "(all)",
            rows, rows == 1 ? "" : "s", q->unsupported ? "unsupported" : buf_cstr(&masks));
    if (q->condition) fprintf(p->out, " when %s", q->condition);
    show_end(p, q->until_text, q->expired);
    if (!q->current && !q->expired) fputs(", not this version", p->out);
    fputc('\n', p->out);
    if (p->opt.verbose) {
        fprintf(p->out, "    %s\n    evidence: %s\n", q->why, q->evidence);
        if (q->shown_by) fprintf(p->out, "    case: %s\n", q->shown_by);
    }
    buf_free(&masks);
}

static void show_xfail(const struct program *p, const struct xfail *x)
{
    fprintf(p->out, "%-38s %s is to fail in %s", x->id, x->backend->name, x->cases);
    show_end(p, x->until_text, x->expired);
    fputc('\n', p->out);
    if (p->opt.verbose) fprintf(p->out, "    %s\n    %s:%d\n", x->why, x->at.file, x->at.line);
}

static int list_quirks(struct program *p, const struct guest *g)
{
    const char *dir = p->opt.quirks ? p->opt.quirks : project_file(p, "corpora/quirks");
    struct diag d = {.out = p->err};
    int32_t today;
    int status = plan_today(p, &today);
    if (status) return status;
    if (!dir) return complain(p, STATUS_NOTHING, "there is no folder corpora/quirks");
    struct quirks *q = quirks_load(dir, today, NULL, &d);
    for (unsigned i = 0; q && i < q->n; i++) show_quirk(p, &q->at[i]);
    for (unsigned i = 0; q && i < q->nxfails; i++) show_xfail(p, &q->xfails[i]);
    diag_free(&d);
    quirks_free(q);
    return q ? STATUS_PASS : STATUS_USAGE;
}

static int list_schema(struct program *p, const struct guest *g)
{
    static const struct {
        const char *name;         /* of the format */
        void (*write)(FILE *out); /* prints its schema */
    } schemas[] = {
        {"corpus", schema_write_json},
        {"packed", packed_write_json},
        {"plan", plan_write_json},
        {"quirks", schema_write_quirks_json},
        {"thresholds", cover_write_thresholds_json},
        {"unreachable", cover_write_unreachable_json},
        {"mutants", mutant_table_write_json},
        {"codegen", codegen_write_json},
        {"benchmarks", benchmarks_write_json},
    };
    const char *name = p->opt.args.n > 1 ? p->opt.args.items[1] : "corpus", *names[ARRAY_LEN(schemas)];
    for (size_t i = 0; i < ARRAY_LEN(schemas); i++) {
        names[i] = schemas[i].name;
        if (strcmp(schemas[i].name, name)) continue;
        schemas[i].write(p->out);
        return STATUS_PASS;
    }
    return complain_name(p, "schema", name, names, ARRAY_LEN(names));
}

static int list_commands(struct program *p, const struct guest *g)
{
    for (const struct command *c = commands; c->name; c++) fprintf(p->out, "%-12s %s\n", c->name, c->summary);
    return STATUS_PASS;
}

static const struct list {
    const char *name;                                     /* as typed */
    unsigned min, max;                                    /* arguments behind it */
    bool isa;                                             /* the first of them is an ISA */
    int (*run)(struct program *p, const struct guest *g); /* prints it */
} lists[] = {
    {"isas", 0, 0, false, list_isas},          {"backends", 0, 0, false, list_backends},
    {"rows", 1, 2, true, list_rows},           {"extensions", 1, 1, true, list_extensions},
    {"registers", 1, 1, true, list_registers}, {"csrs", 1, 1, true, list_csrs},
    {"cases", 1, ~0u, false, list_cases},      {"schema", 0, 1, false, list_schema},
    {"quirks", 0, 0, false, list_quirks},      {"reports", 0, 0, false, list_reports},
    {"commands", 0, 0, false, list_commands},  {"kinds", 0, 0, false, list_kinds},
};

const char *list_name(unsigned i)
{
    return i < ARRAY_LEN(lists) ? lists[i].name : NULL;
}

int cmd_list(struct program *p)
{
    const char *what = p->opt.args.items[0], *names[ARRAY_LEN(lists)];
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        const struct list *l = &lists[i];
        const struct guest *g = NULL;
        names[i] = l->name;
        if (strcmp(l->name, what)) continue;
        unsigned n = p->opt.args.n - 1;
        if (n < l->min)
            return complain(p, STATUS_USAGE, "list %s wants %s", what, l->isa ? "an ISA" : "a PATH");
        if (n > l->max)
            return complain(p, STATUS_USAGE, "list %s: '%s' is too much", what,
                            p->opt.args.items[l->max + 1]);
        int other = l->run == list_rows ? list_other_rows(p, p->opt.args.items[1]) : -1;
        if (other >= 0) return other;
        if (l->isa) g = program_guest(p, p->opt.args.items[1]);
        return l->isa && !g ? STATUS_USAGE : l->run(p, g);
    }
    return complain_name(p, "list", what, names, ARRAY_LEN(names));
}
