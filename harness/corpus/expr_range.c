/* What a condition can be worth at all, from the widths of what it names: a condition that never holds, or
 * always does, is a mistake of whoever wrote it. Ranges are wide: "maybe" may be said of what cannot be, the
 * other two are sure.
 */
#include "harness/corpus/expr_internal.h"

#include <string.h>

/* All values between the ends, seen without sign and with it; both must hold. */
struct range {
    uint64_t lo, hi;  /* unsigned */
    int64_t slo, shi; /* signed */
};

enum { ATOMS = 16 /* comparisons joined by && that are held against each other */ };

static struct range between(uint64_t lo, uint64_t hi)
{
    bool same_sign = (int64_t)lo <= (int64_t)hi;
    return (struct range){lo, hi, same_sign ? (int64_t)lo : INT64_MIN, same_sign ? (int64_t)hi : INT64_MAX};
}

static struct range between_signed(int64_t lo, int64_t hi)
{
    bool same_sign = (lo < 0) == (hi < 0);
    return (struct range){same_sign ? (uint64_t)lo : 0, same_sign ? (uint64_t)hi : UINT64_MAX, lo, hi};
}

static bool is_empty(const struct range *r)
{
    return r->lo > r->hi || r->slo > r->shi;
}

static bool is_one(const struct range *r)
{
    return r->lo == r->hi;
}

static struct range of_bits(unsigned n)
{
    return between(0, bits_mask(n > 64 ? 64 : n));
}

static struct range of_name(const struct expr *e, const struct guest_row *row)
{
    const struct guest_field *f = expr_field(row, e->name, strlen(e->name));
    if (!f) return of_bits(e->reg.reg->width);
    if (f->kind && f->kind->print == PRINT_REG) return of_bits(f->kind->file->width);
    if (!f->kind || !f->kind->is_signed) return of_bits(f->width);
    int64_t top = (int64_t)bits_mask(f->width - 1u);
    return between_signed(-top - 1, top);
}

/* Whether one is below the other: 0 never, 1 always, -1 sometimes. */
static int below(const struct range *a, const struct range *b, bool is_signed, bool or_same)
{
    if (is_signed) {
        if (or_same ? a->shi <= b->slo : a->shi < b->slo) return 1;
        return (or_same ? a->slo > b->shi : a->slo >= b->shi) ? 0 : -1;
    }
    if (or_same ? a->hi <= b->lo : a->hi < b->lo) return 1;
    return (or_same ? a->lo > b->hi : a->lo >= b->hi) ? 0 : -1;
}

static int compare(enum expr_op op, const struct range *a, const struct range *b)
{
    bool apart = a->hi < b->lo || b->hi < a->lo || a->shi < b->slo || b->shi < a->slo;
    bool same = is_one(a) && is_one(b) && a->lo == b->lo;
    switch (op) {
    case EXPR_EQ: return apart ? 0 : same ? 1 : -1;
    case EXPR_NE: return apart ? 1 : same ? 0 : -1;
    case EXPR_LTU: return below(a, b, false, false);
    case EXPR_LTS: return below(a, b, true, false);
    case EXPR_LEU: return below(a, b, false, true);
    case EXPR_LES: return below(a, b, true, true);
    case EXPR_GTU: return below(b, a, false, false);
    case EXPR_GTS: return below(b, a, true, false);
    case EXPR_GEU: return below(b, a, false, true);
    case EXPR_GES: return below(b, a, true, true);
    default: BUG("operator %d", (int)op);
    }
}

static struct range truth(int t)
{
    return between(t == 1, t != 0);
}

static struct range range_of(const struct expr *e, const struct guest_row *row);

static int worth(const struct expr *e, const struct guest_row *row)
{
    struct range r = range_of(e, row);
    return r.lo ? 1 : r.hi ? -1 : 0;
}

/* ---- comparisons of one thing that cannot all hold ---- */

static bool same_tree(const struct expr *a, const struct expr *b)
{
    if (!a || !b) return a == b;
    return a->op == b->op && a->side == b->side && a->number == b->number && a->hi == b->hi &&
           a->lo == b->lo && !strcmp(a->name ? a->name : "", b->name ? b->name : "") &&
           same_tree(a->a, b->a) && same_tree(a->b, b->b);
}

/* Only what is looked at in constant time: conditions can be deep. */
static bool is_thing(const struct expr *e)
{
    if (e->op == EXPR_SLICE) return is_thing(e->a) && e->a->op != EXPR_SLICE;
    return e->op >= EXPR_NAME && e->op <= EXPR_WORD;
}

static bool is_constant(const struct expr *e)
{
    return e->op == EXPR_NUMBER || e->op == EXPR_CAUSE || (e->op == EXPR_NEG && e->a->op == EXPR_NUMBER);
}

static unsigned collect(const struct expr *e, const struct expr **atoms, unsigned n)
{
    if (e->op == EXPR_LAND) return collect(e->b, atoms, collect(e->a, atoms, n));
    bool compares = e->op >= EXPR_EQ && e->op <= EXPR_GES;
    if (n < ATOMS && compares && is_thing(e->a) && is_constant(e->b)) atoms[n++] = e;
    return n;
}

/* What is left of r where "r op v" holds. */
static void narrow(struct range *r, enum expr_op op, const struct range *v)
{
    uint64_t u = v->lo;
    int64_t s = (int64_t)u;
    struct range cut = {0, UINT64_MAX, INT64_MIN, INT64_MAX};
    switch (op) {
    case EXPR_EQ: cut = (struct range){u, u, s, s}; break;
    case EXPR_LTU: cut.hi = u ? u - 1 : 0; break;
    case EXPR_LEU: cut.hi = u; break;
    case EXPR_GTU: cut.lo = u + (u != UINT64_MAX); break;
    case EXPR_GEU: cut.lo = u; break;
    case EXPR_LTS: cut.shi = s - (s != INT64_MIN); break;
    case EXPR_LES: cut.shi = s; break;
    case EXPR_GTS: cut.slo = s + (s != INT64_MAX); break;
    case EXPR_GES: cut.slo = s; break;
    default: break;
    }
    if (cut.lo > r->lo) r->lo = cut.lo;
    if (cut.hi < r->hi) r->hi = cut.hi;
    if (cut.slo > r->slo) r->slo = cut.slo;
    if (cut.shi < r->shi) r->shi = cut.shi;
}

static bool contradicts(const struct expr *e, const struct guest_row *row)
{
    const struct expr *atoms[ATOMS];
    unsigned n = collect(e, atoms, 0);
    for (unsigned i = 0; i < n; i++) {
        struct range r = range_of(atoms[i]->a, row);
        for (unsigned k = i; k < n; k++) {
            struct range v = range_of(atoms[k]->b, row);
            if (!same_tree(atoms[i]->a, atoms[k]->a)) continue;
            if (atoms[k]->op == EXPR_NE && is_one(&r) && is_one(&v) && r.lo == v.lo) return true;
            narrow(&r, atoms[k]->op, &v);
        }
        if (is_empty(&r)) return true;
    }
    return false;
}

/* ---- all of it ---- */

static int joined(const struct expr *e, const struct guest_row *row)
{
    int a = worth(e->a, row), b = worth(e->b, row);
    if (e->op == EXPR_LOR) return a == 1 || b == 1 ? 1 : a == 0 && b == 0 ? 0 : -1;
    if (a == 0 || b == 0 || contradicts(e, row)) return 0;
    return a == 1 && b == 1 ? 1 : -1;
}

static struct range of_slice(const struct expr *e, const struct guest_row *row)
{
    struct range a = range_of(e->a, row);
    if (is_one(&a)) return between(bits_get(a.lo, e->hi, e->lo), bits_get(a.lo, e->hi, e->lo));
    uint64_t most = bits_mask(e->hi - e->lo + 1);
    return between(0, a.hi >> e->lo < most ? a.hi >> e->lo : most);
}

static struct range range_of(const struct expr *e, const struct guest_row *row)
{
    struct range a;
    if (e->op >= EXPR_EQ && e->op <= EXPR_GES) {
        struct range l = range_of(e->a, row), r = range_of(e->b, row);
        return truth(compare(e->op, &l, &r));
    }
    switch (e->op) {
    case EXPR_NUMBER:
    case EXPR_CAUSE: return between(e->number, e->number);
    case EXPR_NAME: return of_name(e, row);
    case EXPR_FIELD: return of_bits(expr_field(row, e->name, strlen(e->name))->width);
    case EXPR_WORD: return of_bits(row ? row->length * 8u : 32);
    case EXPR_SLICE: return of_slice(e, row);
    case EXPR_CALL: return expr_functions[e->number].wide ? of_bits(64) : of_bits(1);
    case EXPR_LNOT: {
        int t = worth(e->a, row);
        return truth(t < 0 ? -1 : !t);
    }
    case EXPR_LAND:
    case EXPR_LOR: return truth(joined(e, row));
    case EXPR_NEG: a = range_of(e->a, row); return is_one(&a) ? between(0 - a.lo, 0 - a.lo) : of_bits(64);
    default: return of_bits(64);
    }
}

int expr_can_hold(const struct expr *e, const struct guest_row *row)
{
    return worth(e, row);
}
