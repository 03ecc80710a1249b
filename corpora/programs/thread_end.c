/* not qemu: 7.2 ends the process with its first thread */
/* How threads and processes with threads end: exit from any thread while others wait or spin, the first
 * thread leaving early, detached threads, a signal, execve from a thread, vfork. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_mutex_t never = PTHREAD_MUTEX_INITIALIZER;
static atomic_int ready, done;
static int pipe_of[2];

static void *in_futex(void *arg)
{
    ready++;
    pthread_mutex_lock(&never);
    return arg;
}

static void *in_read(void *arg)
{
    char c;
    ready++;
    if (read(pipe_of[0], &c, 1) < 0) return NULL;
    return arg;
}

static void *in_sleep(void *arg)
{
    ready++;
    for (;;) sleep(1000);
    return arg;
}

static void *in_loop(void *arg)
{
    ready++;
    for (volatile long i = 0;; i++) continue;
    return arg;
}

static void *in_wait(void *arg)
{
    ready++;
    for (;;) pause();
    return arg;
}

static void others(void)
{
    void *(*const bodies[])(void *) = {in_futex, in_read, in_sleep, in_loop, in_wait};
    pthread_t t;
    if (pipe(pipe_of)) exit(99);
    pthread_mutex_lock(&never);
    for (int i = 0; i < 10; i++) pthread_create(&t, NULL, bodies[i % 5], NULL);
    while (ready < 10) usleep(1000);
}

static void *exits(void *arg)
{
    exit((int)(long)arg);
}

static pthread_t first;

/* Not at once: the first thread, being unwound, needs tables that a static program's exit takes away; without
 * them it aborts. */
static void *exits_later(void *arg)
{
    pthread_join(first, NULL);
    exit((int)(long)arg);
}

static void *returns_later(void *arg)
{
    usleep(30000);
    printf("the last thread goes on\n");
    fflush(stdout);
    return arg;
}

static void by_main(void)
{
    others();
    exit(11);
}

static void by_thread(void)
{
    pthread_t t;
    others();
    pthread_create(&t, NULL, exits, (void *)12);
    pthread_join(t, NULL);
}

static void by_signal(void)
{
    others();
    kill(getpid(), SIGTERM);
    pause();
}

static void by_fault(void)
{
    static char *volatile nowhere;
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    others();
    *nowhere = 1;
}

static void by_kill(void)
{
    others();
    kill(getpid(), SIGKILL);
    pause();
}

static void main_first(void)
{
    pthread_t t;
    pthread_create(&t, NULL, returns_later, NULL);
    pthread_exit(NULL);
}

static void main_first_then_exit(void)
{
    pthread_t t;
    pthread_create(&t, NULL, in_wait, NULL);
    pthread_create(&t, NULL, in_loop, NULL);
    first = pthread_self();
    pthread_create(&t, NULL, exits_later, (void *)13);
    pthread_exit(NULL);
}

static void *counts(void *arg)
{
    done++;
    return arg;
}

static void detached(void)
{
    pthread_attr_t a;
    pthread_attr_init(&a);
    pthread_attr_setdetachstate(&a, PTHREAD_CREATE_DETACHED);
    for (int i = 0; i < 200; i++) {
        pthread_t t;
        while (pthread_create(&t, &a, counts, NULL)) usleep(1000);
    }
    while (done < 200) usleep(1000);
    exit(14);
}

static void *forks(void *arg)
{
    for (int way = 0; way < 2; way++) {
        int st;
        pid_t pid = fork();
        if (!pid) {
            pthread_t t;
            pthread_create(&t, NULL, counts, NULL);
            pthread_join(t, NULL);
            printf("child of a thread: %d more\n", (int)done);
            fflush(stdout);
            if (way) exit(22);
            return arg; /* ends the only thread: the process ends with 0 */
        }
        waitpid(pid, &st, 0);
        printf("its end: %d %d\n", WIFEXITED(st), WEXITSTATUS(st));
        fflush(stdout);
    }
    return NULL;
}

static void fork_in_thread(void)
{
    pthread_t t;
    others();
    pthread_create(&t, NULL, forks, NULL);
    pthread_join(t, NULL);
    exit(15);
}

static void *execs(void *arg)
{
    (void)arg;
    char *const argv[] = {(char *)"sh", (char *)"-c",
                          (char *)"echo pid $$ is $WANT | sed \"s/$$/it/g\"; exit 16", NULL};
    char want[32];
    snprintf(want, sizeof(want), "WANT=%d", getpid());
    char *const envp[] = {want, (char *)"PATH=/bin:/usr/bin", NULL};
    execve("/bin/sh", argv, envp);
    return NULL;
}

static void exec_in_thread(void)
{
    pthread_t t;
    others();
    pthread_create(&t, NULL, execs, NULL);
    pause();
}

static int hold[2], told[2];

static void *vforks(void *arg)
{
    if (!vfork()) {
        char c;
        close(hold[1]);
        ready++;
        c = read(hold[0], &c, 1) ? '?' : 'v';
        if (write(told[1], &c, 1) != 1) _exit(1);
        _exit(0);
    }
    return arg;
}

/* exit does not wait for the thread that does, and its child outlives both. */
static void while_vfork(void)
{
    char c = 0;
    int st;
    if (pipe(hold) || pipe(told)) return;
    fflush(stdout);
    pid_t pid = fork();
    if (!pid) {
        pthread_t t;
        alarm(20);
        pthread_create(&t, NULL, vforks, NULL);
        while (!ready) usleep(1000);
        exit(17);
    }
    waitpid(pid, &st, 0);
    close(hold[1]), close(told[1]);
    if (read(told[0], &c, 1) != 1) c = '-';
    printf("while another waits in vfork: %d %d, then %c\n", WIFEXITED(st), WEXITSTATUS(st), c);
}

int main(void)
{
    static const struct {
        const char *name;
        void (*body)(void);
    } ways[] = {
        {"exit of the first", by_main},
        {"exit of another", by_thread},
        {"signal", by_signal},
        {"fault", by_fault},
        {"kill", by_kill},
        {"first leaves", main_first},
        {"first leaves, exit", main_first_then_exit},
        {"detached", detached},
        {"fork", fork_in_thread},
        {"execve", exec_in_thread},
    };
    for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        int st;
        fflush(stdout);
        pid_t pid = fork();
        if (!pid) {
            alarm(20);
            ways[i].body();
            _exit(98);
        }
        waitpid(pid, &st, 0);
        if (WIFSIGNALED(st))
            printf("%s: signal %d\n", ways[i].name, WTERMSIG(st));
        else
            printf("%s: status %d\n", ways[i].name, WEXITSTATUS(st));
    }
    while_vfork();
    return 0;
}
