/* Known errors of oracles in the middle of a longer case. What a quirk has masked may be read later; and what
 * the condition of a quirk says of registers is known where results first go apart: there the case is run up
 * to the instruction, and the quirk asked. An oracle whose difference it explains goes on with wrong values,
 * so it has no say in the rest.
 *
 * Costs a bisection, and only where somebody would fail.
 */
#include "harness/judge/compare.h"
#include "harness/run/lineup.h"

#include <stdlib.h>
#include <string.h>

static void run_until(struct panel *p, const struct test_case *c, uint64_t steps, struct activity *act,
                      struct outcome out[LINEUP_MAX], struct test_case *cut)
{
    *cut = *c;
    cut->steps = steps;
    cut->has_truth = false; /* it speaks of the end only */
    panel_forget(p);
    panel_run(p, cut, act, out);
}

/* A backend under test that has a result, or NULL. */
static const struct outcome *tested(const struct outcome *out, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (!out[i].oracle && outcome_usable(&out[i])) return &out[i];
    return NULL;
}

/* The quirk that explains, at the spot, what nothing explains otherwise; -1: there is none, or something is
 * left. */
static int find_reason(const struct quirks *q, const struct test_case *c, const struct outcome *right,
                       const struct outcome *theirs, const struct spot *spot)
{
    struct findings f;
    struct outcome there = *theirs;
    int reason = -1;
    there.spot = spot;
    compare_outcomes(c, right, theirs, &f);
    for (unsigned i = 0; i < f.n; i++) {
        if (quirk_find(q, c, theirs, right, &f.items[i]) >= 0) continue;
        int row = quirk_find(q, c, &there, right, &f.items[i]);
        if (row < 0) return -1;
        reason = row;
    }
    return reason;
}

/* The quirk that explains what the instruction at the place already reads differently; -1: it reads the same.
 */
static int find_taint(const struct quirks *q, const struct test_case *c, const struct outcome *right,
                      const struct outcome *theirs, const struct failure_place *at)
{
    struct findings f;
    int row = -1;
    compare_outcomes(c, right, theirs, &f);
    for (unsigned i = 0; i < f.n && row < 0; i++)
        if (divergence_reads(at, &f.items[i])) row = quirk_find(q, c, theirs, right, &f.items[i]);
    return row;
}

/* Mutes oracle `entry` if it goes wrong after this step by a known error, of this instruction or of one
 * before that left it something else to read. False: it does not. */
static bool mute(struct panel *p, const struct lineup *l, const struct test_case *c, uint64_t step,
                 unsigned entry, struct activity *act, struct outcome out[LINEUP_MAX])
{
    struct test_case cut;
    struct failure_place at;
    run_until(p, c, step - 1, act, out, &cut);
    const struct outcome *right = tested(out, l->n);
    if (!right || !outcome_usable(&out[entry]) || !divergence_place(c, right, &at)) return false;
    int reason = find_taint(l->quirks, &cut, right, &out[entry], &at);
    size_t bytes = c->guest->state_words * sizeof(uint64_t);
    uint64_t *before = xmalloc(bytes);
    memcpy(before, right->state, bytes);
    run_until(p, c, step, act, out, &cut);
    struct spot spot = {at.row, at.word, at.pc, before};
    right = tested(out, l->n);
    if (reason < 0 && right && outcome_usable(&out[entry]))
        reason = find_reason(l->quirks, &cut, right, &out[entry], &spot);
    if (reason >= 0) panel_mute(p, entry, (unsigned)reason);
    free(before);
    return reason >= 0;
}

uint64_t panel_excuse(struct panel *p, const struct lineup *l, const struct test_case *c,
                      struct activity *act, struct outcome out[LINEUP_MAX], struct judgement *j)
{
    uint64_t oracles = 0, step = 0;
    bool changed = false;
    for (unsigned i = 0; i < l->n; i++)
        oracles |= (uint64_t)(l->entries[i].oracle && outcome_usable(&out[i])) << i;
    /* each by itself: another one may go wrong before it */
    for (unsigned i = 0; l->quirks && i < l->n; i++) {
        if (!(oracles >> i & 1)) continue;
        panel_hear(p, ~oracles | 1ull << i);
        step = panel_first_divergence(p, c, act);
        changed |= step && mute(p, l, c, step, i, act, out);
    }
    panel_hear(p, ~0ull);
    panel_forget(p);
    panel_run(p, c, act, out);
    if (changed) judge(c, out, l->n, l->quirks, j);
    bool known = l->quirks && !changed && __builtin_popcountll(oracles) == 1;
    if (known || j->verdict != VERDICT_FAIL) return step;
    step = panel_first_divergence(p, c, act);
    panel_forget(p);
    panel_run(p, c, act, out);
    return step;
}
