#include "harness/run/session.h"

#include "harness/cover/condition.h"
#include "harness/run/pick.h"

#include "harness/journal/journal.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { DISSENTS_SHOWN = 5, CLUSTERS_SHOWN = 12 };
static const double FLUSH_EVERY = 0.1; /* seconds */

struct run_info session_info(struct program *p, const struct plan *plan, uint64_t total)
{
    struct run_info info = {
        .paths = plan->paths.items,
        .npaths = plan->paths.n,
        .lineup = &plan->lineup,
        .seed = plan->filter.seed,
        .shard = plan->filter.shard,
        .nshards = plan->filter.nshards,
        .globs = plan->globs.items,
        .nglobs = plan->globs.n,
        .choice = plan->pick ? plan->pick->choice : 0,
        .deal = plan->pick ? plan->pick->deal : 0,
        .total = total,
        .jobs = plan->jobs,
        .options = plan_repro_options(p, plan),
        .out = p->out,
    };
    for (unsigned i = 0; i < plan->nreports; i++) info.covered |= plan->reports[i].kind->ledger != LEDGER_NO;
    return info;
}

bool session_same_file(const char *a, const char *b)
{
    struct stat x, y;
    return a && b && !stat(a, &x) && !stat(b, &y) && S_ISREG(x.st_mode) && x.st_dev == y.st_dev &&
           x.st_ino == y.st_ino;
}

/* The report opened last has a file of its own. */
static int check_apart(struct session *s)
{
    const struct report *last = &s->reports[s->nreports - 1];
    for (const struct report *r = s->reports; r < last; r++)
        if (session_same_file(r->path, last->path))
            return complain(s->p, STATUS_USAGE, "the %s and the %s report are one file: %s", r->kind->name,
                            last->kind->name, last->path);
    return 0;
}

/* What was covered, and what cannot be: as `lockstep cover` has it. */
static int open_ledger(struct session *s)
{
    struct program *p = s->p;
    struct diag d = {.out = p->err};
    const char *never = project_file(p, "coverage/unreachable.yaml");
    s->info.ledger = s->cover.ledger = s->ledger = ledger_open(&s->plan->lineup);
    s->info.cover = &s->cover;
    bool good = !never || cover_read_unreachable(&s->cover, never, &p->arena, &d);
    diag_free(&d);
    return good ? 0 : STATUS_USAGE;
}

/* What --bench and --before name. */
static int open_history(struct session *s)
{
    const struct options *o = &s->p->opt;
    struct buf why = {0};
    int status = 0;
    if (!o->bench && !o->before.n) return 0;
    s->info.history = &s->history;
    const struct history_files files = {o->bench, o->before.items, o->before.n, s->p->backends};
    if (!history_load(&s->history, &files, &why)) status = complain(s->p, STATUS_USAGE, "%s", buf_cstr(&why));
    s->history.least = o->least / 100;
    buf_free(&why);
    return status;
}

int session_begin(struct session *s, struct program *p, const struct plan *plan, const struct run_info *info,
                  const char *but)
{
    *s = (struct session){.p = p, .plan = plan, .info = *info, .colour = status_colour(p->out)};
    s->watched = s->info.watched = info->watched ? json_incref(info->watched) : watch_list(plan);
    watch_open(&s->watch, s->watched, plan->whole);
    tally_init(&s->tally, s->watch.n);
    s->tally.absent = info->absent;
    s->reports = xcalloc(plan->nreports + 1, sizeof(*s->reports)); /* and one that goes on */
    int status = info->covered ? open_ledger(s) : 0;
    if (!status) status = open_history(s);
    if (!status && p->opt.rerun) s->earlier = earlier_open(p->opt.rerun, &s->info);
    if (status) return status;
    for (unsigned i = 0; i < plan->nreports; i++) {
        const struct plan_report *want = &plan->reports[i];
        if (session_same_file(want->path, but)) continue;
        int err = report_open(&s->reports[s->nreports], want->kind, want->path, want->make_dirs, &s->info);
        if (err)
            return complain(p, STATUS_USAGE, "cannot write the %s report %s: %s", want->kind->name,
                            want->path, strerror(-err));
        s->nreports++;
        status = check_apart(s);
        if (status) return status;
    }
    status_start(&s->status, p->err, p->opt.quiet, info->total);
    return 0;
}

int session_continue(struct session *s, const char *path, uint64_t size, struct journal_coder *coder)
{
    int err = report_continue(&s->reports[s->nreports], path, size, coder);
    if (err) return complain(s->p, STATUS_USAGE, "cannot go on with %s: %s", path, strerror(-err));
    s->nreports++;
    return 0;
}

/* A report that cannot be written is said once; the run goes on. */
static void check_report(struct session *s, const struct report *r, int err)
{
    if (!err) return;
    status_clear(&s->status);
    s->lost = true;
    (void)complain(s->p, STATUS_HARNESS, "cannot write the %s report %s: %s; the run goes on without it",
                   r->kind->name, r->path, strerror(-err));
}

/* " ID (FILE:LINE)", whatever bytes are in the name of the file. */
static void print_case(FILE *out, const struct record *r)
{
    struct buf b = {0};
    buf_char(&b, ' ');
    text_line(&b, r->id);
    buf_str(&b, " (");
    text_line(&b, r->file);
    fprintf(out, "%s:%d)\n", buf_cstr(&b), r->line);
    buf_free(&b);
}

/* A failure in full, or only named. */
static void print_failure(struct session *s, const struct record *r)
{
    FILE *out = s->p->out;
    struct buf command = {0};
    status_clear(&s->status);
    fprintf(out, "%s%s%s", s->colour ? "\033[31m" : "",
            r->verdict == VERDICT_FAIL ? "FAIL" : verdict_name(r->verdict), s->colour ? "\033[0m" : "");
    print_case(out, r);
    if (s->p->opt.quiet) return;
    if (*r->reason && r->verdict != VERDICT_FAIL) fprintf(out, "  %s\n", r->reason);
    fputs(r->detail, out);
    report_repro(&s->info, r, &command);
    fprintf(out, "  reproduce: %s\n", buf_cstr(&command));
    buf_free(&command);
}

static void print_dissent(struct session *s, const struct record *r)
{
    if (s->p->opt.quiet || s->dissents++ >= DISSENTS_SHOWN) return;
    status_clear(&s->status);
    fputs("oracle disagrees with the manual:", s->p->out);
    print_case(s->p->out, r);
    fputs(r->detail, s->p->out);
}

/* What a run that is killed leaves is what it found out, but for the last moment. */
static void flush_reports(struct session *s)
{
    double t = status_now();
    if (t - s->flushed < FLUSH_EVERY) return;
    s->flushed = t;
    for (unsigned i = 0; i < s->nreports; i++) check_report(s, &s->reports[i], report_flush(&s->reports[i]));
}

void session_cover(void *session, const void *body, size_t size)
{
    struct session *s = session;
    for (unsigned i = 0; i < s->nreports; i++)
        check_report(s, &s->reports[i], report_cover_news(&s->reports[i], body, size));
}

void session_record(void *session, const struct record *r)
{
    struct session *s = session;
    if (!r) {
        status_tick(&s->status, &s->tally);
        flush_reports(s);
        return;
    }
    tally_add(&s->tally, r);
    s->info.then = s->earlier ? earlier_of(s->earlier, r) : NULL;
    s->tally.flaky += s->info.then && r->verdict == VERDICT_PASS;
    for (unsigned i = 0; i < s->nreports; i++)
        check_report(s, &s->reports[i], report_record(&s->reports[i], &s->info, r));
    watch_record(&s->watch, r);
    bool told = s->past && past_note(s->past, r);
    if (verdict_is_failure(r->verdict)) {
        if (!told && s->shown++ < s->p->opt.show) print_failure(s, r);
    } else if (r->dissent) {
        print_dissent(s, r);
    }
}

/* A failure that was known is said when it is known to be one still; it is reported when its turn comes. */
void session_told(void *session, const struct record *r)
{
    struct session *s = session;
    if (!verdict_is_failure(r->verdict)) return;
    past_tell(s->past, r);
    if (s->shown++ < s->p->opt.show) print_failure(s, r);
    fflush(s->p->out);
}

void session_slowest(void *session, const char *id, const char *on, double seconds)
{
    struct session *s = session;
    status_slowest(&s->status, id, on, seconds);
}

void session_asked(void *session, const char *text)
{
    struct session *s = session;
    status_clear(&s->status);
    status_show(&s->status, &s->tally);
    fputs(text, s->p->err);
    fflush(s->p->err);
}

/* Why the run is not complete, or NULL. */
static const char *why_stopped(struct session *s, const struct pool_result *res)
{
    switch (res->end) {
    case POOL_DONE: return NULL;
    case POOL_INTERRUPTED: {
        const char *name = sigabbrev_np(res->signal);
        return arena_printf(&s->p->arena, "interrupted by SIG%s", name ? name : "?");
    }
    case POOL_GAVE_UP: return arena_printf(&s->p->arena, "gave up: %s", buf_cstr(&res->message));
    case POOL_BAD_INPUT: return "the input is not valid";
    case POOL_BROKEN: return arena_strdup(&s->p->arena, buf_cstr(&res->message));
    }
    return "unknown";
}

/* What went wrong, most cases first, and the smallest case of each. */
static void print_clusters(struct session *s)
{
    const struct clusters *c = &s->tally.clusters;
    unsigned shown = s->p->opt.verbose || c->n <= CLUSTERS_SHOWN ? c->n : CLUSTERS_SHOWN;
    struct buf command = {0};
    if (!c->n || s->p->opt.quiet) return;
    fprintf(s->p->out, "failures by cause, each with its smallest case:\n");
    for (unsigned i = 0; i < shown; i++) {
        struct record r = cluster_example(&c->items[i]);
        buf_reset(&command);
        report_repro(&s->info, &r, &command);
        fprintf(s->p->out, "%7" PRIu64 "  %s\n", c->items[i].n, c->items[i].cause);
        if (*c->items[i].when) fprintf(s->p->out, "         %s\n", c->items[i].when);
        fprintf(s->p->out, "         %s\n", buf_cstr(&command));
    }
    if (shown < c->n) fprintf(s->p->out, "         and %u causes more (-v lists them)\n", c->n - shown);
    if (c->others) fprintf(s->p->out, "%7" PRIu64 "  failures of still other causes\n", c->others);
    if (!s->info.ledger)
        fprintf(s->p->out, "under which condition each fails: run with --report cover=FILE\n");
    fputs(
        "next: 'lockstep repro' as above shows all about a case; 'lockstep shrink' with the same words makes "
        "it as small as can be\n",
        s->p->out);
    buf_free(&command);
}

static void print_end(struct session *s, const struct pool_result *res)
{
    FILE *out = s->p->out;
    struct buf line = {0};
    if (s->shown > s->p->opt.show)
        fprintf(out, "… and %" PRIu64 " failures more%s\n", s->shown - s->p->opt.show,
                s->nreports ? "; the reports have them all" : "");
    if (s->info.remarks) fputs(s->info.remarks, out);
    print_clusters(s);
    status_sums(&s->tally, out);
    for (unsigned i = 0; i < s->nreports; i++)
        if (!s->reports[i].error && !s->reports[i].borrowed) fprintf(out, "report: %s\n", s->reports[i].path);
    if (res->killed)
        fprintf(out, "%u worker%s killed from outside (SIGKILL); the case at hand ran again\n", res->killed,
                res->killed == 1 ? " was" : "s were");
    if (s->info.stopped)
        fprintf(out, "stopped: %s, after %" PRIu64 " of %" PRIu64 " cases\n", s->info.stopped, s->tally.total,
                s->info.total);
    fprintf(out, "%" PRIu64 " cases in %.1f s\n", s->tally.total, s->info.seconds);
    tally_line(&s->tally, &line);
    const char *verdict = tally_failed(&s->tally) ? "\033[1;31m"
                          : s->info.stopped       ? "\033[1;33m"
                                                  : "\033[1;32m";
    fprintf(out, "%s%s%s\n", s->colour ? verdict : "", buf_cstr(&line), s->colour ? "\033[0m" : "");
    buf_free(&line);
}

static int exit_status(const struct session *s, const struct pool_result *res)
{
    if (res->end == POOL_BAD_INPUT) return STATUS_USAGE;
    if (res->end != POOL_DONE || s->lost) return STATUS_HARNESS;
    return tally_failed(&s->tally) ? STATUS_FAIL : STATUS_PASS;
}

int session_end(struct session *s, struct pool_result *res)
{
    int status = STATUS_USAGE;
    struct buf remarks = {0};
    if (res) {
        watch_say(&s->watch, &s->tally, s->p->opt.verbose, &remarks);
        if (remarks.len) s->info.remarks = remarks.p;
        status_clear(&s->status);
        s->info.stopped = why_stopped(s, res);
        s->info.seconds = status_now() - s->status.start;
        if (s->info.seconds < 0) s->info.seconds = 0; /* a clock that jumped back */
        tally_sort(&s->tally.rows);
        clusters_sort(&s->tally.clusters);
        condition_of_all(s->ledger, &s->tally.clusters);
        if (res->end == POOL_BAD_INPUT) fputs(buf_cstr(&res->message), s->p->err);
    }
    for (unsigned i = 0; i < s->nreports; i++)
        check_report(s, &s->reports[i], report_end(&s->reports[i], &s->info, &s->tally));
    if (res) {
        print_end(s, res);
        if (s->past) past_write(s->past, s->p, s->plan->whole && res->end == POOL_DONE);
        status = exit_status(s, res);
    }
    tally_free(&s->tally);
    ledger_free(s->ledger);
    history_free(&s->history);
    earlier_close(s->earlier);
    watch_close(&s->watch);
    json_decref(s->watched);
    buf_free(&remarks);
    free(s->reports);
    return status;
}

int session_asking(struct program *p, int (*command)(struct program *p))
{
    sigset_t asks, old;
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    sigemptyset(&asks);
    sigaddset(&asks, SIGUSR1);
    sigprocmask(SIG_BLOCK, &asks, &old);
    int status = command(p);
    sigaction(SIGUSR1, &ignore, &before); /* which forgets those that nobody took */
    sigaction(SIGUSR1, &before, NULL);
    if (!sigismember(&old, SIGUSR1)) sigprocmask(SIG_UNBLOCK, &asks, NULL);
    return status;
}

int session_signal(void)
{
    sigset_t watched;
    pool_signals(&watched);
    int sig = sigtimedwait(&watched, NULL, &(struct timespec){0});
    return sig > 0 ? sig : 0;
}
