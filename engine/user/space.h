/* Inside of the address space: the list of areas, shared by areas.c, space.c and remap.c.
 *
 * Areas are what the guest mapped, as its kernel would list them; the host's own list differs (the window is
 * reserved everywhere, translated pages lose their write permission). Nothing of areas.c touches memory
 * itself, and space.lock is held by whoever calls it.
 */
#ifndef ENGINE_USER_SPACE_H
#define ENGINE_USER_SPACE_H

#include "engine/user/user.h"

#define USER_SPACE (1ull << MEM_WINDOW_BITS) /* size of the address space */

enum {
    USER_AREAS_MAX = 65530,                /* Linux's default of vm.max_map_count */
    USER_LOWEST = 0x10000,                 /* its default of vm.mmap_min_addr */
    USER_STACK_GAP = 256 << CPU_PAGE_BITS, /* kept free below the stack, as its stack_guard_gap */
};

static inline uint64_t page_down(uint64_t v)
{
    return v & ~(uint64_t)(CPU_PAGE - 1);
}
static inline uint64_t page_up(uint64_t v) /* wraps to 0 */
{
    return page_down(v + (CPU_PAGE - 1));
}

/* ---- areas.c ---- */
MUST_CHECK int areas_reserve(struct user_space *s, size_t n); /* memory for n more: 0 or -ENOMEM */
size_t areas_at(const struct user_space *s, uint64_t addr);   /* index of the first that ends after addr */
bool areas_free(const struct user_space *s, uint64_t start, uint64_t end); /* nothing there */
/* End of what is mapped without a hole from `start` on, at most `end`; start when nothing is. */
uint64_t areas_covered(const struct user_space *s, uint64_t start, uint64_t end);
/* The highest place for `size` bytes in [low, high) whose address is a multiple of `align`; 0: none. */
uint64_t areas_gap(const struct user_space *s, uint64_t size, uint64_t align, uint64_t low, uint64_t high);
void areas_cut(struct user_space *s, uint64_t start, uint64_t end); /* needs room for 1 */
/* Adds an area where nothing is; the reference to its file becomes the list's. Needs room for 1. */
void areas_put(struct user_space *s, struct user_area a);
void areas_protect(struct user_space *s, uint64_t start, uint64_t end, int prot); /* needs room for 2 */
void areas_clear(struct user_space *s);
struct user_file *file_new(const char *name);     /* one reference; NULL: no memory */
struct user_file *file_hold(struct user_file *f); /* f may be NULL here and below */
void file_drop(struct user_file *f);

/* ---- space.c, for remap.c and elf.c ---- */
/* To change anything: the host's mappings, the list and the engine's pages change together. */
void space_lock(struct user_process *p);
void space_unlock(struct user_process *p);
/* Where a mapping of this size goes that wishes for `hint` (0: for nothing): an address or -ENOMEM. */
int64_t space_place(const struct user_space *s, uint64_t hint, uint64_t size, uint64_t align);
/* Makes a piece of the window inaccessible again, with MAP_FIXED or MAP_FIXED_NOREPLACE. */
bool space_reserve(struct user_process *p, uint64_t start, uint64_t size, int fixed);
/* Empties a range; the lock is held. 0 or -ENOMEM. */
int space_clear(struct user_process *p, uint64_t start, uint64_t end);
int space_host_prot(int prot);
unsigned space_perm(int prot);

#endif
