/* Where a device's caches lie: in the memory of the node whose processors use them. They come as pages that
 * nobody has touched, so that each lies where the thread that fills it runs; where there are several nodes,
 * they are also moved there when the device first looks for its configuration, whoever attached it.
 */
#include "devices/smmu/place.h"

#include "devices/smmu/tlb.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { NODES = 1024 }; /* that a set has bits for: as many as Linux can have */

bool smmu_nodes_several(const char *list)
{
    return strpbrk(list, "-,") != NULL;
}

/* Nodes with memory, as Linux lists them; where it does not, there is one. */
static bool several_nodes(void)
{
    char list[256];
    int fd = open("/sys/devices/system/node/has_memory", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, list, sizeof(list) - 1);
    if (fd >= 0) close(fd);
    list[n < 0 ? 0 : n] = 0;
    return smmu_nodes_several(list);
}

int smmu_place_at(void *at, size_t size, unsigned node)
{
    unsigned long set[NODES / (8 * sizeof(long))] = {0};
    if (node >= NODES) return -EINVAL;
    set[node / (8 * sizeof(long))] = 1ul << node % (8 * sizeof(long));
    /* one bit more than there are: the kernel takes one away */
    return syscall(SYS_mbind, at, size, MPOL_PREFERRED, set, NODES + 1, MPOL_MF_MOVE) ? -errno : 0;
}

void smmu_place(struct smmu_caches *k)
{
    unsigned cpu, node;
    k->placed = true;
    if (!several_nodes() || syscall(SYS_getcpu, &cpu, &node, NULL)) return;
    /* without that they are where they are, and slower */
    if (smmu_place_at(k, sizeof(*k), node)) return;
}

void *smmu_pages(size_t size)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return at == MAP_FAILED ? NULL : at;
}

void smmu_pages_free(void *at, size_t size)
{
    if (at) (void)munmap(at, size);
}
