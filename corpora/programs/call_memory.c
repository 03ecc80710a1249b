/* Memory: mappings of all kinds, their protection, what advice does to them.
 * not qemu: it passes over holes and unknown advice, and MAP_FIXED_NOREPLACE */
#include "calls.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/shm.h>

static sigjmp_buf after;
static int code;

static void fault(int sig, siginfo_t *info, void *context)
{
    code = sig * 100 + info->si_code;
    siglongjmp(after, 1);
}

/* What a read, or a write, of that byte does: 0, or signal * 100 + si_code. */
static int touch(volatile char *p, int writes)
{
    code = 0;
    if (sigsetjmp(after, 1)) return code;
    if (writes)
        *p = 1;
    else
        (void)*p;
    return 0;
}

static void anonymous(void)
{
    const size_t page = 4096;
    char *p = mmap(NULL, 16 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    printf("aligned %d zero %d\n", !((uintptr_t)p & (page - 1)), p[5000]);
    memset(p, 7, 16 * page);
    SAY(munmap(p + 4 * page, 2 * page));
    printf("touch %d %d %d\n", touch(p + 3 * page, 0), touch(p + 4 * page, 0), touch(p + 6 * page, 1));
    SAY(mprotect(p, page, PROT_READ));
    printf("touch %d %d\n", touch(p, 0), touch(p, 1));
    SAY(mprotect(p, page, PROT_NONE));
    printf("touch %d\n", touch(p, 0));
    SAY(mprotect(p, 16 * page, PROT_READ | PROT_WRITE));
    SAY(mprotect(p + 1, page, PROT_READ));
    SAY(mprotect(p, page, PROT_READ | PROT_WRITE));
    SAY(madvise(p + 8 * page, 2 * page, MADV_DONTNEED));
    printf("dontneed %d %d %d\n", p[8 * page - 1], p[8 * page], p[10 * page]);
    SAY(madvise(p, 16 * page, MADV_DONTNEED));
    printf("dontneed %d %d\n", p[0], p[15 * page]);
    SAY(madvise(p + 1, page, MADV_DONTNEED));
    SAY(madvise(p, page, 77));
    SAY(madvise(p, 0, MADV_DONTNEED));
    SAY(madvise(p, page, MADV_WILLNEED));
    SAY(msync(p, page, MS_ASYNC));
    SAY(msync(p, page, MS_ASYNC | MS_SYNC));
    SAY(mlock(p, page));
    SAY(munlock(p, page));
    unsigned char vec[16];
    p[0] = 1;
    SAY(mincore(p, page, vec));
    printf("in core %d\n", vec[0] & 1);
    SAY(mincore(p + 4 * page, page, vec));
    char *q = mmap(p + 4 * page, 2 * page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    printf("fixed %d\n", q == p + 4 * page);
    q = mmap(p + 4 * page, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    printf("noreplace %d %s\n", q == MAP_FAILED, strerrorname_np(errno));
    SAY(munmap(p, 16 * page));
    SAY(munmap(p + 1, page));
    SAY(munmap(p, 0));
    SAY(mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0);
    SAY(mmap(NULL, page, PROT_READ, MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0);
    SAY(mmap(NULL, page, PROT_READ, MAP_PRIVATE, 99, 0) == MAP_FAILED ? -1 : 0);
    SAY(mmap(NULL, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 1) == MAP_FAILED ? -1 : 0);
    SAY(mmap(NULL, ~0ul << 12, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0);
}

static void file(void)
{
    char name[] = "/tmp/calls_memoryXXXXXX", buf[10] = {0};
    int fd = mkstemp(name);
    unlink(name);
    SAY(ftruncate(fd, 10000));
    char *s = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    char *c = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 4096);
    strcpy(s + 5000, "shared");
    SAY(pread(fd, buf, 6, 5000));
    printf("%s %s\n", buf, c + 5000 - 4096);
    strcpy(c, "private");
    SAY(pread(fd, buf, 7, 4096));
    printf("%d %s\n", buf[0], c);
    printf("beyond the end %d %d\n", touch(s + 11000, 0), touch(s + 12288, 0));
    SAY(msync(s, 16384, MS_SYNC));
    int ro = open("/proc/self/exe", O_RDONLY);
    SAY(mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, ro, 0) == MAP_FAILED ? -1 : 0);
    char *e = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, ro, 0);
    printf("%.3s\n", e + 1);
    SAY(madvise(c, 4096, MADV_DONTNEED));
    printf("%d\n", c[0]);
}

static void moving(void)
{
    char *p = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    strcpy(p, "moved");
    char *q = mremap(p, 4096, 100 * 4096, MREMAP_MAYMOVE);
    printf("%s %d\n", q, touch(q + 99 * 4096, 1));
    q = mremap(q, 100 * 4096, 4096, 0);
    printf("%s\n", q);
    SAY(mremap(q + 1, 4096, 4096, 0) == MAP_FAILED ? -1 : 0);
    char *b = sbrk(0), *d = sbrk(100000);
    printf("brk %d %d\n", b == d, d[99999]);
    d[99999] = 3;
    sbrk(-100000);
    printf("brk %d\n", sbrk(0) == b);
    sbrk(100000);
    printf("brk %d\n", b[99999]);
}

/* Advice that a mapping keeps, growing where it is, moving as a whole and in part. */
static void moving_advised(void)
{
    const size_t page = 4096, room = 64 * page;
    char *place = mmap(NULL, 3 * room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    SAY(munmap(place, room));
    char *p = mmap(place, 8 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    for (size_t i = 0; i < 8; i++) p[i * page] = (char)i;
    SAY(madvise(p, 8 * page, MADV_DONTDUMP));
    SAY(mremap(p, 8 * page, 20 * page, 0) == p);
    for (size_t i = 8; i < 20; i++) p[i * page] = (char)i;
    char *q = mremap(p, 20 * page, 40 * page, MREMAP_MAYMOVE | MREMAP_FIXED, place + room);
    SAY(q == place + room);
    if (q != place + room) return;
    int sum = 0, good = 1;
    for (int i = 0; i < 40; i++) good &= q[i * page] == (i < 20 ? i : 0), sum += q[i * page];
    printf("moved %d %d, left %d\n", good, sum, touch(p, 0));
    char *r = mremap(q + 4 * page, 30 * page, 30 * page, MREMAP_MAYMOVE | MREMAP_FIXED, place + 2 * room);
    SAY(r == place + 2 * room);
    printf("moved %d %d %d, left %d %d\n", r[0], r[15 * page], r[16 * page], q[3 * page],
           touch(q + 4 * page, 0));
}

static void shared(void)
{
    struct shmid_ds ds;
    int id = shmget(IPC_PRIVATE, 10000, IPC_CREAT | 0600);
    char *p = shmat(id, NULL, 0), *q = shmat(id, NULL, SHM_RDONLY);
    strcpy(p + 9000, "segment");
    printf("%s %d\n", q + 9000, touch(q, 1));
    SAY(shmctl(id, IPC_STAT, &ds));
    printf("size %zu attached %d\n", ds.shm_segsz, (int)ds.shm_nattch);
    SAY(shmdt(p));
    SAY(shmdt(p));
    printf("touch %d\n", touch(p, 0));
    SAY(shmctl(id, IPC_STAT, &ds));
    printf("attached %d\n", (int)ds.shm_nattch);
    SAY(shmctl(id, IPC_RMID, NULL));
    SAY(shmdt(q));
    SAY(shmat(id, NULL, 0) == (void *)-1 ? -1 : 0);
}

int main(void)
{
    struct sigaction sa = {.sa_sigaction = fault, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &sa, NULL);
    sigaction(SIGBUS, &sa, NULL);
    anonymous();
    file();
    moving();
    moving_advised();
    shared();
    return 0;
}
