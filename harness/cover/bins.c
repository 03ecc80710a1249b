/* Which bins a row has. What cannot be encoded has none: each register, immediate and enum value is tried in
 * instructions of the row, and counts where the result still decodes as the row. */
#include "harness/cover/bins.h"

#include <string.h>

enum { SAMPLES = 32, MAX_GROUPS = 96, FEW_VALUES = 16, MAX_VALUES = 64 };

/* Bins in the making. */
struct making {
    struct bins *b;            /* what is made */
    struct arena *arena;       /* where */
    uint32_t samples[SAMPLES]; /* instructions of the row */
    unsigned nsamples;         /* how many */
};

static bool is_reg(const struct guest_field *f)
{
    return f->kind->print == PRINT_REG;
}

static const struct guest_row *row_of(const struct making *m)
{
    return m->b->plan.row;
}

static struct bin_group *group_add(struct making *m, enum bin_kind kind, unsigned a, unsigned b,
                                   unsigned nraw)
{
    BUG_ON(m->b->ngroups == MAX_GROUPS);
    struct bin_group *g = &m->b->groups[m->b->ngroups++];
    *g = (struct bin_group){(uint8_t)kind, (uint8_t)a, (uint8_t)b, (uint16_t)nraw,
                            arena_alloc(m->arena, nraw * sizeof(*g->map))};
    memset(g->map, 0xff, nraw * sizeof(*g->map));
    return g;
}

static void bin_add(struct making *m, struct bin_group *g, unsigned raw)
{
    struct bins *b = m->b;
    if (b->n == BINS_MAX) BUG("%s: more than %d bins", row_of(m)->id, BINS_MAX);
    b->list[b->n] = (struct bin){(uint16_t)(g - b->groups), (uint16_t)raw};
    g->map[raw] = (uint16_t)b->n++;
}

/* ---- what can be encoded ---- */

static void find_samples(struct making *m)
{
    const struct gen_plan *p = &m->b->plan;
    struct rng r = {p->seed};
    for (unsigned n = 0; n < SAMPLES; n++)
        if (gen_encode(p, n, &r, &m->samples[m->nsamples])) m->nsamples++;
}

/* Some instruction of the row has these values in these fields. */
static bool encodes(const struct making *m, const unsigned *fields, unsigned n, const uint64_t *values)
{
    for (unsigned s = 0; s < m->nsamples; s++) {
        uint32_t word = m->samples[s];
        bool good = true;
        for (unsigned i = 0; i < n && good; i++)
            good = guest_field_put(&row_of(m)->fields[fields[i]], values[i], &word);
        if (good && m->b->plan.guest->decode(word) == (int)m->b->plan.index) return true;
    }
    return false;
}

/* Some instruction of the row has the same register in all of these fields; `which`: that one, or any (-1).
 */
static bool same_register(const struct making *m, const unsigned *fields, unsigned n, int which)
{
    uint64_t values[GEN_MAX_FIELDS];
    unsigned count = row_of(m)->fields[fields[0]].kind->file->count;
    for (unsigned r = which < 0 ? 0 : (unsigned)which; r < count; r++) {
        for (unsigned i = 0; i < n; i++) values[i] = (uint64_t)r - row_of(m)->fields[fields[i]].kind->add;
        if (encodes(m, fields, n, values)) return true;
        if (which >= 0) break;
    }
    return false;
}

/* ---- operands ---- */

static bool has_classes(enum guest_test t)
{
    return t == TEST_INT || t == TEST_SHIFT || t == TEST_F16 || t == TEST_F32 || t == TEST_F64;
}

static void operand_add(struct making *m, struct bin_operand o)
{
    BUG_ON(m->b->noperands == BINS_MAX_OPERANDS);
    m->b->operands[m->b->noperands++] = o;
}

/* Registers that are read as numbers; what holds an address has bins of its own. */
static void find_operands(struct making *m)
{
    const struct gen_plan *p = &m->b->plan;
    for (unsigned i = 0; i < p->row->nfields; i++) {
        const struct guest_field *f = &p->row->fields[i];
        if (!is_reg(f) || !(f->access & GUEST_READ) || (int)i == p->base_field || !has_classes(f->test))
            continue;
        unsigned width = f->kind->file->width < 64 ? f->kind->file->width : 64;
        operand_add(m, (struct bin_operand){(int)i, {0}, f->test, width, p->box[i]});
    }
    for (unsigned i = 0; i < p->nimplicit; i++) {
        struct guest_reg_ref r = p->implicit[i];
        if ((int)i == p->base_implicit || r.reg->width > 64 ||
            !gen_row_names(p->row, guest_reg_name(r.reg, r.index), false))
            continue;
        operand_add(m, (struct bin_operand){-1, r, TEST_INT, r.reg->width, 0});
    }
}

static void add_classes(struct making *m)
{
    for (unsigned i = 0; i < m->b->noperands; i++) {
        const struct bin_operand *o = &m->b->operands[i];
        unsigned n = class_count(o->test);
        struct bin_group *g = group_add(m, BIN_CLASS, i, 0, n);
        for (unsigned c = 0; c < n; c++)
            if (class_exists(o, c)) bin_add(m, g, c);
    }
}

static void add_cross(struct making *m, unsigned a, unsigned b)
{
    const struct bin_operand *x = &m->b->operands[a], *y = &m->b->operands[b];
    unsigned nx = class_count(x->test), ny = class_count(y->test);
    struct bin_group *g = group_add(m, BIN_CROSS, a, b, nx * ny);
    for (unsigned i = 0; i < nx; i++)
        for (unsigned k = 0; k < ny; k++)
            if (class_exists(x, i) && class_exists(y, k)) bin_add(m, g, i * ny + k);
}

static void add_pairs(struct making *m)
{
    for (unsigned a = 0; a < m->b->noperands; a++)
        for (unsigned b = a + 1; b < m->b->noperands; b++) add_cross(m, a, b);
    for (unsigned a = 0; a < m->b->noperands; a++)
        for (unsigned b = a + 1; b < m->b->noperands; b++) {
            const struct bin_operand *x = &m->b->operands[a];
            if (x->test != m->b->operands[b].test || x->test == TEST_SHIFT) continue;
            struct bin_group *g = group_add(m, BIN_RELATION, a, b, RELATIONS);
            for (unsigned r = 0; r < RELATIONS; r++)
                if (relation_exists(x, r)) bin_add(m, g, r);
        }
}

/* ---- who is who ---- */

static bool role_exists(const struct making *m, const struct gen_role *role)
{
    const struct gen_plan *p = &m->b->plan;
    unsigned fields[GEN_MAX_FIELDS], n = 0;
    switch ((enum gen_role_kind)role->kind) {
    case ROLE_DISTINCT: return true;
    case ROLE_SAME: return same_register(m, (unsigned[]){role->a, role->b}, 2, -1);
    case ROLE_ZERO:
        return same_register(m, (unsigned[]){role->a}, 1, p->row->fields[role->a].kind->file->zero);
    case ROLE_IMPLICIT: return same_register(m, (unsigned[]){role->a}, 1, (int)p->implicit[role->b].index);
    case ROLE_ALL:
        for (unsigned i = 0; i < p->row->nfields; i++) {
            if (!is_reg(&p->row->fields[i])) continue;
            if (n && p->row->fields[i].kind->file != p->row->fields[fields[0]].kind->file) return false;
            fields[n++] = i;
        }
        return same_register(m, fields, n, -1);
    }
    return false;
}

static void add_roles(struct making *m)
{
    const struct gen_plan *p = &m->b->plan;
    unsigned regs = 0;
    for (unsigned i = 0; i < p->row->nfields; i++) regs += is_reg(&p->row->fields[i]);
    if (!regs) return;
    struct bin_group *g = group_add(m, BIN_ROLE, 0, 0, p->nroles);
    bool distinct = false;
    for (unsigned i = 0; i < p->nroles; i++) {
        bool plain = p->roles[i].kind == ROLE_DISTINCT;
        if ((plain && distinct) || !role_exists(m, &p->roles[i])) continue;
        bin_add(m, g, i);
        distinct |= plain;
    }
}

/* ---- fields that are no registers ---- */

static uint64_t imm_min(const struct guest_field *f)
{
    return f->kind->is_signed ? ~bits_mask(f->width - 1u) : 0;
}

static uint64_t imm_max(const struct guest_field *f)
{
    return bits_mask(f->width - (f->kind->is_signed ? 1u : 0u)) & ~bits_mask(f->low);
}

static uint64_t imm_value(const struct guest_field *f, unsigned raw)
{
    switch (raw) {
    case IMM_MIN: return imm_min(f);
    case IMM_MAX: return imm_max(f);
    case IMM_ZERO: return 0;
    case IMM_MINUS_ONE: return f->kind->is_signed ? ~bits_mask(f->low) : imm_max(f);
    default: {
        uint64_t v = 1ull << (raw - IMM_BIT);
        return f->kind->is_signed && raw - IMM_BIT == f->width - 1u ? 0 - v : v;
    }
    }
}

/* The corners; a value that is two of them has one bin, with the first name. */
static void add_corners(struct making *m, unsigned field)
{
    const struct guest_field *f = &row_of(m)->fields[field];
    struct bin_group *g = group_add(m, BIN_IMM, field, 0, IMM_BIT + f->width);
    for (unsigned raw = 0; raw < g->nraw; raw++) {
        uint64_t v = imm_value(f, raw);
        for (unsigned k = 0; k < raw && g->map[raw] == BIN_NONE; k++)
            if (imm_value(f, k) == v) g->map[raw] = g->map[k];
        if (g->map[raw] == BIN_NONE && encodes(m, &field, 1, &v)) bin_add(m, g, raw);
    }
}

/* Every value, where there are few of them: raw is the field's bits. */
static void add_values(struct making *m, unsigned field, unsigned n)
{
    const struct guest_field *f = &row_of(m)->fields[field];
    struct bin_group *g = group_add(m, BIN_ENUM, field, 0, n);
    for (unsigned raw = 0; raw < n; raw++) {
        uint64_t v = (uint64_t)raw << f->low;
        if (f->kind->is_signed) v = (uint64_t)bits_sext(v, f->width);
        if (encodes(m, &field, 1, &v)) bin_add(m, g, raw);
    }
}

static void add_csrs(struct making *m, unsigned field)
{
    const struct guest *g = m->b->plan.guest;
    for (unsigned i = 0; i < g->ncsrs && m->b->ncontrols < BINS_MAX_OPERANDS; i++) {
        struct guest_reg_ref r = guest_reg_find(g, g->csrs[i].name);
        if (!r.reg || !r.reg->compare || !encodes(m, &field, 1, (uint64_t[]){g->csrs[i].number})) continue;
        m->b->controls[m->b->ncontrols++] = r;
    }
    struct bin_group *group = group_add(m, BIN_CSR, field, 0, m->b->ncontrols + 2);
    for (unsigned raw = 0; raw < group->nraw; raw++) bin_add(m, group, raw);
}

static void add_fields(struct making *m)
{
    for (unsigned i = 0; i < row_of(m)->nfields; i++) {
        const struct guest_field *f = &row_of(m)->fields[i];
        unsigned bits = f->width - (f->low < f->width ? f->low : 0u);
        bool named = f->kind->print == PRINT_ENUM || f->kind->print == PRINT_SET;
        if (is_reg(f) || (int)i == m->b->plan.round_field)
            continue;
        else if (f->kind->print == PRINT_CSR)
            add_csrs(m, i);
        else if (1u << bits <= (named ? MAX_VALUES : FEW_VALUES))
            add_values(m, i, 1u << bits);
        else
            add_corners(m, i);
    }
}

static void add_rounds(struct making *m)
{
    const struct gen_plan *p = &m->b->plan;
    m->b->sets_control =
        p->control_reg >= 0 && gen_row_names(p->row, p->guest->regs[p->control_reg].name, true);
    if (!p->nrounds) return;
    struct bin_group *g = group_add(m, BIN_ROUND, (unsigned)p->round_field, 0, 8 * ROUND_CONTROLS);
    for (unsigned i = 0; i < p->nrounds; i++) {
        unsigned control = p->rounds[i].control == 0xff ? 0 : p->rounds[i].control;
        unsigned raw = p->rounds[i].field * ROUND_CONTROLS + control;
        BUG_ON(raw >= g->nraw);
        if (g->map[raw] == BIN_NONE) bin_add(m, g, raw);
    }
}

/* As reset leaves it has no bin: most cases are so. */
static void add_switches(struct making *m)
{
    const struct gen_plan *p = &m->b->plan;
    for (unsigned i = 0; i < p->guest->nregs; i++) {
        const struct guest_reg *r = &p->guest->regs[i];
        m->b->sets_tested |= r->test != TEST_NONE && gen_row_names(p->row, r->name, true);
    }
    for (unsigned i = 0; i < p->nswitches; i++) {
        struct bin_group *g = group_add(m, BIN_SWITCH, i, 0, p->switches[i].n);
        for (unsigned raw = 1; raw < g->nraw; raw++) bin_add(m, g, raw);
    }
}

/* ---- what happens ---- */

static void add_addresses(struct making *m)
{
    const struct gen_plan *p = &m->b->plan;
    if (p->base_field < 0 && p->base_implicit < 0) return;
    if (p->base_test == TEST_CODE) {
        struct bin_group *g = group_add(m, BIN_TARGET, 0, 0, TARGETS);
        for (unsigned raw = 0; raw < TARGETS; raw++) bin_add(m, g, raw);
        return;
    }
    struct bin_group *g = group_add(m, BIN_ADDRESS, 0, 0, PLACES);
    unsigned size = p->row->access_size ? p->row->access_size : 1;
    for (unsigned raw = 0; raw < PLACES; raw++)
        if (place_exists(raw, size)) bin_add(m, g, raw);
}

static void add_results(struct making *m)
{
    const struct gen_plan *p = &m->b->plan;
    struct bin_group *faults = group_add(m, BIN_FAULT, 0, 0, p->guest->ncauses);
    for (unsigned i = 0; i < p->guest->ncauses; i++)
        if (bins_raises(p->guest, p->row) >> i & 1) bin_add(m, faults, i);
    const struct guest_reg *flags = p->flags_reg >= 0 ? &p->guest->regs[p->flags_reg] : NULL;
    for (unsigned i = 0; flags && p->row->effects & EFFECT_FP && flags->bits[i]; i++) {
        if (!*flags->bits[i]) continue;
        struct bin_group *g = group_add(m, BIN_FLAG, i, 0, FLAG_WAYS);
        for (unsigned raw = 0; raw < FLAG_WAYS; raw++) bin_add(m, g, raw);
    }
    bool relative = false;
    for (unsigned i = 0; i < p->row->nfields; i++) relative |= p->row->fields[i].kind->print == PRINT_PCREL;
    if (!(p->row->effects & EFFECT_JUMP)) return;
    m->b->conditional = relative && m->b->noperands;
    struct bin_group *g = group_add(m, BIN_BRANCH, 0, 0, 2);
    for (unsigned raw = 0; raw < (m->b->conditional ? 2u : 1u); raw++) bin_add(m, g, raw);
}

const struct bins *bins_make(const struct guest *g, unsigned row, struct arena *a)
{
    struct generator gen = {.guest = g};
    struct making m = {.b = arena_alloc(a, sizeof(*m.b)), .arena = a};
    BUG_ON(g->rows[row].absent);
    m.b->groups = arena_alloc(a, MAX_GROUPS * sizeof(*m.b->groups));
    bool known = gen_plan_init(&m.b->plan, &gen, row);
    bin_add(&m, group_add(&m, BIN_EXECUTED, 0, 0, 1), 0);
    if (!known) return m.b; /* nobody can generate it, so nothing else is known */
    find_samples(&m);
    find_operands(&m);
    add_classes(&m);
    add_pairs(&m);
    add_roles(&m);
    add_fields(&m);
    add_rounds(&m);
    add_addresses(&m);
    add_switches(&m);
    add_results(&m);
    return m.b;
}
