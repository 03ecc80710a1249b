/* mremap. The window may never have a hole that some other mapping of the host's could fall into, so a
 * mapping moves without leaving one: MREMAP_DONTUNMAP leaves an empty mapping behind, which is reserved then.
 * The same is why only private anonymous memory grows in place (by mapping more behind it); everything else
 * moves.
 */
#include "engine/user/space.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

/* What was asked, sizes in whole pages. */
struct remap {
    uint64_t from, old_size, new_size;
    int flags;
    uint64_t wish; /* with MREMAP_FIXED */
};

static void *host_move(void *from, uint64_t old_size, uint64_t new_size, int flags, void *to)
{
    return mremap(from, old_size, new_size, MREMAP_MAYMOVE | flags, to);
}

/* Grows by way of a place outside the window, where a hole does no harm. */
static int grow_bytes(void *from, uint64_t size, uint64_t new_size, void *dest)
{
    void *away = host_move(from, size, size, MREMAP_DONTUNMAP, NULL);
    if (away == MAP_FAILED) return -errno;
    if (host_move(away, size, new_size, MREMAP_FIXED, dest) != MAP_FAILED) return 0;
    int err = -errno;
    if (host_move(away, size, size, MREMAP_FIXED, from) == MAP_FAILED) {
        /* The host has no room for one mapping more, and the guest's bytes are out of its reach: it dies as
         * one that the kernel has no memory for. */
        kill(getpid(), SIGKILL);
    }
    return err;
}

/* Moves host memory to guest address `to`, old_size bytes becoming new_size. 0 or -errno. */
static int move_bytes(struct user_process *p, const struct remap *r, uint64_t to)
{
    void *from = mem_host(&p->mem, r->from), *dest = mem_host(&p->mem, to);
    if (r->old_size && r->old_size < r->new_size) return grow_bytes(from, r->old_size, r->new_size, dest);
    /* no old size: another view of shared memory; the old one stays by itself */
    int flags = MREMAP_FIXED | (r->old_size ? MREMAP_DONTUNMAP : 0);
    return host_move(from, r->old_size, r->new_size, flags, dest) == MAP_FAILED ? -errno : 0;
}

/* The same where one mapping of the guest's is several of the host's, which it does not move at once: one
 * that grew in place after advice (madvise) is. All is moved, or nothing. */
static int move_pieces(struct user_process *p, const struct remap *r, uint64_t to)
{
    int err = move_bytes(p, r, to);
    if (err != -EFAULT || r->old_size <= CPU_PAGE) return err;
    uint64_t half = page_down(r->old_size / 2);
    const struct remap low = {r->from, half, half, 0, 0}, back = {to, half, half, 0, 0},
                       high = {r->from + half, r->old_size - half, r->new_size - half, 0, 0};
    err = move_pieces(p, &low, to);
    if (err) return err;
    err = move_pieces(p, &high, to + half);
    if (!err) return 0;
    if (move_pieces(p, &back, r->from)) kill(getpid(), SIGKILL); /* as in grow_bytes */
    (void)space_reserve(p, to, half, MAP_FIXED);
    return err;
}

/* To `to`, in place of what is there. */
static int64_t move(struct user_process *p, const struct remap *r, uint64_t to)
{
    struct user_space *s = &p->space;
    int err = space_clear(p, to, to + r->new_size);
    if (!err) err = s->count + 2 <= USER_AREAS_MAX ? areas_reserve(s, 3) : -ENOMEM;
    if (err) return err;
    /* the host may have no borders of its own inside: translated pages get their permission back */
    if (r->old_size) mem_unwatch(&p->mem, r->from, r->old_size);
    err = move_pieces(p, r, to);
    if (err) {
        (void)space_reserve(p, to, r->new_size, MAP_FIXED_NOREPLACE); /* it may have left a hole */
        return err;
    }
    struct user_area a = s->areas[areas_at(s, r->from)];
    if (a.file) a.offset += r->from - a.start;
    a.start = to;
    a.end = to + r->new_size;
    file_hold(a.file);
    mem_pages(&p->mem, r->from, r->old_size, space_perm(a.prot)); /* empty now: translations are wrong */
    /* at the host's limit of mappings, what is left of it stays, empty */
    if (!(r->flags & MREMAP_DONTUNMAP) && r->old_size) (void)!space_clear(p, r->from, r->from + r->old_size);
    areas_put(s, a);
    mem_pages(&p->mem, to, r->new_size, space_perm(a.prot));
    return (int64_t)to;
}

/* More of the same right behind it: only private anonymous memory, and only into nothing. */
static bool grow_in_place(struct user_process *p, const struct remap *r)
{
    struct user_space *s = &p->space;
    struct user_area a = s->areas[areas_at(s, r->from)];
    uint64_t end = r->from + r->old_size, size = r->new_size - r->old_size;
    int plain = MAP_PRIVATE | MAP_ANONYMOUS;
    if (a.end != end || a.file || (a.flags & (MAP_TYPE | MAP_ANONYMOUS)) != plain) return false;
    if (!space_inside(end, size) || !areas_free(s, end, end + size) || areas_reserve(s, 1)) return false;
    if (mmap(mem_host(&p->mem, end), size, space_host_prot(a.prot), a.flags | MAP_FIXED, -1, 0) == MAP_FAILED)
        return false;
    a.start = end;
    a.end = end + size;
    areas_put(s, a);
    mem_pages(&p->mem, end, size, space_perm(a.prot));
    return true;
}

static int64_t remap(struct user_process *p, struct remap *r)
{
    struct user_space *s = &p->space;
    size_t i = areas_at(s, r->from);
    if (i == s->count || s->areas[i].start > r->from) return -EFAULT;
    const struct user_area *a = &s->areas[i];
    if (!r->old_size && (a->flags & MAP_TYPE) == MAP_PRIVATE) return -EINVAL;
    bool fixed = r->flags & MREMAP_FIXED, copy = r->flags & MREMAP_DONTUNMAP || !r->old_size;
    if (r->new_size < r->old_size) { /* the rest goes first, wherever the mapping ends up */
        int err = space_clear(p, r->from + r->new_size, r->from + r->old_size);
        if (err) return err;
        r->old_size = r->new_size;
        i = areas_at(s, r->from);
        a = &s->areas[i];
    }
    if (r->new_size == r->old_size && !fixed && !copy) return (int64_t)r->from;
    if (a->end - r->from < r->old_size) return -EFAULT; /* more than one area */
    if (fixed) return move(p, r, r->wish);
    if (!copy && grow_in_place(p, r)) return (int64_t)r->from;
    if (!(r->flags & MREMAP_MAYMOVE)) return -ENOMEM;
    int64_t to = space_place(s, r->flags & MREMAP_DONTUNMAP ? r->wish : 0, r->new_size, CPU_PAGE);
    return to < 0 ? to : move(p, r, (uint64_t)to);
}

int64_t space_remap(struct user_process *p, uint64_t old, uint64_t old_len, uint64_t new_len, int flags,
                    uint64_t addr)
{
    struct remap r = {old, page_up(old_len), page_up(new_len), flags, addr};
    if (flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP)) return -EINVAL;
    if (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP) && !(flags & MREMAP_MAYMOVE)) return -EINVAL;
    if (flags & MREMAP_DONTUNMAP && r.old_size != r.new_size) return -EINVAL;
    if (old % CPU_PAGE || !r.new_size) return -EINVAL;
    if (flags & MREMAP_FIXED) {
        if (addr % CPU_PAGE || !space_inside(addr, r.new_size)) return -EINVAL;
        if (addr < old + r.old_size && old < addr + r.new_size) return -EINVAL;
        if (addr < USER_LOWEST) return -EPERM;
    }
    if (r.new_size > USER_SPACE) return -ENOMEM;
    if (!space_inside(old, r.old_size)) return -EFAULT;
    space_lock(p);
    int64_t at = remap(p, &r);
    space_unlock(p);
    return at;
}
