/* Code that changes under the program's feet, by every way that a kernel or another mapping can write it.
 * not qemu: it has no process_vm_readv, and does not see code change through another mapping */
#include "calls.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum { PAGE = 4096, BYTES = 64 };

static char *code;

__attribute__((noinline, aligned(64))) static int one(void)
{
    return 1;
}

__attribute__((noinline, aligned(64))) static int two(void)
{
    return 2;
}

static int call(char *at)
{
    int sum = 0;
    __builtin___clear_cache(at, at + BYTES);
    for (int i = 0; i < 100; i++) sum += ((int (*)(void))at)(); /* often enough to be translated */
    return sum / 100;
}

/* The code is `one`, and has run. */
static void reset(void)
{
    memcpy(code, (void *)one, BYTES);
    printf("%d ", call(code));
}

static void by_calls(int in, int out, int s[2])
{
    struct iovec v = {code, BYTES}, w = {(void *)two, BYTES};
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
    reset();
    SAY(write(out, (void *)two, BYTES));
    SAY(read(in, code, BYTES));
    printf("%d\n", call(code));
    reset();
    SAY(write(out, (void *)two, BYTES));
    SAY(readv(in, &v, 1));
    printf("%d\n", call(code));
    reset();
    SAY(send(s[0], (void *)two, BYTES, 0));
    SAY(recv(s[1], code, BYTES, 0));
    printf("%d\n", call(code));
    reset();
    SAY(send(s[0], (void *)two, BYTES, 0));
    SAY(recvmsg(s[1], &m, 0));
    printf("%d\n", call(code));
    reset();
    SAY(process_vm_writev(getpid(), &w, 1, &v, 1, 0));
    printf("%d\n", call(code));
    reset();
    SAY(process_vm_readv(getpid(), &v, 1, &w, 1, 0));
    printf("%d\n", call(code));
}

static void by_mappings(int fd)
{
    char *file = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    char *alias = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    SAY(pwrite(fd, (void *)one, BYTES, 0));
    printf("%d\n", call(file));
    SAY(pwrite(fd, (void *)two, BYTES, 0));
    printf("%d\n", call(file));
    memcpy(alias, (void *)one, BYTES);
    printf("%d\n", call(file));
    memcpy(alias, (void *)two, BYTES);
    printf("%d\n", call(file));
    /* a private copy goes away, and the file's code is back */
    char *copy = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE, fd, 0);
    memcpy(copy, (void *)one, BYTES);
    printf("%d\n", call(copy));
    SAY(madvise(copy, PAGE, MADV_DONTNEED));
    printf("%d\n", call(copy));
    memcpy(alias, (void *)one, BYTES);
    SAY(mmap(code, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, fd, 0) == code);
    printf("%d\n", call(code));
    SAY(mprotect(code, PAGE, PROT_READ | PROT_WRITE));
    memcpy(code, (void *)two, BYTES);
    SAY(mprotect(code, PAGE, PROT_READ | PROT_EXEC));
    printf("%d\n", call(code));
    SAY(munmap(code, PAGE));
    SAY(mremap(copy, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, code) == code);
    printf("%d\n", call(code));
}

static atomic_int turn, answered;
enum { TURNS = 200 };

/* Calls what stands there whenever it is its turn, from one loop that never leaves for the kernel. */
static void *caller(void *wrong)
{
    for (int n = 1; n <= TURNS; n++) {
        while (atomic_load(&turn) != n) continue;
        if (((int (*)(void))code)() != (n & 1 ? 1 : 2)) ++*(int *)wrong;
        atomic_store(&answered, n);
    }
    return NULL;
}

/* Code that another thread runs is replaced while that thread waits for it. */
static void by_thread(void)
{
    int wrong = 0;
    pthread_t t;
    pthread_create(&t, NULL, caller, &wrong);
    for (int n = 1; n <= TURNS; n++) {
        memcpy(code, n & 1 ? (void *)one : (void *)two, BYTES);
        __builtin___clear_cache(code, code + BYTES);
        atomic_store(&turn, n);
        while (atomic_load(&answered) != n) continue;
    }
    pthread_join(t, NULL);
    printf("%d wrong\n", wrong);
}

int main(void)
{
    int p[2], s[2];
    char name[] = "/tmp/calls_codeXXXXXX";
    int fd = mkstemp(name);
    code = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    SAY(pipe(p));
    SAY(socketpair(AF_UNIX, SOCK_DGRAM, 0, s));
    SAY(ftruncate(fd, PAGE));
    unlink(name);
    by_calls(p[0], p[1], s);
    by_thread();
    by_mappings(fd);
    return 0;
}
