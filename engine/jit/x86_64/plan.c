/* What is found out about a block before it is emitted, walking back: where results had best be. */
#include "engine/jit/x86_64/alloc.h"

/* What the walk back through a block has seen of what comes after. */
struct plan {
    uint32_t leaves; /* the next node that can leave; EMIT_NONE: none */
    uint32_t
        set[32]; /* by host register: the next SET of its word, if no GET is before that; else EMIT_NONE */
};

/* n defines i, which is wanted in a pinned register for a later SET. Not when something between needs what is
 * there now: another access to the word, or leaving. Otherwise what i is made from had best be there, too. */
static void plan_pin(struct emit *e, const struct plan *p, const struct ir_node *n, uint32_t i)
{
    struct emit_val *x = &e->val[i];
    if (p->set[x->pin - 1] != x->until || p->leaves < x->until) {
        x->pin = 0;
        return;
    }
    if (!ir_op_table[n->op].nargs || n->a[0] == IR_NONE || e->b->next[i][0]) return;
    if (!emit_rows[n->op].same_place || emit_waits_for_sum(e, i)) return;
    e->val[n->a[0]].pin = x->pin;
    e->val[n->a[0]].until = x->until;
}

static void plan_classes(struct emit *e, const struct ir_node *n, uint32_t i)
{
    const struct emit_row *row = &emit_rows[n->op];
    for (unsigned k = 0; k < ir_op_table[n->op].nargs; k++) {
        if (n->a[k] == IR_NONE) continue;
        if (row->xargs >> k & 1 || (e->val[i].want_x && row->same_place)) e->val[n->a[k]].want_x = true;
    }
}

/* One walk back: registers that results are wanted in, and their class. */
void alloc_plan(struct emit *e)
{
    struct plan p = {.leaves = EMIT_NONE};
    memset(p.set, 0xff, sizeof(p.set));
    for (uint32_t i = e->b->n; i-- > 0;) {
        const struct ir_node *n = &e->nodes[i];
        struct emit_val *x = &e->val[i];
        unsigned pin = n->op == IR_GET || n->op == IR_SET ? e->pin_of_word[n->imm] : 0;
        if (n->op == IR_NOP || n->op == IR_INSN) continue;
        x->use = e->b->first[i];
        x->cell = EMIT_NONE;
        if (x->pin) plan_pin(e, &p, n, i);
        if (n->op == IR_SET && pin) {
            p.set[pin - 1] = i;
            e->val[n->a[0]].pin = (uint8_t)pin;
            e->val[n->a[0]].until = i;
            if (pin > ASM_XMM0) e->val[n->a[0]].want_x = true;
        } else if (n->op == IR_GET && pin) {
            p.set[pin - 1] = EMIT_NONE;
        } else {
            plan_classes(e, n, i);
        }
        if (n->op == IR_GET && n->type >= IR_I128 && e->pin_of_word[n->imm + 1])
            p.set[e->pin_of_word[n->imm + 1] - 1] = EMIT_NONE;
        if (ir_op_table[n->op].flags & IR_OP_EXIT) p.leaves = i;
    }
}
