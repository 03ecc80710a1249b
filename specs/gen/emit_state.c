/* state.yaml as C: the struct, its field table, the CSR windows. */
#include "specs/gen/emit.h"

#include <string.h>

void emit_state_header(struct spec *s, FILE *f)
{
    fprintf(f,
            "#pragma once\n\n#include <stdint.h>\n\n/* vcpu->state of %s: every register a multiple of 64 "
            "bits. */\n",
            s->title);
    fprintf(f, "struct %s_state {\n", s->isa);
    for (const struct reg *r = s->regs; r; r = r->next) {
        fprintf(f, "    uint64_t %s", r->name);
        if (r->count > 1) fprintf(f, "[%u]", r->count + (r->zero >= 0 ? 2 : 0));
        if (r->words > 1) fprintf(f, "[%u]", r->words);
        fprintf(f, ";%s\n",
                r->zero >= 0 ? " /* the last two take what is written to the zero register */" : "");
    }
    fputs("};\n", f);
}

static void names(FILE *f, const char *suffix, const struct reg *r, const char **list, unsigned n)
{
    fprintf(f, "static const char *const reg_%s_%s[] = {", r->name, suffix);
    for (unsigned i = 0; i < n; i++) {
        if (!list[i])
            fputs("\"\", ", f);
        else
            fprintf(f, "\"%s\", ", list[i]);
    }
    fputs("NULL};\n", f);
}

void emit_state_table(struct spec *s, FILE *f)
{
    fprintf(
        f,
        "#include \"engine/guest/guest.h\"\n#include \"engine/guest/csr.h\"\n#include \"%s/%s_state.h\"\n\n",
        s->isa, s->isa);
    for (const struct reg *r = s->regs; r; r = r->next) {
        if (r->names) names(f, "names", r, r->names, r->count);
        if (r->bits) names(f, "bits", r, r->bits, r->nbits);
    }
    fputs("\nstatic const struct guest_reg regs[] = {\n", f);
    for (const struct reg *r = s->regs; r; r = r->next) {
        fprintf(f,
                "    {.name = \"%s\", .count = %u, .width = %u, .word = %u, .words = %u, .group = \"%s\", "
                ".zero = %d, ",
                r->name, r->count, r->width, r->word, r->words, r->group, r->zero);
        fprintf(f, ".compare = %s, .reset = 0x%llx", r->compare ? "true" : "false",
                (unsigned long long)r->reset);
        if (r->names) fprintf(f, ", .names = reg_%s_names", r->name);
        if (r->bits) fprintf(f, ", .bits = reg_%s_bits", r->name);
        if (r->test) fprintf(f, ", .test = TEST_%s", !strcmp(r->test, "address") ? "ADDRESS" : "MEMORY");
        fputs("},\n", f);
    }
    fputs("};\n", f);
    fprintf(f, "_Static_assert(sizeof(struct %s_state) == %u * 8, \"the table and the struct agree\");\n\n",
            s->isa, s->state_words);
}

static const char *csr_name(struct spec *s, const struct csr *c, unsigned i)
{
    return c->count == 1 ? c->name : arena_printf(&s->arena, "%s%u", c->name, c->first + i);
}

void emit_csrs(struct spec *s, FILE *f)
{
    fputs("static const struct guest_csr csrs[] = {\n", f);
    for (const struct csr *c = s->csrs; c; c = c->next)
        for (unsigned i = 0; i < c->count; i++)
            fprintf(f, "    {\"%s\", 0x%03x},\n", csr_name(s, c, i), c->number + i);
    fprintf(f, "};\n\nconst struct guest_csr_window %s_csr_windows[] = {\n", s->isa);
    for (const struct csr *c = s->csrs; c; c = c->next) {
        for (unsigned i = 0; i < c->count; i++) {
            fprintf(f,
                    "    {.number = 0x%03x, .value = 0x%llx, .view = 0x%llx, .mask = 0x%llx, .gate = %d, "
                    ".needs = 0x%x, .nparts = %u, .parts = {",
                    c->number + i, (unsigned long long)c->value, (unsigned long long)c->view,
                    (unsigned long long)c->mask, c->gate < 0 ? -1 : c->gate + (int)i,
                    c->needs < 0 ? 0u : 1u << c->needs, c->nparts);
            for (unsigned k = 0; k < c->nparts; k++)
                fprintf(f, "{%u, %u, %u}, ", c->parts[k].reg->word, c->parts[k].lo, c->parts[k].reg->width);
            fputs("}},\n", f);
        }
    }
    fprintf(f, "};\nconst unsigned %s_csr_count = %s;\n\n", s->isa,
            s->csrs ? "sizeof(csrs) / sizeof(csrs[0])" : "0");
}
