/* The generated files of one ISA, and what several of them need. Files only change when their text does, so
 * that make rebuilds no more than it must. */
#include "specs/gen/gen.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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

size_t asm_order(const struct row *r, unsigned field)
{
    static const char word[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    const char *name = r->fields[field].name;
    size_t len = strlen(name);
    for (const char *p = r->asm_; (p = strstr(p, name)); p++)
        if ((p == r->asm_ || !strchr(word, p[-1])) && (!p[len] || !strchr(word, p[len])))
            return (size_t)(p - r->asm_);
    return strlen(r->asm_);
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

static bool write_file(struct spec *s, const char *path, const char *text, size_t len)
{
    if (same_text(path, text, len)) return true;
    FILE *f = fopen(path, "w");
    bool ok = f && fwrite(text, 1, len, f) == len;
    if (f && fclose(f)) ok = false;
    if (!ok) diag_error(&s->diag, (struct pos){.file = path}, 0, "cannot write: %s", strerror(errno));
    return ok;
}

struct output {
    const char *name;                      /* file name; %s is the ISA's */
    void (*emit)(struct spec *s, FILE *f); /* its text */
};

static void emit_tables_file(struct spec *s, FILE *f)
{
    emit_state_table(s, f);
    emit_csrs(s, f);
    emit_tables(s, f);
}

static const struct output outputs[] = {
    {"%s_state.h", emit_state_header},
    {"%s_tables.c", emit_tables_file},
    {"%s_decode.c", emit_decode},
    {"%s_sem.h", emit_sem},
    {"%s_interp.c", emit_interp},
    {"%s_ir.h", emit_ir_refs},
    {"%s.md", emit_page},
};

bool emit_all(struct spec *s, const char *dir)
{
    bool ok = true;
    for (size_t i = 0; i < ARRAY_LEN(outputs) && ok; i++) {
        char *text = NULL, name[64];
        size_t len = 0;
        snprintf(name, sizeof(name), outputs[i].name, s->isa);
        FILE *f = open_memstream(&text, &len);
        BUG_ON(!f);
        if (!strstr(name, ".md")) fprintf(f, "/* Generated from specs/%s; do not edit. */\n", s->isa);
        outputs[i].emit(s, f);
        fclose(f);
        ok = write_file(s, arena_printf(&s->arena, "%s/%s", dir, name), text, len);
        free(text);
    }
    return ok;
}
