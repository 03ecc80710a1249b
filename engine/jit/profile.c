/* What was hot, from one run to the next: the heads of regions with the paths that they were made of, and
 * blocks on their way there. The embedder reads and writes the file (README.md has its format); places in it
 * are files and offsets, which the embedder turns into addresses and back.
 *
 * What a profile says is used when the code is reached for the first time: then its library is mapped, and a
 * run that takes another way pays nothing for it. It is only a hint: a path of other code than was recorded
 * is refused, and a region is right whatever path it is made of (region.c).
 *
 * In a run that is like the ones before, a place gets half of its heat. So it is known which code is worth a
 * region: that one is made at once; the rest is left in the first tier until it has run as long as that
 * takes.
 *
 * Nothing here has a lock, so that a fork cannot find it held: what is known does not change, new entries are
 * put in front of a list.
 */
#include "engine/jit/region.h"

#include "engine/guest/guest.h"

#include <stdlib.h>

enum {
    NOTED = 4096, /* entries of a run; more of them would not be read again */
    WORTH = 48,   /* of heat: a region that runs less does not earn what making it takes */
    AGAIN = 8,    /* so often an entry is used: guests that change their code would pay for it each time */
};

/* ---- paths ---- */

static uint64_t mix(uint64_t h, uint32_t word, unsigned length)
{
    h = (h ^ (length < sizeof(word) ? word & ((1u << 8 * length) - 1) : word)) * 0x9e3779b97f4a7c15u;
    return h ^ h >> 32;
}

static bool same_place(struct jit_place a, struct jit_place b)
{
    return a.file == b.file && a.offset == b.offset;
}

/* Adds the stretch behind the others, or to one that is the same. */
static struct jit_hot *add_stretch(struct jit_hot *h, struct jit_stretch s)
{
    struct jit_stretch *last = h->n ? &h->path[h->n - 1] : NULL;
    if (last && same_place(last->at, s.at) && last->insns == s.insns) {
        last->times++;
        return h;
    }
    if (h->n % 32 == 0) {
        struct jit_hot *more = realloc(h, sizeof(*h) + (h->n + 32) * sizeof(s));
        if (!more) free(h);
        if (!more) return NULL;
        h = more;
    }
    h->path[h->n++] = s;
    return h;
}

/* The path as stretches; NULL: it lies where no later run would find it, or there is no memory. h is freed.
 */
static struct jit_hot *record_path(struct vcpu *c, const struct jit_profile *p, const struct jit_path *path,
                                   struct jit_hot *h)
{
    struct jit_reader r = {.c = c, .watched = ~0ull};
    struct jit_stretch s = {0};
    uint64_t next = 0;
    for (uint32_t i = 0; i < path->n && h; i++) {
        uint32_t word;
        unsigned n = jit_read_insn(&r, path->pc[i], &word);
        if (!n && i == path->n - 1) break; /* it did not run */
        bool on = s.insns && path->pc[i] == next;
        if (!on && s.insns) h = add_stretch(h, s);
        if (!on) s = (struct jit_stretch){.times = 1};
        if (h && (!n || (!on && !p->place(path->pc[i], p->data, &s.at)))) {
            free(h);
            h = NULL;
        }
        if (!h) return NULL;
        h->code = mix(h->code, word, n);
        s.insns++;
        next = path->pc[i] + n;
    }
    return h && s.insns ? add_stretch(h, s) : h;
}

/* The addresses of the path, and what its code hashes to; false: it cannot be walked. */
static bool walk(struct vcpu *c, const struct jit_profile *p, const struct jit_hot *h, struct jit_path *path,
                 uint64_t *code)
{
    struct jit_reader r = {.c = c, .watched = ~0ull};
    path->n = 0;
    *code = 0;
    for (uint32_t i = 0; i < h->n; i++) {
        uint64_t start;
        if (!p->address(h->path[i].at, p->data, &start) || start % c->guest->code_unit) return false;
        for (uint64_t k = 0, pc = start; k < (uint64_t)h->path[i].insns * h->path[i].times; k++) {
            uint32_t word;
            if (k % h->path[i].insns == 0) pc = start;
            unsigned n = jit_read_insn(&r, pc, &word);
            if (!n || path->n > JIT_PATH) return false;
            path->pc[path->n++] = pc;
            *code = mix(*code, word, n);
            pc += n;
        }
    }
    return path->n > 1;
}

/* ---- entries ---- */

static int compare(struct jit_place at, uint64_t mode, const struct jit_hot *h)
{
    if (at.file != h->at.file) return at.file < h->at.file ? -1 : 1;
    if (at.offset != h->at.offset) return at.offset < h->at.offset ? -1 : 1;
    return mode < h->mode ? -1 : mode > h->mode;
}

int jit_hot_compare(const void *a, const void *b)
{
    const struct jit_hot *const *x = a, *const *y = b;
    return compare((*x)->at, (*x)->mode, *y);
}

static struct jit_hot *find(const struct jit_profile *p, struct jit_place at, uint64_t mode)
{
    unsigned lo = 0, hi = p->nknown;
    while (lo < hi) {
        unsigned mid = lo + (hi - lo) / 2;
        int order = compare(at, mode, p->known[mid]);
        if (!order) return p->known[mid];
        if (order < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    return NULL;
}

static struct jit_hot *find_noted(const struct jit_profile *p, struct jit_place at, uint64_t mode)
{
    struct jit_hot *h = __atomic_load_n(&p->noted, __ATOMIC_ACQUIRE);
    while (h && compare(at, mode, h)) h = h->next;
    return h;
}

static void put(struct jit_profile *p, struct jit_hot *h)
{
    h->next = __atomic_load_n(&p->noted, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(&p->noted, &h->next, h, true, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
        continue;
}

static struct jit_hot *new_entry(struct jit_profile *p, struct jit_place at, uint64_t mode)
{
    if (__atomic_fetch_add(&p->nnoted, 1, __ATOMIC_RELAXED) >= NOTED) return NULL;
    struct jit_hot *h = calloc(1, sizeof(*h));
    if (h) *h = (struct jit_hot){.at = at, .mode = mode};
    return h;
}

void jit_profile_note(struct vcpu *c, const struct jit_path *path)
{
    struct jit *j = c->backend;
    struct jit_profile *p = j->opt.profile;
    struct jit_place at;
    if (!p || !p->place(path->pc[0], p->data, &at) || find_noted(p, at, j->key)) return;
    struct jit_hot *h = new_entry(p, at, j->key);
    if (h) h = record_path(c, p, path, h);
    if (h) put(p, h);
}

/* Samples that hit this block, for the next run. */
static void add_heat(struct jit_profile *p, const struct jit_block *b)
{
    struct jit_place at;
    if (!p->place(b->pc, p->data, &at)) return;
    struct jit_hot *h = find(p, at, b->key);
    struct jit_hot *noted = find_noted(p, at, b->key);
    if (noted) h = noted;
    if (!h && (h = new_entry(p, at, b->key))) put(p, h);
    if (h) __atomic_fetch_add(&h->now, b->heat, __ATOMIC_RELAXED);
}

void jit_profile_close(struct jit *j)
{
    const struct jit_cache *k = &j->cache;
    for (uint32_t i = 0; j->opt.profile && i < k->count; i++) {
        const struct jit_block *b = k->order[(k->first + i) & (k->order_cap - 1)].block;
        if (b->heat && !b->gone) add_heat(j->opt.profile, b);
    }
}

/* ---- a warm start ---- */

static struct jit_block *region_of(struct vcpu *c, const struct jit_profile *p, struct jit_hot *h,
                                   uint64_t pc)
{
    struct jit *j = c->backend;
    struct jit_path *path = malloc(sizeof(*path));
    struct jit_block *b = NULL;
    uint64_t code, start = jit_clock(j);
    if (!path) return NULL;
    if (walk(c, p, h, path, &code) && code == h->code && path->pc[0] == pc) {
        jit_region(c, path);
        b = jit_find(j, pc, j->key);
    }
    j->stats.region_ns += jit_clock(j) - start;
    if (b) {
        j->stats.warm++;
        __atomic_fetch_add(&h->now, 1, __ATOMIC_RELAXED);
    }
    free(path);
    return b;
}

struct jit_block *jit_profile_block(struct vcpu *c, uint64_t pc)
{
    struct jit *j = c->backend;
    struct jit_profile *p = j->opt.profile;
    struct jit_block *b = NULL;
    struct jit_place at;
    if (!p || !p->nknown || !p->place(pc, p->data, &at)) return NULL;
    struct jit_hot *h = find(p, at, j->key);
    if (!h || __atomic_fetch_add(&h->used, 1, __ATOMIC_RELAXED) >= AGAIN) return NULL;
    bool worth = h->heat >= WORTH;
    if (h->n && worth) b = region_of(c, p, h, pc);
    if (b) return b;
    b = jit_translate(c, pc, JIT_MAX_INSNS);
    if (b && j->hot != ~0u) b->later = worth ? 1 - j->hot : WORTH / 2;
    return b;
}
