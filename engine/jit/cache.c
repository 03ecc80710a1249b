/* The code cache: one reservation a vcpu, a ring of translated code in it, and who jumps to whom.
 *
 * The code is shared anonymous memory that is mapped twice, writable and executable, so that it is never both
 * at one address; a forked child that closes its copy only unmaps. (Not a memfd: perf takes that for a file
 * with symbols of its own, and never looks into its map of translated code.) Writing through one
 * address and executing at another needs no fence here: caches look physical addresses up, and between a
 * block's last byte written and its first one executed lie thousands of instructions and several indirect
 * jumps.
 *
 * A block's record, its pages, exits and faults are one allocation, which lives until the block's room is
 * reused. So their memory is bounded by the ring too.
 */
#include "engine/jit/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* ---- the reservation ---- */

/* Both views of fresh memory at their places in the reservation. An mremap of shared memory whose old size is
 * 0 maps it a second time (mremap(2)). */
static int map_views(struct jit_cache *k)
{
    const int shared = MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE;
    if (mmap(k->rw, k->size, PROT_READ | PROT_WRITE, shared, -1, 0) == MAP_FAILED ||
        mremap(k->rw, 0, k->size, MREMAP_MAYMOVE | MREMAP_FIXED, k->rx) == MAP_FAILED ||
        mprotect(k->rx, k->size, PROT_READ | PROT_EXEC))
        return -errno;
    return 0;
}

/* From the bottom: the jump cache, a guard, the stack of returns, a guard, the executable view, a guard, the
 * writable view. */
static int map_all(struct jit_cache *k)
{
    size_t jumps = JIT_JUMPS * sizeof(struct jit_jump), guard = CPU_PAGE;
    k->map_size = jumps + guard + JIT_RETURNS + 2 * (guard + k->size);
    k->map = mmap(NULL, k->map_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (k->map == MAP_FAILED) {
        k->map = NULL;
        return -errno;
    }
    k->jumps = (void *)k->map;
    uint8_t *returns = k->map + jumps + guard;
    k->rx = returns + JIT_RETURNS + guard;
    k->rw = k->rx + k->size + guard;
    if (mprotect(k->map, jumps, PROT_READ | PROT_WRITE) ||
        mprotect(returns, JIT_RETURNS, PROT_READ | PROT_WRITE))
        return -errno;
    k->no_returns = (const void **)(returns + JIT_RETURNS) - 1;
    return map_views(k);
}

static uint32_t power_of_two_above(size_t n)
{
    uint32_t p = 1;
    while (p < n) p *= 2;
    return p;
}

int jit_cache_open(struct jit *j, size_t size)
{
    struct jit_cache *k = &j->cache;
    if (!size) size = JIT_CACHE_USUAL;
    if (size < JIT_CACHE_MIN) size = JIT_CACHE_MIN;
    if (size > 1u << 30) size = 1u << 30; /* a rel32 must reach from anywhere to anywhere */
    *k = (struct jit_cache){.size = (size + CPU_PAGE - 1) & ~(size_t)(CPU_PAGE - 1)};
    int err = map_all(k);
    uint32_t buckets = power_of_two_above(k->size / 512); /* about a block for each */
    k->hash_mask = buckets - 1;
    k->order_cap = 64;
    if (!err) {
        k->hash = calloc(buckets, sizeof(*k->hash));
        k->order = calloc(k->order_cap, sizeof(*k->order));
        if (!k->hash || !k->order) err = -ENOMEM;
    }
    if (!err) err = jit_pages_open(k);
    if (err) {
        jit_cache_close(j);
        return err;
    }
    k->jumps_used = ~0ull;
    jit_jumps_clear(j);
    k->base = jit_host_make(&j->host, j->lift, k->jumps, k->rw, k->rx, k->size);
    *k->no_returns = j->host.bottom;
    jit_returns_clear(j);
    k->base = (k->base + JIT_ALIGN - 1) & ~(size_t)(JIT_ALIGN - 1);
    k->room = k->size - k->base;
    return 0;
}

void jit_cache_close(struct jit *j)
{
    struct jit_cache *k = &j->cache;
    if (k->order && k->hash && k->pages) jit_flush(j);
    free(k->hash);
    free(k->order);
    free(k->pages);
    if (k->map) munmap(k->map, k->map_size);
    *k = (struct jit_cache){0};
}

/* ---- finding ---- */

static struct jit_block **bucket_of(const struct jit_cache *k, uint64_t pc, uint64_t key)
{
    return &k->hash[(pc >> 1 ^ pc >> 13 ^ key * 0x9e3779b9u) & k->hash_mask];
}

struct jit_block *jit_find(const struct jit *j, uint64_t pc, uint64_t key)
{
    struct jit_block *b = *bucket_of(&j->cache, pc, key);
    while (b && (b->pc != pc || b->key != key)) b = b->chain;
    return b;
}

/* The i-th oldest block's. */
static struct jit_slot *nth(const struct jit_cache *k, uint32_t i)
{
    return &k->order[(k->first + i) & (k->order_cap - 1)];
}

struct jit_block *jit_block_at(const struct jit *j, const uint8_t *host)
{
    const struct jit_cache *k = &j->cache;
    if (host < k->rx + k->base || host >= k->rx + k->size || !k->count) return NULL;
    uint64_t at = k->head - k->head % k->room + (uint64_t)(host - k->rx - (ptrdiff_t)k->base);
    if (at >= k->head) {
        if (at < k->room) return NULL;
        at -= k->room;
    }
    uint32_t lo = 0, hi = k->count; /* the last block that begins at or before `at` is in [lo, hi) */
    while (hi - lo > 1) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (nth(k, mid)->at <= at)
            lo = mid;
        else
            hi = mid;
    }
    struct jit_block *b = nth(k, lo)->block;
    return at - b->at < b->size ? b : NULL;
}

struct jit_exit *jit_exit_at(const struct jit_block *b, const uint8_t *behind)
{
    uint32_t at = (uint32_t)(behind - b->code), lo = 0, hi = b->nexits;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (b->exits[mid].left < at)
            lo = mid + 1;
        else
            hi = mid;
    }
    BUG_ON(lo == b->nexits || b->exits[lo].left != at);
    return &b->exits[lo];
}

/* ---- links ---- */

static uint8_t *writable(const struct jit_cache *k, const uint8_t *rx)
{
    return k->rw + (rx - k->rx);
}

/* The rel32 at this offset of e's code goes there from now on. */
static void set_jump(struct jit *j, const struct jit_exit *e, uint32_t at, const uint8_t *to)
{
    const uint8_t *rx = e->owner->code + at;
    jit_host_patch(writable(&j->cache, rx), rx, to);
}

void jit_link(struct jit *j, struct jit_exit *e, struct jit_block *to)
{
    BUG_ON(e->to || e->kind != JIT_EXIT_GOTO || e->owner->key != to->key || e->pc != to->pc || to->cut);
    e->to = to;
    e->from_next = to->from;
    e->from_at = &to->from;
    if (to->from) to->from->from_at = &e->from_next;
    to->from = e;
    bool inside = e->inner && !e->returns && to->region == e->owner->region;
    set_jump(j, e, inside ? e->inner : e->jump, inside ? to->inner : to->entry);
    if (e->returns && e->inner) set_jump(j, e, e->inner, to->landing);
    j->stats.links++;
}

/* e is in no block's list any more; its jump is not touched. */
static void leave_list(struct jit_exit *e)
{
    *e->from_at = e->from_next;
    if (e->from_next) e->from_next->from_at = e->from_at;
    e->to = NULL;
}

static struct jit_jump *jump_of(struct jit_cache *k, uint64_t pc)
{
    return &k->jumps[jit_jump_slot(pc)];
}

void jit_jump_set(struct jit *j, struct jit_block *b)
{
    *jump_of(&j->cache, b->pc) = (struct jit_jump){b->pc, b->entry};
    j->cache.jumps_used |= 1ull << jit_jump_slot(b->pc) / JIT_JUMPS_GROUP;
}

void jit_jumps_clear(struct jit *j)
{
    struct jit_cache *k = &j->cache;
    for (uint64_t used = k->jumps_used; used; used &= used - 1) {
        unsigned first = (unsigned)__builtin_ctzll(used) * JIT_JUMPS_GROUP;
        for (unsigned i = first; i < first + JIT_JUMPS_GROUP; i++) k->jumps[i] = jit_jump_none(i);
    }
    k->jumps_used = 0;
}

void jit_returns_clear(struct jit *j)
{
    j->cache.returns = j->cache.no_returns;
}

void jit_drop(struct jit *j, struct jit_block *b)
{
    struct jit_cache *k = &j->cache;
    if (b->gone) return;
    jit_returns_clear(j);
    b->gone = true;
    jit_pages_leave(b);
    if (j->from && j->from->owner == b) j->from = NULL;
    struct jit_block **link = bucket_of(k, b->pc, b->key);
    while (*link != b) link = &(*link)->chain;
    *link = b->chain;
    while (b->from) {
        struct jit_exit *e = b->from;
        leave_list(e);
        set_jump(j, e, e->jump, e->owner->code + e->stub);
        if (e->inner) set_jump(j, e, e->inner, e->owner->code + e->cross);
        j->stats.unlinks++;
    }
    for (uint32_t i = 0; i < b->nexits; i++)
        if (b->exits[i].to) leave_list(&b->exits[i]);
    struct jit_jump *jump = jump_of(k, b->pc);
    if (jump->code == b->entry) *jump = jit_jump_none(jit_jump_slot(b->pc));
}

void jit_flush(struct jit *j)
{
    struct jit_cache *k = &j->cache;
    for (uint32_t i = 0; i < k->count; i++) {
        struct jit_block *b = nth(k, i)->block;
        if (!b->gone) *bucket_of(k, b->pc, b->key) = NULL;
        if (!b->gone) jit_pages_forget(k, b);
        free(b);
    }
    jit_jumps_clear(j);
    jit_returns_clear(j);
    k->first = k->count = 0;
    k->head = 0;
    j->nregions = 0;
    j->from = NULL;
    j->stats.flushes++;
}

/* ---- the ring ---- */

/* Takes the oldest blocks away until [at, at + n) overlaps none. */
static void reclaim(struct jit *j, uint64_t at, uint64_t n)
{
    struct jit_cache *k = &j->cache;
    if (!k->count || nth(k, 0)->at + k->room >= at + n) return;
    uint64_t start = jit_clock(j);
    while (k->count && nth(k, 0)->at + k->room < at + n) {
        struct jit_block *b = nth(k, 0)->block;
        jit_drop(j, b);
        free(b);
        k->first = (k->first + 1) & (k->order_cap - 1);
        k->count--;
    }
    uint64_t pause = jit_clock(j) - start;
    j->stats.reclaims++;
    j->stats.reclaim_ns += pause;
    if (pause > j->stats.reclaim_ns_max) j->stats.reclaim_ns_max = pause;
}

/* Room for one block more in `order`. */
static bool order_grow(struct jit_cache *k)
{
    if (k->count < k->order_cap) return true;
    struct jit_slot *p = calloc((size_t)k->order_cap * 2, sizeof(*p));
    if (!p) return false;
    for (uint32_t i = 0; i < k->count; i++) p[i] = *nth(k, i);
    free(k->order);
    k->order = p;
    k->order_cap *= 2;
    k->first = 0;
    return true;
}

/* The position where n bytes in one piece can go next. */
static uint64_t place(const struct jit_cache *k, uint64_t n)
{
    uint64_t offset = k->head % k->room;
    return offset + n > k->room ? k->head + (k->room - offset) : k->head;
}

/* The record of a block with room for what was emitted. */
static struct jit_block *record(const struct jit *j)
{
    const struct jit_code *code = &j->code;
    size_t exits = code->nexits * sizeof(struct jit_exit), faults = code->nfaults * sizeof(struct jit_fault);
    uint64_t page[JIT_PAGES];
    unsigned npages = jit_pages_of(&j->ir, page);
    struct jit_block *b = malloc(sizeof(*b) + exits + faults + npages * sizeof(*b->on));
    if (!b) return NULL;
    *b = (struct jit_block){
        .pc = j->ir.pc,
        .key = j->ir.key,
        .insns = j->ir.insns,
        .bytes = j->ir.bytes,
        .size = code->n,
        .jumps = j->ir.nodes[j->ir.n - 1].op == IR_JUMP,
        .nexits = code->nexits,
        .nfaults = code->nfaults,
        .npages = npages,
    };
    b->on = (void *)(b + 1);
    b->exits = (void *)(b->on + npages);
    b->faults = (void *)((char *)b->exits + exits);
    for (unsigned i = 0; i < npages; i++) b->on[i] = (struct jit_on){.page = page[i], .block = b};
    if (exits) memcpy(b->exits, code->exits, exits);
    if (faults) memcpy(b->faults, code->faults, faults);
    for (uint32_t i = 0; i < b->nexits; i++) {
        b->exits[i].owner = b;
        b->exits[i].to = NULL;
    }
    return b;
}

bool jit_fits(const struct jit *j)
{
    return j->code.n <= j->cache.room / 4;
}

struct jit_block *jit_install(struct jit *j, unsigned tier, uint32_t region, bool cut)
{
    struct jit_cache *k = &j->cache;
    uint64_t n = (j->code.n + JIT_ALIGN - 1) & ~(uint64_t)(JIT_ALIGN - 1);
    if (!order_grow(k)) return NULL;
    struct jit_block *b = record(j);
    if (!b) return NULL;
    b->region = region;
    b->tier = tier;
    b->cut = cut;
    b->at = place(k, n);
    reclaim(j, b->at, n);
    k->head = b->at + n;
    b->code = k->rx + k->base + b->at % k->room;
    b->landing = b->code + j->code.landing;
    b->entry = b->code + j->code.entry;
    b->inner = b->code + j->code.inner;
    uint8_t *rw = writable(k, b->code);
    memcpy(rw, j->code.p, j->code.n);
    for (uint32_t i = 0; i < j->code.ncalls; i++) {
        uint32_t at = j->code.calls[i].at;
        jit_host_patch(rw + at, b->code + at, j->code.calls[i].to);
    }
    struct jit_slot *slot = nth(k, k->count++);
    *slot = (struct jit_slot){.at = b->at, .block = b};
    jit_pages_join(k, b);
    struct jit_block **bucket = bucket_of(k, b->pc, b->key);
    b->chain = *bucket;
    *bucket = b;
    return b;
}
