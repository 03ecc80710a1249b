/* A translation with every stage of it kept, for people. */
#include "engine/jit/internal.h"

#include <errno.h>

int jit_explain(struct vcpu *c, uint64_t pc, unsigned most, const struct ir_names *names,
                struct jit_explained *out)
{
    struct jit *j = c->backend;
    bool longer;
    jit_check_key(c);
    if (!jit_lift(c, pc, most, &longer)) return -EFAULT;
    ir_print(&j->ir, names, &out->ir);
    for (uint32_t i = 0; i < j->ir.n; i++)
        if (j->ir.nodes[i].op == IR_INSN) buf_add(&out->pcs, &j->ir.nodes[i].imm, sizeof(uint64_t));
    ir_forward(&j->ir);
    ir_backward(&j->ir);
    ir_print(&j->ir, names, &out->optimised);
    jit_emit(&j->host, &j->ir, j->lift, NULL, c->mem->window, &j->code);
    if (j->code.failed) return -E2BIG;
    buf_add(&out->code, j->code.p, j->code.n);
    out->entry = j->code.entry;
    return 0;
}
