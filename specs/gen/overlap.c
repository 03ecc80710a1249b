/* No two rows may claim one instruction, and a declared opcode space may have no hole. */
#include "specs/gen/parse.h"

#include <string.h>

/* Decode-time conditions of a field, besides the fixed bits. */
static bool field_accepts(const struct field *f, uint32_t word)
{
    uint64_t v = field_get(f, word);
    if (f->nonzero && v == 0) return false;
    if (!f->kind) return true;
    if (f->kind->pair && (v & 1)) return false;
    return !f->kind->names || f->kind->set || (v < f->kind->nnames && f->kind->names[v]);
}

bool row_accepts(const struct row *r, uint32_t word)
{
    uint64_t v = 1;
    if (r->length == 2) word &= 0xffff;
    if ((word & r->mask) != r->match) return false;
    for (unsigned i = 0; i < r->nfields; i++)
        if (!field_accepts(&r->fields[i], word)) return false;
    if (r->when_expr) decode_eval(r, r->when_expr, word, &v);
    return v != 0;
}

/* Scatters the low bits of `bits` over the set bits of `mask`. */
static uint32_t scatter(uint64_t bits, uint32_t mask)
{
    uint32_t out = 0;
    for (; mask; mask &= mask - 1, bits >>= 1)
        if (bits & 1) out |= mask & -mask;
    return out;
}

/* A word in which only fields' bits vary: each of the row's fields is zero, one, all ones or random. */
static uint32_t shaped_word(const struct row *r, uint32_t base, uint32_t open, struct rng *rng)
{
    uint32_t w = (uint32_t)rng_next(rng);
    for (unsigned i = 0; i < r->nfields; i++) {
        unsigned how = (unsigned)rng_below(rng, 4);
        for (unsigned k = 0; k < r->fields[i].nslices; k++) {
            const struct slice *sl = &r->fields[i].slices[k];
            uint32_t m = (uint32_t)(bits_mask(sl->width) << sl->pos);
            if (how == 0) w &= ~m;
            if (how == 1) w |= m;
            if (how == 2) w = (w & ~m) | (sl->at == 0 ? 1u << sl->pos : 0);
        }
    }
    return base | (w & open);
}

/* Finds a word that both rows accept. Exhaustive up to 2^16 open bits, else 2^16 shaped ones. */
static bool common_word(const struct row *a, const struct row *b, uint32_t *word)
{
    uint32_t fixed = a->mask | b->mask, base = a->match | b->match;
    uint32_t all = a->length == 2 ? 0xffff : 0xffffffff, open = all & ~fixed;
    int bits = __builtin_popcount(open);
    struct rng rng = {base};
    for (uint64_t i = 0; i < (bits <= 16 ? 1ull << bits : 1ull << 16); i++) {
        *word = bits <= 16 ? base | scatter(i, open) : shaped_word(i & 1 ? a : b, base, open, &rng);
        if (row_accepts(a, *word) && row_accepts(b, *word)) return true;
    }
    return false;
}

static bool is_over(const struct row *special, const struct row *general)
{
    for (; special; special = special->over)
        if (special == general) return true;
    return false;
}

bool row_within(const struct row *special, const struct row *general)
{
    if (!special->length) return bytes_within(&special->bytes, &general->bytes);
    return special->length == general->length && !(general->mask & ~special->mask) &&
           !((special->match ^ general->match) & general->mask);
}

static bool rows_overlap(const struct row *a, const struct row *b, uint32_t *word)
{
    if (a->length != b->length || is_over(a, b) || is_over(b, a)) return false;
    if (!a->length) return bytes_overlap(&a->bytes, &b->bytes);
    return !((a->match ^ b->match) & a->mask & b->mask) && common_word(a, b, word);
}

void overlap_check(struct spec *s)
{
    for (struct row *a = s->rows; a; a = a->next) {
        for (struct row *b = a->next; b; b = b->next) {
            uint32_t word = 0;
            if (!rows_overlap(a, b, &word)) continue;
            const struct ynode *enc = ynode_get(b->node, "enc");
            if (s->bytes)
                row_error(s, b, enc->at, enc->len, "'%s' overlaps '%s' (%s:%d): '%s' and '%s'", b->id, a->id,
                          a->at.file, a->at.line, b->enc, a->enc);
            else
                row_error(s, b, enc->at, enc->len, "'%s' overlaps '%s' (%s:%d): both decode 0x%0*x", b->id,
                          a->id, a->at.file, a->at.line, (int)a->length * 2, word);
        }
    }
}

static const struct row *space_row(const struct spec *s, uint32_t mask, uint32_t match, unsigned width)
{
    for (const struct row *r = s->rows; r; r = r->next)
        if (r->length * 8 == width && !((r->match ^ match) & r->mask & mask)) return r;
    return NULL;
}

static bool is_reserved(struct ynode *list, uint64_t v)
{
    uint64_t u;
    bool negative;
    for (struct ynode *n = list ? list->child : NULL; n; n = n->next)
        if (ynode_u64(n, &u, &negative) && u == v) return true;
    return false;
}

/* One value of the space's field: it has a row, or the manual reserves it. */
static void space_value(struct spec *s, struct ynode *n, const struct field *f, uint64_t v, uint32_t mask,
                        uint32_t match, unsigned width)
{
    struct ynode *enc = ynode_get(n, "enc");
    for (unsigned i = 0; i < f->nslices; i++) {
        const struct slice *sl = &f->slices[i];
        mask |= (uint32_t)(bits_mask(sl->width) << sl->pos);
        match |= (uint32_t)(bits_get(v, sl->at + sl->width - 1, sl->at) << sl->pos);
    }
    const struct row *r = space_row(s, mask, match, width);
    bool reserved = is_reserved(ynode_get(n, "reserved"), v);
    const char *name = node_str(s, n, "name", "?");
    if (!r && !reserved)
        diag_error(&s->diag, enc->at, enc->len,
                   "gap in the opcode space %s: no row for %s = %llu, and it is not 'reserved'", name,
                   f->name, (unsigned long long)v);
    if (r && reserved)
        row_error(s, r, ynode_get(r->node, "enc")->at, strlen(r->enc),
                  "row '%s' uses %s = %llu of the opcode space %s, which isa.yaml says is 'reserved'", r->id,
                  f->name, (unsigned long long)v, name);
}

static void space_check(struct spec *s, struct ynode *n)
{
    struct field f[ROW_MAX_FIELDS];
    uint32_t mask, match;
    unsigned nf = 0, width = 0;
    if (!CHECK_KEYS(s, n, "an opcode space", "name", "enc", "reserved")) return;
    struct ynode *enc = ynode_get(n, "enc");
    if (!enc || s->bytes) {
        diag_error(&s->diag, n->at, 1,
                   enc ? "opcode spaces of byte encodings cannot be checked" : "an opcode space needs 'enc'");
        return;
    }
    if (!enc_bits(s, enc, enc->text, &mask, &match, f, &nf, &width)) return;
    if (nf != 1 || f[0].width > 16) {
        diag_error(&s->diag, enc->at, enc->len,
                   "an opcode space enumerates one field of up to 16 bits; found %u", nf);
        return;
    }
    for (uint64_t v = 0; v < 1ull << f[0].width; v++) space_value(s, n, &f[0], v, mask, match, width);
}

void spaces_check(struct spec *s)
{
    for (struct ynode *n = s->spaces ? s->spaces->child : NULL; n; n = n->next) space_check(s, n);
}
