/* The tables of options and commands. Parsing, --help, the manual page and the shells' completion all come
 * from them.
 */
#ifndef HARNESS_COMMANDS_TABLE_H
#define HARNESS_COMMANDS_TABLE_H

#include "harness/commands/program.h"

/* How a value is read; the field at `offset` has the type in the comment. */
enum option_type {
    TYPE_FLAG,    /* bool; takes no value */
    TYPE_TEXT,    /* const char * */
    TYPE_LIST,    /* struct text_list; commas separate, repeating adds */
    TYPE_CHOICE,  /* const char *: one of the words of `arg`, which '|' parts */
    TYPE_TEXTS,   /* struct text_list; repeating adds */
    TYPE_NUMBER,  /* uint64_t */
    TYPE_SIZE,    /* uint64_t; K, M or G may follow */
    TYPE_SECONDS, /* double */
    TYPE_PERCENT, /* double */
    TYPE_SHARD,   /* shard and nshards */
};

struct option_row {
    const char *name;      /* without the dashes */
    char letter;           /* short form, or 0 */
    const char *arg;       /* what the value is called, or NULL */
    enum option_type type; /* how it is read */
    size_t offset;         /* of its field in struct options */
    unsigned commands;     /* enum command_id bits */
    uint64_t min, max;     /* of numbers: bounds; max 0: none */
    const char *initial;   /* value when it is not given, or NULL */
    const char *help;      /* one line */
};

/* A variable of the environment that lockstep looks at. */
struct variable {
    const char *name; /* as it is set */
    const char *help; /* one line */
};

extern const struct option_row option_rows[OPTIONS];
extern const struct command commands[];   /* ends with one that has no name */
extern const struct variable variables[]; /* likewise */
extern const char program_summary[];      /* a line */
extern const char program_text[];         /* a paragraph; ends with a newline */

/* ---- version.c ---- */
extern const char program_version[];  /* "1.2.3" */
extern const char program_released[]; /* "2026-11-21" */

/* ---- options.c ---- */
/* The command of this name, or NULL after a complaint. */
const struct command *command_find(struct program *p, const char *name);
/* What the option is when it is not given, as help has it, or NULL. */
const char *option_default(const struct option_row *o);

/* ---- list.c ---- */
const char *list_name(unsigned i); /* of the i-th list, or NULL: there are fewer */

/* ---- help.c ---- */
void help_program(struct program *p);
void help_command(struct program *p, const struct command *c);

#endif
