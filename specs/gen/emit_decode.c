/* The decoder: a tree of switches on bits that tell rows apart, then the conditions of the few rows left. */
#include "specs/gen/emit.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_SWITCH_BITS = 7 };

/* The value of a field in the word w. */
static void field_c(FILE *f, const struct field *d)
{
    fputs("(", f);
    for (unsigned k = 0; k < d->nslices; k++)
        fprintf(f, "%s(uint64_t)(w >> %u & 0x%llx) << %u", k ? " | " : "", d->slices[k].pos,
                (unsigned long long)bits_mask(d->slices[k].width), d->slices[k].at);
    fputs(")", f);
}

/* A decode-time condition over the word w. */
static void expr_c(FILE *f, struct row *r, const struct expr *e)
{
    const struct field *d;
    switch (e->kind) {
    case EX_NUMBER: fprintf(f, "0x%llxu", (unsigned long long)e->number); break;
    case EX_NAME:
    case EX_FIELDNUM:
        d = field_find(r, e->text);
        if (d)
            field_c(f, d);
        else
            fprintf(f, "%uu", r->width); /* W: nothing else was accepted */
        break;
    case EX_UNARY:
        fprintf(f, "%s", e->text);
        expr_c(f, r, e->args[0]);
        break;
    case EX_BINARY: { /* '<u' is '<': everything is unsigned here */
        fputc('(', f);
        expr_c(f, r, e->args[0]);
        fprintf(f, " %.*s ", (int)strcspn(e->text, "us"), e->text);
        expr_c(f, r, e->args[1]);
        fputc(')', f);
        break;
    }
    case EX_SLICE:
        fputc('(', f);
        expr_c(f, r, e->args[0]);
        fprintf(f, " >> %u & 0x%llx)", e->lo, (unsigned long long)bits_mask(e->hi - e->lo + 1));
        break;
    default: break;
    }
}

static void field_condition(FILE *f, const struct field *d)
{
    const struct kind *k = d->kind;
    uint64_t holes = 0;
    if (d->nonzero) {
        fputs(" && ", f);
        field_c(f, d);
        fputs(" != 0", f);
    }
    if (k && k->pair) {
        fputs(" && (", f);
        field_c(f, d);
        fputs(" & 1) == 0", f);
    }
    if (!k || !k->names || k->set) return;
    for (unsigned i = 0; i < 1u << d->width && i < 64; i++)
        if (i >= k->nnames || !k->names[i]) holes |= 1ull << i;
    if (!holes) return;
    fprintf(f, " && !(0x%llxu >> ", (unsigned long long)holes);
    field_c(f, d);
    fputs(" & 1)", f);
}

static void leaf(struct spec *s, FILE *f, struct row *const *list, unsigned n, uint32_t known, int depth)
{
    for (unsigned i = 0; i < n; i++) {
        struct row *r = list[i];
        fprintf(f, "%*sif ((w & 0x%x) == 0x%x", depth * 4, "", r->mask & ~known, r->match & ~known);
        for (unsigned k = 0; k < r->nfields; k++) field_condition(f, &r->fields[k]);
        if (r->when_expr) {
            fputs(" && ", f);
            expr_c(f, r, r->when_expr);
        }
        fprintf(f, ") return %u; /* %s */\n", r->index, r->id);
    }
    fprintf(f, "%*sreturn -1;\n", depth * 4, "");
}

/* The run of bits, fixed in all candidates, that splits them into most groups. */
static uint32_t best_split(struct row *const *list, unsigned n, uint32_t known)
{
    uint32_t common = ~known, best = 0;
    unsigned best_groups = 1;
    for (unsigned i = 0; i < n; i++) common &= list[i]->mask;
    for (unsigned lo = 0; lo < 32; lo++) {
        for (unsigned width = 1; width <= MAX_SWITCH_BITS && lo + width <= 32; width++) {
            uint32_t m = (uint32_t)(bits_mask(width) << lo);
            bool seen[1 << MAX_SWITCH_BITS] = {false};
            unsigned groups = 0;
            if ((common & m) != m) break;
            for (unsigned i = 0; i < n; i++) {
                bool *slot = &seen[(list[i]->match & m) >> lo];
                groups += !*slot;
                *slot = true;
            }
            if (groups > best_groups) {
                best_groups = groups;
                best = m;
            }
        }
    }
    return best;
}

static void tree(struct spec *s, FILE *f, struct row *const *list, unsigned n, uint32_t known, int depth)
{
    uint32_t m = n > 2 ? best_split(list, n, known) : 0;
    if (!m) {
        leaf(s, f, list, n, known, depth);
        return;
    }
    unsigned lo = (unsigned)__builtin_ctz(m);
    fprintf(f, "%*sswitch (w >> %u & 0x%x) {\n", depth * 4, "", lo, m >> lo);
    for (uint32_t v = 0; v <= m >> lo; v++) {
        struct row **sub = xcalloc(n, sizeof(*sub));
        unsigned k = 0;
        for (unsigned i = 0; i < n; i++)
            if ((list[i]->match & m) >> lo == v) sub[k++] = list[i];
        if (k) {
            fprintf(f, "%*scase 0x%x:\n", depth * 4, "", v);
            tree(s, f, sub, k, known | m, depth + 1);
        }
        free(sub);
    }
    fprintf(f, "%*sdefault: return -1;\n%*s}\n", depth * 4, "", depth * 4, "");
}

/* Special cases (`over`) are asked before what they are special cases of. */
static int by_specificity(const void *a, const void *b)
{
    const struct row *x = *(struct row *const *)a, *y = *(struct row *const *)b;
    int bits = __builtin_popcount(y->mask) - __builtin_popcount(x->mask);
    return bits ? bits : (int)x->index - (int)y->index;
}

static void decoder(struct spec *s, FILE *f, unsigned length)
{
    struct row **list = xcalloc(s->nrows, sizeof(*list));
    unsigned n = 0;
    for (struct row *r = s->rows; r; r = r->next)
        if (r->length == length) list[n++] = r;
    qsort(list, n, sizeof(*list), by_specificity);
    fprintf(f, "\nstatic int decode%u(uint32_t w)\n{\n", length * 8);
    if (n)
        tree(s, f, list, n, 0, 1);
    else
        fputs("    (void)w;\n    return -1;\n", f);
    fputs("}\n", f);
    free(list);
}

void emit_decode(struct spec *s, FILE *f)
{
    fprintf(f, "#include <stdint.h>\n\nint %s_decode(uint32_t w);\nunsigned %s_length(uint32_t w);\n", s->isa,
            s->isa);
    decoder(s, f, 2);
    decoder(s, f, 4);
    fprintf(f, "\nunsigned %s_length(uint32_t w)\n{\n", s->isa);
    if (s->long_mask)
        fprintf(f, "    return (w & 0x%x) == 0x%x ? 4 : 2;\n}\n", s->long_mask, s->long_value);
    else
        fputs("    (void)w;\n    return 4;\n}\n", f);
    fprintf(f,
            "\nint %s_decode(uint32_t w)\n{\n    return %s_length(w) == 4 ? decode32(w) : decode16(w & "
            "0xffff);\n}\n",
            s->isa, s->isa);
}
