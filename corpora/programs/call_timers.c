/* Time: clocks, sleeping, timers of each kind and the signals they send. */
#include "calls.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/timex.h>
#include <sys/syscall.h>
#include <time.h>

static volatile int alarms, value;

static void handler(int sig, siginfo_t *info, void *context)
{
    alarms++;
    value = info->si_code == SI_TIMER ? info->si_value.sival_int : -1;
}

static long long now(clockid_t id)
{
    struct timespec t;
    if (clock_gettime(id, &t)) return -1;
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static void clocks(void)
{
    struct timespec t;
    struct timeval tv;
    long long a = now(CLOCK_MONOTONIC), b = now(CLOCK_MONOTONIC);
    printf("%d %d %d\n", a > 0, b >= a, now(CLOCK_REALTIME) > 1600000000ll * 1000000000);
    SAY(clock_gettime(99, &t));
    SAY(syscall(SYS_clock_gettime, CLOCK_REALTIME, (void *)8));
    SAY(clock_getres(CLOCK_MONOTONIC, &t));
    printf("%ld\n", t.tv_nsec);
    SAY(clock_getres(CLOCK_MONOTONIC, NULL));
    SAY(gettimeofday(&tv, NULL));
    printf("%d %d\n", llabs(tv.tv_sec - now(CLOCK_REALTIME) / 1000000000) < 2,
           now(CLOCK_PROCESS_CPUTIME_ID) > 0);
    clockid_t own;
    SAY(clock_getcpuclockid(0, &own));
    printf("%d\n", now(own) > 0);
    struct tms tms;
    printf("%d\n", times(&tms) > 0);
    struct timex x = {0};
    SAY(adjtimex(&x) >= 0);
    printf("%ld\n", x.tick);
    SAY(clock_settime(CLOCK_MONOTONIC, &t));
}

static void sleeps(void)
{
    struct timespec t = {0, 3000000}, left = {9, 9};
    long long a = now(CLOCK_MONOTONIC);
    SAY(nanosleep(&t, &left));
    printf("%d %ld\n", now(CLOCK_MONOTONIC) - a >= 3000000, left.tv_sec);
    t.tv_nsec = -1;
    SAY(nanosleep(&t, NULL));
    a = now(CLOCK_MONOTONIC) + 2000000;
    t = (struct timespec){a / 1000000000, a % 1000000000};
    SAY(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL));
    printf("%d\n", now(CLOCK_MONOTONIC) >= a);
    SAY(clock_nanosleep(99, 0, &t, NULL));
}

static void timers(void)
{
    struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    sigaction(SIGALRM, &sa, NULL);
    sigaction(SIGRTMIN + 3, &sa, NULL);
    struct itimerval v = {{0, 0}, {0, 3000}}, old;
    SAY(setitimer(ITIMER_REAL, &v, &old));
    printf("%ld\n", old.it_value.tv_sec);
    struct timespec t = {5, 0}, left = {0, 0};
    SAY(nanosleep(&t, &left));
    printf("%d %d\n", alarms, left.tv_sec >= 3);
    SAY(getitimer(ITIMER_REAL, &old));
    printf("%ld %ld\n", old.it_value.tv_sec, old.it_value.tv_usec);
    SAY(setitimer(7, &v, NULL));
    struct sigevent e = {
        .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 3, .sigev_value.sival_int = 4711};
    timer_t id;
    SAY(timer_create(CLOCK_MONOTONIC, &e, &id));
    struct itimerspec s = {{0, 0}, {0, 2000000}}, was;
    SAY(timer_settime(id, 0, &s, &was));
    SAY(nanosleep(&t, NULL));
    printf("%d %d\n", alarms, value);
    SAY(timer_gettime(id, &was));
    printf("%ld %ld\n", was.it_value.tv_sec, was.it_value.tv_nsec);
    SAY(timer_getoverrun(id));
    SAY(timer_delete(id));
    SAY(alarm(100) + alarm(0) == 100);
}

int main(void)
{
    struct rusage u;
    clocks();
    sleeps();
    timers();
    SAY(getrusage(RUSAGE_SELF, &u));
    printf("%d\n", u.ru_maxrss > 0);
    SAY(getrusage(RUSAGE_CHILDREN, &u));
    SAY(getrusage(5, &u));
    return 0;
}
