/* Failures of the same cause, counted: one line for each signature (signature.c), whoever of those in the
 * right took part, or row and way to die. */
#ifndef HARNESS_JUDGE_CLUSTERS_H
#define HARNESS_JUDGE_CLUSTERS_H

#include "harness/run/record.h"

enum { CLUSTERS_MAX = 1024 /* causes told apart; failures of further ones are only counted */ };

struct cluster {
    char *cause;     /* what its failures have in common; owned */
    char *key;       /* what of it no other cause has; owned */
    uint64_t n;      /* failures */
    size_t size;     /* of the example: the length of what there is to say about it */
    char *id, *file; /* the smallest example, the first of several; owned */
    char *detail;    /* what differs in it; owned */
    int line;        /* where it stands in the file */
    char *row;       /* ISA and id of the row that goes wrong, as in struct record's `bins`; or NULL; owned */
    uint32_t *bins;  /* by bin of it: failing cases that hit it; owned */
    bool longer;     /* some are cases of several instructions */
    uint64_t counted; /* failures that said which they hit */
    char *when;       /* in the end, under which condition (cover/condition.h), or NULL; owned */
};

struct clusters {
    struct cluster *items; /* n of them, in the order in which they were met */
    unsigned n;            /* in use */
    uint64_t others;       /* failures of causes that had no room */
    uint16_t *slots;       /* hash table: 1 + index into items; NULL before the first failure */
};

void clusters_add(struct clusters *c, const struct record *r); /* of a failure */
void clusters_sort(struct clusters *c); /* most failures first; none may be added any more */
void clusters_free(struct clusters *c);
/* What reports say of the example. */
struct record cluster_example(const struct cluster *c);

#endif
