/* What a run counts while records come by: totals, reasons for skipping, who checked, each extension's share.
 */
#ifndef HARNESS_RUN_TALLY_H
#define HARNESS_RUN_TALLY_H

#include "harness/judge/clusters.h"

/* Texts with a number, in the order in which they were first met. */
struct tally_row {
    char *name;        /* owned */
    uint64_t n;        /* cases */
    uint64_t bad;      /* failed ones; extensions only */
    uint64_t skips;    /* skipped ones; extensions only */
    uint64_t expected; /* that failed as expected; extensions only */
};

struct tally_list {
    struct tally_row *rows; /* n of them */
    unsigned n;             /* in use */
    unsigned last;          /* found last time: the next one is often the same */
};

struct tally {
    uint64_t total;              /* records so far */
    uint64_t verdicts[VERDICTS]; /* of each */
    uint64_t oracle, manual,
        both;                  /* checked by an oracle alone, by the manual alone, by both; not the skipped */
    uint64_t peers;            /* only backends under test against each other */
    uint64_t dissent;          /* an oracle disagrees with the manual */
    unsigned absent;           /* rows that generators were to take and that have no semantics yet */
    uint64_t flaky;            /* pass now, failed in the run before, and nothing has changed */
    struct tally_list reasons; /* of skipped cases */
    struct tally_list xfails;  /* of those that failed as expected, and of those that were to and passed */
    struct tally_list rows;    /* of failures: instruction rows */
    struct clusters clusters;  /* of failures: causes */
    struct tally_list exts;    /* "riscv64 Zba" */
    bool *quirks;              /* by number: masked something */
    unsigned nquirks;          /* how many there are */
};

void tally_init(struct tally *t, unsigned nquirks);
void tally_add(struct tally *t, const struct record *r);
void tally_free(struct tally *t);
void tally_sort(struct tally_list *l);        /* most cases first */
uint64_t tally_failed(const struct tally *t); /* failed, crashed, timed out */
/* "N passed, M failed, K skipped", other parts only when there are any, and rows that nothing ran of. */
void tally_line(const struct tally *t, struct buf *out);
bool verdict_is_failure(enum verdict v);
enum { TALLY_NAME = 128 };
/* The row that went wrong in a failing case: of a longer one the signature says which. `name` is scratch. */
const char *tally_row_of(const struct record *r, char name[TALLY_NAME]);

#endif
