/* What a run is to do: a plan file, the command line over it, and defaults under both. */
#ifndef HARNESS_RUN_PLAN_H
#define HARNESS_RUN_PLAN_H

#include "engine/jit/jit.h"
#include "harness/run/lineup.h"
#include "harness/commands/program.h"
#include "harness/report/report.h"
#include "harness/corpus/schema.h"

enum { PLAN_MAX_REPORTS = 16 };

struct plan_report {
    const struct report_kind *kind; /* which */
    const char *path;               /* file */
    bool make_dirs;                 /* from a plan file: its folder may have to be made */
};

struct plan {
    struct text_list paths;    /* corpora: files and folders */
    struct text_list backends; /* under test; none: the default */
    struct text_list oracles;  /* none: the default; "none": none */
    struct text_list optional; /* oracles besides, where they can run */
    struct text_list globs;    /* patterns of ids */
    struct case_filter filter; /* globs, seed and shard as the stream wants them */
    struct jit_options jit;    /* when its second tier begins */
    unsigned jobs;             /* workers */
    double timeout;            /* seconds for a case */
    unsigned max_timeouts;     /* then give up */
    uint64_t memory;           /* bytes for a worker; 0: any */
    const char *quirks_dir;    /* NULL: none */
    const char *quirks_given;  /* the same as somebody said it, "none" for none; NULL: nobody */
    int32_t today;             /* decides which of them have ended */
    struct plan_report reports[PLAN_MAX_REPORTS]; /* nreports of them */
    unsigned nreports;                            /* how many */
    bool whole;                                   /* no filter and no shard: every case of the paths */
    struct lineup lineup;                         /* backends and oracles, found */
    struct quirks *quirks;                        /* owned */
    struct case_pick *pick;                       /* owned; what a run record says, or NULL */
    bool plain;                                   /* cases run in the corpus's order */
    const char *history; /* file that says what runs first, "none", or NULL: the usual */
};

/* Makes the plan of p's command line with `paths` as corpora or plan files, without touching any case.
 * Complains. Returns an exit status; plan_free in any case. */
int plan_make(struct program *p, const struct text_list *paths, struct plan *plan);
void plan_free(struct plan *plan);
/* The day that quirks are looked at, by --today or date_today. Complains; an exit status. */
int plan_today(struct program *p, int32_t *day);
/* Takes over the reports of the command line. Complains; an exit status. */
int plan_given_reports(struct program *p, struct plan *plan);
/* Options that repeat this plan's choice of backends and cases, for `repro`: " --seed 7". */
const char *plan_repro_options(struct program *p, const struct plan *plan);
void plan_write_json(FILE *out); /* the plan format as JSON Schema */

/* Complains, and gives an exit status, where the lineup cannot begin in the memory that workers get. */
int plan_afford(struct program *p, const struct plan *plan);

/* A file of the project: seen from here, or from above the program (build/rel/lockstep). NULL: nowhere. */
const char *project_file(struct program *p, const char *path);

/* ---- source: the cases of a plan, for struct pool_config ---- */
void *plan_stream_open(const void *arg, struct diag *d); /* arg is the plan */
int plan_stream_next(void *s, const struct test_case **c);
uint64_t plan_stream_skip(void *s, uint64_t n);
void plan_stream_close(void *s);
/* For commands about one case: makes the plan of the command's arguments, an id and then paths, and gives the
 * case to `with`, whose exit status it returns. Complains of an id that nobody has, and names the nearest. */
typedef int plan_case_fn(struct program *p, struct plan *plan, const struct test_case *c);
int plan_with_case(struct program *p, plan_case_fn *with);

/* ---- lineup of a plan: choose.c ---- */
/* Finds the named backends; complains. A default oracle that cannot run here is left out, a named one is an
 * error. */
int plan_find_backends(struct program *p, struct plan *plan);
/* Makes the lineup anew for the kinds of cases that the corpora turned out to hold: bit per kind. */
int plan_settle(struct program *p, struct plan *plan, uint64_t kinds);
/* Backend i of all that the program knows, first those it was given; NULL: there are no more. */
const struct backend *plan_backend(const struct program *p, unsigned i, const struct case_kind **kind);
const struct backend *plan_backend_named(const struct program *p, const char *name,
                                         const struct case_kind **kind);

#endif
