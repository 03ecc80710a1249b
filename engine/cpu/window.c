/* The window: reserving it, what the guest may do with its pages, and which of them hold translated code.
 *
 * A page with a translation is MEM_WATCHED, and if the guest may write it, its host page is closed to writes.
 * The first write then faults and comes to window_open_page. Orders that make this safe between threads,
 * everything but looking at the mark being under mem_lock:
 *   to watch: close the host's page, then set the mark, so that whoever sees the mark sees a closed page;
 *   to open:  clear the mark, count the epoch, and only then open the page: who translated from the page
 *             under its mark knows an older epoch than that of any write.
 */
#include "engine/cpu/window.h"

#include <errno.h>
#include <sched.h>
#include <sys/mman.h>

#define WINDOW_SIZE  (1ull << MEM_WINDOW_BITS)
#define WINDOW_PAGES (WINDOW_SIZE >> CPU_PAGE_BITS)

/* A guard of 4 GiB is what any access needs that starts in the window, displacement included. A larger one
 * makes it less likely that one which starts outside, and is not checked, hits memory of the host's. It costs
 * nothing but addresses. */
static const unsigned guard_bits[] = {44, 40, 36, 32};

/* Where a window best begins: so low that translated code has the base in an access's displacement. Below it
 * there is what no process has, and what no process can have, the kernel's half. Not everywhere: sanitizers
 * keep things there, and so do programs that are not position-independent. */
enum { LOW_FIRST = 1 << 16, LOW_WINDOW = 1 << 20 };

static void *reserve_at(uintptr_t at, size_t size, int prot)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (at ? MAP_FIXED_NOREPLACE : 0);
    void *p = mmap((void *)at, size, prot, flags, -1, 0);
    if (p == MAP_FAILED) return NULL;
    if (!at || (uintptr_t)p == at) return p;
    munmap(p, size); /* a kernel that does not know the flag */
    return NULL;
}

/* The window with its guards, as large as can be had; the first byte of all that. */
static uint8_t *reserve_guarded(struct mem *m)
{
    for (unsigned low = 2; low-- > 0;)
        for (unsigned i = 0; i < ARRAY_LEN(guard_bits); i++) {
            m->guard = 1ull << guard_bits[i];
            m->below = low ? LOW_WINDOW - LOW_FIRST : m->guard;
            uint8_t *base = reserve_at(low ? LOW_FIRST : 0, m->below + WINDOW_SIZE + m->guard, PROT_NONE);
            if (base) return base;
        }
    return NULL;
}

int mem_window_open(struct mem *m)
{
    BUG_ON(m->window || m->count);
    uint8_t *base = reserve_guarded(m),
            *pages = base ? reserve_at(0, WINDOW_PAGES, PROT_READ | PROT_WRITE) : NULL;
    if (base && !pages) munmap(base, m->below + WINDOW_SIZE + m->guard);
    if (!pages) return -ENOMEM;
    m->window = base + m->below;
    m->pages = pages;
    return 0;
}

void window_close(struct mem *m)
{
    munmap(m->window - m->below, m->below + WINDOW_SIZE + m->guard);
    munmap(m->pages, WINDOW_PAGES);
}

/* ---- the lock: its owner's address is the same in a forked child, and a handler may take it again ---- */

static _Thread_local char self;

void mem_lock(struct mem *m)
{
    const void *none = NULL;
    if (__atomic_load_n(&m->owner, __ATOMIC_RELAXED) == &self) {
        m->depth++;
        return;
    }
    while (!__atomic_compare_exchange_n(&m->owner, &none, &self, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
        none = NULL;
        sched_yield();
    }
}

void mem_unlock(struct mem *m)
{
    BUG_ON(__atomic_load_n(&m->owner, __ATOMIC_RELAXED) != &self);
    if (m->depth)
        m->depth--;
    else
        __atomic_store_n(&m->owner, NULL, __ATOMIC_RELEASE);
}

/* ---- what changed ---- */

void mem_code_changed(struct mem *m, uint64_t addr, uint64_t size)
{
    mem_lock(m);
    uint64_t epoch = m->code_epoch + 1;
    m->changes[epoch % MEM_CHANGES] = (struct mem_change){addr, size};
    __atomic_store_n(&m->code_epoch, epoch, __ATOMIC_SEQ_CST);
    mem_unlock(m);
}

bool mem_changes(struct mem *m, uint64_t *epoch, struct mem_change to[MEM_CHANGES], unsigned *n)
{
    mem_lock(m);
    uint64_t from = *epoch;
    bool all = m->code_epoch - from <= MEM_CHANGES;
    *n = 0;
    while (all && from < m->code_epoch) to[(*n)++] = m->changes[++from % MEM_CHANGES];
    *epoch = m->code_epoch;
    mem_unlock(m);
    return all;
}

/* ---- pages ---- */

static unsigned page_get(const struct mem *m, uint64_t page)
{
    return __atomic_load_n(&m->pages[page], __ATOMIC_ACQUIRE);
}

static void page_set(struct mem *m, uint64_t page, unsigned v)
{
    __atomic_store_n(&m->pages[page], (uint8_t)v, __ATOMIC_RELEASE);
}

/* The pages of what of [addr, addr+size) lies in the window. False: nothing does. */
static bool pages_of(uint64_t addr, uint64_t size, uint64_t *first, uint64_t *end)
{
    if (!size || addr >= WINDOW_SIZE) return false;
    if (size > WINDOW_SIZE - addr) size = WINDOW_SIZE - addr;
    *first = addr >> CPU_PAGE_BITS;
    *end = ((addr + size - 1) >> CPU_PAGE_BITS) + 1;
    return true;
}

/* The first page of [first, end) whose byte, masked, is not `v`; eight at a time, since guests reserve
 * hundreds of gigabytes. */
static uint64_t page_find_not(const struct mem *m, uint64_t first, uint64_t end, unsigned mask, unsigned v)
{
    const uint64_t all = 0x0101010101010101u;
    while (first < end) {
        if (first % 8 == 0 && end - first >= 8) {
            uint64_t word = __atomic_load_n((const cpu_host64 *)&m->pages[first], __ATOMIC_ACQUIRE);
            if ((word & all * mask) == all * v) {
                first += 8;
                continue;
            }
        }
        if ((page_get(m, first) & mask) != v) break;
        first++;
    }
    return first;
}

void mem_pages(struct mem *m, uint64_t addr, uint64_t size, unsigned perm)
{
    uint64_t page, end, stale = 0, stale_end = 0; /* from the first watched one to the last */
    bool more = false;                            /* can be executed */
    if (!pages_of(addr, size, &page, &end)) return;
    if (perm) perm |= CPU_READ;
    mem_lock(m);
    while ((page = page_find_not(m, page, end, 0xff, perm)) < end) {
        unsigned old = page_get(m, page);
        if (old & MEM_WATCHED && !stale_end) stale = page;
        if (old & MEM_WATCHED) stale_end = page + 1;
        more |= perm & CPU_EXEC && !(old & CPU_EXEC);
        page_set(m, page++, perm);
    }
    if (stale_end || more) mem_code_changed(m, stale << CPU_PAGE_BITS, (stale_end - stale) << CPU_PAGE_BITS);
    mem_unlock(m);
}

/* The caller holds the lock; the page has a mark. */
static bool page_open(struct mem *m, uint64_t page)
{
    unsigned have = page_get(m, page);
    page_set(m, page, have & ~(unsigned)MEM_WATCHED);
    mem_code_changed(m, page << CPU_PAGE_BITS, CPU_PAGE);
    return !(have & CPU_WRITE) ||
           !mprotect(m->window + (page << CPU_PAGE_BITS), CPU_PAGE, PROT_READ | PROT_WRITE);
}

bool mem_unwatch(struct mem *m, uint64_t addr, uint64_t size)
{
    uint64_t page, end;
    bool any = false;
    if (!pages_of(addr, size, &page, &end)) return false;
    while ((page = page_find_not(m, page, end, MEM_WATCHED, 0)) < end) {
        mem_lock(m);
        if (page_get(m, page) & MEM_WATCHED) any |= page_open(m, page);
        mem_unlock(m);
        page++;
    }
    return any;
}

/* Closing a page can fail, since it may split one of the host's mappings more than it allows. Then the epoch
 * is counted instead: translations of the page die at the next look at it. */
static void page_watch(struct mem *m, uint64_t page)
{
    unsigned have = page_get(m, page);
    if (have & MEM_WATCHED || !have) return;
    if (have & CPU_WRITE && mprotect(m->window + (page << CPU_PAGE_BITS), CPU_PAGE, PROT_READ))
        mem_code_changed(m, page << CPU_PAGE_BITS, CPU_PAGE);
    else
        page_set(m, page, have | MEM_WATCHED);
}

void window_watch(struct mem *m, uint64_t addr, uint64_t size)
{
    uint64_t page, end;
    if (!pages_of(addr, size, &page, &end)) return;
    while ((page = page_find_not(m, page, end, MEM_WATCHED, MEM_WATCHED)) < end) {
        mem_lock(m);
        page_watch(m, page++);
        mem_unlock(m);
    }
}

bool window_open_page(struct mem *m, const void *host)
{
    uint64_t addr = (uintptr_t)host - (uintptr_t)m->window, page = addr >> CPU_PAGE_BITS;
    bool open = false;
    if (addr >= WINDOW_SIZE) return false;
    mem_lock(m);
    unsigned have = page_get(m, page);
    if (have & MEM_WATCHED && have & CPU_WRITE)
        open = page_open(m, page);
    else if (have & CPU_WRITE) /* somebody opened it meanwhile */
        open = !mprotect(m->window + (page << CPU_PAGE_BITS), CPU_PAGE, PROT_READ | PROT_WRITE);
    mem_unlock(m);
    return open;
}

bool window_find_denied(const struct mem *m, uint64_t addr, uint64_t size, unsigned access, bool any,
                        uint64_t *at)
{
    while (size) {
        unsigned have = addr < WINDOW_SIZE ? page_get(m, addr >> CPU_PAGE_BITS) & access : 0;
        if (any ? !have : have != access) {
            *at = addr;
            return true;
        }
        uint64_t part = CPU_PAGE - addr % CPU_PAGE;
        if (part >= size) break;
        size -= part;
        addr += part;
    }
    return false;
}
