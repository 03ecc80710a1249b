/* Applying quirks: which known error of an oracle explains a difference, and what an oracle cannot run at
 * all.
 *
 * A quirk is about an instruction. In a case of several instructions, what its condition says of registers is
 * known of the first one, and of the one that a difference was traced back to (struct spot, run/excuse.c).
 */
#include "harness/judge/quirk.h"

#include "harness/corpus/case.h"

#include <stdlib.h>
#include <string.h>

/* An instruction of a case. */
struct place {
    const struct guest_row *row; /* what it is; NULL: none */
    int index;                   /* of the row, or -1 */
    uint32_t word;               /* its bits */
    uint64_t pc;                 /* where it stands */
    bool known;                  /* so is the state before it */
    const uint64_t *state;       /* that; NULL: as the case has it */
};

/* The instruction at *offset, which moves behind it. False: there are no more. */
static bool next_place(const struct test_case *c, unsigned *offset, struct place *p)
{
    if (*offset >= c->code_size) return false;
    uint32_t word = code_word(c->code, c->code_size, *offset);
    int row = c->guest->decode(word);
    *p = (struct place){
        row < 0 ? NULL : &c->guest->rows[row], row, word, c->code_at + *offset, !*offset, NULL};
    *offset += c->guest->length(word);
    return true;
}

static struct place spot_place(const struct test_case *c, const struct spot *s)
{
    int row = s->row ? (int)(s->row - c->guest->rows) : -1;
    return (struct place){s->row, row, s->word, s->pc, true, s->state};
}

/* ---- masks ---- */

/* Bits of word `w` of the register `which` (0 or 1 of a pair) that the mask takes away. */
static uint64_t masked_bits(const struct quirk_mask *m, const struct diff *d, unsigned which)
{
    unsigned from = which * d->reg.reg->width + d->word * 64, to = from + 63;
    if (m->hi < from || m->lo > to) return 0;
    unsigned lo = m->lo > from ? m->lo - from : 0, hi = m->hi < to ? m->hi - from : 63;
    return bits_mask(hi - lo + 1) << lo;
}

static bool same_file(struct guest_reg_ref a, struct guest_reg_ref b)
{
    return a.reg == b.reg;
}

static bool covers(const struct quirk_mask *m, const struct place *p, const struct diff *d)
{
    if (d->what == DIFF_MEM) return m->kind == MASK_MEM;
    if (d->what == DIFF_EXIT) return m->kind == MASK_EXIT;
    if (d->what == DIFF_VALUE) return m->kind == MASK_VALUE;
    if (m->kind == MASK_REG)
        return same_file(m->reg, d->reg) && m->reg.index == d->reg.index &&
               !(d->bits & ~masked_bits(m, d, 0));
    if (m->kind != MASK_OPERAND || !p->row) return false;
    const struct guest_field *f = expr_field(p->row, m->operand, strlen(m->operand));
    struct guest_reg_ref r = expr_operand_reg(f, p->word);
    if (!same_file(r, d->reg) || d->reg.index < r.index || d->reg.index > r.index + f->kind->pair)
        return false;
    return !(d->bits & ~masked_bits(m, d, d->reg.index - r.index));
}

/* ---- conditions ---- */

/* The state that the truth of a case describes, as far as it does: the rest is as before. */
static uint64_t *truth_state(const struct test_case *c, const struct outcome *theirs)
{
    size_t bytes = c->guest->state_words * sizeof(uint64_t);
    uint64_t *state = xmalloc(bytes);
    memcpy(state, theirs->before, bytes);
    for (unsigned i = 0; i < c->truth.nregs; i++) {
        const struct case_reg *r = &c->truth.regs[i];
        memcpy(guest_reg_words(c->guest, state, r->ref), r->value, r->ref.reg->words * sizeof(uint64_t));
    }
    return state;
}

static bool condition_holds(const struct quirk *q, const struct place *p, const struct test_case *c,
                            const struct outcome *theirs, const struct outcome *right)
{
    if (!q->when) return true;
    if (!p->known && !q->anywhere) return false;
    struct cpu_exit truth = c->truth.has_exit ? c->truth.exit : (struct cpu_exit){.kind = EXIT_BUDGET};
    uint64_t *state = right || !expr_needs_results(q->when) ? NULL : truth_state(c, theirs);
    struct expr_env env = {
        .c = c,
        .state = p->state,
        .row = p->row,
        .word = p->word,
        .pc = p->pc,
        .ours = right ? &right->exit : &truth,
        .ours_state = right ? right->state : state,
        .theirs = &theirs->exit,
        .theirs_state = theirs->state,
    };
    bool held = expr_eval(q->when, &env) != 0;
    free(state);
    return held;
}

/* The same before anything has run: such a condition is about operands only. */
static bool holds_beforehand(const struct quirk *q, const struct place *p, const struct test_case *c)
{
    if (!q->when) return true;
    struct expr_env env = {.c = c, .state = p->state, .row = p->row, .word = p->word, .pc = p->pc};
    return (p->known || q->anywhere) && expr_eval(q->when, &env) != 0;
}

static bool concerns(const struct quirk *q, const struct backend *b, const struct test_case *c)
{
    return q->current && q->guest == c->guest && q->backend == b;
}

/* The quirk explains the difference as this instruction's. */
static bool explains(const struct quirk *q, const struct place *p, const struct test_case *c,
                     const struct outcome *theirs, const struct outcome *right, const struct diff *d)
{
    if (q->unsupported || !quirk_about(q, p->index) || !concerns(q, theirs->backend, c)) return false;
    bool covered = false;
    for (unsigned k = 0; k < q->nmasks && !covered; k++) covered = covers(&q->masks[k], p, d);
    return covered && condition_holds(q, p, c, theirs, right);
}

/* At the instruction itself, also what it cannot run. */
static int find_at_spot(const struct quirks *q, const struct test_case *c, const struct outcome *theirs,
                        const struct outcome *right, const struct diff *d)
{
    struct place p = spot_place(c, theirs->spot);
    for (unsigned i = 0; i < q->n; i++) {
        const struct quirk *row = &q->at[i];
        bool cannot = row->unsupported && quirk_about(row, p.index) && concerns(row, theirs->backend, c);
        if ((cannot && holds_beforehand(row, &p, c)) || explains(row, &p, c, theirs, right, d)) return (int)i;
    }
    return -1;
}

int quirk_find(const struct quirks *q, const struct test_case *c, const struct outcome *theirs,
               const struct outcome *right, const struct diff *d)
{
    struct place p;
    if (unlikely(c->kind)) return quirk_kind_find(q, c, theirs, right, d);
    for (unsigned at = 0; next_place(c, &at, &p);)
        for (unsigned i = 0; i < q->n; i++)
            if (explains(&q->at[i], &p, c, theirs, right, d)) return (int)i;
    return theirs->spot ? find_at_spot(q, c, theirs, right, d) : -1;
}

const char *quirk_unsupported(const struct quirks *q, const struct backend *b, const struct test_case *c,
                              unsigned *i)
{
    struct place p;
    if (!b->oracle && !q->waives) return NULL; /* as nearly always: this is asked in every case */
    if (unlikely(c->kind)) return quirk_kind_unsupported(q, b, c, i);
    for (unsigned at = 0; next_place(c, &at, &p);) {
        for (unsigned k = 0; k < q->n; k++) {
            const struct quirk *row = &q->at[k];
            if (!row->unsupported || !quirk_about(row, p.index) || !concerns(row, b, c)) continue;
            if (!holds_beforehand(row, &p, c)) continue;
            *i = k;
            return row->why;
        }
    }
    return NULL;
}
