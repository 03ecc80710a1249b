/* The worker's end of the ledger: what a judged case adds to it, and how that gets home. */
#include "harness/cover/ledger.h"

#include "harness/judge/compare.h"
#include "harness/kinds/kind.h"

#include <stdlib.h>
#include <string.h>

/* What goes over the pipe; numbers in host order, as in records. */
struct news {
    uint16_t subject, row, bin; /* which; bin BIN_NONE: value counts cases */
    uint16_t backend;           /* in the ledger */
    uint32_t value;             /* bits of the cell, or cases more */
};

enum { NEWS_A_FRAME = 2000 };

struct scribe {
    struct ledger *l;                        /* what is known */
    const struct lineup *lineup;             /* whose outcomes they are */
    int8_t number[LINEUP_MAX];               /* of a backend or an outsider in the ledger, by lineup entry */
    uint32_t *fresh[SUBJECTS_MAX];           /* by row and backend: cases since the last frame */
    struct buf cells;                        /* struct news of cells */
    struct buf rows;                         /* uint32_t: subject << 16 | row, with fresh cases */
    unsigned subject, backend, checks;       /* of the note being taken */
    struct flow_trace *traces[SUBJECTS_MAX]; /* made when they are first needed */
};

struct scribe *scribe_open(struct ledger *l, const struct lineup *lineup)
{
    struct scribe *s = xcalloc(1, sizeof(*s));
    s->l = l;
    s->lineup = lineup;
    for (unsigned i = 0; i < lineup->n; i++) {
        const struct lineup_entry *e = &lineup->entries[i];
        s->number[i] = (int8_t)(e->oracle ? ledger_outsider : ledger_backend)(l, e->backend->name);
    }
    for (unsigned i = 0; i < l->nsubjects; i++)
        s->fresh[i] = xcalloc(ledger_rows(&l->subjects[i]), LEDGER_BACKENDS * sizeof(*s->fresh[i]));
    return s;
}

void scribe_close(struct scribe *s)
{
    if (!s) return;
    for (unsigned i = 0; i < s->l->nsubjects; i++) {
        flow_trace_close(s->traces[i]);
        free(s->fresh[i]);
    }
    buf_free(&s->cells);
    buf_free(&s->rows);
    free(s);
}

/* ---- noting ---- */

static void note_cell(struct scribe *s, unsigned row, unsigned bin, unsigned bits)
{
    uint16_t *cell = ledger_cells(s->l, s->subject, s->backend, row) + bin;
    if (likely((*cell | bits) == *cell)) return;
    *cell |= (uint16_t)bits;
    struct news n = {(uint16_t)s->subject, (uint16_t)row, (uint16_t)bin, (uint16_t)s->backend, bits};
    buf_add(&s->cells, &n, sizeof(n));
}

static void note_row(struct scribe *s, unsigned row)
{
    uint32_t *fresh = &s->fresh[s->subject][(size_t)row * LEDGER_BACKENDS];
    bool first = true;
    for (unsigned b = 0; b < s->l->nbackends; b++) first &= !fresh[b];
    if (first) buf_add(&s->rows, (uint32_t[]){s->subject << 16 | row}, sizeof(uint32_t));
    fresh[s->backend]++;
}

static void note_hits(void *scribe, unsigned row, const struct bin_hits *h)
{
    struct scribe *s = scribe;
    if (bin_was_hit(h, 0)) note_row(s, row);
    for (unsigned w = 0; w < ARRAY_LEN(h->bits); w++)
        for (uint64_t bits = h->bits[w]; bits; bits &= bits - 1)
            note_cell(s, row, w * 64 + (unsigned)__builtin_ctzll(bits), s->checks);
}

/* Of a longer case that passed: what its instructions surely hit does not count as covered by it, but fails
 * there no more. */
static void note_passed(void *scribe, unsigned row, const struct bin_hits *h)
{
    struct scribe *s = scribe;
    for (unsigned w = 0; w < ARRAY_LEN(h->bits); w++)
        for (uint64_t bits = h->bits[w]; bits; bits &= bits - 1)
            note_cell(s, row, w * 64 + (unsigned)__builtin_ctzll(bits), CELL_PASSED);
}

/* Bits of a cell for whoever agreed: by the judgement, the same for every backend under test. */
static unsigned checks_of(const struct scribe *s, const struct judgement *j)
{
    unsigned bits = CELL_EXECUTED;
    if (j->verdict == VERDICT_PASS) bits |= CELL_PASSED;
    if (j->checked & CHECKED_MANUAL) bits |= 1u << OUTSIDER_MANUAL;
    if (j->checked == CHECKED_PEER) bits |= CELL_PEER;
    for (unsigned i = 0; i < s->lineup->n; i++)
        if (j->outsiders >> i & 1 && s->number[i] >= 0) bits |= 1u << s->number[i];
    return bits;
}

static void note_outcome(struct scribe *s, const struct test_case *c, const struct outcome *o,
                         const struct bin_hits *before)
{
    const struct ledger_subject *g = &s->l->subjects[s->subject];
    unsigned row = (unsigned)(c->row - c->guest->rows);
    struct bin_hits hits = *before;
    if (c->steps > 1) {
        bins_executed(g->bins, c, o, note_hits, s);
        return;
    }
    bins_after(g->bins[row], c, o, &hits);
    note_hits(s, row, &hits);
}

/* What a sequence goes through, which is the same on every backend that agreed. */
static bool look_at_flows(struct scribe *s, const struct test_case *c, struct bin_hits *h)
{
    const struct ledger_subject *g = &s->l->subjects[s->subject];
    struct flow_trace **t = &s->traces[s->subject];
    *h = (struct bin_hits){0};
    if (c->steps < 2) return false;
    if (!*t) *t = flow_trace_open(c->guest, g->bins, g->bins[c->guest->nrows]);
    bin_hit(h, 0);
    return flow_follow(*t, c, FLOW_STEPS, h);
}

/* A case of another kind than instructions. */
static void note_scenario(struct scribe *s, const struct test_case *c, const struct outcome *outcomes)
{
    for (unsigned i = 0; i < s->lineup->n; i++) {
        const struct outcome *o = &outcomes[i];
        if (o->oracle || s->number[i] < 0 || !outcome_usable(o)) continue;
        s->backend = (unsigned)s->number[i];
        c->kind->observe(c, o, note_hits, s);
    }
}

static bool is_about(const struct test_case *c, const struct subject *s)
{
    return c->kind ? s->kind == c->kind && s->number == c->subject : s->guest == c->guest;
}

void scribe_note(struct scribe *s, const struct test_case *c, const struct outcome *outcomes,
                 const struct judgement *j)
{
    struct bin_hits before, flows;
    bool looked = false;
    bool row = c->row && !c->row->absent;
    if (!row && c->steps < 2 && !c->kind) return;
    for (s->subject = 0; !is_about(c, s->l->subjects[s->subject].subject);) s->subject++;
    s->checks = checks_of(s, j);
    if (unlikely(c->kind)) {
        note_scenario(s, c, outcomes);
        return;
    }
    bool flow = look_at_flows(s, c, &flows);
    for (unsigned i = 0; i < s->lineup->n; i++) {
        const struct outcome *o = &outcomes[i];
        if (o->oracle || s->number[i] < 0 || !outcome_usable(o)) continue;
        s->backend = (unsigned)s->number[i];
        if (row && !looked)
            bins_before(s->l->subjects[s->subject].bins[c->row - c->guest->rows], c, o->before, &before);
        if (!row && !looked && j->verdict == VERDICT_PASS)
            bins_executed(s->l->subjects[s->subject].bins, c, o, note_passed, s);
        looked = true;
        if (row) note_outcome(s, c, o, &before);
        if (flow) note_hits(s, c->guest->nrows, &flows);
    }
}

/* ---- sending ---- */

/* Turns the counts since the last time into news. */
static void count_rows(struct scribe *s)
{
    const uint32_t *rows = (const uint32_t *)(const void *)s->rows.p;
    for (size_t i = 0; i < s->rows.len / sizeof(*rows); i++) {
        unsigned subject = rows[i] >> 16, row = rows[i] & 0xffff;
        uint32_t *fresh = &s->fresh[subject][(size_t)row * LEDGER_BACKENDS];
        for (unsigned b = 0; b < s->l->nbackends; b++) {
            struct news n = {(uint16_t)subject, (uint16_t)row, BIN_NONE, (uint16_t)b, fresh[b]};
            if (fresh[b]) buf_add(&s->cells, &n, sizeof(n));
            fresh[b] = 0;
        }
    }
    buf_reset(&s->rows);
}

void scribe_send(struct scribe *s, struct buf *frames)
{
    count_rows(s);
    for (size_t at = 0; at < s->cells.len;) {
        size_t n = s->cells.len - at, most = NEWS_A_FRAME * sizeof(struct news);
        if (n > most) n = most;
        frame_encode_bytes(FRAME_COVER, s->cells.p + at, n, frames);
        at += n;
    }
    buf_reset(&s->cells);
}

/* ---- receiving: from a process that may be broken in any way ---- */

static bool makes_sense(const struct ledger *l, const struct news *n)
{
    if (n->subject >= l->nsubjects || n->backend >= l->nbackends) return false;
    const struct ledger_subject *g = &l->subjects[n->subject];
    if (n->row >= ledger_rows(g) || !g->nbins[n->row]) return false;
    if (n->bin == BIN_NONE) return true;
    return n->bin < g->nbins[n->row] &&
           !(n->value & ~(uint32_t)(CELL_EXECUTED | CELL_PEER | CELL_PASSED | CELL_CHECKED));
}

static void take_one(struct ledger *l, const struct news *n)
{
    if (n->bin == BIN_NONE)
        l->subjects[n->subject].cases[n->backend][n->row] += n->value;
    else
        ledger_cells(l, n->subject, n->backend, n->row)[n->bin] |= (uint16_t)n->value;
}

bool ledger_take(struct ledger *l, const char *body, size_t size)
{
    struct news n;
    if (size % sizeof(n)) return false;
    for (size_t at = 0; at < size; at += sizeof(n)) {
        memcpy(&n, body + at, sizeof(n));
        if (!makes_sense(l, &n)) return false;
    }
    for (size_t at = 0; at < size; at += sizeof(n)) {
        memcpy(&n, body + at, sizeof(n));
        take_one(l, &n);
    }
    return true;
}
