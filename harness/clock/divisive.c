/* Where a series changes. */
#include "harness/clock/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ORDERS = 999, COUNTED = 9 /* of them: less than 1 % */ };

/* Formula (5) of the paper with exponent 1, scaled by (6); from sums of |x - y| over pairs. */
static double energy(double left, double right, double between, double n, double m)
{
    double e = 2 * between / (n * m) - 2 * left / (n * (n - 1)) - 2 * right / (m * (m - 1));
    return n * m / (n + m) * e;
}

/* whole[k]: the sum over pairs of the first k values. */
static void sum_whole(const double *v, unsigned n, double *whole)
{
    whole[0] = 0;
    for (unsigned k = 0; k < n; k++) {
        double more = 0;
        for (unsigned i = 0; i < k; i++) more += fabs(v[i] - v[k]);
        whole[k + 1] = whole[k] + more;
    }
}

/* What is left of `at` against what follows it up to any `end`: else one change would hide another that takes
 * it back. part[end]: the sum over pairs from `at` on. */
double stats_best_split(const double *v, unsigned n, unsigned *best_at)
{
    double whole[STATS_MAX + 1], part[STATS_MAX + 1] = {0}, best = 0;
    *best_at = 0;
    if (n < 2 * STATS_SEGMENT) return 0;
    sum_whole(v, n, whole);
    for (unsigned at = n - 1; at >= STATS_SEGMENT; at--) {
        double more = 0;
        for (unsigned i = at + 1; i < n; i++) {
            more += fabs(v[at] - v[i]);
            part[i + 1] += more;
        }
        for (unsigned end = at + STATS_SEGMENT; end <= n; end++) {
            double between = whole[end] - whole[at] - part[end];
            double e = energy(whole[at], part[end], between, at, end - at);
            if (e <= best) continue;
            best = e;
            *best_at = at;
        }
    }
    return best;
}

static void shuffle(double *v, unsigned n, struct rng *r)
{
    for (unsigned i = n; i > 1; i--) {
        unsigned k = (unsigned)rng_below(r, i);
        double t = v[i - 1];
        v[i - 1] = v[k];
        v[k] = t;
    }
}

/* The best split, when hardly any other order of the values has as good a one; else 0. The orders are always
 * the same ones. */
static unsigned change_in(const double *v, unsigned n)
{
    double other[STATS_MAX];
    struct rng r = {n};
    unsigned at, ignored, better = 0;
    double best = stats_best_split(v, n, &at);
    if (!at) return 0;
    memcpy(other, v, n * sizeof(*v));
    for (unsigned i = 0; i < ORDERS && better < COUNTED; i++) {
        shuffle(other, n, &r);
        better += stats_best_split(other, n, &ignored) >= best;
    }
    return better < COUNTED ? at : 0;
}

/* Splits [from, to), whose changes go into `at` in order. */
static unsigned split(const double *v, unsigned from, unsigned to, unsigned *at, unsigned most)
{
    unsigned here = most ? change_in(v + from, to - from) : 0;
    if (!here) return 0;
    unsigned n = split(v, from, from + here, at, most - 1);
    at[n++] = from + here;
    return n + split(v, from + here, to, at + n, most - n);
}

unsigned stats_changes(const double *v, unsigned n, unsigned *at, unsigned most)
{
    BUG_ON(n > STATS_MAX);
    return split(v, 0, n, at, most);
}
