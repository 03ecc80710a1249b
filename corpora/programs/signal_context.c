/* Contexts: registers survive handlers, a handler may change them, makecontext and swapcontext, jumping out
 * of a handler puts the mask back. */
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <ucontext.h>

static volatile int ticks;
static volatile double sink;

static void tick(int sig)
{
    (void)sig;
    double v[8];
    for (int i = 0; i < 8; i++) v[i] = sqrt((double)ticks + i); /* other values in the FP registers */
    for (int i = 0; i < 8; i++) sink += v[i];
    ticks++;
}

/* Integer and FP work under a storm of signals: any register that a handler loses shows. */
static void storm(void)
{
    struct sigaction a = {.sa_handler = tick, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &a, NULL);
    struct itimerval v = {{0, 1000}, {0, 1000}};
    setitimer(ITIMER_REAL, &v, NULL);
    unsigned long h = 1;
    double x = 0, y = 1, z = 2, w = 3;
    long rounds = 0;
    while (ticks < 50 && rounds < 400) {
        h = 1;
        x = 0, y = 1, z = 2, w = 3;
        for (unsigned i = 1; i < 100000; i++) {
            h = h * 6364136223846793005ul + i;
            x += y / i;
            y = y * 0.9999; /* no product is added to: nothing to contract */
            z = (z + y) / 1.5;
            w = sqrt(w + 2);
        }
        rounds++;
    }
    memset(&v, 0, sizeof(v));
    setitimer(ITIMER_REAL, &v, NULL);
    printf("storm: %lx %.17g %.17g %.17g %.17g, ticks %d\n", h, x, y, z, w, ticks > 0);
}

static ucontext_t main_context, co[2];
static char stacks[2][65536];
static int turns;

static void body(int me, int other)
{
    for (int i = 0; i < 3; i++) {
        printf("co %d turn %d\n", me, turns++);
        swapcontext(&co[me], &co[other]);
    }
    printf("co %d done\n", me);
}

static void coroutines(void)
{
    for (int i = 0; i < 2; i++) {
        getcontext(&co[i]);
        co[i].uc_stack.ss_sp = stacks[i];
        co[i].uc_stack.ss_size = sizeof(stacks[i]);
        co[i].uc_link = &main_context;
        makecontext(&co[i], (void (*)(void))body, 2, i, 1 - i);
    }
    swapcontext(&main_context, &co[0]);
    printf("main again\n");
}

static sigjmp_buf back;

static void leave(int sig)
{
    siglongjmp(back, sig);
}

static int blocked(int sig)
{
    sigset_t s;
    sigprocmask(SIG_BLOCK, NULL, &s);
    return sigismember(&s, sig);
}

static void out_of_handlers(void)
{
    signal(SIGUSR1, leave);
    for (volatile int i = 0; i < 3; i++) {
        int r = sigsetjmp(back, 1);
        if (!r) raise(SIGUSR1);
        printf("out %d: %d, blocked %d\n", i, r == SIGUSR1, blocked(SIGUSR1));
    }
    if (!sigsetjmp(back, 0)) raise(SIGUSR1);
    printf("mask kept: blocked %d\n", blocked(SIGUSR1));
    sigset_t s;
    sigemptyset(&s);
    sigprocmask(SIG_SETMASK, &s, NULL);
}

static void change_mask(int sig, siginfo_t *info, void *context)
{
    ucontext_t *u = context;
    (void)sig;
    (void)info;
    sigaddset(&u->uc_sigmask, SIGHUP);
}

/* A handler that swaps to another context and comes back later. */
static ucontext_t elsewhere, interrupted;
static char other_stack[65536];
static volatile int visited;

static void visit(void)
{
    visited++;
    printf("visiting\n");
    setcontext(&interrupted);
}

static void away(int sig)
{
    (void)sig;
    swapcontext(&interrupted, &elsewhere);
    printf("handler goes on\n");
}

int main(void)
{
    storm();
    coroutines();
    out_of_handlers();
    struct sigaction a = {.sa_sigaction = change_mask, .sa_flags = SA_SIGINFO};
    sigaction(SIGUSR2, &a, NULL);
    raise(SIGUSR2);
    printf("changed mask: HUP %d USR2 %d\n", blocked(SIGHUP), blocked(SIGUSR2));
    getcontext(&elsewhere);
    elsewhere.uc_stack.ss_sp = other_stack;
    elsewhere.uc_stack.ss_size = sizeof(other_stack);
    elsewhere.uc_link = NULL;
    makecontext(&elsewhere, visit, 0);
    signal(SIGUSR1, away);
    raise(SIGUSR1);
    printf("visited %d, blocked %d\n", visited, blocked(SIGUSR1));
    return 0;
}
