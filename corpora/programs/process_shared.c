/* What processes share: mutexes, condition variables, semaphores and barriers in shared memory, also by name
 * and in a file, futexes by hand, shared System V memory. */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILDREN = 4, ROUNDS = 500 };

struct shared {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_barrier_t barrier;
    sem_t sem;
    long counter, turn;
    atomic_int word, serial;
};

static void *map(int fd)
{
    return mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE,
                fd < 0 ? MAP_SHARED | MAP_ANONYMOUS : MAP_SHARED, fd, 0);
}

static void init(struct shared *s)
{
    pthread_mutexattr_t m;
    pthread_condattr_t c;
    pthread_barrierattr_t b;
    memset(s, 0, sizeof(*s));
    pthread_mutexattr_init(&m);
    pthread_mutexattr_setpshared(&m, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(&s->lock, &m);
    pthread_condattr_init(&c);
    pthread_condattr_setpshared(&c, PTHREAD_PROCESS_SHARED);
    pthread_cond_init(&s->changed, &c);
    pthread_barrierattr_init(&b);
    pthread_barrierattr_setpshared(&b, PTHREAD_PROCESS_SHARED);
    pthread_barrier_init(&s->barrier, &b, CHILDREN);
    sem_init(&s->sem, 1, 0);
}

static void child(struct shared *s, int me)
{
    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&s->lock);
        s->counter++;
        pthread_mutex_unlock(&s->lock);
    }
    for (int round = 0; round < 3; round++) {
        pthread_mutex_lock(&s->lock);
        while (s->turn != round * CHILDREN + me) pthread_cond_wait(&s->changed, &s->lock);
        s->turn++;
        pthread_cond_broadcast(&s->changed);
        pthread_mutex_unlock(&s->lock);
        if (pthread_barrier_wait(&s->barrier) == PTHREAD_BARRIER_SERIAL_THREAD) s->serial++;
    }
    sem_post(&s->sem);
    _exit(0);
}

static void all(const char *what, struct shared *s)
{
    if (s == MAP_FAILED) {
        printf("%s: %s\n", what, strerror(errno));
        return;
    }
    init(s);
    for (int i = 0; i < CHILDREN; i++)
        if (!fork()) child(s, i);
    for (int i = 0; i < CHILDREN; i++) sem_wait(&s->sem);
    while (wait(NULL) > 0) continue;
    printf("%s: counter %ld, turn %ld, serial %d\n", what, s->counter, s->turn, (int)s->serial);
}

static long futex(atomic_int *word, int op, int v)
{
    return syscall(SYS_futex, word, op, v, NULL, NULL, 0);
}

static void by_hand(struct shared *s)
{
    s->word = 0;
    if (!fork()) {
        while (!s->word) futex(&s->word, FUTEX_WAIT, 0);
        int seen = s->word;
        s->word = 2;
        futex(&s->word, FUTEX_WAKE, 1);
        _exit(seen == 1 ? 6 : 7);
    }
    usleep(10000);
    s->word = 1;
    futex(&s->word, FUTEX_WAKE, 1);
    while (s->word != 2) futex(&s->word, FUTEX_WAIT, 1);
    int st;
    wait(&st);
    printf("futex: %d\n", WEXITSTATUS(st));
    long r = futex(&s->word, FUTEX_WAIT, 3);
    printf("futex: %ld %s\n", r, strerror(errno));
    r = futex((atomic_int *)((char *)&s->word + 1), FUTEX_WAIT, 3);
    printf("futex: %ld %s\n", r, strerror(errno));
    r = futex((atomic_int *)16, FUTEX_WAIT, 0);
    printf("futex: %ld %s\n", r, strerror(errno));
}

static void system_v(void)
{
    int id = shmget(IPC_PRIVATE, sizeof(struct shared), IPC_CREAT | 0600);
    struct shared *s = shmat(id, NULL, 0);
    shmctl(id, IPC_RMID, NULL);
    all("System V", s == (void *)-1 ? MAP_FAILED : s);
    printf("detach: %d\n", shmdt(s));
}

int main(void)
{
    char name[64];
    setvbuf(stdout, NULL, _IOLBF, 0);
    struct shared *s = map(-1);
    all("anonymous", s);
    by_hand(s);
    snprintf(name, sizeof(name), "/process_shared_%d", getpid());
    int fd = shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0600);
    if (fd < 0 || ftruncate(fd, sizeof(*s))) return 1;
    shm_unlink(name);
    all("by name", map(fd));
    char file[] = "/tmp/process_shared_XXXXXX";
    fd = mkstemp(file);
    unlink(file);
    if (fd < 0 || ftruncate(fd, sizeof(*s))) return 1;
    all("file", map(fd));
    system_v();
    sem_t *sem = sem_open(name, O_CREAT | O_EXCL, 0600, 0);
    sem_unlink(name);
    if (!fork()) {
        usleep(5000);
        sem_post(sem);
        _exit(0);
    }
    printf("named semaphore: %d\n", sem_wait(sem));
    wait(NULL);
    return 0;
}
