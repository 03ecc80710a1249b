/* The expression language of `sem`, `when`, `flags` and `undef` (specs/README.md, "sem"): its trees. */
#ifndef SPECS_GEN_PARSE_H
#define SPECS_GEN_PARSE_H

#include "specs/gen/row.h"

/* What is being parsed, so that an offset in it becomes a position in the file. */
struct source {
    struct spec *spec;        /* for messages and operations */
    const struct row *row;    /* for messages and W; may be NULL */
    const struct ynode *node; /* the scalar that the text comes from */
    const char *text;         /* expanded */
    const uint32_t *map;      /* per byte of text: its offset in node->text; NULL: the same */
};

enum token_kind { TOK_END, TOK_NEWLINE, TOK_NUMBER, TOK_NAME, TOK_PUNCT };

struct token {
    enum token_kind kind; /* what it is */
    const char *text;     /* in the arena */
    size_t offset, len;   /* in the source */
    uint64_t number;      /* TOK_NUMBER */
};

enum expr_kind { EX_NUMBER, EX_NAME, EX_FIELDNUM, EX_CALL, EX_UNARY, EX_BINARY, EX_SLICE };

struct expr {
    enum expr_kind kind;            /* what it is */
    const char *text;               /* name, verb, operator */
    size_t offset;                  /* in the text that was parsed */
    uint64_t number;                /* EX_NUMBER */
    int type;                       /* EX_CALL: the type said after the verb, or TYPE_NONE */
    unsigned hi, lo;                /* EX_SLICE */
    struct expr *args[OP_MAX_ARGS]; /* operands */
    int nargs;                      /* how many */
};

struct stmt {
    const char *target;   /* NULL for a bare verb */
    size_t target_offset; /* in the source */
    bool call;            /* `call helper(…)` */
    struct expr *cond;    /* decode-time if, or NULL */
    struct expr *value;   /* the right side, or the verb */
    struct stmt *next;    /* the following line */
};

/* ---- lex.c ---- */
struct source source_of(struct spec *s, const struct row *r,
                        const struct ynode *n); /* n's text, expanded for r */
struct pos source_pos(const struct source *src, size_t offset);
void source_error(const struct source *src, size_t offset, size_t span, const char *fmt, ...) PRINTF(4, 5);
void source_verror(const struct source *src, size_t offset, size_t span, const char *fmt, va_list ap);
struct token *lex(const struct source *src); /* ended by TOK_END; NULL after a reported error */

/* ---- parse.c ---- */
struct stmt *parse_sem(const struct source *src);  /* NULL after a reported error */
struct expr *parse_expr(const struct source *src); /* the whole text is one expression */

/* ---- eval.c ---- */
/* Over the numbers in fields. False: it uses something that only exists at run time. */
bool decode_eval(const struct row *r, const struct expr *e, uint32_t word, uint64_t *v);

#endif
