/* Classes of values and of addresses: where instructions tend to go wrong. To add a class: its name in a
 * table, and the line that recognises it. */
#include "harness/cover/bins.h"

/* ---- integers ---- */

enum {
    INT_ZERO,
    INT_ONE,
    INT_MINUS_ONE,
    INT_MIN_,
    INT_MAX_,
    INT_MIN32, /* the ends of the shorter forms, sign-extended */
    INT_MAX32,
    INT_UMAX32,
    INT_POWER,
    INT_SMALL,
    INT_SMALL_NEGATIVE,
    INT_BIG,
    INT_BIG_NEGATIVE,
};

static const char *const int_names[] = {"0",      "1",   "-1",    "min",    "max", "min32", "max32",
                                        "umax32", "2^n", "small", "-small", "big", "-big"};

enum { SMALL = 4096, HALF = 32 };

static unsigned int_class(uint64_t v, unsigned width)
{
    uint64_t mask = bits_mask(width), min = 1ull << (width - 1);
    v &= mask;
    if (v == 0) return INT_ZERO;
    if (v == 1) return INT_ONE;
    if (v == mask) return INT_MINUS_ONE;
    if (v == min) return INT_MIN_;
    if (v == min - 1) return INT_MAX_;
    if (width > HALF) {
        if (v == (mask & ~bits_mask(HALF - 1))) return INT_MIN32;
        if (v == bits_mask(HALF - 1)) return INT_MAX32;
        if (v == bits_mask(HALF)) return INT_UMAX32;
    }
    if (!(v & (v - 1))) return INT_POWER;
    if (v < SMALL) return INT_SMALL;
    if (v > mask - SMALL) return INT_SMALL_NEGATIVE;
    return v & min ? INT_BIG_NEGATIVE : INT_BIG;
}

/* ---- shift counts: around the two usual widths, and far beyond ---- */

enum { SHIFT_0, SHIFT_1, SHIFT_LOW, SHIFT_31, SHIFT_32, SHIFT_HIGH, SHIFT_63, SHIFT_64, SHIFT_OVER };

static const char *const shift_names[] = {"0", "1", "2..30", "31", "32", "33..62", "63", "64", "over"};

static unsigned shift_class(uint64_t v)
{
    if (v > 64) return SHIFT_OVER;
    if (v >= 63) return v == 63 ? SHIFT_63 : SHIFT_64;
    if (v > 32) return SHIFT_HIGH;
    if (v >= 31) return v == 31 ? SHIFT_31 : SHIFT_32;
    return v < 2 ? (unsigned)v : SHIFT_LOW;
}

/* ---- floating point; the sign is the lowest bit of the class ---- */

enum { FP_ZERO = 0, FP_SUBNORMAL = 2, FP_NORMAL = 4, FP_INF = 6, FP_QNAN = 8, FP_SNAN = 9, FP_UNBOXED = 10 };

static const char *const fp_names[] = {"+0",   "-0",   "+sub", "-sub", "+norm",  "-norm",
                                       "+inf", "-inf", "qnan", "snan", "unboxed"};

static unsigned fraction_bits(enum guest_test t)
{
    return t == TEST_F16 ? 10 : t == TEST_F32 ? 23 : 52;
}

static unsigned fp_class(const struct bin_operand *o, uint64_t v)
{
    unsigned width = gen_test_width(o->test), frac_bits = fraction_bits(o->test);
    if (o->box && (v | bits_mask(width)) != ~0ull) return FP_UNBOXED;
    unsigned sign = v >> (width - 1) & 1;
    uint64_t frac = v & bits_mask(frac_bits), top = bits_mask(width - 1 - frac_bits);
    uint64_t exp = v >> frac_bits & top;
    if (exp == top && frac) return frac >> (frac_bits - 1) ? FP_QNAN : FP_SNAN;
    if (exp == top) return FP_INF + sign;
    if (exp) return FP_NORMAL + sign;
    return (frac ? FP_SUBNORMAL : FP_ZERO) + sign;
}

/* ---- all of them ---- */

unsigned class_count(enum guest_test t)
{
    return t == TEST_SHIFT ? ARRAY_LEN(shift_names)
           : gen_is_fp(t)  ? ARRAY_LEN(fp_names)
                           : ARRAY_LEN(int_names);
}

const char *class_name(enum guest_test t, unsigned class)
{
    BUG_ON(class >= class_count(t));
    return (t == TEST_SHIFT ? shift_names : gen_is_fp(t) ? fp_names : int_names)[class];
}

unsigned class_of(const struct bin_operand *o, uint64_t v)
{
    return o->test == TEST_SHIFT ? shift_class(v)
           : gen_is_fp(o->test)  ? fp_class(o, v)
                                 : int_class(v, o->width);
}

bool class_exists(const struct bin_operand *o, unsigned class)
{
    if (gen_is_fp(o->test)) return class != FP_UNBOXED || o->box;
    if (o->test == TEST_SHIFT) return true;
    return o->width > HALF || (class != INT_MIN32 && class != INT_MAX32 && class != INT_UMAX32);
}

/* ---- two operands ---- */

static const struct bin_relation relations[RELATIONS] = {
    {" == ", ""}, {" == ", " + 1"}, {" == ", " - 1"}, {" == -", ""}, {" == ~", ""},
    {" <s ", ""}, {" >s ", ""},     {" <u ", ""},     {" >u ", ""},
};
enum { RELATIONS_FP = 4 }; /* the first ones: of the formats' bits; minus is the other sign */

struct bin_relation relation_text(unsigned relation)
{
    return relations[relation];
}

bool relation_exists(const struct bin_operand *o, unsigned relation)
{
    return !gen_is_fp(o->test) || relation < RELATIONS_FP;
}

unsigned relations_of(const struct bin_operand *o, uint64_t a, uint64_t b)
{
    unsigned width = gen_is_fp(o->test) ? gen_test_width(o->test) : o->width;
    uint64_t mask = bits_mask(width), minus = gen_is_fp(o->test) ? b ^ 1ull << (width - 1) : 0 - b;
    a &= mask;
    b &= mask;
    int64_t sa = bits_sext(a, width), sb = bits_sext(b, width);
    return (a == b) | (a == ((b + 1) & mask)) << 1 | (a == ((b - 1) & mask)) << 2 |
           (a == (minus & mask)) << 3 | (a == (~b & mask)) << 4 | (sa < sb) << 5 | (sa > sb) << 6 |
           (a < b) << 7 | (a > b) << 8;
}

/* ---- addresses ---- */

static const char *const places[PLACES] = {
    [PLACE_ALIGNED] = "aligned",
    [PLACE_MISALIGNED] = "misaligned",
    [PLACE_PAGES] = "page-crossing",
    [PLACE_FIRST] = "first bytes",
    [PLACE_LAST] = "last bytes",
    [PLACE_OVER_END] = "over the end",
    [PLACE_OVER_START] = "over start",
    [PLACE_UNMAPPED] = "unmapped",
    [PLACE_READ_ONLY] = "read-only",
    [PLACE_CODE] = "code",
    [PLACE_NULL] = "null",
    [PLACE_TOP] = "top",
};
static const char *const targets[TARGETS] = {
    [TARGET_ALIGNED] = "aligned", [TARGET_UNIT] = "half", [TARGET_ODD] = "odd", [TARGET_NOWHERE] = "nowhere"};

const char *place_name(enum bin_place p)
{
    return places[p];
}

const char *target_name(unsigned target)
{
    return targets[target];
}

/* A single byte is always aligned and never on both sides of anything. */
bool place_exists(enum bin_place p, unsigned size)
{
    return size > 1 ||
           (p != PLACE_MISALIGNED && p != PLACE_PAGES && p != PLACE_OVER_END && p != PLACE_OVER_START);
}

/* A region that a case has mapped. */
struct span {
    uint64_t base, size; /* where; size 0: none */
    unsigned perm;       /* CPU_* */
};

static struct span region_at(const struct test_case *c, uint64_t addr)
{
    static const struct span homes[] = {
        {LAYOUT_CODE, LAYOUT_CODE_SIZE, CPU_READ | CPU_EXEC},
        {LAYOUT_DATA, LAYOUT_DATA_SIZE, CPU_READ | CPU_WRITE},
        {LAYOUT_ROM, LAYOUT_ROM_SIZE, CPU_READ},
    };
    for (unsigned i = 0; i < ARRAY_LEN(homes); i++)
        if (addr - homes[i].base < homes[i].size) return homes[i];
    for (unsigned i = 0; i < c->nmem && c->mem[i].perm; i++)
        if (addr - c->mem[i].at < c->mem[i].size)
            return (struct span){c->mem[i].at, c->mem[i].size, c->mem[i].perm};
    return (struct span){0};
}

unsigned place_of(const struct test_case *c, uint64_t addr, unsigned size)
{
    uint64_t last = addr + size - 1;
    struct span from = region_at(c, addr), to = size > 1 ? region_at(c, last) : from;
    unsigned places_hit = 0;
    if (from.size && to.size) {
        bool pages = (addr ^ last) / CPU_PAGE;
        places_hit |= 1u << (pages ? PLACE_PAGES : addr % size ? PLACE_MISALIGNED : PLACE_ALIGNED);
        if (addr == from.base) places_hit |= 1u << PLACE_FIRST;
        if (last + 1 == to.base + to.size) places_hit |= 1u << PLACE_LAST;
        if (!(from.perm & CPU_WRITE))
            places_hit |= 1u << (from.perm & CPU_EXEC ? PLACE_CODE : PLACE_READ_ONLY);
    } else {
        places_hit |= 1u << (from.size ? PLACE_OVER_END : to.size ? PLACE_OVER_START : PLACE_UNMAPPED);
    }
    if (addr < CPU_PAGE) places_hit |= 1u << PLACE_NULL;
    if (last < addr || last >= 0 - (uint64_t)CPU_PAGE) places_hit |= 1u << PLACE_TOP;
    return places_hit;
}

unsigned target_of(const struct test_case *c, uint64_t addr)
{
    unsigned unit = c->guest->code_unit;
    unsigned how = addr % unit ? TARGET_ODD : addr % (2ul * unit) ? TARGET_UNIT : TARGET_ALIGNED;
    return 1u << how | !(region_at(c, addr).perm & CPU_EXEC) << TARGET_NOWHERE;
}
