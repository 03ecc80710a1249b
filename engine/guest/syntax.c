/* Splits a row's mnemonic and syntax into tokens. */
#include "engine/guest/syntax.h"

#include <string.h>

struct syntax syntax_of_mnemonic(const struct guest_row *row)
{
    return (struct syntax){.row = row, .p = row->mnemonic, .mnemonic = true};
}

struct syntax syntax_of_operands(const struct guest_row *row)
{
    return (struct syntax){.row = row, .p = row->syntax};
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static const struct guest_field *find_field(const struct guest_row *row, const char *name, size_t len)
{
    for (unsigned i = 0; i < row->nfields; i++) {
        const char *f = row->fields[i].name;
        if (f[0] == name[0] && !strncmp(f, name, len) && f[len] == 0) return &row->fields[i];
    }
    return NULL;
}

/* "{aqrl}" in a mnemonic. */
static struct syntax_token embedded(struct syntax *s)
{
    size_t len = strcspn(s->p + 1, "}");
    const struct guest_field *f = find_field(s->row, s->p + 1, len);
    BUG_ON(!f); /* the generator checks names in mnemonics */
    struct syntax_token t = {SYNTAX_FIELD, s->p, len + 2, f};
    s->p += len + 2;
    return t;
}

struct syntax_token syntax_next(struct syntax *s)
{
    struct syntax_token t = {SYNTAX_END, s->p, 1, NULL};
    if (*s->p == 0) return t;
    if (s->mnemonic && *s->p == '{') return embedded(s);
    if (is_word(*s->p)) {
        while (is_word(s->p[t.len])) t.len++;
        if (!s->mnemonic) t.field = find_field(s->row, s->p, t.len);
        t.kind = t.field ? SYNTAX_FIELD : SYNTAX_WORD;
    } else if (s->p[0] == '[' && s->p[1] == ',') {
        t.kind = SYNTAX_OPEN;
        s->open = true;
    } else if (s->p[0] == ']' && s->open) {
        t.kind = SYNTAX_CLOSE;
        s->open = false;
    } else {
        t.kind = *s->p == ' ' ? SYNTAX_SPACE : SYNTAX_PUNCT;
    }
    s->p += t.len;
    return t;
}
