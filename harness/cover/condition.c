#include "harness/cover/condition.h"

#include "harness/judge/compare.h"
#include "harness/kinds/kind.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { VALUES_SAID = 4 /* of one operand: "rs1=+0, -0, qnan or snan" */ };

/* ---- in the worker ---- */

static const struct bins *bins_of(const struct ledger *l, const struct guest *g, const struct guest_row *row)
{
    for (unsigned i = 0; row && i < l->nsubjects; i++)
        if (l->subjects[i].subject->guest == g) return l->subjects[i].bins[row - g->rows];
    return NULL;
}

/* The instruction that went wrong as a case of its own. */
static struct test_case alone(const struct test_case *c, const struct judgement *j)
{
    struct test_case one = *c;
    if (c->steps < 2) return one;
    one.code = (const uint8_t *)&j->place.word;
    one.code_size = j->place.row->length;
    one.code_at = j->place.pc;
    one.steps = 1;
    return one;
}

/* What the backends under test made of a case of one instruction, all of it together. */
static void look(const struct bins *b, const struct test_case *c, const struct lineup *lineup,
                 const struct outcome *outcomes, struct bin_hits *all)
{
    struct bin_hits before;
    bins_before(b, c, NULL, &before);
    if (!outcomes) *all = before;
    for (unsigned i = 0; outcomes && i < lineup->n; i++) {
        struct bin_hits h = before;
        if (lineup->entries[i].oracle || !outcome_usable(&outcomes[i])) continue;
        bins_after(b, c, &outcomes[i], &h);
        for (unsigned w = 0; w < ARRAY_LEN(h.bits); w++) all->bits[w] |= h.bits[w];
    }
}

/* What a case of another kind hit in the row that it is about. */
struct noting {
    unsigned row;         /* that */
    struct bin_hits hits; /* on any backend */
};

static void note_seen(void *noting, unsigned row, const struct bin_hits *h)
{
    struct noting *n = noting;
    for (unsigned w = 0; w < ARRAY_LEN(h->bits) && row == n->row; w++) n->hits.bits[w] |= h->bits[w];
}

static void note_scenario(const struct ledger *l, const struct test_case *c, const struct lineup *lineup,
                          const struct outcome *outcomes, struct buf *out)
{
    int row = c->kind->row(c);
    const struct ledger_subject *g = l->subjects;
    if (row < 0) return;
    while (g->subject->kind != c->kind || g->subject->number != c->subject) g++;
    struct noting n = {.row = (unsigned)row};
    if (!outcomes) c->kind->observe(c, NULL, note_seen, &n);
    for (unsigned i = 0; outcomes && i < lineup->n; i++)
        if (!lineup->entries[i].oracle && outcome_usable(&outcomes[i]))
            c->kind->observe(c, &outcomes[i], note_seen, &n);
    bin_hit(&n.hits, 0);
    buf_printf(out, "%s %s", g->subject->name, ledger_row(g, n.row)->id);
    for (unsigned i = 0; i < g->nbins[row]; i++)
        if (bin_was_hit(&n.hits, i)) buf_printf(out, " %u", i);
}

void condition_note(const struct ledger *l, const struct test_case *c, const struct lineup *lineup,
                    const struct outcome *outcomes, const struct judgement *j, struct buf *out)
{
    if (c->kind) {
        note_scenario(l, c, lineup, outcomes, out);
        return;
    }
    bool longer = c->steps > 1;
    const struct guest_row *row = longer ? j->place.row : c->row;
    const struct bins *b = bins_of(l, c->guest, row);
    struct bin_hits hits = {0};
    if (!b || (longer && !j->place.state)) return;
    struct test_case one = alone(c, j);
    if (longer)
        bins_before(b, &one, j->place.state, &hits);
    else
        look(b, &one, lineup, outcomes, &hits);
    bin_hit(&hits, 0);
    buf_printf(out, "%s %s%s", c->guest->name, row->id, longer ? " ~" : "");
    for (unsigned i = 0; i < b->n; i++)
        if (bin_was_hit(&hits, i)) buf_printf(out, " %u", i);
}

/* ---- in the session ---- */

/* A cause and what is known of passing cases of its row. */
struct view {
    const struct ledger *l;         /* what passed */
    const struct ledger_subject *g; /* the ISA, or another subject */
    unsigned subject, row;          /* which */
    const struct bins *b;           /* the row's bins; NULL: of another subject than an ISA */
    const struct cluster *k;        /* what failed */
};

static bool find_view(const struct ledger *l, const struct cluster *k, struct view *v)
{
    const char *space = k->row ? strchr(k->row, ' ') : NULL;
    if (!space || k->counted != k->n) return false; /* of some case nothing is known */
    for (unsigned i = 0; i < l->nsubjects; i++) {
        const struct ledger_subject *g = &l->subjects[i];
        const char *name = g->subject->name;
        if (strlen(name) != (size_t)(space - k->row) || memcmp(name, k->row, (size_t)(space - k->row)) != 0)
            continue;
        int row = subject_row_find(g->subject, space + 1);
        if (row < 0 || !g->nbins[row]) return false;
        *v = (struct view){l, g, i, (unsigned)row, g->bins ? g->bins[row] : NULL, k};
        return true;
    }
    return false;
}

static bool passed(const struct view *v, unsigned bin)
{
    for (unsigned b = 0; b < v->l->nbackends; b++)
        if (ledger_cells(v->l, v->subject, b, v->row)[bin] & CELL_PASSED) return true;
    return false;
}

/* A case hits one bin of the group at most, and, where it is of any use, always one. */
static bool is_exclusive(enum bin_kind k)
{
    return k == BIN_CLASS || k == BIN_ENUM || k == BIN_ROUND || k == BIN_CSR;
}

/* There are so many bins of these that one case may well be the only one to hit some. */
static bool is_fine(enum bin_kind k)
{
    return k == BIN_CROSS || k == BIN_RELATION || k == BIN_FLAG;
}

/* Bins of a group by who hit them. */
struct share {
    unsigned failed, passed; /* bins that failing cases hit; that passing ones did */
    unsigned either;         /* that any did */
    unsigned all;            /* that there are */
    uint64_t cases;          /* failing cases in them */
    bool apart;              /* none was hit by both */
};

/* A dynamic rounding mode that is none: the instruction faults, and that says nothing about its result. */
static bool is_no_mode(const struct view *v, const struct bin_group *g, unsigned raw)
{
    if (g->kind != BIN_ROUND) return false;
    int most = v->b->plan.row->fields[g->a].kind->round_max;
    return (int)(raw / ROUND_CONTROLS) > most && (int)(raw % ROUND_CONTROLS) > most;
}

static struct share share_of(const struct view *v, const struct bin_group *g)
{
    struct share s = {.apart = true};
    for (unsigned raw = 0; raw < g->nraw; raw++) {
        if (g->map[raw] == BIN_NONE) continue;
        uint32_t n = v->k->bins[g->map[raw]];
        bool good = passed(v, g->map[raw]);
        if (!n && is_no_mode(v, g, raw)) continue;
        s.all++;
        s.failed += n != 0;
        s.passed += good;
        s.either += n || good;
        s.cases += n;
        s.apart &= !(n && good);
    }
    return s;
}

enum which { FAILED /* failing cases hit it */, SPARED /* only passing ones do */ };

/* "rs1=qnan or snan": the `n` bins of the group of which that is so. */
static void name_some(const struct view *v, const struct bin_group *g, enum which which, unsigned n,
                      struct buf *out)
{
    struct buf name = {0};
    unsigned said = 0;
    for (unsigned raw = 0; raw < g->nraw; raw++) {
        unsigned bin = g->map[raw];
        if (bin == BIN_NONE || (which == FAILED) != (v->k->bins[bin] != 0)) continue;
        if (which == SPARED && (!passed(v, bin) || is_no_mode(v, g, raw))) continue;
        buf_reset(&name);
        bins_name(v->b, bin, &name);
        const char *value = strchr(buf_cstr(&name), '=');
        if (said) buf_str(out, said + 1 == n ? " or " : ", ");
        buf_str(out, said && value ? value + 1 : buf_cstr(&name));
        said++;
    }
    buf_free(&name);
}

/* The simplest kinds first: what an instruction says of itself, one operand, what happened, then two. */
static const enum bin_kind order[] = {BIN_ROUND,    BIN_ROLE,  BIN_ENUM,    BIN_CSR,    BIN_CLASS,
                                      BIN_IMM,      BIN_FAULT, BIN_ADDRESS, BIN_TARGET, BIN_BRANCH,
                                      BIN_RELATION, BIN_FLAG,  BIN_CROSS};

/* One bin that all failing cases hit, and no passing one. */
static bool one_bin(const struct view *v, const struct bin_group *g, struct buf *out)
{
    for (unsigned raw = 0; raw < g->nraw; raw++) {
        unsigned bin = g->map[raw];
        if (bin == BIN_NONE || v->k->bins[bin] != v->k->n || passed(v, bin)) continue;
        if (v->k->n == 1 && is_fine(g->kind)) continue;
        buf_str(out, "when ");
        bins_name(v->b, bin, out);
        return true;
    }
    return false;
}

/* Several values of one thing, or all but a few. */
static bool some_values(const struct view *v, const struct bin_group *g, const struct share *s,
                        struct buf *out)
{
    if (!is_exclusive(g->kind) || !s->apart || s->cases != v->k->n) return false;
    bool rest = s->passed < s->failed;
    unsigned n = rest ? s->passed : s->failed;
    if (n > VALUES_SAID) return false;
    buf_str(out, rest ? "unless " : "when ");
    name_some(v, g, rest ? SPARED : FAILED, n, out);
    return true;
}

/* What operands instructions of longer cases have is mostly not known. That no passing case is known to hit
 * what failing ones do is of interest where it is no chance. */
static bool is_no_chance(const struct view *v, const struct bin_group *g, const struct share *s)
{
    static const double small = 0.1;
    if (!v->k->longer) return true;
    if (!is_exclusive(g->kind)) return v->k->n > 1 && g->kind != BIN_CROSS && g->kind != BIN_RELATION;
    return pow((double)(s->all - s->passed) / s->all, (double)v->k->n) < small;
}

/* ---- where passing cases have it too ---- */

/* How much it says, in bits, that all failing cases hit only some of the bins that are hit at all: what
 * chance would hardly do. */
static double surprise(const struct view *v, const struct share *s)
{
    unsigned all = s->either;
    if (s->cases != v->k->n || s->failed >= all) return 0;
    if (s->failed > VALUES_SAID && all - s->failed > VALUES_SAID) return 0;
    return (double)v->k->n * log2((double)all / s->failed);
}

/* Adds what is most telling, and what is next: "only when rm=rup, and never when rs2=0". */
static bool only_when(const struct view *v, struct buf *out)
{
    static const double enough = 10; /* bits: of twenty groups, one in fifty causes shows as much by chance */
    double best[2] = {enough, enough};
    const struct bin_group *groups[2] = {NULL, NULL};
    for (unsigned i = 0; i < v->b->ngroups; i++) {
        const struct bin_group *g = &v->b->groups[i];
        struct share s = share_of(v, g);
        double bits = is_exclusive(g->kind) ? surprise(v, &s) : 0;
        if (bits > best[0]) {
            best[1] = best[0];
            groups[1] = groups[0];
            best[0] = bits;
            groups[0] = g;
        } else if (bits > best[1]) {
            best[1] = bits;
            groups[1] = g;
        }
    }
    for (unsigned i = 0; i < ARRAY_LEN(groups) && groups[i]; i++) {
        struct share s = share_of(v, groups[i]);
        bool rest = s.failed > VALUES_SAID || s.either - s.failed < s.failed;
        buf_str(out, i ? ", and " : "");
        buf_str(out, rest ? "never when " : "only when ");
        name_some(v, groups[i], rest ? SPARED : FAILED, rest ? s.either - s.failed : s.failed, out);
    }
    return groups[0];
}

static bool try_kind(const struct view *v, enum bin_kind kind, bool several, struct buf *out)
{
    for (unsigned i = 0; i < v->b->ngroups; i++) {
        const struct bin_group *g = &v->b->groups[i];
        if (g->kind != kind) continue;
        struct share s = share_of(v, g);
        /* of cases that passed nothing may be known: their operands come from earlier instructions */
        bool known = s.passed || kind == BIN_ROLE || kind == BIN_FAULT || kind == BIN_IMM;
        if (known && is_no_chance(v, g, &s) && (several ? some_values(v, g, &s, out) : one_bin(v, g, out)))
            return true;
    }
    return false;
}

/* Bins of other subjects have no groups: the first that all failing cases hit, and no passing one. */
static bool any_bin(const struct view *v, struct buf *out)
{
    for (unsigned bin = 1; v->k->n > 1 && bin < v->g->nbins[v->row]; bin++) {
        if (v->k->bins[bin] != v->k->n || passed(v, bin)) continue;
        buf_str(out, "when ");
        ledger_bin_name(v->g, v->row, bin, out);
        return true;
    }
    return false;
}

void condition_of(const struct ledger *l, const struct cluster *k, struct buf *out)
{
    struct view v;
    if (!l || !find_view(l, k, &v)) return;
    if (!passed(&v, 0)) {
        buf_str(out, "always: no case of this instruction is known to pass");
        return;
    }
    if (!v.b) {
        (void)any_bin(&v, out);
        return;
    }
    for (unsigned i = 0; i < 2 * ARRAY_LEN(order); i++)
        if (try_kind(&v, order[i % ARRAY_LEN(order)], i >= ARRAY_LEN(order), out)) return;
    (void)only_when(&v, out);
}

void condition_of_all(const struct ledger *l, struct clusters *c)
{
    for (unsigned i = 0; i < c->n; i++) {
        struct buf text = {0};
        condition_of(l, &c->items[i], &text);
        c->items[i].when = xstrdup(buf_cstr(&text));
        buf_free(&text);
    }
}
