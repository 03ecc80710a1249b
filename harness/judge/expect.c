/* Expected failures: cases that are known to fail on somebody. Whether it is that failure, and no other,
 * shows when the case is judged without those who are expected to fail, and with each of them alone.
 */
#include "harness/judge/compare.h"
#include "harness/judge/quirk.h"

#include "harness/corpus/glob.h"

#include <inttypes.h>
#include <string.h>

enum { VOTERS = 64 };

/* Number of the row in q->xfails, or -1. */
static int find_row(const struct quirks *q, const char *id, const struct backend *b)
{
    for (unsigned i = 0; q && i < q->nxfails; i++)
        if (!q->xfails[i].expired && q->xfails[i].backend == b && glob_match(q->xfails[i].cases, id))
            return (int)i;
    return -1;
}

int quirk_expects(const struct quirks *q, const char *id, const struct backend *b, const char **reason)
{
    int row = find_row(q, id, b);
    if (row < 0) return -1;
    *reason = q->xfails[row].seen;
    return (int)q->n + row;
}

/* The verdict without those in `hidden`. */
static void judge_without(const struct test_case *c, const struct outcome *o, unsigned n,
                          const struct quirks *q, uint64_t hidden, struct judgement *j)
{
    struct outcome some[VOTERS];
    memcpy(some, o, n * sizeof(*o));
    for (unsigned i = 0; i < n; i++)
        if (hidden >> i & 1) some[i] = (struct outcome){.backend = o[i].backend, .unsupported = "left out"};
    *j = (struct judgement){0};
    judge(c, some, n, q, j);
    buf_free(&j->detail);
    j->detail = (struct buf){0};
}

static bool is_wrong(const struct judgement *j)
{
    return j->verdict == VERDICT_FAIL || j->verdict == VERDICT_CRASH;
}

/* Who was to fail and does not. */
static void say_passes(const struct xfail *x, struct judgement *j)
{
    snprintf(j->signature, sizeof(j->signature), "(expected failure) %s: %s passes: its row can go", x->id,
             x->backend->name);
    buf_reset(&j->detail);
    buf_printf(&j->detail, "  %s was expected to fail here, and does not: take '%s' out of %s:%d\n",
               x->backend->name, x->id, x->at.file, x->at.line);
    buf_printf(&j->detail, "  it was there because: %s\n", x->why);
}

bool judge_expected(const struct test_case *c, const struct outcome *o, unsigned n, const struct quirks *q,
                    bool strict, struct judgement *j)
{
    int rows[VOTERS];
    uint64_t expected = 0;
    struct judgement rest, one;
    const struct xfail *first = NULL, *passes = NULL;
    if (!q || !q->nxfails) return false;
    BUG_ON(n > VOTERS);
    for (unsigned i = 0; i < n; i++) {
        rows[i] = outcome_usable(&o[i]) || o[i].exit.lost ? find_row(q, c->id, o[i].backend) : -1;
        expected |= (uint64_t)(rows[i] >= 0) << i;
    }
    if (!expected) return false;
    judge_without(c, o, n, q, expected, &rest);
    if (is_wrong(&rest)) return false;
    for (unsigned i = 0; i < n; i++) {
        if (rows[i] < 0) continue;
        judge_without(c, o, n, q, expected & ~(1ull << i), &one);
        if (one.verdict == VERDICT_SKIP) continue; /* nobody can tell */
        const struct xfail *x = &q->xfails[rows[i]];
        bool seen = is_wrong(&one) || (one.dissent && !rest.dissent);
        if (!first) first = x;
        if (!seen && !passes) passes = x;
        if (rest.nquirks < JUDGE_MAX_QUIRKS) rest.quirks[rest.nquirks++] = q->n + (unsigned)rows[i];
    }
    if (!first) return false;
    struct buf detail = j->detail;
    struct findings *findings = j->findings;
    uint64_t *before = j->before;
    buf_reset(&detail);
    *j = rest;
    j->detail = detail;
    j->findings = findings;
    j->before = before;
    j->dissent = false;
    j->verdict = !passes ? VERDICT_XFAIL : strict ? VERDICT_FAIL : VERDICT_XPASS;
    j->skip = passes ? passes->passes : first->seen;
    if (j->verdict == VERDICT_FAIL) j->skip = NULL;
    if (j->verdict == VERDICT_FAIL) say_passes(passes, j);
    return true;
}
