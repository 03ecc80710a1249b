/* Operand values: the corners where instructions go wrong, and random ones of shapes that reach further than
 * noise. */
#include "harness/cover/bins.h"

#include <string.h>

static const uint64_t ints[] = {
    0,
    1,
    ~0ull,
    2,
    ~1ull,
    0x7f,
    0x80,
    0xff,
    0x7fff,
    0x8000,
    0xffff,
    0x7fffffff,
    0x80000000,
    0xffffffff,
    0x100000000,
    0xffffffff80000000,
    0xffffffff7fffffff,
    0x7fffffffffffffff,
    0x8000000000000000,
    0x8000000000000001,
    0x5555555555555555,
    0xaaaaaaaaaaaaaaaa,
    0x0123456789abcdef,
    0x00ff00ff00ff00ff,
};

static const uint64_t shifts[] = {0,  1,  7,  8,  16,  31,  32,  33,         48,    62,
                                  63, 64, 65, 95, 127, 128, 256, 0xffffffc0, ~0ull, 0x8000000000000000};

static const uint64_t f16s[] = {
    0x0000, 0x8000,                                 /* zeros */
    0x0001, 0x8001, 0x0200, 0x83ff,                 /* subnormals: smallest, half-way, largest */
    0x0400, 0x8400, 0x0401,                         /* smallest normals */
    0x7bff, 0xfbff, 0x7bfe,                         /* largest */
    0x3c00, 0xbc00, 0x3c01, 0x3bff,                 /* 1, -1, their neighbours */
    0x3800, 0xb800, 0x3e00, 0xbe00, 0x4100, 0x3801, /* halves: ties of rounding to integer */
    0x5bff, 0x77ff, 0x7800, 0xf800,                 /* 255.875, 32752, ±32768 */
    0x6800, 0x6401,                                 /* 2048 and 1025: integers end and begin to be odd */
    0x7c00, 0xfc00,                                 /* infinities */
    0x7e00, 0xfe00, 0x7fff, 0x7d00, 0xfc01,         /* quiet NaNs, with payload; signalling ones */
    /* not boxed: upper bits zero, one bit missing, boxed for a single only */
    0x3c00, 0xfffffffffffe3c00, 0xffffffff00003c00};

static const uint64_t f32s[] = {
    0x00000000, 0x80000000,                                         /* zeros */
    0x00000001, 0x80000001,         0x00400000,         0x807fffff, /* subnormals */
    0x00800000, 0x80800000,         0x00800001,                     /* smallest normals */
    0x7f7fffff, 0xff7fffff,         0x7f7ffffe,                     /* largest */
    0x3f800000, 0xbf800000,         0x3f800001,         0x3f7fffff, /* 1, -1, their neighbours */
    0x3f000000, 0xbf000000,         0x3fc00000,         0xbfc00000, 0x40200000,
    0x3f000001,                                                     /* halves */
    0x4effffff, 0x4f000000,         0xcf000000,         0xcf000001, /* around ±2^31 */
    0x4f7fffff, 0x4f800000,         0x5effffff,         0x5f000000, 0xdf000000,
    0x5f800000,                                                     /* 2^32, ±2^63, 2^64 */
    0x4b7fffff, 0x4b000001,                                         /* 2^24 - 1, 2^23 + 1 */
    0x477fefff, 0x477ff000,         0x33000000,         0x33000001, /* rounding to the range of halves */
    0x7f800000, 0xff800000,                                         /* infinities */
    0x7fc00000, 0xffc00000,         0x7fffffff,         0x7fa00000, 0xff800001, /* NaNs */
    0x3f800000, 0xfffffffe3f800000, 0xffff00003f800000, 0x7fc00000};

static const uint64_t f64s[] = {
    0x0000000000000000, 0x8000000000000000,                     /* zeros */
    0x0000000000000001, 0x8000000000000001, 0x0008000000000000, /* subnormals */
    0x800fffffffffffff, 0x0010000000000000, 0x8010000000000000, /* largest subnormal, smallest normals */
    0x7fefffffffffffff, 0xffefffffffffffff,                     /* largest */
    0x3ff0000000000000, 0xbff0000000000000, 0x3ff0000000000001, 0x3fefffffffffffff, /* 1, -1, neighbours */
    0x3fe0000000000000, 0xbfe0000000000000, 0x3ff8000000000000, 0xbff8000000000000, /* halves */
    0x4004000000000000, 0x3fe0000000000001, 0x41dfffffffc00000, 0x41dfffffffe00000,
    0x41e0000000000000,                                         /* 2^31 - 1, - 0.5, 2^31 */
    0xc1e0000000000000, 0xc1e0000000100000, 0xc1e0000000200000, /* -2^31, - 0.5, - 1 */
    0x41efffffffe00000, 0x41effffffff00000, 0x41f0000000000000, /* 2^32 */
    0x43dfffffffffffff, 0x43e0000000000000, 0xc3e0000000000000, 0x43f0000000000000, /* 2^63, 2^64 */
    0x4330000000000001, 0x433fffffffffffff, 0x4340000000000000, /* where integers become odd, even, sparse */
    0x47efffffe0000000, 0x47efffffefffffff, 0x47effffff0000000, /* the range of singles, and rounding to it */
    0x36a0000000000000, 0x3690000000000000, 0x3690000000000001, 0x380fffffe0000000,
    0x380ffffff0000000, 0x40effdffffffffff, 0x40effe0000000000, 0x3e60000000000001, /* the range of halves */
    0x7ff0000000000000, 0xfff0000000000000,                                         /* infinities */
    0x7ff8000000000000, 0xfff8000000000000, 0x7fffffffffffffff, 0x7ff4000000000000,
    0xfff0000000000001, /* NaNs */
};

struct gen_corners gen_corners(enum guest_test t)
{
    switch (t) {
    case TEST_F16: return (struct gen_corners){f16s, ARRAY_LEN(f16s), 3};
    case TEST_F32: return (struct gen_corners){f32s, ARRAY_LEN(f32s), 4};
    case TEST_F64: return (struct gen_corners){f64s, ARRAY_LEN(f64s), 0};
    case TEST_SHIFT: return (struct gen_corners){shifts, ARRAY_LEN(shifts), 0};
    default: return (struct gen_corners){ints, ARRAY_LEN(ints), 0};
    }
}

struct gen_classes gen_classes(enum guest_test t, unsigned width, unsigned box)
{
    struct gen_corners c = gen_corners(t);
    struct bin_operand o = {.test = t, .width = width, .box = box};
    struct gen_classes s = {0};
    uint64_t upper = box ? bits_mask(box) & ~bits_mask(gen_test_width(t)) : 0;
    unsigned at = 0;
    BUG_ON(c.n > GEN_MAX_CORNERS || class_count(t) > GEN_MAX_CLASSES);
    for (unsigned class = 0; class < class_count(t); class ++) {
        s.start[s.n] = (uint8_t)at;
        for (unsigned i = 0; i < c.n; i++)
            if (class_of(&o, i < c.n - c.images ? c.v[i] | upper : c.v[i]) == class)
                s.order[at++] = (uint8_t)i;
        s.n += at > s.start[s.n];
    }
    s.start[s.n] = (uint8_t)at;
    return s;
}

/* About a quarter of the bits set. */
static uint64_t few_bits(struct rng *r)
{
    uint64_t v = rng_next(r);
    return v & rng_next(r);
}

static uint64_t random_int(struct rng *r, uint64_t other)
{
    uint64_t v = rng_next(r), how = rng_next(r);
    unsigned n = how >> 8 & 63;
    switch (how & 7) {
    case 0: return v >> n;                               /* of any length */
    case 1: return (uint64_t)((int64_t)v >> n);          /* the same, signed */
    case 2: return (1ull << n) - (how >> 16 & 1);        /* a power of two, or just below */
    case 3: return v & few_bits(r);                      /* few bits */
    case 4: return v | ~few_bits(r);                     /* many bits */
    case 5: return other + (how >> 16) % 3 - 1;          /* the other operand or a neighbour */
    case 6: return (how >> 16 & 1) ? ~other : 0 - other; /* its complement */
    default: return v;
    }
}

uint64_t gen_random(enum guest_test t, struct rng *r, uint64_t other)
{
    switch (t) {
    case TEST_F16:
    case TEST_F32:
    case TEST_F64: return gen_random_fp(t, r, other);
    case TEST_SHIFT: {
        uint64_t v = random_int(r, other);
        return rng_next(r) & 1 ? v & 127 : v;
    }
    default: return random_int(r, other);
    }
}
