/* One operand of an instruction, by its kind: the reverse of print_operand in disasm.c. */
#include "engine/guest/asm_internal.h"

#include <inttypes.h>
#include <string.h>

/* The operand being read, for the functions of each kind. */
struct operand {
    struct assembler *a;         /* for errors and labels */
    const struct guest_row *row; /* the row being tried */
    const struct guest_field *f; /* the operand's field */
    uint32_t *word;              /* where its bits go */
    size_t name;                 /* length of the mnemonic without embedded operands, for messages */
};

/* ---- registers ---- */

/* The registers that the field can hold, the first few of them: "s0, s1, a0, a1, …". */
static void list_registers(const struct operand *o, char *text, size_t size)
{
    const struct guest_kind *k = o->f->kind;
    unsigned shown = 0, left = 0;
    size_t n = 0;
    text[0] = 0;
    for (unsigned i = k->add; i < k->file->count; i++) {
        uint32_t word;
        if (!guest_field_put(o->f, i - k->add, &word)) continue;
        if (shown++ < 8 && n < size)
            n += (size_t)snprintf(text + n, size - n, "%s%s", n ? ", " : "", guest_reg_name(k->file, i));
        else
            left++;
    }
    if (left && n < size) snprintf(text + n, size - n, ", …");
}

static bool wrong_register(const struct operand *o, const char *s, size_t len)
{
    const struct guest_reg *file = o->f->kind->file;
    const char *sample = guest_reg_name(file, file->count / 3);
    if (len == 0) return asm_fail(o->a, s, 1, "expected a register such as '%s' for %s", sample, o->f->name);
    if (guest_reg_find_span(o->a->g, s, len).reg)
        return asm_fail(o->a, s, len, "expected a register such as '%s', found '%.*s'", sample, (int)len, s);
    struct suggest near = suggest_start(s, len);
    for (unsigned i = 0; i < file->count; i++) {
        const char *name = guest_reg_name(file, i);
        suggest_offer(&near, name, strlen(name));
    }
    if (!near.best)
        return asm_fail(o->a, s, len, "unknown register '%.*s'; expected one such as '%s'", (int)len, s,
                        sample);
    return asm_fail(o->a, s, len, "unknown register '%.*s'; did you mean '%.*s'?", (int)len, s,
                    (int)near.best_len, near.best);
}

static bool read_reg(const struct operand *o, struct asm_cursor *c)
{
    const struct guest_kind *k = o->f->kind;
    size_t len = asm_word(c, "");
    const char *s = c->p;
    int index = guest_reg_index(k->file, s, len);
    if (index < 0) {
        struct guest_reg_ref r = guest_reg_find_span(o->a->g, s, len);
        if (r.reg != k->file) return wrong_register(o, s, len);
        index = (int)r.index;
    }
    c->p += len;
    if ((unsigned)index >= k->add && guest_field_put(o->f, (unsigned)index - k->add, o->word)) return true;
    char may[120];
    list_registers(o, may, sizeof(may));
    return asm_fail(o->a, s, len, "register '%.*s' does not fit: %.*s takes %s here", (int)len, s,
                    (int)o->name, o->row->mnemonic, may);
}

/* ---- numbers ---- */

/* Why the value does not go into the field. */
static bool wrong_number(const struct operand *o, const struct asm_value *v)
{
    const struct guest_field *f = o->f;
    bool is_signed = f->kind && f->kind->is_signed, target = f->kind && f->kind->print == PRINT_PCREL;
    int64_t n = (int64_t)v->v, step = (int64_t)1 << f->low;
    int64_t min = is_signed ? -(1ll << (f->width - 1)) : 0;
    int64_t max = (is_signed ? 1ll << (f->width - 1) : 1ll << f->width) - step;
    const char *what = target ? "the distance to the target," : "immediate";
    if (f->nonzero && n == 0)
        return asm_fail(o->a, v->at, v->len, "%s 0 does not fit: it must not be 0", what);
    if (n >= min && n <= max && n % step)
        return asm_fail(o->a, v->at, v->len,
                        "%s %" PRId64 "%s does not fit: %.*s takes multiples of %" PRId64, what, n,
                        target ? "," : "", (int)o->name, o->row->mnemonic, step);
    return asm_fail(o->a, v->at, v->len, "%s %" PRId64 "%s does not fit: %.*s takes %" PRId64 "..%" PRId64,
                    what, n, target ? "," : "", (int)o->name, o->row->mnemonic,
                    !is_signed && f->nonzero ? step : min, max);
}

static bool evaluate(const struct operand *o, struct asm_cursor *c, struct asm_value *v)
{
    if (!asm_expr(o->a, c, v)) return false;
    if (v->unknown) o->a->unresolved = true;
    return true;
}

static bool read_number(const struct operand *o, struct asm_cursor *c)
{
    struct asm_value v;
    /* "(a0)" for "0(a0)" */
    if (asm_is(c, '('))
        v = (struct asm_value){.at = c->p, .len = 1};
    else if (!evaluate(o, c, &v))
        return false;
    if (v.unknown) return true;
    if (v.addresses)
        return asm_fail(o->a, v.at, v.len,
                        "expected a number, found an address; write '%.*s - .' for its distance", (int)v.len,
                        v.at);
    return guest_field_put(o->f, v.v, o->word) || wrong_number(o, &v);
}

/* The upper immediate: bits 31..12 of the value as a number from 0 to 0xfffff (Unpriv 2.4, lui). */
static bool read_hi20(const struct operand *o, struct asm_cursor *c)
{
    struct asm_value v;
    const struct guest_field *f = o->f;
    if (!evaluate(o, c, &v)) return false;
    if (v.unknown) return true;
    uint64_t value = (uint64_t)bits_sext(v.v << 12, 32);
    if (v.addresses == 0 && v.v <= 0xfffff && guest_field_put(f, value, o->word)) return true;
    if (f->width >= 32)
        return asm_fail(o->a, v.at, v.len, "upper immediate %" PRId64 " does not fit: %.*s takes 0..0xfffff",
                        (int64_t)v.v, (int)o->name, o->row->mnemonic);
    uint32_t half = 1u << (f->width - 13); /* the sign bit of the field, in units of 4096 */
    return asm_fail(o->a, v.at, v.len,
                    "upper immediate %" PRId64 " does not fit: %.*s takes %d..%u and 0x%x..0xfffff",
                    (int64_t)v.v, (int)o->name, o->row->mnemonic, f->nonzero, half - 1, 0x100000 - half);
}

/* A label, '.+8', or a bare number, which is the distance itself. */
static bool read_pcrel(const struct operand *o, struct asm_cursor *c)
{
    struct asm_value v;
    if (!evaluate(o, c, &v)) return false;
    if (v.unknown) return true;
    if (v.addresses == 1)
        v.v -= o->a->out->len - o->a->base;
    else if (v.addresses)
        return asm_fail(o->a, v.at, v.len, "'%.*s' is neither an address nor a distance", (int)v.len, v.at);
    return guest_field_put(o->f, v.v, o->word) || wrong_number(o, &v);
}

static bool read_csr(const struct operand *o, struct asm_cursor *c)
{
    size_t len = asm_word(c, "");
    const char *s = c->p;
    if (len == 0 || (s[0] >= '0' && s[0] <= '9')) return read_number(o, c);
    const struct guest_csr *csr = guest_csr_find(o->a->g, s, len);
    c->p += len;
    if (csr) return guest_field_put(o->f, csr->number, o->word);
    struct suggest near = suggest_start(s, len);
    for (unsigned i = 0; i < o->a->g->ncsrs; i++)
        suggest_offer(&near, o->a->g->csrs[i].name, strlen(o->a->g->csrs[i].name));
    if (!near.best) return asm_fail(o->a, s, len, "unknown CSR '%.*s'", (int)len, s);
    return asm_fail(o->a, s, len, "unknown CSR '%.*s'; did you mean '%.*s'?", (int)len, s, (int)near.best_len,
                    near.best);
}

/* ---- words and letters ---- */

static bool wrong_word(const struct operand *o, const char *s, size_t len)
{
    const struct guest_kind *k = o->f->kind;
    char may[100];
    size_t n = 0;
    may[0] = 0;
    for (unsigned i = 0; i < k->nnames; i++)
        if (k->names[i] && n < sizeof(may))
            n += (size_t)snprintf(may + n, sizeof(may) - n, "%s%s", n ? ", " : "", k->names[i]);
    return asm_fail(o->a, s, len ? len : 1, "expected %s%s%s, found '%.*s'",
                    k->print == PRINT_SET ? "letters of " : "one of ", may, n < sizeof(may) ? "" : "…",
                    (int)len, s);
}

static bool read_enum(const struct operand *o, struct asm_cursor *c)
{
    const struct guest_kind *k = o->f->kind;
    size_t len = asm_word(c, ".+-");
    for (unsigned i = 0; i < k->nnames; i++) {
        if (!k->names[i] || strlen(k->names[i]) != len || memcmp(k->names[i], c->p, len) != 0) continue;
        c->p += len;
        return guest_field_put(o->f, i, o->word);
    }
    return wrong_word(o, c->p, len);
}

/* The bit of the set's letter that s begins with, or 0. */
static uint64_t set_letter(const struct guest_kind *k, const char *s, size_t len, size_t *used)
{
    for (unsigned i = 0; i < k->nnames; i++) {
        *used = strlen(k->names[i]);
        if (*used <= len && !memcmp(k->names[i], s, *used)) return 1ull << (k->nnames - 1 - i);
    }
    return 0;
}

static bool read_set(const struct operand *o, struct asm_cursor *c)
{
    const struct guest_kind *k = o->f->kind;
    size_t len = asm_word(c, ""), used = 0;
    const char *s = c->p;
    uint64_t v = 0;
    bool none = k->empty && strlen(k->empty) == len && !memcmp(k->empty, s, len);
    for (size_t i = none ? len : 0; i < len; i += used) {
        uint64_t bit = set_letter(k, s + i, len - i, &used);
        if (!bit || (v & bit)) return wrong_word(o, s, len);
        v |= bit;
    }
    if (len == 0 && !none) return wrong_word(o, s, len);
    c->p += len;
    return guest_field_put(o->f, v, o->word);
}

/* ---- all kinds ---- */

static bool read_here(const struct operand *o, struct asm_cursor *c)
{
    switch (o->f->kind ? o->f->kind->print : PRINT_IMM) {
    case PRINT_REG: return read_reg(o, c);
    case PRINT_IMM: return read_number(o, c);
    case PRINT_HI20: return read_hi20(o, c);
    case PRINT_PCREL: return read_pcrel(o, c);
    case PRINT_CSR: return read_csr(o, c);
    case PRINT_ENUM: return read_enum(o, c);
    case PRINT_SET: return read_set(o, c);
    }
    BUG("operand kind %s", o->f->kind->name);
}

bool asm_operand(struct assembler *a, struct asm_cursor *c, const struct guest_row *row,
                 const struct guest_field *f, uint32_t *word)
{
    struct operand o = {a, row, f, word, guest_mnemonic_literal(row)};
    enum guest_print print = f->kind ? f->kind->print : PRINT_IMM;
    size_t name;
    const struct asm_cursor *bound = asm_bound(c, &name);
    /* where sums are allowed, a bound name is a term of one and asm_expr's business */
    if (!bound || print == PRINT_IMM || print == PRINT_HI20 || print == PRINT_PCREL) return read_here(&o, c);
    struct asm_cursor inner = *bound;
    c->p += name;
    if (!asm_operand(a, &inner, row, f, word)) return false;
    return inner.p == inner.end || asm_fail(a, inner.p, (size_t)(inner.end - inner.p), "unexpected '%.*s'",
                                            (int)(inner.end - inner.p), inner.p);
}

bool asm_embedded(struct asm_cursor *c, const struct guest_field *f, uint32_t *word)
{
    const struct guest_kind *k = f->kind;
    size_t best = 0, left = (size_t)(c->end - c->p);
    uint64_t v = 0;
    bool found = false;
    if (!k || k->print != PRINT_ENUM) {
        for (; best < left && best < 9 && c->p[best] >= '0' && c->p[best] <= '9'; best++)
            v = v * 10 + (uint64_t)(c->p[best] - '0');
        found = best == 1 || (best > 1 && c->p[0] != '0');
    }
    for (unsigned i = 0; k && k->print == PRINT_ENUM && i < k->nnames; i++) {
        const char *name = k->names[i] ? k->names[i] : "?"; /* a hole */
        size_t n = strlen(name);
        if (n > left || memcmp(name, c->p, n) != 0 || (found && n < best)) continue;
        found = true;
        best = n;
        v = i;
    }
    c->p += best;
    return found && guest_field_put(f, v, word);
}
