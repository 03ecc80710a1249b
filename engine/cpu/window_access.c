/* Accesses in a window beyond the inlined ones: of other sizes, of all of a range, and the host's own. */
#include "engine/cpu/window.h"

#include "engine/guest/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* ---- the guest's ---- */

/* The host's fault says which byte when the file behind the page is too short (SIGBUS), and when the
 * permissions changed under the access; else the permissions do. */
bool window_fault(struct vcpu *c, uint64_t addr, uint64_t size, unsigned access)
{
    uint64_t at = addr, host_addr = c->host_addr;
    int sig = c->host_signal;
    bool denied = window_find_denied(c->mem, addr, size, access, false, &at);
    if (sig && (sig == SIGBUS || !denied)) at = host_addr - addr < size ? host_addr : addr;
    cpu_fault(c, c->guest->cause_of_access[access], at);
    c->host_signal = sig;
    c->host_addr = host_addr;
    return false;
}

bool window_refuse(struct vcpu *c, uint64_t addr, uint64_t size, unsigned access)
{
    c->host_signal = 0;
    return window_fault(c, addr, size, access);
}

bool window_load(struct vcpu *c, uint64_t addr, void *p, unsigned size)
{
    if (addr >> MEM_WINDOW_BITS) return window_refuse(c, addr, size, CPU_READ);
    c->window = c->mem->window;
    c->host_signal = 0;
    uint64_t wide = 0;
    switch (size) {
    case 1: HOST_LOAD8(wide, c->window, addr, fault); break;
    case 2: HOST_LOAD16(wide, c->window, addr, fault); break;
    case 4: HOST_LOAD32(wide, c->window, addr, fault); break;
    case 8: HOST_LOAD64(wide, c->window, addr, fault); break;
    default: return !host_copy(p, c->window + addr, size) || window_fault(c, addr, size, CPU_READ);
    }
    memcpy(p, &wide, size);
    return true;
fault:
    return window_fault(c, addr, size, CPU_READ);
}

bool window_store(struct vcpu *c, uint64_t addr, const void *p, unsigned size)
{
    uint64_t at, wide = 0;
    if (addr >> MEM_WINDOW_BITS) return window_refuse(c, addr, size, CPU_WRITE);
    c->window = c->mem->window;
    c->host_signal = 0;
    memcpy(&wide, p, size <= 8 ? size : 0);
    switch (size) {
    case 1: HOST_STORE8(wide, c->window, addr, fault); return true;
    case 2: HOST_STORE16(wide, c->window, addr, fault); return true;
    case 4: HOST_STORE32(wide, c->window, addr, fault); return true;
    case 8: HOST_STORE64(wide, c->window, addr, fault); return true;
    default: break;
    }
    if (!window_find_denied(c->mem, addr, size, CPU_WRITE, false, &at) &&
        !host_copy(c->window + addr, p, size))
        return true;
fault:
    return window_fault(c, addr, size, CPU_WRITE);
}

bool window_store_zeros(struct vcpu *c, uint64_t addr, uint64_t size)
{
    uint64_t at;
    c->host_signal = 0;
    if (window_find_denied(c->mem, addr, size, CPU_WRITE, false, &at))
        return window_fault(c, addr, size, CPU_WRITE);
    return !host_zero(c->mem->window + addr, size) || window_fault(c, addr, size, CPU_WRITE);
}

/* Unit by unit: what comes after the last one that can be had is the fault of a later fetch. */
unsigned window_fetch(struct vcpu *c, uint64_t addr, void *p, unsigned want)
{
    unsigned unit = c->guest->code_unit, got = 0;
    uint64_t at;
    c->host_signal = 0;
    for (; got + unit <= want; got += unit)
        if (window_find_denied(c->mem, addr + got, unit, CPU_EXEC, false, &at) ||
            !window_copy_in(c->mem, (uint8_t *)p + got, addr + got, unit))
            break;
    if (!got) window_fault(c, addr, unit, CPU_EXEC);
    return got;
}

/* ---- the host's own ---- */

static bool inside(uint64_t addr, uint64_t n)
{
    uint64_t size = 1ull << MEM_WINDOW_BITS;
    return addr <= size && n <= size - addr;
}

bool window_copy_in(const struct mem *m, void *to, uint64_t addr, size_t n)
{
    return inside(addr, n) && !host_copy(to, m->window + addr, n);
}

/* With a vcpu on this thread, the handler opens watched pages; without one, or when another thread watches
 * again meanwhile, it is done here. */
bool window_copy_out(struct mem *m, uint64_t addr, const void *from, size_t n)
{
    if (!inside(addr, n)) return false;
    mem_unwatch(m, addr, n);
    for (size_t left; (left = host_copy(m->window + addr, from, n));) {
        addr += n - left;
        from = (const uint8_t *)from + (n - left);
        n = left;
        if (!mem_unwatch(m, addr, 1)) return false;
    }
    return true;
}

bool window_read32(const struct mem *m, uint64_t addr, uint32_t *v)
{
    uint32_t seen = 0;
    if (!inside(addr, sizeof(*v)) || addr % sizeof(*v)) return false;
    HOST_LOAD32(seen, m->window, addr, fault);
    *v = seen;
    return true;
fault:
    return false;
}

bool window_write32(struct mem *m, uint64_t addr, uint32_t v)
{
    if (!inside(addr, sizeof(v)) || addr % sizeof(v)) return false;
    mem_unwatch(m, addr, sizeof(v));
again:
    HOST_STORE32(v, m->window, addr, fault);
    return true;
fault:
    if (mem_unwatch(m, addr, sizeof(v))) goto again;
    return false;
}

int window_cas32(struct mem *m, uint64_t addr, uint32_t *old, uint32_t v)
{
    int done;
    if (!inside(addr, sizeof(v)) || addr % sizeof(v)) return -1;
    mem_unwatch(m, addr, sizeof(v));
    do done = host_cas32(m->window + addr, old, v);
    while (done < 0 && mem_unwatch(m, addr, sizeof(v)));
    return done;
}

/* ---- behind mem_read and mem_write ---- */

int window_peek(const struct mem *m, uint64_t addr, void *p, size_t n)
{
    uint64_t at;
    if (window_find_denied(m, addr, n, CPU_READ, false, &at)) return -EFAULT;
    return window_copy_in(m, p, addr, n) ? 0 : -EFAULT;
}

/* A page that the guest may not write is written through the process's own memory file, which may do what a
 * debugger may. */
static bool force(void *to, const void *p, size_t n)
{
    int fd = open("/proc/self/mem", O_WRONLY | O_CLOEXEC);
    if (fd < 0) return false;
    bool ok = pwrite(fd, p, n, (off_t)(uintptr_t)to) == (ssize_t)n;
    close(fd);
    return ok;
}

int window_poke(struct mem *m, uint64_t addr, const void *p, size_t n)
{
    uint64_t at;
    if (window_find_denied(m, addr, n, CPU_READ, false, &at)) return -EFAULT;
    mem_unwatch(m, addr, n);
    bool ok = window_find_denied(m, addr, n, CPU_WRITE, false, &at) ? force(m->window + addr, p, n)
                                                                    : window_copy_out(m, addr, p, n);
    mem_unwatch(m, addr, n); /* somebody translated it meanwhile */
    return ok ? 0 : -EFAULT;
}
