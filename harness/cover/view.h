/* Looking at a ledger: sums, holes, limits, and other programs' formats. For `lockstep cover`. */
#ifndef HARNESS_COVER_VIEW_H
#define HARNESS_COVER_VIEW_H

#include "harness/cover/ledger.h"
#include "harness/corpus/schema.h"

enum { COVER_FOLDERS = 16 };

/* Lines of C of one folder. */
struct cover_folder {
    char name[64];       /* "engine" */
    uint64_t lines, hit; /* in all, and executed */
    unsigned least;      /* percent that have to be executed; 0: any */
};

struct cover {
    const struct ledger *ledger;   /* what is known */
    uint64_t *shown[SUBJECTS_MAX]; /* bit per row: it is looked at */
    uint64_t
        *never[SUBJECTS_MAX]; /* bit per cell: it cannot be hit, says coverage/unreachable.yaml; or NULL */
    bool all;                 /* every row is looked at */
    unsigned bins_executed, bins_checked;       /* percent of the bins that must be; 0: any */
    struct cover_folder folders[COVER_FOLDERS]; /* of C code */
    unsigned nfolders;                          /* how many */
    bool any_code;                              /* C code was read */
};

/* What is known of a row on a backend, or of several. */
struct cover_sum {
    unsigned rows, absent;           /* rows with and without semantics */
    unsigned executed, checked;      /* rows that ran; that somebody else agreed with */
    unsigned by[LEDGER_OUTSIDERS];   /* rows that this outsider agreed with */
    unsigned bins, hit, bin_checked; /* bins that can be hit, that were, that were checked */
    unsigned peers;                  /* bins hit and checked by nobody but another backend of ours */
    unsigned alone;                  /* bins hit and checked by nobody at all */
};

/* ---- view.c ---- */
static inline bool cover_shows(const struct cover *c, unsigned subject, unsigned row)
{
    return c->shown[subject][row / 64] >> (row % 64) & 1;
}
bool cover_unreachable(const struct cover *c, unsigned subject, unsigned row, unsigned bin);
void cover_row(const struct cover *c, unsigned subject, unsigned row, unsigned backend, struct cover_sum *s);
/* The row ran on every backend; somebody else agreed on every one. */
bool cover_row_executed(const struct cover *c, unsigned subject, unsigned row);
bool cover_row_checked(const struct cover *c, unsigned subject, unsigned row);
void cover_table(const struct cover *c, FILE *out);
/* Bins that were not hit, or not checked; `most` of each kind a row, 0: all. */
void cover_holes(const struct cover *c, unsigned most, FILE *out);
/* Says what is under its limit, naming at most `most` rows (0: all); how many rows and sentences that were.
 */
unsigned cover_judge(const struct cover *c, unsigned most, FILE *out);

/* ---- limits.c: coverage/ ---- */
void cover_write_thresholds_json(FILE *out); /* the formats as JSON Schema */
void cover_write_unreachable_json(FILE *out);
bool cover_read_thresholds(struct cover *c, const char *path, struct diag *d);
bool cover_read_unreachable(struct cover *c, const char *path, struct arena *a, struct diag *d);

/* ---- code.c: C code, as lcov's .info files tell of it ---- */
bool code_is_info(const char *path);
/* Lines by the first folder under `root`. False: `why` says what is wrong. */
MUST_CHECK bool code_read(struct cover *c, const char *path, const char *root, struct buf *why);
struct cover_folder *code_folder(struct cover *c, const char *name, size_t len); /* NULL: too many */
void code_table(const struct cover *c, FILE *out);

/* ---- lcov.c, cobertura.c ---- */
/* The spec files are the source, rows are functions, bins are branches. Files are named from `root`, which
 * ends with a slash, or is "". */
void cover_write_lcov(const struct cover *c, const char *root, FILE *f);
void cover_write_cobertura(const struct cover *c, FILE *f);

#endif
