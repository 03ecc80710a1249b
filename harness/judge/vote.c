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

/* "a alone differs from b, c" */
static void say(const char *odd, size_t odd_len, const char *right, bool only, struct buf *out)
{
    bool one = !memmem(odd, odd_len, ", ", 2), against_many = strstr(right, ", ");
    buf_printf(out, "%.*s%s%s", (int)odd_len, odd,
               one && against_many && only ? " alone differs from "
               : one                       ? " differs from "
                                           : " differ from ",
               right);
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
    struct buf odd = {0}, others = {0};
    const char *also = "";
    name_voters(&b, b.parties[right], &others);
    for (unsigned i = 0; i < b.nparties; i++) {
        if (i == right) continue;
        buf_reset(&odd);
        name_voters(&b, b.parties[i], &odd);
        buf_str(out, also);
        say(odd.p, odd.len, buf_cstr(&others), b.nparties == 2, out);
        also = "; ";
    }
    buf_free(&odd);
    buf_free(&others);
}

/* ---- sentences again ---- */

/* A part of a sentence: who differs from whom. */
struct clause {
    const char *odd, *right; /* names */
    size_t nodd, nright;     /* bytes of them */
};

/* The clause at *at, which moves to the next one or becomes NULL. False: it is none. */
static bool next_clause(const char **at, struct clause *c)
{
    static const char *const verbs[] = {" alone differs from ", " differs from ", " differ from "};
    const char *end = strstr(*at, "; "), *stop = end ? end : *at + strlen(*at);
    for (unsigned i = 0; i < ARRAY_LEN(verbs); i++) {
        const char *verb = memmem(*at, (size_t)(stop - *at), verbs[i], strlen(verbs[i]));
        if (!verb) continue;
        const char *right = verb + strlen(verbs[i]);
        *c = (struct clause){*at, right, (size_t)(verb - *at), (size_t)(stop - right)};
        *at = end ? end + 2 : NULL;
        return true;
    }
    return false;
}

void vote_odd(const char *sentence, struct buf *out)
{
    struct clause c;
    size_t start = out->len;
    for (const char *at = sentence; at;) {
        if (!next_clause(&at, &c)) {
            out->len = start;
            return;
        }
        buf_printf(out, "%s%.*s", out->len > start ? "; " : "", (int)c.nodd, c.odd);
    }
}

static const char manual[] = "the manual";

/* One of the names, separated by ", ", is this one. */
static bool names_has(const char *names, size_t len, const char *name, size_t n)
{
    for (const char *end = names + len; names < end;) {
        const char *comma = memmem(names, (size_t)(end - names), ", ", 2);
        size_t size = (size_t)((comma ? comma : end) - names);
        if (size == n && !memcmp(names, name, n)) return true;
        names += size + 2;
    }
    return false;
}

/* Adds the names that are new to those in `all`. */
static void add_names(const char *names, size_t len, struct buf *all)
{
    for (const char *end = names + len; names < end;) {
        const char *comma = memmem(names, (size_t)(end - names), ", ", 2);
        size_t n = (size_t)((comma ? comma : end) - names);
        if (!names_has(buf_cstr(all), all->len, names, n)) {
            struct buf rest = {0};
            bool first = n == strlen(manual) && !memcmp(names, manual, n); /* the manual is named first */
            buf_printf(&rest, "%s%s%.*s%s%s", first ? "" : buf_cstr(all), first || !all->len ? "" : ", ",
                       (int)n, names, first && all->len ? ", " : "", first ? buf_cstr(all) : "");
            buf_free(all);
            *all = rest;
        }
        names += n + 2;
    }
}

void vote_unite(const char *a, const char *b, struct buf *out)
{
    bool only = !strstr(a, "; ");
    const char *also = "";
    struct clause x, y;
    while (a && b && next_clause(&a, &x) && next_clause(&b, &y)) {
        struct buf right = {0};
        add_names(x.right, x.nright, &right);
        add_names(y.right, y.nright, &right);
        buf_str(out, also);
        say(x.odd, x.nodd, buf_cstr(&right), only, out);
        buf_free(&right);
        also = "; ";
    }
}

bool vote_overruled(const char *vote, const char *by)
{
    struct clause a, b;
    size_t n = strlen(manual);
    if (!next_clause(&vote, &a) || vote || !next_clause(&by, &b) || by) return false;
    if (names_has(a.right, a.nright, manual, n) || !names_has(b.right, b.nright, manual, n)) return false;
    struct buf all = {0};
    add_names(b.right, b.nright, &all);
    size_t before = all.len;
    add_names(a.odd, a.nodd, &all);
    bool known = all.len == before;
    buf_free(&all);
    return known && a.nright == b.nodd && !memcmp(a.right, b.odd, a.nright);
}
