/* A schema as JSON Schema, draft 2020-12, for editors: completion, hover texts, red lines while typing. What
 * the table says, it says; what only the loader can check (registers, mnemonics) is left open.
 */
#include "harness/corpus/schema.h"

#include "engine/guest/guest.h"

#include <inttypes.h>
#include <stdarg.h>

struct writer {
    FILE *out;     /* where to */
    int depth;     /* nesting of what is written */
    bool template; /* inside a template: scalars may hold $variables */
};

static void newline(struct writer *w)
{
    fprintf(w->out, "\n%*s", 2 * w->depth, "");
}

static void string(struct writer *w, const char *s)
{
    fputc('"', w->out);
    for (; *s; s++) {
        if (*s == '"' || *s == '\\') fputc('\\', w->out);
        fputc(*s, w->out);
    }
    fputc('"', w->out);
}

/* The start of `"name": `, with the comma that the one before needs. */
static void member(struct writer *w, const char *name, bool *first)
{
    if (!*first) fputc(',', w->out);
    *first = false;
    newline(w);
    string(w, name);
    fputs(": ", w->out);
}

static void open(struct writer *w, char c)
{
    fputc(c, w->out);
    w->depth++;
}

static void close(struct writer *w, char c)
{
    w->depth--;
    newline(w);
    fputc(c, w->out);
}

static void write_type(struct writer *w, const struct schema *s, const char *doc);

static void write_number(struct writer *w, const struct schema *s)
{
    bool first = true;
    open(w, '{');
    member(w, "type", &first);
    fputs("\"integer\"", w->out);
    if (s->max) {
        member(w, "minimum", &first);
        fprintf(w->out, "%" PRIu64, s->min);
        member(w, "maximum", &first);
        fprintf(w->out, "%" PRIu64, s->max);
    }
    close(w, '}');
    /* YAML 1.2 takes 0b101 and 1_000 for strings. */
    if (s->max == 1) return;
    fputs(", {\"type\": \"string\", \"pattern\": \"^-?(0x[0-9a-fA-F_]+|0b[01_]+|0o[0-7_]+|[0-9][0-9_]*)$\"}",
          w->out);
}

static void write_names(struct writer *w, const char *const *names)
{
    fputs("{\"enum\": [", w->out);
    for (unsigned i = 0; names[i]; i++) {
        if (i) fputs(", ", w->out);
        string(w, names[i]);
    }
    fputs("]}", w->out);
}

static void write_text(struct writer *w, const struct schema *s)
{
    if (s->choices) {
        write_names(w, s->choices);
    } else if (s->isa) {
        fputs("{\"enum\": [", w->out);
        for (unsigned i = 0; guest_all[i]; i++) {
            if (i) fputs(", ", w->out);
            string(w, guest_all[i]->name);
        }
        fputs("]}", w->out);
    } else if (s->word && !w->template) {
        fprintf(w->out, "{\"type\": [\"string\", \"number\"], \"pattern\": \"^[A-Za-z0-9._+=,@-]{1,%d}$\"}",
                SCHEMA_MAX_WORD);
    } else {
        /* Text that looks like something else is still text here. */
        fputs("{\"type\": [\"string\", \"number\", \"boolean\"]}", w->out);
    }
}

static void write_map(struct writer *w, const struct schema *s)
{
    bool first = true;
    open(w, '{');
    member(w, "type", &first);
    fputs("\"object\"", w->out);
    if (s->nkeys) {
        bool first_key = true, first_required = true;
        member(w, "properties", &first);
        open(w, '{');
        for (unsigned i = 0; i < s->nkeys; i++) {
            member(w, s->keys[i].name, &first_key);
            write_type(w, s->keys[i].type, s->keys[i].doc);
        }
        close(w, '}');
        member(w, "required", &first);
        fputc('[', w->out);
        for (unsigned i = 0; i < s->nkeys; i++) {
            if (!s->keys[i].required) continue;
            if (!first_required) fputs(", ", w->out);
            first_required = false;
            string(w, s->keys[i].name);
        }
        fputc(']', w->out);
    }
    member(w, "additionalProperties", &first);
    if (s->rest)
        write_type(w, s->rest, NULL);
    else
        fputs("false", w->out);
    close(w, '}');
}

static void write_list(struct writer *w, const struct schema *s)
{
    bool first = true;
    open(w, '{');
    member(w, "type", &first);
    fputs("\"array\"", w->out);
    member(w, "items", &first);
    write_type(w, s->item, NULL);
    close(w, '}');
}

/* One alternative for each kind of value that is accepted. */
static void write_kinds(struct writer *w, const struct schema *s)
{
    static const struct {
        unsigned accepts;                                        /* the kind */
        void (*write)(struct writer *w, const struct schema *s); /* its alternative */
    } kinds[] = {{SCHEMA_TEXT, write_text},
                 {SCHEMA_NUMBER, write_number},
                 {SCHEMA_LIST, write_list},
                 {SCHEMA_MAP, write_map}};
    bool any = false;
    for (unsigned i = 0; i < ARRAY_LEN(kinds); i++) {
        if (!(s->accepts & kinds[i].accepts)) continue;
        if (any) fputs(", ", w->out);
        any = true;
        kinds[i].write(w, s);
    }
    if (s->accepts & SCHEMA_BOOL) fprintf(w->out, "%s{\"type\": \"boolean\"}", any ? ", " : "");
    if (s->accepts & SCHEMA_EMPTY) fputs(", {\"type\": \"null\"}", w->out);
    if (w->template && s->accepts & (SCHEMA_NUMBER | SCHEMA_TEXT))
        fputs(", {\"type\": \"string\", \"pattern\": \"[$]\"}", w->out);
}

static void write_type(struct writer *w, const struct schema *s, const char *doc)
{
    bool first = true, outer = w->template;
    w->template |= s->template;
    open(w, '{');
    if (doc) {
        member(w, "description", &first);
        string(w, doc);
    }
    member(w, "anyOf", &first);
    fputc('[', w->out);
    write_kinds(w, s);
    fputc(']', w->out);
    close(w, '}');
    w->template = outer;
}

/* If the key has the value, then its schema, else whatever comes next. */
static void write_variants(struct writer *w, const struct schema *usual, const struct schema_variant *v,
                           unsigned n)
{
    bool first = true;
    if (!n) {
        write_map(w, usual);
        return;
    }
    open(w, '{');
    member(w, "if", &first);
    fputs("{\"properties\": {", w->out);
    string(w, v->key);
    fputs(": {\"const\": ", w->out);
    string(w, v->value);
    fputs("}}, \"required\": [", w->out);
    string(w, v->key);
    fputs("]}", w->out);
    member(w, "then", &first);
    write_map(w, v->schema);
    member(w, "else", &first);
    write_variants(w, usual, v + 1, n - 1);
    close(w, '}');
}

void schema_write(const struct schema *s, const char *title, FILE *out)
{
    schema_write_variants(s, NULL, 0, title, out);
}

void schema_write_variants(const struct schema *usual, const struct schema_variant *v, unsigned n,
                           const char *title, FILE *out)
{
    struct writer w = {.out = out};
    bool first = true;
    open(&w, '{');
    member(&w, "$schema", &first);
    string(&w, "https://json-schema.org/draft/2020-12/schema");
    member(&w, "title", &first);
    string(&w, title);
    member(&w, "allOf", &first);
    fputc('[', out);
    write_variants(&w, usual, v, n);
    fputc(']', out);
    close(&w, '}');
    fputc('\n', out);
}
