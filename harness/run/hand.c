/* The workers of the pool, one by one: starting them, reading what they send, finding out what killed them.
 *
 * A worker writes into shared memory which case it is at. When it dies, the records that came home stand; the
 * rest of its assignment goes to a new worker together with the number of the case that did it, which reports
 * it unrun.
 */
#include "harness/run/child.h"
#include "harness/run/pool.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    LEAVE_MS = 5000,   /* a worker may take that long to leave */
    STILLBORN_MAX = 3, /* workers in a row that die before their first case */
};

static const double AWAKE_MAX = 4 * TICK_MS / 1000.0; /* seconds between two looks at the clock that count */

/* The child's side of a fork. Other workers' sockets are closed so that a dead worker's end of file is seen.
 */
static void child_main(struct pool *p, struct hand *h, int fd, pid_t parent)
{
    child_begin(p->cfg->memory);
    if (getppid() != parent) _exit(0);
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
        pool_finish(p, POOL_BROKEN);
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
        pool_finish(p, POOL_BROKEN);
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
    h->listener = (struct record_listener){0};
    ssize_t n = send(h->fd, &h->a, sizeof(h->a), MSG_NOSIGNAL);
    if (n != sizeof(h->a) && n >= 0) BUG("an assignment does not fit a socket");
}

void hand_give(struct pool *p, struct hand *h, struct piece *piece)
{
    h->a = (struct assignment){.first = piece->first, .count = piece->count, .lost = ~0ull};
    h->piece = piece;
    h->again = ~0ull;
    hand_assign(p, h);
}

/* ---- a worker that died ---- */

/* Decides which case of the assignment, if any, is to blame, and writes it into h->a. */
static void blame(struct pool *p, struct hand *h, int status)
{
    uint64_t number = h->act->number;
    uint32_t doing = h->act->doing;
    bool known = doing != DOING_NOTHING && number >= h->a.first && number - h->a.first < h->a.count;
    char death[64];
    child_end(status, death, sizeof(death));
    h->a.lost = ~0ull;
    if (h->overdue && !(known && number == h->seen)) return; /* it went on just before it was killed */
    if (!known) {
        if (++h->stillborn < STILLBORN_MAX) return;
        buf_printf(&p->res->message, "a worker %s while it was reading cases, near number %llu", death,
                   (unsigned long long)h->a.first);
        pool_finish(p, POOL_BROKEN);
        return;
    }
    h->stillborn = 0;
    if (!h->overdue && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && h->again != number) {
        h->again =
            number; /* memory ran out, or somebody killed it: the case may show that it was the cause */
        return;
    }
    h->a.lost = number;
    h->a.doing = doing;
    if (!h->overdue) {
        h->a.verdict = VERDICT_CRASH;
        h->a.micros = 0;
        snprintf(h->a.reason, sizeof(h->a.reason), "%s %s", child_doing(p->cfg->lineup, doing), death);
        return;
    }
    h->a.verdict = VERDICT_TIMEOUT;
    h->a.micros = p->cfg->timeout < UINT32_MAX / 1e6 ? (uint32_t)(p->cfg->timeout * 1e6) : UINT32_MAX;
    snprintf(h->a.reason, sizeof(h->a.reason), "no result from %s within %g s",
             child_doing(p->cfg->lineup, doing), p->cfg->timeout);
    p->res->timeouts++;
}

/* A case that was lost is told: if it was the last hanging one that may be, that is all. */
static void check_patience(struct pool *p)
{
    if (p->over || !p->cfg->max_timeouts || p->res->timeouts < p->cfg->max_timeouts) return;
    buf_printf(&p->res->message, "%u cases timed out", p->res->timeouts);
    pool_finish(p, POOL_GAVE_UP);
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

/* One frame from a worker; false when it makes no sense. *keep: it is the piece's, and to be handed on. */
static bool take_frame(struct pool *p, struct hand *h, enum frame_kind kind, const char *body, size_t size,
                       bool *keep)
{
    uint32_t number;
    if (!h->busy) return false;
    switch (kind) {
    case FRAME_RECORD:
        if (size < sizeof(number)) return false;
        memcpy(&number, body, sizeof(number));
        if (number != (uint32_t)(h->a.first + h->received)) return false;
        if (!record_check(&h->listener, body + sizeof(number), size - sizeof(number))) return false;
        *keep = true;
        p->res->killed += h->a.first + h->received == h->again && h->again != h->a.lost;
        if (h->a.first + h->received == h->a.lost) check_patience(p);
        return ++h->received <= h->a.count;
    case FRAME_DONE:
        h->busy = false;
        h->piece->done = true;
        return h->received == h->a.count;
    case FRAME_ERROR:
        if (!p->over) buf_str(&p->res->message, body);
        pool_finish(p, POOL_BAD_INPUT);
        return true;
    case FRAME_COVER:
        if (!p->cfg->ledger || !ledger_take(p->cfg->ledger, body, size)) return false;
        *keep = p->cfg->cover;
        return true;
    }
    return false;
}

/* Takes complete frames out of what a worker has sent. */
static bool take_frames(struct pool *p, struct hand *h)
{
    size_t at = 0, kept = 0; /* frames from `kept` to `at` are to be, all at once */
    bool good = true;
    while (good) {
        enum frame_kind kind;
        const char *body;
        size_t size;
        bool keep = false;
        long n = frame_next(h->in.p + at, h->in.len - at, &kind, &body, &size);
        if (!n) break;
        good = n > 0 && take_frame(p, h, kind, body, size, &keep);
        if (!keep && at > kept) buf_add(&h->piece->frames, h->in.p + kept, at - kept);
        if (n > 0) at += (size_t)n;
        if (!keep) kept = at;
    }
    if (at > kept) buf_add(&h->piece->frames, h->in.p + kept, at - kept);
    if (!good) return false;
    memmove(h->in.p, h->in.p + at, h->in.len - at);
    h->in.len -= at;
    return true;
}

/* Reads what is there. A worker whose memory is so broken that it sends nonsense is killed: as good as
 * crashed. */
void hand_read(struct pool *p, struct hand *h)
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
    double t = pool_now(p), step = t - p->looked;
    p->looked = t;
    p->clock += step < 0 ? 0 : step < AWAKE_MAX ? step : AWAKE_MAX;
    return p->clock;
}

/* Somebody stopped it (SIGSTOP), and not the whole program with it. */
static bool is_stopped(const struct hand *h)
{
    siginfo_t info = {0};
    return !waitid(P_PID, (id_t)h->pid, &info, WSTOPPED | WNOHANG | WNOWAIT) && info.si_pid == h->pid;
}

/* A worker that has been at one case for too long is killed; one that was stopped, there or between cases,
 * goes on. Only the parent looks at the clock. */
static void hand_check_clock(struct pool *p, struct hand *h, double t)
{
    bool idle = h->act->doing == DOING_NOTHING;
    uint64_t number = idle ? ~0ull : h->act->number;
    if (h->since <= 0 || number != h->seen) {
        h->seen = number;
        h->since = t;
    } else if (p->cfg->timeout <= 0 || t - h->since <= p->cfg->timeout) {
        return;
    } else if (is_stopped(h)) {
        kill(h->pid, SIGCONT);
        h->since = t;
    } else if (!idle) {
        h->overdue = true;
        kill(h->pid, SIGKILL);
    }
}

void hands_check_clock(struct pool *p)
{
    double t = awake(p);
    for (unsigned i = 0; i < p->njobs; i++) {
        struct hand *h = &p->hands[i];
        if (h->pid && h->busy && !h->overdue) hand_check_clock(p, h, t);
    }
}

/* ---- as people see it ---- */

/* Ids are read while their worker may be writing them, or have gone mad. */
static void copy_id(const struct hand *h, char id[ACTIVITY_ID])
{
    memcpy(id, h->act->id, ACTIVITY_ID);
    id[ACTIVITY_ID - 1] = 0;
    for (char *c = id; *c; c++)
        if (*c < 0x20 || *c > 0x7e) *c = '?';
}

void hands_tell_slowest(const struct pool *p)
{
    const struct hand *slowest = NULL;
    char id[ACTIVITY_ID] = "";
    if (!p->cfg->slowest) return;
    for (unsigned i = 0; i < p->njobs; i++) {
        const struct hand *h = &p->hands[i];
        if (!h->pid || !h->busy || h->since <= 0 || h->act->doing == DOING_NOTHING) continue;
        if (!slowest || h->since < slowest->since) slowest = h;
    }
    if (slowest) copy_id(slowest, id);
    p->cfg->slowest(p->cfg->arg, id, slowest ? child_doing(p->cfg->lineup, slowest->act->doing) : "",
                    slowest ? p->clock - slowest->since : 0);
}

/* "worker 2 (process 4711): riscv64/m/div on jit, for 0.3 s" */
void hand_describe(const struct pool *p, const struct hand *h, struct buf *out)
{
    char id[ACTIVITY_ID];
    uint32_t doing = h->act->doing;
    copy_id(h, id);
    buf_printf(out, "  worker %d (process %d): ", (int)(h - p->hands) + 1, (int)h->pid);
    if (!h->pid || !h->busy)
        buf_str(out, "waits for work\n");
    else if (doing == DOING_NOTHING)
        buf_printf(out, "between cases, from number %llu on\n", (unsigned long long)h->a.first);
    else
        buf_printf(out, "%s on %s, for %.1f s\n", id, child_doing(p->cfg->lineup, doing),
                   h->since > 0 ? p->clock - h->since : 0);
}

/* ---- going home ---- */

/* A worker that waits for work leaves by itself, and in good order, when its socket ends; others are killed.
 */
static void hand_dismiss(const struct pool *p, const struct hand *h)
{
    if (p->res->end != POOL_DONE || h->busy || shutdown(h->fd, SHUT_WR)) kill(h->pid, SIGKILL);
}

/* Sends everybody home, and takes in what they had sent before. */
void hands_dismiss(struct pool *p)
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
