/* not qemu: 7.2 has no robust lists, and hangs */
/* Mutexes whose owner dies: robust ones, between threads and between processes, with and without priority
 * inheritance. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_mutex_t *make(int protocol)
{
    pthread_mutex_t *m = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_mutexattr_t a;
    pthread_mutexattr_init(&a);
    pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
    pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
    if (protocol) pthread_mutexattr_setprotocol(&a, protocol);
    printf("init: %d\n", pthread_mutex_init(m, &a));
    return m;
}

static void *dies(void *arg)
{
    pthread_mutex_lock(arg);
    return NULL;
}

static void *waits(void *arg)
{
    int r = pthread_mutex_lock(arg);
    if (r == EOWNERDEAD) pthread_mutex_consistent(arg);
    if (!r || r == EOWNERDEAD) pthread_mutex_unlock(arg);
    return (void *)(long)r;
}

static atomic_int held; /* how often */

static void *holds_a_while(void *arg)
{
    pthread_mutex_lock(arg);
    held++;
    usleep(50000);
    return NULL;
}

static void threads(pthread_mutex_t *m)
{
    pthread_t t, w[3];
    pthread_create(&t, NULL, dies, m);
    pthread_join(t, NULL);
    int r = pthread_mutex_lock(m);
    printf("owner ended: %s\n", strerror(r));
    r = pthread_mutex_consistent(m);
    printf("consistent: %d, unlock %d\n", r, pthread_mutex_unlock(m));
    r = pthread_mutex_lock(m);
    printf("again: %d, unlock %d\n", r, pthread_mutex_unlock(m));
    int before = held;
    pthread_create(&t, NULL, holds_a_while, m);
    while (held == before) usleep(1000);
    int dead = 0, well = 0;
    for (int i = 0; i < 3; i++) pthread_create(&w[i], NULL, waits, m);
    for (int i = 0; i < 3; i++) {
        void *result;
        pthread_join(w[i], &result);
        dead += (long)result == EOWNERDEAD;
        well += (long)result == 0;
    }
    pthread_join(t, NULL);
    printf("waiting: %d told, %d well\n", dead, well);
}

static void processes(pthread_mutex_t *m, int how)
{
    int st, p[2];
    char c;
    fflush(stdout);
    if (pipe(p)) return;
    pid_t pid = fork();
    if (!pid) {
        pthread_mutex_lock(m);
        if (write(p[1], "x", 1) != 1) _exit(1);
        usleep(30000);
        if (how == 0) _exit(0);
        if (how == 1) exit(0);
        signal(SIGTERM, SIG_DFL);
        raise(SIGTERM);
    }
    if (read(p[0], &c, 1) != 1) return;
    int r = pthread_mutex_lock(m);
    printf("process %d: %s\n", how, strerror(r));
    if (r == EOWNERDEAD) pthread_mutex_consistent(m);
    pthread_mutex_unlock(m);
    waitpid(pid, &st, 0);
    close(p[0]);
    close(p[1]);
}

static void *not_recovered(void *arg)
{
    int r = pthread_mutex_lock(arg);
    pthread_mutex_unlock(arg);
    return (void *)(long)r;
}

int main(void)
{
    pthread_mutex_t *m = make(0), *pi = make(PTHREAD_PRIO_INHERIT);
    threads(m);
    threads(pi);
    for (int how = 0; how < 3; how++) processes(m, how);
    for (int how = 0; how < 3; how++) processes(pi, how);
    pthread_t t;
    void *r;
    pthread_create(&t, NULL, dies, m);
    pthread_join(t, NULL);
    pthread_create(&t, NULL, not_recovered, m);
    pthread_join(t, &r);
    printf("%s\n", strerror((int)(long)r));
    printf("%s\n", strerror(pthread_mutex_lock(m)));
    return 0;
}
