/* What is known of a result from what is known of its arguments: in how many bits it fits, unsigned and
 * signed. */
#include "engine/ir/forward.h"

static unsigned smaller(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static unsigned larger(unsigned a, unsigned b)
{
    return a > b ? a : b;
}

struct ir_fact fw_fact(unsigned bits, unsigned zbits, unsigned sbits)
{
    if (zbits < bits) sbits = smaller(sbits, zbits + 1);
    return (struct ir_fact){(uint8_t)smaller(zbits, bits), (uint8_t)smaller(larger(sbits, 1), bits),
                            IR_NO_WORD};
}

static unsigned width(const struct ir_node *n)
{
    return ir_type_bits[n->type];
}

static unsigned zbits(const struct forward *f, const struct ir_node *n, unsigned i)
{
    return f->facts[n->a[i]].zbits;
}

static unsigned sbits(const struct forward *f, const struct ir_node *n, unsigned i)
{
    return f->facts[n->a[i]].sbits;
}

/* Whether the argument is no negative number of its type. */
static bool positive(const struct forward *f, const struct ir_node *n, unsigned i)
{
    return zbits(f, n, i) < fw_bits(f, n->a[i]);
}

static unsigned bits_of(uint64_t v)
{
    return v ? 64 - (unsigned)__builtin_clzll(v) : 0;
}

/* ---- width ---- */

struct ir_fact fw_know_zext(const struct forward *f, const struct ir_node *n)
{
    return fw_fact(width(n), zbits(f, n, 0), width(n));
}

struct ir_fact fw_know_sext(const struct forward *f, const struct ir_node *n)
{
    return fw_fact(width(n), positive(f, n, 0) ? zbits(f, n, 0) : width(n), sbits(f, n, 0));
}

struct ir_fact fw_know_trunc(const struct forward *f, const struct ir_node *n)
{
    return fw_fact(width(n), zbits(f, n, 0), sbits(f, n, 0));
}

struct ir_fact fw_know_concat(const struct forward *f, const struct ir_node *n)
{
    unsigned half = width(n) / 2;
    return fw_fact(width(n), zbits(f, n, 0) ? half + zbits(f, n, 0) : zbits(f, n, 1), half + sbits(f, n, 0));
}

/* ---- arithmetic ---- */

struct ir_fact fw_know_add(const struct forward *f, const struct ir_node *n)
{
    return fw_fact(width(n), larger(zbits(f, n, 0), zbits(f, n, 1)) + 1,
                   larger(sbits(f, n, 0), sbits(f, n, 1)) + 1);
}

struct ir_fact fw_know_sub(const struct forward *f, const struct ir_node *n)
{
    return fw_fact(width(n), width(n), larger(sbits(f, n, 0), sbits(f, n, 1)) + 1);
}

struct ir_fact fw_know_neg(const struct forward *f, const struct ir_node *n)
{
    return fw_fact(width(n), width(n), sbits(f, n, 0) + 1);
}

struct ir_fact fw_know_mul(const struct forward *f, const struct ir_node *n)
{
    return fw_fact(width(n), zbits(f, n, 0) + zbits(f, n, 1), sbits(f, n, 0) + sbits(f, n, 1));
}

/* Unsigned: never above the dividend, which division by zero gives. Signed: nor further from zero. */
struct ir_fact fw_know_remainder(const struct forward *f, const struct ir_node *n)
{
    bool is_signed = n->op == IR_REMS_I32 || n->op == IR_REMS_I64;
    if (is_signed && !positive(f, n, 0)) return fw_fact(width(n), width(n), sbits(f, n, 0));
    return fw_fact(width(n), zbits(f, n, 0), width(n));
}

/* The one that grows: the smallest number by -1. By zero it is -1. */
struct ir_fact fw_know_divs(const struct forward *f, const struct ir_node *n)
{
    return fw_fact(width(n), width(n), sbits(f, n, 0) + 1);
}

/* ---- logic ---- */

struct ir_fact fw_know_and(const struct forward *f, const struct ir_node *n)
{
    return fw_fact(width(n), smaller(zbits(f, n, 0), zbits(f, n, 1)), larger(sbits(f, n, 0), sbits(f, n, 1)));
}

struct ir_fact fw_know_or(const struct forward *f, const struct ir_node *n)
{
    return fw_fact(width(n), larger(zbits(f, n, 0), zbits(f, n, 1)), larger(sbits(f, n, 0), sbits(f, n, 1)));
}

struct ir_fact fw_know_not(const struct forward *f, const struct ir_node *n)
{
    return fw_fact(width(n), width(n), sbits(f, n, 0));
}

/* The count when it is a constant, else the one that says least: `none`. */
static unsigned count(const struct forward *f, const struct ir_node *n, unsigned none)
{
    uint64_t c;
    return fw_is_const(f, n->a[1], &c) ? c & (width(n) - 1) : none;
}

struct ir_fact fw_know_shl(const struct forward *f, const struct ir_node *n)
{
    unsigned k = count(f, n, width(n));
    return fw_fact(width(n), zbits(f, n, 0) + k, sbits(f, n, 0) + k);
}

struct ir_fact fw_know_shr(const struct forward *f, const struct ir_node *n)
{
    unsigned k = count(f, n, 0), z = zbits(f, n, 0);
    return fw_fact(width(n), z > k ? z - k : 0, width(n));
}

struct ir_fact fw_know_sar(const struct forward *f, const struct ir_node *n)
{
    unsigned k = count(f, n, 0), z = zbits(f, n, 0), s = sbits(f, n, 0);
    return fw_fact(width(n), positive(f, n, 0) ? (z > k ? z - k : 0) : width(n), s > k ? s - k : 1);
}

/* ---- choice ---- */

struct ir_fact fw_know_select(const struct forward *f, const struct ir_node *n)
{
    return fw_fact(width(n), larger(zbits(f, n, 1), zbits(f, n, 2)), larger(sbits(f, n, 1), sbits(f, n, 2)));
}

/* ---- small numbers ---- */

/* Of bits: 0 to the width, which is a power of two. */
struct ir_fact fw_know_count(const struct forward *f, const struct ir_node *n)
{
    return fw_fact(width(n), bits_of(width(n)), width(n));
}

/* fclass: one bit of ten. */
struct ir_fact fw_know_class(const struct forward *f, const struct ir_node *n)
{
    return fw_fact(width(n), 10, width(n));
}
