/* What a case says is true afterwards. What it does not name is unchanged, which makes a short truth a strong
 * one. */
#include "harness/corpus/case.h"

#include <string.h>

/* Ways to end that are not a cause of the ISA. */
static const struct {
    const char *name;    /* as written */
    enum exit_kind kind; /* what it means */
} plain_exits[] = {
    {"budget", EXIT_BUDGET},
    {"halt", EXIT_HALT},
    {"shutdown", EXIT_SHUTDOWN},
};

static bool unknown_exit(const struct case_builder *b, const struct ynode *n)
{
    struct suggest near = suggest_start(n->text, n->len);
    struct buf all = {0};
    for (unsigned i = 0; i < ARRAY_LEN(plain_exits); i++) {
        suggest_offer(&near, plain_exits[i].name, strlen(plain_exits[i].name));
        buf_printf(&all, "%s, ", plain_exits[i].name);
    }
    for (unsigned i = 0; i < b->guest->ncauses; i++) {
        suggest_offer(&near, b->guest->causes[i].name, strlen(b->guest->causes[i].name));
        buf_printf(&all, "%s%s", i ? ", " : "", b->guest->causes[i].name);
    }
    if (near.best)
        diag_error(b->diag, n->at, n->len, "unknown exit '%.60s'; did you mean '%.*s'?", n->text,
                   (int)near.best_len, near.best);
    else
        diag_error(b->diag, n->at, n->len, "unknown exit '%.60s'; there are %s", n->text, buf_cstr(&all));
    buf_free(&all);
    return false;
}

static bool exit_cause(const struct case_builder *b, const struct ynode *n, struct cpu_exit *e)
{
    for (unsigned i = 0; i < ARRAY_LEN(plain_exits); i++) {
        if (strcmp(n->text, plain_exits[i].name)) continue;
        e->kind = plain_exits[i].kind;
        return true;
    }
    int cause = guest_cause_find(b->guest, n->text);
    if (cause < 0) return unknown_exit(b, n);
    e->cause = (unsigned)cause;
    e->kind = b->guest->causes[cause].exit;
    return true;
}

static bool build_exit(const struct case_builder *b, const struct ynode *n, struct case_truth *t)
{
    if (!n) return true;
    const struct ynode *value = ynode_get(n, "value");
    t->has_exit = true;
    if (!exit_cause(b, n->kind == YNODE_MAP ? ynode_get(n, "cause") : n, &t->exit)) return false;
    if (!value) return true;
    if (t->exit.kind != EXIT_FAULT) {
        diag_error(b->diag, value->key_at, 5, "only a fault has a value");
        return false;
    }
    t->has_value = true;
    t->exit.value = schema_number(n, "value", 0);
    return true;
}

/* The pc after the case where `out` does not name it; false when nobody can know without running the code. */
static bool expected_pc(const struct case_builder *b, const struct ynode *out, const struct code_walk *walk,
                        const struct test_case *c, uint64_t *pc)
{
    const struct case_truth *t = &c->truth;
    const char *unclear = NULL;
    enum exit_kind kind = t->has_exit ? t->exit.kind : EXIT_BUDGET;
    if (kind == EXIT_BUDGET && walk->jumps) unclear = "the code jumps";
    if (kind == EXIT_BUDGET && c->steps > walk->count) unclear = "there are more steps than instructions";
    if (kind != EXIT_BUDGET && c->steps > 1) unclear = "any of the instructions might be where it ends";
    if (kind == EXIT_HALT || kind == EXIT_SHUTDOWN) unclear = "it depends on the instruction";
    *pc = c->code_at + (kind == EXIT_BUDGET ? walk->end : 0);
    if (!unclear) return true;
    diag_error(b->diag, out->key_at, 3, "'out' must name pc: %s", unclear);
    return false;
}

/* Where the case's list of registers afterwards has pc, or NULL. */
static struct case_reg *find_pc(const struct guest *g, struct case_reg *regs, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (regs[i].ref.reg->word == g->pc_word) return &regs[i];
    return NULL;
}

bool case_truth(const struct case_builder *b, const struct ynode *out, const struct code_walk *walk,
                struct test_case *c)
{
    struct case_truth *t = &c->truth;
    struct case_reg *regs;
    c->has_truth = true;
    t->rest_unchanged = strcmp(schema_text(out, "rest", "unchanged"), "any") != 0;
    bool good = case_regs(b, out, &schema_out, &regs, &t->nregs);
    good &= build_exit(b, ynode_get(out, "exit"), t);
    good &= case_mem_after(b, ynode_get(out, "mem"), c);
    if (!good) return false;
    if (!regs) regs = arena_alloc(b->arena, sizeof(*regs));
    t->regs = regs;
    struct case_reg *pc = find_pc(b->guest, regs, t->nregs);
    if (!pc && t->rest_unchanged) {
        pc = &regs[t->nregs];
        pc->ref = guest_reg_find(b->guest, "pc");
        BUG_ON(!pc->ref.reg);
        if (!expected_pc(b, out, walk, c, &pc->value[0])) return false;
        t->nregs++;
    }
    if (pc && t->has_exit && t->exit.kind != EXIT_BUDGET) {
        t->has_pc = true;
        t->exit.pc = pc->value[0];
    }
    return true;
}
