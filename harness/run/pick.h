/* What a run record says about which cases to run: `--rerun` and `--balance`. */
#ifndef HARNESS_RUN_PICK_H
#define HARNESS_RUN_PICK_H

#include "harness/run/plan.h"
#include "harness/corpus/stream.h"

/* A case that is dealt to a shard by how long it takes. */
struct pick_slow {
    uint64_t hash;   /* of its id, as select_id has it */
    uint32_t micros; /* how long it took */
    unsigned shard;  /* where it goes, from 0 */
};

struct case_pick {
    bool rerun;             /* `ids` decides */
    bool only;              /* those of `ids` are run; else, those are not */
    struct id_set ids;      /* of cases that failed, or of cases that need not run again */
    struct pick_slow *slow; /* n of them, by hash; whatever is not there goes by its hash */
    size_t n;               /* how many */
    uint64_t choice;        /* hash of `ids`: the same for the same choice; 0: all cases */
    uint64_t deal;          /* hash of `slow`, likewise */
};

/* Reads what --rerun and --balance name, and puts it into the plan's filter. Complains; an exit status. */
int pick_load(struct program *p, struct plan *plan);
void pick_free(struct case_pick *pick); /* NULL is fine */
/* As select_id has it: of a generated case, the hash of what stands before its number, plus that. */
uint64_t pick_hash(const struct record *r);

/* ---- pick_takes.c ---- */

/* Numbers of generated cases follow each other, and so do their hashes; a set wants them apart. */
uint64_t pick_apart(uint64_t hash);
int pick_by_hash(const void *a, const void *b); /* for qsort and bsearch: struct pick_slow */
/* The case is run by this shard, patterns aside. */
bool pick_takes(const struct case_pick *pick, const struct case_filter *f, uint64_t hash);

#endif
