/* The x86 policy against the CPU that the test runs on: a second oracle, and the first one for MXCSR.
 *
 * Every call is one asm statement that loads MXCSR, computes and reads MXCSR back, so that no compiler can
 * move host floating point across it. On other machines the test is skipped.
 */
#include "engine/fp/fp_test.h"

#if defined(__x86_64__)

/* ---- the CPU ---- */

enum {
    MXCSR_FLAGS = 0x3f, /* IE DE ZE OE UE PE, from bit 0 */
    MXCSR_DAZ = 1 << 6,
    MXCSR_MASKS = 0x3f << 7,
    MXCSR_RC_SHIFT = 13,
    MXCSR_FTZ = 1 << 15,
};

/* Operands in xmm0, xmm1, xmm2; result in xmm0; rax may be used. */
#define HOST_OP(name, code)                                                                                  \
    static uint64_t host_##name(const uint64_t in[3], uint32_t *mxcsr)                                       \
    {                                                                                                        \
        uint32_t normal = MXCSR_MASKS, mine = *mxcsr;                                                        \
        uint64_t out;                                                                                        \
                                                                                                             \
        __asm__ volatile("movq %[a], %%xmm0; movq %[b], %%xmm1; movq %[c], %%xmm2; ldmxcsr %[mine]\n\t" code \
                         "\n\tstmxcsr %[mine]; ldmxcsr %[normal]; movq %%xmm0, %[out]"                       \
                         : [out] "=r"(out), [mine] "+m"(mine)                                                \
                         : [a] "m"(in[0]), [b] "m"(in[1]), [c] "m"(in[2]), [normal] "m"(normal)              \
                         : "xmm0", "xmm1", "xmm2", "rax", "cc");                                             \
        *mxcsr = mine;                                                                                       \
        return out;                                                                                          \
    }

HOST_OP(addss, "addss %%xmm1, %%xmm0")
HOST_OP(addsd, "addsd %%xmm1, %%xmm0")
HOST_OP(subss, "subss %%xmm1, %%xmm0")
HOST_OP(subsd, "subsd %%xmm1, %%xmm0")
HOST_OP(mulss, "mulss %%xmm1, %%xmm0")
HOST_OP(mulsd, "mulsd %%xmm1, %%xmm0")
HOST_OP(divss, "divss %%xmm1, %%xmm0")
HOST_OP(divsd, "divsd %%xmm1, %%xmm0")
HOST_OP(minss, "minss %%xmm1, %%xmm0")
HOST_OP(minsd, "minsd %%xmm1, %%xmm0")
HOST_OP(maxss, "maxss %%xmm1, %%xmm0")
HOST_OP(maxsd, "maxsd %%xmm1, %%xmm0")
HOST_OP(cmpeqss, "cmpeqss %%xmm1, %%xmm0")
HOST_OP(cmpeqsd, "cmpeqsd %%xmm1, %%xmm0")
HOST_OP(cmpltss, "cmpltss %%xmm1, %%xmm0")
HOST_OP(cmpltsd, "cmpltsd %%xmm1, %%xmm0")
HOST_OP(cmpless, "cmpless %%xmm1, %%xmm0")
HOST_OP(cmplesd, "cmplesd %%xmm1, %%xmm0")
HOST_OP(sqrtss, "sqrtss %%xmm0, %%xmm0")
HOST_OP(sqrtsd, "sqrtsd %%xmm0, %%xmm0")
HOST_OP(cvtss2sd, "cvtss2sd %%xmm0, %%xmm0")
HOST_OP(cvtsd2ss, "cvtsd2ss %%xmm0, %%xmm0")
HOST_OP(cvtss2si, "cvtss2si %%xmm0, %%eax; movq %%rax, %%xmm0")
HOST_OP(cvtss2sq, "cvtss2si %%xmm0, %%rax; movq %%rax, %%xmm0")
HOST_OP(cvtsd2si, "cvtsd2si %%xmm0, %%eax; movq %%rax, %%xmm0")
HOST_OP(cvtsd2sq, "cvtsd2si %%xmm0, %%rax; movq %%rax, %%xmm0")
HOST_OP(cvtsi2ss, "movq %%xmm0, %%rax; pxor %%xmm0, %%xmm0; cvtsi2ssl %%eax, %%xmm0")
HOST_OP(cvtsq2ss, "movq %%xmm0, %%rax; pxor %%xmm0, %%xmm0; cvtsi2ssq %%rax, %%xmm0")
HOST_OP(cvtsi2sd, "movq %%xmm0, %%rax; pxor %%xmm0, %%xmm0; cvtsi2sdl %%eax, %%xmm0")
HOST_OP(cvtsq2sd, "movq %%xmm0, %%rax; pxor %%xmm0, %%xmm0; cvtsi2sdq %%rax, %%xmm0")
HOST_OP(roundss, "roundss $4, %%xmm0, %%xmm0")
HOST_OP(roundsd, "roundsd $4, %%xmm0, %%xmm0")
HOST_OP(cvtph2ps, "vcvtph2ps %%xmm0, %%xmm0")
HOST_OP(cvtps2ph, "vcvtps2ph $4, %%xmm0, %%xmm0")
/* the first factor, whose NaN comes first, is operand 2 in Intel's order */
HOST_OP(fmass, "vfmadd213ss %%xmm2, %%xmm0, %%xmm1; movaps %%xmm1, %%xmm0")
HOST_OP(fmasd, "vfmadd213sd %%xmm2, %%xmm0, %%xmm1; movaps %%xmm1, %%xmm0")
HOST_OP(cvtss2usi, "vcvtss2usi %%xmm0, %%eax; movq %%rax, %%xmm0")
HOST_OP(cvtss2usq, "vcvtss2usi %%xmm0, %%rax; movq %%rax, %%xmm0")
HOST_OP(cvtsd2usi, "vcvtsd2usi %%xmm0, %%eax; movq %%rax, %%xmm0")
HOST_OP(cvtsd2usq, "vcvtsd2usi %%xmm0, %%rax; movq %%rax, %%xmm0")

/* ---- ours, in one shape; `k` is the row's argument ---- */

#define OURS(name, expr)                                                                    \
    static uint64_t our_##name(enum fp_fmt f, const uint64_t in[3], int k, enum fp_round r, \
                               const struct fp_policy *p, unsigned *ex)                     \
    {                                                                                       \
        return (expr);                                                                      \
    }

OURS(add, fp_add(f, in[0], in[1], r, p, ex))
OURS(sub, fp_sub(f, in[0], in[1], r, p, ex))
OURS(mul, fp_mul(f, in[0], in[1], r, p, ex))
OURS(div, fp_div(f, in[0], in[1], r, p, ex))
OURS(sqrt, fp_sqrt(f, in[0], r, p, ex))
OURS(fma, fp_fma(f, in[0], in[1], in[2], r, p, ex))
OURS(min, fp_min(f, in[0], in[1], p, ex))
OURS(max, fp_max(f, in[0], in[1], p, ex))
OURS(eq, fp_eq(f, in[0], in[1], false, p, ex) ? bits_mask((unsigned)shapes[f].width) : 0)
OURS(lt, fp_lt(f, in[0], in[1], true, p, ex) ? bits_mask((unsigned)shapes[f].width) : 0)
OURS(le, fp_le(f, in[0], in[1], true, p, ex) ? bits_mask((unsigned)shapes[f].width) : 0)
OURS(convert, fp_convert((enum fp_fmt)k, f, in[0], r, p, ex))
OURS(to_int, fp_to_int(f, in[0], (unsigned)k, true, r, p, ex))
OURS(to_uint, fp_to_int(f, in[0], (unsigned)k, false, r, p, ex))
OURS(from_int, fp_from_int(f, in[0], (unsigned)k, true, r, p, ex))
OURS(round_int, fp_round_int(f, in[0], r, true, p, ex))

/* ---- one row an instruction ---- */

enum feature { SSE2, SSE41, F16C, FMA, AVX512F };
enum deviation {
    NONE,
    NO_DAZ_NO_DE, /* VCVTPH2PS: subnormal halves are always read, silently */
    NO_FTZ,       /* VCVTPS2PH: subnormal halves are always written */
};

struct row {
    const char *name;  /* of the instruction */
    enum fp_fmt f;     /* of the operands, or of the result of one that takes integers */
    unsigned operands; /* 1 to 3 */
    uint64_t (*host)(const uint64_t in[3], uint32_t *mxcsr);
    uint64_t (*ours)(enum fp_fmt, const uint64_t in[3], int, enum fp_round, const struct fp_policy *,
                     unsigned *);
    int k;                  /* width, or format of the result; 0 as f */
    unsigned result;        /* bits of the result */
    enum feature needs;     /* of the CPU */
    enum deviation differs; /* from what MXCSR says */
};

#define PAIR(op, n, our, needs)                                     \
    {#op "ss", FP_F32, n, host_##op##ss, our, 0, 32, needs, NONE},  \
    {                                                               \
#op "sd", FP_F64, n, host_##op##sd, our, 0, 64, needs, NONE \
    }

static const struct row rows[] = {
    PAIR(add, 2, our_add, SSE2),
    PAIR(sub, 2, our_sub, SSE2),
    PAIR(mul, 2, our_mul, SSE2),
    PAIR(div, 2, our_div, SSE2),
    PAIR(min, 2, our_min, SSE2),
    PAIR(max, 2, our_max, SSE2),
    PAIR(cmpeq, 2, our_eq, SSE2),
    PAIR(cmplt, 2, our_lt, SSE2),
    PAIR(cmple, 2, our_le, SSE2),
    PAIR(sqrt, 1, our_sqrt, SSE2),
    PAIR(round, 1, our_round_int, SSE41),
    PAIR(fma, 3, our_fma, FMA),
    {"cvtss2sd", FP_F32, 1, host_cvtss2sd, our_convert, FP_F64, 64, SSE2, NONE},
    {"cvtsd2ss", FP_F64, 1, host_cvtsd2ss, our_convert, FP_F32, 32, SSE2, NONE},
    {"cvtss2si", FP_F32, 1, host_cvtss2si, our_to_int, 32, 32, SSE2, NONE},
    {"cvtss2si.q", FP_F32, 1, host_cvtss2sq, our_to_int, 64, 64, SSE2, NONE},
    {"cvtsd2si", FP_F64, 1, host_cvtsd2si, our_to_int, 32, 32, SSE2, NONE},
    {"cvtsd2si.q", FP_F64, 1, host_cvtsd2sq, our_to_int, 64, 64, SSE2, NONE},
    {"cvtsi2ss", FP_F32, 1, host_cvtsi2ss, our_from_int, 32, 32, SSE2, NONE},
    {"cvtsi2ss.q", FP_F32, 1, host_cvtsq2ss, our_from_int, 64, 32, SSE2, NONE},
    {"cvtsi2sd", FP_F64, 1, host_cvtsi2sd, our_from_int, 32, 64, SSE2, NONE},
    {"cvtsi2sd.q", FP_F64, 1, host_cvtsq2sd, our_from_int, 64, 64, SSE2, NONE},
    {"vcvtph2ps", FP_F16, 1, host_cvtph2ps, our_convert, FP_F32, 32, F16C, NO_DAZ_NO_DE},
    {"vcvtps2ph", FP_F32, 1, host_cvtps2ph, our_convert, FP_F16, 16, F16C, NO_FTZ},
    {"vcvtss2usi", FP_F32, 1, host_cvtss2usi, our_to_uint, 32, 32, AVX512F, NONE},
    {"vcvtss2usi.q", FP_F32, 1, host_cvtss2usq, our_to_uint, 64, 64, AVX512F, NONE},
    {"vcvtsd2usi", FP_F64, 1, host_cvtsd2usi, our_to_uint, 32, 32, AVX512F, NONE},
    {"vcvtsd2usi.q", FP_F64, 1, host_cvtsd2usq, our_to_uint, 64, 64, AVX512F, NONE},
};

static bool host_has(enum feature x)
{
    switch (x) {
    case SSE2: return true;
    case SSE41: return __builtin_cpu_supports("sse4.1");
    case F16C: return __builtin_cpu_supports("avx2"); /* implies it; gcc 12 cannot ask for "f16c" */
    case FMA: return __builtin_cpu_supports("fma");
    case AVX512F: return __builtin_cpu_supports("avx512f");
    }
    return false;
}

/* ---- checking ---- */

static const enum fp_round round_of_rc[] = {FP_RNE, FP_RDN, FP_RUP, FP_RTZ};

/* Bit 0..1 of `mode`: MXCSR.RC, bit 2 FTZ, bit 3 DAZ. */
static void check_host(const struct row *row, const uint64_t in[3], unsigned mode)
{
    static const unsigned flag_of_bit[] = {FP_NV, FP_ID, FP_DZ, FP_OF, FP_UF, FP_NX};
    struct call call = {row->name, "host", shapes[row->f].name, {in[0], in[1], in[2]}, round_of_rc[mode & 3]};
    uint32_t mxcsr = MXCSR_MASKS | (mode & 3) << MXCSR_RC_SHIFT;
    struct fp_policy p = fp_policy_x86;
    struct outcome want = {0, 0}, got = {0, 0};

    mxcsr |= (mode & 4 ? MXCSR_FTZ : 0) | (mode & 8 ? MXCSR_DAZ : 0);
    p.flush_outputs = mode & 4 && row->differs != NO_FTZ;
    p.flush_inputs = mode & 8 && row->differs != NO_DAZ_NO_DE;
    if (row->differs == NO_DAZ_NO_DE) p.flag_subnormal_inputs = false;
    want.bits = row->host(in, &mxcsr) & bits_mask(row->result);
    for (unsigned i = 0; i < ARRAY_LEN(flag_of_bit); i++) want.flags |= mxcsr >> i & 1 ? flag_of_bit[i] : 0;
    got.bits = row->ours(row->f, in, row->k, call.r, &p, &got.flags);
    if (got.bits != want.bits || got.flags != want.flags)
        print_error("MXCSR %#x: ", mxcsr & ~(unsigned)MXCSR_FLAGS);
    check(&call, got, want);
}

static void check_host_corners(const struct row *row)
{
    uint64_t list[CORNERS_MAX], in[3] = {0, 0, 0};
    unsigned n = corners(row->f, list), step = row->operands == 3 ? 4 : 1, nb = row->operands > 1 ? n : 1;
    unsigned nc = row->operands > 2 ? n : 1;

    for (unsigned a = 0; a < n; a += step)
        for (unsigned b = 0; b < nb; b += step)
            for (unsigned c = 0; c < nc; c += step) {
                in[0] = list[a];
                in[1] = nb > 1 ? list[b] : 0;
                in[2] = nc > 1 ? list[c] : 0;
                for (unsigned mode = 0; mode < 16; mode++) check_host(row, in, mode);
            }
}

static void check_host_random(const struct row *row, struct rng *g)
{
    int spread = shapes[row->f].frac + 3;

    for (unsigned long n = random_count(); n; n--) {
        uint64_t in[3] = {random_operand(row->f, g), 0, 0};
        int exp = exp_of(row->f, in[0]);

        if (row->ours == our_from_int) in[0] = rng_next(g) >> rng_below(g, 64);
        if (row->operands > 1)
            in[1] = rng_below(g, 2) ? random_operand(row->f, g)
                                    : random_near(row->f, g, exp, rng_below(g, 4) ? 2 : spread);
        if (row->operands > 2)
            in[2] = random_near(row->f, g, exp + exp_of(row->f, in[1]), rng_below(g, 2) ? 2 : spread);
        check_host(row, in, (unsigned)rng_below(g, 16));
    }
}

static void test_host(void **state)
{
    struct rng g = {1};

    for (const struct row *row = rows; row < rows + ARRAY_LEN(rows); row++) {
        if (!host_has(row->needs)) {
            print_message("this CPU has no %s\n", row->name);
            continue;
        }
        check_host_corners(row);
        check_host_random(row, &g);
        for (uint64_t a = 0; row->f == FP_F16 && a < 0x10000; a++) check_host(row, (uint64_t[3]){a, 0, 0}, 0);
    }
}

#else

static void test_host(void **state)
{
    skip();
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_host),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
