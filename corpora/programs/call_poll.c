/* Waiting: poll, select, epoll, and the descriptors made to be waited for. */
#include "calls.h"

#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <sys/timerfd.h>

static volatile int handled;

static void handler(int sig)
{
    handled++;
}

static void polls(void)
{
    int p[2];
    SAY(pipe(p));
    struct pollfd f[3] = {{p[0], POLLIN, 9}, {p[1], POLLOUT | POLLIN, 9}, {-1, POLLIN, 9}};
    SAY(poll(f, 3, 0));
    printf("%x %x %x\n", f[0].revents, f[1].revents, f[2].revents);
    SAY(write(p[1], "x", 1));
    struct timespec t = {0, 1000000}, bad = {0, 1000000000};
    SAY(ppoll(f, 3, &t, NULL));
    printf("%x\n", f[0].revents);
    SAY(ppoll(f, 3, &bad, NULL));
    f[0].fd = 77;
    SAY(poll(f, 1, -1));
    printf("%x\n", f[0].revents);
    SAY(poll(NULL, 0, 1));
    fd_set r, w;
    FD_ZERO(&r);
    FD_ZERO(&w);
    FD_SET(p[0], &r);
    FD_SET(p[1], &w);
    struct timeval tv = {1, 0};
    SAY(select(p[1] + 1, &r, &w, NULL, &tv));
    printf("%d %d\n", FD_ISSET(p[0], &r), FD_ISSET(p[1], &w));
    char c;
    SAY(read(p[0], &c, 1));
    FD_SET(p[0], &r);
    tv = (struct timeval){0, 1000};
    SAY(select(p[0] + 1, &r, NULL, NULL, &tv));
    printf("%d\n", FD_ISSET(p[0], &r));
    SAY(select(-1, &r, NULL, NULL, &tv));
    FD_SET(99, &r);
    SAY(pselect(100, &r, NULL, NULL, &t, NULL));
    /* the mask of ppoll lets the signal in, and the handler has run when it returns */
    sigset_t block, none;
    sigemptyset(&none);
    sigemptyset(&block);
    sigaddset(&block, SIGUSR1);
    sigprocmask(SIG_BLOCK, &block, NULL);
    signal(SIGUSR1, handler);
    raise(SIGUSR1);
    printf("handled %d\n", handled);
    SAY(ppoll(NULL, 0, NULL, &none));
    printf("handled %d\n", handled);
    raise(SIGUSR1);
    SAY(pselect(0, NULL, NULL, NULL, NULL, &none));
    printf("handled %d\n", handled);
    sigset_t now;
    sigprocmask(SIG_BLOCK, NULL, &now);
    printf("blocked %d\n", sigismember(&now, SIGUSR1));
    int e = epoll_create1(0);
    struct epoll_event ev;
    raise(SIGUSR1);
    SAY(epoll_pwait(e, &ev, 1, -1, &none));
    printf("handled %d\n", handled);
    close(e);
    close(p[0]);
    close(p[1]);
}

static void epolls(void)
{
    int e = epoll_create1(EPOLL_CLOEXEC), a = eventfd(3, EFD_NONBLOCK),
        b = eventfd(0, EFD_SEMAPHORE | EFD_NONBLOCK);
    struct epoll_event ev = {EPOLLIN, {.u64 = 0x1122334455667788}}, out[8];
    memset(out, 0xee, sizeof(out));
    SAY(epoll_ctl(e, EPOLL_CTL_ADD, a, &ev));
    SAY(epoll_ctl(e, EPOLL_CTL_ADD, a, &ev));
    ev.data.u64 = 0xaabbccddeeff0011;
    ev.events = EPOLLIN | EPOLLET;
    SAY(epoll_ctl(e, EPOLL_CTL_ADD, b, &ev));
    SAY(epoll_wait(e, out, 8, 0));
    printf("%x %llx %d\n", out[0].events, (unsigned long long)out[0].data.u64,
           ((unsigned char *)&out[1])[0] == 0xee);
    uint64_t v = 2;
    SAY(write(b, &v, 8));
    SAY(epoll_wait(e, out, 8, 0));
    printf("%x %llx %x %llx\n", out[0].events, (unsigned long long)out[0].data.u64, out[1].events,
           (unsigned long long)out[1].data.u64);
    SAY(epoll_wait(e, out, 8, 0));
    SAY(epoll_wait(e, out, 0, 0));
    SAY(epoll_wait(e, out, -1, 0));
    SAY(epoll_wait(e, (void *)16, 1, 0));
    SAY(read(a, &v, 8));
    printf("%llu\n", (unsigned long long)v);
    SAY(read(a, &v, 8));
    SAY(read(b, &v, 8));
    printf("%llu\n", (unsigned long long)v);
    SAY(read(b, &v, 4));
    SAY(epoll_ctl(e, EPOLL_CTL_DEL, a, NULL));
    SAY(epoll_ctl(e, EPOLL_CTL_MOD, a, &ev));
    SAY(epoll_ctl(e, EPOLL_CTL_ADD, e, &ev));
    SAY(epoll_wait(a, out, 8, 0));
    close(a);
    close(b);
    close(e);
}

static void timers(void)
{
    int t = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    struct itimerspec s = {{0, 1000000}, {0, 2000000}}, old;
    uint64_t v = 0;
    SAY(read(t, &v, 8));
    SAY(timerfd_settime(t, 0, &s, &old));
    printf("%ld %ld\n", old.it_value.tv_sec, old.it_value.tv_nsec);
    struct pollfd f = {t, POLLIN, 0};
    SAY(poll(&f, 1, 1000));
    SAY(read(t, &v, 8));
    printf("%d\n", v >= 1);
    SAY(timerfd_gettime(t, &old));
    printf("%ld %ld %d\n", old.it_interval.tv_sec, old.it_interval.tv_nsec, old.it_value.tv_nsec > 0);
    SAY(timerfd_settime(t, 0, NULL, NULL));
    close(t);
}

static void signals(void)
{
    sigset_t set;
    struct signalfd_siginfo info;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    SAY(read(fd, &info, sizeof(info)));
    raise(SIGUSR2);
    SAY(read(fd, &info, sizeof(info)));
    printf("%u %d %d\n", info.ssi_signo, info.ssi_code, info.ssi_pid == (unsigned)getpid());
    sigaddset(&set, SIGHUP);
    SAY(signalfd(fd, &set, 0) == fd);
    SAY(signalfd(0, &set, 0));
    close(fd);
}

static void notify(void)
{
    char dir[] = "/tmp/calls_pollXXXXXX", name[100], buf[1000];
    SAY(mkdtemp(dir) != NULL);
    int fd = inotify_init1(IN_NONBLOCK);
    int w = inotify_add_watch(fd, dir, IN_CREATE | IN_DELETE | IN_CLOSE_WRITE);
    printf("%d\n", w > 0);
    snprintf(name, sizeof(name), "%s/x", dir);
    close(open(name, O_CREAT | O_WRONLY, 0600));
    unlink(name);
    ssize_t n = read(fd, buf, sizeof(buf));
    for (char *p = buf; p < buf + n; p += sizeof(struct inotify_event) + ((struct inotify_event *)p)->len)
        printf("%x %s\n", ((struct inotify_event *)p)->mask, ((struct inotify_event *)p)->name);
    SAY(inotify_rm_watch(fd, w));
    SAY(inotify_add_watch(fd, "/no/such", IN_CREATE));
    rmdir(dir);
}

int main(void)
{
    polls();
    epolls();
    timers();
    signals();
    notify();
    return 0;
}
