/* What bins are called. Names are part of the format of ledgers and of reports: they stay. */
#include "harness/cover/flow.h"

static const char *operand_name(const struct bins *b, unsigned i)
{
    const struct bin_operand *o = &b->operands[i];
    return o->field >= 0 ? b->plan.row->fields[o->field].name : guest_reg_name(o->reg.reg, o->reg.index);
}

static void name_role(const struct bins *b, const struct gen_role *role, struct buf *out)
{
    const struct guest_field *fields = b->plan.row->fields;
    const struct guest_reg_ref *implicit = &b->plan.implicit[role->b];
    switch ((enum gen_role_kind)role->kind) {
    case ROLE_DISTINCT: buf_str(out, "all different"); break;
    case ROLE_ALL: buf_str(out, "all the same"); break;
    case ROLE_SAME: buf_printf(out, "%s=%s", fields[role->a].name, fields[role->b].name); break;
    case ROLE_ZERO: buf_printf(out, "%s=zero", fields[role->a].name); break;
    case ROLE_IMPLICIT:
        buf_printf(out, "%s=%s", fields[role->a].name, guest_reg_name(implicit->reg, implicit->index));
        break;
    }
}

static void name_imm(const struct guest_field *f, unsigned raw, struct buf *out)
{
    static const char *const names[IMM_BIT] = {"min", "max", "0", "-1"};
    if (raw < IMM_BIT)
        buf_printf(out, "%s=%s", f->name, names[raw]);
    else
        buf_printf(out, "%s=bit %u", f->name, raw - IMM_BIT);
}

/* A value as the disassembler prints it: the name, the letters, else the number. */
static void name_value(const struct guest_field *f, unsigned raw, struct buf *out)
{
    const struct guest_kind *k = f->kind;
    buf_printf(out, "%s=", f->name);
    if (k->print == PRINT_ENUM && raw < k->nnames && k->names[raw]) {
        buf_str(out, *k->names[raw] ? k->names[raw] : "none");
    } else if (k->print == PRINT_SET) {
        for (unsigned i = 0; i < k->nnames; i++)
            if (raw >> (k->nnames - 1 - i) & 1) buf_str(out, k->names[i]);
        if (!raw) buf_str(out, k->empty);
    } else {
        uint64_t v = (uint64_t)raw << f->low;
        buf_printf(out, "%lld", (long long)(k->is_signed ? bits_sext(v, f->width) : (int64_t)v));
    }
}

static void name_round(const struct bins *b, const struct bin_group *g, unsigned raw, struct buf *out)
{
    const struct guest_field *f = &b->plan.row->fields[g->a];
    unsigned value = raw / ROUND_CONTROLS, control = raw % ROUND_CONTROLS;
    buf_printf(out, "%s=%s", f->name, f->kind->names[value]);
    if ((int)value <= f->kind->round_max) return;
    buf_printf(out, " %s=", b->plan.control_reg < 0 ? "mode" : b->plan.guest->regs[b->plan.control_reg].name);
    if ((int)control <= f->kind->round_max)
        buf_str(out, f->kind->names[control]);
    else
        buf_printf(out, "%u", control);
}

static void name_csr(const struct bins *b, const struct bin_group *g, unsigned raw, struct buf *out)
{
    const char *name = raw < b->ncontrols    ? b->controls[raw].reg->name
                       : raw == b->ncontrols ? "another"
                                             : "none such";
    buf_printf(out, "%s=%s", b->plan.row->fields[g->a].name, name);
}

static void name_pair(const struct bins *b, const struct bin_group *g, unsigned raw, struct buf *out)
{
    enum guest_test x = b->operands[g->a].test, y = b->operands[g->b].test;
    unsigned ny = class_count(y);
    buf_printf(out, "%s=%s %s=%s", operand_name(b, g->a), class_name(x, raw / ny), operand_name(b, g->b),
               class_name(y, raw % ny));
}

static void name_relation(const struct bins *b, const struct bin_group *g, unsigned raw, struct buf *out)
{
    struct bin_relation r = relation_text(raw);
    buf_printf(out, "%s%s%s%s", operand_name(b, g->a), r.sign, operand_name(b, g->b), r.tail);
}

/* "priv=3", "menvcfg[6]=0", "res_addr=address" */
static void name_switch(const struct gen_switch *w, unsigned raw, struct buf *out)
{
    buf_str(out, w->reg->name);
    if (w->width == 1 && w->reg->width > 1)
        buf_printf(out, "[%u]", w->lo);
    else if (w->width < w->reg->width)
        buf_printf(out, "[%u:%u]", w->lo + w->width - 1u, w->lo);
    if (w->test == TEST_NONE)
        buf_printf(out, "=%llu", (unsigned long long)w->v[raw]);
    else
        buf_str(out, w->test == TEST_ADDRESS ? "=address" : "=memory");
}

void bins_name(const struct bins *b, unsigned bin, struct buf *out)
{
    static const char *const flags[FLAG_WAYS] = {"0->1", "stays 0", "stays 1"};
    BUG_ON(bin >= b->n);
    const struct bin_group *g = &b->groups[b->list[bin].group];
    const struct guest *guest = b->plan.guest;
    const struct guest_field *f = &b->plan.row->fields[g->a];
    unsigned raw = b->list[bin].raw;
    switch ((enum bin_kind)g->kind) {
    case BIN_EXECUTED: buf_str(out, "executed"); break;
    case BIN_CLASS:
        buf_printf(out, "%s=%s", operand_name(b, g->a), class_name(b->operands[g->a].test, raw));
        break;
    case BIN_CROSS: name_pair(b, g, raw, out); break;
    case BIN_RELATION: name_relation(b, g, raw, out); break;
    case BIN_ROLE: name_role(b, &b->plan.roles[raw], out); break;
    case BIN_IMM: name_imm(f, raw, out); break;
    case BIN_ENUM: name_value(f, raw, out); break;
    case BIN_ROUND: name_round(b, g, raw, out); break;
    case BIN_CSR: name_csr(b, g, raw, out); break;
    case BIN_ADDRESS: buf_printf(out, "address %s", place_name(raw)); break;
    case BIN_TARGET: buf_printf(out, "target %s", target_name(raw)); break;
    case BIN_SWITCH: name_switch(&b->plan.switches[g->a], raw, out); break;
    case BIN_FAULT: buf_printf(out, "fault %s", guest->causes[raw].name); break;
    case BIN_FLAG: buf_printf(out, "%s %s", guest->regs[b->plan.flags_reg].bits[g->a], flags[raw]); break;
    case BIN_BRANCH: buf_str(out, raw ? "not taken" : "taken"); break;
    case BIN_FLOW: flow_name(flow_of_raw(raw), out); break;
    case BIN_KINDS: BUG("a group of no kind");
    }
}

uint64_t bins_hash(const struct guest *g, const struct bins *const *all)
{
    struct buf name = {0};
    uint64_t hash = hash_str(g->name, 0);
    for (unsigned r = 0; r <= g->nrows; r++) { /* sequences, too */
        hash = hash_str(r < g->nrows ? g->rows[r].id : "", hash);
        for (unsigned i = 0; all[r] && i < all[r]->n; i++) {
            buf_reset(&name);
            bins_name(all[r], i, &name);
            hash = hash_str(buf_cstr(&name), hash);
        }
    }
    buf_free(&name);
    return hash;
}
