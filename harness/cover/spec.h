/* The spec files as source: rows in the order of their files and lines, for formats that are about source. */
#ifndef HARNESS_COVER_SPEC_H
#define HARNESS_COVER_SPEC_H

#include "harness/cover/view.h"

struct spec_row {
    const struct subject_row *row; /* which */
    unsigned subject, index;       /* in the ledger */
    unsigned nth;                  /* of the rows that stand on its line (`for:`), from 0 */
    uint64_t cases;     /* of the backend that ran it least; 0 unless it was checked on all of them */
    unsigned bins, hit; /* that can be hit; that were checked on every backend */
};

/* A spec file. */
struct spec_file {
    const char *path;        /* from the project's root */
    struct spec_row *rows;   /* by line */
    unsigned nrows;          /* how many */
    unsigned lines, covered; /* lines that rows stand on; of which every row has cases */
    unsigned functions;      /* rows that have cases */
    unsigned bins, hit;      /* of all rows */
};

/* Files in the order of their names; all in the arena. *n of them. */
struct spec_file *spec_files(const struct cover *c, struct arena *a, unsigned *n);
/* Where the rows of one line end: the index behind the last one that stands on the line of rows[i]. */
unsigned spec_line_end(const struct spec_file *f, unsigned i);
/* Cases of a line: of its row that has the fewest. */
uint64_t spec_line_cases(const struct spec_file *f, unsigned i);
/* The bin was executed and checked on every backend that runs the subject's cases. */
bool spec_bin_checked(const struct cover *c, const struct spec_row *r, unsigned bin);

#endif
