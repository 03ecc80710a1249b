/* The `lockstep` program as a function: what its commands share.
 *
 * To add a command: its row in `commands` (table.c), a function cmd_* in a file beside it. To add an
 * option: its row in `option_rows`, a field in struct options. Parsing, --help and "did you mean" follow from
 * the rows.
 */
#ifndef HARNESS_COMMANDS_PROGRAM_H
#define HARNESS_COMMANDS_PROGRAM_H

#include "harness/harness.h"

/* A growing list of texts; the texts are not owned. */
struct text_list {
    const char **items; /* n of them */
    unsigned n;         /* in use */
};

/* a bit each: an option may be one of several commands */
enum command_id {
    CMD_RUN = 1 << 0,
    CMD_REPRO = 1 << 1,
    CMD_EXPLAIN = 1 << 2,
    CMD_LIST = 1 << 3,
    CMD_GEN = 1 << 4,
    CMD_EXEC = 1 << 5,
    CMD_COVER = 1 << 6,
    CMD_MERGE = 1 << 7,
    CMD_SHRINK = 1 << 8,
    CMD_MANUAL = 1 << 9,
    CMD_COMPLETION = 1 << 10,
    CMD_CODEGEN = 1 << 11,
    CMD_COMPARE = 1 << 12,
    CMD_BENCH = 1 << 13,
    CMD_PACK = 1 << 14,
};

enum option_id {
    OPT_BACKEND,
    OPT_ORACLE,
    OPT_FILTER,
    OPT_SEED,
    OPT_JOBS,
    OPT_SHARD,
    OPT_TIMEOUT,
    OPT_REPORT,
    OPT_QUIRKS,
    OPT_TODAY,
    OPT_SHOW,
    OPT_MAX_TIMEOUTS,
    OPT_MEMORY,
    OPT_QUIET,
    OPT_VERBOSE,
    OPT_ROWS,
    OPT_COUNT,
    OPT_UNTIL,
    OPT_BINS,
    OPT_VALUES,
    OPT_KIND,
    OPT_OUTPUT,
    OPT_PACKED,
    OPT_BINARY,
    OPT_FILE,
    OPT_AT,
    OPT_RUNNER,
    OPT_PREFIX,
    OPT_SET,
    OPT_UNSET,
    OPT_ARGV0,
    OPT_STACK,
    OPT_LIMIT,
    OPT_RANDOM,
    OPT_STRACE,
    OPT_TRACE,
    OPT_GDB,
    OPT_STATS,
    OPT_STATE,
    OPT_PERF,
    OPT_CACHE,
    OPT_SLICE,
    OPT_HOT,
    OPT_PROFILE,
    OPT_HOLES,
    OPT_LCOV,
    OPT_COBERTURA,
    OPT_MERGED,
    OPT_THRESHOLDS,
    OPT_RESUME,
    OPT_RERUN,
    OPT_BALANCE,
    OPT_BENCH,
    OPT_BEFORE,
    OPT_ORDER,
    OPT_HISTORY,
    OPT_PIN,
    OPT_WHY,
    OPT_PINS,
    OPT_BENCH_FILTER,
    OPT_PAIRS,
    OPT_MIN_TIME,
    OPT_FIGURES,
    OPT_BENCH_VERBOSE,
    OPT_LEAST,
    OPT_PLANT,
    OPT_SELFTEST,
    OPT_BENCH_SEED,
    OPT_BENCH_QUIET,
    OPT_HELP,
    OPTIONS,
};

/* What the command line says. Fields of options that were not given hold the defaults of option_rows. */
struct options {
    bool given[OPTIONS];       /* which options the command line has */
    struct text_list backends; /* under test */
    struct text_list oracles;  /* "none" for none */
    struct text_list filters;  /* patterns of case ids */
    struct text_list reports;  /* KIND=FILE */
    struct text_list args;     /* what is not an option */
    const char *quirks;        /* folder */
    const char *today;         /* a day, or NULL */
    const char *resume;        /* run: a run record */
    const char *rerun;         /* likewise */
    const char *balance;       /* likewise */
    const char *bench;         /* run, merge: what benchmarks measured */
    struct text_list before;   /* run, merge: earlier runs and measurements */
    const char *order;         /* run: first-failed or plain */
    const char *history;       /* run: file, or "none" */
    const char *rows;          /* gen: pattern of rows */
    const char *values;        /* gen: kind of values */
    const char *until;         /* gen: count or full */
    const char *kind;          /* gen: of cases */
    const char *output;        /* gen, cover, shrink: file; pack: folder */
    const char *file;          /* explain: a program */
    const char *lcov;          /* cover: file */
    const char *cobertura;     /* cover: file */
    const char *thresholds;    /* cover: file, or "none" */
    bool binary;               /* gen: a packed corpus */
    bool bins;                 /* gen: say what the cases of a row hit */
    bool holes;                /* cover: print them */
    const char *at;            /* explain: where in it */
    uint64_t seed;           /* of generators; exec: of the kernel's random bytes, when OPT_RANDOM is given */
    uint64_t jobs;           /* workers; 0: one for each processor */
    uint64_t shard, nshards; /* from 0; nshards 0: everything */
    uint64_t show;           /* failures printed in full */
    uint64_t max_timeouts;   /* then the run gives up */
    uint64_t memory;         /* bytes a worker may allocate */
    uint64_t count;          /* gen: cases for each row */
    double timeout;          /* seconds for a case */
    const char *runner;      /* exec: a backend, or "auto" */
    const char *prefix;      /* exec: folder of the guest's libraries */
    const char *argv0;       /* exec: what the guest is told its name is */
    struct text_list set;    /* exec: VAR=VALUE */
    struct text_list unset;  /* exec: VAR */
    uint64_t stack_size;     /* exec: bytes; 0: the host's limit */
    uint64_t code_cache;     /* exec: bytes; 0: the usual */
    uint64_t slice, hot;     /* exec: when the second tier begins; 0: the usual */
    uint64_t limit;          /* exec: instructions; 0: none */
    const char *profile;     /* exec: file */
    const char *gdb;         /* exec: where to wait for it */
    bool strace, trace, stats, state, perf; /* exec: as they say */
    uint64_t pairs;                         /* compare: of processes */
    double least;                           /* compare: percent that matter */
    bool selftest;                          /* compare: of itself */
    double min_time;                        /* bench: seconds */
    uint64_t plant;                         /* compare: percent */
    bool pin;                               /* codegen: what is now is agreed on */
    const char *why;                        /* codegen: so, although it grew */
    const char *pins;                       /* codegen: folder */
    bool quiet, verbose, help;              /* as they say */
};

/* The program and where it speaks. */
struct program {
    FILE *out, *err;                       /* results; progress and complaints */
    int out_error;                         /* errno of a write to `out` that failed; program_main says it */
    const struct backend *const *backends; /* NULL-terminated */
    struct options opt;                    /* the command line */
    struct arena arena;                    /* lives as long as the program */
};

struct command {
    const char *name;              /* as typed */
    enum command_id id;            /* for option_rows */
    const char *args;              /* synopsis of what is not an option */
    unsigned min_args, max_args;   /* how many of them; max ~0u: any number */
    bool rest;                     /* what follows the first of them is no option of ours */
    const char *summary;           /* a line for the list of commands */
    const char *text;              /* what --help says more; ends with a newline */
    const char *examples;          /* lines to type, each ending with a newline; or NULL */
    int (*run)(struct program *p); /* gives the exit status */
};

/* ---- options.c ---- */
/* argv[0] is the program's name. The exit status. */
int program_main(int argc, const char *const *argv, FILE *out, FILE *err,
                 const struct backend *const *backends);
void list_add(struct program *p, struct text_list *l, const char *text);
/* One line on p->err: "lockstep: …". Returns `status`, so that a command can return it. */
int complain(struct program *p, int status, const char *fmt, ...) PRINTF(3, 4);
/* The same with "; did you mean 'x'?" when one of the names is near. */
int complain_name(struct program *p, const char *what, const char *word, const char *const *names, size_t n);

/* ---- a file each ---- */
int cmd_run(struct program *p);
int cmd_repro(struct program *p);
int cmd_explain(struct program *p);
int cmd_list(struct program *p);
int cmd_gen(struct program *p);
int cmd_exec(struct program *p);
int cmd_cover(struct program *p);
int cmd_merge(struct program *p);
int cmd_shrink(struct program *p);
int cmd_manual(struct program *p);
int cmd_completion(struct program *p);
int cmd_codegen(struct program *p);
int cmd_compare(struct program *p);
int cmd_bench(struct program *p);
int cmd_pack(struct program *p);

/* ---- shared by commands ---- */
struct stops;
/* compare_history.c: of the files that are the arguments. The exit status. */
int compare_histories(struct program *p, struct stops *stops);
/* The guest of this name, or NULL after a complaint. */
const struct guest *program_guest(struct program *p, const char *name);
/* The stream's cases as a packed corpus in the folder --output; the exit status. `files`: they are from
 * files. `from`: the command that makes it. */
int pack_stream(struct program *p, struct case_stream *s, bool files, const char *from);
/* What the cases' file would be called: the last part of --output. */
const char *pack_name(struct program *p);

#endif
