/* An execution, instruction by instruction: who made what the next one uses. The interpreter does it, one
 * step at a time: it is the reference for what is executed, and cheap. */
#include "harness/cover/flow.h"

#include <stdlib.h>
#include <string.h>

enum { WORDS = 512, STORES = 64 };

/* Jumps so far, by what they are to the flow over them. */
struct jumps {
    uint32_t branches, calls, loops;
};

/* Something that an instruction made. */
struct made {
    uint8_t kind;        /* 1 + enum flow_kind; 0: it was there before */
    struct jumps before; /* when it was made */
};

struct store {
    uint64_t at, size; /* bytes */
    struct made by;    /* whose */
};

struct flow_trace {
    const struct guest *guest;     /* the ISA */
    const struct bins *const *all; /* of its rows */
    const struct bins *flows;      /* of sequences */
    enum flow_kind *kinds;         /* by row */
    struct runner *runner;         /* the interpreter */
    struct made words[WORDS];      /* by word of the state */
    struct store stores[STORES];   /* the latest, round */
    unsigned nstores;              /* ever */
    struct jumps jumps;            /* so far */
    struct bin_hits *hits;         /* what was seen */
};

/* An instruction about to be executed. */
struct step {
    const struct gen_plan *p; /* its row */
    enum flow_kind kind;      /* of that */
    uint32_t word;            /* its bits */
    uint64_t at;              /* of its access */
    unsigned size;            /* bytes of it, 0: none */
};

struct flow_trace *flow_trace_open(const struct guest *g, const struct bins *const *all,
                                   const struct bins *flows)
{
    struct flow_trace *t = xcalloc(1, sizeof(*t));
    const char *why;
    t->guest = g;
    t->all = all;
    t->flows = flows;
    t->runner = runner_open(&backend_interp, g, &why);
    t->kinds = xcalloc(g->nrows, sizeof(*t->kinds));
    for (unsigned r = 0; r < g->nrows; r++) t->kinds[r] = all[r] ? flow_kind_of(&all[r]->plan) : FLOW_KINDS;
    return t;
}

void flow_trace_close(struct flow_trace *t)
{
    if (!t) return;
    runner_close(t->runner);
    free(t->kinds);
    free(t);
}

/* ---- using ---- */

static void use(struct flow_trace *t, const struct made *m, enum flow_via via, enum flow_kind to)
{
    if (!m->kind) return;
    enum flow_across across = t->jumps.loops != m->before.loops         ? FLOW_LOOP
                              : t->jumps.calls != m->before.calls       ? FLOW_CALL
                              : t->jumps.branches != m->before.branches ? FLOW_BRANCH
                                                                        : FLOW_STRAIGHT;
    const struct bin_group *g = &t->flows->groups[1];
    unsigned bin = g->map[flow_raw((struct flow){via, (enum flow_kind)(m->kind - 1), to, across})];
    if (bin != BIN_NONE) bin_hit(t->hits, bin);
}

static struct made *word_of(struct flow_trace *t, const struct guest_reg *reg, unsigned index)
{
    unsigned w = reg->word + index * reg->words;
    return w < WORDS && (int)index != reg->zero ? &t->words[w] : NULL;
}

static void use_reg(struct flow_trace *t, const struct step *s, const struct guest_reg *reg, unsigned index,
                    enum flow_via via)
{
    const struct made *m = word_of(t, reg, index);
    if (m) use(t, m, via, s->kind);
}

static unsigned number_of(const struct step *s, unsigned field)
{
    const struct guest_field *f = &s->p->row->fields[field];
    return (unsigned)guest_field_get(f, s->word) + f->kind->add;
}

/* The latest store to any of these bytes. */
static void use_memory(struct flow_trace *t, const struct step *s)
{
    unsigned last = t->nstores < STORES ? t->nstores : STORES;
    for (unsigned i = 1; i <= last; i++) {
        const struct store *m = &t->stores[(t->nstores - i) % STORES];
        if (s->at >= m->at + m->size || m->at >= s->at + s->size) continue;
        use(t, &m->by, m->at == s->at && m->size == s->size ? FLOW_MEMORY : FLOW_PART, s->kind);
        return;
    }
}

/* The state that the row depends on beside its operands. */
static void use_state(struct flow_trace *t, const struct step *s)
{
    const struct gen_plan *p = s->p;
    const struct guest_reg *regs = t->guest->regs;
    if (s->kind == FLOW_CSR && p->flags_reg >= 0) use_reg(t, s, &regs[p->flags_reg], 0, FLOW_FLAGS);
    if (p->round_field >= 0 && p->control_reg >= 0 &&
        (int)guest_field_get(&p->row->fields[p->round_field], s->word) >
            p->row->fields[p->round_field].kind->round_max)
        use_reg(t, s, &regs[p->control_reg], 0, FLOW_MODE);
    for (unsigned i = 0; i < p->nswitches; i++)
        if (p->switches[i].test != TEST_NONE) use_reg(t, s, p->switches[i].reg, 0, FLOW_RESERVATION);
}

static void use_all(struct flow_trace *t, const struct step *s)
{
    const struct gen_plan *p = s->p;
    for (unsigned i = 0; i < p->row->nfields; i++) {
        const struct guest_field *f = &p->row->fields[i];
        if (f->kind->print == PRINT_REG && f->access & GUEST_READ)
            use_reg(t, s, f->kind->file, number_of(s, i),
                    (int)i == p->base_field ? FLOW_ADDRESS : FLOW_VALUE);
    }
    if (p->base_field < 0 && p->base_implicit >= 0)
        use_reg(t, s, p->implicit[p->base_implicit].reg, p->implicit[p->base_implicit].index, FLOW_ADDRESS);
    if (s->size && p->row->effects & (EFFECT_LOAD | EFFECT_AMO)) use_memory(t, s);
    use_state(t, s);
}

/* ---- making ---- */

static void make(struct flow_trace *t, const struct step *s, const struct guest_reg *reg, unsigned index)
{
    struct made *m = word_of(t, reg, index);
    if (m) *m = (struct made){(uint8_t)(s->kind + 1), t->jumps};
}

static void make_all(struct flow_trace *t, const struct step *s)
{
    const struct gen_plan *p = s->p;
    const struct guest_reg *regs = t->guest->regs;
    for (unsigned i = 0; i < p->row->nfields; i++) {
        const struct guest_field *f = &p->row->fields[i];
        if (f->kind->print != PRINT_REG || !(f->access & GUEST_WRITE)) continue;
        unsigned first = number_of(s, i), count = f->kind->pair ? 2 : 1;
        for (unsigned k = 0; k < count; k++) make(t, s, f->kind->file, first + k);
    }
    if (s->size && p->row->effects & (EFFECT_STORE | EFFECT_AMO))
        t->stores[t->nstores++ % STORES] = (struct store){s->at, s->size, {(uint8_t)(s->kind + 1), t->jumps}};
    if (s->kind == FLOW_FP && p->flags_reg >= 0) make(t, s, &regs[p->flags_reg], 0);
    if (s->kind == FLOW_CSR && p->control_reg >= 0) make(t, s, &regs[p->control_reg], 0);
    for (unsigned i = 0; s->kind == FLOW_ATOMIC && i < t->guest->nregs; i++)
        if (regs[i].test != TEST_NONE && gen_row_names(p->row, regs[i].name, true)) make(t, s, &regs[i], 0);
}

/* A jump from `pc` to `next`, which it was followed by. */
static void jump(struct flow_trace *t, const struct step *s, uint64_t pc, uint64_t next)
{
    bool links = s->p->base_test == TEST_CODE;
    for (unsigned i = 0; i < s->p->row->nfields; i++) {
        const struct guest_field *f = &s->p->row->fields[i];
        if (f->kind->print == PRINT_REG && f->access & GUEST_WRITE)
            links |= (int)number_of(s, i) != f->kind->file->zero;
    }
    if (links)
        t->jumps.calls++; /* returns go backward, too */
    else if (next <= pc)
        t->jumps.loops++;
    else
        t->jumps.branches++;
}

/* ---- following ---- */

static bool look(const struct flow_trace *t, const struct outcome *o, struct step *s)
{
    uint8_t bytes[4] = {0};
    uint64_t pc = o->state[t->guest->pc_word];
    if (mem_read(o->mem, pc, bytes, 4) && mem_read(o->mem, pc, bytes, 2)) return false;
    s->word =
        (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
    int row = t->guest->decode(s->word);
    if (row < 0 || !t->all[row]) return false;
    const struct gen_plan *p = s->p = &t->all[row]->plan;
    s->kind = t->kinds[row];
    s->size = p->base_field >= 0 || p->base_implicit >= 0 ? p->row->access_size : 0;
    if (!s->size) return true;
    struct guest_reg_ref base = p->base_field < 0
                                    ? p->implicit[p->base_implicit]
                                    : (struct guest_reg_ref){p->row->fields[p->base_field].kind->file,
                                                             number_of(s, (unsigned)p->base_field)};
    s->at = (int)base.index == base.reg->zero ? 0 : o->state[base.reg->word + base.index * base.reg->words];
    if (p->offset_field >= 0) s->at += guest_field_get(&p->row->fields[p->offset_field], s->word);
    return true;
}

bool flow_follow(struct flow_trace *t, const struct test_case *c, uint64_t most, struct bin_hits *h)
{
    struct test_case none = *c;
    struct outcome o;
    struct step s;
    if (!t->runner) return false;
    memset(t->words, 0, sizeof(t->words));
    t->nstores = 0;
    t->jumps = (struct jumps){0};
    t->hits = h;
    none.steps = 0;
    runner_run(t->runner, &none, &o);
    if (o.unsupported) return false;
    for (uint64_t left = c->steps < most ? c->steps : most; left && look(t, &o, &s); left--) {
        uint64_t pc = o.state[t->guest->pc_word];
        if (s.kind < FLOW_KINDS) use_all(t, &s);
        runner_go_on(t->runner, 1, &o);
        if (o.exit.kind != EXIT_BUDGET) break;
        if (s.kind < FLOW_KINDS) make_all(t, &s);
        if (s.kind == FLOW_JUMP) jump(t, &s, pc, o.state[t->guest->pc_word]);
    }
    return true;
}
