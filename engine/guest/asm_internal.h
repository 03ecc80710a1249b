/* What the files of the assembler share.
 *
 *     asm.c          statements, labels, directives, the two passes
 *     asm_match.c    one instruction against the rows of its mnemonic
 *     asm_alias.c    aliases and pseudo-instructions: text for text
 *     asm_operand.c  one operand by its kind
 *     asm_expr.c     numbers, labels, sums of them
 *
 * An alias is not expanded by copying: its text is parsed where it stands, in an environment that says which
 * part of the user's text each of its names stands for. So every error has a place in what the user wrote. */
#ifndef ENGINE_GUEST_ASM_INTERNAL_H
#define ENGINE_GUEST_ASM_INTERNAL_H

#include "engine/guest/syntax.h"

enum { ASM_MAX_NAMES = 8, ASM_MAX_DEPTH = 4 };

/* Text being read, and what its names stand for. */
struct asm_cursor {
    const char *p, *end;       /* what is left */
    const struct asm_env *env; /* NULL: the user's own text */
};

struct asm_binding {
    const char *name;       /* in the alias's `from` */
    size_t len;             /* of name */
    struct asm_cursor text; /* what it stands for, in the environment it was written in */
};

/* The inside of an alias that is being assembled. */
struct asm_env {
    struct asm_binding bind[ASM_MAX_NAMES]; /* its names */
    unsigned n;                             /* how many */
    unsigned depth;                         /* aliases within aliases */
    uint64_t here;                          /* '.' for its own text: where its current statement begins */
};

struct asm_label {
    const char *name; /* in the user's text */
    size_t len;       /* of name */
    uint64_t at;      /* offset from the start of the output */
};

struct assembler {
    const struct guest *g;    /* the ISA */
    const char *text, *end;   /* what the user wrote */
    const struct buf *raw;    /* bytes for ".raw N"; NULL: there is no such directive */
    size_t raw_at;            /* how many of them were taken */
    struct buf *out;          /* bytes so far */
    size_t base;              /* its length before the first */
    struct asm_error *err;    /* of the current statement, when `failed` */
    bool failed;              /* something did not match; another row or alias still may */
    const char *stmt;         /* the user's current statement, where errors inside aliases are shown */
    size_t stmt_len;          /* length of its mnemonic */
    uint64_t here;            /* '.' in the user's text: where the current statement begins */
    struct asm_label *labels; /* in the order of the text */
    unsigned nlabels, cap;    /* in use, and allocated */
    unsigned seen;            /* labels defined so far in this pass */
    bool final;               /* second pass: every label is known */
    bool unresolved;          /* first pass: something depends on a label further down */
};

/* ---- asm.c ---- */
/* Notes why the text at p is not right, if nothing better is known: the farthest error says most. False. */
bool asm_fail(struct assembler *a, const char *p, size_t span, const char *fmt, ...) PRINTF(4, 5) COLD;
bool asm_statements(struct assembler *a, struct asm_cursor c, uint64_t *here);
void asm_skip_blanks(struct asm_cursor *c);
size_t asm_word(const struct asm_cursor *c,
                const char *also); /* letters, digits, '_' and those of `also` at c->p */
uint64_t asm_here(const struct assembler *a, const struct asm_env *env);
void asm_emit(struct assembler *a, uint64_t value, unsigned size);
static inline bool asm_is(const struct asm_cursor *c, char ch)
{
    return c->p < c->end && *c->p == ch;
}

/* ---- asm_match.c ---- */
/* Assembles one instruction with the rows of its mnemonic. False: none fits; *known says whether there are
 * any. */
bool asm_rows(struct assembler *a, struct asm_cursor c, bool *known);

/* ---- asm_alias.c ---- */
bool asm_aliases(struct assembler *a, struct asm_cursor c, bool *known);
bool asm_unknown(struct assembler *a, struct asm_cursor c); /* reports the mnemonic at c, with a suggestion */
/* The text that the name at c stands for, or NULL when c is not at such a name. */
const struct asm_cursor *asm_bound(const struct asm_cursor *c, size_t *name_len);

/* ---- asm_operand.c ---- */
/* Reads the operand `f` of `row` at c into *word. */
bool asm_operand(struct assembler *a, struct asm_cursor *c, const struct guest_row *row,
                 const struct guest_field *f, uint32_t *word);
/* The same for an operand inside the mnemonic: it ends where the longest of its values does. */
bool asm_embedded(struct asm_cursor *c, const struct guest_field *f, uint32_t *word);

/* ---- asm_expr.c ---- */
struct asm_value {
    uint64_t v;     /* a number, or an offset from the start of the output; two's complement */
    int addresses;  /* labels and '.' added minus those subtracted: 0 is a number, 1 an address */
    bool unknown;   /* a label in it is not defined yet */
    const char *at; /* where it stands */
    size_t len;     /* its length */
};
bool asm_expr(struct assembler *a, struct asm_cursor *c, struct asm_value *v);

#endif
