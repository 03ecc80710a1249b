/* The comparison behind PCMPISTRI and its three siblings (SDM 2, 4.1): every element of one string with every
 * element of the other, gathered into one bit an element of the second. */
#include "engine/ir/ref.h"

enum { EQUAL_ANY, RANGES, EQUAL_EACH, EQUAL_ORDERED };

/* How the immediate reads the two vectors. */
struct shape {
    unsigned count;  /* elements */
    unsigned bits;   /* of each */
    bool is_signed;  /* compared so */
    unsigned gather; /* one of the four above */
};

static struct shape shape_of(uint8_t control)
{
    bool words = control & 1;
    return (struct shape){words ? 8 : 16, words ? 16 : 8, control & 2, control >> 2 & 3};
}

static int32_t element(const struct shape *s, ir_v128 v, unsigned i)
{
    uint32_t e = (uint32_t)(v >> i * s->bits) & (uint32_t)bits_mask(s->bits);
    return s->is_signed ? (int32_t)bits_sext(e, s->bits) : (int32_t)e;
}

uint32_t ir_ref_str_length(ir_v128 a, uint8_t control)
{
    struct shape s = shape_of(control);
    uint32_t n = 0;
    while (n < s.count && element(&s, a, n) != 0) n++;
    return n;
}

/* Element i of a against element j of b. What lies behind an end has a fixed answer (table 4-7). */
static bool compare(const struct shape *s, ir_v128 a, bool a_valid, ir_v128 b, bool b_valid, unsigned i,
                    unsigned j)
{
    if (!a_valid || !b_valid) {
        if (s->gather == EQUAL_EACH) return !a_valid && !b_valid;
        return s->gather == EQUAL_ORDERED && !a_valid;
    }
    int32_t x = element(s, a, i), y = element(s, b, j);
    if (s->gather != RANGES) return x == y;
    return i & 1 ? y <= x : y >= x; /* even elements are lower bounds, odd ones upper */
}

/* One bit of IntRes1: element j of b. */
static bool gather(const struct shape *s, ir_v128 a, uint32_t alen, ir_v128 b, uint32_t blen, unsigned j)
{
    bool any = false, all = true;
    if (s->gather == EQUAL_EACH) return compare(s, a, j < alen, b, j < blen, j, j);
    for (unsigned i = 0; i < s->count; i++) {
        if (s->gather == EQUAL_ORDERED) {
            if (i + j < s->count) all &= compare(s, a, i < alen, b, i + j < blen, i, i + j);
        } else if (s->gather == EQUAL_ANY) {
            any |= compare(s, a, i < alen, b, j < blen, i, j);
        } else if (i % 2 == 0) {
            any |= compare(s, a, i < alen, b, j < blen, i, j) &&
                   compare(s, a, i + 1 < alen, b, j < blen, i + 1, j);
        }
    }
    return s->gather == EQUAL_ORDERED ? all : any;
}

uint32_t ir_ref_str_compare(ir_v128 a, uint32_t alen, ir_v128 b, uint32_t blen, uint8_t control)
{
    struct shape s = shape_of(control);
    bool negate = control & 0x10, masked = control & 0x20;
    uint32_t out = 0;
    for (unsigned j = 0; j < s.count; j++) {
        bool bit = gather(&s, a, alen, b, blen, j);
        if (negate && (!masked || j < blen)) bit = !bit;
        out |= (uint32_t)bit << j;
    }
    return out;
}
