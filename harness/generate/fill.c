/* Until its bins are full: how many cases of a row it takes. Found by making the cases and looking which bins
 * they are for; nothing is run, so that every process finds the same number. */
#include "harness/generate/fill.h"

#include "harness/generate/sequence.h"

#include <stdlib.h>

struct known {
    uint64_t key, cases; /* of the question, and the answer */
};

struct gen_fills {
    struct known *at; /* n of them, in the order they were asked for */
    size_t n, cap;    /* how many; room */
};

struct gen_fills *gen_fills_new(void)
{
    return xcalloc(1, sizeof(struct gen_fills));
}

void gen_fills_free(struct gen_fills *f)
{
    if (f) free(f->at);
    free(f);
}

/* A case that hits this bin was for nothing when its instruction faults by what its values do not decide: a
 * reserved rounding mode, an address where it cannot be, a mode that does not hold. */
static bool spoils(const struct bins *b, const struct bin *bin)
{
    const struct bin_group *g = &b->groups[bin->group];
    const struct guest_row *row = b->plan.row;
    if (g->kind == BIN_ROUND) {
        int max = row->fields[g->a].kind->round_max;
        return (int)(bin->raw / ROUND_CONTROLS) > max && (int)(bin->raw % ROUND_CONTROLS) > max;
    }
    if (g->kind == BIN_CSR) return bin->raw > b->ncontrols; /* there is none */
    if (g->kind == BIN_SWITCH) return b->plan.switches[g->a].faults;
    if (g->kind != BIN_ADDRESS) return false;
    switch ((enum bin_place)bin->raw) {
    case PLACE_MISALIGNED:
    case PLACE_PAGES: return b->plan.base_test == TEST_ALIGNED;
    case PLACE_READ_ONLY:
    case PLACE_CODE: return row->effects & (EFFECT_STORE | EFFECT_AMO);
    case PLACE_OVER_END:
    case PLACE_OVER_START:
    case PLACE_UNMAPPED: return true;
    default: return false;
    }
}

/* Of a CSR that verdicts do not compare nobody knows here whether it may be accessed. Many do so for certain
 * that one of this many cases was not refused. */
enum { DOUBTS = 16 };

static bool is_doubtful(const struct bins *b, const struct bin *bin)
{
    return b->groups[bin->group].kind == BIN_CSR && bin->raw == b->ncontrols;
}

static bool is_value(enum bin_kind k)
{
    return k == BIN_CLASS || k == BIN_CROSS || k == BIN_RELATION || k == BIN_ROLE || k == BIN_IMM ||
           k == BIN_ENUM;
}

/* Bits of the bins that are wanted, of those that are about values, of those that spoil these, and of those
 * that may. */
struct masks {
    struct bin_hits wanted, values, spoilers, doubts;
};

static void masks_make(const struct bins *b, struct masks *m)
{
    *m = (struct masks){0};
    for (unsigned i = 0; i < b->n; i++) {
        if (!bin_needs_run(b, i)) bin_hit(&m->wanted, i);
        if (is_value(b->groups[b->list[i].group].kind)) bin_hit(&m->values, i);
        if (spoils(b, &b->list[i])) bin_hit(&m->spoilers, i);
        if (is_doubtful(b, &b->list[i])) bin_hit(&m->doubts, i);
    }
}

static bool any_of(const struct bin_hits *a, const struct bin_hits *b)
{
    uint64_t any = 0;
    for (unsigned w = 0; w < ARRAY_LEN(a->bits); w++) any |= a->bits[w] & b->bits[w];
    return any != 0;
}

/* Of the bins in a word those that were in doubt often enough by now. */
static uint64_t often(uint8_t *times, uint64_t bits)
{
    uint64_t good = 0;
    for (; bits; bits &= bits - 1) {
        unsigned bit = (unsigned)__builtin_ctzll(bits);
        if (++times[bit] == DOUBTS) good |= 1ull << bit;
    }
    return good;
}

/* Adds what a case hits. Whether anything was new. */
static bool take(const struct masks *m, const struct bin_hits *hits, struct gen_filled *f, uint8_t *times,
                 bool *full)
{
    bool spoiled = any_of(hits, &m->spoilers), doubtful = any_of(hits, &m->doubts), news = false;
    *full = true;
    for (unsigned w = 0; w < ARRAY_LEN(hits->bits); w++) {
        uint64_t more = hits->bits[w] & m->wanted.bits[w] & ~f->hit.bits[w];
        uint64_t values = more & m->values.bits[w];
        if (spoiled || doubtful) {
            f->spoiled.bits[w] |= values;
            more &= ~m->values.bits[w];
        }
        if (doubtful && !spoiled) more |= often(times + 64 * w, values);
        news |= more != 0;
        f->hit.bits[w] |= more;
        *full &= !(m->wanted.bits[w] & ~f->hit.bits[w]);
    }
    return news;
}

void gen_fill(const struct bins *b, const struct gen_plan *p, uint64_t from, uint64_t most,
              struct gen_filled *f)
{
    struct gen_out *out = xmalloc(sizeof(*out));
    struct masks m;
    uint8_t times[BINS_MAX] = {0}; /* a bin was met in doubt */
    bool full = false;
    masks_make(b, &m);
    *f = (struct gen_filled){.cases = 1};
    for (uint64_t n = 0; n < most && !full; n++) {
        struct bin_hits hits;
        gen_case(p, from + n, "", out);
        bins_before(b, &out->c, NULL, &hits);
        if (take(&m, &hits, f, times, &full)) f->cases = n + 1;
    }
    free(out);
}

static void remember(struct gen_fills *f, uint64_t key, uint64_t cases)
{
    if (f->n == f->cap) {
        f->cap = f->cap ? f->cap * 2 : 64;
        f->at = xrealloc(f->at, f->cap * sizeof(*f->at));
    }
    f->at[f->n++] = (struct known){key, cases};
}

/* The answer to a question that was asked before. */
static const struct known *known(const struct gen_fills *f, uint64_t key)
{
    for (size_t i = 0; f && i < f->n; i++)
        if (f->at[i].key == key) return &f->at[i];
    return NULL;
}

uint64_t gen_fill_count(struct gen_fills *f, const struct gen_plan *p, uint64_t from, uint64_t most)
{
    const uint64_t question[] = {p->seed, from, most, (uint64_t)p->values};
    uint64_t key = hash_bytes(question, sizeof(question), hash_str(p->guest->name, p->index));
    const struct known *answer = known(f, key);
    if (answer) return answer->cases;
    struct arena arena = {0};
    struct gen_filled filled;
    gen_fill(bins_make(p->guest, p->index, &arena), p, from, most, &filled);
    arena_free(&arena);
    if (f) remember(f, key, filled.cases);
    return filled.cases;
}

/* ---- sequences ---- */

/* Times that all flows are asked for before the rest are given up. */
enum { ROUNDS = 8 };

struct bin_hits gen_sequencer_flows(const struct gen_sequencer *q, const struct bins *flows)
{
    struct bin_hits h = {0};
    for (unsigned i = 0; i < q->nthemes; i++) {
        unsigned bin = flows->groups[1].map[q->themes[i]];
        if (bin != BIN_NONE) bin_hit(&h, bin);
    }
    return h;
}

/* What is hit of `wanted` now; whether that is more than before. */
static bool take_flows(const struct bin_hits *wanted, const struct bin_hits *hits,
                       struct bin_hits *known_hits, bool *full)
{
    bool news = false;
    *full = true;
    for (unsigned w = 0; w < ARRAY_LEN(hits->bits); w++) {
        news |= (hits->bits[w] & wanted->bits[w] & ~known_hits->bits[w]) != 0;
        known_hits->bits[w] |= hits->bits[w];
        *full &= !(wanted->bits[w] & ~known_hits->bits[w]);
    }
    return news;
}

static void follow_sequences(struct gen_sequencer *q, struct flow_trace *t, const struct bins *flows,
                             uint64_t from, uint64_t most, struct gen_filled *f)
{
    struct gen_out *out = xmalloc(sizeof(*out));
    struct bin_hits wanted = gen_sequencer_flows(q, flows);
    bool full = false;
    uint64_t patience = (uint64_t)ROUNDS * q->nthemes;
    for (uint64_t n = 0; n < most && !full && n < f->cases + patience; n++) {
        struct bin_hits hits = {0};
        gen_sequence(q, from + n, "", out);
        if (flow_follow(t, &out->c, FLOW_STEPS, &hits) && take_flows(&wanted, &hits, &f->hit, &full))
            f->cases = n + 1;
    }
    free(out);
}

void gen_fill_sequences(const struct generator *gen, uint64_t from, uint64_t most, struct gen_filled *f)
{
    const struct guest *g = gen->guest;
    struct arena a = {0};
    struct gen_sequencer *q = gen_sequencer_open(gen);
    const struct bins **all = arena_alloc(&a, g->nrows * sizeof(*all)), *flows = flows_make(g, &a);
    for (unsigned r = 0; r < g->nrows; r++) all[r] = g->rows[r].absent ? NULL : bins_make(g, r, &a);
    *f = (struct gen_filled){.cases = 1};
    struct flow_trace *t = flow_trace_open(g, all, flows);
    if (q) follow_sequences(q, t, flows, from, most, f);
    flow_trace_close(t);
    gen_sequencer_close(q);
    arena_free(&a);
}

uint64_t gen_fill_sequences_count(struct gen_fills *f, const struct generator *gen, uint64_t from,
                                  uint64_t most)
{
    const uint64_t question[] = {gen->seed, from, most, gen->shortest, gen->longest, gen->loops};
    uint64_t key = hash_bytes(gen->rows, (gen->guest->nrows + 63) / 64 * sizeof(*gen->rows),
                              hash_str(gen->guest->name, 0));
    key = hash_bytes(question, sizeof(question), key);
    const struct known *answer = known(f, key);
    if (answer) return answer->cases;
    struct gen_filled filled;
    gen_fill_sequences(gen, from, most, &filled);
    if (f) remember(f, key, filled.cases);
    return filled.cases;
}
