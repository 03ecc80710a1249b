#include "harness/commands/explain.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

/* The field that owns a bit of the encoding, and where in its value that bit is. */
static const struct guest_field *bit_owner(const struct guest_row *row, unsigned bit, unsigned *at)
{
    for (unsigned i = 0; i < row->nfields; i++) {
        const struct guest_field *f = &row->fields[i];
        for (unsigned k = 0; k < f->nslices; k++) {
            if (bit - f->slices[k].pos >= f->slices[k].width) continue;
            *at = f->slices[k].at + bit - f->slices[k].pos;
            return f;
        }
    }
    return NULL;
}

/* One token of the encoding that ends at `top`; returns the bit below it. */
static int encoding_token(const struct guest_row *row, int top, struct buf *out)
{
    unsigned high, low;
    const struct guest_field *f = bit_owner(row, (unsigned)top, &high);
    int bit = top;
    if (!f) {
        while (bit >= 0 && !bit_owner(row, (unsigned)bit, &low)) {
            bool fixed = row->mask >> bit & 1;
            buf_char(out, !fixed ? '.' : row->match >> bit & 1 ? '1' : '0');
            bit--;
        }
        return bit;
    }
    low = high;
    unsigned next;
    while (bit > 0 && bit_owner(row, (unsigned)bit - 1, &next) == f && next + 1 == low) {
        bit--;
        low = next;
    }
    buf_str(out, f->name);
    bool number =
        f->kind->print == PRINT_IMM || f->kind->print == PRINT_HI20 || f->kind->print == PRINT_PCREL;
    if (number || f->nslices > 1) {
        if (high == low)
            buf_printf(out, "[%u]", high);
        else
            buf_printf(out, "[%u:%u]", high, low);
    }
    return bit - 1;
}

void explain_encoding(const struct guest_row *row, struct buf *out)
{
    for (int bit = row->length * 8 - 1; bit >= 0;) {
        bit = encoding_token(row, bit, out);
        if (bit >= 0) buf_char(out, ' ');
    }
}

void explain_syntax(const struct guest_row *row, struct buf *out)
{
    buf_printf(out, "%s%s%s", row->mnemonic, *row->syntax ? " " : "", row->syntax);
}

static bool signed_kind(const struct guest_field *f)
{
    return f->kind->is_signed;
}

static void explain_set(const struct guest_kind *k, uint64_t v, struct buf *out)
{
    size_t start = out->len;
    for (unsigned i = 0; i < k->nnames; i++)
        if (v >> (k->nnames - 1 - i) & 1) buf_str(out, k->names[i]);
    if (out->len == start) buf_str(out, k->empty ? k->empty : "");
}

static void explain_value(const struct guest_field *f, uint64_t v, struct buf *out)
{
    const struct guest_kind *k = f->kind;
    switch (k->print) {
    case PRINT_REG:
        buf_str(out, guest_reg_name(k->file, (unsigned)v + k->add));
        if (k->pair) buf_printf(out, ", %s", guest_reg_name(k->file, (unsigned)v + k->add + 1));
        break;
    case PRINT_ENUM:
        if (v < k->nnames && k->names[v] && *k->names[v]) buf_printf(out, "%s ", k->names[v]);
        buf_printf(out, "(%" PRIu64 ")", v);
        break;
    case PRINT_SET: explain_set(k, v, out); break;
    default:
        if (signed_kind(f) && (int64_t)v < 0)
            buf_printf(out, "%" PRId64 " (%#" PRIx64 ")", (int64_t)v, v & bits_mask(f->width));
        else
            buf_printf(out, v < 10 ? "%" PRIu64 : "%" PRIu64 " (%#" PRIx64 ")", v, v);
    }
}

void explain_fields(const struct guest_row *row, uint32_t word, struct buf *out)
{
    static const char *const access[] = {"", " (read)", " (written)", " (read and written)"};
    for (unsigned i = 0; i < row->nfields; i++) {
        const struct guest_field *f = &row->fields[i];
        buf_printf(out, "    %-8s= ", f->name);
        explain_value(f, guest_field_get(f, word), out);
        if (f->kind->print == PRINT_REG) buf_str(out, access[f->access & 3]);
        buf_char(out, '\n');
    }
}

/* ---- what it does ---- */

static void label(struct buf *out, const char *name)
{
    buf_printf(out, "  %-11s ", name);
}

static void explain_semantics(const struct guest_row *row, struct buf *out)
{
    const char *s = row->sem ? row->sem : "";
    if (row->absent || !*s) {
        label(out, "semantics");
        buf_str(out, "not done yet (status: absent)\n");
        return;
    }
    for (bool first = true; *s; first = false) {
        size_t n = strcspn(s, "\n");
        label(out, first ? "semantics" : "");
        buf_add(out, s, n);
        buf_char(out, '\n');
        s += n + (s[n] == '\n');
    }
}

static bool is_field(const struct guest_row *row, const char *name, size_t n)
{
    for (unsigned i = 0; i < row->nfields; i++)
        if (strlen(row->fields[i].name) == n && !strncmp(row->fields[i].name, name, n)) return true;
    return false;
}

/* Adds to a list what it has not got yet. */
static void add_name(struct buf *list, const char *name, size_t n)
{
    for (size_t i = 0; i < list->len;) {
        size_t have = strcspn(list->p + i, ",");
        if (have == n && !memcmp(list->p + i, name, n)) return;
        i += have + (list->p[i + have] ? sizeof(", ") - 1 : 0);
    }
    if (list->len) buf_str(list, ", ");
    buf_add(list, name, n);
    buf_cstr(list);
}

/* Registers that the semantics name themselves: `read` wants those on the right, else those assigned. */
static void named_registers(const struct guest *g, const struct guest_row *row, bool read, struct buf *out)
{
    const char *s = row->sem ? row->sem : "";
    bool start = true; /* nothing of this line was seen yet, or only "if ...: " */
    for (; *s; s++) {
        if (*s == '\n' || (s[0] == ':' && s[1] == ' ')) start = true;
        if (!isalpha((unsigned char)*s)) continue;
        size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.");
        const char *after = s + n + strspn(s + n, " ");
        bool assigned = start && after[0] == '=' && after[1] != '=';
        struct guest_reg_ref ref = {0};
        if (!is_field(row, s, n)) ref = guest_reg_find_span(g, s, n);
        if (ref.reg && assigned != read) add_name(out, s, n);
        start = false;
        s += n - 1;
    }
}

/* A line of the operands and registers that are read, or written. */
static void explain_access(const struct guest *g, const struct guest_row *row, uint32_t word, bool read,
                           struct buf *out)
{
    struct buf list = {0};
    for (unsigned i = 0; i < row->nfields; i++) {
        const struct guest_field *f = &row->fields[i];
        if (f->kind->print != PRINT_REG || !(f->access & (read ? GUEST_READ : GUEST_WRITE))) continue;
        const char *name = guest_reg_name(f->kind->file, (unsigned)guest_field_get(f, word) + f->kind->add);
        add_name(&list, name, strlen(name));
    }
    named_registers(g, row, read, &list);
    if (row->effects & EFFECT_CSR) add_name(&list, "the CSR", 7);
    if (row->effects & EFFECT_FP && !read) add_name(&list, "exception flags", 15);
    if (!read && row->effects & EFFECT_JUMP) add_name(&list, "pc", 2);
    if (row->effects & (read ? EFFECT_LOAD | EFFECT_AMO : EFFECT_STORE | EFFECT_AMO)) {
        add_name(&list, "memory", 6);
        if (row->access_size)
            buf_printf(&list, " (%u byte%s)", row->access_size, row->access_size > 1 ? "s" : "");
    }
    label(out, read ? "reads" : "writes");
    buf_printf(out, "%s\n", list.len ? buf_cstr(&list) : "nothing");
    buf_free(&list);
}

static void explain_raises(const struct guest *g, const struct guest_row *row, struct buf *out)
{
    bool any = false;
    label(out, "raises");
    for (unsigned i = 0; i < g->ncauses && i < 32; i++) {
        if (!(row->raises >> i & 1)) continue;
        buf_printf(out, "%s%s", any ? ", " : "", g->causes[i].name);
        any = true;
    }
    buf_str(out, any ? "\n" : "nothing\n");
    for (unsigned i = 0; i < g->nmodes; i++) {
        if (!(row->needs >> i & 1)) continue;
        label(out, "");
        buf_printf(out, "illegal when %s\n", g->modes[i].why);
    }
}

static const char *ext_title(const struct guest *g, const char *name)
{
    for (unsigned i = 0; i < g->nexts; i++)
        if (!strcmp(g->exts[i].name, name)) return g->exts[i].title;
    return "";
}

void explain_instruction(const struct guest *g, uint64_t pc, uint32_t word, struct buf *out)
{
    int index = g->decode(word);
    unsigned n = g->length(word);
    uint32_t bits = n == 2 ? word & 0xffff : word;
    if (index < 0) {
        buf_printf(out, "%#" PRIx64 ": %0*" PRIx32 "  is not an instruction of %s\n", pc, (int)n * 2, bits,
                   g->name);
        return;
    }
    const struct guest_row *row = &g->rows[index];
    buf_printf(out, "%#" PRIx64 ": %0*" PRIx32 "  ", pc, (int)n * 2, bits);
    guest_disasm(g, row, word, out);
    buf_char(out, '\n');
    label(out, "row");
    buf_printf(out, "%s, %s:%d\n", row->id, row->file, row->line);
    label(out, "extension");
    buf_printf(out, "%s: %s\n", row->ext, ext_title(g, row->ext));
    if (*row->ref) {
        label(out, "manual");
        buf_printf(out, "%s\n", row->ref);
    }
    label(out, "syntax");
    explain_syntax(row, out);
    buf_char(out, '\n');
    label(out, "encoding");
    explain_encoding(row, out);
    buf_char(out, '\n');
    if (row->when) {
        label(out, "when");
        buf_printf(out, "%s\n", row->when);
    }
    if (row->nfields) buf_str(out, "  fields\n");
    explain_fields(row, word, out);
    explain_semantics(row, out);
    if (row->absent) return;
    explain_access(g, row, word, true, out);
    explain_access(g, row, word, false, out);
    explain_raises(g, row, out);
}
