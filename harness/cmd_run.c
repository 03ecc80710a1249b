/* lockstep run: every case of the corpora, on every backend, in worker processes. */
#include "harness/resume.h"

#include <errno.h>
#include <signal.h>

/* How many cases the plan selects, and of which corpora; an exit status when there are none or the corpora
 * are not valid. */
static int count_cases(struct program *p, const struct plan *plan, uint64_t *total, uint64_t *corpus)
{
    struct diag d = {.out = p->err};
    int status = STATUS_PASS;
    struct case_stream *s = plan_stream_open(plan, &d);
    *total = s ? case_stream_skip(s, UINT64_MAX) : 0;
    unsigned absent = s ? case_stream_absent(s) : 0;
    *corpus = s ? case_stream_hash(s) : 0;
    case_stream_close(s);
    if (!s || d.errors)
        status = STATUS_USAGE;
    else if (!*total && plan->whole)
        status = complain(p, STATUS_NOTHING, "nothing to run: there are no cases in the corpora given");
    else if (!*total)
        status = complain(p, STATUS_NOTHING, "nothing to run: %s selects no case",
                          plan->globs.n ? "the filter" : "the shard");
    if (!status && absent && p->opt.verbose)
        fprintf(p->out, "%u instructions that the corpora name are not done yet (status: absent)\n", absent);
    diag_free(&d);
    return status;
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

/* Reports must survive a reader of our output that goes away, and Ctrl-C. */
static int run_plan(struct program *p, const struct plan *plan, const struct run_info *info,
                    struct resume *from)
{
    struct session s;
    struct pool_result res;
    sigset_t old;
    struct sigaction ignore = {.sa_handler = SIG_IGN}, pipe_before, size_before;
    pool_block_signals(&old);
    sigaction(SIGPIPE, &ignore, &pipe_before);
    sigaction(SIGXFSZ, &ignore, &size_before);
    int status = session_begin(&s, p, plan, info, from->path);
    if (!status) announce(p, plan, info->total);
    if (!status) status = resume_replay(from, &s);
    if (status) {
        (void)session_end(&s, NULL);
        sigprocmask(SIG_SETMASK, &old, NULL);
        return status;
    }
    struct pool_config cfg = {
        .source = {plan_stream_open, plan_stream_next, plan_stream_skip, plan_stream_close, plan},
        .lineup = &plan->lineup,
        .ledger = s.ledger,
        .first = from->path ? from->has.count : 0,
        .total = info->total,
        .jobs = plan->jobs,
        .timeout = plan->timeout,
        .max_timeouts = plan->max_timeouts,
        .sink = session_record,
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
    sigaction(SIGXFSZ, &size_before, NULL);
    /* after an interruption the signals stay blocked: the program is on its way out already */
    if (res.end != POOL_INTERRUPTED) sigprocmask(SIG_SETMASK, &old, NULL);
    buf_free(&res.message);
    return status;
}

/* Some report, or an option, wants to know exactly which run this is. */
static bool wants_identity(const struct program *p, const struct plan *plan)
{
    bool wants = p->opt.resume;
    for (unsigned i = 0; i < plan->nreports; i++) wants |= plan->reports[i].kind->identity;
    return wants;
}

int cmd_run(struct program *p)
{
    struct plan plan;
    struct resume from = {0};
    uint64_t total = 0, corpus = 0;
    int status = plan_make(p, &p->opt.args, &plan);
    if (!status) status = count_cases(p, &plan, &total, &corpus);
    if (!status) {
        struct run_info info = session_info(p, &plan, total);
        if (wants_identity(p, &plan)) status = run_identify(p, &plan, corpus, &info);
        if (!status) status = resume_open(p, &plan, &info, &from);
        if (!status) status = run_plan(p, &plan, &info, &from);
    }
    plan_free(&plan);
    return status;
}
