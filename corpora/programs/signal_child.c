/* not qemu: 7.2 keeps signals 63 and 64 to itself */
/* Signals between processes: what SIGCHLD tells, stopping and going on, how each signal ends a child,
 * children that nobody waits for. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile int got, code, status, right_pid;
static volatile pid_t child;

static void note(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)context;
    code = info->si_code;
    status = info->si_status;
    right_pid = info->si_pid == child;
    got++;
}

static void wait_for(int n)
{
    for (int i = 0; i < 5000 && got < n; i++) usleep(1000);
}

static void show(const char *what)
{
    wait_for(1);
    printf("%s: %d signal, code %d, status %d, pid %d\n", what, got, code, status, right_pid);
    got = 0;
}

static void sleep_in_child(void)
{
    fflush(stdout);
    sigset_t s, old;
    sigemptyset(&s);
    sigaddset(&s, SIGCHLD);
    sigprocmask(SIG_BLOCK, &s, &old);
    pid_t pid = fork();
    if (!pid) {
        for (;;) pause();
    }
    child = pid;
    sigprocmask(SIG_SETMASK, &old, NULL);
}

static void stories(void)
{
    int st;
    sleep_in_child();
    kill(child, SIGSTOP);
    show("stopped");
    waitpid(child, &st, WUNTRACED);
    printf("WIFSTOPPED %d %d\n", WIFSTOPPED(st), WSTOPSIG(st));
    kill(child, SIGCONT);
    show("continued");
    waitpid(child, &st, WCONTINUED);
    printf("WIFCONTINUED %d\n", WIFCONTINUED(st) != 0);
    kill(child, SIGTSTP);
    show("stopped by SIGTSTP");
    waitpid(child, &st, WUNTRACED);
    printf("WSTOPSIG %d\n", WSTOPSIG(st));
    kill(child, SIGCONT);
    show("continued");
    kill(child, SIGTERM);
    show("killed");
    siginfo_t info = {0};
    waitid(P_PID, child, &info, WEXITED | WNOWAIT);
    printf("waitid: code %d status %d signo %d\n", info.si_code, info.si_status, info.si_signo);
    waitpid(child, &st, 0);
    printf("WTERMSIG %d\n", WTERMSIG(st));
    fflush(stdout);
    sigset_t s, old;
    sigemptyset(&s);
    sigaddset(&s, SIGCHLD);
    sigprocmask(SIG_BLOCK, &s, &old);
    if (!(child = fork())) exit(42);
    sigprocmask(SIG_SETMASK, &old, NULL);
    show("exited");
    waitpid(child, &st, 0);
    printf("WEXITSTATUS %d\n", WEXITSTATUS(st));
}

static void deaths(void)
{
    signal(SIGCHLD, SIG_DFL);
    for (int sig = 1; sig < NSIG; sig++) {
        int st = 0;
        if (sig == 32 || sig == 33) continue;
        fflush(stdout);
        pid_t pid = fork();
        if (!pid) {
            raise(sig);
            _exit(3);
        }
        waitpid(pid, &st, WUNTRACED);
        if (WIFSTOPPED(st)) {
            printf("%d: stopped by %d\n", sig, WSTOPSIG(st));
            kill(pid, SIGKILL);
            waitpid(pid, &st, 0);
        } else if (WIFSIGNALED(st)) {
            printf("%d: killed by %d, core %d\n", sig, WTERMSIG(st), WCOREDUMP(st) != 0);
        } else {
            printf("%d: exited %d\n", sig, WEXITSTATUS(st));
        }
    }
}

static void ping(int sig)
{
    (void)sig;
    got++;
}

static void pong(void)
{
    /* Two processes signal each other in turn; masks make it free of races. */
    sigset_t s, old;
    signal(SIGUSR1, ping);
    sigemptyset(&s);
    sigaddset(&s, SIGUSR1);
    sigprocmask(SIG_BLOCK, &s, &old);
    got = 0;
    fflush(stdout);
    pid_t parent = getpid(), pid = fork();
    for (int i = 0; i < 50; i++) {
        if (!pid) {
            sigsuspend(&old);
            kill(parent, SIGUSR1);
        } else {
            kill(pid, SIGUSR1);
            sigsuspend(&old);
        }
    }
    if (!pid) _exit(got == 50 ? 0 : 1);
    int st;
    waitpid(pid, &st, 0);
    printf("ping-pong: %d, child %d\n", got, WEXITSTATUS(st));
    sigprocmask(SIG_SETMASK, &old, NULL);
}

static void unwaited(void)
{
    signal(SIGCHLD, SIG_IGN);
    fflush(stdout);
    pid_t pid = fork();
    if (!pid) _exit(0);
    int r = waitpid(pid, NULL, 0);
    printf("ignored SIGCHLD: %d %s\n", r, strerror(errno));
    struct sigaction a = {.sa_sigaction = note, .sa_flags = SA_SIGINFO | SA_NOCLDWAIT | SA_NOCLDSTOP};
    sigaction(SIGCHLD, &a, NULL);
    got = 0;
    sleep_in_child();
    kill(child, SIGSTOP);
    usleep(20000);
    printf("SA_NOCLDSTOP: %d\n", got);
    kill(child, SIGKILL);
    r = waitpid(child, NULL, 0);
    printf("SA_NOCLDWAIT: %d %s, %d signal\n", r, strerror(errno), got);
}

int main(void)
{
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    struct sigaction a = {.sa_sigaction = note, .sa_flags = SA_SIGINFO | SA_RESTART};
    sigaction(SIGCHLD, &a, NULL);
    stories();
    deaths();
    pong();
    unwaited();
    return 0;
}
