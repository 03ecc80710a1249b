/* The parent of the workers: deals out batches, collects frames, hands records on in order, replaces workers
 * that crash or hang.
 *
 * Batch b holds the cases [b * batch, (b + 1) * batch), counted from the first one to run. At most `window`
 * batches are between dealt and handed on, so memory is bounded whatever the corpus. A slot collects the
 * frames of its batch until those before it are done.
 *
 * A worker writes into shared memory which case it is at. When it dies, the records that came home stand; the
 * rest of its assignment goes to a new worker together with the number of the case that did it, which reports
 * it unrun.
 */
#include "harness/run/worker.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    BATCH_MIN = 16,
    BATCH_MAX = 1024,
    TICK_MS = 100,     /* how often nothing happens at most */
    LEAVE_MS = 5000,   /* a worker may take that long to leave */
    STILLBORN_MAX = 3, /* workers in a row that die before their first case */
};

/* A batch between dealt and handed on. */
struct slot {
    struct buf frames; /* its records so far */
    bool done;         /* all of them */
};

/* A worker as the parent sees it. */
struct hand {
    pid_t pid;            /* 0: not running */
    int fd;               /* our end of its socket */
    bool busy;            /* has an assignment */
    struct slot *slot;    /* where its records go */
    struct assignment a;  /* what it does */
    uint64_t received;    /* records of it that came home */
    struct buf in;        /* bytes of frames not complete yet */
    struct activity *act; /* its shared memory */
    uint64_t seen;        /* case it was at when last looked */
    double since;         /* when it was first seen there; 0: it is at none */
    bool overdue;         /* killed because of the clock */
    unsigned stillborn;   /* deaths in a row without a record */
};

struct pool {
    const struct pool_config *cfg; /* what to do */
    struct pool_result *res;       /* how it went */
    uint64_t batch, nbatches;      /* cases a batch; batches */
    uint64_t next_deal, next_emit; /* batches */
    struct slot *slots;            /* ring of `window` */
    unsigned window;               /* batches under way at most */
    struct hand *hands;            /* njobs of them */
    unsigned njobs;                /* workers at most */
    struct activity *shared;       /* where workers say what they are at */
    int sigfd;                     /* interrupting signals arrive here */
    bool over;                     /* res->end is settled */
    double clock;                  /* seconds that this process was awake, see check_clock */
    double looked;                 /* when it was last moved on */
};

static const double AWAKE_MAX = 4 * TICK_MS / 1000.0; /* seconds between two looks at the clock that count */

static double now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static void interrupting(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGHUP);
}

/* Those, and the one that asks. */
static void watched(sigset_t *set)
{
    interrupting(set);
    sigaddset(set, SIGUSR1);
}

void pool_block_signals(sigset_t *old)
{
    sigset_t set;
    watched(&set);
    sigprocmask(SIG_BLOCK, &set, old);
}

void pool_default_signals(void)
{
    for (int sig = 1; sig < NSIG; sig++) signal(sig, SIG_DFL);
}

static void finish(struct pool *p, enum pool_end end)
{
    if (p->over) return;
    p->over = true;
    p->res->end = end;
}

/* ---- handing on ---- */

/* Hands the records of a slot on and empties it. */
static void slot_emit(struct pool *p, struct slot *s)
{
    size_t at = 0;
    while (at < s->frames.len) {
        enum frame_kind kind;
        const char *body;
        size_t size;
        struct record r;
        long n = frame_next(s->frames.p + at, s->frames.len - at, &kind, &body, &size);
        BUG_ON(n <= 0); /* only whole frames were put there */
        at += (size_t)n;
        if (kind == FRAME_COVER) {
            p->cfg->cover(p->cfg->arg, body, size);
            continue;
        }
        if (!record_decode(body, size, &r)) BUG("a record that decoded before");
        p->cfg->sink(p->cfg->arg, &r);
    }
    buf_reset(&s->frames);
    s->done = false;
}

static void emit_done(struct pool *p)
{
    while (p->next_emit < p->next_deal && p->slots[p->next_emit % p->window].done)
        slot_emit(p, &p->slots[p->next_emit++ % p->window]);
}

/* After an early end: whatever came home, still in order. */
static void emit_rest(struct pool *p)
{
    while (p->next_emit < p->next_deal) slot_emit(p, &p->slots[p->next_emit++ % p->window]);
}

/* ---- workers ---- */

/* The child's side of a fork. Other workers' sockets are closed so that a dead worker's end of file is seen.
 */
static void child_main(struct pool *p, struct hand *h, int fd, pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    pool_default_signals();
    if (getppid() != parent) _exit(STATUS_HARNESS);
    for (unsigned i = 0; i < p->njobs; i++)
        if (p->hands[i].pid) close(p->hands[i].fd);
    close(p->sigfd);
    worker_main(&p->cfg->source, p->cfg->lineup, p->cfg->ledger, h->act, fd, fd);
    _exit(0);
}

static bool hand_spawn(struct pool *p, struct hand *h)
{
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds)) {
        buf_printf(&p->res->message, "cannot start a worker: %s", strerror(errno));
        finish(p, POOL_BROKEN);
        return false;
    }
    h->act->doing = DOING_NOTHING;
    pid_t self = getpid();
    pid_t pid = fork();
    if (!pid) {
        close(fds[0]);
        child_main(p, h, fds[1], self);
    }
    close(fds[1]);
    if (pid < 0) {
        buf_printf(&p->res->message, "cannot start a worker: %s", strerror(errno));
        close(fds[0]);
        finish(p, POOL_BROKEN);
        return false;
    }
    h->pid = pid;
    h->fd = fds[0];
    h->since = 0;
    h->overdue = false;
    return true;
}

/* Gives a worker its assignment, starting it if need be. That it may be dead already shows at its socket. */
static void hand_assign(struct pool *p, struct hand *h)
{
    if (!h->pid && !hand_spawn(p, h)) return;
    h->busy = true;
    h->received = 0;
    ssize_t n = send(h->fd, &h->a, sizeof(h->a), MSG_NOSIGNAL);
    if (n != sizeof(h->a) && n >= 0) BUG("an assignment does not fit a socket");
}

static void deal(struct pool *p)
{
    for (unsigned i = 0; i < p->njobs && !p->over; i++) {
        struct hand *h = &p->hands[i];
        if (h->busy || p->next_deal == p->nbatches || p->next_deal - p->next_emit == p->window) continue;
        uint64_t first = p->cfg->first + p->next_deal * p->batch, left = p->cfg->total - first;
        h->a = (struct assignment){.first = first, .count = left < p->batch ? left : p->batch, .lost = ~0ull};
        h->slot = &p->slots[p->next_deal++ % p->window];
        hand_assign(p, h);
    }
}

/* ---- a worker that died ---- */

/* "died of SIGSEGV", "exited with status 3" */
static void describe_death(int status, char *text, size_t n)
{
    if (WIFSIGNALED(status)) {
        const char *name = sigabbrev_np(WTERMSIG(status));
        snprintf(text, n, "died of SIG%s", name ? name : "?");
    } else {
        snprintf(text, n, "exited with status %d", WEXITSTATUS(status));
    }
}

static const char *doing_name(const struct pool *p, uint32_t doing)
{
    if (doing >= DOING_BACKEND && doing - DOING_BACKEND < p->cfg->lineup->n)
        return p->cfg->lineup->entries[doing - DOING_BACKEND].backend->name;
    return "the judge";
}

/* Decides which case of the assignment, if any, is to blame, and writes it into h->a. */
static void blame(struct pool *p, struct hand *h, int status)
{
    uint64_t number = h->act->number;
    uint32_t doing = h->act->doing;
    bool known = doing != DOING_NOTHING && number >= h->a.first && number - h->a.first < h->a.count;
    char death[64];
    describe_death(status, death, sizeof(death));
    h->a.lost = ~0ull;
    if (h->overdue && !(known && number == h->seen)) return; /* it went on just before it was killed */
    if (!known) {
        if (++h->stillborn < STILLBORN_MAX) return;
        buf_printf(&p->res->message, "a worker %s while it was reading cases, near number %llu", death,
                   (unsigned long long)h->a.first);
        finish(p, POOL_BROKEN);
        return;
    }
    h->a.lost = number;
    h->a.doing = doing;
    h->stillborn = 0;
    if (!h->overdue) {
        h->a.verdict = VERDICT_CRASH;
        h->a.micros = 0;
        snprintf(h->a.reason, sizeof(h->a.reason), "%s %s", doing_name(p, doing), death);
        return;
    }
    h->a.verdict = VERDICT_TIMEOUT;
    h->a.micros = p->cfg->timeout < UINT32_MAX / 1e6 ? (uint32_t)(p->cfg->timeout * 1e6) : UINT32_MAX;
    snprintf(h->a.reason, sizeof(h->a.reason), "no result from %s within %g s", doing_name(p, doing),
             p->cfg->timeout);
    p->res->timeouts++;
    if (!p->cfg->max_timeouts || p->res->timeouts < p->cfg->max_timeouts) return;
    buf_printf(&p->res->message, "%u cases timed out", p->res->timeouts);
    finish(p, POOL_GAVE_UP);
}

/* The socket has ended: the rest of the assignment goes to a new worker. */
static void hand_died(struct pool *p, struct hand *h)
{
    int status = 0;
    close(h->fd);
    while (waitpid(h->pid, &status, 0) < 0 && errno == EINTR) continue;
    h->pid = 0;
    buf_reset(&h->in);
    if (p->over || !h->busy) return;
    h->a.first += h->received;
    h->a.count -= h->received;
    if (h->received) h->stillborn = 0;
    blame(p, h, status);
    if (!p->over) hand_assign(p, h);
}

/* ---- reading ---- */

/* One frame from a worker; false when it makes no sense. */
static bool take_frame(struct pool *p, struct hand *h, enum frame_kind kind, const char *body, size_t size)
{
    uint64_t number;
    if (!h->busy) return false;
    switch (kind) {
    case FRAME_RECORD:
        if (!record_check(body, size, &number) || number != h->a.first + h->received) return false;
        frame_encode_bytes(kind, body, size, &h->slot->frames);
        return ++h->received <= h->a.count;
    case FRAME_DONE:
        h->busy = false;
        h->slot->done = true;
        return h->received == h->a.count;
    case FRAME_ERROR:
        if (!p->over) buf_str(&p->res->message, body);
        finish(p, POOL_BAD_INPUT);
        return true;
    case FRAME_COVER:
        if (!p->cfg->ledger || !ledger_take(p->cfg->ledger, body, size)) return false;
        if (p->cfg->cover) frame_encode_bytes(kind, body, size, &h->slot->frames);
        return true;
    }
    return false;
}

/* Takes complete frames out of what a worker has sent. */
static bool take_frames(struct pool *p, struct hand *h)
{
    size_t at = 0;
    for (;;) {
        enum frame_kind kind;
        const char *body;
        size_t size;
        long n = frame_next(h->in.p + at, h->in.len - at, &kind, &body, &size);
        if (n < 0 || (n && !take_frame(p, h, kind, body, size))) return false;
        if (!n) break;
        at += (size_t)n;
    }
    memmove(h->in.p, h->in.p + at, h->in.len - at);
    h->in.len -= at;
    return true;
}

/* Reads what is there. A worker whose memory is so broken that it sends nonsense is killed: as good as
 * crashed. */
static void hand_read(struct pool *p, struct hand *h)
{
    char chunk[64 * 1024];
    ssize_t n = recv(h->fd, chunk, sizeof(chunk), MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) {
        hand_died(p, h);
        return;
    }
    buf_add(&h->in, chunk, (size_t)n);
    if (take_frames(p, h)) return;
    kill(h->pid, SIGKILL);
    hand_died(p, h);
}

/* ---- the clock ---- */

/* Moves the clock on. Time in which the whole program was stopped (Ctrl-Z) is nobody's fault and does not
 * count. */
static double awake(struct pool *p)
{
    double t = now(), step = t - p->looked;
    p->looked = t;
    p->clock += step < AWAKE_MAX ? step : AWAKE_MAX;
    return p->clock;
}

/* Kills workers that have been at one case for too long. Only the parent looks at the clock. */
static void check_clock(struct pool *p)
{
    double t = awake(p);
    for (unsigned i = 0; i < p->njobs; i++) {
        struct hand *h = &p->hands[i];
        uint64_t number = h->act->number;
        if (!h->pid || !h->busy || h->overdue) continue;
        if (h->act->doing == DOING_NOTHING) {
            h->since = 0;
        } else if (h->since <= 0 || number != h->seen) {
            h->seen = number;
            h->since = t;
        } else if (p->cfg->timeout > 0 && t - h->since > p->cfg->timeout) {
            h->overdue = true;
            kill(h->pid, SIGKILL);
        }
    }
}

static int tick_ms(const struct pool *p)
{
    double quarter = p->cfg->timeout * 1000 / 4;
    if (p->cfg->timeout <= 0 || quarter > TICK_MS) return TICK_MS;
    return quarter < 5 ? 5 : (int)quarter;
}

/* ---- the loop ---- */

/* "worker 2 (process 4711): riscv64/m/div on jit, for 0.3 s" */
static void describe_hand(const struct pool *p, const struct hand *h, struct buf *out)
{
    char id[ACTIVITY_ID];
    uint32_t doing = h->act->doing;
    memcpy(id, h->act->id, sizeof(id));
    id[sizeof(id) - 1] = 0; /* whoever writes there may have gone mad */
    buf_printf(out, "  worker %d (process %d): ", (int)(h - p->hands) + 1, (int)h->pid);
    if (!h->pid || !h->busy)
        buf_str(out, "waits for work\n");
    else if (doing == DOING_NOTHING)
        buf_printf(out, "between cases, from number %llu on\n", (unsigned long long)h->a.first);
    else
        buf_printf(out, "%s on %s, for %.1f s\n", id, doing_name(p, doing),
                   h->since > 0 ? p->clock - h->since : 0);
}

static void answer(struct pool *p)
{
    struct buf text = {0};
    if (!p->cfg->asked) return;
    check_clock(p);
    for (unsigned i = 0; i < p->njobs; i++) describe_hand(p, &p->hands[i], &text);
    p->cfg->asked(p->cfg->arg, buf_cstr(&text));
    buf_free(&text);
}

static void take_signal(struct pool *p)
{
    struct signalfd_siginfo info;
    if (read(p->sigfd, &info, sizeof(info)) != sizeof(info)) return;
    if (info.ssi_signo == SIGUSR1) {
        answer(p);
        return;
    }
    if (!p->over) p->res->signal = (int)info.ssi_signo;
    finish(p, POOL_INTERRUPTED);
}

/* Waits for something to happen and deals with it. */
static void turn(struct pool *p, struct pollfd *fds)
{
    fds[0] = (struct pollfd){.fd = p->sigfd, .events = POLLIN};
    for (unsigned i = 0; i < p->njobs; i++)
        fds[i + 1] = (struct pollfd){.fd = p->hands[i].pid ? p->hands[i].fd : -1, .events = POLLIN};
    int n = poll(fds, p->njobs + 1, tick_ms(p));
    if (n > 0 && fds[0].revents) take_signal(p);
    for (unsigned i = 0; n > 0 && i < p->njobs && !p->over; i++)
        if (fds[i + 1].revents) hand_read(p, &p->hands[i]);
    check_clock(p);
    emit_done(p);
    p->cfg->sink(p->cfg->arg, NULL);
}

/* A worker that waits for work leaves by itself, and in good order, when its socket ends; others are killed.
 */
static void hand_dismiss(const struct pool *p, const struct hand *h)
{
    if (p->res->end != POOL_DONE || h->busy || shutdown(h->fd, SHUT_WR)) kill(h->pid, SIGKILL);
}

/* Sends everybody home, and takes in what they had sent before. */
static void dismiss(struct pool *p)
{
    for (unsigned i = 0; i < p->njobs; i++)
        if (p->hands[i].pid) hand_dismiss(p, &p->hands[i]);
    for (unsigned i = 0; i < p->njobs; i++) {
        struct hand *h = &p->hands[i];
        struct pollfd end = {.fd = h->fd, .events = POLLIN};
        if (!h->pid) continue;
        if (poll(&end, 1, LEAVE_MS) == 0) kill(h->pid, SIGKILL);
        for (char chunk[4096];;) {
            ssize_t n = recv(h->fd, chunk, sizeof(chunk), 0);
            if (n < 0 && errno == EINTR) continue;
            if (n <= 0) break;
            buf_add(&h->in, chunk, (size_t)n);
        }
        if (h->in.len) (void)take_frames(p, h);
        hand_died(p, h);
    }
}

static bool pool_open(struct pool *p)
{
    const struct pool_config *cfg = p->cfg;
    uint64_t cases = cfg->total - cfg->first, fair = cases / (cfg->jobs * 8ull);
    p->batch = cfg->batch ? cfg->batch : fair < BATCH_MIN ? BATCH_MIN : fair > BATCH_MAX ? BATCH_MAX : fair;
    p->nbatches = (cases + p->batch - 1) / p->batch;
    p->njobs = cfg->jobs < p->nbatches ? cfg->jobs : (unsigned)p->nbatches;
    p->window = 2 * p->njobs + 2;
    p->slots = xcalloc(p->window, sizeof(*p->slots));
    p->hands = xcalloc(p->njobs, sizeof(*p->hands));
    p->shared = activity_share(p->njobs);
    sigset_t set;
    watched(&set);
    p->sigfd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (!p->shared || p->sigfd < 0) {
        buf_printf(&p->res->message, "cannot start workers: %s", strerror(errno));
        finish(p, POOL_BROKEN);
        return false;
    }
    for (unsigned i = 0; i < p->njobs; i++) p->hands[i].act = activity_at(p->shared, i);
    return true;
}

static void pool_close(struct pool *p)
{
    for (unsigned i = 0; i < p->njobs; i++) buf_free(&p->hands[i].in);
    for (unsigned i = 0; i < p->window; i++) buf_free(&p->slots[i].frames);
    activity_unshare(p->shared, p->njobs);
    if (p->sigfd >= 0) close(p->sigfd);
    free(p->hands);
    free(p->slots);
}

void pool_run(const struct pool_config *cfg, struct pool_result *res)
{
    struct pool p = {.cfg = cfg, .res = res, .clock = 1, .looked = now()};
    sigset_t old;
    BUG_ON(!cfg->jobs);
    *res = (struct pool_result){.end = POOL_DONE};
    if (cfg->first >= cfg->total) return;
    pool_block_signals(&old);
    if (pool_open(&p)) {
        struct pollfd *fds = xcalloc(p.njobs + 1ul, sizeof(*fds));
        while (!p.over && p.next_emit < p.nbatches) {
            deal(&p);
            turn(&p, fds);
        }
        p.over = true;
        dismiss(&p);
        emit_rest(&p);
        free(fds);
    }
    pool_close(&p);
    sigprocmask(SIG_SETMASK, &old, NULL);
}
