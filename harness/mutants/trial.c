/* One fault: planted, built, run until something catches it, shrunk, taken out. */
#include "harness/mutants/mutants.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    BUILD_SECONDS = 300,
    RUN_SECONDS = 180,
    SHRINK_SECONDS = 60,
    EXAMPLES = 32, /* causes whose examples are tried: one may need what cases before it left behind */
    SHRUNK = 4     /* of them are shrunk, while the smallest is too large */
};

/* A cause that a run reports. */
struct cause {
    char *text, *id; /* its signature, and its smallest case */
};

struct work {
    struct tree *tree;                /* where */
    const struct mutant_table *table; /* of what is wanted */
    const struct mutant *m;           /* the fault */
    struct mutant_result *r;          /* what becomes of it */
    struct cause causes[EXAMPLES];    /* of the run that caught it, most cases first */
    unsigned ncauses;                 /* in use */
    struct buf log, command;          /* scratch */
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void broken(struct work *w, const char *fmt, ...) PRINTF(2, 3);
static void broken(struct work *w, const char *fmt, ...)
{
    struct buf b = {0};
    va_list ap;
    va_start(ap, fmt);
    buf_vprintf(&b, fmt, ap);
    va_end(ap);
    w->r->end = MUTANT_BROKEN;
    free(w->r->cause);
    w->r->cause = xstrdup(buf_cstr(&b));
    buf_free(&b);
}

/* A file of this fault among the logs. */
static const char *log_path(struct work *w, const char *suffix)
{
    buf_reset(&w->log);
    buf_printf(&w->log, "%s/%s.%s", w->tree->logs, w->m->id, suffix);
    return buf_cstr(&w->log);
}

/* Runs a command, its output to the log with this suffix. */
static int run(struct work *w, unsigned seconds, const char *suffix, const char *fmt, ...) PRINTF(4, 5);
static int run(struct work *w, unsigned seconds, const char *suffix, const char *fmt, ...)
{
    va_list ap;
    buf_reset(&w->command);
    va_start(ap, fmt);
    buf_vprintf(&w->command, fmt, ap);
    va_end(ap);
    const char *name = strrchr(log_path(w, suffix), '/') + 1;
    return tree_run(w->tree, seconds, name, buf_cstr(&w->command));
}

static bool build(struct work *w)
{
    double start = now();
    int status = run(w, BUILD_SECONDS, "build", "make -j%u build/rel/lockstep", w->tree->jobs);
    w->r->build = now() - start;
    if (status) broken(w, "it does not build; see %s", log_path(w, "build"));
    return !status;
}

/* ---- running ---- */

/* Takes what a line of the report says about a cause. */
static void read_line(struct work *w, const char *line)
{
    if (strncmp(line, "{\"type\":\"cluster\"", 17) != 0) return;
    const char *cause, *id;
    json_int_t cases;
    json_t *j = json_loads(line, 0, NULL);
    if (!json_unpack(j, "{s:s, s:s, s:I}", "cause", &cause, "example", &id, "cases", &cases)) {
        w->r->causes++;
        w->r->cases += (uint64_t)cases;
        if (w->ncauses < EXAMPLES) w->causes[w->ncauses++] = (struct cause){xstrdup(cause), xstrdup(id)};
    }
    json_decref(j);
}

static void read_causes(struct work *w)
{
    char *line = NULL;
    size_t size = 0;
    FILE *f = fopen(log_path(w, "jsonl"), "re");
    if (!f) return;
    while (getline(&line, &size, f) > 0) read_line(w, line);
    free(line);
    fclose(f);
    unlink(log_path(w, "jsonl"));
}

/* The exit status of a run, whose causes are read. */
static int run_corpora(struct work *w, const struct mutant_run *run_of)
{
    char *report = xstrdup(log_path(w, "jsonl"));
    struct buf options = {0};
    mutant_run_options(run_of, &options);
    int status = run(w, RUN_SECONDS, "run",
                     "build/rel/lockstep run %s -q --jobs %u --timeout 5 --max-timeouts 3 "
                     "--max-failures-shown 3 --order plain --report jsonl='%s'",
                     buf_cstr(&options), w->tree->jobs, report);
    buf_free(&options);
    free(report);
    read_causes(w);
    return status;
}

/* True: the fault was caught, or could not be tried. */
static bool catches(struct work *w, const struct mutant_run *run_of)
{
    int status = run_corpora(w, run_of);
    if (!status) return false;
    w->r->run = run_of;
    if (w->ncauses)
        w->r->end = MUTANT_FOUND;
    else
        broken(w, "the run ended with status %d and named no case; see %s", status, log_path(w, "run"));
    return true;
}

/* ---- shrinking ---- */

/* The last line, "NAME: 2 instructions of 14 in 90 runs; …": how many are left, and how many there were. */
static bool read_sizes(struct work *w, unsigned *after, unsigned *before)
{
    char *line = NULL;
    size_t size = 0;
    bool found = false;
    FILE *f = fopen(log_path(w, "shrink"), "re");
    while (f && getline(&line, &size, f) > 0) {
        const char *colon = strstr(line, ": ");
        found |= colon && sscanf(colon + 2, "%u instruction%*[s] of %u in", after, before) == 2;
        found |= colon && sscanf(colon + 2, "%u instruction of %u in", after, before) == 2;
    }
    free(line);
    if (f) fclose(f);
    return found;
}

/* Keeps the example if it shrinks to less than the one before. True: it could be shrunk. */
static bool shrink(struct work *w, const struct cause *c)
{
    unsigned after, before;
    struct mutant_result *r = w->r;
    char *to = xstrdup(log_path(w, "new")), *kept = xstrdup(log_path(w, "yaml"));
    unlink(to);
    int status = run(w, SHRINK_SECONDS, "shrink", "build/rel/lockstep shrink '%s' '%s' --timeout 5 -o '%s'",
                     c->id, r->run->plan, to);
    bool good = !status && read_sizes(w, &after, &before);
    if (good && (!r->after || after < r->after)) {
        free(r->id);
        free(r->cause);
        r->id = xstrdup(c->id);
        r->cause = xstrdup(c->text);
        r->after = after;
        r->before = before;
        if (rename(to, kept)) broken(w, "cannot write %s: %s", kept, strerror(errno));
    }
    free(to);
    free(kept);
    return good;
}

static void find(struct work *w)
{
    for (unsigned i = 0; i < w->table->nruns; i++)
        if (catches(w, &w->table->runs[i])) break;
    if (w->r->end == MUTANT_UNDONE) w->r->end = MUTANT_MISSED;
    if (w->r->end != MUTANT_FOUND) return;
    w->r->id = xstrdup(w->causes[0].id);
    w->r->cause = xstrdup(w->causes[0].text);
    unsigned shrunk = 0;
    for (unsigned i = 0; i < w->ncauses && shrunk < SHRUNK; i++) {
        if (w->r->after && w->r->after <= w->table->median) break;
        shrunk += shrink(w, &w->causes[i]);
    }
}

static void work_free(struct work *w)
{
    for (unsigned i = 0; i < w->ncauses; i++) {
        free(w->causes[i].text);
        free(w->causes[i].id);
    }
    buf_free(&w->log);
    buf_free(&w->command);
}

void mutant_try(struct tree *t, const struct mutant_table *table, const struct mutant *m,
                struct mutant_result *r)
{
    struct work w = {.tree = t, .table = table, .m = m, .r = r};
    double start = now();
    unlink(log_path(&w, "yaml"));
    int err = tree_plant(t, m);
    if (err)
        broken(&w, "cannot write %s: %s", m->file, strerror(-err));
    else if (build(&w))
        find(&w);
    if ((err = tree_restore(t))) broken(&w, "cannot write %s: %s", m->file, strerror(-err));
    r->seconds = now() - start;
    work_free(&w);
}

bool mutant_control(struct tree *t, const struct mutant_table *table, const struct mutant_result *r)
{
    struct mutant_result none = {0};
    struct work w = {.tree = t, .table = table, .m = &(struct mutant){.id = "no-fault"}, .r = &none};
    bool good = build(&w);
    for (unsigned i = 0; i < table->nruns && good; i++) {
        bool used = false;
        for (unsigned k = 0; k < table->n; k++) used |= r[k].run == &table->runs[i];
        int status = used ? run_corpora(&w, &table->runs[i]) : 0;
        if (status) broken(&w, "%s fails without a fault; see %s", table->runs[i].plan, log_path(&w, "run"));
        good = !status;
    }
    if (!good) fprintf(stderr, "mutants: %s\n", none.cause);
    work_free(&w);
    mutant_result_free(&none);
    return good;
}

void mutant_result_free(struct mutant_result *r)
{
    free(r->id);
    free(r->cause);
}
