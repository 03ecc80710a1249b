/* What shrinking tries, in which order: first to begin right before the difference, then to take parts away,
 * then to make what is left simpler. Around again until nothing helps. The order depends on the case alone.
 */
#include "harness/shrink/shrink.h"

#include "harness/judge/compare.h"

#include <string.h>

bool reduce_spent(const struct reducer *r)
{
    return trial_count(r->trial) >= r->most;
}

/* The part of a signature that says who differs from whom. */
static const char *parties(const char *signature)
{
    const char *vote = signature_vote(signature);
    return vote ? vote : signature;
}

static bool same_signature(struct reducer *r, uint64_t *step)
{
    if (reduce_spent(r) || !draft_case(&r->next, "shrink", &r->made)) return false;
    struct trial_result got = trial_run(r->trial, &r->made.c);
    *step = got.step;
    return r->loose ? !strcmp(parties(got.signature), parties(r->want)) : !strcmp(got.signature, r->want);
}

bool reduce_try(struct reducer *r)
{
    uint64_t step;
    bool same = same_signature(r, &step);
    if (same) r->best = r->next;
    /* the tail after the difference is of no use */
    if (same && step && step < r->best.steps) {
        r->next.steps = step;
        if (same_signature(r, &step)) r->best = r->next;
    }
    r->next = r->best;
    if (same && r->progress) r->progress(r->arg, r);
    return same;
}

/* ---- the beginning and the end ---- */

/* Starts as few instructions before the difference as show it. */
static bool reduce_start(struct reducer *r)
{
    uint64_t steps = r->best.steps;
    for (uint64_t keep = 1; keep < steps && !reduce_spent(r); keep += 1 + keep / 2) {
        if (!trial_skip(r->trial, &r->best, steps - keep, &r->next)) {
            r->next = r->best;
            continue;
        }
        if (reduce_try(r)) return true;
    }
    return false;
}

/* Crashes and hangs have no first difference: halves the steps as long as it happens. */
static bool reduce_steps(struct reducer *r)
{
    bool any = false;
    for (uint64_t less = r->best.steps / 2; less; less /= 2) {
        while (r->best.steps > less) {
            r->next.steps -= less;
            if (!reduce_try(r)) break;
            any = true;
        }
    }
    return any;
}

/* ---- parts ---- */

/* Kinds of parts that can be taken away. */
struct parts {
    unsigned (*count)(const struct draft *d);
    void (*remove)(struct draft *d, unsigned first, unsigned n);
};

static unsigned count_insns(const struct draft *d)
{
    return d->ninsns;
}

static unsigned count_regs(const struct draft *d)
{
    return d->nregs;
}

static void remove_regs(struct draft *d, unsigned first, unsigned n)
{
    memmove(&d->regs[first], &d->regs[first + n], (d->nregs - first - n) * sizeof(*d->regs));
    d->nregs -= n;
}

static unsigned count_mem(const struct draft *d)
{
    return d->nmem;
}

static void remove_mem(struct draft *d, unsigned first, unsigned n)
{
    memmove(&d->mem[first], &d->mem[first + n], (d->nmem - first - n) * sizeof(*d->mem));
    memmove(&d->bytes[first], &d->bytes[first + n], (d->nmem - first - n) * sizeof(*d->bytes));
    d->nmem -= n;
}

/* Takes parts away, all of them at once, then halves, down to single ones, from the end on. */
static bool reduce_parts(struct reducer *r, const struct parts *p)
{
    bool any = false;
    for (unsigned size = p->count(&r->best); size && !reduce_spent(r); size /= 2) {
        unsigned end = p->count(&r->best);
        while (end) {
            unsigned n = end < size ? end : size;
            p->remove(&r->next, end - n, n);
            any |= reduce_try(r);
            end -= n;
        }
    }
    return any;
}

/* ---- memory ---- */

/* Entries by half: bytes from the front, or from the back; regions to a page. */
static bool reduce_sizes(struct reducer *r)
{
    bool any = false;
    for (unsigned i = 0; i < r->best.nmem; i++) {
        uint64_t unit = r->best.mem[i].perm ? CPU_PAGE : 1;
        for (uint64_t cut = r->best.mem[i].size / 2 / unit * unit; cut; cut = cut / 2 / unit * unit) {
            while (r->best.mem[i].size > cut) {
                r->next.mem[i].size -= cut;
                if (!reduce_try(r)) break;
                any = true;
            }
            while (!r->best.mem[i].perm && r->best.mem[i].size > cut) {
                r->next.mem[i].size -= cut;
                r->next.mem[i].at += cut;
                if (r->next.bytes[i] != ~0u) r->next.bytes[i] += (unsigned)cut;
                if (!reduce_try(r)) break;
                any = true;
            }
        }
    }
    return any;
}

static bool reduce_bytes(struct reducer *r)
{
    bool any = false;
    for (unsigned i = 0; i < r->best.nmem; i++) {
        if (r->best.bytes[i] == ~0u) continue;
        for (unsigned k = 0; k < r->best.mem[i].size; k++) {
            unsigned at = r->best.bytes[i] + k;
            for (unsigned v = 0; v < r->best.data[at] && v < 2; v++) {
                r->next.data[at] = (uint8_t)v;
                if (!reduce_try(r)) continue;
                any = true;
                break;
            }
        }
    }
    return any;
}

static bool reduce_at(struct reducer *r)
{
    if (r->best.at == LAYOUT_CODE) return false;
    r->next.at = LAYOUT_CODE;
    return reduce_try(r);
}

void reduce(struct reducer *r)
{
    static const struct parts insns = {count_insns, draft_remove_insns}, regs = {count_regs, remove_regs},
                              mem = {count_mem, remove_mem};
    bool any = true;
    r->next = r->best;
    (void)reduce_try(r); /* cuts the tail */
    while (any && !reduce_spent(r)) {
        any = reduce_start(r);
        any |= reduce_steps(r);
        any |= reduce_parts(r, &insns);
        any |= reduce_parts(r, &regs);
        any |= reduce_parts(r, &mem);
        any |= reduce_sizes(r);
        any |= reduce_at(r);
        any |= reduce_bytes(r);
        any |= reduce_fields(r);
        any |= reduce_registers(r);
        any |= reduce_values(r);
    }
}
