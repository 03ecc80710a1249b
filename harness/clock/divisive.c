/* Where a series changes. */
#include "harness/clock/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ORDERS = 999, COUNTED = 9 /* of them: less than 1 % */ };

/* Sums of |x - y| over pairs: within the left part, within the right one, and between both. */
struct distances {
    double left, right, between;
};

/* The value at `at` goes from the right part, which begins there, to the left one. */
static void move(struct distances *d, const double *v, unsigned n, unsigned at)
{
    double to_left = 0, to_right = 0;
    for (unsigned i = 0; i < at; i++) to_left += fabs(v[i] - v[at]);
    for (unsigned i = at + 1; i < n; i++) to_right += fabs(v[i] - v[at]);
    d->left += to_left;
    d->right -= to_right;
    d->between += to_right - to_left;
}

/* Formula (5) of the paper with exponent 1, scaled by (6). */
static double energy(const struct distances *d, double n, double m)
{
    double e = 2 * d->between / (n * m) - 2 * d->left / (n * (n - 1)) - 2 * d->right / (m * (m - 1));
    return n * m / (n + m) * e;
}

double stats_best_split(const double *v, unsigned n, unsigned *at)
{
    struct distances d = {0};
    double best = 0;
    *at = 0;
    for (unsigned i = 0; i < n; i++)
        for (unsigned k = i + 1; k < n; k++) d.right += fabs(v[i] - v[k]);
    for (unsigned i = 0; i + STATS_SEGMENT < n; i++) {
        move(&d, v, n, i);
        if (i + 1 < STATS_SEGMENT) continue;
        double e = energy(&d, i + 1, n - i - 1);
        if (*at && e <= best) continue;
        best = e;
        *at = i + 1;
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
    if (!at || best <= 0) return 0;
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
