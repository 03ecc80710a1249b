/* A row's mnemonic and syntax as tokens, for the disassembler and the assembler alike (specs/README.md,
 * "asm"). */
#ifndef ENGINE_GUEST_SYNTAX_H
#define ENGINE_GUEST_SYNTAX_H

#include "engine/guest/guest.h"

enum syntax_kind {
    SYNTAX_END,
    SYNTAX_FIELD, /* an operand */
    SYNTAX_WORD,  /* literal letters and digits: a fixed register, a part of the mnemonic */
    SYNTAX_PUNCT, /* one literal character that is neither */
    SYNTAX_SPACE, /* one blank */
    SYNTAX_OPEN,  /* "[" of "[, rm]": what follows may be left out together */
    SYNTAX_CLOSE, /* its "]" */
};

struct syntax_token {
    enum syntax_kind kind;           /* what it is */
    const char *text;                /* into the row's text */
    size_t len;                      /* characters of text */
    const struct guest_field *field; /* SYNTAX_FIELD */
};

struct syntax {
    const struct guest_row *row; /* whose fields are meant */
    const char *p;               /* what is left */
    bool mnemonic;               /* p is in the mnemonic: only {name} is an operand */
    bool open;                   /* between SYNTAX_OPEN and SYNTAX_CLOSE */
};

struct syntax syntax_of_mnemonic(const struct guest_row *row);
struct syntax syntax_of_operands(const struct guest_row *row);
struct syntax_token syntax_next(struct syntax *s);

#endif
