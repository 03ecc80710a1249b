/* Shrinking what only the manual contradicts. Other operands would have another truth, which nobody here can
 * tell, and a part of the instructions too; so only what the instructions cannot read is taken away. What
 * they read is known from their rows. The truth stays whole: the case is to be kept.
 */
#include "harness/generate/generate.h"
#include "harness/shrink/shrink.h"

#include <string.h>

/* What the instructions of a case may look at. */
struct reach {
    uint64_t regs[8]; /* bit per word of the state */
    bool memory;      /* they access it */
    bool unknown;     /* some may be anything */
};

static void reach_add(struct reach *r, struct guest_reg_ref ref, unsigned n)
{
    for (unsigned i = 0; i < n * ref.reg->words; i++) {
        unsigned word = ref.reg->word + ref.index * ref.reg->words + i;
        if (word < sizeof(r->regs) * 8)
            r->regs[word / 64] |= 1ull << word % 64;
        else
            r->unknown = true;
    }
}

static void reach_insn(struct reach *r, const struct guest *g, int row, uint32_t word)
{
    struct gen_plan plan;
    struct generator gen = {.guest = g};
    if (row < 0 || g->rows[row].absent || !gen_plan_init(&plan, &gen, (unsigned)row)) {
        r->unknown = true;
        return;
    }
    for (unsigned i = 0; i < plan.row->nfields; i++) {
        const struct guest_field *f = &plan.row->fields[i];
        if (!f->kind || f->kind->print != PRINT_REG || !(f->access & GUEST_READ)) continue;
        unsigned number = (unsigned)guest_field_get(f, word) + f->kind->add;
        reach_add(r, (struct guest_reg_ref){f->kind->file, number}, 1 + f->kind->pair);
    }
    for (unsigned i = 0; i < plan.nimplicit; i++) reach_add(r, plan.implicit[i], 1);
    r->memory |= plan.row->effects & (EFFECT_LOAD | EFFECT_STORE | EFFECT_AMO);
}

static struct reach reach_of(const struct test_case *c)
{
    struct reach r = {0};
    for (unsigned at = 0; at < c->code_size && !r.unknown;) {
        uint32_t word = code_word(c->code, c->code_size, at);
        int row = c->guest->decode(word);
        reach_insn(&r, c->guest, row, word);
        at += row < 0 ? c->guest->code_unit : c->guest->length(word);
    }
    /* code of its own in memory is not looked through */
    for (unsigned i = 0; i < c->nmem; i++)
        r.unknown |= c->mem[i].perm & CPU_EXEC || c->mem[i].at - LAYOUT_CODE < LAYOUT_CODE_SIZE;
    return r;
}

/* A register that instructions can only get at by naming it, and none does. */
static bool out_of_reach(const struct reach *r, struct guest_reg_ref ref)
{
    unsigned word = ref.reg->word + ref.index * ref.reg->words;
    return ref.reg->count > 1 && word < sizeof(r->regs) * 8 && !(r->regs[word / 64] >> word % 64 & 1);
}

void reduce_keeping_truth(struct trial *t, const char *want, const struct test_case *c,
                          struct truth_case *out)
{
    struct reach reach = reach_of(c);
    out->c = *c;
    if (reach.unknown || c->nin > CASE_MAX_REGS) return;
    if (c->nin) memcpy(out->in, c->in, c->nin * sizeof(*out->in));
    out->c.in = out->in;
    for (unsigned i = c->nin; i-- > 0;) {
        if (!out_of_reach(&reach, out->in[i].ref)) continue;
        struct case_reg gone = out->in[i];
        memmove(&out->in[i], &out->in[i + 1], (--out->c.nin - i) * sizeof(*out->in));
        if (!strcmp(trial_run(t, &out->c).signature, want)) continue;
        memmove(&out->in[i + 1], &out->in[i], (out->c.nin++ - i) * sizeof(*out->in));
        out->in[i] = gone;
    }
    if (reach.memory || c->truth.nmem) return;
    out->c.nmem = 0;
    if (strcmp(trial_run(t, &out->c).signature, want) != 0) out->c.nmem = c->nmem;
}
