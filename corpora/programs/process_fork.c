/* not qemu: 7.2 repeats buffered output and hangs now and then when threads fork */
/* fork: memory of one's own, shared memory, pipes, trees of children, what a child inherits of signals and
 * threads, the ways to wait. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int data = 1;
static volatile int hits;

static void hit(int sig)
{
    (void)sig;
    hits++;
}

static int tree(int depth)
{
    int sum = 1;
    if (!depth) return 1;
    for (int i = 0; i < 2; i++) {
        int st;
        pid_t pid = fork();
        if (!pid) _exit(tree(depth - 1));
        waitpid(pid, &st, 0);
        sum += WEXITSTATUS(st);
    }
    return sum;
}

static void memory(void)
{
    int *heap = malloc(sizeof(*heap)), st, stack = 3;
    int *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    *heap = 2;
    *shared = 4;
    pid_t pid = fork();
    if (!pid) {
        data = *heap = stack = *shared = 10;
        _exit(data + *heap + stack + *shared);
    }
    waitpid(pid, &st, 0);
    printf("memory: child %d, data %d heap %d stack %d shared %d\n", WEXITSTATUS(st), data, *heap, stack,
           *shared);
    free(heap);
}

static void pipes(void)
{
    int to[2], from[2], n = 0, st;
    char buf[64];
    if (pipe(to) || pipe(from)) return;
    pid_t pid = fork();
    if (!pid) {
        close(to[1]);
        while ((n = (int)read(to[0], buf, sizeof(buf))) > 0) {
            for (int i = 0; i < n; i++) buf[i] ^= 0x20;
            if (write(from[1], buf, (size_t)n) != n) _exit(1);
        }
        _exit(5);
    }
    close(to[0]), close(from[1]);
    if (write(to[1], "Hello From A Pipe", 17) != 17) return;
    close(to[1]);
    memset(buf, 0, sizeof(buf));
    for (long r; (r = read(from[0], buf + n, sizeof(buf) - (size_t)n - 1)) > 0;) n += (int)r;
    waitpid(pid, &st, 0);
    printf("pipe: %s, %d\n", buf, WEXITSTATUS(st));
}

static void inherits(void)
{
    sigset_t s, now;
    int st;
    signal(SIGUSR1, hit);
    signal(SIGUSR2, SIG_IGN);
    sigemptyset(&s);
    sigaddset(&s, SIGUSR1);
    sigprocmask(SIG_BLOCK, &s, NULL);
    raise(SIGUSR1);
    pid_t pid = fork();
    if (!pid) {
        sigpending(&now);
        int pending = sigismember(&now, SIGUSR1);
        sigprocmask(SIG_BLOCK, NULL, &now);
        struct sigaction a, b;
        sigaction(SIGUSR1, NULL, &a);
        sigaction(SIGUSR2, NULL, &b);
        _exit(pending * 8 + sigismember(&now, SIGUSR1) * 4 + (a.sa_handler == hit) * 2 +
              (b.sa_handler == SIG_IGN));
    }
    waitpid(pid, &st, 0);
    sigprocmask(SIG_UNBLOCK, &s, NULL);
    printf("signals: child %d, parent %d hit\n", WEXITSTATUS(st), hits);
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char order[16];
static atomic_bool stop;

static void note(char c)
{
    order[strlen(order)] = c;
}

static void prepare(void)
{
    note('P');
    pthread_mutex_lock(&lock);
}

static void parent(void)
{
    note('p');
    pthread_mutex_unlock(&lock);
}

static void child(void)
{
    note('c');
    pthread_mutex_unlock(&lock);
}

static void *busy(void *arg)
{
    while (!stop) {
        pthread_mutex_lock(&lock);
        free(malloc(1000));
        pthread_mutex_unlock(&lock);
    }
    return arg;
}

static void *one(void *arg)
{
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
    free(malloc(100000));
    return arg;
}

static int sum(int n)
{
    return n ? n + sum(n - 1) : 0;
}

/* Without the C library's fork, so its locks are not the child's to take; and it tells its end by no signal.
 */
static int silent(void)
{
    int good = 0, st;
    for (int i = 0; i < 50; i++) {
        pid_t pid = (pid_t)syscall(SYS_clone, 0, NULL, NULL, NULL, NULL);
        if (!pid) syscall(SYS_exit_group, sum(i % 10));
        good += waitpid(pid, &st, __WCLONE) == pid && WIFEXITED(st) && WEXITSTATUS(st) == sum(i % 10);
    }
    return good;
}

static void with_threads(void)
{
    pthread_t t[4], n;
    int good = 0, st;
    for (int i = 0; i < 4; i++) pthread_create(&t[i], NULL, busy, NULL);
    printf("silent, with threads: %d of 50\n", silent());
    pthread_atfork(prepare, parent, child);
    for (int i = 0; i < 20; i++) {
        memset(order, 0, sizeof(order));
        pid_t pid = fork();
        if (!pid) {
            void *r;
            pthread_create(&n, NULL, one, (void *)7);
            pthread_join(n, &r);
            _exit((long)r == 7 && !strcmp(order, "Pc") ? 33 : 1);
        }
        waitpid(pid, &st, 0);
        good += WIFEXITED(st) && WEXITSTATUS(st) == 33 && !strcmp(order, "Pp");
    }
    stop = true;
    for (int i = 0; i < 4; i++) pthread_join(t[i], NULL);
    printf("with threads: %d of 20\n", good);
}

static void waiting(void)
{
    pid_t a, b;
    int st, hold[2];
    char c;
    struct rusage use;
    siginfo_t info;
    if (pipe(hold)) return;
    if (!(a = fork())) _exit(1);
    if (!(b = fork())) {
        close(hold[1]);
        _exit(read(hold[0], &c, 1) ? 3 : 2);
    }
    setpgid(b, b);
    memset(&info, 0, sizeof(info));
    waitid(P_PID, (id_t)a, &info, WEXITED | WNOWAIT);
    printf("waitid: pid %d status %d code %d\n", info.si_pid == a, info.si_status, info.si_code);
    int right = waitpid(a, &st, 0) == a;
    printf("wait: %d %d\n", right, WEXITSTATUS(st));
    printf("not yet: %d\n", waitpid(-b, &st, WNOHANG));
    close(hold[0]), close(hold[1]);
    printf("group: %d\n", wait4(-b, &st, 0, &use) == b);
    printf("status %d, use %d\n", WEXITSTATUS(st), use.ru_maxrss > 0);
    int r = wait(&st);
    printf("none left: %d %s\n", r, strerror(errno));
    r = waitid(P_ALL, 0, &info, WEXITED);
    printf("none left: %d %s\n", r, strerror(errno));
}

static void orphan(void)
{
    int p[2];
    char c = 0;
    fflush(stdout);
    if (pipe(p)) return;
    pid_t pid = fork();
    if (!pid) {
        pid_t me = getpid();
        if (!fork()) {
            while (getppid() == me) usleep(1000);
            if (write(p[1], "o", 1) != 1) _exit(1);
            _exit(0);
        }
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    if (read(p[0], &c, 1) != 1) return;
    printf("orphan: %c\n", c);
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("ids: %d\n", getpid() != getppid());
    memory();
    pipes();
    printf("tree: %d\n", tree(4));
    inherits();
    waiting();
    orphan();
    with_threads();
    return 0;
}
