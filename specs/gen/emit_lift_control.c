/* How lifted rows leave: jumps and what is known of their kind, exceptions, an early end. */
#include "specs/gen/emit_lift.h"

/* Where this instruction leaves the address of the next one. */
static const char *link_written(const struct lifter *l)
{
    for (int i = 0; i < l->e.r->ncode; i++) {
        const struct code *k = lifter_code(l, i);
        if ((k->kind == CODE_SET || k->kind == CODE_SETREG) && lifter_code(l, k->args[0])->kind == CODE_NEXT)
            return lifter_word(l, k, SLOT_WRITE);
    }
    return NULL;
}

/* The one register that v depends on, or -1; -2: there are several. */
static int only_register(const struct lifter *l, int v)
{
    const struct code *k = lifter_code(l, v);
    int found = -1;
    if (lifter_word(l, k, SLOT_READ)) return v;
    for (int i = 0; i < k->nargs; i++) {
        int r = only_register(l, k->args[i]);
        if (r == -1) continue;
        if (r == -2 || (found >= 0 && found != r)) return -2;
        found = r;
    }
    return found;
}

static void hint(const struct lifter *l, int target)
{
    const char *written = link_written(l);
    int from = l->known[target] ? -1 : only_register(l, target);
    if (written) fprintf(l->e.f, "is_link(%s) ? IR_HINT_CALL : ", written);
    if (from >= 0)
        fprintf(l->e.f, "is_link(%s) ? IR_HINT_RETURN : ", lifter_word(l, lifter_code(l, from), SLOT_READ));
    fputs("IR_HINT_NONE", l->e.f);
}

/* To a known place always or by a known or unknown condition; or to an unknown one. */
void lifter_jump(struct lifter *l, const struct code *k)
{
    int target = k->args[k->nargs - 1];
    bool if_node = k->nargs > 1 && !l->known[k->args[0]], if_known = k->nargs > 1 && !if_node;
    if (!l->known[target] || if_node) {
        struct code use = {.args = {if_node ? k->args[0] : target}, .nargs = 1};
        lifter_constants(l, &use, 0);
    }
    fputs("    ", l->e.f);
    emit_condition(&l->e, k);
    if (if_known) {
        fputs("if (", l->e.f);
        emit_value(&l->e, k->args[0]);
        fputs(") ", l->e.f);
    }
    fprintf(l->e.f, "lift_%s(l, ", if_node ? "branch" : l->known[target] ? "goto" : "jump");
    if (if_node) {
        lifter_node(l, k->args[0]);
        fputs(", ", l->e.f);
    }
    if (l->known[target])
        emit_value(&l->e, target);
    else
        lifter_node(l, target);
    if (!if_node) {
        fputs(", ", l->e.f);
        hint(l, target);
    }
    fputs(");\n", l->e.f);
}

/* raise and skip: if a node says so; if a known value does, or always: then nothing else is done. */
void lifter_leave(struct lifter *l, const struct code *k)
{
    bool known = k->nargs && l->known[k->args[0]], node = k->nargs && !known;
    bool raise = k->op->effect == OP_RAISE;
    fputs("    ", l->e.f);
    emit_condition(&l->e, k);
    if (known) {
        fputs("if (", l->e.f);
        emit_value(&l->e, k->args[0]);
        fputs(") ", l->e.f);
    }
    if (!node) fputs("return ", l->e.f);
    if (raise)
        fprintf(l->e.f, "lift_raise(l, %u /* %s */, ", k->cause->index, k->cause->name);
    else
        fputs("lift_skip(l, ", l->e.f);
    if (node)
        lifter_node(l, k->args[0]);
    else
        fputs("IR_NONE", l->e.f);
    fputs(");\n", l->e.f);
    l->ended = !k->nargs && k->cond < 0;
}
