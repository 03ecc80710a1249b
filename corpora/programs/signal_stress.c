/* Many signals at every kind of moment: none is lost, none comes twice, real-time ones come in order, while
 * the receiver computes, calls, changes its mask, forks, starts threads, and is interrupted in handlers. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { COUNT = 3000 };

static volatile int next_value, out_of_order, nested, most_nested, others;
static volatile unsigned long work;

static void in_order(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)context;
    if (info->si_value.sival_int != next_value) out_of_order++;
    next_value++;
    if (++nested > most_nested) most_nested = nested;
    for (volatile int i = 0; i < 50; i++) work++;
    nested--;
}

static void other(int sig)
{
    (void)sig;
    others++;
    sched_yield();
}

static void *nothing(void *arg)
{
    return arg;
}

static void step(int how)
{
    sigset_t s, old;
    char c = 'x';
    static int p[2];
    if (!p[0] && pipe(p)) exit(1);
    switch (how) {
    case 0:
        for (volatile int i = 0; i < 2000; i++) work += (unsigned long)i;
        break;
    case 1:
        if (write(p[1], &c, 1) != 1 && errno != EINTR) exit(2);
        while (read(p[0], &c, 1) != 1) continue;
        break;
    case 2:
        sigemptyset(&s);
        sigaddset(&s, SIGRTMIN + 4);
        sigprocmask(SIG_BLOCK, &s, &old);
        work++;
        sigprocmask(SIG_SETMASK, &old, NULL);
        break;
    case 3: {
        struct timespec t = {.tv_nsec = 50000};
        nanosleep(&t, NULL);
        break;
    }
    case 4: {
        pid_t pid = fork();
        if (!pid) _exit(0);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) continue;
        break;
    }
    case 5: {
        pthread_t t;
        sigfillset(&s);
        pthread_sigmask(SIG_SETMASK, &s, &old);
        pthread_create(&t, NULL, nothing, NULL);
        pthread_join(t, NULL);
        pthread_sigmask(SIG_SETMASK, &old, NULL);
        break;
    }
    case 6: free(malloc(200000)); break;
    }
}

static void sender(pid_t to)
{
    for (int i = 0; i < COUNT; i++) {
        while (sigqueue(to, SIGRTMIN + 4, (union sigval){.sival_int = i}) && errno == EAGAIN) usleep(100);
        if (i % 10 == 0) kill(to, SIGUSR1);
        if (i % 50 == 0) usleep(200);
    }
    _exit(0);
}

int main(void)
{
    struct sigaction a = {.sa_sigaction = in_order, .sa_flags = SA_SIGINFO},
                     b = {.sa_handler = other, .sa_flags = SA_RESTART};
    sigaction(SIGRTMIN + 4, &a, NULL);
    sigaction(SIGUSR1, &b, NULL);
    pid_t me = getpid(), pid = fork();
    if (!pid) sender(me);
    int steps = 0;
    time_t until = time(NULL) + 60;
    while (next_value < COUNT && time(NULL) < until) step(steps++ % 7);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) continue;
    printf("signals %d, out of order %d, nested %d, others %d\n", next_value, out_of_order, most_nested,
           others > 0);
    return 0;
}
