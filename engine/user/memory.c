/* Calls on memory: the address space itself is space.c's, what it holds is the host's kernel's. */
#include "engine/user/space.h"
#include "linux/linux_calls.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

int64_t user_mmap(struct user_thread *t, const uint64_t a[6])
{
    const struct call_set *set = &t->p->abi->calls->sets[CALL_SET_map];
    int flags = (int)call_set_to_host(set, a[3]);
    if (!(flags & MAP_ANONYMOUS) && user_kept_fd(t->p, (int)a[4])) return -EBADF;
    return space_map(t->p, a[0], a[1], (int)a[2], flags, (int)a[4], a[5], NULL);
}

int64_t user_munmap(struct user_thread *t, const uint64_t a[6])
{
    return space_unmap(t->p, a[0], a[1]);
}

int64_t user_mprotect(struct user_thread *t, const uint64_t a[6])
{
    return space_protect(t->p, a[0], a[1], (int)a[2]);
}

int64_t user_mremap(struct user_thread *t, const uint64_t a[6])
{
    return space_remap(t->p, a[0], a[1], a[2], (int)a[3], a[4]);
}

int64_t user_brk(struct user_thread *t, const uint64_t a[6])
{
    return space_brk(t->p, a[0]);
}

/* ---- advice ---- */

/* What the host's kernel is asked for each mapped piece; the rest needs no kernel, or is not for a guest. */
enum advice { ADVICE_HOST, ADVICE_NOTHING, ADVICE_REFUSED, ADVICE_UNKNOWN };

static enum advice advice_of(int advice)
{
    switch (advice) {
    /* a child of fork must keep its whole window: there it may see what its parent meant to keep */
    case MADV_DONTFORK:
    case MADV_DOFORK: return ADVICE_NOTHING;
    case MADV_HWPOISON:
    case 101: /* MADV_SOFT_OFFLINE */ return ADVICE_REFUSED;
    default: return advice < 0 || advice > 25 || (advice > 4 && advice < 8) ? ADVICE_UNKNOWN : ADVICE_HOST;
    }
}

/* One piece of mapped memory. The lock is held. */
static int64_t advise(struct user_process *p, uint64_t start, uint64_t end, int advice)
{
    int err = madvise(mem_host(&p->mem, start), end - start, advice) ? -errno : 0;
    (void)mem_unwatch(&p->mem, start, end - start); /* its bytes may be others now */
    return err;
}

int64_t user_madvise(struct user_thread *t, const uint64_t a[6])
{
    struct user_process *p = t->p;
    uint64_t start = a[0], end = start + page_up(a[1]);
    enum advice what = advice_of((int)a[2]);
    int64_t err = 0;
    if (what == ADVICE_UNKNOWN || start & (CPU_PAGE - 1) || end < start || (a[1] && !page_up(a[1])))
        return -EINVAL;
    if (what == ADVICE_REFUSED) return -EPERM;
    if (start == end) return 0;
    if (!space_inside(start, end - start)) return -ENOMEM;
    space_lock(p);
    /* holes are passed over, and said at the end */
    for (size_t i = areas_at(&p->space, start); i < p->space.count && p->space.areas[i].start < end; i++) {
        const struct user_area *area = &p->space.areas[i];
        uint64_t from = area->start > start ? area->start : start, to = area->end < end ? area->end : end;
        int64_t one = what == ADVICE_HOST ? advise(p, from, to, (int)a[2]) : 0;
        if (one && !err) err = one;
    }
    if (!err && areas_covered(&p->space, start, end) != end) err = -ENOMEM;
    space_unlock(p);
    return err;
}

int64_t user_mincore(struct user_thread *t, const uint64_t a[6])
{
    struct user_process *p = t->p;
    uint64_t start = a[0], size = page_up(a[1]);
    if (start & (CPU_PAGE - 1)) return -EINVAL;
    if (!space_inside(start, size) || (a[1] && !size)) return -ENOMEM;
    space_lock(p);
    bool whole = areas_covered(&p->space, start, start + size) == start + size;
    space_unlock(p);
    if (!whole) return -ENOMEM;
    uint64_t vec = call_move(t, a[2], size / CPU_PAGE, CALL_OUT);
    return user_host_call(t, SYS_mincore,
                          (const uint64_t[6]){(uintptr_t)mem_host(&p->mem, start), size, vec});
}

/* Locking everything would lock the engine as well. That pages do not wait for a disk is all it promises. */
int64_t user_mlockall(struct user_thread *t, const uint64_t a[6])
{
    return !a[0] || a[0] & ~(uint64_t)(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) || a[0] == MCL_ONFAULT
               ? -EINVAL
               : 0;
}

int64_t user_munlockall(struct user_thread *t, const uint64_t a[6])
{
    return 0;
}

/* ---- shared memory ---- */

/* Memory of that size where the segment goes, so that nothing else can be there. */
static int64_t shm_place(struct user_process *p, int id, uint64_t addr, size_t size, int flags)
{
    char name[32];
    int prot = PROT_READ | (flags & SHM_RDONLY ? 0 : PROT_WRITE) | (flags & SHM_EXEC ? PROT_EXEC : 0);
    int fixed = !addr ? 0 : flags & SHM_REMAP ? MAP_FIXED : MAP_FIXED_NOREPLACE;
    if (flags & SHM_REMAP && !addr) return -EINVAL;
    if (flags & SHM_RND) addr = page_down(addr);
    snprintf(name, sizeof(name), "/SYSV%08x", (unsigned)id);
    int64_t at = space_map(p, addr, size, prot, MAP_SHARED | MAP_ANONYMOUS | fixed, -1, 0, name);
    return at == -EEXIST ? -EINVAL : at;
}

int64_t user_shmat(struct user_thread *t, const uint64_t a[6])
{
    struct user_process *p = t->p;
    struct shmid_ds ds;
    int flags = (int)a[2];
    if (shmctl((int)a[0], IPC_STAT, &ds)) return errno == EACCES ? -EACCES : -errno;
    int64_t at = shm_place(p, (int)a[0], a[1], ds.shm_segsz, flags);
    if (at < 0) return at;
    if (shmat((int)a[0], mem_host(&p->mem, (uint64_t)at), (flags & ~SHM_RND) | SHM_REMAP) != (void *)-1)
        return at;
    int err = -errno;
    (void)space_unmap(p, (uint64_t)at, ds.shm_segsz);
    return err;
}

/* The end of the segment that is attached at start, or 0. */
static uint64_t shm_end(struct user_process *p, uint64_t start)
{
    const struct user_space *s = &p->space;
    uint64_t end = 0;
    space_lock(p);
    size_t i = areas_at(s, start);
    const struct user_file *file = i < s->count && s->areas[i].start == start ? s->areas[i].file : NULL;
    if (file && !strncmp(file->name, "/SYSV", 5))
        for (end = start; i < s->count && s->areas[i].start == end && s->areas[i].file == file; i++)
            end = s->areas[i].end;
    space_unlock(p);
    return end;
}

/* Putting the empty window back over a segment detaches it. */
int64_t user_shmdt(struct user_thread *t, const uint64_t a[6])
{
    uint64_t end = shm_end(t->p, a[0]);
    return end ? space_unmap(t->p, a[0], end - a[0]) : -EINVAL;
}

/* ---- other processes' memory: only our own can be told from the engine's ---- */

static int64_t vm_copy(struct user_thread *t, const uint64_t a[6], long number)
{
    struct call_frame f = {.t = t};
    static const struct call_row row = {.name = "process_vm"};
    uint64_t local, remote;
    if (a[5]) return -EINVAL;
    if ((int)a[0] != getpid()) return -EPERM;
    int err = call_begin(&f, t, &row, a);
    bool reads = number == SYS_process_vm_readv;
    if (!err) err = call_iovec(&f, a[1], a[2], reads ? CALL_OUT : CALL_IN, &local, &f.copy[1]);
    if (!err) err = call_iovec(&f, a[3], a[4], reads ? CALL_IN : CALL_OUT, &remote, &f.copy[3]);
    int64_t result = err;
    if (!err) result = user_host_call(t, number, (const uint64_t[6]){a[0], local, a[2], remote, a[4]});
    return call_end(&f, result);
}

int64_t user_process_vm_readv(struct user_thread *t, const uint64_t a[6])
{
    return vm_copy(t, a, SYS_process_vm_readv);
}

int64_t user_process_vm_writev(struct user_thread *t, const uint64_t a[6])
{
    return vm_copy(t, a, SYS_process_vm_writev);
}
