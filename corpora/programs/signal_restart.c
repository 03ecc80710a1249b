/* Calls that wait and are interrupted: which go on after a handler with SA_RESTART, which never do, what is
 * left of a sleep (signal(7)). */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile int ticks, feed = -1;

static void tick(int sig)
{
    (void)sig;
    int saved = errno;
    if (++ticks == 3 && feed >= 0 && write(feed, "x", 1) != 1) _exit(9);
    errno = saved;
}

static void every_ms(int ms)
{
    struct itimerval v = {{ms / 1000, ms % 1000 * 1000}, {ms / 1000, ms % 1000 * 1000}};
    setitimer(ITIMER_REAL, &v, NULL);
}

static void begin(int flags)
{
    struct sigaction a = {.sa_handler = tick, .sa_flags = flags};
    sigaction(SIGALRM, &a, NULL);
    ticks = 0;
    errno = 0;
    every_ms(10);
}

static void end(const char *what, long r)
{
    int e = errno;
    every_ms(0);
    const char *how_often = !ticks ? "no tick" : r >= 0 && ticks >= 3 ? "3 ticks or more" : "ticks";
    printf("%s: %ld %s, %s\n", what, r, r < 0 ? strerror(e) : "-", how_often);
}

static void calls(const char *how, int flags)
{
    char c, what[64];
    int p[2], s[2];
    if (pipe(p) || socketpair(AF_UNIX, SOCK_STREAM, 0, s)) return;
#define TRY(name, fd, call)                               \
    do {                                                  \
        snprintf(what, sizeof(what), "%s %s", how, name); \
        feed = flags ? fd : -1;                           \
        begin(flags);                                     \
        long r_ = call;                                   \
        end(what, r_);                                    \
    } while (0)
    TRY("read", p[1], read(p[0], &c, 1));
    TRY("recv", s[1], recv(s[0], &c, 1, 0));
    struct pollfd pf = {.fd = p[0], .events = POLLIN};
    TRY("poll", -1, poll(&pf, 1, 1000));
    fd_set set;
    FD_ZERO(&set);
    FD_SET(p[0], &set);
    TRY("select", -1, select(p[0] + 1, &set, NULL, NULL, NULL));
    int ep = epoll_create1(0);
    struct epoll_event ev;
    TRY("epoll_wait", -1, epoll_wait(ep, &ev, 1, -1));
    TRY("pause", -1, pause());
    struct timespec want = {.tv_sec = 5}, left = {0};
    TRY("nanosleep", -1, nanosleep(&want, &left));
    printf("left: %d\n", left.tv_sec == 4 && left.tv_nsec > 500000000);
    TRY("clock_nanosleep", -1, -!!(errno = clock_nanosleep(CLOCK_MONOTONIC, 0, &want, NULL)));
    close(ep);
    close(p[0]), close(p[1]), close(s[0]), close(s[1]);
}

/* A child that waits until it is told, or its parent has closed the pipe; `before` in it first. */
static pid_t waiting_child(int *tell, void (*before)(int), int fd)
{
    int go[2], there[2];
    char c;
    if (pipe(go) || pipe(there)) exit(1);
    pid_t child = fork();
    if (!child) {
        close(go[1]);
        if (before) before(fd);
        if (write(there[1], "x", 1) != 1) _exit(1);
        while (read(go[0], &c, 1) < 0) continue;
        _exit(7);
    }
    if (read(there[0], &c, 1) != 1) exit(1);
    close(go[0]), close(there[0]), close(there[1]);
    *tell = go[1];
    return child;
}

static void take_lock(int fd)
{
    struct flock lock = {.l_type = F_WRLCK};
    fcntl(fd, F_SETLK, &lock);
}

static void waits(const char *how, int flags)
{
    char what[64], name[] = "/tmp/signal_restart_XXXXXX";
    int status = 0, tell, fd = mkstemp(name);
    pid_t child = waiting_child(&tell, NULL, -1);
    feed = flags ? tell : -1;
    begin(flags);
    pid_t r = waitpid(child, &status, 0);
    snprintf(what, sizeof(what), "%s waitpid", how);
    end(what, r < 0 ? -1 : r == child);
    close(tell);
    if (r < 0) waitpid(child, &status, 0);
    printf("status %d\n", WEXITSTATUS(status));
    sem_t sem;
    sem_init(&sem, 0, 0);
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 5;
    feed = -1;
    begin(flags);
    snprintf(what, sizeof(what), "%s sem_timedwait", how);
    end(what, sem_timedwait(&sem, &until));
    struct flock lock = {.l_type = F_WRLCK};
    child = waiting_child(&tell, take_lock, fd);
    feed = flags ? tell : -1;
    begin(flags);
    snprintf(what, sizeof(what), "%s F_SETLKW", how);
    end(what, fcntl(fd, F_SETLKW, &lock));
    close(tell);
    waitpid(child, &status, 0);
    unlink(name);
    close(fd);
}

int main(void)
{
    calls("restart", SA_RESTART);
    waits("restart", SA_RESTART);
    calls("plain", 0);
    waits("plain", 0);
    /* No handler runs: a sleep takes up the rest, and poll goes on. */
    signal(SIGALRM, SIG_IGN);
    every_ms(5);
    struct timespec t = {.tv_nsec = 50000000}, a, b;
    clock_gettime(CLOCK_MONOTONIC, &a);
    int r = nanosleep(&t, NULL);
    clock_gettime(CLOCK_MONOTONIC, &b);
    long ms = (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000;
    printf("ignored: %d, %s\n", r, ms >= 50 && ms < 5000 ? "slept" : "not slept");
    printf("ignored poll: %d\n", poll(NULL, 0, 30));
    return 0;
}
