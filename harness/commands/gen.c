/* lockstep gen: cases as `generate:` makes them, spelled out in a corpus file of their own, or packed. */
#include "harness/generate/fill.h"
#include "harness/commands/program.h"
#include "harness/kinds/kind.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* "riscv64/gen/rv.add/17" → "rv.add-17": unique in the file, and no slash. */
static const char *item_id(struct program *p, const char *id)
{
    const char *n = strrchr(id, '/'), *row = n;
    while (row && row > id && row[-1] != '/') row--;
    if (!row) return id;
    return arena_printf(&p->arena, "%.*s-%s", (int)(n - row), row, n + 1);
}

/* Of each row: what was asked for, or the default. */
static uint64_t most_cases(const struct program *p, bool full)
{
    return full && !p->opt.given[OPT_COUNT] ? GEN_FULL : p->opt.count;
}

/* Writes what the stream gives; the number of cases, or -1 after a complaint of the stream. */
static int64_t write_cases(struct program *p, struct case_stream *s, FILE *out)
{
    struct buf text = {0};
    const struct test_case *c;
    int64_t n = 0;
    int got;
    while ((got = case_stream_next(s, &c)) == 1) {
        case_write(c, item_id(p, c->id), &text);
        fwrite(text.p, 1, text.len, out);
        buf_reset(&text);
        arena_reset(&p->arena);
        n++;
    }
    buf_free(&text);
    return got < 0 ? -1 : n;
}

/* With all that the cases depend on, also what was not said. */
static const char *command_line(struct program *p, const struct guest *g)
{
    const struct options *o = &p->opt;
    return arena_printf(
        &p->arena,
        "lockstep gen %s --kind %s --rows '%s' --values %s --until %s --count %" PRIu64 " --seed %" PRIu64,
        g->name, o->kind, o->rows, o->values, o->until, most_cases(p, !strcmp(o->until, "full")), o->seed);
}

/* What stands above the cases: the command that made them, and what they are about. */
struct gen_head {
    const char *command; /* line */
    const char *about;   /* "isa: riscv64\n" */
};

/* `path`: NULL for standard output. */
static int64_t write_corpus(struct program *p, struct case_stream *s, const struct gen_head *head,
                            const char *path, FILE *out)
{
    struct buf schema = {0};
    schema_line(path, "corpus", &schema);
    fprintf(out, "%s# %s\nlockstep: 1\n%scases:\n", buf_cstr(&schema), head->command, head->about);
    buf_free(&schema);
    return write_cases(p, s, out);
}

/* Half a corpus would load, with fewer cases: whatever ends it early, the file there stays as it was. A
 * device is written as it is. */
static int write_aside(struct program *p, struct case_stream *s, const struct gen_head *head,
                       const char *path)
{
    struct stat st;
    bool direct = !stat(path, &st) && !S_ISREG(st.st_mode);
    const char *fresh = direct ? path : arena_printf(&p->arena, "%s.new", path);
    FILE *out = fopen(fresh, "we");
    if (!out) return complain(p, STATUS_USAGE, "cannot write %s: %s", path, strerror(errno));
    errno = 0;
    int64_t n = write_corpus(p, s, head, path, out);
    bool bad = ferror(out);
    bad |= fclose(out) != 0;
    int err = bad ? errno ? errno : EIO : direct || n < 0 ? 0 : -file_replace(fresh, path);
    if (!direct && (err || n < 0)) (void)unlink(fresh);
    if (n < 0) return STATUS_USAGE;
    if (err) return complain(p, STATUS_HARNESS, "cannot write %s: %s", path, strerror(err));
    fprintf(p->out, "%" PRId64 " cases in %s\n", n, path);
    return STATUS_PASS;
}

/* Opens the output only once the rows are known to select something. */
static int generate(struct program *p, struct case_stream *s, const struct gen_head *head)
{
    const char *path = p->opt.output && strcmp(p->opt.output, "-") != 0 ? p->opt.output : NULL;
    if (path) return write_aside(p, s, head, path);
    return write_corpus(p, s, head, NULL, p->out) < 0 ? STATUS_USAGE : STATUS_PASS;
}

/* ---- bins ---- */

/* One row: how many cases, how many bins, and the names of those that none of the most cases hits. */
static void print_row(struct program *p, const struct generator *gen, unsigned row)
{
    struct arena arena = {0};
    struct buf name = {0};
    struct gen_plan plan;
    struct gen_filled f;
    unsigned wanted = 0, open = 0;
    const struct bins *b = bins_make(gen->guest, row, &arena);
    if (!gen_plan_init(&plan, gen, row)) {
        fprintf(p->out, "%-24s no encoding was found\n", gen->guest->rows[row].id);
        arena_free(&arena);
        return;
    }
    uint64_t most = plan.constant ? GEN_SAME_CASES : gen->count;
    gen_fill(b, &plan, 0, most, &f);
    for (unsigned i = 0; i < b->n; i++) {
        if (bin_needs_run(b, i)) continue;
        wanted++;
        open += !bin_was_hit(&f.hit, i);
    }
    fprintf(p->out, "%-24s %6" PRIu64 " cases fill %u of %u bins\n", gen->guest->rows[row].id, f.cases,
            wanted - open, wanted);
    for (unsigned i = 0; i < b->n; i++) {
        if (bin_needs_run(b, i) || bin_was_hit(&f.hit, i)) continue;
        buf_reset(&name);
        bins_name(b, i, &name);
        if (bin_was_hit(&f.spoiled, i))
            fprintf(p->out, "    open: %s: only where the instruction faults, or may\n", buf_cstr(&name));
        else
            fprintf(p->out, "    open: %s: in none of %" PRIu64 " cases\n", buf_cstr(&name), most);
    }
    buf_free(&name);
    arena_free(&arena);
}

/* Flows of sequences, which show in a run only: the interpreter's. */
static int print_flows(struct program *p, const struct generator *gen)
{
    struct gen_filled f;
    struct buf name = {0};
    struct gen_sequencer *q = gen_sequencer_open(gen);
    const struct bins *flows = flows_make(gen->guest, &p->arena);
    unsigned wanted = 0, open = 0;
    if (!q) return complain(p, STATUS_USAGE, "none of these rows can stand in a sequence");
    struct bin_hits made = gen_sequencer_flows(q, flows);
    gen_sequencer_close(q);
    gen_fill_sequences(gen, 0, gen->count, &f);
    for (unsigned i = 1; i < flows->n; i++) {
        wanted += bin_was_hit(&made, i);
        open += bin_was_hit(&made, i) && !bin_was_hit(&f.hit, i);
    }
    fprintf(p->out, "%-24s %6" PRIu64 " cases go through %u of %u flows\n", flows->plan.row->id, f.cases,
            wanted - open, wanted);
    for (unsigned i = 1; i < flows->n; i++) {
        if (bin_was_hit(&f.hit, i)) continue;
        buf_reset(&name);
        bins_name(flows, i, &name);
        fprintf(p->out, "    open: %s: %s\n", buf_cstr(&name),
                bin_was_hit(&made, i) ? "asked for, and not met" : "these rows do not make it on purpose");
    }
    buf_free(&name);
    return STATUS_PASS;
}

/* Rows that match, in the order of the tables; as `until: full` would make them. */
static int print_bins(struct program *p, const struct guest *g)
{
    const struct options *o = &p->opt;
    struct rng none = {0};
    struct generator gen = {
        .guest = g,
        .count = most_cases(p, true),
        .seed = rng_next(&none) ^ o->seed,
        .rows = arena_alloc(&p->arena, (g->nrows + 63) / 64 * sizeof(uint64_t)),
        .values = generator_values(o->values),
        .shortest = GEN_SHORTEST,
        .longest = GEN_LONGEST,
        .loops = GEN_LOOPS,
    };
    rows_select(g, o->rows, false, gen.rows);
    if (!strcmp(o->kind, "sequence")) return print_flows(p, &gen);
    for (unsigned i = 0; i < g->nrows; i++)
        if (generator_wants(&gen, i)) print_row(p, &gen, i);
    return STATUS_PASS;
}

/* The cases as a corpus file has them: counted first, then written. */
static int print_cases(struct program *p, const struct guest *g)
{
    const struct options *o = &p->opt;
    struct case_filter filter = {.seed = o->seed, .fills = gen_fills_new()};
    struct diag d = {.out = p->err};
    struct buf text = {0};
    const struct gen_head head = {command_line(p, g), arena_printf(&p->arena, "isa: %s\n", g->name)};
    buf_printf(&text,
               "lockstep: 1\nisa: %s\ngenerate:\n  - kind: '%s'\n    rows: ['%s']\n    values: '%s'\n    "
               "until: '%s'\n    count: %" PRIu64 "\n",
               g->name, o->kind, o->rows, o->values, o->until, most_cases(p, !strcmp(o->until, "full")));
    int status = STATUS_USAGE;
    struct case_stream *count = case_stream_open_text("gen", text.p, text.len, &filter, &d);
    uint64_t n = count ? case_stream_skip(count, UINT64_MAX) : 0;
    case_stream_close(count);
    const char *name = o->binary ? arena_printf(&p->arena, "%s.yaml", pack_name(p)) : "gen";
    struct case_stream *s = d.errors ? NULL : case_stream_open_text(name, text.p, text.len, &filter, &d);
    if (s && !n)
        status = complain(p, STATUS_NOTHING, "no row of %s that is done matches '%s'", g->name, o->rows);
    else if (s)
        status = o->binary ? pack_stream(p, s, false, head.command) : generate(p, s, &head);
    case_stream_close(s);
    gen_fills_free(filter.fills);
    diag_free(&d);
    buf_free(&text);
    return status;
}

/* Something is there to generate from. */
static int check_rows(struct program *p, const struct guest *g)
{
    const char *rows = p->opt.rows;
    const struct guest_row *row = guest_row_find(g, rows);
    uint64_t *done = arena_alloc(&p->arena, (g->nrows + 63) / 64 * sizeof(*done)), any = 0;
    struct buf said = {0};
    int status = STATUS_PASS;
    if (row && row->absent)
        return complain(p, STATUS_USAGE,
                        "%s has no semantics yet (status: absent), so there is nothing to generate", row->id);
    if (!rows_select(g, rows, false, done)) {
        rows_none(g, rows, &said);
        status = complain(p, STATUS_USAGE, "%s", buf_cstr(&said));
        buf_free(&said);
        return status;
    }
    for (unsigned i = 0; i < (g->nrows + 63) / 64; i++) any |= done[i];
    if (any) return STATUS_PASS;
    return complain(p, STATUS_NOTHING, "no row of %s that is done matches '%s'", g->name, rows);
}

/* ---- other kinds of cases ---- */

/* The kind that makes cases of a subject of this name, other than that of instructions; NULL: there is none.
 */
static const struct case_kind *find_maker(const char *subject)
{
    const char *name;
    for (unsigned k = 1; kind_all[k]; k++)
        for (unsigned i = 0; kind_all[k]->generator && (name = kind_all[k]->subject_name(i)); i++)
            if (!strcmp(name, subject)) return kind_all[k];
    return NULL;
}

static int generate_other(struct program *p, const struct case_kind *kind)
{
    const struct options *o = &p->opt;
    const char *subject = o->args.items[0];
    struct case_filter filter = {.seed = o->seed};
    struct diag d = {.out = p->err};
    struct buf about = {0}, text = {0};
    buf_printf(&about, "kind: %s\n", kind->name);
    if (kind->subject_name(1)) buf_printf(&about, "subject: %s\n", subject);
    buf_printf(&text, "lockstep: 1\n%sgenerate:\n  - {count: %" PRIu64 "}\n", buf_cstr(&about), o->count);
    const struct gen_head head = {arena_printf(&p->arena,
                                               "lockstep gen %s --count %" PRIu64 " --seed %" PRIu64, subject,
                                               o->count, o->seed),
                                  arena_strdup(&p->arena, buf_cstr(&about))};
    struct case_stream *s = case_stream_open_text("gen", text.p, text.len, &filter, &d);
    int status = s ? generate(p, s, &head) : STATUS_USAGE;
    case_stream_close(s);
    diag_free(&d);
    buf_free(&about);
    buf_free(&text);
    return status;
}

int cmd_gen(struct program *p)
{
    const struct options *o = &p->opt;
    const struct case_kind *other = find_maker(o->args.items[0]);
    if (other) return generate_other(p, other);
    const struct guest *g = program_guest(p, o->args.items[0]);
    if (!g) return STATUS_USAGE;
    int status = check_rows(p, g);
    if (status) return status;
    if (o->bins) return print_bins(p, g);
    if (o->binary && !o->output) return complain(p, STATUS_USAGE, "--binary wants -o DIR");
    if (strpbrk(o->rows, "'\"\n\\"))
        return complain(p, STATUS_USAGE, "--rows: '%s' is not a pattern of row ids", o->rows);
    return print_cases(p, g);
}
