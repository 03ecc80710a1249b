/* Signals and threads: pthread_kill, masks of each thread, who gets a signal for the process, sigwait as a
 * thread's work, cancellation, an abort that a handler sees. */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { N = 8 };
static pthread_t threads[N];
static atomic_int hits[N], total, ready;
static _Thread_local int me = -1;
static atomic_bool stop;

static void note(int sig)
{
    (void)sig;
    if (me >= 0) atomic_fetch_add(&hits[me], 1);
    atomic_fetch_add(&total, 1);
}

static void wait_total(int n)
{
    for (int i = 0; i < 5000 && total < n; i++) usleep(1000);
}

static void *spin(void *arg)
{
    me = (int)(long)arg;
    atomic_fetch_add(&ready, 1);
    while (!stop) {
        for (volatile int i = 0; i < 1000; i++) continue;
    }
    return NULL;
}

static void *nap(void *arg)
{
    me = (int)(long)arg;
    atomic_fetch_add(&ready, 1);
    while (!stop) usleep(500);
    return NULL;
}

static void each(const char *what, void *(*body)(void *))
{
    stop = false;
    ready = total = 0;
    for (int i = 0; i < N; i++) {
        hits[i] = 0;
        pthread_create(&threads[i], NULL, body, (void *)(long)i);
    }
    while (ready < N) usleep(100);
    for (int round = 1; round <= 20; round++) {
        for (int i = 0; i < N; i++) pthread_kill(threads[i], SIGUSR1);
        wait_total(round * N);
    }
    stop = true;
    printf("%s:", what);
    for (int i = 0; i < N; i++) {
        pthread_join(threads[i], NULL);
        printf(" %d", hits[i]);
    }
    printf("\n");
}

static void *only_one(void *arg)
{
    sigset_t s;
    me = (int)(long)arg;
    sigemptyset(&s);
    sigaddset(&s, SIGUSR2);
    if (me == 3) pthread_sigmask(SIG_UNBLOCK, &s, NULL);
    atomic_fetch_add(&ready, 1);
    while (!stop) usleep(500);
    return NULL;
}

static void to_process(void)
{
    sigset_t s, old;
    sigemptyset(&s);
    sigaddset(&s, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &s, &old);
    stop = false;
    ready = total = 0;
    for (int i = 0; i < N; i++) {
        hits[i] = 0;
        pthread_create(&threads[i], NULL, only_one, (void *)(long)i);
    }
    while (ready < N) usleep(100);
    for (int i = 1; i <= 10; i++) {
        kill(getpid(), SIGUSR2);
        wait_total(i);
    }
    stop = true;
    printf("process:");
    for (int i = 0; i < N; i++) {
        pthread_join(threads[i], NULL);
        printf(" %d", hits[i]);
    }
    printf("\n");
    pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static void *wait_for_signals(void *arg)
{
    sigset_t *s = arg;
    int sig, sum = 0;
    do {
        sigwait(s, &sig);
        sum += sig;
    } while (sig != SIGTERM);
    return (void *)(long)sum;
}

static void as_work(void)
{
    sigset_t s, old;
    pthread_t t;
    void *sum;
    sigemptyset(&s);
    sigaddset(&s, SIGHUP);
    sigaddset(&s, SIGINT);
    sigaddset(&s, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &s, &old);
    pthread_create(&t, NULL, wait_for_signals, &s);
    kill(getpid(), SIGHUP);
    usleep(20000);
    pthread_kill(t, SIGINT);
    usleep(20000);
    kill(getpid(), SIGTERM);
    pthread_join(t, &sum);
    printf("sigwait: sum %ld\n", (long)sum);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static void cleaned(void *arg)
{
    printf("cleanup %s\n", (const char *)arg);
}

static void *waits(void *arg)
{
    pthread_cleanup_push(cleaned, arg);
    for (;;) pause();
    pthread_cleanup_pop(0);
    return NULL;
}

static void *computes(void *arg)
{
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
    atomic_fetch_add(&ready, 1);
    for (volatile unsigned long i = 0;; i++) continue;
    return arg;
}

static void *not_now(void *arg)
{
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    atomic_fetch_add(&ready, 1);
    while (!stop) usleep(500);
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
    pthread_testcancel();
    return arg;
}

static void cancel(const char *what, void *(*body)(void *), int wait_ready)
{
    pthread_t t;
    void *result;
    ready = 0;
    stop = false;
    pthread_create(&t, NULL, body, (void *)what);
    if (wait_ready)
        while (!ready) usleep(100);
    else
        usleep(20000);
    int r = pthread_cancel(t);
    stop = true;
    pthread_join(t, &result);
    printf("cancel %s: %d %d\n", what, r, result == PTHREAD_CANCELED);
}

static void on_abort(int sig)
{
    (void)sig;
    if (write(1, "abort seen\n", 11) != 11) _exit(1);
}

static void aborts(void)
{
    int st;
    fflush(stdout);
    pid_t pid = fork();
    if (!pid) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        signal(SIGABRT, on_abort);
        abort();
    }
    waitpid(pid, &st, 0);
    printf("abort: killed %d by %d\n", WIFSIGNALED(st), WTERMSIG(st));
}

static void *kills_itself(void *arg)
{
    (void)arg;
    pthread_kill(pthread_self(), SIGUSR1);
    return NULL;
}

/* Every thread changes its ids: glibc has a signal of its own for that. */
static void change_ids(void)
{
    pthread_t t[4];
    int bad = 0;
    stop = false;
    ready = 0;
    for (int i = 0; i < 4; i++) pthread_create(&t[i], NULL, i % 2 ? spin : nap, (void *)(long)i);
    while (ready < 4) usleep(100);
    for (int i = 0; i < 50; i++) bad += setgid(getgid()) != 0 || setuid(getuid()) != 0;
    stop = true;
    for (int i = 0; i < 4; i++) pthread_join(t[i], NULL);
    printf("ids: %d bad\n", bad);
}

static void storm_of_short_threads(void)
{
    total = 0;
    for (int i = 0; i < 100; i++) {
        pthread_t t;
        pthread_create(&t, NULL, kills_itself, NULL);
        pthread_join(t, NULL);
    }
    printf("short threads: %d\n", total);
}

int main(void)
{
    struct sigaction a = {.sa_handler = note, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &a, NULL);
    sigaction(SIGUSR2, &a, NULL);
    each("spinning", spin);
    each("napping", nap);
    to_process();
    as_work();
    cancel("waits", waits, 0);
    cancel("computes", computes, 1);
    cancel("not now", not_now, 1);
    change_ids();
    storm_of_short_threads();
    aborts();
    return 0;
}
