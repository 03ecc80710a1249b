/* Ranks: a test that a few wild values cannot turn, and the estimate that belongs to it. */
#include "harness/clock/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int by_size(const void *a, const void *b)
{
    const double x = fabs(*(const double *)a), y = fabs(*(const double *)b);
    return (x > y) - (x < y);
}

/* Twice the rank of each value, which is a whole number also where some share theirs. */
static void double_ranks(const double *sorted, unsigned n, unsigned *rank)
{
    for (unsigned i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && fabs(sorted[end]) == fabs(sorted[i]);) end++;
        for (unsigned k = i; k < end; k++) rank[k] = i + 1 + end;
    }
}

/* The chance that a sum of these ranks, each in it or not, is at most `sum`: by counting all ways to it. */
static double chance_at_most(const unsigned *rank, unsigned n, unsigned sum)
{
    enum { MOST = STATS_MAX_PAIRS * (STATS_MAX_PAIRS + 1) };
    double *ways = xcalloc(MOST + 1, sizeof(*ways)), below = 0;
    unsigned total = 0;
    ways[0] = 1;
    for (unsigned i = 0; i < n; i++) {
        total += rank[i];
        for (unsigned s = total; s >= rank[i]; s--) ways[s] = (ways[s] + ways[s - rank[i]]) / 2;
        for (unsigned s = rank[i]; s-- > 0;) ways[s] /= 2;
    }
    for (unsigned s = 0; s <= sum; s++) below += ways[s];
    free(ways);
    return below;
}

double stats_signed_rank(const double *v, unsigned n)
{
    double sorted[STATS_MAX_PAIRS];
    unsigned rank[STATS_MAX_PAIRS], m = 0, sums[2] = {0, 0};
    BUG_ON(n > STATS_MAX_PAIRS);
    for (unsigned i = 0; i < n; i++)
        if (v[i] != 0) sorted[m++] = v[i];
    if (!m) return 1;
    qsort(sorted, m, sizeof(sorted[0]), by_size);
    double_ranks(sorted, m, rank);
    for (unsigned i = 0; i < m; i++) sums[sorted[i] > 0] += rank[i];
    double p = 2 * chance_at_most(rank, m, sums[0] < sums[1] ? sums[0] : sums[1]);
    return p < 1 ? p : 1;
}

int stats_ascending(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static double median_of_sorted(const double *v, unsigned n)
{
    return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

double stats_centre(const double *v, unsigned n)
{
    double means[STATS_MAX_PAIRS * (STATS_MAX_PAIRS + 1) / 2];
    unsigned m = 0;
    BUG_ON(!n || n > STATS_MAX_PAIRS);
    for (unsigned i = 0; i < n; i++)
        for (unsigned k = i; k < n; k++) means[m++] = (v[i] + v[k]) / 2;
    qsort(means, m, sizeof(means[0]), stats_ascending);
    return median_of_sorted(means, m);
}

double stats_median(const double *v, unsigned n)
{
    double sorted[STATS_MAX];
    BUG_ON(!n || n > STATS_MAX);
    memcpy(sorted, v, n * sizeof(*v));
    qsort(sorted, n, sizeof(sorted[0]), stats_ascending);
    return median_of_sorted(sorted, n);
}
