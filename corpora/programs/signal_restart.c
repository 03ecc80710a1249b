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
        feed = fd;                                        \
        begin(flags);                                     \
        long r_ = call;                                   \
        end(what, r_);                                    \
    } while (0)
    TRY("read", p[1], read(p[0], &c, 1));
    if (!flags) TRY("feed", p[1], (usleep(100000), usleep(100000), usleep(100000), read(p[0], &c, 1)));
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

static void waits(const char *how, int flags)
{
    char what[64];
    int status = 0;
    pid_t child = fork();
    if (!child) {
        usleep(80000);
        _exit(7);
    }
    feed = -1;
    begin(flags);
    pid_t r = waitpid(child, &status, 0);
    snprintf(what, sizeof(what), "%s waitpid", how);
    end(what, r < 0 ? -1 : r == child);
    if (r < 0) waitpid(child, &status, 0);
    printf("status %d\n", WEXITSTATUS(status));
    sem_t sem;
    sem_init(&sem, 0, 0);
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 5;
    begin(flags);
    snprintf(what, sizeof(what), "%s sem_timedwait", how);
    end(what, sem_timedwait(&sem, &until));
    int l[2];
    struct flock lock = {.l_type = F_WRLCK};
    char name[] = "/tmp/signal_restart_XXXXXX";
    int fd = mkstemp(name);
    if (pipe(l) || fd < 0) return;
    if (!(child = fork())) {
        fcntl(fd, F_SETLK, &lock);
        if (write(l[1], "l", 1) != 1) _exit(1);
        usleep(80000);
        _exit(0);
    }
    char c;
    if (read(l[0], &c, 1) != 1) return;
    begin(flags);
    snprintf(what, sizeof(what), "%s F_SETLKW", how);
    end(what, fcntl(fd, F_SETLKW, &lock));
    waitpid(child, &status, 0);
    unlink(name);
    close(fd), close(l[0]), close(l[1]);
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
    printf("ignored: %d, %s\n", r, ms >= 50 && ms < 500 ? "slept" : "not slept");
    printf("ignored poll: %d\n", poll(NULL, 0, 30));
    return 0;
}
