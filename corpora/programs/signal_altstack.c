/* not qemu: 7.2 has no SS_AUTODISARM */
/* The alternate stack: asking, refusing, handlers on it, handlers inside handlers, a stack that overflows. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <ucontext.h>
#include <unistd.h>

static char *alt;
static size_t alt_size = 1 << 16;
static sigjmp_buf back;
static volatile int depth;

static int on_alt(const void *p)
{
    return (const char *)p >= alt && (const char *)p < alt + alt_size;
}

static int state(void)
{
    stack_t s;
    sigaltstack(NULL, &s);
    return s.ss_flags;
}

static void inner(int sig)
{
    int here;
    printf("inner %d: on alt %d, flags %d\n", sig, on_alt(&here), state());
}

static void outer(int sig, siginfo_t *info, void *context)
{
    const ucontext_t *u = context;
    int here;
    (void)info;
    printf("outer %d: on alt %d, flags %d, saved %d %d %d\n", sig, on_alt(&here), state(),
           u->uc_stack.ss_sp == alt, u->uc_stack.ss_size == alt_size, u->uc_stack.ss_flags);
    stack_t other = {.ss_sp = alt, .ss_size = alt_size};
    int r = sigaltstack(&other, NULL);
    printf("change while on it: %d %s\n", r, strerror(errno));
    raise(SIGUSR2);
}

static void overflow(int sig, siginfo_t *info, void *context)
{
    int here;
    (void)context;
    printf("overflow %d: code %d, on alt %d, deep %d\n", sig,
           info->si_code == SEGV_MAPERR || info->si_code == SEGV_ACCERR, on_alt(&here), depth > 100);
    siglongjmp(back, 1);
}

static volatile int forever = 1;

static int recurse(int n)
{
    volatile char room[4096];
    room[0] = (char)n;
    depth++;
    return forever ? recurse(n + 1) + room[0] : 0;
}

static void autodisarm(int sig)
{
    int here;
    printf("autodisarm %d: on alt %d, flags %d\n", sig, on_alt(&here), state());
}

int main(void)
{
    alt = malloc(alt_size);
    printf("first: %d\n", state() == SS_DISABLE);
    stack_t s = {.ss_sp = alt, .ss_size = 100}, old;
    int r = sigaltstack(&s, NULL);
    printf("small: %d %s\n", r, strerror(errno));
    s.ss_size = alt_size;
    s.ss_flags = 12345;
    r = sigaltstack(&s, NULL);
    printf("flags: %d %s\n", r, strerror(errno));
    s.ss_flags = 0;
    printf("set: %d\n", sigaltstack(&s, NULL));
    printf("query: %d\n", state());

    struct sigaction a = {.sa_sigaction = outer, .sa_flags = SA_SIGINFO | SA_ONSTACK},
                     b = {.sa_handler = inner};
    sigaction(SIGUSR1, &a, NULL);
    sigaction(SIGUSR2, &b, NULL);
    raise(SIGUSR1);
    raise(SIGUSR2);

    struct rlimit limit;
    getrlimit(RLIMIT_STACK, &limit);
    if (limit.rlim_cur > 1 << 20) limit.rlim_cur = 1 << 20;
    setrlimit(RLIMIT_STACK, &limit);
    struct sigaction o = {.sa_sigaction = overflow, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigaction(SIGSEGV, &o, NULL);
    for (int i = 0; i < 3; i++) {
        depth = 0;
        if (!sigsetjmp(back, 1)) printf("%d\n", recurse(0));
        printf("back %d: flags %d\n", i, state());
    }

#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1u << 31)
#endif
    s.ss_flags = (int)SS_AUTODISARM;
    printf("set autodisarm: %d\n", sigaltstack(&s, NULL));
    struct sigaction d = {.sa_handler = autodisarm, .sa_flags = SA_ONSTACK};
    sigaction(SIGHUP, &d, NULL);
    raise(SIGHUP);
    printf("armed again: %d\n", state() == (int)SS_AUTODISARM);
    s.ss_flags = SS_DISABLE;
    printf("disable: %d\n", sigaltstack(&s, &old));
    printf("was: %d %d\n", old.ss_sp == alt, old.ss_size == alt_size);
    printf("last: %d\n", state() == SS_DISABLE);
    return 0;
}
