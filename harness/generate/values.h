/* Texts of values in corpus files: register values, floating-point literals, bytes. See harness/FORMAT.md. */
#ifndef HARNESS_GENERATE_VALUES_H
#define HARNESS_GENERATE_VALUES_H

#include "engine/guest/guest.h"

/* Why a text was refused; `offset` is where in it. */
struct value_error {
    size_t offset;     /* of the offending part */
    size_t span;       /* its length, at least 1 */
    char message[200]; /* "0x1ff is too wide for fflags, which has 5 bits" */
};

/* False, for a parser to return, with the message that printf would give, and where in the text. */
bool value_refuse(struct value_error *err, size_t offset, size_t span, const char *fmt, ...) PRINTF(4, 5);

/* A binary interchange format of IEEE 754. */
struct fp_layout {
    const char *name;   /* "f32", as in f32(1.5) */
    unsigned width;     /* bits in all */
    unsigned frac_bits; /* bits of the fraction */
};

extern const struct fp_layout fp_layouts[3]; /* f16 f32 f64 */

/* The bits of a literal: decimal or hexadecimal with exponent, inf, nan, nan(PAYLOAD), snan(PAYLOAD), or 0x…
 * for the bits themselves. f64 rounds decimals to nearest; the narrower formats refuse what they cannot hold
 * exactly. */
bool value_parse_fp(const struct fp_layout *f, const char *s, size_t len, uint64_t *bits,
                    struct value_error *err);

/* The value of a register: a number, f32(…), names of its bits joined by '|'. v gets reg->words words.
 * Formats that the guest boxes in this register are boxed. */
bool value_parse_reg(const struct guest *g, struct guest_reg_ref r, const char *s, size_t len, uint64_t v[8],
                     struct value_error *err);

/* Bytes as `data:` has them: pairs of hex digits in memory order, spaces and '_' between them at will. */
bool value_parse_bytes(const char *s, size_t len, struct buf *out, struct value_error *err);

/* True when the text is hexadecimal code and not assembly: every word is a pair of hex digits ("93 05 15 00",
 * memory order), or every word is a 0x number as manuals print instructions ("0x00150593"), of 4, 8 or 16
 * digits. */
bool value_is_hex_code(const char *s, size_t len);
bool value_parse_hex_code(const char *s, size_t len, struct buf *out, struct value_error *err);

#endif
