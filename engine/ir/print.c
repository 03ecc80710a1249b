/* A block as text: see ir.h. Printer and parser follow one table of how each operation is written. */
#include "engine/ir/ir_internal.h"

const char *const ir_round_names[] = {"rne", "rtz", "rdn", "rup", "rmm", "odd", NULL};
const char *const ir_hint_names[] = {"none", "call", "return", NULL};

static const char *const structural[IR_FIRST_OP] = {
    [IR_NOP] = "",     [IR_CONST] = "ti",  [IR_GET] = "tw",  [IR_SET] = "wa",    [IR_INSN] = "ni",
    [IR_BOX] = "a",    [IR_UNBOX] = "tai", [IR_LANES] = "L", [IR_SKIP] = "ai",   [IR_EXIT_IF] = "ai",
    [IR_RAISE] = "?i", [IR_GOTO] = "hi",   [IR_JUMP] = "ha", [IR_GUARD] = "hai", [IR_STEP] = "",
    [IR_CALL] = "i",   [IR_RETURN] = "",
};

const char *ir_syntax(unsigned op)
{
    static const char *const plain[IR_MAX_ARGS + 1] = {"", "a", "aa", "aaa", "aaaa", "aaaaa"};
    static const char *const rounded[IR_MAX_ARGS + 1] = {"r", "ra", "raa", "raaa", "raaaa", "raaaaa"};
    if (op < IR_FIRST_OP) return structural[op];
    const struct ir_op_info *info = &ir_op_table[op];
    return (info->flags & IR_OP_ROUND ? rounded : plain)[info->nargs];
}

/* A place in a line being printed. */
struct line {
    const struct ir_node *n;      /* what is printed */
    const struct ir_names *names; /* of state words, or NULL */
    struct buf *out;              /* where to */
    const char *sep;              /* before the next operand */
    unsigned arg;                 /* the next argument */
};

static void operand(struct line *l)
{
    buf_str(l->out, l->sep);
    l->sep = ", ";
}

static void argument(struct line *l)
{
    uint32_t a = l->n->a[l->arg++];
    if (a == IR_NONE) return;
    operand(l);
    buf_printf(l->out, "v%u", a);
}

static void word(struct line *l)
{
    operand(l);
    if (l->names)
        l->names->print(l->names->ctx, (unsigned)l->n->imm, l->out);
    else
        buf_printf(l->out, "w%u", (unsigned)l->n->imm);
}

static const char *name_of(const char *const *names, unsigned n, unsigned i)
{
    return i < n ? names[i] : "?";
}

static void rounding(struct line *l)
{
    buf_printf(l->out, "[%s]", name_of(ir_round_names, FP_ODD + 1, l->n->round));
}

static void lanes(struct line *l)
{
    unsigned op = l->n->imm & 0xffff;
    buf_printf(l->out, ".%u %s", (unsigned)(l->n->imm >> 16), op < IR_OPS ? ir_op_table[op].name : "?");
    if (op < IR_OPS && ir_op_table[op].flags & IR_OP_ROUND) rounding(l);
    while (l->arg < IR_MAX_ARGS) argument(l);
}

static void letter(struct line *l, char c)
{
    switch (c) {
    case 't': buf_printf(l->out, ".%s", name_of(ir_type_names, IR_TYPES, l->n->type)); return;
    case 'r': rounding(l); return;
    case 'h':
        if (l->n->round) buf_printf(l->out, "[%s]", name_of(ir_hint_names, IR_HINT_RETURN + 1, l->n->round));
        return;
    case 'a':
    case '?': argument(l); return;
    case 'w': word(l); return;
    case 'L': lanes(l); return;
    case 'n':
        operand(l);
        buf_printf(l->out, "%u", l->n->a[l->arg++]);
        l->sep = " ";
        return;
    default: operand(l); buf_printf(l->out, "0x%llx", (unsigned long long)l->n->imm);
    }
}

void ir_print_node(const struct ir_block *b, uint32_t node, const struct ir_names *names, struct buf *out)
{
    struct line l = {.n = &b->nodes[node], .names = names, .out = out, .sep = " "};
    if (l.n->op >= IR_OPS) {
        buf_printf(out, "operation %u, which there is not", l.n->op);
        return;
    }
    if (l.n->type != IR_VOID) buf_printf(out, "v%u = ", node);
    buf_str(out, ir_op_table[l.n->op].name);
    for (const char *p = ir_syntax(l.n->op); *p; p++) letter(&l, *p);
}

void ir_print(const struct ir_block *b, const struct ir_names *names, struct buf *out)
{
    buf_printf(out, "block 0x%llx key 0x%llx round %s\n", (unsigned long long)b->pc,
               (unsigned long long)b->key, name_of(ir_round_names, FP_ODD + 1, b->live_round));
    for (uint32_t i = 0; i < b->n; i++) {
        if (b->nodes[i].op == IR_NOP) continue;
        ir_print_node(b, i, names, out);
        buf_char(out, '\n');
    }
}
