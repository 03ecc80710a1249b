/* What a row's cases vary, worked out once a row from its fields, their kinds and test classes, and its
 * effects. */
#include "harness/generate/generate.h"

#include <string.h>

static bool is_reg(const struct guest_field *f)
{
    return f->kind->print == PRINT_REG;
}

/* ---- registers that the row names itself: the sp of c.lwsp ---- */

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool is_field(const struct guest_row *row, const char *s, size_t len)
{
    for (unsigned i = 0; i < row->nfields; i++)
        if (strlen(row->fields[i].name) == len && !memcmp(row->fields[i].name, s, len)) return true;
    return false;
}

/* The register called so, or -1 (as implicit). Only members of register files: pc and fflags have ways of
 * their own. */
static int implicit_find(struct gen_plan *p, const char *s, size_t len)
{
    struct guest_reg_ref ref = guest_reg_find_span(p->guest, s, len);
    if (!ref.reg || ref.reg->count == 1 || is_field(p->row, s, len)) return -1;
    if (strlen(ref.reg->name) == len && !memcmp(ref.reg->name, s, len)) return -1; /* the file itself */
    for (unsigned i = 0; i < p->nimplicit; i++)
        if (p->implicit[i].reg == ref.reg && p->implicit[i].index == ref.index) return (int)i;
    if (p->nimplicit == GEN_MAX_IMPLICIT || (int)ref.index == ref.reg->zero) return -1;
    p->implicit[p->nimplicit] = ref;
    return (int)p->nimplicit++;
}

static void find_implicit(struct gen_plan *p, const char *text)
{
    for (const char *s = text; *s;) {
        size_t n = 0;
        while (is_name_char(s[n])) n++;
        if (n && s[n] != '.') implicit_find(p, s, n); /* f16 is a register, the f16 of "f16.add" is none */
        s += n ? n : 1;
        /* "f32.add", "#rs1": what follows is no register */
        while (*s == '.' || *s == '#') {
            s++;
            while (is_name_char(*s)) s++;
        }
    }
}

/* ---- the address ---- */

/* The register between the parentheses of "rd, uimm(sp)". */
static void find_base_in_syntax(struct gen_plan *p)
{
    const char *open = strchr(p->row->syntax, '('), *end = open ? strchr(open, ')') : NULL;
    if (!end) return;
    p->base_implicit = implicit_find(p, open + 1, (size_t)(end - open - 1));
    if (p->base_implicit >= 0) p->base_test = TEST_ADDRESS;
}

static void find_base(struct gen_plan *p)
{
    const struct guest_row *row = p->row;
    p->base_field = p->base_implicit = p->offset_field = -1;
    for (unsigned i = 0; i < row->nfields; i++) {
        enum guest_test t = row->fields[i].test;
        if (!is_reg(&row->fields[i]) || (t != TEST_ADDRESS && t != TEST_ALIGNED && t != TEST_CODE)) continue;
        p->base_field = (int)i;
        p->base_test = t;
        break;
    }
    if (p->base_field < 0 && row->effects & (EFFECT_LOAD | EFFECT_STORE | EFFECT_AMO)) find_base_in_syntax(p);
    if (p->base_field < 0 && p->base_implicit < 0) return;
    for (unsigned i = 0; i < row->nfields && p->offset_field < 0; i++)
        if (row->fields[i].kind->print == PRINT_IMM) p->offset_field = (int)i;
}

/* ---- roles ---- */

static void add_role(struct gen_plan *p, enum gen_role_kind kind, unsigned a, unsigned b)
{
    if (p->nroles == GEN_MAX_ROLES) return;
    p->roles[p->nroles++] = (struct gen_role){(uint8_t)kind, (uint8_t)a, (uint8_t)b};
}

/* As many cases with different registers as with special ones. */
static void find_roles(struct gen_plan *p)
{
    const struct guest_row *row = p->row;
    unsigned regs = 0;
    for (unsigned a = 0; a < row->nfields; a++) {
        const struct guest_field *f = &row->fields[a];
        if (!is_reg(f)) continue;
        regs++;
        if (f->kind->file->zero >= 0 && !f->kind->nonzero && !f->kind->add) add_role(p, ROLE_ZERO, a, 0);
        for (unsigned b = a + 1; b < row->nfields; b++)
            if (is_reg(&row->fields[b]) && row->fields[b].kind->file == f->kind->file)
                add_role(p, ROLE_SAME, a, b);
        for (unsigned i = 0; i < p->nimplicit; i++)
            if (p->implicit[i].reg == f->kind->file) add_role(p, ROLE_IMPLICIT, a, i);
    }
    if (regs > 2) add_role(p, ROLE_ALL, 0, 0);
    for (unsigned n = p->nroles; n > 0; n--) add_role(p, ROLE_DISTINCT, 0, 0);
    add_role(p, ROLE_DISTINCT, 0, 0);
}

/* ---- floating-point state, rounding ---- */

static void add_round(struct gen_plan *p, unsigned field, unsigned control)
{
    if (p->nrounds == GEN_MAX_ROUNDS) return;
    p->rounds[p->nrounds++] = (struct gen_round){(uint8_t)field, (uint8_t)control};
}

/* Static modes whatever the register says; the dynamic one with every value of the register, right ones
 * twice. */
static void find_rounds(struct gen_plan *p)
{
    p->round_field = -1;
    for (unsigned i = 0; i < p->row->nfields; i++) {
        const struct guest_kind *k = p->row->fields[i].kind;
        if (k->print != PRINT_ENUM || k->round_max < 0) continue;
        p->round_field = (int)i;
        unsigned width = p->control_reg < 0 ? 0 : p->guest->regs[p->control_reg].width;
        for (unsigned v = 0; v < k->nnames; v++) {
            if (!k->names[v]) continue;
            if ((int)v <= k->round_max) {
                add_round(p, v, 0xff);
                add_round(p, v, 0xff);
                continue;
            }
            for (unsigned c = 0; c < 1u << width && width <= 3; c++) {
                add_round(p, v, c);
                if ((int)c <= k->round_max) add_round(p, v, c);
            }
        }
    }
}

static void find_fp_state(struct gen_plan *p)
{
    p->flags_reg = p->control_reg = -1;
    for (unsigned i = 0; i < p->guest->nregs; i++) {
        const struct guest_reg *r = &p->guest->regs[i];
        if (strcmp(r->group, "fp") != 0) continue;
        int *which = r->bits ? &p->flags_reg : &p->control_reg;
        if (*which < 0) *which = (int)i;
    }
    p->fp_state = p->row->effects & (EFFECT_FP | EFFECT_CSR);
    for (unsigned i = 0; i < p->row->nfields; i++) {
        enum guest_test t = p->row->fields[i].test;
        p->fp_state |= t == TEST_F16 || t == TEST_F32 || t == TEST_F64;
    }
}

/* ---- CSRs ---- */

static size_t stem_length(const char *name)
{
    size_t n = strlen(name);
    while (n && name[n - 1] >= '0' && name[n - 1] <= '9') n--;
    return n;
}

static void add_csr(struct gen_plan *p, unsigned number)
{
    if (p->ncsrs < GEN_MAX_CSRS) p->csrs[p->ncsrs++] = (uint16_t)number;
}

/* Every CSR once (of those that differ by a number at the end the first and the last), those that verdicts
 * compare often, and a few that do not exist. */
static void find_csrs(struct gen_plan *p)
{
    const struct guest *g = p->guest;
    bool wanted = false;
    for (unsigned i = 0; i < p->row->nfields; i++) wanted |= p->row->fields[i].test == TEST_CSR;
    for (unsigned i = 0; i < g->ncsrs && wanted; i++) {
        const char *name = g->csrs[i].name;
        size_t stem = stem_length(name);
        bool first =
            !i || stem_length(g->csrs[i - 1].name) != stem || strncmp(g->csrs[i - 1].name, name, stem);
        bool last = i + 1 == g->ncsrs || stem_length(g->csrs[i + 1].name) != stem ||
                    strncmp(g->csrs[i + 1].name, name, stem);
        if (first || last) add_csr(p, g->csrs[i].number);
        struct guest_reg_ref r = guest_reg_find(g, name);
        for (unsigned k = 0; r.reg && r.reg->compare && k < 12; k++) add_csr(p, g->csrs[i].number);
        if (i + 1 < g->ncsrs && g->csrs[i + 1].number - g->csrs[i].number > 0x40)
            add_csr(p, g->csrs[i].number + 0x21);
    }
}

/* ---- the plan ---- */

unsigned gen_test_width(enum guest_test t)
{
    return t == TEST_F16 ? 16 : t == TEST_F32 ? 32 : 64;
}

/* Whether a format is boxed is said by the kinds of the register file, not by the field: fsw reads all 64
 * bits. */
static void find_boxes(struct gen_plan *p)
{
    BUG_ON(p->row->nfields > GEN_MAX_FIELDS);
    for (unsigned i = 0; i < p->row->nfields; i++) {
        const struct guest_field *f = &p->row->fields[i];
        for (unsigned k = 0; k < p->guest->nkinds && is_reg(f); k++) {
            const struct guest_kind *kind = &p->guest->kinds[k];
            if (kind->file != f->kind->file || kind->width != gen_test_width(f->test)) continue;
            if (kind->box > kind->width) p->box[i] = (uint8_t)kind->box;
        }
    }
}

static void cross(struct gen_plan *p)
{
    unsigned n = 0;
    p->crossed = p->class_crossed = 1;
    for (unsigned i = 0; i < p->row->nfields; i++) {
        const struct guest_field *f = &p->row->fields[i];
        if (!is_reg(f) || !(f->access & GUEST_READ) || (int)i == p->base_field) continue;
        p->classes[i] =
            gen_classes(f->test, f->kind->file->width < 64 ? f->kind->file->width : 64, p->box[i]);
        p->crossed *= gen_corners(f->test).n;
        if (n++ < 2) p->class_crossed *= p->classes[i].n;
        if (p->crossed > 1 << 20) p->crossed = 1 << 20;
    }
}

bool gen_plan_init(struct gen_plan *p, const struct generator *gen, unsigned row)
{
    *p = (struct gen_plan){
        .guest = gen->guest,
        .row = &gen->guest->rows[row],
        .index = row,
        .seed = hash_str(gen->guest->rows[row].id, gen->seed),
        .values = gen->values,
        .at = gen->at,
    };
    find_implicit(p, p->row->sem ? p->row->sem : "");
    find_base(p);
    find_roles(p);
    find_fp_state(p);
    find_rounds(p);
    find_csrs(p);
    gen_find_switches(p);
    p->constant = !p->nimplicit && !p->row->nfields && !p->nswitches;
    find_boxes(p);
    cross(p);
    struct rng r = {p->seed};
    uint32_t word;
    return gen_encode(p, 0, &r, &word);
}
