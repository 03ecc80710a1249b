/* lockstep run: every case of the corpora, on every backend, in worker processes. */
#include "harness/run/past.h"
#include "harness/run/pick.h"
#include "harness/run/resume.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* What the plan selects. */
struct selection {
    uint64_t total;  /* cases */
    uint64_t corpus; /* hash of what they are from */
    uint64_t kinds;  /* bit per kind of them */
    unsigned absent; /* rows that are not done yet */
};

/* False: the corpora are not valid; said. Whatever can be seen without running a case is seen here. `h` finds
 * its cases, or is NULL. */
static bool count(struct program *p, const struct plan *plan, struct past *h, struct selection *sel)
{
    struct diag d = {.out = p->err};
    struct plan all = *plan;
    all.filter.check = true;
    struct case_stream *s = plan_stream_open(&all, &d);
    *sel = (struct selection){0};
    if (s) sel->total = h && h->npast ? past_find(h, s) : case_stream_skip(s, UINT64_MAX);
    if (s) sel->corpus = case_stream_hash(s);
    if (s) sel->kinds = case_stream_kinds(s);
    if (s) sel->absent = case_stream_absent(s);
    case_stream_close(s);
    bool good = s && !d.errors;
    diag_free(&d);
    return good;
}

/* Small corpora have shards without a case; that is no mistake as long as another shard has some. */
static bool others_have_cases(struct program *p, const struct plan *plan)
{
    struct plan all = *plan;
    struct selection sel;
    all.filter.nshards = 0;
    return plan->filter.nshards && count(p, &all, NULL, &sel) && sel.total;
}

/* An exit status when there is nothing to run or the corpora are not valid. */
static int select_cases(struct program *p, const struct plan *plan, struct past *h, struct selection *sel)
{
    if (!count(p, plan, h, sel)) return STATUS_USAGE;
    if (!sel->total && !others_have_cases(p, plan))
        return complain(p, STATUS_NOTHING, "nothing to run: %s",
                        p->opt.rerun    ? "every case passed in that run"
                        : plan->globs.n ? "the filter selects no case"
                        : sel->absent   ? "no row that the corpora name has semantics yet (status: absent)"
                                        : "there are no cases in the corpora given");
    return 0;
}

static void announce(struct program *p, const struct plan *plan, uint64_t total)
{
    if (p->opt.quiet) return;
    fprintf(p->out, "%llu cases:", (unsigned long long)total);
    for (unsigned i = 0; i < plan->lineup.n; i++) {
        const struct lineup_entry *e = &plan->lineup.entries[i];
        fprintf(p->out, "%s %s",
                !i                                                ? ""
                : e->oracle != plan->lineup.entries[i - 1].oracle ? " against"
                                                                  : ",",
                e->backend->name);
    }
    fprintf(p->out, "\n");
    fflush(p->out);
}

/* "7 cases that failed last time run first" */
static void announce_first(struct program *p, const struct past *h)
{
    size_t slow = h->nfirst - h->nfailed;
    if (p->opt.quiet || !h->nfirst) return;
    if (h->nfailed) fprintf(p->out, "%zu case%s that failed", h->nfailed, h->nfailed == 1 ? "" : "s");
    if (slow)
        fprintf(p->out, "%s%zu %sthat took long", h->nfailed ? ", and " : "", slow,
                h->nfailed  ? ""
                : slow == 1 ? "case "
                            : "cases ");
    fprintf(p->out, " last time run%s first\n", h->nfirst == 1 ? "s" : "");
    fflush(p->out);
}

/* Reports must survive a reader of our output that goes away, and Ctrl-C. */
static int run_plan(struct program *p, const struct plan *plan, const struct run_info *info,
                    struct resume *from, struct past *h)
{
    struct session s;
    struct pool_result res;
    sigset_t old;
    struct sigaction ignore = {.sa_handler = SIG_IGN}, pipe_before;
    pool_block_signals(&old);
    sigaction(SIGPIPE, &ignore, &pipe_before);
    int status = session_begin(&s, p, plan, info, from->path);
    if (!status) announce(p, plan, info->total);
    s.past = h;
    if (!status) status = resume_replay(from, &s);
    if (status) {
        (void)session_end(&s, NULL);
        sigprocmask(SIG_SETMASK, &old, NULL);
        return status;
    }
    past_order(h, from->path ? from->has.count : 0);
    announce_first(p, h);
    struct pool_config cfg = {
        .source = {plan_stream_open, plan_stream_next, plan_stream_skip, plan_stream_close, plan},
        .lineup = &plan->lineup,
        .ledger = s.ledger,
        .first = from->path ? from->has.count : 0,
        .total = info->total,
        .early_cases = h->first,
        .nearly = h->nfirst,
        .jobs = plan->jobs,
        .timeout = plan->timeout,
        .max_timeouts = plan->max_timeouts,
        .memory = plan->memory,
        .sink = session_record,
        .told = session_told,
        .asked = session_asked,
        .slowest = session_slowest,
        .cover = s.ledger ? session_cover : NULL,
        .arg = &s,
    };
    pool_run(&cfg, &res);
    status = session_end(&s, &res);
    /* with nobody left to read, the end of the program would still try to write */
    if (fflush(p->out))
        p->out_error = errno;
    else
        sigaction(SIGPIPE, &pipe_before, NULL);
    /* after an interruption the signals stay blocked: the program is on its way out already */
    if (res.end != POOL_INTERRUPTED) sigprocmask(SIG_SETMASK, &old, NULL);
    buf_free(&res.message);
    return status;
}

/* Some report, or an option, wants to know exactly which run this is. */
static bool wants_identity(const struct program *p, const struct plan *plan)
{
    bool wants = p->opt.resume || p->opt.rerun;
    for (unsigned i = 0; i < plan->nreports; i++) wants |= plan->reports[i].kind->identity;
    return wants;
}

/* A number of the protocol by which build systems shard tests. */
static bool environment_number(const char *name, uint64_t most, uint64_t *v)
{
    const char *text = getenv(name);
    bool negative;
    return text && number_parse(text, strlen(text), v, &negative) && !negative && *v <= most;
}

/* TEST_TOTAL_SHARDS and TEST_SHARD_INDEX (from 0), where --shard says nothing; touching the status file is
 * how a test says that it knows of them. */
static int shard_by_environment(struct program *p, struct plan *plan)
{
    enum { SHARDS_MAX = 1000000 };
    const char *total_text = getenv("TEST_TOTAL_SHARDS"), *file = getenv("TEST_SHARD_STATUS_FILE");
    uint64_t total, index;
    if (plan->filter.nshards || !total_text || !*total_text) return 0;
    if (!environment_number("TEST_TOTAL_SHARDS", SHARDS_MAX, &total) || !total)
        return complain(p, STATUS_USAGE, "TEST_TOTAL_SHARDS is a number from 1 to %d, not '%s'", SHARDS_MAX,
                        total_text);
    if (!environment_number("TEST_SHARD_INDEX", total - 1, &index))
        return complain(p, STATUS_USAGE,
                        "TEST_SHARD_INDEX is a number from 0 to %" PRIu64
                        ", as TEST_TOTAL_SHARDS is %" PRIu64,
                        total - 1, total);
    FILE *f = file && *file ? fopen(file, "ae") : NULL;
    if (file && *file && !f)
        return complain(p, STATUS_USAGE, "TEST_SHARD_STATUS_FILE: cannot touch %s: %s", file,
                        strerror(errno));
    if (f) fclose(f);
    plan->filter.shard = (unsigned)index;
    plan->filter.nshards = (unsigned)total;
    plan->whole = false;
    return 0;
}

static int run(struct program *p)
{
    struct plan plan;
    struct resume from = {0};
    struct selection sel = {0};
    struct past h = {0};
    int status = plan_make(p, &p->opt.args, &plan);
    if (!status) status = shard_by_environment(p, &plan);
    if (!status) status = pick_load(p, &plan);
    if (!status) status = past_open(p, &plan, &h);
    if (!status) status = select_cases(p, &plan, &h, &sel);
    if (!status && sel.kinds > 1) status = plan_settle(p, &plan, sel.kinds);
    if (!status) status = plan_afford(p, &plan);
    if (!status) {
        struct run_info info = session_info(p, &plan, sel.total);
        info.absent = sel.absent;
        if (wants_identity(p, &plan)) status = run_identify(p, &plan, sel.corpus, &info);
        if (!status) status = resume_open(p, &plan, &info, &from);
        if (!status) status = run_plan(p, &plan, &info, &from, &h);
    }
    past_free(&h);
    plan_free(&plan);
    return status;
}

int cmd_run(struct program *p)
{
    return session_asking(p, run);
}
