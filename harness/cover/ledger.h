/* The ledger: for each bin of each row, which backends ran it, and who held the result against what.
 *
 * Workers note cases (scribe_*) and send home what is new with their records; the session adds it up
 * (ledger_take) and writes it as a report; `lockstep cover` reads it and adds several up. All of it only ever
 * adds, so the order in which news arrives does not matter.
 */
#ifndef HARNESS_COVER_LEDGER_H
#define HARNESS_COVER_LEDGER_H

#include "harness/cover/flow.h"
#include "harness/run/lineup.h"
#include "harness/run/record.h"

enum { LEDGER_VERSION = 1, LEDGER_BACKENDS = LINEUP_MAX, LEDGER_OUTSIDERS = 12, LEDGER_GUESTS = 8 };

/* A cell: what is known about a bin on a backend. */
enum {
    CELL_EXECUTED = 1 << 15, /* it ran */
    CELL_PEER = 1 << 14,     /* and agreed with another backend under test, if with nobody else */
    CELL_PASSED = 1 << 13,   /* in a case that passed; for causes of failures (condition.h), in no file */
    CELL_CHECKED = (1 << LEDGER_OUTSIDERS) - 1, /* bit per outsider who agreed */
};
enum { OUTSIDER_MANUAL = 0 }; /* the truth in the case; oracles come after it */

struct ledger_guest {
    const struct guest *guest;        /* the ISA */
    const struct bins **bins;         /* by row, sequences behind them; NULL: it has no semantics yet */
    uint32_t *first;                  /* by row: its first cell */
    uint32_t ncells;                  /* bins of all rows */
    uint16_t *cells[LEDGER_BACKENDS]; /* by backend and cell */
    uint64_t *cases[LEDGER_BACKENDS]; /* by backend and row: how often it ran */
};

struct ledger {
    struct ledger_guest guests[LEDGER_GUESTS]; /* nguests of them */
    unsigned nguests;                          /* every ISA */
    const char *backends[LEDGER_BACKENDS];     /* under test */
    unsigned nbackends;                        /* how many */
    const char *outsiders[LEDGER_OUTSIDERS];   /* "manual", then oracles */
    unsigned noutsiders;                       /* how many */
    uint64_t cases;                            /* in the files that were read */
    const char *stopped;                       /* why the run of one of them did not finish, or NULL */
    struct arena arena;                        /* all of it */
};

/* The guest's rows, and behind them one for sequences. */
static inline unsigned ledger_rows(const struct ledger_guest *g)
{
    return g->guest->nrows + 1;
}
static inline const struct guest_row *ledger_row(const struct ledger_guest *g, unsigned row)
{
    return row < g->guest->nrows ? &g->guest->rows[row] : g->bins[row]->plan.row;
}

/* ---- ledger.c ---- */

/* rows_select, and "sequence", which has bit nrows. */
unsigned ledger_select(const struct ledger_guest *g, const char *pattern, bool absent, uint64_t *rows);

struct ledger *ledger_open(const struct lineup *l); /* NULL: no backend, no oracle yet */
void ledger_free(struct ledger *l);
/* The number of a name, which is added when it is new; -1: there are too many. */
int ledger_backend(struct ledger *l, const char *name);
int ledger_outsider(struct ledger *l, const char *name);
static inline uint16_t *ledger_cells(const struct ledger *l, unsigned guest, unsigned backend, unsigned row)
{
    const struct ledger_guest *g = &l->guests[guest];
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
