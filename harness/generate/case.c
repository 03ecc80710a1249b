/* Case n of a row: the instruction, the registers it reads, memory where its address lands. */
#include "harness/generate/generate.h"

#include <string.h>

/* A case in the making. */
struct making {
    const struct gen_plan *p; /* its row */
    uint64_t n;               /* its number */
    struct rng r;             /* its own */
    uint32_t word;            /* the instruction */
    uint64_t offset;          /* what the instruction adds to its base */
    uint64_t target;          /* where its memory access lands */
    uint64_t found;           /* what stands there, its lowest eight bytes; 0: nobody chose it */
    struct gen_out *out;      /* what it becomes */
    unsigned nin;             /* registers so far */
};

static bool get_reg(const struct making *m, struct guest_reg_ref ref, uint64_t *v)
{
    for (unsigned i = 0; i < m->nin; i++) {
        const struct case_reg *r = &m->out->in[i];
        if (r->ref.reg != ref.reg || r->ref.index != ref.index) continue;
        *v = r->value[0];
        return true;
    }
    return false;
}

/* The first to set a register wins. */
static void set_reg(struct making *m, struct guest_reg_ref ref, uint64_t v)
{
    uint64_t old;
    if ((int)ref.index == ref.reg->zero || m->nin == GEN_MAX_REGS || get_reg(m, ref, &old)) return;
    struct case_reg *r = &m->out->in[m->nin++];
    r->ref = ref;
    r->value[0] = v & bits_mask(ref.reg->width < 64 ? ref.reg->width : 64);
    for (unsigned i = 1; i < ref.reg->words; i++) r->value[i] = rng_next(&m->r);
}

static struct guest_reg_ref field_reg(const struct making *m, unsigned field)
{
    const struct guest_field *f = &m->p->row->fields[field];
    return (struct guest_reg_ref){f->kind->file, (unsigned)guest_field_get(f, m->word) + f->kind->add};
}

static bool is_reg(const struct making *m, unsigned field)
{
    return m->p->row->fields[field].kind->print == PRINT_REG;
}

/* ---- the address ---- */

enum target {
    AT_ALIGNED,    /* in the middle of data */
    AT_ODD,        /* misaligned there */
    AT_PAGES,      /* over the border of its two pages */
    AT_FIRST,      /* its first bytes */
    AT_LAST,       /* its last bytes */
    AT_OVER_END,   /* some bytes beyond */
    AT_OVER_START, /* some bytes before */
    AT_BEYOND,     /* right behind it */
    AT_ROM,        /* where nobody may write */
    AT_ROM_ODD,
    AT_CODE,     /* the code's own page */
    AT_NULL,     /* address 0 and a little more */
    AT_TOP,      /* the last bytes of the address space, or around it */
    AT_ANYWHERE, /* any 64-bit number */
};

static const uint8_t address_targets[] = {
    AT_ALIGNED, AT_ALIGNED, AT_ALIGNED, AT_ODD,      AT_ODD,        AT_ODD,    AT_PAGES,
    AT_PAGES,   AT_FIRST,   AT_LAST,    AT_OVER_END, AT_OVER_START, AT_BEYOND, AT_ROM,
    AT_ROM_ODD, AT_CODE,    AT_NULL,    AT_TOP,      AT_ANYWHERE,   AT_LAST,
};
static const uint8_t aligned_targets[] = {
    AT_ALIGNED, AT_ALIGNED, AT_ALIGNED,    AT_ALIGNED, AT_ALIGNED, AT_ALIGNED,  AT_ALIGNED,
    AT_FIRST,   AT_LAST,    AT_OVER_START, AT_ODD,     AT_PAGES,   AT_OVER_END, AT_BEYOND,
    AT_ROM,     AT_ROM_ODD, AT_CODE,       AT_NULL,    AT_TOP,     AT_ANYWHERE,
};

/* From 1 to size - 1; 0 for bytes, which cannot be split. */
static uint64_t part(struct making *m, unsigned size)
{
    return size > 1 ? 1 + rng_below(&m->r, size - 1) : 0;
}

static uint64_t pick_target(struct making *m, enum target how, unsigned size)
{
    const uint64_t data = LAYOUT_DATA, end = data + LAYOUT_DATA_SIZE;
    uint64_t middle = data + 64 + (rng_below(&m->r, LAYOUT_DATA_SIZE - 256) & ~(uint64_t)(size - 1));
    switch (how) {
    case AT_ALIGNED: return middle;
    case AT_ODD: return middle + part(m, size);
    case AT_PAGES: return data + CPU_PAGE - part(m, size);
    case AT_FIRST: return data;
    case AT_LAST: return end - size;
    case AT_OVER_END: return end - part(m, size);
    case AT_OVER_START: return data - part(m, size);
    case AT_BEYOND: return end + rng_below(&m->r, 16) * size;
    case AT_ROM: return LAYOUT_ROM + (rng_below(&m->r, LAYOUT_ROM_SIZE) & ~(uint64_t)(size - 1));
    case AT_ROM_ODD: return LAYOUT_ROM + rng_below(&m->r, LAYOUT_ROM_SIZE);
    case AT_CODE: return LAYOUT_CODE + LAYOUT_CODE_SIZE / 2 + rng_below(&m->r, 64) * size;
    case AT_NULL: return rng_below(&m->r, 4) * size;
    case AT_TOP: return 0 - (uint64_t)size + (rng_next(&m->r) & 1 ? part(m, size) : 0);
    case AT_ANYWHERE: break;
    }
    return rng_next(&m->r);
}

/* Where a jump through a register goes: even and odd addresses in the code's page, its end, and elsewhere. */
static uint64_t pick_jump(struct making *m)
{
    uint64_t in = LAYOUT_CODE + rng_below(&m->r, LAYOUT_CODE_SIZE);
    switch (gen_dim(m->p, DIM_TARGET, 8, m->n)) {
    case 0: return in | 1;
    case 1: return (in & ~3ull) | 2;
    case 2: return LAYOUT_CODE + LAYOUT_CODE_SIZE - 2;
    case 3: return LAYOUT_DATA + 8;
    case 4: return rng_next(&m->r);
    default: return in & ~3ull;
    }
}

/* A base that is always zero reaches nothing; every other time the first page is there, so that it is used
 * too. */
static void map_first_page(struct making *m)
{
    if (m->target >= CPU_PAGE - 64 || m->n % 2) return;
    m->out->mem[0] = (struct case_mem){.at = 0, .size = CPU_PAGE, .perm = CPU_READ | CPU_WRITE};
    m->out->c.mem = m->out->mem;
    m->out->c.nmem = 1;
}

static void set_base(struct making *m)
{
    const struct gen_plan *p = m->p;
    if (p->base_field < 0 && p->base_implicit < 0) return;
    if (p->offset_field >= 0) m->offset = guest_field_get(&p->row->fields[p->offset_field], m->word);
    unsigned size = p->row->access_size ? p->row->access_size : 8;
    bool aligned = p->base_test == TEST_ALIGNED;
    const uint8_t *targets = aligned ? aligned_targets : address_targets;
    unsigned n = aligned ? ARRAY_LEN(aligned_targets) : ARRAY_LEN(address_targets);
    m->target = p->base_test == TEST_CODE ? pick_jump(m)
                                          : pick_target(m, targets[gen_dim(p, DIM_TARGET, n, m->n)], size);
    struct guest_reg_ref base =
        p->base_field >= 0 ? field_reg(m, (unsigned)p->base_field) : p->implicit[p->base_implicit];
    set_reg(m, base, m->target - m->offset);
    uint64_t v = 0;
    get_reg(m, base, &v);
    m->target = v + m->offset; /* another one when the base is always zero */
    if ((int)base.index == base.reg->zero && p->base_test != TEST_CODE) map_first_page(m);
}

/* ---- operands ---- */

/* The register image of a value of a format. */
static uint64_t box(const struct gen_plan *p, unsigned field, uint64_t v)
{
    unsigned width = gen_test_width(p->row->fields[field].test);
    if (!p->box[field]) return v;
    return v | (bits_mask(p->box[field]) & ~bits_mask(width));
}

static bool reads_value(const struct making *m, unsigned i)
{
    return is_reg(m, i) && m->p->row->fields[i].access & GUEST_READ && (int)i != m->p->base_field;
}

static void set_value(struct making *m, unsigned field, uint64_t v)
{
    struct guest_reg_ref ref = field_reg(m, field);
    set_reg(m, ref, v);
    if (!m->p->row->fields[field].kind->pair) return;
    ref.index++;
    set_reg(m, ref, gen_random(TEST_INT, &m->r, v));
}

static void set_corner(struct making *m, unsigned field, unsigned k)
{
    struct gen_corners c = gen_corners(m->p->row->fields[field].test);
    set_value(m, field, k >= c.n - c.images ? c.v[k] : box(m->p, field, c.v[k]));
}

/* Corners of all operands, crossed. */
static void set_corners(struct making *m, uint64_t i)
{
    const struct gen_plan *p = m->p;
    uint64_t at = gen_dim(p, DIM_VALUES, p->crossed, i);
    for (unsigned f = 0; f < p->row->nfields; f++) {
        if (!reads_value(m, f)) continue;
        unsigned n = gen_corners(p->row->fields[f].test).n;
        set_corner(m, f, (unsigned)(at % n));
        at /= n;
    }
}

/* Classes of the first two operands, crossed, so that those with one corner come as often as those with many;
 * of each other one such that with either of them, too, all pairs come in as many cases. */
static void set_classes(struct making *m, uint64_t i)
{
    const struct gen_plan *p = m->p;
    unsigned at = gen_dim(p, DIM_CLASSES, p->class_crossed, i), sum = (unsigned)(i / p->class_crossed), n = 0;
    for (unsigned f = 0; f < p->row->nfields; f++) {
        if (!reads_value(m, f)) continue;
        const struct gen_classes *s = &p->classes[f];
        unsigned class = (n++ < 2 ? at : sum) % s->n, first = s->start[class];
        set_corner(m, f, s->order[first + rng_below(&m->r, s->start[class + 1] - first)]);
        sum += class;
        at /= s->n;
    }
}

/* Each may be near any of those before it. */
static void set_random(struct making *m)
{
    const struct gen_plan *p = m->p;
    uint64_t others[GEN_MAX_FIELDS] = {rng_next(&m->r)};
    unsigned n = 0;
    for (unsigned f = 0; f < p->row->nfields; f++) {
        if (!reads_value(m, f)) continue;
        enum guest_test t = p->row->fields[f].test;
        bool third = n == 2 && gen_is_fp(t) && rng_next(&m->r) & 1;
        uint64_t v = third ? gen_addend(t, &m->r, others[0], others[1])
                           : gen_random(t, &m->r, others[n < 2 ? 0 : rng_below(&m->r, n)]);
        bool unboxed = p->box[f] && rng_below(&m->r, 16) == 0;
        others[n++] = v;
        set_value(m, f,
                  unboxed ? v | rng_next(&m->r) << gen_test_width(p->row->fields[f].test) : box(p, f, v));
    }
}

/* Of four cases two are corners, one is classes of corners, one is random, unless the file asks for one kind
 * only. */
static void set_operands(struct making *m)
{
    uint64_t four = m->n / 4, of = m->n % 4;
    bool all = m->p->values == GEN_ALL;
    if (m->p->values == GEN_RANDOM || (all && of == 3))
        set_random(m);
    else if (gen_crosses_classes(m->p, m->n))
        set_classes(m, four);
    else
        set_corners(m, all ? four * 2 + of / 2 : four * 3 + of);
}

/* Registers that the row names itself; then what nobody should read: the old values of what is written, and
 * one register that has no part in it. */
static void set_others(struct making *m)
{
    const struct gen_plan *p = m->p;
    struct gen_corners c = gen_corners(TEST_INT);
    for (unsigned i = 0; i < p->nimplicit; i++)
        set_reg(m, p->implicit[i],
                m->n % 4 == 3 ? gen_random(TEST_INT, &m->r, 0) : c.v[gen_dim(p, DIM_CONTENT, c.n, m->n)]);
    for (unsigned f = 0; f < p->row->nfields; f++)
        if (is_reg(m, f)) set_value(m, f, rng_next(&m->r));
    struct guest_reg_ref bystander = {&p->guest->regs[0], 0};
    bystander.index = (unsigned)rng_below(&m->r, bystander.reg->count);
    set_reg(m, bystander, rng_next(&m->r));
}

static void set_fp_state(struct making *m)
{
    const struct gen_plan *p = m->p;
    if (!p->fp_state) return;
    uint64_t r = rng_next(&m->r), control = r >> 32;
    if (p->nrounds) {
        struct gen_round round = gen_round(p, m->n);
        if (round.control != 0xff) control = round.control;
    }
    if (p->flags_reg >= 0)
        set_reg(m, (struct guest_reg_ref){&p->guest->regs[p->flags_reg], 0}, r & 1 ? r >> 8 & 0xff : 0);
    if (p->control_reg >= 0) set_reg(m, (struct guest_reg_ref){&p->guest->regs[p->control_reg], 0}, control);
}

/* ---- memory ---- */

/* The operand that is compared with memory (it is read and written) as it is, if the row has one. */
static bool compared(struct making *m, unsigned field, uint64_t v[2])
{
    const struct guest_field *f = &m->p->row->fields[field];
    if (f->access != (GUEST_READ | GUEST_WRITE)) return false;
    struct guest_reg_ref ref = field_reg(m, field);
    v[0] = v[1] = 0; /* what x0, and its pair, reads as */
    if (!get_reg(m, ref, &v[0]) || !f->kind->pair) return true;
    ref.index++;
    get_reg(m, ref, &v[1]);
    return true;
}

/* What the access finds: a corner or random value of the class it is loaded as; every other time what it is
 * compared with. */
static void content(struct making *m, uint64_t v[2])
{
    const struct gen_plan *p = m->p;
    enum guest_test t = TEST_INT;
    for (unsigned f = 0; f < p->row->nfields; f++) {
        if (!is_reg(m, f) || !(p->row->fields[f].access & GUEST_WRITE)) continue;
        t = p->row->fields[f].test;
        if (m->n % 2 && compared(m, f, v)) return;
    }
    struct gen_corners c = gen_corners(t);
    v[0] = m->n % 4 == 3 ? gen_random(t, &m->r, 0) : c.v[gen_dim(p, DIM_CONTENT, c.n, m->n)];
    v[1] = gen_random(t, &m->r, v[0]);
}

/* Bytes around the access, as far as they are in one of the regions that every case has. */
static void set_memory(struct making *m)
{
    static const struct {
        uint64_t base, size; /* of a region */
    } regions[] = {{LAYOUT_DATA, LAYOUT_DATA_SIZE}, {LAYOUT_ROM, LAYOUT_ROM_SIZE}};
    const struct gen_plan *p = m->p;
    struct test_case *c = &m->out->c;
    unsigned size = p->row->access_size;
    if (!size || (p->base_field < 0 && p->base_implicit < 0)) return;
    for (unsigned i = 0; i < ARRAY_LEN(regions) + c->nmem; i++) {
        bool first = i == ARRAY_LEN(regions); /* the page that map_first_page made */
        uint64_t base = first ? 0 : regions[i].base, end = base + (first ? CPU_PAGE : regions[i].size);
        if (m->target >= end || m->target + size <= base || m->target + size < m->target) continue;
        uint64_t from = m->target & ~(uint64_t)(size - 1), to = from + 2 * size + 8;
        from = from < base + 8 ? base : from - 8;
        if (to > end) to = end;
        uint64_t n = to - from, v[2];
        BUG_ON(n > GEN_MAX_DATA);
        for (uint64_t k = 0; k < n; k++) {
            if (k % 8 == 0) v[0] = rng_next(&m->r);
            m->out->data[k] = (uint8_t)(v[0] >> (k % 8 * 8));
        }
        content(m, v);
        m->found = v[0];
        for (uint64_t k = 0; k < size && k < 16; k++) {
            uint64_t at = m->target + k - from;
            if (m->target + k >= from && at < n) m->out->data[at] = (uint8_t)(v[k / 8] >> (k % 8 * 8));
        }
        m->out->mem[c->nmem++] = (struct case_mem){.at = from, .size = n, .data = m->out->data};
        c->mem = m->out->mem;
        break; /* no access reaches two of them */
    }
}

/* ---- what decides whether it runs ---- */

/* Where a register's value stands, from its reset value on. NULL: no room. */
static uint64_t *reg_slot(struct making *m, const struct guest_reg *reg)
{
    for (unsigned i = 0; i < m->nin; i++)
        if (m->out->in[i].ref.reg == reg) return &m->out->in[i].value[0];
    if (m->nin == GEN_MAX_REGS) return NULL;
    struct case_reg *r = &m->out->in[m->nin++];
    *r = (struct case_reg){.ref = {reg, 0}};
    r->value[0] = reg->reset;
    return &r->value[0];
}

static void set_switches(struct making *m)
{
    const struct gen_plan *p = m->p;
    uint8_t which[GEN_MAX_SWITCHES];
    gen_switch_values(p, m->n, which);
    for (unsigned i = 0; i < p->nswitches; i++) {
        const struct gen_switch *w = &p->switches[i];
        if (!which[i]) continue;
        uint64_t v = w->test == TEST_ADDRESS  ? m->target
                     : w->test == TEST_MEMORY ? m->found
                                              : w->v[which[i]],
                 mask = bits_mask(w->width) << w->lo, *slot = reg_slot(m, w->reg);
        if (slot) *slot = (*slot & ~mask) | (v << w->lo & mask);
    }
}

/* ---- the case ---- */

/* Mostly at the start; also at other alignments and at the very end of the page. */
static uint64_t pick_code_at(const struct making *m)
{
    unsigned length = m->p->row->length, unit = m->p->guest->code_unit;
    switch (gen_dim(m->p, DIM_AT, 8, m->n)) {
    case 0: return LAYOUT_CODE + unit;
    case 1: return LAYOUT_CODE + LAYOUT_CODE_SIZE - length;
    case 2: return LAYOUT_CODE + LAYOUT_CODE_SIZE / 2;
    default: return LAYOUT_CODE;
    }
}

/* As much of a name as there is room for. */
static char *add_name(char *to, const char *end, const char *name)
{
    size_t n = strnlen(name, (size_t)(end - to));
    memcpy(to, name, n);
    return to + n;
}

void gen_id(struct gen_out *out, const char *prefix, const char *row, uint64_t n)
{
    char digits[24], *d = digits + sizeof(digits), *to = out->id,
                     *end = out->id + sizeof(out->id) - sizeof(digits) - 2;
    to = add_name(add_name(to, end, prefix), end, row);
    *to++ = '/';
    do *--d = (char)('0' + n % 10);
    while (n /= 10);
    memcpy(to, d, (size_t)(digits + sizeof(digits) - d));
    to[digits + sizeof(digits) - d] = 0;
}

void gen_case(const struct gen_plan *p, uint64_t n, const char *prefix, struct gen_out *out)
{
    struct making m = {.p = p, .n = n, .r = {p->seed ^ (n + 1) * 0xd1342543de82ef95u}, .out = out};
    if (!gen_encode(p, n, &m.r, &m.word)) BUG("%s: case %lu has no encoding", p->row->id, (unsigned long)n);
    out->c = (struct test_case){
        .id = out->id,
        .guest = p->guest,
        .row = p->row,
        .at = p->at,
        .why = "",
        .code = out->code,
        .code_size = p->row->length,
        .code_at = pick_code_at(&m),
        .steps = 1,
        .in = out->in,
        .generated = true,
    };
    for (unsigned i = 0; i < 4; i++) out->code[i] = (uint8_t)(m.word >> (8 * i));
    gen_id(out, prefix, p->row->id, n);
    set_base(&m);
    set_operands(&m);
    set_others(&m);
    set_fp_state(&m);
    set_memory(&m);
    set_switches(&m);
    out->c.nin = m.nin;
}
