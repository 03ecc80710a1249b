/* Who stands alone: the sentence at the head of a failure.
 *
 * Everybody with a say is a voter: the manual where the case has its truth, backends, oracles. Voters that
 * agree are a party. One party is held to be right, and the others differ from it: the manual's; else the
 * largest one; of equally large ones the one with more oracles. What a quirk explains is no disagreement, and
 * an oracle that ends by a known error of its own has no vote.
 */
#include "harness/judge/compare.h"

#include <string.h>

enum { MAX_VOTERS = 64, MANUAL = 0 /* voter i + 1 is outcome i */ };

struct ballot {
    const struct test_case *c;      /* the case */
    const struct outcome *outcomes; /* what each backend made of it */
    unsigned n;                     /* how many */
    const struct quirks *quirks;    /* or NULL */
    uint64_t absent;                /* bit per voter: it has no say */
    uint64_t parties[MAX_VOTERS];   /* bits of voters that agree */
    unsigned nparties;              /* how many */
};

/* What two voters make of each other, the nearer the smaller. */
enum opinion { SAME, EXCUSED, SILENT /* one of them ends by a known error */, DIFFERENT };

static bool excused(const struct ballot *b, unsigned who, unsigned whom, const struct diff *d)
{
    if (who == MANUAL || !b->quirks) return false;
    const struct outcome *right = whom == MANUAL ? NULL : &b->outcomes[whom - 1];
    return quirk_find(b->quirks, b->c, &b->outcomes[who - 1], right, d) >= 0;
}

static enum opinion hear(const struct ballot *b, unsigned who, unsigned whom)
{
    struct findings f;
    enum opinion o = SAME;
    if (whom == MANUAL)
        compare_truth(b->c, &b->outcomes[who - 1], &f);
    else
        compare_outcomes(b->c, &b->outcomes[who - 1], &b->outcomes[whom - 1], &f);
    for (unsigned i = 0; i < f.n; i++) {
        const struct diff *d = &f.items[i];
        if (!excused(b, who, whom, d) && !excused(b, whom, who, d)) return DIFFERENT;
        o = d->what == DIFF_EXIT ? SILENT : EXCUSED;
    }
    return o;
}

static bool is_oracle(const struct ballot *b, unsigned voter)
{
    return voter != MANUAL && b->outcomes[voter - 1].oracle;
}

/* An oracle that a known error makes end otherwise than the manual or a backend under test. */
static bool silenced(const struct ballot *b, unsigned voter)
{
    if (!is_oracle(b, voter)) return false;
    for (unsigned i = 0; i <= b->n; i++)
        if (!(b->absent >> i & 1) && !is_oracle(b, i) && hear(b, voter, i) == SILENT) return true;
    return false;
}

static void find_voters(struct ballot *b)
{
    b->absent = b->c->has_truth ? 0 : 1ull << MANUAL;
    for (unsigned i = 1; i <= b->n; i++)
        if (!outcome_usable(&b->outcomes[i - 1]) || b->outcomes[i - 1].muted) b->absent |= 1ull << i;
    uint64_t mute = 0;
    for (unsigned i = 1; i <= b->n; i++)
        if (!(b->absent >> i & 1) && silenced(b, i)) mute |= 1ull << i;
    b->absent |= mute;
    bool asked = false; /* the truth says something about what is disputed */
    for (unsigned i = 1; i <= b->n && !(b->absent >> MANUAL & 1); i++)
        asked |= !(b->absent >> i & 1) && hear(b, i, MANUAL) == DIFFERENT;
    if (!asked) b->absent |= 1ull << MANUAL;
}

/* The first party in which nobody is further from the voter than `most`; b->nparties: there is none. */
static unsigned find_party(const struct ballot *b, unsigned voter, enum opinion most)
{
    for (unsigned p = 0; p < b->nparties; p++) {
        bool fits = true;
        for (unsigned i = 0; i < voter && fits; i++)
            fits = !(b->parties[p] >> i & 1) || hear(b, voter, i) <= most;
        if (fits) return p;
    }
    return b->nparties;
}

static void find_parties(struct ballot *b)
{
    for (unsigned v = 0; v <= b->n; v++) {
        if (b->absent >> v & 1) continue;
        unsigned p = find_party(b, v, SAME);
        if (p == b->nparties) p = find_party(b, v, EXCUSED);
        if (p == b->nparties) b->parties[b->nparties++] = 0;
        b->parties[p] |= 1ull << v;
    }
}

static unsigned weight(const struct ballot *b, uint64_t party)
{
    unsigned w = 0;
    for (unsigned v = 0; v <= b->n; v++)
        if (party >> v & 1)
            w += v == MANUAL ? 2 * MAX_VOTERS * MAX_VOTERS : is_oracle(b, v) ? MAX_VOTERS + 1 : MAX_VOTERS;
    return w;
}

static void name_voters(const struct ballot *b, uint64_t party, struct buf *out)
{
    const char *comma = "";
    for (unsigned v = 0; v <= b->n; v++) {
        if (!(party >> v & 1)) continue;
        buf_printf(out, "%s%s", comma, v == MANUAL ? "the manual" : b->outcomes[v - 1].backend->name);
        comma = ", ";
    }
}

void vote_describe(const struct test_case *c, const struct outcome *outcomes, unsigned n,
                   const struct quirks *q, struct buf *out)
{
    struct ballot b = {.c = c, .outcomes = outcomes, .n = n, .quirks = q};
    unsigned right = 0;
    BUG_ON(n >= MAX_VOTERS);
    find_voters(&b);
    find_parties(&b);
    for (unsigned i = 1; i < b.nparties; i++)
        if (weight(&b, b.parties[i]) > weight(&b, b.parties[right])) right = i;
    const char *also = "";
    for (unsigned i = 0; i < b.nparties; i++) {
        bool one = __builtin_popcountll(b.parties[i]) == 1;
        bool against_many = __builtin_popcountll(b.parties[right]) > 1;
        if (i == right) continue;
        buf_str(out, also);
        name_voters(&b, b.parties[i], out);
        buf_str(out, one && against_many && b.nparties == 2 ? " alone differs from "
                     : one                                  ? " differs from "
                                                            : " differ from ");
        name_voters(&b, b.parties[right], out);
        also = "; ";
    }
}
