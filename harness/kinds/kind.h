/* Kinds of cases: what a kind has to say so that streams, plans, voting, quirks, isolation, shards, records,
 * coverage, reports, repro and shrink serve it like any other.
 *
 * The first kind is the instruction, whose cases have an ISA and code (`isa:` in a corpus file). Its
 * functions are the harness's own, called directly where every case comes by; `kind_instruction` holds what
 * else the table wants of it. Of every other kind the harness knows this struct alone, and calls it through
 * the case.
 *
 * To add a kind: a folder with its struct case_kind, its line in `kind_all` (table.c); harness/README.md says
 * what each function owes.
 */
#ifndef HARNESS_KINDS_KIND_H
#define HARNESS_KINDS_KIND_H

#include "harness/corpus/schema.h"
#include "harness/kinds/subject.h"

struct bin_hits;
struct case_builder;
struct findings;
struct value_error;

enum { KINDS_MAX = 16, KIND_GENERATORS = 8 };

/* An item of `generate:`, opened. */
struct kind_generator {
    unsigned name;         /* index into the kind's `generators`: what its cases are called */
    uint64_t count, seed;  /* how many cases; the item's seed and the run's */
    const void *parameter; /* whatever else the item says */
    struct pos at;         /* where it stands */
};

struct case_kind {
    const char *name; /* after `kind:` in a corpus file: "smmu" */
    const char *help; /* one line for `list kinds` */

    /* ---- what its cases are about ---- */
    const char *(*subject_name)(
        unsigned i); /* NULL behind the last. The first is meant where none is named */
    /* All of it but kind, number and name. */
    void (*subject)(unsigned i, struct arena *a, struct subject *s);

    /* ---- its cases in corpus files ---- */
    const struct schema *item;      /* an item of `cases:`; `id` and `why` are among its keys */
    const struct schema *generator; /* an item of `generate:`, or NULL: it makes none */
    /* Of a checked item: has_truth and scenario; the rest is set. All in the arena. False: reported. */
    bool (*build)(const struct case_builder *b, const struct ynode *n, struct test_case *c);
    /* As such an item, but for `id` and `why`: lines with four spaces in front. */
    void (*write)(const struct test_case *c, struct buf *out);
    const char *const *generators; /* names of what it generates, NULL-terminated, at most KIND_GENERATORS */
    bool (*generator_open)(const struct ynode *item, struct arena *a, struct diag *d,
                           struct kind_generator *g); /* sets name and parameter. False: reported */
    /* Case n, which follows from subject, generator and n alone: has_truth and scenario. */
    void (*make)(const struct kind_generator *g, uint64_t n, struct arena *a, struct test_case *c);

    /* ---- running them ---- */
    const struct backend *const *backends; /* NULL-terminated; of struct backend they have the first fields,
                                              `version` and `on_request`, and what `open` finds behind them */
    const char *(*cannot_run)(const struct backend *b); /* here: why; or NULL. May be NULL */
    void *(*open)(const struct backend *b, unsigned subject, const char **why); /* a seat; NULL: *why */
    /* Sets o->result, or unsupported, or an exit of EXIT_UNSUPPORTED that is `lost`. What it points to stays
     * until the seat's next case. */
    void (*run)(void *seat, const struct test_case *c, struct outcome *o);
    void (*close)(void *seat);

    /* ---- judging what came out ---- */
    /* Differences are of DIFF_ITEM; `at` says in what, and sorts them. */
    void (*compare)(const struct test_case *c, const struct outcome *a, const struct outcome *b,
                    struct findings *f);
    void (*compare_truth)(const struct test_case *c, const struct outcome *o, struct findings *f);
    bool (*truth_speaks)(const struct test_case *c, const struct diff *d); /* the truth says what is there */
    /* What a difference is in. `plain`: in words that do not depend on this case's numbers, for signatures.
     */
    void (*item_name)(const struct test_case *c, const struct diff *d, bool plain, struct buf *out);
    /* What a result has there; that of the truth for o NULL. */
    void (*item_value)(const struct test_case *c, const struct outcome *o, const struct diff *d,
                       struct buf *out);
    uint64_t (*item_step)(const struct test_case *c, const struct diff *d); /* of the case, from 1; 0: none */
    /* A quirk's `when`. Parsed: anything but NULL; NULL: *err. May be NULL: it has no conditions. */
    const void *(*condition)(const char *text, size_t len, struct arena *a, struct value_error *err);
    /* right NULL: the truth of the case is right. theirs NULL: nothing has run yet. */
    bool (*condition_holds)(const void *condition, const struct test_case *c, const struct outcome *theirs,
                            const struct outcome *right);

    /* ---- in words ---- */
    int (*row)(const struct test_case *c); /* of its subject: what the case is about; or -1 */
    void (*describe)(const struct test_case *c, struct buf *out); /* a few lines, two spaces in front */
    void (*show)(const struct test_case *c, struct buf *out);     /* all of it, for repro; likewise */
    void (*ended)(const struct test_case *c, const struct outcome *o, struct buf *out);   /* "3 events" */
    void (*results)(const struct test_case *c, const struct outcome *o, struct buf *out); /* for repro */

    /* ---- making it smaller ---- */
    /* The n-th of the cases that are simpler by one step, most promising first: has_truth and scenario.
     * False: there are no more. NULL: it cannot be shrunk. */
    bool (*simpler)(const struct test_case *c, unsigned n, struct arena *a, struct test_case *out);

    /* ---- coverage ---- */
    unsigned (*bins)(unsigned subject, unsigned row); /* of a row; bin 0 is "executed". At most BINS_MAX */
    void (*bin_name)(unsigned subject, unsigned row, unsigned bin, struct buf *out);
    /* Calls `seen` for each row that the case had to do with, with its bins. o NULL: it has not run. */
    void (*observe)(const struct test_case *c, const struct outcome *o,
                    void (*seen)(void *arg, unsigned row, const struct bin_hits *h), void *arg);
};

/* ---- table.c ---- */
extern const struct case_kind *const kind_all[]; /* NULL-terminated; the first is kind_instruction */

/* ---- instruction.c ---- */
extern const struct case_kind kind_instruction;

/* ---- kind.c ---- */
const struct case_kind *kind_find(const char *name); /* NULL: there is none */
unsigned kind_number(const struct case_kind *k);     /* in kind_all */
/* The kind whose backend this is; that of instructions for what no other kind has. */
const struct case_kind *kind_of_backend(const struct backend *b);
const struct case_kind *kind_of_name(const char *name); /* the same by its name alone */

static inline const struct case_kind *case_kind(const struct test_case *c)
{
    return c->kind ? c->kind : &kind_instruction;
}

#endif
