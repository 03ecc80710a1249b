/* The lifter of one ISA: a function a row that appends its meaning to a block of IR (emit_lift_row.c), and
 * the table of them with what translations depend on and what they should know (struct guest_lift). */
#include "specs/gen/emit_lift.h"

#include <string.h>

/* ---- which rows ---- */

static const struct reg *round_register(const struct spec *s)
{
    for (const struct kind *k = s->kinds; k; k = k->next)
        if (k->round) return k->round;
    return NULL;
}

static int round_limit(const struct spec *s)
{
    for (const struct kind *k = s->kinds; k; k = k->next)
        if (k->round) return k->round_max;
    return -1;
}

/* What translations are keyed by: whoever changes it ends them. */
static bool is_key(const struct spec *s, const struct reg *reg)
{
    for (const struct mode *m = s->modes; m; m = m->next)
        if (m->reg == reg) return true;
    return reg == s->fp.control || reg == round_register(s) || reg == s->pc;
}

/* Do exceptions gather in bits that are numbered as enum fp_ex, and nothing else? */
static bool flags_are_plain(const struct spec *s)
{
    for (int i = 0; i < 6; i++)
        if (s->fp.bits[i] >= 0 && s->fp.bits[i] != i) return false;
    return s->fp.flags != s->fp.control && s->fp.trap_lo < 0;
}

/* While translated code runs, what these hold is elsewhere. */
static bool is_elsewhere(const struct spec *s, const struct reg *reg)
{
    return (reg == s->fp.flags && !flags_are_plain(s)) || reg == s->retired || reg == s->pc;
}

static const struct reg *register_of(const struct code *k)
{
    if (k->kind == CODE_REG || k->kind == CODE_SETREG || k->kind == CODE_FLAGS) return k->reg;
    if (k->kind == CODE_OPERAND || k->kind == CODE_SET) return k->field->kind->file;
    return NULL;
}

static const char *register_obstacle(const struct spec *s, const struct code *k)
{
    const struct reg *reg = register_of(k);
    bool set = code_writes(k), operand = k->kind == CODE_OPERAND || k->kind == CODE_SET;
    if (operand && (k->field->kind->read || k->field->kind->write)) return "accesses a control register";
    if (operand && (k->field->kind->keep & k->field->kind->width)) return "keeps a part of a register";
    if (reg && is_elsewhere(s, reg)) return "accesses a register that gathers";
    return reg && set && is_key(s, reg) ? "changes what translations depend on" : NULL;
}

static const char *operation_obstacle(const struct spec *s, const struct row *r, const struct code *k)
{
    bool fp = k->op->effect == OP_FP;
    if (k->op->effect == OP_SYNC) return "synchronises code";
    if (fp && s->fp.trap_lo >= 0) return "may trap on a floating-point exception";
    if (k->op->effect == OP_JUMP && k->nargs > 1 && r->code[k->args[1]].kind == CODE_OPERAND &&
        r->code[k->args[1]].field->kind->file)
        return "branches to a computed address";
    return NULL;
}

static const char *code_obstacle(const struct spec *s, const struct row *r, const struct code *k)
{
    switch (k->kind) {
    case CODE_CALL: return "calls a helper";
    case CODE_SLICE:
        return r->code[k->args[0]].type == TYPE_V128 && k->u ? "takes a piece out of a vector" : NULL;
    case CODE_OP:
    case CODE_LANES: return operation_obstacle(s, r, k);
    default: return register_obstacle(s, k);
    }
}

const char *lift_obstacle(struct spec *s, struct row *r)
{
    bool live[ROW_MAX_CODE], fp = false;
    int jumps = 0;
    if (r->absent) return "has no semantics yet";
    if (r->restartable) return "may be interrupted half-way";
    code_live(r, LIVE_EFFECTS, live);
    for (int i = 0; i < r->ncode; i++) {
        const struct code *k = &r->code[i];
        bool op = k->kind == CODE_OP || k->kind == CODE_LANES;
        const char *why = live[i] ? code_obstacle(s, r, k) : NULL;
        if (why) return why;
        if (!live[i] || !op) continue;
        jumps += k->op->effect == OP_JUMP;
        if (fp && code_may_fault(s, k)) return "may fault after a floating-point exception";
        fp |= k->op->effect == OP_FP;
    }
    return jumps > 1 ? "jumps in several ways" : NULL;
}

/* ---- the parts of the file ---- */

/* Registers as nodes. Every one is I64, or V128 for two words. */
static void accessors(const struct spec *s, FILE *f, const struct reg *reg)
{
    const char *type = reg->words > 1 ? "IR_V128" : "IR_I64";
    if (reg == s->fp.flags && flags_are_plain(s)) {
        fprintf(f, "\n#define get_%s(l, i) lift_get_flags(l, %u)\n", reg->name, reg->word);
        fprintf(f, "#define set_%s(l, i, v) lift_set_flags(l, %u, v)\n", reg->name, reg->word);
        return;
    }
    const char *word = reg->words > 1 ? "i * 2" : "i";
    fprintf(f, "\nMAYBE_UNUSED static uint32_t get_%s(struct lift *l, unsigned i)\n{\n", reg->name);
    if (reg->zero >= 0) fprintf(f, "    if (i == %d) return ir_const(l->b, %s, 0);\n", reg->zero, type);
    fprintf(f, "    return ir_get(l->b, %s, %u + %s);\n}\n", type, reg->word, word);
    fprintf(f, "\nMAYBE_UNUSED static void set_%s(struct lift *l, unsigned i, uint32_t v)\n{\n    ",
            reg->name);
    if (reg->zero >= 0) fprintf(f, "if (i < %u) /* the sink takes no room */ ", reg->count);
    fprintf(f, "ir_set(l->b, %u + %s, v);\n}\n", reg->word, word);
}

/* Two neighbours as one value; the pair that starts at the zero register reads as zero (Zacas). */
static void pair_accessors(FILE *f, const struct reg *reg)
{
    fprintf(f, "\nMAYBE_UNUSED static uint32_t get_pair_%s(struct lift *l, unsigned i)\n{\n", reg->name);
    fputs("    if (i == 0) return ir_const(l->b, IR_I128, 0);\n", f);
    fprintf(f, "    const uint32_t lo = get_%s(l, i), hi = get_%s(l, i + 1);\n", reg->name, reg->name);
    fputs("    return ir_op2(l->b, IR_CONCAT_I64, hi, lo);\n}\n", f);
    fprintf(f, "\nMAYBE_UNUSED static void set_pair_%s(struct lift *l, unsigned i, uint32_t v)\n{\n",
            reg->name);
    fprintf(f, "    set_%s(l, i, ir_op1(l->b, IR_TRUNC_I64_I128, v));\n", reg->name);
    fputs("    const uint32_t hi = ir_op2(l->b, IR_SHR_I128, v, ir_const(l->b, IR_I8, 64));\n", f);
    fprintf(f, "    set_%s(l, i + 1, ir_op1(l->b, IR_TRUNC_I64_I128, hi));\n}\n", reg->name);
}

static void registers(struct spec *s, FILE *f)
{
    for (const struct reg *reg = s->regs; reg; reg = reg->next) {
        bool pairs = false;
        for (const struct kind *k = s->kinds; k; k = k->next) pairs |= k->pair && k->file == reg;
        accessors(s, f, reg);
        if (pairs) pair_accessors(f, reg);
    }
}

/* The key: modes in the low byte, the rounding mode from bit 8 up, bits that change the policy from bit 16.
 */
static void key_functions(struct spec *s, FILE *f)
{
    const struct reg *round = round_register(s);
    const struct fp_control *fp = &s->fp;
    unsigned i = 0;
    fprintf(f, "\nstatic uint64_t key(const struct vcpu *c)\n{\n    uint64_t k = guest_%s.mode(c);\n",
            s->isa);
    fprintf(f, "    const struct %s_state *s = (const void *)c->state;\n    (void)s;\n", s->isa);
    if (round)
        fprintf(f, "    k |= (s->%s & 0x%llx) << 8;\n", round->name,
                (unsigned long long)bits_mask(round->width));
    if (!round && fp->round[0] >= 0)
        fprintf(f, "    k |= (s->%s >> %u & 3) << 8;\n", fp->control->name, fp->round_lo);
    for (const struct fp_set *set = fp->set; set; set = set->next)
        fprintf(f, "    k |= (s->%s >> %u & 1) << %u;\n", fp->control->name, set->bit, 16 + i++);
    fputs("    return k;\n}\n\n/* The dynamic rounding mode as it stands, legal or not. */\n"
          "MAYBE_UNUSED static unsigned dynamic_round(uint64_t k)\n{\n",
          f);
    if (round)
        fprintf(f, "    return (unsigned)(k >> 8) & 0x%llx;\n}\n",
                (unsigned long long)bits_mask(round->width));
    else if (fp->round[0] >= 0)
        fprintf(
            f, "    static const uint8_t mode_of[] = {%d, %d, %d, %d};\n    return mode_of[k >> 8 & 3];\n}\n",
            fp->round[0], fp->round[1], fp->round[2], fp->round[3]);
    else
        fputs("    (void)k;\n    return FP_RNE;\n}\n", f);
    fputs("\nstatic enum fp_round legal_round(uint64_t k)\n{\n    unsigned r = dynamic_round(k);\n", f);
    if (round) fprintf(f, "    if (r > %d) return FP_RNE;\n", round_limit(s));
    fputs("    return (enum fp_round)r;\n}\n", f);
}

static void policy_function(struct spec *s, FILE *f)
{
    unsigned i = 0;
    if (!s->fp.policy) return;
    fprintf(f,
            "\nstatic struct fp_policy policy(uint64_t k)\n{\n    struct fp_policy p = %s;\n    (void)k;\n",
            s->fp.policy);
    for (const struct fp_set *set = s->fp.set; set; set = set->next, i++)
        for (const struct ynode *m = set->members->child; m; m = m->next)
            fprintf(f, "    if (k >> %u & 1) p.%s = %s;\n", 16 + i, m->key, m->text);
    fputs("    return p;\n}\n", f);
    if (s->fp.flags)
        fprintf(f, "\nstatic unsigned flags(unsigned ex)\n{\n    return (unsigned)%s_fp_flags(ex);\n}\n",
                s->isa);
}

static void table(struct spec *s, FILE *f)
{
    fputs("\nstatic bool (*const rows[])(struct lift *l, const struct guest_op *o) = {\n", f);
    for (struct row *r = s->rows; r; r = r->next) {
        const char *why = lift_obstacle(s, r);
        if (why)
            fprintf(f, "    [%u] = NULL, /* %s %s */\n", r->index, r->id, why);
        else
            fprintf(f, "    [%u] = lift_%s,\n", r->index, row_symbol(s, r));
    }
    fputs("};\n", f);
}

static void words(FILE *f, const char *name, const uint16_t *list, unsigned n)
{
    fprintf(f, "\nstatic const uint16_t %s[] = {", name);
    for (unsigned i = 0; i < n; i++) fprintf(f, "%s%u", i ? ", " : "", list[i]);
    fputs(n ? "};\n" : "0};\n", f);
}

static void zero_words(struct spec *s, FILE *f, unsigned *n)
{
    uint16_t list[16];
    *n = 0;
    for (const struct reg *reg = s->regs; reg; reg = reg->next)
        if (reg->zero >= 0 && *n < ARRAY_LEN(list))
            list[(*n)++] = (uint16_t)(reg->word + (unsigned)reg->zero * reg->words);
    words(f, "zero_words", list, *n);
}

/* Registers that hold return addresses. */
static void links(struct spec *s, FILE *f)
{
    fputs("\nMAYBE_UNUSED static bool is_link(unsigned word)\n{\n    switch (word) {\n", f);
    for (unsigned i = 0; i < s->nlinks; i++) fprintf(f, "    case %u:\n", s->links[i]);
    fprintf(f, "%s    default: return false;\n    }\n}\n", s->nlinks ? "        return true;\n" : "");
}

void emit_lift(struct spec *s, FILE *f)
{
    unsigned nzero;
    fprintf(
        f,
        "#include \"%s/%s_sem.h\"\n\n#include \"engine/ir/lift.h\"\n\nextern const struct guest guest_%s;\n",
        s->isa, s->isa, s->isa);
    fprintf(f, "extern const struct guest_lift %s_lift;\n", s->isa);
    key_functions(s, f);
    policy_function(s, f);
    links(s, f);
    registers(s, f);
    for (struct row *r = s->rows; r; r = r->next)
        if (!lift_obstacle(s, r)) emit_lift_row(s, f, r);
    fprintf(f, "\n#line 1 \"%s_lift.c\"\n", s->isa);
    table(s, f);
    words(f, "pins", s->pins, s->npins);
    words(f, "fp_pins", s->fp_pins, s->nfp_pins);
    zero_words(s, f, &nzero);
    fprintf(f, "\nconst struct guest_lift %s_lift = {\n    .rows = rows, .key = key, .round = legal_round,\n",
            s->isa);
    if (s->fp.policy) fputs("    .policy = policy,\n", f);
    if (s->fp.policy && s->fp.flags) fputs("    .flags = flags,\n", f);
    fprintf(f, "    .flags_word = %d, .retired_word = %d,\n", s->fp.flags ? (int)s->fp.flags->word : -1,
            s->retired ? (int)s->retired->word : -1);
    fprintf(f, "    .pins = pins, .npins = %u, .fp_pins = fp_pins, .nfp_pins = %u,\n", s->npins, s->nfp_pins);
    fprintf(f, "    .zero_words = zero_words, .nzero_words = %u,\n};\n", nzero);
}
