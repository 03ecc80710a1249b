/* not qemu: 7.2 keeps signals 63 and 64 to itself */
/* Signals sent to oneself: handlers, what they are told, the flags of sigaction, ignoring, default nothing.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static volatile int seen, code, from_me, depth, deepest;

static void plain(int sig)
{
    seen = sig;
    if (++depth > deepest) deepest = depth;
    if (depth < 3 && sig == SIGUSR2) raise(SIGUSR2);
    depth--;
}

static void full(int sig, siginfo_t *info, void *context)
{
    seen = sig == info->si_signo ? sig : -1;
    code = info->si_code;
    from_me = info->si_pid == getpid() && info->si_uid == getuid();
    if (!context) seen = -2;
}

static void every(void)
{
    for (int sig = 1; sig < NSIG; sig++) {
        struct sigaction a = {.sa_sigaction = full, .sa_flags = SA_SIGINFO};
        if (sigaction(sig, &a, NULL)) {
            printf("sigaction %d: %s\n", sig, strerror(errno));
            continue;
        }
        seen = code = from_me = 0;
        int r = kill(getpid(), sig), by_kill = code == SI_USER && from_me;
        int got = seen;
        seen = code = from_me = 0;
        int r2 = raise(sig), by_raise = code == SI_TKILL && from_me;
        printf("%d: kill %d got %d %d; raise %d got %d %d\n", sig, r, got, by_kill, r2, seen, by_raise);
    }
}

static void flags(void)
{
    struct sigaction a = {.sa_handler = plain, .sa_flags = SA_NODEFER}, old;
    sigaction(SIGUSR2, &a, NULL);
    raise(SIGUSR2);
    printf("nodefer: %d deep\n", deepest);
    deepest = 0;
    a.sa_flags = 0;
    sigaction(SIGUSR2, &a, &old);
    printf("old flags nodefer %d handler %d\n", (old.sa_flags & SA_NODEFER) != 0, old.sa_handler == plain);
    struct sigaction once = {.sa_handler = plain, .sa_flags = SA_RESETHAND};
    sigaction(SIGUSR1, &once, NULL);
    seen = 0;
    raise(SIGUSR1);
    sigaction(SIGUSR1, NULL, &old);
    printf("resethand: seen %d, then default %d\n", seen == SIGUSR1, old.sa_handler == SIG_DFL);
}

static void ignored(void)
{
    const int quiet[] = {SIGCHLD, SIGCONT, SIGURG, SIGWINCH};
    for (unsigned i = 0; i < sizeof(quiet) / sizeof(quiet[0]); i++) {
        signal(quiet[i], SIG_DFL);
        printf("default of %d: %d\n", quiet[i], raise(quiet[i]));
    }
    signal(SIGTERM, SIG_IGN);
    printf("ignored: %d\n", raise(SIGTERM));
    signal(SIGSEGV, SIG_IGN);
    printf("ignored SIGSEGV: %d\n", kill(getpid(), SIGSEGV));
    signal(SIGPIPE, SIG_IGN);
    int p[2];
    if (pipe(p)) return;
    close(p[0]);
    long n = write(p[1], "x", 1);
    printf("SIGPIPE ignored: %ld %s\n", n, strerror(errno));
    signal(SIGPIPE, plain);
    seen = 0;
    n = write(p[1], "x", 1);
    printf("SIGPIPE: %ld %s, handler %d\n", n, strerror(errno), seen == SIGPIPE);
}

static void mask_in_handler(int sig)
{
    sigset_t now;
    sigprocmask(SIG_BLOCK, NULL, &now);
    printf("in handler of %d: self %d, USR2 %d, HUP %d\n", sig, sigismember(&now, sig),
           sigismember(&now, SIGUSR2), sigismember(&now, SIGHUP));
}

static void masks(void)
{
    struct sigaction a = {.sa_handler = mask_in_handler};
    sigaddset(&a.sa_mask, SIGUSR2);
    sigaction(SIGUSR1, &a, NULL);
    raise(SIGUSR1);
    sigset_t now;
    sigprocmask(SIG_BLOCK, NULL, &now);
    printf("after: USR1 %d USR2 %d\n", sigismember(&now, SIGUSR1), sigismember(&now, SIGUSR2));
}

int main(void)
{
    every();
    flags();
    ignored();
    masks();
    printf("bad: %d %d\n", kill(getpid(), 65) == -1 && errno == EINVAL,
           kill(getpid(), 0) == 0 && signal(SIGKILL, plain) == SIG_ERR && errno == EINVAL);
    return 0;
}
