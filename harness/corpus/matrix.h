/* Templates: one node with variables that stands for a case for every combination of their values. */
#ifndef HARNESS_CORPUS_MATRIX_H
#define HARNESS_CORPUS_MATRIX_H

#include "specs/yaml/yaml.h"

enum { MATRIX_MAX_VARS = 16, MATRIX_MAX_CASES = 1 << 16, MATRIX_MAX_KEYS = 1000, MATRIX_MAX_NODES = 1 << 22 };

struct matrix {
    const struct ynode *template;                /* the item of `matrix:` */
    unsigned nvars;                              /* variables under `with:` */
    const struct ynode *vars[MATRIX_MAX_VARS];   /* each a list, keyed by its name */
    uint64_t total;                              /* combinations */
    uint64_t now;                                /* the combination at hand */
    const struct ynode *values[MATRIX_MAX_VARS]; /* the value of each variable in it */
};

/* A checked item of `matrix:`. False: reported. */
bool matrix_open(struct matrix *m, const struct ynode *item, struct diag *d);
/* Goes to combination i < total. The first variable changes slowest. */
void matrix_seek(struct matrix *m, uint64_t i);
/* A node of the template, or all of it without `with:`, with this combination's values. NULL: reported. */
struct ynode *matrix_expand(const struct matrix *m, const struct ynode *n, struct arena *a, struct diag *d);
/* "op=sll, n=31" */
void matrix_describe(const struct matrix *m, struct buf *out);

#endif
