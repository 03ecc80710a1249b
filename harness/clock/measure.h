/* Measuring builds: what to start, and two builds in turn.
 *
 * A measurement is a pair of processes, one of each side, that work in turn for a few milliseconds each: what
 * a neighbour does to the processor lasts longer than that, so it does it to both. Each pair is started anew,
 * so that where memory lies is by chance each time, and not an advantage that one side keeps. What counts is
 * CPU time: others on the machine take the clock's time away, and hardly any of that.
 */
#ifndef HARNESS_CLOCK_MEASURE_H
#define HARNESS_CLOCK_MEASURE_H

#include "harness/clock/process.h"

/* ---- build.c ---- */

struct build {
    const char *name;    /* as it was asked for */
    const char *program; /* lockstep-bench of it */
    const char *root;    /* folder to start it in: where its bench/ and corpora/ are */
    unsigned plant;      /* percent of work that it does in vain, to see whether that is noticed */
};

/* `name` is lockstep-bench itself, a folder with it or with build/rel/lockstep-bench in it, or a commit,
 * which is built in build/compare/<commit> (that takes minutes, and is said on `say`). NULL, or why not. */
const char *build_find(const char *name, struct build *b, struct stops *stops, struct arena *a, FILE *say);
/* The project's folder above `program` (a real path): what is built has a bench/ in it, too, but no
 * bench/module.mk. NULL: there is none. */
const char *build_root(const char *program, struct arena *a);

/* ---- slices.c ---- */

enum { WHY_SIZE = 200 + TAIL_SIZE };

/* Two processes, one of each side, on one processor and in turn. */
struct slices {
    unsigned turns;      /* slices of each, at most, after a first one that does not count */
    unsigned us;         /* CPU time of each slice, at least */
    double limit;        /* seconds for one of them; then it has failed */
    struct stops *stops; /* open */
    int cpu; /* number among those that this process may use, modulo how many those are; 0: the first; -1: any
              */
};

/* What two processes say of two builds. Which of both scatters less depends on the neighbours: those that
 * come and go between slices leave the fastest ones alone; those that stay for some slices hit both sides. */
enum slices_way {
    BY_FASTEST, /* of each side, the fastest slice */
    BY_TURNS,   /* the median of the turns' ratios */
    SLICES_WAYS,
};

/* The logarithm of the second side's time over the first's, in each way. False: `bad` has a bit for each side
 * that fails, and `why` says why, with what it said last; or we are to stop. */
bool slices_take(const struct build *const side[2], const char *benchmark, const struct slices *o,
                 double v[SLICES_WAYS], unsigned *bad, char why[WHY_SIZE]);
/* Names of the benchmarks whose CPU time this process knows (not those by the clock, of other programs), in
 * the build's order, as an array in *names that is NULL at the end. NULL, or why the build does not do it. */
const char *slices_names(const struct build *b, const char ***names, struct stops *stops, struct arena *a);

/* ---- pairs.c ---- */

enum { PAIRS_MAX = 100 };

enum pair_verdict {
    PAIR_SAME,   /* a change that matters is not there */
    PAIR_FASTER, /* NEW is */
    PAIR_SLOWER, /* NEW is */
    PAIR_UNSURE, /* noise hides what there is */
    PAIR_FAILED, /* it fails in NEW */
    PAIR_FAILED_OLD,
    PAIR_FAILED_BOTH,
    PAIR_GONE,  /* OLD has it, NEW does not */
    PAIR_ADDED, /* NEW has it, OLD does not */
    PAIR_OTHER, /* the name means different things */
    PAIR_VERDICTS,
};

/* A benchmark in both builds. */
struct pair {
    const char *name;                 /* of the benchmark */
    enum pair_verdict verdict;        /* the result */
    double v[SLICES_WAYS][PAIRS_MAX]; /* log of NEW's time over OLD's */
    unsigned n;                       /* of those */
    enum slices_way way;              /* that scatters less, in the first look */
    unsigned want;                    /* so many */
    double centre, low, high;         /* where they are, as logarithms */
    double p;                         /* adjusted for the number of benchmarks */
    bool again;                       /* looked changed, and was measured anew */
    unsigned plant;                   /* percent, of NEW */
    unsigned limit;                   /* seconds for a slice; 0: as the options say */
    char why[WHY_SIZE];               /* failed: why */
};

struct pair_options {
    unsigned pairs;       /* of processes, up to a third of PAIRS_MAX */
    struct slices slices; /* of each */
    double least;         /* changes below this matter to nobody: 0.02 is 2 % */
    double level;         /* rate of false discoveries */
    uint64_t seed;        /* of the bootstrap */
    FILE *progress;       /* a line now and then; or NULL */
};

/* Joins the names of both sides: n pairs, those of only one side have their verdict already. */
struct pair *pairs_join(const char *const *old_names, const char *const *new_names, unsigned *n,
                        struct arena *a);
/* Measures and judges all pairs that have no verdict yet (PAIR_SAME). When it is to stop, it does so at once:
 * then no verdict means anything. */
void pairs_measure(struct pair *p, unsigned n, const struct build *old_build, const struct build *new_build,
                   const struct pair_options *o);
extern const char *const pair_words[PAIR_VERDICTS]; /* for tables */

/* ---- environment.c ---- */

/* What figures depend on. Texts that are not known are "". */
struct environment {
    char cpu[80];        /* model */
    unsigned cpus;       /* that this process may use */
    char hypervisor[32]; /* "none" when there is none */
    char governor[32];   /* of frequencies; "" where the system has no say */
    int turbo;           /* 1, 0, -1: not known */
    char kernel[80];     /* release */
    char compiler[80];   /* that built this program */
    double load;         /* of the last minute */
    char commit[48];     /* of the folder, "-dirty" behind it when files differ */
    int64_t commit_time; /* seconds since 1970; 0: not known */
};

/* root: the project's folder. */
void environment_read(struct environment *e, const char *root);
/* All of it, and the warnings. */
void environment_print(const struct environment *e, FILE *out);
/* The same text for measurements that may stand beside each other. */
void environment_machine(const struct environment *e, struct buf *out);
/* A line for each reason to doubt figures. */
void environment_warn(const struct environment *e, struct buf *out);

#endif
