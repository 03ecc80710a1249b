/* Prints instructions from their rows: the mnemonic and syntax with each operand written by its kind.
 *
 * Numbers are decimal, except the upper immediate; a branch target is relative to the instruction ('.+8'), so
 * that a line can be assembled anywhere. To teach it a new way of writing an operand, add to enum guest_print
 * and to print_operand here, and to asm_operand.c. */
#include "engine/guest/syntax.h"

#include <inttypes.h>
#include <string.h>

/* The letters of the bits that are set, or the kind's word for none. */
static void print_set(const struct guest_kind *k, uint64_t v, struct buf *out)
{
    for (unsigned i = 0; i < k->nnames; i++)
        if (v >> (k->nnames - 1 - i) & 1) buf_str(out, k->names[i]);
    if (v == 0 && k->empty) buf_str(out, k->empty);
}

static void print_csr(const struct guest *g, uint64_t v, struct buf *out)
{
    const struct guest_csr *csr = guest_csr_at(g, (unsigned)v);
    if (csr)
        buf_str(out, csr->name);
    else
        buf_printf(out, "0x%" PRIx64, v);
}

static void print_number(const struct guest_kind *k, uint64_t v, struct buf *out)
{
    if (k && k->is_signed)
        buf_printf(out, "%" PRId64, (int64_t)v);
    else
        buf_printf(out, "%" PRIu64, v);
}

static void print_operand(const struct guest *g, const struct guest_field *f, uint32_t word, struct buf *out)
{
    const struct guest_kind *k = f->kind;
    uint64_t v = guest_field_get(f, word);
    switch (k ? k->print : PRINT_IMM) {
    case PRINT_REG: buf_str(out, guest_reg_name(k->file, (unsigned)v + k->add)); break;
    case PRINT_IMM: print_number(k, v, out); break;
    case PRINT_HI20: buf_printf(out, "0x%" PRIx64, v >> 12 & 0xfffff); break;
    case PRINT_PCREL: buf_printf(out, ".%+" PRId64, (int64_t)v); break;
    case PRINT_CSR: print_csr(g, v, out); break;
    case PRINT_ENUM: buf_str(out, v < k->nnames && k->names[v] ? k->names[v] : "?"); break;
    case PRINT_SET: print_set(k, v, out); break;
    }
}

/* Is each operand up to the closing bracket at its default, so that none of "[, rm]" need be said? */
static bool all_default(struct syntax s, uint32_t word)
{
    for (;;) {
        struct syntax_token t = syntax_next(&s);
        if (t.kind == SYNTAX_CLOSE || t.kind == SYNTAX_END) return true;
        if (t.kind != SYNTAX_FIELD) continue;
        int def = t.field->kind ? t.field->kind->def : -1;
        if (def < 0 || guest_field_get(t.field, word) != (uint64_t)def) return false;
    }
}

static void skip_option(struct syntax *s)
{
    struct syntax_token t;
    do t = syntax_next(s);
    while (t.kind != SYNTAX_CLOSE && t.kind != SYNTAX_END);
}

static void print_tokens(const struct guest *g, struct syntax s, uint32_t word, struct buf *out)
{
    for (;;) {
        struct syntax_token t = syntax_next(&s);
        switch (t.kind) {
        case SYNTAX_END: return;
        case SYNTAX_FIELD: print_operand(g, t.field, word, out); break;
        case SYNTAX_OPEN:
            if (all_default(s, word)) skip_option(&s);
            break;
        case SYNTAX_CLOSE: break;
        default: buf_add(out, t.text, t.len);
        }
    }
}

void guest_disasm(const struct guest *g, const struct guest_row *row, uint32_t word, struct buf *out)
{
    print_tokens(g, syntax_of_mnemonic(row), word, out);
    if (!row->syntax[0]) return;
    buf_char(out, ' ');
    print_tokens(g, syntax_of_operands(row), word, out);
}

unsigned guest_disasm_bytes(const struct guest *g, const uint8_t *p, size_t n, struct buf *out)
{
    uint8_t bytes[4] = {0}; /* what lies beyond the end reads as zero; its length is checked below */
    if (n) memcpy(bytes, p, n < 4 ? n : 4);
    uint32_t word = bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
    unsigned length = g->length(word);
    int row = n < length ? -1 : g->decode(word);
    if (row < 0)
        buf_str(out, "<not an instruction>");
    else
        guest_disasm(g, &g->rows[row], word, out);
    return n < length ? (unsigned)n : length;
}
