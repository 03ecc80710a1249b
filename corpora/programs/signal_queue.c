/* not qemu: 7.2 loses a SIGSEGV that is sent while it is blocked */
/* Blocked signals: pending sets, coalescing of the old ones, queueing and order of the real-time ones,
 * values, waiting for signals instead of handling them. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

static char log_text[4096];
static int log_len, nested;

static void note(int sig, siginfo_t *info, void *context)
{
    (void)context;
    log_len += snprintf(log_text + log_len, sizeof(log_text) - log_len, " %d:%d:%d@%d", sig, info->si_code,
                        info->si_code == SI_QUEUE ? info->si_value.sival_int : 0, nested);
    nested++;
    nested--;
}

static void show(const char *what)
{
    printf("%s:%s\n", what, log_text);
    log_len = 0;
    log_text[0] = 0;
}

static void pending(const char *what)
{
    sigset_t s;
    sigpending(&s);
    printf("pending %s:", what);
    for (int i = 1; i < NSIG; i++)
        if (sigismember(&s, i) == 1) printf(" %d", i);
    printf("\n");
}

static void send(int sig, int value)
{
    if (sigqueue(getpid(), sig, (union sigval){.sival_int = value}))
        printf("sigqueue: %s\n", strerror(errno));
}

int main(void)
{
    sigset_t all, none, some;
    struct sigaction a = {.sa_sigaction = note, .sa_flags = SA_SIGINFO};
    sigfillset(&all);
    sigemptyset(&none);
    sigfillset(&a.sa_mask); /* one handler at a time: the order is the kernel's */
    for (int i = 1; i < NSIG; i++) sigaction(i, &a, NULL);

    sigprocmask(SIG_SETMASK, &all, NULL);
    for (int i = 0; i < 3; i++) {
        send(SIGRTMIN + 5, i);
        send(SIGUSR1, 10 + i);
        send(SIGRTMIN + 2, 20 + i);
    }
    raise(SIGSEGV);
    raise(SIGFPE);
    kill(getpid(), SIGTERM);
    pending("all");
    sigprocmask(SIG_SETMASK, &none, NULL);
    show("unblocked");
    pending("none");

    sigprocmask(SIG_SETMASK, &all, NULL);
    send(SIGUSR2, 1);
    send(SIGRTMAX, 2);
    sigemptyset(&some);
    sigaddset(&some, SIGRTMAX);
    sigprocmask(SIG_UNBLOCK, &some, NULL);
    show("unblock one");
    pending("rest");

    siginfo_t info;
    int r = sigwaitinfo(&all, &info);
    printf("sigwaitinfo: %d code %d value %d\n", r == SIGUSR2, info.si_code == SI_QUEUE,
           info.si_value.sival_int);
    struct timespec brief = {.tv_nsec = 1000000};
    r = sigtimedwait(&all, &info, &brief);
    printf("sigtimedwait: %d %s\n", r, strerror(errno));
    raise(SIGBUS);
    sigemptyset(&some);
    sigaddset(&some, SIGBUS);
    r = sigtimedwait(&some, &info, &brief);
    printf("sigtimedwait SIGBUS: %d code %d\n", r == SIGBUS, info.si_code == SI_TKILL);
    int got = 0;
    kill(getpid(), SIGHUP);
    r = sigwait(&all, &got);
    printf("sigwait: %d %d\n", r, got);

    send(SIGRTMIN, 77);
    send(SIGUSR1, 78);
    sigfillset(&some);
    sigdelset(&some, SIGRTMIN);
    r = sigsuspend(&some);
    printf("sigsuspend: %d %s\n", r, strerror(errno));
    show("suspended");
    raise(SIGILL);
    sigfillset(&some);
    sigdelset(&some, SIGILL);
    r = sigsuspend(&some);
    printf("sigsuspend SIGILL: %d %s\n", r, strerror(errno));
    show("suspended");
    pending("after sigsuspend");
    struct pollfd none_of[1];
    sigfillset(&some);
    sigdelset(&some, SIGUSR1);
    r = ppoll(none_of, 0, NULL, &some);
    printf("ppoll: %d %s\n", r, strerror(errno));
    show("polled");
    sigprocmask(SIG_BLOCK, NULL, &some);
    printf("blocked still: %d %d\n", sigismember(&some, SIGUSR1), sigismember(&some, SIGRTMIN));

    int fd = signalfd(-1, &all, 0);
    struct signalfd_siginfo si;
    send(SIGRTMIN + 3, 99);
    memset(&si, 0, sizeof(si));
    long n = read(fd, &si, sizeof(si));
    printf("signalfd: %d signo %d code %d value %d\n", n == sizeof(si),
           si.ssi_signo == (unsigned)SIGRTMIN + 3, si.ssi_code == SI_QUEUE, si.ssi_int);
    signal(SIGUSR1, SIG_IGN);
    kill(getpid(), SIGUSR1);
    pending("ignored");
    return 0;
}
