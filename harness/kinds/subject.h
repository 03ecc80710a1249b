/* What cases are about: an ISA, a device. A subject has rows, in groups, each at its place in a spec file;
 * coverage, the page's map and rows, `list rows` and lcov count them, whatever kind of case they belong to.
 */
#ifndef HARNESS_KINDS_SUBJECT_H
#define HARNESS_KINDS_SUBJECT_H

#include "harness/harness.h"

struct case_kind;

enum { SUBJECTS_MAX = 16 };

struct subject_row {
    const char *id;    /* unique in the subject: "rv.lw", "CR0.SMMUEN" */
    const char *group; /* name of its group: an extension, "registers" */
    const char *text;  /* what it is, in a few words: "lw rd, imm12(rs1)" */
    const char *ref;   /* the manual's section, or "" */
    const char *file;  /* spec file, relative to the project's root */
    int line;          /* of the row there */
    bool absent;       /* it is not done yet */
};

struct subject_group {
    const char *name, *title; /* "Zbb", "Basic bit manipulation" */
};

struct subject {
    const struct case_kind *kind;       /* whose cases are about it */
    unsigned number;                    /* of it among those of its kind */
    const char *name, *title;           /* in ids and reports: "riscv64", "smmuv3"; for people */
    const struct subject_row *rows;     /* nrows of them, then nextra */
    unsigned nrows;                     /* how many count as rows */
    unsigned nextra;                    /* behind them: have bins only, and no place (sequences) */
    const struct subject_group *groups; /* in the order of the page */
    unsigned ngroups;                   /* how many */
    const struct guest *guest;          /* what it is to instructions, or NULL */
};

/* ---- subject.c ---- */

/* All subjects of all kinds, in the order of the table of kinds; how many. All in the arena. */
unsigned subjects_make(struct arena *a, struct subject out[SUBJECTS_MAX]);
/* Its name alone: "smmuv3". */
const char *case_subject(const struct test_case *c);
/* The rows that a pattern ("rv.c.*", "ext:Zb*": a group) names, as bits ORed into `rows`; absent ones
 * only when `absent`. How many matched, absent ones included. */
unsigned subject_select(const struct subject *s, const char *pattern, bool absent, uint64_t *rows);
/* The row, or -1. */
int subject_row_find(const struct subject *s, const char *id);
/* A pattern that matches no row, as a sentence: "riscv64 has no row 'rv.ad'; did you mean 'rv.add'?" */
void subject_no_row(const struct subject *s, const char *text, struct buf *out);

#endif
