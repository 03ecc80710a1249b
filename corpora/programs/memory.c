/* not qemu: MAP_FIXED_NOREPLACE replaces in 7.2 */
/* Memory: malloc of all sizes, mmap and its errors, protection, brk, shared anonymous memory, large sparse
 * maps. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* One call, one number: what a call returns, and the error it gave. */
#define SHOW(call) show(#call, (long long)(call))

static void show(const char *call, long long v)
{
    printf("%.*s %lld%s%s\n", (int)strcspn(call, "("), call, v, v == -1 ? " " : "",
           v == -1 ? strerror(errno) : "");
}

int main(void)
{
    char *blocks[64];
    uint64_t sum = 0;
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < 64; i++) {
            size_t n = (size_t)1 << (i % 21);
            blocks[i] = malloc(n + (size_t)i);
            memset(blocks[i], i, n);
        }
        for (int i = 63; i >= 0; i--) {
            blocks[i] = realloc(blocks[i], ((size_t)1 << (i % 21)) * 2);
            sum += (unsigned char)blocks[i][((size_t)1 << (i % 21)) - 1];
            free(blocks[i]);
        }
    }
    printf("%llu\n", (unsigned long long)sum);
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    printf("%zu\n", page);
    char *p = mmap(NULL, 8 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(p, 1, 8 * page);
    SHOW(mprotect(p + page, page, PROT_NONE));
    SHOW(munmap(p + 3 * page, page));
    SHOW(mprotect(p + page, 4 * page, PROT_READ));
    SHOW(mmap(p, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
    char *q =
        mmap(p + 3 * page, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    printf("%d %d\n", q == p + 3 * page, q[0]);
    SHOW(mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    SHOW(mmap(NULL, page, PROT_READ, MAP_PRIVATE, 99, 0));
    SHOW(munmap(p + 1, page));
    char *r = mremap(p + 4 * page, page, 64 * page, MREMAP_MAYMOVE);
    printf("%d %d\n", r != MAP_FAILED, r[0] + r[63 * page]);
    SHOW(madvise(r, page, MADV_DONTNEED));
    printf("%d\n", r[0]);
    char *sparse = mmap(NULL, (size_t)1 << 34, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    printf("%d\n", sparse != MAP_FAILED);
    if (sparse != MAP_FAILED) {
        for (size_t i = 0; i < 16; i++) sparse[i << 30] = (char)i;
        printf("%d\n", sparse[(size_t)15 << 30]);
        munmap(sparse, (size_t)1 << 34);
    }
    char *old = sbrk(0);
    printf("%d\n", sbrk(100000) == old);
    printf("%d\n", (char *)sbrk(0) - old >= 100000);
    old[99999] = 7;
    SHOW(brk(old));
    void *aligned = NULL;
    SHOW(posix_memalign(&aligned, 1 << 16, 100));
    printf("%d\n", (int)((uintptr_t)aligned & 0xffff));
    free(aligned);
    return 0;
}
