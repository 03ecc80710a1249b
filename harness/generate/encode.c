/* The instruction of a generated case: register numbers by role, immediates and other fields by dimension. */
#include "harness/generate/generate.h"

#include <string.h>

unsigned gen_dim(const struct gen_plan *p, unsigned dim, unsigned size, uint64_t n)
{
    /* Larger than any size and prime, so that i * prime mod size visits everything once. */
    static const uint64_t primes[] = {1048583, 1048589, 1048601, 1048609, 1048613, 1048627, 1048633, 1048661};
    uint64_t round = n / size;
    struct rng r = {p->seed ^ (round * 64 + dim + 1) * 0x9e3779b97f4a7c15u};
    uint64_t h = rng_next(&r);
    return (unsigned)(((n % size) * primes[h & 7] + (h >> 8)) % size);
}

/* ---- registers ---- */

static unsigned pick_number(const struct guest_field *f, struct rng *r)
{
    unsigned v = (unsigned)(rng_next(r) & bits_mask(f->width));
    if (f->kind->pair) v &= ~1u;
    return v + f->kind->add;
}

bool gen_can_be(const struct guest_field *f, unsigned number)
{
    if (number < f->kind->add || number - f->kind->add > bits_mask(f->width)) return false;
    if (f->kind->pair && number % 2) return false;
    if (f->nonzero && number == f->kind->add) return false;
    return !f->kind->nonzero || number != 0;
}

/* Numbers of the register fields, -1 where not decided yet. */
struct numbers {
    const struct gen_plan *p; /* the row */
    int of[GEN_MAX_FIELDS];   /* by field */
};

static bool is_reg(const struct gen_plan *p, unsigned field)
{
    return p->row->fields[field].kind->print == PRINT_REG;
}

/* A register of the file that some field or the row itself has already, or the one that is always zero. */
static bool taken(const struct numbers *s, const struct guest_reg *file, unsigned number)
{
    const struct gen_plan *p = s->p;
    if ((int)number == file->zero) return true;
    for (unsigned i = 0; i < p->row->nfields; i++) {
        if (s->of[i] < 0 || p->row->fields[i].kind->file != file) continue;
        bool pair = p->row->fields[i].kind->pair;
        if ((unsigned)s->of[i] == number || (pair && (unsigned)s->of[i] + 1 == number)) return true;
    }
    for (unsigned i = 0; i < p->nimplicit; i++)
        if (p->implicit[i].reg == file && p->implicit[i].index == number) return true;
    return false;
}

/* The same register for both fields, if there is one that both can be. */
static void make_same(struct numbers *s, unsigned a, unsigned b, struct rng *r)
{
    const struct guest_field *fields = s->p->row->fields;
    for (int i = 0; i < 16; i++) {
        unsigned number = s->of[a] >= 0 ? (unsigned)s->of[a] : pick_number(&fields[a], r);
        if (!gen_can_be(&fields[a], number) || !gen_can_be(&fields[b], number)) continue;
        s->of[a] = s->of[b] = (int)number;
        return;
    }
}

static void play_role(struct numbers *s, struct gen_role role, struct rng *r)
{
    const struct gen_plan *p = s->p;
    if (!p->row->nfields) return;
    const struct guest_field *f = &p->row->fields[role.a];
    switch ((enum gen_role_kind)role.kind) {
    case ROLE_DISTINCT: break;
    case ROLE_SAME: make_same(s, role.a, role.b, r); break;
    case ROLE_ALL: {
        int first = -1;
        for (unsigned i = 0; i < p->row->nfields; i++) {
            if (!is_reg(p, i)) continue;
            if (first < 0)
                first = (int)i;
            else if (p->row->fields[i].kind->file == p->row->fields[first].kind->file)
                make_same(s, (unsigned)first, i, r);
        }
        break;
    }
    case ROLE_ZERO:
        if (gen_can_be(f, (unsigned)f->kind->file->zero)) s->of[role.a] = f->kind->file->zero;
        break;
    case ROLE_IMPLICIT:
        if (gen_can_be(f, p->implicit[role.b].index)) s->of[role.a] = (int)p->implicit[role.b].index;
        break;
    }
}

static void fill_rest(struct numbers *s, struct rng *r)
{
    for (unsigned i = 0; i < s->p->row->nfields; i++) {
        const struct guest_field *f = &s->p->row->fields[i];
        if (!is_reg(s->p, i) || s->of[i] >= 0) continue;
        unsigned number = pick_number(f, r);
        for (int k = 0; k < 16 && (!gen_can_be(f, number) || taken(s, f->kind->file, number)); k++)
            number = pick_number(f, r);
        s->of[i] = (int)number;
    }
}

/* ---- immediates and the rest ---- */

enum { SMALL_BITS = 6, CORNERS = 8, RANDOMS = 8 };

static unsigned imm_size(const struct guest_field *f)
{
    unsigned bits = f->width - f->low;
    return bits <= SMALL_BITS ? 1u << bits : CORNERS + bits + RANDOMS;
}

/* Value i of an immediate: all of them when there are few, else the ends, zero and what is next to them, a
 * bit each, and random ones. */
static uint64_t imm_value(const struct guest_field *f, unsigned i, struct rng *r)
{
    unsigned bits = f->width - f->low;
    uint64_t ones = bits_mask(bits), top = 1ull << (bits - 1), v;
    if (bits <= SMALL_BITS) {
        v = i;
    } else if (i < CORNERS) {
        const uint64_t corners[CORNERS] = {0,      1, ones, ones - 1, top, top - 1, 0x5555555555555555 & ones,
                                           top + 1};
        v = corners[i];
    } else if (i < CORNERS + bits) {
        v = 1ull << (i - CORNERS);
    } else {
        v = rng_next(r) & ones;
    }
    v <<= f->low;
    return f->kind->is_signed ? (uint64_t)bits_sext(v, f->width) : v;
}

static uint64_t enum_value(const struct guest_field *f, unsigned v)
{
    const struct guest_kind *k = f->kind;
    for (unsigned i = 0; i < k->nnames; i++, v++)
        if (k->names[v % k->nnames]) return v % k->nnames;
    return 0;
}

static bool is_reserved(const struct gen_plan *p, struct gen_round r)
{
    int max = p->row->fields[p->round_field].kind->round_max;
    return r.field > max && r.control > max;
}

struct gen_round gen_round(const struct gen_plan *p, uint64_t n)
{
    unsigned i = gen_dim(p, DIM_ROUND, p->nrounds, n);
    if (gen_crosses_classes(p, n))
        for (unsigned k = 0; k < p->nrounds && is_reserved(p, p->rounds[i]); k++) i = (i + 1) % p->nrounds;
    return p->rounds[i];
}

uint64_t gen_field(const struct gen_plan *p, unsigned i, uint64_t n, struct rng *r)
{
    const struct guest_field *f = &p->row->fields[i];
    unsigned dim = DIM_FIELDS + i;
    if ((int)i == p->round_field && p->nrounds) return gen_round(p, n).field;
    if (f->test == TEST_CSR && p->ncsrs) {
        if (rng_below(r, 32) == 0) return rng_next(r) & bits_mask(f->width);
        return p->csrs[gen_dim(p, dim, p->ncsrs, n)];
    }
    if (f->kind->print == PRINT_ENUM) return enum_value(f, gen_dim(p, dim, 1u << f->width, n));
    return imm_value(f, gen_dim(p, dim, imm_size(f), n), r);
}

/* Attempts at a role before it is given up: packw with zero as rs2 is always zext.h. */
enum { PATIENCE = 16 };

bool gen_encode(const struct gen_plan *p, uint64_t n, struct rng *r, uint32_t *word)
{
    for (int attempt = 0; attempt < 256; attempt++) {
        struct numbers s = {.p = p};
        memset(s.of, 0xff, sizeof(s.of));
        /* What does not decode (a hole, another row's special case) is tried again with other values. */
        uint64_t m = attempt ? rng_next(r) >> 16 : n;
        if (!gen_crosses_classes(p, n))
            play_role(&s, p->roles[gen_dim(p, DIM_ROLE, p->nroles, attempt < PATIENCE ? n : m)], r);
        fill_rest(&s, r);
        bool good = true;
        *word = p->row->match;
        for (unsigned i = 0; good && i < p->row->nfields; i++) {
            const struct guest_field *f = &p->row->fields[i];
            uint64_t v = is_reg(p, i) ? (uint64_t)s.of[i] - f->kind->add
                                      : gen_field(p, i, (int)i == p->round_field ? n : m, r);
            good = guest_field_put(f, v, word);
        }
        if (good && p->guest->decode(*word) == (int)p->index) return true;
    }
    return false;
}
