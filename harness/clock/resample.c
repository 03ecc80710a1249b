/* How sure an estimate is, and how many of many findings are chance. */
#include "harness/clock/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RESAMPLES = 1000 };

struct stats_interval stats_bootstrap(const double *v, unsigned n, double level, uint64_t seed)
{
    double centres[RESAMPLES], sample[STATS_MAX_PAIRS];
    struct rng r = {seed};
    BUG_ON(!n || n > STATS_MAX_PAIRS);
    for (unsigned i = 0; i < RESAMPLES; i++) {
        for (unsigned k = 0; k < n; k++) sample[k] = v[rng_below(&r, n)];
        centres[i] = stats_centre(sample, n);
    }
    qsort(centres, RESAMPLES, sizeof(centres[0]), stats_ascending);
    unsigned cut = (unsigned)lround((1 - level) / 2 * RESAMPLES);
    return (struct stats_interval){centres[cut], centres[RESAMPLES - 1 - cut]};
}

/* A test, to be sorted. */
struct ranked {
    double p;       /* of it */
    unsigned index; /* where it was */
};

static int by_p(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->p != y->p) return x->p < y->p ? -1 : 1;
    return x->index < y->index ? -1 : 1;
}

void stats_adjust(double *p, unsigned m)
{
    struct ranked *sorted = xcalloc(m ? m : 1, sizeof(*sorted));
    double least = 1;
    for (unsigned i = 0; i < m; i++) sorted[i] = (struct ranked){p[i], i};
    qsort(sorted, m, sizeof(*sorted), by_p);
    for (unsigned i = m; i-- > 0;) {
        double q = sorted[i].p * m / (i + 1);
        if (q < least) least = q;
        p[sorted[i].index] = least;
    }
    free(sorted);
}
