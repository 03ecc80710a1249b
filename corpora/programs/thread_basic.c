/* POSIX threads: mutexes of each kind, condition variables, barriers, read-write locks, once, thread-local
 * variables, semaphores, fifty at a time. */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { N = 50, ROUNDS = 2000 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turn_changed = PTHREAD_COND_INITIALIZER;
static long counter, turn;
static _Thread_local long mine = 5;
static _Thread_local char name[32];
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int once_runs;
static atomic_long sum;
static pthread_key_t key;
static atomic_int destroyed;

static void run_once(void)
{
    once_runs++;
}

static void destroy(void *p)
{
    free(p);
    destroyed++;
}

static void *count(void *arg)
{
    long id = (long)arg;
    snprintf(name, sizeof(name), "thread %ld", id);
    pthread_once(&once, run_once);
    pthread_setspecific(key, malloc(10));
    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&lock);
        counter++;
        pthread_mutex_unlock(&lock);
        mine += id;
        atomic_fetch_add(&sum, 1);
    }
    char check[32];
    snprintf(check, sizeof(check), "thread %ld", id);
    return (void *)(mine - 5 == id * ROUNDS && !strcmp(check, name) ? id : -1);
}

static void *in_turn(void *arg)
{
    long id = (long)arg;
    for (int round = 0; round < 3; round++) {
        pthread_mutex_lock(&lock);
        while (turn != round * 10 + id) pthread_cond_wait(&turn_changed, &lock);
        printf("%ld%s", id, id == 9 ? "\n" : " ");
        turn++;
        pthread_cond_broadcast(&turn_changed);
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

static pthread_barrier_t barrier;
static int table[8][20];

static void *phases(void *arg)
{
    long id = (long)arg, serial = 0;
    for (int i = 1; i < 20; i++) {
        int before = 0;
        for (int k = 0; k < 8; k++) before += table[k][i - 1];
        table[id][i] = before % 1000 + 1;
        serial += pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD;
    }
    return (void *)serial;
}

static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;
static int shared[2];

static void *reads_and_writes(void *arg)
{
    long id = (long)arg, bad = 0;
    for (int i = 0; i < 500; i++) {
        if ((i + id) % 5) {
            pthread_rwlock_rdlock(&rw);
            bad += shared[0] != shared[1];
        } else {
            pthread_rwlock_wrlock(&rw);
            shared[0]++;
            shared[1]++;
        }
        pthread_rwlock_unlock(&rw);
    }
    return (void *)bad;
}

static sem_t items;
static atomic_int taken;

static void *takes(void *arg)
{
    (void)arg;
    for (int i = 0; i < 100; i++) {
        sem_wait(&items);
        taken++;
    }
    return NULL;
}

static void start(pthread_t *t, int n, void *(*body)(void *))
{
    for (long i = 0; i < n; i++) {
        int r = pthread_create(&t[i], NULL, body, (void *)i);
        if (r) printf("pthread_create: %s\n", strerror(r));
    }
}

static long join(pthread_t *t, int n)
{
    long all = 0;
    for (int i = 0; i < n; i++) {
        void *r;
        pthread_join(t[i], &r);
        all += (long)r;
    }
    return all;
}

static void kinds(void)
{
    pthread_mutexattr_t a;
    pthread_mutex_t m;
    pthread_mutexattr_init(&a);
    pthread_mutexattr_settype(&a, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&m, &a);
    int first = pthread_mutex_lock(&m), second = pthread_mutex_lock(&m), third = pthread_mutex_trylock(&m);
    printf("recursive: %d %d %d\n", first, second, third);
    pthread_mutexattr_settype(&a, PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutex_init(&m, &a);
    first = pthread_mutex_lock(&m);
    second = pthread_mutex_lock(&m);
    printf("errorcheck: %d %d\n", first, second == EDEADLK);
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += 20000000;
    if (until.tv_nsec >= 1000000000) until.tv_sec++, until.tv_nsec -= 1000000000;
    pthread_mutex_lock(&lock);
    printf("timedwait: %s\n", strerror(pthread_cond_timedwait(&turn_changed, &lock, &until)));
    pthread_mutex_unlock(&lock);
}

int main(void)
{
    pthread_t t[N];
    pthread_key_create(&key, destroy);
    start(t, N, count);
    long ids = join(t, N);
    printf("ids %ld, counter %ld, sum %ld\n", ids, counter, (long)sum);
    printf("once %d, mine %ld, destroyed %d\n", once_runs, mine, (int)destroyed);
    start(t, 10, in_turn);
    join(t, 10);
    pthread_barrier_init(&barrier, NULL, 8);
    for (int i = 0; i < 8; i++) table[i][0] = i;
    start(t, 8, phases);
    long serial = join(t, 8);
    printf("barrier: %ld serial, last %d\n", serial, table[7][19]);
    start(t, 8, reads_and_writes);
    long bad = join(t, 8);
    printf("rwlock: %ld bad, %d\n", bad, shared[0]);
    sem_init(&items, 0, 0);
    start(t, 4, takes);
    for (int i = 0; i < 400; i++) sem_post(&items);
    join(t, 4);
    printf("semaphore: %d\n", (int)taken);
    kinds();
    return 0;
}
