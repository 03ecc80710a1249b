/* Who runs and who waits. */
#include "harness/gdb/gdb.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
    PATIENCE_MS = 200
}; /* for threads to come to a stop; one that waits in the kernel has stopped already */

/* ---- the connection ---- */

static bool parse_address(const char *where, struct sockaddr_in *at)
{
    char host[64] = "127.0.0.1", *end;
    const char *colon = strrchr(where, ':'), *port = colon ? colon + 1 : where;
    if (colon > where && (size_t)(colon - where) < sizeof(host))
        snprintf(host, sizeof(host), "%.*s", (int)(colon - where), where);
    if (!strcmp(host, "localhost")) strcpy(host, "127.0.0.1");
    unsigned long n = strtoul(port, &end, 10);
    *at = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)n)};
    return *port && !*end && n < 65536 && inet_pton(AF_INET, host, &at->sin_addr) == 1;
}

static int listen_at(struct sockaddr_in *at, struct buf *why)
{
    socklen_t len = sizeof(*at);
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        buf_printf(why, "no socket for gdb: %s", strerror(errno));
        return -1;
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(fd, (struct sockaddr *)at, sizeof(*at)) || listen(fd, 1) ||
        getsockname(fd, (struct sockaddr *)at, &len)) {
        buf_printf(why, "cannot listen on port %u: %s", ntohs(at->sin_port), strerror(errno));
        close(fd);
        return -1;
    }
    return fd;
}

static struct gdb *new_gdb(int fd)
{
    struct gdb *d = xcalloc(1, sizeof(*d));
    d->fd = fd;
    pthread_mutex_init(&d->lock, NULL);
    pthread_cond_init(&d->changed, NULL);
    return d;
}

/* The next connection to this socket, which is closed. -errno: there was none. */
static int accept_one(int fd)
{
    int got, one = 1;
    do got = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
    while (got < 0 && errno == EINTR);
    int err = -errno;
    close(fd);
    if (got < 0) return err;
    setsockopt(got, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    return got;
}

static struct gdb *wait_for_gdb(const char *where, FILE *say, struct buf *why)
{
    struct sockaddr_in at;
    char text[INET_ADDRSTRLEN];
    if (!parse_address(where, &at)) {
        buf_printf(why, "'%s' is not PORT or ADDRESS:PORT", where);
        return NULL;
    }
    int fd = listen_at(&at, why);
    if (fd < 0) return NULL;
    fprintf(say, "lockstep: waiting for gdb on %s:%u\n", inet_ntop(AF_INET, &at.sin_addr, text, sizeof(text)),
            ntohs(at.sin_port));
    fflush(say);
    int got = accept_one(fd);
    if (got >= 0) return new_gdb(got);
    buf_printf(why, "gdb did not connect: %s", strerror(-got));
    return NULL;
}

struct gdb *gdb_open(const char *where, FILE *say, struct buf *why)
{
    int fd;
    unsigned flags;
    if (sscanf(where, "connection:%d:%u", &fd, &flags) != 2) return wait_for_gdb(where, say, why);
    struct gdb *d = new_gdb(fd);
    d->no_ack = flags & 1;
    d->exec_events = flags & 2;
    d->announced = d->executed = true;
    return d;
}

void gdb_close(struct gdb *d)
{
    if (!d) return;
    pthread_mutex_lock(&d->lock);
    int fd = d->fd;
    d->fd = -1;
    pthread_cond_broadcast(&d->changed);
    pthread_mutex_unlock(&d->lock);
    if (fd >= 0) shutdown(fd, SHUT_RDWR);
    if (d->watching) pthread_join(d->watcher, NULL);
    if (fd >= 0) close(fd);
    free(d->threads);
    free(d);
}

/* ---- threads ---- */

static struct gdb_thread *thread_of(struct gdb *d, struct user_thread *t)
{
    struct gdb_thread *spare = NULL;
    for (unsigned i = 0; i < d->nthreads; i++) {
        if (d->threads[i].t == t) return &d->threads[i];
        if (!d->threads[i].t) spare = &d->threads[i];
    }
    if (!spare) {
        /* Pointers into the array are only kept while the lock is held. */
        unsigned n = d->nthreads, current = d->current ? (unsigned)(d->current - d->threads) : 0;
        d->nthreads = n ? n * 2 : 8;
        d->threads = xrealloc(d->threads, d->nthreads * sizeof(*d->threads));
        memset(d->threads + n, 0, (d->nthreads - n) * sizeof(*d->threads));
        if (d->current) d->current = &d->threads[current];
        spare = &d->threads[n];
    }
    *spare = (struct gdb_thread){.t = t};
    return spare;
}

/* Forgets threads that ended, and kicks all that run but this one. */
static void look_around(struct gdb *d, const struct user_thread *me, bool kick)
{
    pthread_mutex_lock(&d->p->lock);
    for (unsigned i = 0; i < d->nthreads; i++) {
        struct user_thread *t = d->p->threads;
        while (t && t != d->threads[i].t) t = t->next;
        if (!t) d->threads[i].t = NULL;
    }
    for (struct user_thread *t = d->p->threads; t && kick; t = t->next)
        if (t != me) signal_kick(t);
    pthread_mutex_unlock(&d->p->lock);
}

static bool all_wait(const struct gdb *d)
{
    for (unsigned i = 0; i < d->nthreads; i++)
        if (d->threads[i].t && !d->threads[i].waits) return false;
    return true;
}

/* The watcher: an interrupt from gdb while the guest runs. */
static void *watch(void *data)
{
    struct gdb *d = data;
    pthread_mutex_lock(&d->lock);
    while (d->fd >= 0) {
        struct pollfd p = {d->fd, POLLIN, 0};
        uint8_t c;
        if (d->stopped) {
            pthread_cond_wait(&d->changed, &d->lock);
            continue;
        }
        pthread_mutex_unlock(&d->lock);
        poll(&p, 1, 50);
        pthread_mutex_lock(&d->lock);
        if (d->stopped || d->fd < 0 || recv(d->fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) != 1) continue;
        if (recv(d->fd, &c, 1, 0) != 1 || c != 3) continue;
        d->interrupt = true;
        look_around(d, NULL, true);
    }
    pthread_mutex_unlock(&d->lock);
    return NULL;
}

static void start_watcher(struct gdb *d)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    d->watching = pthread_create(&d->watcher, NULL, watch, d) == 0;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
}

/* ---- stops ---- */

/* This thread has news: everybody stops, gdb hears it and says how to go on. */
static void stop(struct gdb *d, struct user_thread *t, int sig)
{
    struct timespec until;
    d->stopped = true;
    d->interrupt = false;
    thread_of(d, t)->waits = true;
    look_around(d, t, true);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += PATIENCE_MS * 1000000l;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    while (!all_wait(d) && pthread_cond_timedwait(&d->changed, &d->lock, &until) != ETIMEDOUT) continue;
    d->current = thread_of(d, t);
    d->resume_signal = 0;
    for (unsigned i = 0; i < d->nthreads; i++) { /* what others had to tell is out of date when they go on */
        d->threads[i].steps = false;
        d->threads[i].news = 0;
    }
    serve_stopped(d, sig);
    thread_of(d, t)->waits = false;
    d->stopped = false;
    pthread_cond_broadcast(&d->changed);
}

/* A child of fork is not gdb's, nor is anything once gdb is gone. */
static bool free_of_gdb(struct gdb *d, struct user_thread *t)
{
    return t->p->forked || t->vfork_child || d->fd < 0;
}

/* Another thread may fork meanwhile, so t comes back from outside, without a lock. */
static void pause_for_gdb(struct gdb *d, struct user_thread *t)
{
    world_leave(t);
    pthread_cond_wait(&d->changed, &d->lock);
    pthread_mutex_unlock(&d->lock);
    world_enter(t);
    pthread_mutex_lock(&d->lock);
}

static uint64_t pc_of(const struct user_thread *t)
{
    return t->cpu->state[t->cpu->guest->pc_word];
}

/* A step ends where a handler begins. */
static bool stepped_into_handler(struct gdb_thread *me)
{
    bool into = me->signalled && me->steps && pc_of(me->t) != me->pc;
    me->signalled = false;
    if (into) me->steps = false;
    return into;
}

/* "signal SIGUSR1" where none came: it is sent, and does not stop. */
static void inject(struct gdb *d, struct user_thread *t)
{
    if (!d->resume_signal) return;
    thread_of(d, t)->injected = d->resume_signal;
    syscall(SYS_tgkill, getpid(), t->tid, d->resume_signal);
}

/* Until gdb lets it run, or something else wants it. */
static void wait_turn(struct gdb *d, struct user_thread *t)
{
    thread_of(d, t)->waits = true;
    pthread_cond_broadcast(&d->changed);
    while ((d->stopped || thread_of(d, t)->held) && d->fd >= 0 && !t->wanted) pause_for_gdb(d, t);
    thread_of(d, t)->waits = false;
}

/* What t has to tell before it runs on, as a signal of gdb's; 0: nothing, or somebody else is just talking.
 */
static int news_of(struct gdb *d, struct user_thread *t)
{
    struct gdb_thread *me = thread_of(d, t);
    if (d->fd < 0 || d->stopped || me->held) return 0;
    if (watch_changed(d, pc_of(t)) || stepped_into_handler(me)) me->news = GDB_TRAP;
    int news = me->news ? me->news : d->interrupt ? GDB_INT : 0;
    me->news = 0;
    return news;
}

uint64_t gdb_before_run(struct user_thread *t, void *data)
{
    struct gdb *d = data;
    if (free_of_gdb(d, t)) return UINT64_MAX;
    pthread_mutex_lock(&d->lock);
    if (!d->started) {
        d->started = true;
        d->p = t->p;
        int kept = user_keep_fd(d->p, d->fd); /* the guest can neither see nor close it */
        if (kept >= 0) d->fd = kept;
        thread_of(d, t)->news = GDB_TRAP;
        start_watcher(d);
    }
    wait_turn(d, t);
    for (int news; (news = news_of(d, t)); wait_turn(d, t)) {
        stop(d, t, news);
        inject(d, t);
    }
    const struct gdb_thread *me = thread_of(d, t);
    uint64_t budget = me->steps || d->nwatches ? 1 : UINT64_MAX;
    pthread_mutex_unlock(&d->lock);
    return budget;
}

/* A signal is about to be delivered: gdb says which it shall be, if any. */
int gdb_signal(struct user_thread *t, int sig, void *data)
{
    struct gdb *d = data;
    if (free_of_gdb(d, t)) return sig;
    pthread_mutex_lock(&d->lock);
    while ((d->stopped || thread_of(d, t)->held) && d->fd >= 0 && !t->p->exiting) pause_for_gdb(d, t);
    if (thread_of(d, t)->injected != sig && !signals_silent(d, sig) && d->fd >= 0 && !t->p->exiting) {
        stop(d, t, signals_gdb(sig));
        if (d->fd >= 0) sig = d->resume_signal;
    }
    struct gdb_thread *me = thread_of(d, t);
    me->injected = 0;
    me->signalled = sig;
    me->pc = pc_of(t);
    pthread_mutex_unlock(&d->lock);
    return sig;
}

/* The signal that a kernel would send, in gdb's numbers (gdb's include/gdb/signals.def). */
static int signal_of(const struct vcpu *c)
{
    if (c->exit.kind == EXIT_BREAKPOINT) return GDB_TRAP;
    if (c->exit.cause == c->guest->cause_of_access[0]) return 4;
    return c->host_signal == SIGBUS ? 10 : 11;
}

void gdb_after_run(struct user_thread *t, void *data)
{
    struct gdb *d = data;
    enum exit_kind kind = t->cpu->exit.kind;
    if (free_of_gdb(d, t)) return;
    pthread_mutex_lock(&d->lock);
    struct gdb_thread *me = thread_of(d, t);
    if ((kind == EXIT_BREAKPOINT || kind == EXIT_FAULT) && d->stopped) {
        t->cpu->exit.kind = EXIT_KICKED; /* it is met again, if it is still there */
    } else if (kind == EXIT_BREAKPOINT || kind == EXIT_FAULT) {
        stop(d, t, signal_of(t->cpu));
        /* Without a signal to pass on, the instruction is tried again: gdb may have changed everything. */
        if (!d->resume_signal) t->cpu->exit.kind = EXIT_KICKED;
    } else if (me->steps && kind != EXIT_KICKED) {
        me->steps = false;
        me->news = GDB_TRAP;
    }
    pthread_mutex_unlock(&d->lock);
}

/* The connection goes over to the next program, if it is this process's. */
const char *gdb_executes(struct user_thread *t, bool failed, void *data)
{
    struct gdb *d = data;
    if (free_of_gdb(d, t)) return NULL;
    fcntl(d->fd, F_SETFD, failed ? FD_CLOEXEC : 0);
    snprintf(d->option, sizeof(d->option), "--gdb=connection:%d:%d", d->fd, d->no_ack | d->exec_events << 1);
    return d->option;
}

void gdb_at_end(struct user_process *p, void *data)
{
    struct gdb *d = data;
    pthread_mutex_lock(&d->lock);
    if (d->fd >= 0) serve_ended(d, p);
    pthread_mutex_unlock(&d->lock);
}
