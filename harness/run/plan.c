/* Plans. To add a key: its row in plan_keys, and its line in read_plan. */
#include "harness/generate/fill.h"
#include "harness/judge/date.h"
#include "harness/report/report.h"
#include "harness/kinds/kind.h"
#include "harness/run/pick.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the format ---- */

static const struct schema text = {.what = "text", .accepts = SCHEMA_TEXT};
static const struct schema texts = {
    .what = "text or a list of it", .accepts = SCHEMA_TEXT | SCHEMA_LIST, .item = &text};
static const struct schema number = {.what = "a number", .accepts = SCHEMA_NUMBER};
static const struct schema slice = {
    .what = "a number up to 1073741824", .accepts = SCHEMA_NUMBER, .max = 1u << 30};
static const struct schema hot = {
    .what = "a number up to 4294967295", .accepts = SCHEMA_NUMBER, .max = UINT32_MAX};
static const struct schema boolean = {.what = "true or false", .accepts = SCHEMA_BOOL};
static const struct schema jobs = {.what = "a number up to 1024", .accepts = SCHEMA_NUMBER, .max = 1024};

static const struct schema_key report_keys[] = {
    {"html", &text, false, "A page for people goes to this file."},
    {"tap", &text, false, "TAP, version 13, goes to this file."},
    {"github", &text, false, "Annotations for GitHub go to this file; - for standard output."},
    {"junit", &text, false, "JUnit XML for CI servers goes to this file."},
    {"jsonl", &text, false, "JSON lines, one for each case, go to this file."},
    {"md", &text, false, "A summary in Markdown goes to this file."},
    {"cover", &text, false, "What the cases cover goes to this file, for lockstep cover."},
    {"record", &text, false, "The run record goes to this file, for --resume, --rerun and lockstep merge."},
};
static const char *const order_choices[] = {"first-failed", "plain", NULL};
static const struct schema order = {
    .what = "'first-failed' or 'plain'", .accepts = SCHEMA_TEXT, .choices = order_choices};

static const struct schema reports = {.what = "a map of report kinds to files",
                                      .accepts = SCHEMA_MAP,
                                      .keys = report_keys,
                                      .nkeys = ARRAY_LEN(report_keys)};

static const struct schema_key plan_keys[] = {
    {"plan", &schema_version, true, "Version of this format: 1. Must be the first key."},
    {"corpora", &texts, true, "Corpus files and folders, relative to this file."},
    {"backends", &texts, false, "What to test."},
    {"oracles", &texts, false, "What to hold it against; 'none' for nothing."},
    {"optional", &texts, false,
     "Oracles besides, where they can run; elsewhere the run says why they do not."},
    {"filter", &texts, false, "Patterns of case ids; only cases that match one are run."},
    {"seed", &number, false, "Other generated cases than with other seeds."},
    {"slice", &slice, false, "Of the JIT: instructions, at least, between two looks at what is hot."},
    {"hot", &hot, false, "Of the JIT: looks that find code before it is made a region."},
    {"jobs", &jobs, false, "Worker processes; 0: one for each processor."},
    {"timeout", &text, false, "Seconds that a case may take; 0: any time."},
    {"quirks", &text, false, "Folder of known errors of oracles, relative to this file; 'none' for none."},
    {"strict", &boolean, false,
     "false: an expected failure (corpora/quirks) that passes is said, and does not make the run fail."},
    {"order", &order, false,
     "first-failed: what failed or was slow last time runs first; plain: it does not."},
    {"history", &text, false,
     "File that remembers that, relative to where lockstep is started; 'none' for none."},
    {"reports", &reports, false, "Reports and their files, relative to where lockstep is started."},
};
static const struct schema schema_plan = {
    .what = "a plan", .accepts = SCHEMA_MAP, .keys = plan_keys, .nkeys = ARRAY_LEN(plan_keys)};

void plan_write_json(FILE *out)
{
    schema_write(&schema_plan, "lockstep plan", out);
}

/* ---- paths ---- */

/* `path` as seen from the folder of `file`. */
static const char *relative_to(struct program *p, const char *file, const char *path)
{
    const char *slash = strrchr(file, '/');
    if (*path == '/' || !slash) return path;
    return arena_printf(&p->arena, "%.*s/%s", (int)(slash - file), file, path);
}

static bool exists(const char *path)
{
    return !access(path, F_OK);
}

const char *project_file(struct program *p, const char *path)
{
    char self[PATH_MAX];
    if (exists(path)) return path;
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (n <= 0) return NULL;
    self[n] = 0;
    for (char *slash = strrchr(self, '/'); slash && slash != self; slash = strrchr(self, '/')) {
        *slash = 0;
        const char *built = arena_printf(&p->arena, "%s/%s", self, path);
        if (exists(built)) return built;
        const char *installed = arena_printf(&p->arena, "%s/share/lockstep/%s", self, path);
        if (exists(installed)) return installed;
    }
    return NULL;
}

/* ---- plan files ---- */

/* The file's first key is `plan`. What cannot be read is no plan; the stream says why. */
static bool is_plan(const char *path)
{
    struct stat st;
    struct diag d = {0};
    const char *key;
    struct pos at;
    if (stat(path, &st) || !S_ISREG(st.st_mode)) return false;
    struct yaml_stream *s = yaml_open(path, &d);
    bool plan = s && yaml_next_key(s, &key, &at) == 1 && !strcmp(key, "plan");
    yaml_close(s);
    diag_free(&d);
    return plan;
}

static void read_texts(struct program *p, const struct ynode *root, const char *key,
                       const char *relative_file, struct text_list *l)
{
    const struct ynode *list = ynode_get(root, key);
    for (const struct ynode *n = list ? schema_first(list) : NULL; n; n = schema_next(list, n)) {
        const char *t = arena_strdup(&p->arena, n->text);
        list_add(p, l, relative_file ? relative_to(p, relative_file, t) : t);
    }
}

static int add_report(struct program *p, struct plan *plan, const char *kind, const char *path,
                      bool make_dirs)
{
    const char *names[PLAN_MAX_REPORTS];
    size_t n = 0;
    const struct report_kind *k = report_kind_find(kind);
    for (; report_kinds[n]; n++) names[n] = report_kinds[n]->name;
    if (!k) return complain_name(p, "report", kind, names, n);
    if (!strcmp(path, "-") && !k->prints)
        return complain(p, STATUS_USAGE, "--report %s wants a file, and does not print", kind);
    if (!*path) return complain(p, STATUS_USAGE, "--report %s wants a file: %s=FILE", kind, kind);
    if (plan->nreports == PLAN_MAX_REPORTS)
        return complain(p, STATUS_USAGE, "more than %d reports", PLAN_MAX_REPORTS);
    plan->reports[plan->nreports++] = (struct plan_report){k, path, make_dirs};
    return 0;
}

static int read_seconds(struct program *p, const struct ynode *root, double *v, struct diag *d)
{
    const struct ynode *n = ynode_get(root, "timeout");
    if (!n) return 0;
    char *end;
    *v = strtod(n->text, &end);
    if (end != n->text && !*end && *v >= 0 && *v < 1e9) return 0;
    diag_error(d, n->at, n->len, "expected seconds");
    return STATUS_USAGE;
}

/* Takes over what a plan file says. */
static int read_plan(struct program *p, struct plan *plan, const char *path, struct diag *d)
{
    struct ynode *root = yaml_load(path, &p->arena, d);
    if (!root || !schema_check(&schema_plan, root, d)) return STATUS_USAGE;
    read_texts(p, root, "corpora", path, &plan->paths);
    read_texts(p, root, "backends", NULL, &plan->backends);
    read_texts(p, root, "oracles", NULL, &plan->oracles);
    read_texts(p, root, "optional", NULL, &plan->optional);
    read_texts(p, root, "filter", NULL, &plan->globs);
    plan->filter.seed = schema_number(root, "seed", plan->filter.seed);
    plan->jit.slice = (unsigned)schema_number(root, "slice", plan->jit.slice);
    plan->jit.hot = (unsigned)schema_number(root, "hot", plan->jit.hot);
    plan->jobs = (unsigned)schema_number(root, "jobs", plan->jobs);
    plan->lineup.lenient |= !strcmp(schema_text(root, "strict", "true"), "false");
    plan->plain = !strcmp(schema_text(root, "order", plan->plain ? "plain" : "first-failed"), "plain");
    plan->history = schema_text(root, "history", plan->history);
    const char *quirks = schema_text(root, "quirks", NULL);
    if (quirks) plan->quirks_dir = strcmp(quirks, "none") ? relative_to(p, path, quirks) : "none";
    int status = read_seconds(p, root, &plan->timeout, d);
    const struct ynode *map = ynode_get(root, "reports");
    for (const struct ynode *n = map ? map->child : NULL; n && !status; n = n->next)
        status = add_report(p, plan, n->key, n->text, true);
    return status;
}

/* ---- the command line over it ---- */

int plan_given_reports(struct program *p, struct plan *plan)
{
    int status = 0;
    if (p->opt.reports.n) plan->nreports = 0;
    for (unsigned i = 0; i < p->opt.reports.n && !status; i++) {
        const char *r = p->opt.reports.items[i], *eq = strchr(r, '=');
        if (!eq) return complain(p, STATUS_USAGE, "--report wants KIND=FILE, not '%s'", r);
        status = add_report(p, plan, arena_strndup(&p->arena, r, (size_t)(eq - r)), eq + 1, false);
    }
    return status;
}

static bool given(const struct program *p, enum option_id id)
{
    return p->opt.given[id];
}

static int processors(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof(set), &set)) return 1;
    int n = CPU_COUNT(&set);
    return n > 0 ? n : 1;
}

static int override(struct program *p, struct plan *plan)
{
    const struct options *o = &p->opt;
    if (given(p, OPT_BACKEND)) plan->backends = o->backends;
    if (given(p, OPT_ORACLE)) plan->oracles = o->oracles;
    if (given(p, OPT_ORACLE)) plan->optional = (struct text_list){0};
    if (given(p, OPT_FILTER)) plan->globs = o->filters;
    if (given(p, OPT_SEED)) plan->filter.seed = o->seed;
    if (given(p, OPT_SLICE)) plan->jit.slice = (unsigned)o->slice;
    if (given(p, OPT_HOT)) plan->jit.hot = (unsigned)o->hot;
    if (given(p, OPT_JOBS)) plan->jobs = (unsigned)o->jobs;
    if (given(p, OPT_TIMEOUT)) plan->timeout = o->timeout;
    if (given(p, OPT_QUIRKS)) plan->quirks_dir = o->quirks;
    if (given(p, OPT_HISTORY)) plan->history = o->history;
    if (given(p, OPT_ORDER)) plan->plain = !strcmp(o->order, "plain");
    if (given(p, OPT_ORDER) && !plan->plain && strcmp(o->order, order_choices[0]) != 0)
        return complain_name(p, "order", o->order, order_choices, ARRAY_LEN(order_choices) - 1);
    plan->memory = o->memory;
    plan->max_timeouts = o->max_timeouts > UINT_MAX ? UINT_MAX : (unsigned)o->max_timeouts;
    plan->filter.shard = (unsigned)o->shard;
    plan->filter.nshards = (unsigned)o->nshards;
    return plan_given_reports(p, plan);
}

/* What neither says. */
static void fill_in(struct program *p, struct plan *plan)
{
    if (!plan->jobs) plan->jobs = (unsigned)processors();
    plan->quirks_given = plan->quirks_dir;
    if (!plan->quirks_dir) plan->quirks_dir = project_file(p, "corpora/quirks");
    if (plan->quirks_dir && !strcmp(plan->quirks_dir, "none")) plan->quirks_dir = NULL;
    if (!plan->filter.fills) plan->filter.fills = gen_fills_new();
    plan->filter.globs = plan->globs.items;
    plan->filter.nglobs = plan->globs.n;
    plan->whole = !plan->globs.n && !plan->filter.nshards;
}

static int read_paths(struct program *p, const struct text_list *paths, struct plan *plan, struct diag *d)
{
    int status = 0;
    for (unsigned i = 0; i < paths->n && !status; i++) {
        if (!exists(paths->items[i]))
            return complain(p, STATUS_USAGE, "%s: %s", paths->items[i], strerror(errno));
        if (is_plan(paths->items[i]))
            status = read_plan(p, plan, paths->items[i], d);
        else
            list_add(p, &plan->paths, paths->items[i]);
    }
    return status;
}

int plan_today(struct program *p, int32_t *day)
{
    struct buf why = {0};
    int status = 0;
    if (!date_today(p->opt.today, day, &why)) status = complain(p, STATUS_USAGE, "%s", buf_cstr(&why));
    buf_free(&why);
    return status;
}

int plan_make(struct program *p, const struct text_list *paths, struct plan *plan)
{
    struct diag d = {.out = p->err};
    struct text_list usual = {0};
    *plan = (struct plan){.timeout = p->opt.timeout};
    if (!paths->n) {
        const char *file = project_file(p, "corpora/default.yaml");
        if (!file) return complain(p, STATUS_USAGE, "no corpus given, and there is no corpora/default.yaml");
        list_add(p, &usual, file);
        paths = &usual;
    }
    int status = read_paths(p, paths, plan, &d);
    if (!status) status = override(p, plan);
    if (!status) status = plan_today(p, &plan->today);
    if (!status) {
        fill_in(p, plan);
        plan->lineup.jit = &plan->jit;
        status = plan_find_backends(p, plan);
    }
    if (!status && plan->quirks_dir) {
        const struct backend *asked[LINEUP_MAX + 1] = {NULL};
        for (unsigned i = 0; i < plan->lineup.n; i++) asked[i] = plan->lineup.entries[i].backend;
        plan->quirks = quirks_load(plan->quirks_dir, plan->today, asked, &d);
        plan->lineup.quirks = plan->quirks;
        if (!plan->quirks) status = STATUS_USAGE;
    }
    diag_free(&d);
    return status;
}

void plan_free(struct plan *plan)
{
    if (plan->quirks) quirks_free(plan->quirks);
    plan->quirks = NULL;
    gen_fills_free(plan->filter.fills);
    plan->filter.fills = NULL;
    pick_free(plan->pick);
    plan->pick = NULL;
}

static void add_names(struct buf *b, const char *option, const struct text_list *names)
{
    for (unsigned i = 0; i < names->n; i++) buf_printf(b, "%s%s", i ? "," : option, names->items[i]);
}

/* Quoted for a shell: what is printed can be pasted. */
static void add_word(struct buf *b, const char *option, const char *word)
{
    buf_str(b, option);
    text_word(b, word);
}

const char *plan_repro_options(struct program *p, const struct plan *plan)
{
    struct buf b = {0};
    add_names(&b, " --backend ", &plan->backends);
    add_names(&b, " --oracle ", &plan->oracles);
    if (plan->filter.seed) buf_printf(&b, " --seed %" PRIu64, plan->filter.seed);
    if (plan->jit.slice) buf_printf(&b, " --slice %u", plan->jit.slice);
    if (plan->jit.hot) buf_printf(&b, " --hot %u", plan->jit.hot);
    if (plan->quirks_given) add_word(&b, " --quirks ", plan->quirks_given);
    if (p->opt.today) add_word(&b, " --today ", p->opt.today);
    const char *text_out = arena_strdup(&p->arena, buf_cstr(&b));
    buf_free(&b);
    return text_out;
}

/* ---- cases ---- */

void *plan_stream_open(const void *arg, struct diag *d)
{
    const struct plan *plan = arg;
    return case_stream_open(plan->paths.items, plan->paths.n, &plan->filter, d);
}

int plan_stream_next(void *s, const struct test_case **c)
{
    return case_stream_next(s, c);
}

uint64_t plan_stream_skip(void *s, uint64_t n)
{
    return case_stream_skip(s, n);
}

void plan_stream_close(void *s)
{
    case_stream_close(s);
}

/* Complains that no case of the plan has this id, and names the nearest one; the exit status. */
static int unknown_case(struct program *p, struct plan *plan, const char *id)
{
    struct diag d = {0};
    struct suggest near = suggest_start(id, strlen(id));
    char best[512] = "";
    const struct test_case *c;
    plan->filter.nglobs = 0;
    struct case_stream *s = plan_stream_open(plan, &d);
    while (s && case_stream_next(s, &c) == 1) {
        const char *before = near.best;
        suggest_offer(&near, c->id, strlen(c->id));
        if (near.best == before) continue;
        snprintf(best, sizeof(best), "%s", c->id); /* the stream's own text does not stay */
        near.best = best;
    }
    case_stream_close(s);
    diag_free(&d);
    if (*best) return complain(p, STATUS_NOTHING, "there is no case '%s'; did you mean '%s'?", id, best);
    return complain(p, STATUS_NOTHING, "there is no case '%s'; 'lockstep list cases PATH' lists them", id);
}

int plan_with_case(struct program *p, plan_case_fn *with)
{
    const struct text_list *args = &p->opt.args;
    const struct text_list paths = {args->items + 1, args->n - 1};
    struct diag d = {.out = p->err};
    const struct test_case *c;
    struct plan plan;
    int status = plan_make(p, &paths, &plan);
    if (!status) {
        plan.filter.globs = args->items;
        plan.filter.nglobs = 1;
        struct case_stream *s = plan_stream_open(&plan, &d);
        int got = s ? case_stream_next(s, &c) : -1;
        status = got == 1 ? STATUS_PASS : STATUS_USAGE;
        if (!status && c->kind) status = plan_settle(p, &plan, 1ull << kind_number(c->kind));
        if (!status) status = with(p, &plan, c);
        case_stream_close(s);
        diag_free(&d);
        if (!got) status = unknown_case(p, &plan, args->items[0]);
    }
    plan_free(&plan);
    return status;
}
