/* Planted faults: each row of coverage/mutants.yaml is put into a copy of the sources, which is built and run
 * against the corpora; what they catch is shrunk. The program is `mutants` (main.c), the target `make
 * mutants`.
 */
#ifndef HARNESS_MUTANTS_MUTANTS_H
#define HARNESS_MUTANTS_MUTANTS_H

#include "specs/yaml/yaml.h"

/* ---- table.c ---- */

/* A fault. */
struct mutant {
    const char *id;      /* its name */
    const char *file;    /* where it is planted, from the project's folder */
    const char *text;    /* what stands there, once */
    const char *becomes; /* what stands there instead */
    const char *kind;    /* of part of the machine */
    struct pos at;       /* of its row */
};

/* What may catch a fault. */
struct mutant_run {
    const char *plan;   /* a plan */
    const char *shard;  /* the part of it, or NULL */
    const char *filter; /* which cases, or NULL */
};

struct mutant_table {
    struct arena arena;      /* of all texts */
    struct mutant *mutants;  /* the faults, in their order */
    unsigned n;              /* how many */
    struct mutant_run *runs; /* cheapest first */
    unsigned nruns;          /* how many */
    unsigned largest;        /* instructions that a shrunk case has at most */
    unsigned median;         /* and half of them */
};

void mutant_run_options(const struct mutant_run *r, struct buf *out); /* as the command line has them */

/* Reads a table and holds it against the sources below `root`; what is wrong is reported. Only faults whose
 * id `glob` matches are kept. The table lives until mutant_table_free, also when it was not read. */
bool mutant_table_read(struct mutant_table *t, const char *path, const char *root, const char *globs,
                       struct diag *d) MUST_CHECK;
void mutant_table_free(struct mutant_table *t);
void mutant_table_write_json(FILE *out); /* the format as JSON Schema */
/* How often `what` stands in the file; -errno when it cannot be read. */
int mutant_count(const char *path, const char *what);

/* ---- tree.c ---- */

/* A copy of the sources and of what was built of them. Texts name folders; they live as long as the tree. */
struct tree {
    const char *dir;   /* the copy */
    const char *logs;  /* where logs, reports and shrunk cases go */
    unsigned jobs;     /* processes that work there */
    struct buf before; /* the file as it was, while a fault is planted */
    char *planted;     /* its path; NULL: none */
};

int tree_copy(const char *from,
              const char *to) MUST_CHECK; /* 0 or -errno; what went wrong is said on stderr */
int tree_plant(struct tree *t, const struct mutant *m) MUST_CHECK; /* 0 or -errno */
int tree_restore(struct tree *t) MUST_CHECK; /* takes the fault out again; 0 or -errno */
void tree_free(struct tree *t);
/* Runs a command of the shell in the tree for `seconds` at most, its output to the log. The exit status; 124
 * when the time was over; -1 when it could not be started or a signal ended it. */
int tree_run(const struct tree *t, unsigned seconds, const char *log, const char *command);

/* ---- trial.c ---- */

enum mutant_end { MUTANT_UNDONE, MUTANT_FOUND, MUTANT_MISSED, MUTANT_BROKEN /* it could not be tried */ };

/* What became of a fault; texts are owned. */
struct mutant_result {
    enum mutant_end end;          /* was it found */
    const struct mutant_run *run; /* by what */
    char *id;                     /* FOUND: the case */
    char *cause;                  /* FOUND: its signature; BROKEN: what went wrong */
    uint64_t cases;               /* FOUND: that failed in that run */
    unsigned causes;              /* FOUND: their causes */
    unsigned before, after; /* FOUND: instructions of the case, and when shrunk; 0: it could not be shrunk */
    double build, seconds;  /* that building took, and all of it */
};

void mutant_try(struct tree *t, const struct mutant_table *table, const struct mutant *m,
                struct mutant_result *r);
/* Whether what caught the faults passes without one: else nothing was found. If not, that is said. */
bool mutant_control(struct tree *t, const struct mutant_table *table, const struct mutant_result *r);
void mutant_result_free(struct mutant_result *r);

/* ---- report.c ---- */

struct mutant_sums {
    unsigned n, found, broken; /* faults, those found, those that could not be tried */
    unsigned shrunk;           /* found, and shrunk */
    unsigned median, largest;  /* instructions of shrunk cases */
};

struct mutant_sums mutant_sum(const struct mutant_result *r, unsigned n);
/* All of them were found and shrunk as far as the table wants. */
bool mutant_sums_good(const struct mutant_sums *s, const struct mutant_table *t);
void mutant_report(const struct mutant_table *t, const struct mutant_result *r, double seconds, FILE *out);

#endif
