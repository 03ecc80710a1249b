/* Is a difference there, how large is it, and where in a series did it begin? What each function gives is the
 * same on every machine: where chance is needed, it comes from a seed.
 *
 * Nothing here supposes that times are normal: they are not. A pair is one measurement of each side, made one
 * right after the other, as the logarithm of their ratio.
 */
#ifndef HARNESS_CLOCK_STATS_H
#define HARNESS_CLOCK_STATS_H

#include "engine/base/base.h"

enum {
    STATS_MAX = 1000,      /* values of a sample or a series */
    STATS_MAX_PAIRS = 100, /* of a test */
};

/* ---- rank.c ---- */

/* Two-sided p of Wilcoxon's signed-rank test that the pairs are around 0, exact, also where absolute values
 * are equal (they share their ranks). Zeroes say nothing and are left out, as Wilcoxon did; 1 when nothing is
 * left. n up to STATS_MAX_PAIRS. */
double stats_signed_rank(const double *v, unsigned n);
/* Where the pairs are: Hodges and Lehmann's estimate, the median of the means of all two (and each with
 * itself). n from 1 to STATS_MAX_PAIRS. */
double stats_centre(const double *v, unsigned n);
int stats_ascending(const void *a, const void *b); /* of doubles, for qsort */
double stats_median(const double *v, unsigned n);  /* n from 1 to STATS_MAX */

/* ---- resample.c ---- */

struct stats_interval {
    double low, high; /* both included */
};

/* Where stats_centre would be with other pairs of the same kind, in `level` (0.95) of cases: the bootstrap's
 * percentiles. */
struct stats_interval stats_bootstrap(const double *v, unsigned n, double level, uint64_t seed);
/* Of m tests, p[i] becomes the smallest rate of false discoveries at which test i counts as one: Benjamini
 * and Hochberg. */
void stats_adjust(double *p, unsigned m);

/* ---- divisive.c ---- */

enum { STATS_SEGMENT = 4 }; /* values on each side of a change, at least */

/* Where the series changes: the indices at which new segments begin, ascending, at most `most`; how many.
 * E-divisive (Matteson and James 2014): the split with the largest energy distance between both sides is a
 * change when less than 1 % of random orders of the values have as large a one; then both sides the same. */
unsigned stats_changes(const double *v, unsigned n, unsigned *at, unsigned most);
/* That distance for the best split of n values, and where it is; 0: too few values. */
double stats_best_split(const double *v, unsigned n, unsigned *at);

#endif
