/* struct device_gen → NAME.h, its constants, and NAME.c, tables of the types in devices/device.h. */
#include "specs/gen/device.h"
#include "specs/gen/emit.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- constants ---- */

static const char *upper(struct device_gen *g, const char *name)
{
    char *s = arena_strdup(&g->s.arena, name);
    for (char *p = s; *p; p++) *p = (char)toupper((unsigned char)*p);
    return s;
}

static const char *lower(struct device_gen *g, const char *name)
{
    char *s = arena_strdup(&g->s.arena, name);
    for (char *p = s; *p; p++) *p = (char)tolower((unsigned char)*p);
    return s;
}

static void emit_value_names(struct device_gen *g, FILE *f, const char *of, const struct device_value *v)
{
    for (; v; v = v->next) fprintf(f, "    %s_%s_%s = %" PRIu64 ",\n", g->prefix, of, v->name, v->value);
}

static void emit_fields_enum(struct device_gen *g, FILE *f, const char *of, const struct device_field *fields)
{
    for (const struct device_field *p = fields; p; p = p->next) {
        fprintf(f, "    %s_%s_%s = DEV_FIELD(%u, %u),%s%s%s\n", g->prefix, of, p->name, p->lo, p->width,
                *p->doc ? " /* " : "", p->doc, *p->doc ? " */" : "");
        emit_value_names(g, f, arena_printf(&g->s.arena, "%s_%s", of, p->name), p->values);
    }
}

static void emit_registers_enum(struct device_gen *g, FILE *f)
{
    fprintf(f, "/* Registers: offsets, and places in the table. */\nenum {\n");
    for (const struct device_register *r = g->registers; r; r = r->next)
        fprintf(f, "    %s_REG_%s = 0x%" PRIx64 ",\n", g->prefix, r->name, r->offset);
    fprintf(f, "};\nenum {\n");
    for (const struct device_register *r = g->registers; r; r = r->next)
        fprintf(f, "    %s_INDEX_%s,\n", g->prefix, r->name);
    fprintf(f, "    %s_REGISTERS,\n};\n\n/* What writes do besides. */\nenum {\n    %s_EFFECT_NONE,\n",
            g->prefix, g->prefix);
    for (unsigned i = 0; i < g->neffects; i++)
        fprintf(f, "    %s_EFFECT_%s,\n", g->prefix, upper(g, g->effects[i]));
    fprintf(f, "    %s_EFFECTS,\n};\n\n", g->prefix);
}

static void emit_lists_enum(struct device_gen *g, FILE *f)
{
    for (const struct device_list *l = g->lists; l; l = l->next) {
        fprintf(f, "enum {\n");
        emit_value_names(g, f, l->name, l->values);
        fprintf(f, "};\n");
    }
    fprintf(f, "\n");
}

static void emit_numbers_enum(struct device_gen *g, FILE *f)
{
    fprintf(f, "/* Commands and events. */\nenum {\n");
    for (const struct device_struct *t = g->structs; t; t = t->next)
        if (t->has_number) fprintf(f, "    %s_%s = 0x%" PRIx64 ",\n", g->prefix, t->name, t->number);
    fprintf(f, "};\n\n");
}

static void emit_header(struct device_gen *g, FILE *f)
{
    const char *name = upper(g, g->name);
    fprintf(f, "#ifndef DEVICES_GENERATED_%s_H\n#define DEVICES_GENERATED_%s_H\n\n", name, name);
    fprintf(f, "#include \"devices/device.h\"\n\n");
    emit_registers_enum(g, f);
    emit_lists_enum(g, f);
    emit_numbers_enum(g, f);
    for (const struct device_register *r = g->registers; r; r = r->next)
        if (r->fields) {
            fprintf(f, "enum { /* %s (%s) */\n", r->name, r->ref);
            emit_fields_enum(g, f, r->name, r->fields);
            fprintf(f, "};\n");
        }
    for (const struct device_struct *t = g->structs; t; t = t->next) {
        fprintf(f, "enum { /* %s (%s) */\n", t->name, t->ref);
        emit_fields_enum(g, f, t->name, t->fields);
        fprintf(f, "};\n");
    }
    fprintf(f, "\nextern const struct dev_spec %s_spec;\n\n#endif\n", lower(g, g->prefix));
}

/* ---- tables ---- */

static void emit_values_table(FILE *f, const char *name, const struct device_value *v)
{
    if (!v) return;
    fprintf(f, "static const struct dev_value %s[] = {\n", name);
    for (; v; v = v->next) fprintf(f, "    {\"%s\", %" PRIu64 "},\n", v->name, v->value);
    fprintf(f, "};\n");
}

static void emit_field(FILE *f, const char *of, const struct device_field *p)
{
    fprintf(f, "    {\"%s\", DEV_FIELD(%u, %u), DEV_%s, %u, %" PRIu64 ", ", p->name, p->lo, p->width, p->kind,
            p->guard_index, p->reset);
    if (p->values)
        fprintf(f, "values_%s_%s, ARRAY_LEN(values_%s_%s), ", of, p->name, of, p->name);
    else if (p->list)
        fprintf(f, "list_%s, ARRAY_LEN(list_%s), ", p->list->name, p->list->name);
    else
        fprintf(f, "NULL, 0, ");
    emit_c_string(f, p->doc);
    fprintf(f, "},\n");
}

static void emit_fields_table(struct device_gen *g, FILE *f, const char *of,
                              const struct device_field *fields)
{
    for (const struct device_field *p = fields; p; p = p->next)
        emit_values_table(f, arena_printf(&g->s.arena, "values_%s_%s", of, p->name), p->values);
    if (!fields) return;
    fprintf(f, "static const struct dev_field fields_%s[] = {\n", of);
    for (const struct device_field *p = fields; p; p = p->next) emit_field(f, of, p);
    fprintf(f, "};\n");
}

static void emit_fields_of(FILE *f, const char *of, const struct device_field *fields)
{
    if (fields)
        fprintf(f, "fields_%s, ARRAY_LEN(fields_%s), ", of, of);
    else
        fprintf(f, "NULL, 0, ");
}

static uint64_t bits_of(const struct device_field *fields, const char *kind)
{
    uint64_t bits = 0;
    for (const struct device_field *p = fields; p; p = p->next)
        if (!strcmp(p->kind, kind)) bits |= bits_mask(p->width) << p->lo;
    return bits;
}

static uint64_t reset_of(const struct device_field *fields)
{
    uint64_t v = 0;
    for (const struct device_field *p = fields; p; p = p->next) v |= p->reset << p->lo;
    return v;
}

static uint64_t needs_of(const struct device_register *r)
{
    const struct device_field *f = r->needs ? device_field_find(r->fields, r->needs) : NULL;
    return f ? bits_mask(f->width) << f->lo : 0;
}

static void emit_where(FILE *f, struct pos at, const char *ref, const char *doc)
{
    emit_c_string(f, at.file);
    fprintf(f, ", %d, ", at.line);
    emit_c_string(f, ref);
    fprintf(f, ", ");
    emit_c_string(f, doc);
    fprintf(f, "},\n");
}

static void emit_registers_table(struct device_gen *g, FILE *f)
{
    for (const struct device_register *r = g->registers; r; r = r->next)
        emit_fields_table(g, f, r->name, r->fields);
    fprintf(f, "static const struct dev_register registers[] = {\n");
    for (const struct device_register *r = g->registers; r; r = r->next) {
        fprintf(
            f, "    {\"%s\", 0x%" PRIx64 ", 0x%" PRIx64 ", %u, 0x%" PRIx64 ", 0x%" PRIx64 ", 0x%" PRIx64 ", ",
            r->name, r->offset, r->alias, r->size, reset_of(r->fields), bits_of(r->fields, "RW"),
            needs_of(r));
        emit_fields_of(f, r->name, r->fields);
        fprintf(f, "%s_EFFECT_%s, ", g->prefix, r->effect ? upper(g, r->effect) : "NONE");
        emit_where(f, r->at, r->ref, r->doc);
    }
    fprintf(f, "};\nstatic const struct dev_guard guards[] = {\n    {NULL, 0, 0},\n");
    for (const struct device_guard *p = g->guards; p; p = p->next)
        fprintf(f, "    {\"%s\", %u, 0x%" PRIx64 "},\n", p->text, p->reg->index, p->bits);
    fprintf(f, "};\n\n");
}

static void emit_structs_table(struct device_gen *g, FILE *f)
{
    for (const struct device_struct *t = g->structs; t; t = t->next)
        emit_fields_table(g, f, t->name, t->fields);
    fprintf(f, "static const struct dev_struct structs[] = {\n");
    for (const struct device_struct *t = g->structs; t; t = t->next) {
        fprintf(f, "    {\"%s\", %u, 0x%" PRIx64 ", \"%s\", ", t->name, t->words, t->number, t->family);
        emit_fields_of(f, t->name, t->fields);
        emit_where(f, t->at, t->ref, t->doc);
    }
    fprintf(f, "};\n\n");
}

static void emit_source(struct device_gen *g, FILE *f)
{
    fprintf(f, "#include \"devices/%s.h\"\n\n", g->name);
    for (const struct device_list *l = g->lists; l; l = l->next)
        emit_values_table(f, arena_printf(&g->s.arena, "list_%s", l->name), l->values);
    emit_registers_table(g, f);
    emit_structs_table(g, f);
    fprintf(f,
            "const struct dev_spec %s_spec = {\n    \"%s\", registers, ARRAY_LEN(registers), structs,\n"
            "    ARRAY_LEN(structs), guards, ARRAY_LEN(guards),\n};\n",
            lower(g, g->prefix), g->name);
}

static bool emit_one(struct device_gen *g, const char *dir, const char *ending,
                     void (*emit)(struct device_gen *g, FILE *f))
{
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    BUG_ON(!f);
    fprintf(f, "/* Generated from %s; do not edit. */\n", g->path);
    emit(g, f);
    fclose(f);
    bool ok = emit_text(&g->s, arena_printf(&g->s.arena, "%s/%s%s", dir, g->name, ending), text, len);
    free(text);
    return ok;
}

bool device_emit(struct device_gen *g, const char *dir)
{
    return emit_one(g, dir, ".h", emit_header) && emit_one(g, dir, ".c", emit_source);
}
