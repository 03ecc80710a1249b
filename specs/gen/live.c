/* Which of a row's code does what: faults, writes, and what nobody needs. */
#include "specs/gen/check.h"

#include <string.h>

bool code_may_fault(const struct spec *s, const struct code *k)
{
    if (k->kind == CODE_SET) return k->field->kind->write != NULL;
    if (k->kind == CODE_OPERAND) return k->field->kind->read || k->type == TYPE_RM;
    if (k->kind == CODE_CALL) return k->helper->raises != 0;
    if (k->kind != CODE_OP && k->kind != CODE_LANES) return false;
    if (k->op->effect == OP_FP) return s->fp.trap_lo >= 0;
    return op_may_fault(k->op) || k->op->effect == OP_RAISE || k->op->effect == OP_SKIP;
}

bool code_writes(const struct code *k)
{
    if (k->kind == CODE_SET || k->kind == CODE_SETREG || k->kind == CODE_FLAGS) return true;
    if (k->kind == CODE_CALL) return k->helper->writes;
    return k->kind == CODE_OP &&
           (k->op->effect == OP_STORE || k->op->effect == OP_AMO || k->op->effect == OP_JUMP);
}

/* Is this wanted for itself, not for its value? Exceptions that FP operations raise are an effect. */
static bool is_root(const struct code *k, enum live_for what)
{
    if (what == LIVE_UNDEF) return k->kind == CODE_UNDEF;
    if (k->kind == CODE_UNDEF) return false;
    if (k->kind == CODE_OPERAND) return k->field->kind->read || k->type == TYPE_RM;
    if (k->kind == CODE_CALL) return true;
    if (k->kind == CODE_OP || k->kind == CODE_LANES) return k->op->effect != OP_PURE;
    return code_writes(k);
}

void code_live(const struct row *r, enum live_for what, bool *live)
{
    memset(live, 0, sizeof(*live) * (size_t)r->ncode);
    for (int i = r->ncode - 1; i >= 0; i--) {
        const struct code *k = &r->code[i];
        live[i] |= is_root(k, what);
        if (!live[i]) continue;
        for (int a = 0; a < k->nargs; a++) live[k->args[a]] = true;
        if (k->cond >= 0) live[k->cond] = true;
    }
}
