/* Conditions: what the parsed tree is worth. The grammar is in expr_parse.c. */
#include "harness/corpus/expr_internal.h"

#include <string.h>

/* ---- functions ---- */

enum { F16 = 10, F32 = 23, F64 = 52 }; /* fraction bits */

static unsigned width_of(unsigned frac)
{
    return frac == F16 ? 16 : frac == F32 ? 32 : 64;
}

static uint64_t exponent(uint64_t v, unsigned frac)
{
    return v >> frac & bits_mask(width_of(frac) - 1 - frac);
}

static bool nan_of(uint64_t v, unsigned frac)
{
    return exponent(v, frac) == bits_mask(width_of(frac) - 1 - frac) && v & bits_mask(frac);
}

static bool snan_of(uint64_t v, unsigned frac)
{
    return nan_of(v, frac) && !(v >> (frac - 1) & 1);
}

static bool inf_of(uint64_t v, unsigned frac)
{
    return exponent(v, frac) == bits_mask(width_of(frac) - 1 - frac) && !(v & bits_mask(frac));
}

static bool zero_of(uint64_t v, unsigned frac)
{
    return !exponent(v, frac) && !(v & bits_mask(frac));
}

static bool subnormal_of(uint64_t v, unsigned frac)
{
    return !exponent(v, frac) && v & bits_mask(frac);
}

#define CLASS(name, bits)                              \
    static uint64_t name##bits(uint64_t a, uint64_t b) \
    {                                                  \
        return name##_of(a, F##bits);                  \
    }
#define CLASSES(bits) \
    CLASS(nan, bits) CLASS(snan, bits) CLASS(inf, bits) CLASS(zero, bits) CLASS(subnormal, bits)
CLASSES(16)
CLASSES(32)
CLASSES(64)

static uint64_t boxed16(uint64_t a, uint64_t b)
{
    return a >> 16 == bits_mask(48);
}

static uint64_t boxed32(uint64_t a, uint64_t b)
{
    return a >> 32 == bits_mask(32);
}

static uint64_t misaligned(uint64_t addr, uint64_t size)
{
    return size && addr % size != 0;
}

static uint64_t sext32(uint64_t a, uint64_t b)
{
    return (uint64_t)bits_sext(a, 32);
}

#define CLASS_ROWS(bits)                                                          \
    {"nan" #bits, 1, nan##bits, false}, {"snan" #bits, 1, snan##bits, false},     \
        {"inf" #bits, 1, inf##bits, false}, {"zero" #bits, 1, zero##bits, false}, \
    {                                                                             \
        "subnormal" #bits, 1, subnormal##bits, false                              \
    }

/* Functions of formats look at the low bits only. boxed32: the upper half is all ones. misaligned(address,
 * size). */
const struct expr_function expr_functions[] = {
    CLASS_ROWS(16),
    CLASS_ROWS(32),
    CLASS_ROWS(64),
    {"boxed16", 1, boxed16, false},
    {"boxed32", 1, boxed32, false},
    {"misaligned", 2, misaligned, false},
    {"sext32", 1, sext32, true},
};
const unsigned expr_nfunctions = ARRAY_LEN(expr_functions);

/* ---- names ---- */

uint64_t expr_exit_code(enum exit_kind kind, unsigned cause)
{
    bool caused = kind == EXIT_FAULT || kind == EXIT_SYSCALL || kind == EXIT_BREAKPOINT;
    return caused ? 0x100 + cause : (uint64_t)kind;
}

const struct guest_field *expr_field(const struct guest_row *row, const char *name, size_t len)
{
    for (unsigned i = 0; row && i < row->nfields; i++)
        if (strlen(row->fields[i].name) == len && !memcmp(row->fields[i].name, name, len))
            return &row->fields[i];
    return NULL;
}

struct guest_reg_ref expr_operand_reg(const struct guest_field *f, uint32_t word)
{
    return (struct guest_reg_ref){f->kind->file, (unsigned)guest_field_get(f, word) + f->kind->add};
}

/* A register before: the last word on it is in `in`. */
static uint64_t reg_before(const struct expr_env *env, struct guest_reg_ref ref)
{
    if (ref.reg->word == env->c->guest->pc_word) return env->pc;
    if ((int)ref.index == ref.reg->zero) return 0;
    if (env->state) return env->state[ref.reg->word + (size_t)ref.index * ref.reg->words];
    for (unsigned i = 0; i < env->c->nin; i++) {
        const struct case_reg *r = &env->c->in[i];
        if (r->ref.reg == ref.reg && r->ref.index == ref.index) return r->value[0];
    }
    return ref.reg->reset;
}

static uint64_t reg_value(const struct expr *e, const struct expr_env *env, struct guest_reg_ref ref)
{
    if (e->side == SIDE_BEFORE) return reg_before(env, ref);
    const uint64_t *state = e->side == SIDE_OURS ? env->ours_state : env->theirs_state;
    return state[ref.reg->word + (size_t)ref.index * ref.reg->words];
}

static uint64_t name_value(const struct expr *e, const struct expr_env *env)
{
    const struct guest_field *f = expr_field(env->row, e->name, strlen(e->name));
    if (f && f->kind->print == PRINT_REG) return reg_value(e, env, expr_operand_reg(f, env->word));
    if (f) return guest_field_get(f, env->word);
    BUG_ON(!e->reg.reg); /* expr_check saw to it */
    return reg_value(e, env, e->reg);
}

static uint64_t field_bits(const struct expr *e, const struct expr_env *env)
{
    const struct guest_field *f = expr_field(env->row, e->name, strlen(e->name));
    return guest_field_get(f, env->word) & bits_mask(f->width);
}

static uint64_t binary(enum expr_op op, uint64_t a, uint64_t b)
{
    int64_t sa = (int64_t)a, sb = (int64_t)b;
    switch (op) {
    case EXPR_ADD: return a + b;
    case EXPR_SUB: return a - b;
    case EXPR_MUL: return a * b;
    case EXPR_AND: return a & b;
    case EXPR_OR: return a | b;
    case EXPR_XOR: return a ^ b;
    case EXPR_SHL: return a << (b & 63);
    case EXPR_SHR: return a >> (b & 63);
    case EXPR_SAR: return (uint64_t)(sa >> (b & 63));
    case EXPR_EQ: return a == b;
    case EXPR_NE: return a != b;
    case EXPR_LTU: return a < b;
    case EXPR_LTS: return sa < sb;
    case EXPR_LEU: return a <= b;
    case EXPR_LES: return sa <= sb;
    case EXPR_GTU: return a > b;
    case EXPR_GTS: return sa > sb;
    case EXPR_GEU: return a >= b;
    case EXPR_GES: return sa >= sb;
    case EXPR_LAND: return a && b;
    case EXPR_LOR: return a || b;
    default: BUG("operator %d", (int)op);
    }
}

uint64_t expr_eval(const struct expr *e, const struct expr_env *env)
{
    const struct cpu_exit *exit = e->side == SIDE_OURS ? env->ours : env->theirs;
    switch (e->op) {
    case EXPR_NUMBER:
    case EXPR_CAUSE: return e->number;
    case EXPR_NAME: return name_value(e, env);
    case EXPR_FIELD: return field_bits(e, env);
    case EXPR_EXIT: return expr_exit_code(exit->kind, exit->cause);
    case EXPR_VALUE: return exit->value;
    case EXPR_NEXT: return env->pc + env->c->guest->length(env->word);
    case EXPR_WORD: return env->word & bits_mask(8 * env->c->guest->length(env->word));
    case EXPR_SLICE: return bits_get(expr_eval(e->a, env), e->hi, e->lo);
    case EXPR_CALL:
        return expr_functions[e->number].call(expr_eval(e->a, env), e->b ? expr_eval(e->b, env) : 0);
    case EXPR_NEG: return 0 - expr_eval(e->a, env);
    case EXPR_NOT: return ~expr_eval(e->a, env);
    case EXPR_LNOT: return !expr_eval(e->a, env);
    default: return binary(e->op, expr_eval(e->a, env), expr_eval(e->b, env));
    }
}

/* ---- checks ---- */

bool expr_needs_results(const struct expr *e)
{
    return e && (e->side != SIDE_BEFORE || expr_needs_results(e->a) || expr_needs_results(e->b));
}

bool expr_needs_state(const struct expr *e, const struct guest_row *row)
{
    if (!e) return false;
    if (e->op == EXPR_NAME && e->side == SIDE_BEFORE) {
        const struct guest_field *f = expr_field(row, e->name, strlen(e->name));
        return !f || (f->kind && f->kind->print == PRINT_REG);
    }
    return expr_needs_state(e->a, row) || expr_needs_state(e->b, row);
}

static bool refuse(const struct expr *e, struct value_error *err, const char *fmt, ...) PRINTF(3, 4);

static bool refuse(const struct expr *e, struct value_error *err, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(err->message, sizeof(err->message), fmt, ap);
    va_end(ap);
    err->offset = e->offset;
    err->span = e->span;
    return false;
}

static bool no_such_name(const struct expr *e, const struct guest *g, const struct guest_row *row,
                         struct value_error *err)
{
    struct suggest near = suggest_start(e->name, strlen(e->name));
    for (unsigned i = 0; row && i < row->nfields; i++)
        suggest_offer(&near, row->fields[i].name, strlen(row->fields[i].name));
    for (unsigned i = 0; i < g->nregs; i++)
        if (g->regs[i].count == 1) suggest_offer(&near, g->regs[i].name, strlen(g->regs[i].name));
    return refuse(e, err, "%s%s has no operand '%.40s'%s%.*s%s", row ? "row " : "code that is no instruction",
                  row ? row->id : "", e->name, near.best ? "; did you mean '" : "", (int)near.best_len,
                  near.best ? near.best : "", near.best ? "'?" : "");
}

bool expr_check(const struct expr *e, const struct guest *g, const struct guest_row *row,
                struct value_error *err)
{
    if (!e) return true;
    if (e->op == EXPR_NAME || e->op == EXPR_FIELD) {
        const struct guest_field *f = expr_field(row, e->name, strlen(e->name));
        if (!f && (e->op == EXPR_FIELD || !e->reg.reg)) return no_such_name(e, g, row, err);
        if (f && e->side != SIDE_BEFORE && f->kind->print != PRINT_REG)
            return refuse(e, err, "'%.40s' is no register: it is the same before and after", e->name);
    }
    return expr_check(e->a, g, row, err) && expr_check(e->b, g, row, err);
}
