/* The verdict on a case.
 *
 * The truth that the case carries outranks everybody. On what it is silent about, each oracle is held against
 * each backend under test, and backends under test against each other. A quirk takes one difference away from
 * one oracle; where it explains a different exit, that oracle has no say in the case at all.
 */
#include "harness/judge/compare.h"

#include <string.h>

/* What is collected while a case is judged. */
struct court {
    const struct test_case *c;      /* the case */
    const struct outcome *outcomes; /* what each backend made of it */
    unsigned n;                     /* how many */
    const struct quirks *quirks;    /* or NULL */
    struct judgement *j;            /* the verdict being made */
    struct findings *findings;      /* every place that somebody disputes */
    uint64_t muted;                 /* bit per outcome: an oracle that has no say in this case */
    uint64_t held, quirky;          /* bits likewise: it had a say; a quirk excused more than upper bits */
    bool peers;                     /* two backends under test were held against each other */
    bool silenced;                  /* an oracle ran it, but ended by a known error of its own */
    bool failed;                    /* a backend under test is wrong, or disagrees with another */
};

const char *verdict_name(enum verdict v)
{
    static const char *const names[VERDICTS] = {
        [VERDICT_PASS] = "pass",   [VERDICT_FAIL] = "fail",       [VERDICT_SKIP] = "skip",
        [VERDICT_CRASH] = "crash", [VERDICT_TIMEOUT] = "timeout", [VERDICT_XFAIL] = "xfail",
        [VERDICT_XPASS] = "xpass",
    };
    BUG_ON((unsigned)v >= VERDICTS);
    return names[v];
}

static void note_quirk(struct judgement *j, unsigned quirk)
{
    for (unsigned i = 0; i < j->nquirks; i++)
        if (j->quirks[i] == quirk) return;
    if (j->nquirks < JUDGE_MAX_QUIRKS) j->quirks[j->nquirks++] = quirk;
}

/* A known bug of outcome `i` explains the difference. */
static bool excused(struct court *ct, unsigned i, const struct outcome *right, const struct diff *d)
{
    if (!ct->quirks) return false;
    int quirk = quirk_find(ct->quirks, ct->c, &ct->outcomes[i], right, d);
    if (quirk < 0) return false;
    note_quirk(ct->j, (unsigned)quirk);
    if (!quirk_is_minor(ct->quirks, (unsigned)quirk)) ct->quirky |= 1ull << i;
    return true;
}

/* Every outcome against the truth. An oracle that ends differently has nothing else to say. */
static void hold_against_truth(struct court *ct)
{
    for (unsigned i = 0; i < ct->n; i++) {
        const struct outcome *o = &ct->outcomes[i];
        struct findings f;
        bool wrong = false;
        if (!outcome_usable(o) || o->muted) continue;
        compare_truth(ct->c, o, &f);
        for (unsigned k = 0; k < f.n; k++) {
            if (o->oracle && f.items[k].what == DIFF_EXIT) ct->muted |= 1ull << i;
            if (excused(ct, i, NULL, &f.items[k])) continue;
            findings_add(ct->findings, &f.items[k]);
            wrong = true;
        }
        if (!wrong) continue;
        ct->findings->more |= f.more;
        if (o->oracle)
            ct->j->dissent = true;
        else
            ct->failed = true;
    }
    ct->j->checked |= CHECKED_MANUAL;
}

/* Outcome s, under test, against outcome i: an oracle, or another one under test. */
static void hold_against(struct court *ct, unsigned s, unsigned i)
{
    const struct outcome *mine = &ct->outcomes[s], *theirs = &ct->outcomes[i];
    struct findings f;
    bool differs = false, silent = false;
    compare_outcomes(ct->c, mine, theirs, &f);
    for (unsigned k = 0; k < f.n; k++) {
        if (truth_speaks(ct->c, mine, &f.items[k])) continue;
        if (excused(ct, i, mine, &f.items[k]) || excused(ct, s, theirs, &f.items[k])) {
            silent |= f.items[k].what == DIFF_EXIT;
            continue;
        }
        findings_add(ct->findings, &f.items[k]);
        differs = true;
    }
    if (differs) ct->findings->more |= f.more;
    /* one of ours that was named as an oracle is still one of ours */
    bool outsider = theirs->oracle && theirs->backend->oracle;
    if (outsider && !silent) {
        ct->j->checked |= CHECKED_ORACLE;
        ct->held |= 1ull << i;
    }
    ct->peers |= !outsider;
    ct->silenced |= silent;
    ct->failed |= differs;
}

static void hold_against_others(struct court *ct)
{
    for (unsigned s = 0; s < ct->n; s++) {
        if (ct->outcomes[s].oracle || !outcome_usable(&ct->outcomes[s])) continue;
        for (unsigned i = 0; i < ct->n; i++) {
            const struct outcome *o = &ct->outcomes[i];
            if (!outcome_usable(o) || ct->muted >> i & 1) continue;
            if (o->oracle || i > s) hold_against(ct, s, i);
        }
    }
}

/* The sentence of a backend that broke down, or NULL: then nobody can say what the case does. */
static const char *broke_down(const struct outcome *outcomes, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (outcomes[i].exit.kind == EXIT_UNSUPPORTED && outcomes[i].exit.lost) return outcomes[i].exit.why;
    return NULL;
}

/* The sentence why no backend under test ran the case, or NULL when one did. */
static const char *nothing_under_test(const struct outcome *outcomes, unsigned n)
{
    const char *why = "no backend under test";
    for (unsigned i = 0; i < n; i++) {
        const struct outcome *o = &outcomes[i];
        if (o->oracle || o->absent) continue;
        if (outcome_usable(o)) return NULL;
        why = o->unsupported ? o->unsupported : o->exit.why ? o->exit.why : "the backend cannot run it";
    }
    return why;
}

void judge(const struct test_case *c, const struct outcome *outcomes, unsigned n, const struct quirks *q,
           struct judgement *j)
{
    struct findings disputed;
    struct court ct = {.c = c, .outcomes = outcomes, .n = n, .quirks = q, .j = j, .findings = &disputed};
    findings_start(&disputed);
    struct buf detail = j->detail;
    buf_reset(&detail);
    struct findings *findings = j->findings;
    uint64_t *before = j->before;
    memset(j, 0,
           offsetof(struct judgement, signature) + 1); /* all, but for the rest of a text that is not there */
    j->verdict = VERDICT_SKIP;
    j->detail = detail;
    j->findings = findings;
    j->before = before;
    BUG_ON(n > 64);
    if (c->row && c->row->absent) {
        j->skip = "the instruction is not done yet (status: absent)";
        return;
    }
    j->skip = broke_down(outcomes, n);
    if (j->skip) {
        j->verdict = VERDICT_CRASH;
        return;
    }
    j->skip = nothing_under_test(outcomes, n);
    if (j->skip) return;
    for (unsigned i = 0; i < n; i++)
        if (outcomes[i].quirk) note_quirk(j, outcomes[i].quirk - 1);
    for (unsigned i = 0; i < n; i++) {
        ct.muted |= (uint64_t)outcomes[i].muted << i;
        ct.silenced |= outcomes[i].muted;
    }
    if (c->has_truth) hold_against_truth(&ct);
    hold_against_others(&ct);
    if (j->checked == CHECKED_NOBODY && ct.peers) j->checked = CHECKED_PEER;
    j->outsiders = ct.held & ~ct.quirky;
    if (ct.failed)
        j->verdict = VERDICT_FAIL;
    else if (j->checked == CHECKED_NOBODY)
        j->skip = ct.silenced ? "the oracle ends it by a known error of its own and no truth given"
                              : "no oracle can run it and no truth given";
    else
        j->verdict = VERDICT_PASS;
    if (ct.failed && j->findings) *j->findings = disputed;
    if (ct.failed || j->dissent) describe_failure(c, outcomes, n, q, &disputed, &j->detail);
}
