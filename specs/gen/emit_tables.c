/* The tables of struct guest: kinds, fields, rows, causes, extensions, aliases. */
#include "specs/gen/emit.h"

#include "engine/guest/guest.h"

#include <stdlib.h>
#include <string.h>

static const char *print_kind(const struct kind *k)
{
    if (k->file) return "PRINT_REG";
    if (k->set) return "PRINT_SET";
    if (k->names) return "PRINT_ENUM";
    if (!strcmp(k->print, "hi20")) return "PRINT_HI20";
    if (!strcmp(k->print, "pcrel")) return "PRINT_PCREL";
    return !strcmp(k->print, "csr") ? "PRINT_CSR" : "PRINT_IMM";
}

static unsigned reg_index(const struct spec *s, const struct reg *reg)
{
    unsigned i = 0;
    for (const struct reg *r = s->regs; r != reg; r = r->next) i++;
    return i;
}

static void kinds(struct spec *s, FILE *f)
{
    for (const struct kind *k = s->kinds; k; k = k->next) {
        if (!k->names) continue;
        fprintf(f, "static const char *const kind_%s[] = {", k->name);
        for (unsigned i = 0; i < k->nnames; i++) {
            emit_c_string(f, k->names[i]);
            fputs(", ", f);
        }
        fputs("};\n", f);
    }
    fputs("\nstatic const struct guest_kind kinds[] = {\n", f);
    for (const struct kind *k = s->kinds; k; k = k->next) {
        fprintf(f, "    {.name = \"%s\", .print = %s, .width = %u, .box = %u, .add = %u, ", k->name,
                print_kind(k), k->width, k->box, k->add);
        fprintf(f, ".pair = %d, .nonzero = %d, ", k->pair, k->nonzero);
        if (k->file) fprintf(f, ".file = &regs[%u], ", reg_index(s, k->file));
        if (k->names) fprintf(f, ".names = kind_%s, .nnames = %u, ", k->name, k->nnames);
        if (k->empty) fprintf(f, ".empty = \"%s\", ", k->empty);
        fprintf(f, ".is_signed = %d, .def = %d, .round_max = %d},\n", k->is_signed, k->def, k->round_max);
    }
    fputs("};\n\n", f);
}

static const char *test_enum(struct spec *s, const char *name)
{
    char *up = arena_printf(&s->arena, "TEST_%s", name);
    for (char *p = up; *p; p++)
        if (*p >= 'a' && *p <= 'z') *p = (char)(*p - 32);
    return up;
}

static void field(struct spec *s, FILE *f, const struct field *d)
{
    fprintf(f, "    {.name = \"%s\", .kind = &kinds[%u], .width = %u, .low = %u, .nslices = %u, .slices = {",
            d->name, d->kind->index, d->width, d->low, d->nslices);
    for (unsigned i = 0; i < d->nslices; i++)
        fprintf(f, "{%u, %u, %u}, ", d->slices[i].pos, d->slices[i].width, d->slices[i].at);
    fprintf(f, "}, .nonzero = %d, .access = %d, .test = %s},\n", d->nonzero,
            (d->read ? GUEST_READ : 0) | (d->written ? GUEST_WRITE : 0), test_enum(s, d->test));
}

/* In the order of the syntax; fixed registers and neighbours are no fields. */
static unsigned fields_count(const struct row *r)
{
    unsigned n = 0;
    for (unsigned i = 0; i < r->nfields; i++) n += field_encoded(&r->fields[i]);
    return n;
}

static void fields(struct spec *s, FILE *f, const struct row *r)
{
    unsigned n = fields_count(r);
    if (!n) return;
    fprintf(f, "static const struct guest_field f_%s[] = {\n", row_symbol(s, r));
    for (unsigned place = 0; place < n; place++)
        for (unsigned i = 0; i < r->nfields; i++)
            if (field_encoded(&r->fields[i]) && asm_place(r, &r->fields[i]) == place)
                field(s, f, &r->fields[i]);
    fputs("};\n", f);
}

static void row(struct spec *s, FILE *f, const struct row *r)
{
    size_t n = strcspn(r->asm_, " ");
    unsigned count = fields_count(r);
    fprintf(f,
            "    {.id = \"%s\", .ext = \"%s\", .mnemonic = \"%.*s\", .syntax = \"%s\",\n     .sem = ", r->id,
            r->ext_name, (int)n, r->asm_, r->asm_[n] ? r->asm_ + n + 1 : "");
    emit_c_string(f, r->sem ? r->sem : "");
    fputs(", .when = ", f);
    emit_c_string(f, r->when);
    fputs(", .ref = ", f);
    emit_c_string(f, r->ref);
    fprintf(f, ",\n     .file = \"%s\", .line = %d, .mask = 0x%x, .match = 0x%x, ", r->at.file, r->at.line,
            r->mask, r->match);
    fprintf(f, ".length = %u, .absent = %d, .effects = 0x%x, .access_size = %u, ", r->length, r->absent,
            r->effects, r->access_size);
    fprintf(f, ".needs = 0x%x, .raises = 0x%x, .nfields = %u, ", r->ext->needs < 0 ? 0 : 1u << r->ext->needs,
            r->raises, count);
    fprintf(f, ".fields = %s%s},\n", count ? "f_" : "NULL", count ? row_symbol(s, r) : "");
}

struct mnemonic {
    const char *text;
    size_t len;
    unsigned index;
};

static int by_mnemonic(const void *a, const void *b)
{
    const struct mnemonic *x = a, *y = b;
    size_t n = x->len < y->len ? x->len : y->len;
    int c = memcmp(x->text, y->text, n);
    if (c) return c;
    return x->len != y->len ? (x->len < y->len ? -1 : 1) : (int)x->index - (int)y->index;
}

static void mnemonics(struct spec *s, FILE *f)
{
    struct mnemonic *list = xcalloc(s->nrows, sizeof(*list));
    for (const struct row *r = s->rows; r; r = r->next)
        list[r->index] = (struct mnemonic){r->asm_, strcspn(r->asm_, " {"), r->index};
    qsort(list, s->nrows, sizeof(*list), by_mnemonic);
    fputs("static const uint16_t mnemonic_order[] = {", f);
    for (unsigned i = 0; i < s->nrows; i++) fprintf(f, "%s%u,", i % 20 ? " " : "\n    ", list[i].index);
    fputs("\n};\n\n", f);
    free(list);
}

static void rows(struct spec *s, FILE *f)
{
    for (const struct row *r = s->rows; r; r = r->next) fields(s, f, r);
    fputs("\nstatic const struct guest_row rows[] = {\n", f);
    for (const struct row *r = s->rows; r; r = r->next) row(s, f, r);
    fputs("};\n\n", f);
}

/* Fields are numbered as in guest_row.fields, which is in the order of the syntax. */
static void pack(struct spec *s, FILE *f, struct row *r)
{
    struct slots sl;
    slots_assign(s, r, &sl);
    fprintf(f, "    [%u] = {.r = {", r->index);
    for (int i = 0; i < SLOTS; i++) {
        const struct field *d = sl.r[i].field;
        if (sl.pc_slot == i)
            fputs("{.what = PACK_PC}, ", f);
        else if (d)
            fprintf(f, "{.what = %s, .field = %u}, ", sl.r[i].sink ? "PACK_SINK" : "PACK_FIELD",
                    asm_place(r, d));
        else
            fputs("{.what = PACK_NONE}, ", f);
    }
    fputs("}, .imm = ", f);
    if (sl.imm)
        fprintf(f, "%u", asm_place(r, sl.imm));
    else
        fputs("PACK_NO_IMM", f);
    bool ends = r->effects & (EFFECT_JUMP | EFFECT_SYNC | EFFECT_CSR);
    fprintf(f, ", .ends = %d, .alone = %d}, /* %s */\n", ends, (r->effects & EFFECT_CSR) != 0, r->id);
}

/* How operands go into predecoded records; those of byte encodings are put together differently. */
static void packs(struct spec *s, FILE *f)
{
    if (s->bytes) return;
    fputs("static const struct guest_packing packs[] = {\n", f);
    for (struct row *r = s->rows; r; r = r->next)
        if (!r->absent)
            pack(s, f, r);
        else
            fprintf(f, "    [%u] = {.absent = true}, /* %s */\n", r->index, r->id);
    fputs("};\n\n", f);
}

static const char *exit_kind(const struct cause *c)
{
    if (!strcmp(c->exit, "syscall")) return "EXIT_SYSCALL";
    return !strcmp(c->exit, "breakpoint") ? "EXIT_BREAKPOINT" : "EXIT_FAULT";
}

static void texts(const struct shape *shape, FILE *f)
{
    for (; shape; shape = shape->next) {
        emit_c_string(f, shape->text);
        fputs(",\n    ", f);
    }
    fputs("NULL", f);
}

static void small_tables(struct spec *s, FILE *f)
{
    fputs("static const struct guest_ext exts[] = {\n", f);
    for (const struct ext *e = s->exts; e; e = e->next) {
        fprintf(f, "    {\"%s\", ", e->name);
        emit_c_string(f, e->title);
        fputs("},\n", f);
    }
    fputs("};\n\nstatic const struct guest_cause causes[] = {\n", f);
    for (const struct cause *c = s->causes; c; c = c->next) {
        fprintf(f, "    {\"%s\", %u, %s},\n", c->name, c->code, exit_kind(c));
    }
    fputs("};\n\nstatic const char *const shapes[] = {", f);
    texts(s->shapes, f);
    fputs("};\n\nstatic const char *const patches[] = {", f);
    texts(s->patches, f);
    fputs("};\n\nstatic const struct guest_alias aliases[] = {\n", f);
    for (const struct alias *a = s->aliases; a; a = a->next)
        fprintf(f, "    {\"%s\", \"%s\"},\n", a->from, a->to);
    fputs("};\n\nstatic const struct guest_mode modes[] = {", f);
    for (const struct mode *m = s->modes; m; m = m->next) {
        fputs("{", f);
        emit_c_string(f, m->why);
        fprintf(f, ", &regs[%u], %u, %u, %d, 0x%llx}, ", reg_index(s, m->reg), m->lo, m->width, m->equal,
                (unsigned long long)m->number);
    }
    fputs("{0}};\n\n", f);
}

static unsigned cause_for(const struct spec *s, const char *access)
{
    for (const struct cause *c = s->causes; c; c = c->next)
        if (c->access && !strcmp(c->access, access)) return c->index;
    return 0;
}

/* Conditions of a translated block: bit per mode. */
static void mode_function(struct spec *s, FILE *f)
{
    fputs("static uint32_t mode_bits(const struct vcpu *c)\n{\n", f);
    fprintf(f, "    const struct %s_state *s = (const void *)c->state;\n", s->isa);
    fputs("    uint32_t m = 0;\n    (void)s;\n", f);
    for (const struct mode *m = s->modes; m; m = m->next)
        fprintf(f, "    if ((s->%s >> %u & 0x%llx) %s 0x%llx) m |= %uu;\n", m->reg->name, m->lo,
                (unsigned long long)bits_mask(m->width),
                m->equal ? "==" : "!=", (unsigned long long)m->number, 1u << m->index);
    fputs("    return m;\n}\n\n", f);
}

static void reset_function(FILE *f)
{
    fputs("static void reset_state(struct vcpu *c)\n{\n"
          "    for (unsigned i = 0; i < sizeof(regs) / sizeof(regs[0]); i++)\n"
          "        for (unsigned k = 0; k < regs[i].count * regs[i].words; k++)\n"
          "            c->state[regs[i].word + k] = k % regs[i].words ? 0 : regs[i].reset;\n}\n\n",
          f);
}

/* What only instruction words have, so far: byte encodings have no decoder yet. */
static void functions(struct spec *s, FILE *f, bool declare)
{
    if (s->bytes) return;
    if (declare)
        fprintf(f,
                "int %s_decode(uint32_t w);\nunsigned %s_length(uint32_t w);\n"
                "void %s_interp(struct vcpu *c, uint64_t budget);\n"
                "void %s_interp_window(struct vcpu *c, uint64_t budget);\n"
                "extern const struct guest_lift %s_lift;\n",
                s->isa, s->isa, s->isa, s->isa, s->isa);
    else
        fprintf(f,
                "    .decode = %s_decode, .length = %s_length, .packs = packs, .interp = %s_interp,\n"
                "    .interp_window = %s_interp_window, .lift = &%s_lift,\n",
                s->isa, s->isa, s->isa, s->isa, s->isa);
}

static void guest(struct spec *s, FILE *f)
{
    const struct cause *illegal = cause_find(s, "illegal");
    fprintf(f, "extern const struct guest_pseudo %s_pseudos[];\n\nextern const struct guest guest_%s;\n",
            s->isa, s->isa);
    fprintf(f, "const struct guest guest_%s = {\n    .name = \"%s\", .title = \"%s\",\n", s->isa, s->isa,
            s->title);
    fprintf(f, "    .regs = regs, .nregs = %u, .state_words = %u, .pc_word = %u,\n", s->nregs, s->state_words,
            s->pc->word);
    fprintf(f, "    .rows = rows, .nrows = %u, .by_mnemonic = mnemonic_order,\n", s->nrows);
    fprintf(f, "    .exts = exts, .nexts = %u, .kinds = kinds, .nkinds = %u,\n", s->nexts, s->nkinds);
    fprintf(f, "    .causes = causes, .ncauses = %u,\n    .cause_of_access = {%u, %u, %u, 0, %u},\n",
            s->ncauses, illegal ? illegal->index : 0, cause_for(s, "read"), cause_for(s, "write"),
            cause_for(s, "fetch"));
    fprintf(f, "    .cause_of_align = {0, %u, %u},\n", cause_for(s, "align-load"),
            cause_for(s, "align-store"));
    fputs("    .shapes = shapes, .patches = patches,\n", f);
    fputs("    .aliases = aliases, .naliases = sizeof(aliases) / sizeof(aliases[0]),\n", f);
    fprintf(f, "    .pseudos = %s_pseudos,\n", s->isa);
    fputs("    .csrs = csrs, .ncsrs = sizeof(csrs) / sizeof(csrs[0]),\n", f);
    fprintf(f, "    .code_unit = %u, .modes = modes, .nmodes = %u,\n", s->code_unit / 8, s->nmodes);
    functions(s, f, false);
    fputs("    .mode = mode_bits, .reset = reset_state,\n};\n", f);
}

void emit_tables(struct spec *s, FILE *f)
{
    kinds(s, f);
    rows(s, f);
    packs(s, f);
    mnemonics(s, f);
    small_tables(s, f);
    mode_function(s, f);
    reset_function(f);
    functions(s, f, true);
    guest(s, f);
}
