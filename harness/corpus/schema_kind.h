/* Corpus files of other kinds than instructions. */
#ifndef HARNESS_CORPUS_SCHEMA_KIND_H
#define HARNESS_CORPUS_SCHEMA_KIND_H

#include "harness/kinds/kind.h"

/* Such a file's schema; it points into itself. */
struct kind_schema {
    struct schema corpus;                  /* top of the file */
    struct schema_key keys[8];             /* its keys */
    struct schema cases, matrix, generate; /* their values */
    struct schema template;                /* an item of `matrix:` */
    struct schema_key template_keys[48];   /* its keys */
};

void kind_schema_make(const struct case_kind *k, struct kind_schema *s);

#endif
