/* The trace around the first difference: the last instructions before it and the one itself, with what they
 * read and what they wrote; of the one itself, on each side. */
#include "harness/judge/compare.h"
#include "harness/run/lineup.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { BEFORE = 3, SHOWN = 6 };

struct step {
    struct panel *p;                /* runs */
    const struct test_case *c;      /* the case */
    struct activity *act;           /* what is being done */
    unsigned n;                     /* outcomes */
    uint64_t *before;               /* state before the instruction */
    struct outcome out[LINEUP_MAX]; /* after it */
};

static void run_until(struct step *s, uint64_t steps)
{
    struct test_case cut = *s->c;
    cut.steps = steps;
    cut.has_truth = false;
    panel_forget(s->p);
    panel_run(s->p, &cut, s->act, s->out);
}

static const struct outcome *first_usable(const struct step *s)
{
    for (unsigned i = 0; i < s->n; i++)
        if (outcome_usable(&s->out[i]) && s->out[i].state) return &s->out[i];
    return NULL;
}

bool divergence_place(const struct test_case *c, const struct outcome *o, struct failure_place *at)
{
    uint8_t bytes[4] = {0};
    size_t n = sizeof(bytes);
    at->pc = o->state[c->guest->pc_word];
    while (n && mem_read(o->mem, at->pc, bytes, n)) n -= c->guest->code_unit;
    memcpy(&at->word, bytes, sizeof(at->word));
    int row = n ? c->guest->decode(at->word) : -1;
    at->row = row < 0 ? NULL : &c->guest->rows[row];
    return n > 0;
}

/* ---- who is to blame ---- */

/* The register is an operand of the instruction: one that it writes, or any. */
static bool is_operand(const struct failure_place *at, struct guest_reg_ref ref, unsigned access)
{
    for (unsigned i = 0; at->row && i < at->row->nfields; i++) {
        const struct guest_field *f = &at->row->fields[i];
        if (!f->kind || f->kind->print != PRINT_REG || f->kind->file != ref.reg || !(f->access & access))
            continue;
        unsigned number = (unsigned)guest_field_get(f, at->word) + f->kind->add;
        if (ref.index == number || (f->kind->pair && ref.index == number + 1)) return true;
    }
    return false;
}

/* The instruction itself can have made the difference. */
static bool may_make(const struct failure_place *at, const struct diff *d, unsigned access)
{
    if (d->what == DIFF_MEM) return at->row && at->row->effects & (EFFECT_STORE | EFFECT_AMO);
    if (d->what == DIFF_REG && d->reg.reg->count > 1) return is_operand(at, d->reg, access);
    return true;
}

bool divergence_reads(const struct failure_place *at, const struct diff *d)
{
    if (d->what == DIFF_MEM) return at->row && at->row->effects & (EFFECT_LOAD | EFFECT_AMO);
    if (d->what == DIFF_REG && d->reg.reg->count > 1) return is_operand(at, d->reg, GUEST_READ);
    return d->what == DIFF_REG; /* a register that instructions do not name: any may */
}

bool divergence_blame(struct panel *p, const struct test_case *c, unsigned n, struct activity *act,
                      const struct findings *f, struct failure_place *at, struct findings *cause)
{
    enum { BACK = 128 }; /* instructions: as long as translated blocks are */
    struct step s = {.p = p, .c = c, .act = act, .n = n};
    struct findings left = *f;
    bool found = false;
    for (unsigned i = 0; i < f->n; i++)
        if (may_make(at, &f->items[i], GUEST_READ | GUEST_WRITE)) return false;
    for (uint64_t k = at->step - 1; k && left.n && f->n && at->step - k <= BACK; k--) {
        struct failure_place here = {.step = k};
        run_until(&s, k - 1);
        const struct outcome *o = first_usable(&s);
        if (!o || !divergence_place(c, o, &here)) break;
        for (unsigned i = left.n; i-- > 0;) {
            if (!may_make(&here, &left.items[i], GUEST_WRITE)) continue;
            *cause = (struct findings){.items = {left.items[i]}, .n = 1};
            left.items[i] = left.items[--left.n];
            at->from = k;
            at->pc = here.pc;
            at->word = here.word;
            at->row = here.row;
            found = true;
        }
    }
    return found;
}

/* ---- the trace ---- */

static void show_value(struct guest_reg_ref ref, const uint64_t *state, struct buf *out)
{
    size_t at = ref.reg->word + (size_t)ref.index * ref.reg->words;
    buf_printf(out, " %s=", guest_reg_name(ref.reg, ref.index));
    for (unsigned w = ref.reg->words; w-- > 0;) describe_reg(ref, state[at + w], out);
}

/* Operands that are registers and are read, each once. */
static void show_read(const struct step *s, const struct failure_place *at, struct buf *out)
{
    uint64_t shown[4] = {0};
    for (unsigned i = 0; at->row && i < at->row->nfields; i++) {
        const struct guest_field *f = &at->row->fields[i];
        if (!f->kind || f->kind->print != PRINT_REG || !(f->access & GUEST_READ)) continue;
        unsigned number = (unsigned)guest_field_get(f, at->word) + f->kind->add;
        size_t bit = f->kind->file->word + number;
        if (bit >= sizeof(shown) * 8 || shown[bit / 64] >> bit % 64 & 1) continue;
        shown[bit / 64] |= 1ull << bit % 64;
        show_value((struct guest_reg_ref){f->kind->file, number}, s->before, out);
    }
}

/* Registers that are not as they were before the instruction, nor pc at `next`. */
static void show_written(const struct step *s, uint64_t next, const struct outcome *o, struct buf *out)
{
    unsigned shown = 0;
    for (unsigned i = 0; i < s->c->guest->nregs; i++) {
        const struct guest_reg *r = &s->c->guest->regs[i];
        for (unsigned k = 0; r->compare && k < r->count && shown < SHOWN; k++) {
            size_t at = r->word + (size_t)k * r->words;
            if (!memcmp(o->state + at, s->before + at, r->words * sizeof(uint64_t))) continue;
            if (at == s->c->guest->pc_word && o->state[at] == next) continue;
            show_value((struct guest_reg_ref){r, k}, o->state, out);
            shown++;
        }
    }
    if (!shown) buf_str(out, " nothing");
    if (o->exit.kind == EXIT_BUDGET) return;
    buf_str(out, ", ");
    describe_exit(s->c->guest, &o->exit, out);
}

static void show_step(struct step *s, uint64_t number, bool last, struct buf *out)
{
    struct failure_place at = {.step = number};
    run_until(s, number - 1);
    const struct outcome *o = first_usable(s);
    if (!o || !divergence_place(s->c, o, &at)) return;
    memcpy(s->before, o->state, s->c->guest->state_words * sizeof(*s->before));
    buf_printf(out, "  %s %6" PRIu64 "  %#" PRIx64 ": ", last ? ">" : " ", number, at.pc);
    uint64_t next = at.pc + guest_disasm_bytes(s->c->guest, (const uint8_t *)&at.word, sizeof(at.word), out);
    buf_str(out, "   reads");
    size_t start = out->len;
    show_read(s, &at, out);
    if (out->len == start) buf_str(out, " nothing");
    run_until(s, number);
    for (unsigned i = 0; last && i < s->n; i++) {
        if (!outcome_usable(&s->out[i]) || !s->out[i].state) continue;
        buf_printf(out, "\n              %s writes", s->out[i].backend->name);
        show_written(s, next, &s->out[i], out);
    }
    o = first_usable(s);
    if (!last && o) buf_str(out, "; writes");
    if (!last && o) show_written(s, next, o, out);
    buf_char(out, '\n');
}

void divergence_show(struct panel *p, const struct test_case *c, uint64_t step, unsigned n,
                     struct activity *act, struct buf *out)
{
    struct step s = {.p = p, .c = c, .act = act, .n = n};
    s.before = xcalloc(c->guest->state_words, sizeof(*s.before));
    for (uint64_t i = step > BEFORE ? step - BEFORE : 1; i <= step; i++) show_step(&s, i, i == step, out);
    free(s.before);
}
