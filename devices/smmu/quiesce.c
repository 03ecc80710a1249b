/* When nobody uses any more what was invalidated (IHI 0070 3.21.1, 4.7.3): devices say when they begin and
 * end to use what they were told, and a CMD_SYNC waits for those that began before the invalidation.
 *
 * A device's side is two plain stores: `section` is not 0 in between, and never what it was before. Before it
 * looks at a cache, that store must be seen by whoever invalidates, or the invalidation by it. The fence that
 * takes is made by the waiter for all, with membarrier(2), since it waits seldom; where the kernel has none,
 * each section makes its own.
 */
#include "devices/smmu/place.h"
#include "devices/smmu/tlb.h"

#include <linux/membarrier.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

static long membarrier(int command)
{
    return syscall(SYS_membarrier, command, 0, 0);
}

/* An address that is the thread's own. */
static const void *thread(void)
{
    static _Thread_local char self;
    return &self;
}

/* Pages of their own, of which but the first is touched here: the device's thread touches the others first,
 * so that they are of the memory that is near to it. */
struct smmu_caches *smmu_caches_new(void)
{
    struct smmu_caches *k = smmu_pages(sizeof(*k));
    if (!k) return NULL;
    k->size = CPU_PAGE_BITS; /* never 0: that would be an entry that was taken away */
    k->fences = membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) < 0;
    return k;
}

void smmu_caches_free(struct smmu_caches *k)
{
    smmu_pages_free(k, sizeof(*k));
}

/* The number comes from elsewhere, so that no section waits for the stores of the one before. */
void smmu_begin(struct smmu_device *d)
{
    struct smmu_caches *k = d->caches;
    uint64_t section = ++k->sections;
    __atomic_store_n(&k->thread, thread(), __ATOMIC_RELAXED);
    if (unlikely(k->fences))
        __atomic_exchange_n(&k->section, section, __ATOMIC_SEQ_CST);
    else
        __atomic_store_n(&k->section, section, __ATOMIC_RELEASE);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

void smmu_end(struct smmu_device *d)
{
    __atomic_store_n(&d->caches->section, 0, __ATOMIC_RELEASE);
}

bool smmu_enter(struct smmu_device *d)
{
    if (__atomic_load_n(&d->caches->section, __ATOMIC_RELAXED)) return false;
    smmu_begin(d);
    return true;
}

/* Until this section ends. One of the same thread, which waits here, is none to wait for. */
static void wait_device(const struct smmu_caches *k)
{
    uint64_t section = __atomic_load_n(&k->section, __ATOMIC_ACQUIRE);
    if (!section || __atomic_load_n(&k->thread, __ATOMIC_RELAXED) == thread()) return;
    for (unsigned spins = 0; __atomic_load_n(&k->section, __ATOMIC_ACQUIRE) == section; spins++)
        if (spins > 100) sched_yield();
}

void smmu_wait_devices(struct smmu *s)
{
    if (!s->stale || !s->devices) return;
    s->stale = false;
    /* fails only where devices fence for themselves, and then invalidations were fences enough */
    if (!s->devices->caches->fences) membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
    for (const struct smmu_device *d = s->devices; d; d = d->next) wait_device(d->caches);
}
