/* Which flows there are: from what rows read and write. */
#include "harness/cover/flow.h"

#include <string.h>

static const char *const kinds[FLOW_KINDS] = {"int", "short", "load", "store", "atomic",
                                              "fp",  "move",  "csr",  "jump"};
static const char *const vias[FLOW_VIAS] = {"value", "address",       "same bytes", "overlap",
                                            "flags", "rounding mode", "reservation"};
static const char *const across[FLOW_ACROSS] = {"", " over a branch", " over a call", " round a loop"};

static bool is_reg(const struct guest_field *f)
{
    return f->kind->print == PRINT_REG;
}

/* It makes, or depends on, what `test:` of a register says: a reservation. */
static bool names_tested(const struct gen_plan *p, bool assigned)
{
    for (unsigned i = 0; i < p->guest->nregs; i++)
        if (p->guest->regs[i].test != TEST_NONE && gen_row_names(p->row, p->guest->regs[i].name, assigned))
            return true;
    return false;
}

static bool names_state(const struct gen_plan *p, int reg)
{
    return reg >= 0 && (gen_row_names(p->row, p->guest->regs[reg].name, false) ||
                        gen_row_names(p->row, p->guest->regs[reg].name, true));
}

enum flow_kind flow_kind_of(const struct gen_plan *p)
{
    const struct guest_row *row = p->row;
    const char *sem = row->sem ? row->sem : "";
    bool elsewhere = false, named = false;
    for (unsigned i = 0; i < row->nfields; i++) {
        named |= is_reg(&row->fields[i]);
        elsewhere |= is_reg(&row->fields[i]) && row->fields[i].kind->file != &p->guest->regs[0];
    }
    if (row->effects & EFFECT_JUMP) return FLOW_JUMP;
    if (row->effects & EFFECT_FP) return FLOW_FP;
    if (row->effects & EFFECT_CSR || names_state(p, p->flags_reg) || names_state(p, p->control_reg))
        return FLOW_CSR;
    if (row->effects & EFFECT_AMO || names_tested(p, true) || names_tested(p, false)) return FLOW_ATOMIC;
    if (row->effects & EFFECT_STORE) return FLOW_STORE;
    if (row->effects & EFFECT_LOAD) return FLOW_LOAD;
    if (row->effects || !named) return FLOW_KINDS;
    if (elsewhere) return FLOW_MOVE;
    return strstr(sem, "= sext(") || strstr(sem, "= zext(") ? FLOW_SHORT : FLOW_INT;
}

/* What rows of a kind can do; bit per register file. */
struct ability {
    uint32_t writes, reads, bases;    /* a result, a number, an address */
    bool stores, loads;               /* memory */
    bool raises, shows, sets, rounds; /* flags and the rounding mode */
    bool reserves, checks;            /* a reservation */
};

static uint32_t file_bit(const struct gen_plan *p, const struct guest_reg *file)
{
    return 1u << (file - p->guest->regs);
}

static void add_row(struct ability *a, const struct gen_plan *p)
{
    const struct guest_row *row = p->row;
    bool csr = row->effects & EFFECT_CSR, atomic = flow_kind_of(p) == FLOW_ATOMIC;
    for (unsigned i = 0; i < row->nfields; i++) {
        const struct guest_field *f = &row->fields[i];
        if (!is_reg(f)) continue;
        uint32_t bit = file_bit(p, f->kind->file);
        if (f->access & GUEST_WRITE) a->writes |= bit;
        if ((int)i == p->base_field) /* of a hint it is of no use */
            a->bases |= row->effects & (EFFECT_LOAD | EFFECT_STORE | EFFECT_AMO | EFFECT_JUMP) ? bit : 0;
        else if (f->access & GUEST_READ)
            a->reads |= bit;
    }
    a->stores |= row->effects & (EFFECT_STORE | EFFECT_AMO);
    a->loads |= row->effects & (EFFECT_LOAD | EFFECT_AMO);
    a->raises |= (row->effects & EFFECT_FP) != 0;
    a->shows |= csr || (p->flags_reg >= 0 && gen_row_names(row, p->guest->regs[p->flags_reg].name, false));
    a->sets |= csr;
    a->rounds |= p->round_field >= 0;
    a->reserves |= atomic && names_tested(p, true);
    a->checks |= atomic && names_tested(p, false);
}

static bool possible(const struct ability *from, const struct ability *to, enum flow_via via)
{
    switch (via) {
    case FLOW_VALUE: return from->writes & to->reads;
    case FLOW_ADDRESS: return from->writes & to->bases;
    case FLOW_MEMORY:
    case FLOW_PART: return from->stores && to->loads;
    case FLOW_FLAGS: return from->raises && to->shows;
    case FLOW_MODE: return from->sets && to->rounds;
    case FLOW_RESERVATION: return from->reserves && to->checks;
    case FLOW_VIAS: break;
    }
    return false;
}

unsigned flow_raw(struct flow f)
{
    return ((f.via * FLOW_KINDS + f.from) * FLOW_KINDS + f.to) * FLOW_ACROSS + f.across;
}

struct flow flow_of_raw(unsigned raw)
{
    return (struct flow){raw / (FLOW_ACROSS * FLOW_KINDS * FLOW_KINDS),
                         raw / (FLOW_ACROSS * FLOW_KINDS) % FLOW_KINDS, raw / FLOW_ACROSS % FLOW_KINDS,
                         raw % FLOW_ACROSS};
}

void flow_name(struct flow f, struct buf *out)
{
    buf_printf(out, "%s to %s: %s%s", kinds[f.from], kinds[f.to], vias[f.via], across[f.across]);
}

static const struct guest_row sequence_row = {.id = "sequence",
                                              .ext = "",
                                              .mnemonic = "",
                                              .syntax = "",
                                              .sem = "",
                                              .ref = "",
                                              .file = "sequences",
                                              .line = 1};

static void abilities(const struct guest *g, struct ability of[FLOW_KINDS])
{
    struct generator gen = {.guest = g};
    for (unsigned r = 0; r < g->nrows; r++) {
        struct gen_plan p;
        if (g->rows[r].absent || !gen_plan_init(&p, &gen, r)) continue;
        enum flow_kind k = flow_kind_of(&p);
        if (k < FLOW_KINDS) add_row(&of[k], &p);
    }
}

static struct bin_group *group(struct bins *b, enum bin_kind kind, unsigned nraw, struct arena *a)
{
    struct bin_group *g = &b->groups[b->ngroups++];
    *g = (struct bin_group){
        .kind = (uint8_t)kind, .nraw = (uint16_t)nraw, .map = arena_alloc(a, nraw * sizeof(*g->map))};
    memset(g->map, 0xff, nraw * sizeof(*g->map));
    return g;
}

static void add(struct bins *b, struct bin_group *g, unsigned raw)
{
    BUG_ON(b->n == BINS_MAX);
    b->list[b->n] = (struct bin){(uint16_t)(g - b->groups), (uint16_t)raw};
    g->map[raw] = (uint16_t)b->n++;
}

/* A jump makes nothing that is used before the jump is over. */
const struct bins *flows_make(const struct guest *g, struct arena *a)
{
    struct ability of[FLOW_KINDS] = {0};
    struct bins *b = arena_alloc(a, sizeof(*b));
    b->plan.guest = g;
    b->plan.row = &sequence_row;
    b->groups = arena_alloc(a, 2 * sizeof(*b->groups));
    abilities(g, of);
    add(b, group(b, BIN_EXECUTED, 1, a), 0);
    struct bin_group *flows = group(b, BIN_FLOW, FLOW_RAWS, a);
    for (unsigned raw = 0; raw < FLOW_RAWS; raw++) {
        struct flow f = flow_of_raw(raw);
        if (f.from == FLOW_JUMP && f.across < FLOW_CALL) continue;
        if (possible(&of[f.from], &of[f.to], f.via)) add(b, flows, raw);
    }
    return b;
}
