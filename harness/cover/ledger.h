/* The ledger: for each bin of each row, which backends ran it, and who held the result against what.
 *
 * Workers note cases (scribe_*) and send home what is new with their records; the session adds it up
 * (ledger_take) and writes it as a report; `lockstep cover` reads it and adds several up. All of it only ever
 * adds, so the order in which news arrives does not matter.
 */
#ifndef HARNESS_COVER_LEDGER_H
#define HARNESS_COVER_LEDGER_H

#include "harness/cover/flow.h"
#include "harness/kinds/subject.h"
#include "harness/run/lineup.h"
#include "harness/run/record.h"

enum { LEDGER_VERSION = 1, LEDGER_BACKENDS = LINEUP_MAX, LEDGER_OUTSIDERS = 12 };

/* A cell: what is known about a bin on a backend. */
enum {
    CELL_EXECUTED = 1 << 15, /* it ran */
    CELL_PEER = 1 << 14,     /* and agreed with another backend under test, if with nobody else */
    CELL_PASSED = 1 << 13,   /* in a case that passed; for causes of failures (condition.h), in no file */
    CELL_CHECKED = (1 << LEDGER_OUTSIDERS) - 1, /* bit per outsider who agreed */
};
enum { OUTSIDER_MANUAL = 0 }; /* the truth in the case; oracles come after it */

struct ledger_subject {
    const struct subject *subject;    /* the ISA, or what another kind of case is about */
    const struct bins **bins;         /* of an ISA: by row, sequences behind them; else NULL */
    uint16_t *nbins;                  /* by row; 0: it has no semantics yet */
    uint32_t *first;                  /* by row: its first cell */
    uint32_t ncells;                  /* bins of all rows */
    unsigned serving;                 /* bit per backend: it runs cases of this subject */
    uint16_t *cells[LEDGER_BACKENDS]; /* by backend and cell */
    uint64_t *cases[LEDGER_BACKENDS]; /* by backend and row: how often it ran */
};

struct ledger {
    struct ledger_subject subjects[SUBJECTS_MAX]; /* nsubjects of them */
    unsigned nsubjects;                           /* every ISA, and what other kinds of cases are about */
    const char *backends[LEDGER_BACKENDS];        /* under test */
    unsigned nbackends;                           /* how many */
    const char *outsiders[LEDGER_OUTSIDERS];      /* "manual", then oracles */
    unsigned noutsiders;                          /* how many */
    uint64_t cases;                               /* in the files that were read */
    const char *stopped;                          /* why the run of one of them did not finish, or NULL */
    struct arena arena;                           /* all of it */
};

/* All rows that have bins, those too that stand for nothing in a spec file: sequences. */
static inline unsigned ledger_rows(const struct ledger_subject *g)
{
    return g->subject->nrows + g->subject->nextra;
}
static inline const struct subject_row *ledger_row(const struct ledger_subject *g, unsigned row)
{
    return &g->subject->rows[row];
}

/* ---- ledger.c ---- */

/* subject_select, and "sequence", which has bit nrows. */
unsigned ledger_select(const struct ledger_subject *g, const char *pattern, bool absent, uint64_t *rows);

/* Appends the name of a bin. */
void ledger_bin_name(const struct ledger_subject *g, unsigned row, unsigned bin, struct buf *out);
/* One number for what the bins of all rows are, so that ledgers of other bins are not mixed with these. */
uint64_t ledger_hash(const struct ledger_subject *g);
/* There is something to say about it: a backend runs its cases; with no backend at all, every ISA. */
bool ledger_shows(const struct ledger *l, unsigned subject);

struct ledger *ledger_open(const struct lineup *l); /* NULL: no backend, no oracle yet */
void ledger_free(struct ledger *l);
/* The number of a name, which is added when it is new; -1: there are too many. */
int ledger_backend(struct ledger *l, const char *name);
int ledger_outsider(struct ledger *l, const char *name);
static inline uint16_t *ledger_cells(const struct ledger *l, unsigned subject, unsigned backend, unsigned row)
{
    const struct ledger_subject *g = &l->subjects[subject];
    return g->cells[backend] + g->first[row];
}

/* ---- scribe.c: in a worker ---- */

struct scribe;
/* Notes into `l` itself, which the worker has from its parent: what is known there is no news. */
struct scribe *scribe_open(struct ledger *l, const struct lineup *lineup);
void scribe_close(struct scribe *s);
/* A case that was run and judged. */
void scribe_note(struct scribe *s, const struct test_case *c, const struct outcome *outcomes,
                 const struct judgement *j);
/* Appends what is new since the last time as frames. */
void scribe_send(struct scribe *s, struct buf *frames);
/* The body of a FRAME_COVER into the ledger of the parent. False: no scribe wrote that. */
MUST_CHECK bool ledger_take(struct ledger *l, const char *body, size_t size);

/* ---- file.c: as JSON lines; harness/FORMAT.md ---- */

/* `stopped`: why the run did not finish, or NULL. */
void ledger_write(const struct ledger *l, uint64_t cases, const char *stopped, FILE *f);
/* Adds a file to the ledger. False: nothing was added, and `why` says in one sentence what is wrong. */
MUST_CHECK bool ledger_read(struct ledger *l, const char *path, struct buf *why);

#endif
