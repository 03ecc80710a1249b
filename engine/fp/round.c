/* The results of rounding that are rare: below the smallest normal number, and above the largest. */
#include "engine/fp/fp_core.h"

/* IEEE 754-2019 7.5: tiny before rounding is |x| < 2^emin; tiny after rounding is the same of x rounded to
 * the format's precision as though its exponent had no limit. Here exp < emin, so these differ only just
 * below 2^emin.
 */
static bool is_tiny(enum fp_fmt f, bool sign, int exp, uint64_t sig, enum fp_round r,
                    const struct fp_policy *p)
{
    const int fb = fp_frac_bits(f);
    uint64_t kept = sig >> (63 - fb), rest = sig << (fb + 1);

    if (p->tiny_before_rounding || exp + fp_bias(f) < 0) return true;
    return (kept + fp_round_away(kept & 1, rest, sign, r)) >> (fb + 1) == 0;
}

/* fp_round_pack where exp is below that of the smallest normal number. */
uint64_t fp_round_pack_tiny(enum fp_fmt f, bool sign, int exp, uint64_t sig, enum fp_round r,
                            const struct fp_policy *p, unsigned *ex)
{
    const int fb = fp_frac_bits(f);
    unsigned drop = (unsigned)(63 - fb + 1 - fp_bias(f) - exp); /* bits of sig below the smallest subnormal */
    bool tiny = is_tiny(f, sign, exp, sig, r, p);
    uint64_t kept, rest;

    if (tiny && p->flush_outputs) {
        *ex |= FP_UF | (p->flush_raises_nx ? FP_NX : 0);
        return fp_zero(f, sign);
    }
    kept = drop < 64 ? sig >> drop : 0;
    rest = drop < 64 ? sig << (64 - drop) : fp_shift_jam(sig, drop - 64);
    if (rest) {
        /* without traps an exact tiny result does not raise UF: IEEE 754-2019 7.5 */
        *ex |= FP_NX | (tiny ? FP_UF : 0);
        kept += fp_round_away(kept & 1, rest, sign, r);
    }
    /* no leading one to remove; a carry into it makes the smallest normal number */
    return kept | fp_zero(f, sign);
}

/* IEEE 754-2019 7.4: infinity, or the largest number where the rounding direction stops short of it. */
uint64_t fp_overflow_result(enum fp_fmt f, bool sign, enum fp_round r, unsigned *ex)
{
    bool to_inf = r == FP_RNE || r == FP_RMM || (r == FP_RUP && !sign) || (r == FP_RDN && sign);

    *ex |= FP_OF | FP_NX;
    return fp_inf(f, sign) - !to_inf;
}
