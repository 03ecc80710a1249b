/* Timers that send signals: setitimer, alarm, timer_create in its ways to tell. */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile int count, code, value, in_thread;
static pthread_t main_thread;
static sem_t fired;

static void note(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)context;
    count++;
    code = info->si_code;
    value = info->si_value.sival_int;
    in_thread = !pthread_equal(pthread_self(), main_thread);
}

static void by_thread(union sigval v)
{
    value = v.sival_int;
    sem_post(&fired);
}

static void wait_for(int n)
{
    for (int i = 0; i < 2000 && count < n; i++) usleep(1000);
}

static void *other(void *arg)
{
    *(volatile int *)arg = (int)syscall(SYS_gettid);
    for (int i = 0; i < 2000 && !count; i++) usleep(1000);
    return NULL;
}

int main(void)
{
    struct sigaction a = {.sa_sigaction = note, .sa_flags = SA_SIGINFO};
    main_thread = pthread_self();
    sigaction(SIGALRM, &a, NULL);
    sigaction(SIGVTALRM, &a, NULL);
    sigaction(SIGPROF, &a, NULL);
    sigaction(SIGRTMIN + 1, &a, NULL);

    struct itimerval once = {{0, 0}, {0, 5000}}, left;
    setitimer(ITIMER_REAL, &once, NULL);
    wait_for(1);
    printf("real: %d, code %d\n", count, code == SI_KERNEL);
    count = 0;
    setitimer(ITIMER_VIRTUAL, &once, NULL);
    for (volatile long i = 0; !count && i < 4000000000; i++) continue;
    printf("virtual: %d\n", count);
    count = 0;
    setitimer(ITIMER_PROF, &once, NULL);
    for (volatile long i = 0; !count && i < 4000000000; i++) continue;
    printf("prof: %d\n", count);
    alarm(100);
    getitimer(ITIMER_REAL, &left);
    unsigned rest = alarm(0);
    printf("alarm: %d %d\n", left.it_value.tv_sec >= 99, rest >= 99);

    timer_t t;
    struct sigevent ev = {
        .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 1, .sigev_value.sival_int = 4711};
    struct itimerspec its = {.it_value.tv_nsec = 2000000, .it_interval.tv_nsec = 2000000};
    printf("create: %d\n", timer_create(CLOCK_MONOTONIC, &ev, &t));
    count = 0;
    timer_settime(t, 0, &its, NULL);
    wait_for(3);
    printf("signal: %d, code %d, value %d\n", count >= 3, code == SI_TIMER, value);
    sigset_t s, old;
    sigemptyset(&s);
    sigaddset(&s, SIGRTMIN + 1);
    sigprocmask(SIG_BLOCK, &s, &old);
    usleep(30000);
    siginfo_t info;
    sigwaitinfo(&s, &info);
    printf("overrun: %d %d\n", info.si_overrun > 3, timer_getoverrun(t) > 3);
    timer_delete(t);
    sigprocmask(SIG_SETMASK, &old, NULL);
    int r = timer_gettime(t, &its);
    printf("deleted: %d %s\n", r, strerror(errno));

    volatile int tid = 0;
    pthread_t th;
    count = 0;
    pthread_create(&th, NULL, other, (void *)&tid);
    while (!tid) usleep(100);
    ev.sigev_notify = SIGEV_THREAD_ID;
    ev._sigev_un._tid = tid;
    ev.sigev_value.sival_int = 12;
    its.it_value.tv_nsec = 2000000;
    its.it_interval.tv_nsec = 0;
    timer_create(CLOCK_REALTIME, &ev, &t);
    timer_settime(t, 0, &its, NULL);
    wait_for(1);
    pthread_join(th, NULL);
    printf("thread id: %d, in it %d, value %d\n", count, in_thread, value);
    timer_delete(t);

    sem_init(&fired, 0, 0);
    memset(&ev, 0, sizeof(ev));
    ev.sigev_notify = SIGEV_THREAD;
    ev.sigev_notify_function = by_thread;
    ev.sigev_value.sival_int = 99;
    timer_create(CLOCK_MONOTONIC, &ev, &t);
    its.it_value.tv_nsec = 1000000;
    timer_settime(t, 0, &its, NULL);
    while (sem_wait(&fired)) continue;
    printf("thread: value %d\n", value);
    timer_delete(t);
    return 0;
}
