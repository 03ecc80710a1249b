/* The generated files of one ISA, and what several of them need. Files only change when their text does, so
 * that make rebuilds no more than it must. */
#include "specs/gen/emit.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void emit_c_string(FILE *f, const char *text)
{
    if (!text) {
        fputs("NULL", f);
        return;
    }
    fputc('"', f);
    for (const char *p = text; *p; p++) {
        if (*p == '\n')
            fputs(p[1] ? "\\n" : "", f);
        else if (*p == '"' || *p == '\\')
            fprintf(f, "\\%c", *p);
        else
            fputc(*p, f);
    }
    fputc('"', f);
}

const char *row_symbol(struct spec *s, const struct row *r)
{
    char *sym = arena_strdup(&s->arena, r->id);
    for (char *p = sym; *p; p++)
        if (!isalnum((unsigned char)*p)) *p = '_';
    return sym;
}

unsigned asm_place(const struct row *r, const struct field *f)
{
    size_t at = syntax_find(r->asm_, f->name);
    unsigned place = 0;
    for (unsigned i = 0; i < r->nfields; i++)
        place += field_encoded(&r->fields[i]) && syntax_find(r->asm_, r->fields[i].name) < at;
    return place;
}

const char *record_name(struct spec *s)
{
    return s->bytes ? arena_printf(&s->arena, "%s_op", s->isa) : "guest_op";
}

static bool same_text(const char *path, const char *text, size_t len)
{
    FILE *f = fopen(path, "r");
    bool same = f != NULL;
    char chunk[65536];
    size_t n, at = 0;
    while (same && (n = fread(chunk, 1, sizeof(chunk), f)) > 0) {
        same = at + n <= len && !memcmp(chunk, text + at, n);
        at += n;
    }
    if (f) fclose(f);
    return same && at == len;
}

bool emit_text(struct spec *s, const char *path, const char *text, size_t len)
{
    if (same_text(path, text, len)) return true;
    FILE *f = fopen(path, "w");
    bool ok = f && fwrite(text, 1, len, f) == len;
    if (f && fclose(f)) ok = false;
    if (!ok) diag_error(&s->diag, (struct pos){.file = path}, 0, "cannot write: %s", strerror(errno));
    return ok;
}

struct output {
    const char *name;                      /* of the file, without or behind the ISA's: "_state.h" */
    void (*emit)(struct spec *s, FILE *f); /* its text */
    bool words;                            /* only where instructions are words, not bytes */
};

static void emit_tables_file(struct spec *s, FILE *f)
{
    emit_state_table(s, f);
    emit_csrs(s, f);
    emit_tables(s, f);
}

static const struct output outputs[] = {
    {"_state.h", emit_state_header, false},
    {"_tables.c", emit_tables_file, false},
    {"_decode.c", emit_decode, true},
    {"_sem.h", emit_sem, false},
    {"_undef.c", emit_undef, false},
    {"_interp.c", emit_interp, true},
    {"_interp_window.c", emit_interp_window, true},
    {"_lift.c", emit_lift, true},
    {"_lanes.h", emit_lanes, false},
    {".md", emit_page, false},
};

/* What ir.yaml alone gives, for all ISAs. */
static const struct output op_outputs[] = {
    {"ir_refs.h", emit_refs, false},
    {"ir_ops.h", emit_op_enum, false},
    {"ir_ops.c", emit_op_table, false},
};

static bool emit_file(struct spec *s, const struct output *o, const char *from, const char *dir)
{
    char *text = NULL;
    size_t len = 0;
    const char *name = arena_printf(&s->arena, "%s%s", strchr("_.", o->name[0]) ? s->isa : "", o->name);
    FILE *f = open_memstream(&text, &len);
    BUG_ON(!f);
    if (!strstr(name, ".md")) fprintf(f, "/* Generated from %s; do not edit. */\n", from);
    o->emit(s, f);
    fclose(f);
    bool ok = emit_text(s, arena_printf(&s->arena, "%s/%s", dir, name), text, len);
    free(text);
    return ok;
}

bool emit_all(struct spec *s, const char *dir)
{
    const char *from = arena_printf(&s->arena, "specs/%s", s->isa);
    for (size_t i = 0; i < ARRAY_LEN(outputs); i++)
        if (!(outputs[i].words && s->bytes) && !emit_file(s, &outputs[i], from, dir)) return false;
    return true;
}

bool emit_ops(struct spec *s, const char *dir)
{
    for (size_t i = 0; i < ARRAY_LEN(op_outputs); i++)
        if (!emit_file(s, &op_outputs[i], "specs/ir.yaml", dir)) return false;
    return true;
}
