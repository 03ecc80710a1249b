/* The file formats as data: one tree of tables from which key checking, type errors, suggestions and the JSON
 * Schema for editors all come. To add a key, add its row in schema.c and read it where its map is read.
 */
#ifndef HARNESS_CORPUS_SCHEMA_H
#define HARNESS_CORPUS_SCHEMA_H

#include "specs/yaml/yaml.h"

/* What a value may be; bits of schema.accepts. */
enum schema_accepts {
    SCHEMA_TEXT = 1,   /* any scalar but an empty one */
    SCHEMA_NUMBER = 2, /* an integer in 64 bits */
    SCHEMA_BOOL = 4,   /* true, false */
    SCHEMA_LIST = 8,   /* each item as `item` says */
    SCHEMA_MAP = 16,   /* keys as `keys` says, others as `rest` says */
    SCHEMA_EMPTY = 32, /* nothing at all */
};

enum { SCHEMA_MAX_WORD = 100 };

struct schema;

struct schema_key {
    const char *name;          /* as written */
    const struct schema *type; /* of its value */
    bool required;             /* must be there */
    const char *doc;           /* one sentence, for editors and error messages */
};

struct schema {
    const char *what;              /* completes "expected …" and "in …": "a case", "a number" */
    unsigned accepts;              /* enum schema_accepts */
    const struct schema *item;     /* LIST: of every item */
    const struct schema_key *keys; /* MAP: known keys */
    unsigned nkeys;                /* how many */
    const struct schema *rest;     /* MAP: of the value of any other key; NULL: there are none */
    const char *const *choices;    /* TEXT: the only texts, NULL-terminated; NULL: any */
    bool isa;                      /* TEXT: the name of a guest */
    bool word;                     /* TEXT: letters, digits and . _ + = , @ - only, at most SCHEMA_MAX_WORD */
    bool template;                 /* below here scalars may hold $variables, which are anything */
    bool version;                  /* NUMBER: of a format, `max` is the one we read */
    uint64_t min, max;             /* NUMBER: bounds; max 0: none */
};

extern const struct schema schema_version; /* of each format: there is only one so far */
extern const struct schema schema_corpus;  /* top of a corpus file */
extern const struct schema schema_out;     /* what is true after a case */
extern const struct schema schema_case;    /* one case, also out of a template */
extern const struct schema schema_quirks;  /* top of a quirk file */

const struct schema_key *schema_key_find(const struct schema *s, const char *name); /* NULL: no such key */
/* Reports a key that the map does not know, with a suggestion. */
void schema_key_unknown(const struct schema *s, const char *key, struct pos at, struct diag *d);
/* The whole tree against its schema; every breach is reported. */
bool schema_check(const struct schema *s, const struct ynode *n, struct diag *d);

/* Readers for what has been checked. */
uint64_t schema_number(const struct ynode *map, const char *key, uint64_t absent);
const char *schema_text(const struct ynode *map, const char *key, const char *absent);
/* The first of a list's items, or the value itself where one item needs no list. Walk on with ynode->next
 * when `n->kind` is YNODE_LIST. */
const struct ynode *schema_first(const struct ynode *n);
const struct ynode *schema_next(const struct ynode *list, const struct ynode *item);

/* A schema that holds in place of the usual one where a key has this value. */
struct schema_variant {
    const char *key, *value;     /* `kind: smmu` */
    const struct schema *schema; /* then this */
};
void schema_write_variants(const struct schema *usual, const struct schema_variant *v, unsigned n,
                           const char *title, FILE *out);
void schema_write(const struct schema *s, const char *title, FILE *out); /* JSON Schema, draft 2020-12 */
/* The first line of a file that is written at `path`: where editors find the schema (`corpus`, `packed` …),
 * seen from there. Nothing where no folder above has schemas, nor for NULL, standard output. */
void schema_line(const char *path, const char *name, struct buf *out);

#endif
