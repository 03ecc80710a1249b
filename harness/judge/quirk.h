/* Quirks inside: what quirk_load.c reads and quirk.c applies. */
#ifndef HARNESS_JUDGE_QUIRK_H
#define HARNESS_JUDGE_QUIRK_H

#include "harness/corpus/expr.h"
#include "harness/harness.h"
#include "harness/judge/date.h"
#include "harness/kinds/subject.h"

enum { QUIRK_MAX_MASKS = 8 };

enum quirk_mask_kind { MASK_OPERAND, MASK_REG, MASK_MEM, MASK_EXIT, MASK_VALUE, MASK_ITEM };

/* One thing that is not compared. */
struct quirk_mask {
    enum quirk_mask_kind kind; /* what it is */
    const char *operand;       /* OPERAND: the field's name; ITEM: a pattern of names of differences */
    struct guest_reg_ref reg;  /* REG: which */
    unsigned hi, lo;           /* OPERAND, REG: bits; a pair of registers counts as one of 128 bits */
    unsigned width;            /* likewise: how many it has */
};

struct quirk {
    const char *id;                           /* unique */
    const struct guest *guest;                /* of its file; NULL: it is of another kind */
    const struct case_kind *kind;             /* then this */
    unsigned subject;                         /* and this subject of it */
    unsigned nrows;                           /* of the guest or the subject */
    const struct backend *backend;            /* who is wrong */
    const char *why;                          /* what it does */
    const char *shown_by;                     /* id of a case, or NULL */
    uint64_t *rows;                           /* bit per row it is about */
    bool undecoded;                           /* it is about code that is no instruction, too */
    const struct expr *when;                  /* NULL: always */
    const void *condition_of_kind;            /* the same of another kind */
    bool anywhere;                            /* it is known of any instruction: its bits are enough */
    struct quirk_mask masks[QUIRK_MAX_MASKS]; /* what is not compared */
    unsigned nmasks;                          /* how many; 0: unsupported */
    bool unsupported;                         /* the backend cannot run these cases */
    int32_t until;                            /* the last day it excuses; 0: it has no end */
    const char *until_text;                   /* as written, or NULL */
    bool expired;                             /* that day is over */
    bool current;                             /* not so, and the version at hand is one it is about */
    const char *versions, *condition;         /* as written, for people; or NULL */
    const char *evidence;                     /* likewise */
};

/* Cases known to fail on one backend. */
struct xfail {
    const char *id;                /* unique, among quirks too */
    const char *cases;             /* pattern of their ids */
    const struct backend *backend; /* who is wrong */
    const char *why;               /* what is wrong */
    int32_t until;                 /* as in struct quirk */
    const char *until_text;        /* likewise */
    bool expired;                  /* likewise */
    struct pos at;                 /* where the row stands */
    const char *seen, *passes;     /* the reason in records: what was expected came; it did not */
};

struct quirks {
    struct arena arena;                 /* everything below */
    struct quirk *at;                   /* by number */
    unsigned n, cap;                    /* used, allocated */
    struct xfail *xfails;               /* numbered from n on */
    unsigned nxfails, xcap;             /* used, allocated */
    int32_t today;                      /* for those that end */
    const struct backend *const *asked; /* while loading: whose versions count; NULL: everybody's */
    bool waives;                        /* some are about backends under test */
};

/* `row` is -1 for code that is no instruction. */
static inline bool quirk_about(const struct quirk *q, int row)
{
    return row < 0 ? q->undecoded : q->rows[row / 64] >> (row % 64) & 1;
}

/* The version `have` ("2.0.1", text before its first digit aside) satisfies "<2.1.4", ">=2.0 <2.1", "2.0"
 * (any 2.0.x). A text that is not one gives -1. */
int quirk_version_matches(const char *spec, const char *have);
/* "rd[63:32]", "fflags", "mem" … for these rows. False: *err says why. */
bool quirk_parse_mask(const struct guest *g, const uint64_t *rows, const char *text, struct arena *a,
                      struct quirk_mask *m, struct value_error *err);
/* ---- quirk_kind.c: of other kinds than instructions ---- */
bool quirk_kind_rows(const struct subject *s, const struct ynode *rows, struct arena *a, struct diag *d,
                     struct quirk *q);
bool quirk_kind_masks(const struct ynode *masks, struct arena *a, struct diag *d, struct quirk *q);
bool quirk_kind_condition(const struct ynode *when, struct arena *a, struct diag *d, struct quirk *q);
int quirk_kind_find(const struct quirks *q, const struct test_case *c, const struct outcome *theirs,
                    const struct outcome *right, const struct diff *d);
const char *quirk_kind_unsupported(const struct quirks *q, const struct backend *b, const struct test_case *c,
                                   unsigned *i);

/* ---- quirk_mask.c ---- */

/* The mask leaves nothing of what it names. */
bool quirk_mask_is_whole(const struct quirk_mask *m);
void quirk_mask_write(const struct quirk_mask *m, struct buf *out); /* as in the file */

#endif
