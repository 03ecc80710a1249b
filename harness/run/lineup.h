/* The backends of a run, side by side on one case. */
#ifndef HARNESS_RUN_LINEUP_H
#define HARNESS_RUN_LINEUP_H

#include "harness/harness.h"

enum { LINEUP_MAX = 8 };

struct lineup_entry {
    const struct backend *backend; /* who */
    bool oracle;                   /* held against the others, not under test */
    const struct case_kind *kind;  /* whose cases it runs; NULL: instructions */
};

struct lineup {
    struct lineup_entry entries[LINEUP_MAX]; /* those under test first */
    unsigned n;                              /* how many */
    const struct quirks *quirks;             /* known bugs of oracles, or NULL */
    bool lenient;                            /* an expected failure that passes is said, and no failure */
    const void *jit;                         /* options of backend_jit; NULL: the usual */
};

/* What a process is doing, written where another process can read it after a crash. */
enum { ACTIVITY_ID = 100 };
enum { DOING_NOTHING = 0, DOING_JUDGE = 1, DOING_BACKEND = 2 /* + index in the lineup */ };
struct activity {
    volatile uint64_t number; /* of the case */
    volatile uint32_t doing;  /* DOING_* */
    char id[ACTIVITY_ID];     /* of the case, cut; for people only: it may be half written */
};

/* Room for `n` of these that a process shares with its children, zeroed; NULL: errno says why. Each has a
 * cache line of its own: activity_at gives the i-th. */
struct activity *activity_share(unsigned n);
void activity_unshare(struct activity *first, unsigned n); /* NULL is fine */
struct activity *activity_at(struct activity *first, unsigned i);

/* A lineup opened in this process. */
struct panel;
struct panel *panel_open(const struct lineup *l);
void panel_terse(struct panel *p); /* differences come without the trace around them: much faster */
void panel_close(struct panel *p);
/* Runs a case on every backend; outcomes in the lineup's order. `act` may be NULL. */
void panel_run(struct panel *p, const struct test_case *c, struct activity *act,
               struct outcome out[LINEUP_MAX]);
/* Until panel_judge is called again, outcomes of this entry say that it is muted, by quirk row `quirk`. */
void panel_mute(struct panel *p, unsigned entry, unsigned quirk);
/* Until then or the next call, outcomes of other entries than these are muted, too. */
void panel_hear(struct panel *p, uint64_t entries);
/* Backends forget what they made of the last case's code: runner_forget. */
void panel_forget(struct panel *p);
/* Runs and judges it. The judgement's outcomes stay in `out`. */
void panel_judge(struct panel *p, const struct test_case *c, struct activity *act,
                 struct outcome out[LINEUP_MAX], struct judgement *j);
/* The smallest number of steps after which two results of a longer case differ; 0 when none of them does. */
uint64_t panel_first_divergence(struct panel *p, const struct test_case *c, struct activity *act);

/* ---- excuse.c ---- */
/* A judgement of a longer case that an oracle contradicts: where that oracle first goes another way by a
 * known error, which is known there and not before it, it is muted, and the case judged anew. Gives the step
 * that the first difference left is after, or 0. */
uint64_t panel_excuse(struct panel *p, const struct lineup *l, const struct test_case *c,
                      struct activity *act, struct outcome out[LINEUP_MAX], struct judgement *j);

/* ---- divergence.c ---- */
struct failure_place;
/* The instruction that a result has come to, as *at; false: nothing is mapped there. */
bool divergence_place(const struct test_case *c, const struct outcome *o, struct failure_place *at);
/* The instruction at the place may read what differs. */
bool divergence_reads(const struct failure_place *at, const struct diff *d);
struct findings;
/* Translated blocks show what they did wrong at their end only. Where the instruction at the place cannot
 * have made the differences, *at becomes the first of those that wrote what differs last, and *cause what it
 * wrote. */
bool divergence_blame(struct panel *p, const struct test_case *c, unsigned n, struct activity *act,
                      const struct findings *f, struct failure_place *at, struct findings *cause);
/* Appends the trace around instruction `step` (from 1), which is the first one that the `n` of the panel
 * differ after. */
void divergence_show(struct panel *p, const struct test_case *c, uint64_t step, unsigned n,
                     struct activity *act, struct buf *out);

#endif
