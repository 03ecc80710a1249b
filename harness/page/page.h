/* The report for people: one HTML file that needs nothing else, `--report html=FILE`.
 *
 * What a run says about an instruction stands at one anchor (#rv.add). While records come by, sums by row and
 * backend are kept (sums.c); the file is written at the end, section by section. No memory depends on the
 * number of cases, and nothing here knows an ISA or a backend by name.
 *
 * To add a section: a file with its function, a row in `sections` (page.c).
 */
#ifndef HARNESS_PAGE_H
#define HARNESS_PAGE_H

#include "harness/clock/codegen.h"
#include "harness/cover/view.h"
#include "harness/page/history.h"
#include "harness/report/report.h"

/* ---- sums.c: what records come to, by row ---- */

/* Times, sorted into bins: each microsecond its own up to 16, then four to each doubling. A mean would say
 * more about what interrupted a case than about the case, so what is told is the mean of the middle half.
 */
enum {
    TIMES_EXACT = 16,
    TIMES_PER_DOUBLING = 4,
    TIMES_DOUBLINGS = 20,
    TIMES = TIMES_EXACT + TIMES_PER_DOUBLING * TIMES_DOUBLINGS
};
struct times {
    uint64_t n[TIMES]; /* cases by bin */
};
/* The least time that falls into a bin, in microseconds. */
uint32_t times_least(unsigned bin);
double times_middle(const struct times *t); /* microseconds; 0: there are none */

struct row_on {
    uint64_t ran;     /* cases that this backend gave a result of */
    uint64_t failed;  /* of all failures, those where it stands against the others; of an oracle, against the
                         manual */
    uint64_t checked; /* an oracle or the manual agreed */
};

struct row_sum {
    uint64_t cases, skipped, failed; /* whose first instruction it is; failures: that go back to it */
    struct times times;              /* of its cases, all backends and the judge together */
    struct row_on on[LINEUP_MAX];    /* by lineup entry */
};

struct subject_sums {
    const struct subject *subject; /* the ISA, or what another kind of case is about */
    struct row_sum *rows;          /* by row */
    uint16_t *slots;               /* hash table of rows by id: 1 + row, 0: free */
    unsigned nslots;               /* a power of two */
    unsigned last;                 /* row found last time */
    uint64_t cases;                /* of this ISA */
};

struct page_sums {
    struct subject_sums subjects[SUBJECTS_MAX]; /* n of them: every one */
    unsigned n;                                 /* how many */
    uint64_t cases, failed;                     /* of all */
    struct times times;                         /* likewise */
    struct arena arena;                         /* the subjects */
};

struct page_sums *sums_new(void);
void sums_free(struct page_sums *s); /* NULL is fine */
/* `lineup` tells whom a failure names; NULL: that is not wanted. */
void sums_add(struct page_sums *s, const struct lineup *lineup, const struct record *r);
/* A row by the id that text[0..len) is: its index, or -1. */
int sums_row(struct subject_sums *g, const char *text, size_t len);
/* The row that a failure goes back to, as its cause says it: "rv.add: rd: jit alone differs from interp"; -1.
 */
int sums_cause_row(struct subject_sums *g, const char *cause);
/* Bit per entry of the lineup that stands against the others: "jit" above, or who died. 0: it is not said. */
unsigned sums_blamed(const struct lineup *l, const char *cause);

/* ---- page.c ---- */

/* What all sections write from. */
struct page {
    const struct run_info *info; /* the run */
    const struct tally *tally;   /* its sums */
    struct page_sums *sums;      /* by row */
    const struct cover *cover;   /* what was covered; NULL: that is not known */
    struct codegen_meter
        *meter;   /* of the guest at hand: what the JIT makes of a row; NULL: that cannot be told */
    FILE *f;      /* the file */
    struct buf b; /* not written yet */
    int error;    /* errno of the first write that failed */
};

void page_raw(struct page *p, const char *html);                     /* as it is */
void page_text(struct page *p, const char *text);                    /* escaped */
void page_printf(struct page *p, const char *fmt, ...) PRINTF(2, 3); /* as it is: numbers and our own words */
void page_count(struct page *p, uint64_t n);                         /* 205 762 */
void page_flush(struct page *p);                                     /* when there is much to write */

/* How a row did on a backend. */
enum mark { MARK_PASS, MARK_FAIL, MARK_UNCHECKED, MARK_UNSUPPORTED, MARK_IDLE, MARKS };
struct mark_text {
    const char *key;   /* the class in style.css */
    const char *name;  /* in the legend */
    const char *means; /* likewise */
};
extern const struct mark_text mark_texts[MARKS];
enum mark page_mark(const struct page *p, unsigned subject, unsigned row, unsigned entry);
/* The lineup entry runs cases of this subject. */
bool page_serves(const struct page *p, unsigned subject, unsigned entry);
/* The backend of the ledger that a lineup entry is, or -1. */
int page_covers(const struct page *p, unsigned entry);
/* Bins of a row on the backend of a lineup entry; all zero when that is not known. */
struct cover_sum page_bins(const struct page *p, unsigned subject, unsigned row, unsigned entry);

/* ---- plot.c ---- */

struct plot_bar {
    const char *name; /* in front */
    double v;         /* how long it is; > 0 */
    const char *key;  /* its class in style.css */
};
/* Bars around 1 on a scale of factors, as "1.9×". `more`: what is right of 1. */
void plot_factors(struct page *p, const struct plot_bar *bars, unsigned n, const char *less,
                  const char *more);
/* A meter of `part` in `whole`. */
void plot_meter(struct page *p, const char *key, uint64_t part, uint64_t whole);

void plot_time(struct page *p, double ns); /* "81 ns" */

/* ---- sizes.c ---- */

/* Benchmarks whose names end in a size, as lines over it. */
void plot_sizes(struct page *p, const struct bench_set *set);

/* ---- trend.c ---- */

/* Each benchmark over all runs that were recorded, with where it changed; nothing when there are too few
 * runs. */
void plot_trends(struct page *p, const struct history *h);

/* ---- the sections ---- */
void page_head(struct page *p);
void page_causes(struct page *p);
void page_map(struct page *p);
void page_holes(struct page *p);
void page_speed(struct page *p);
void page_rows(struct page *p);
void page_machine(struct page *p);

#endif
