/* A translation with every stage of it kept, for people. */
#include "engine/jit/internal.h"

#include "engine/guest/guest.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Where windows mostly are; elsewhere they make other code. */
enum { LOW_WINDOW = 1 << 20 };

__attribute__((format(printf, 3, 4))) static void note(struct jit_explained *e, uint32_t at, const char *fmt,
                                                       ...)
{
    struct jit_note n = {.at = at};
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(n.text, sizeof(n.text), fmt, ap);
    va_end(ap);
    buf_add(&e->notes, &n, sizeof(n));
}

static void note_exit(const struct vcpu *c, const struct jit_exit *x, struct jit_explained *e)
{
    uint32_t at = x->left - 1;
    switch ((enum jit_exit_kind)x->kind) {
    case JIT_EXIT_GOTO: note(e, at, "leaves for %#" PRIx64 ", until linked", x->pc); break;
    case JIT_EXIT_JUMP: note(e, at, "leaves for rax"); break;
    case JIT_EXIT_BUDGET: note(e, at, "leaves: the budget is spent"); break;
    case JIT_EXIT_STEP: note(e, at, "leaves: the interpreter does %#" PRIx64, x->pc); break;
    case JIT_EXIT_RAISE:
        note(e, at, "leaves: %s at %#" PRIx64, c->guest->causes[x->cause].name, x->pc);
        break;
    case JIT_EXIT_FAULT: note(e, at, "leaves: a fault at %#" PRIx64, x->pc); break;
    }
}

/* The call of a reference stands behind the operation's number (emit_call.c). */
static void note_reference(const struct jit_code *code, const struct jit_call *r, struct jit_explained *e)
{
    uint16_t op;
    memcpy(&op, code->p + r->at - 5, sizeof(op));
    note(e, r->at, "the reference of %s", op < IR_OPS ? ir_op_table[op].name : "?");
}

/* What a place outside of the block is. */
static const char *thing_at(const struct jit_host *h, const void *at)
{
    const struct {
        const void *at;
        const char *what;
    } things[] = {{h->jumps, "the cache of indirect jumps"},
                  {h->jump, "an indirect jump"},
                  {h->unwind, "it is not what was returned to: the next one"},
                  {h->bottom, "where the stack of returns ends"},
                  {h->fma_nan[0], "a product that is NaN"},
                  {h->fma_nan[1], "a product that is NaN"}};
    for (size_t i = 0; i < ARRAY_LEN(things); i++)
        if (things[i].at == at) return things[i].what;
    return "a constant";
}

static void notes(const struct vcpu *c, struct jit_explained *e)
{
    const struct jit *j = c->backend;
    const struct jit_code *code = &j->code;
    for (uint32_t i = 0; i < code->nexits; i++) note_exit(c, &code->exits[i], e);
    for (uint32_t i = 0; i < code->ncalls; i++) {
        const struct jit_call *r = &code->calls[i];
        if (r->to == j->host.call_ref)
            note_reference(code, r, e);
        else if (r->to != j->host.leave)
            note(e, r->at, "%s", thing_at(&j->host, r->to));
    }
}

static void pins(const struct jit *j, const struct ir_names *names, struct buf *out)
{
    static const char *const registers[16] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                              "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
    bool fp = false;
    buf_str(out, "rbp state, r15 budget");
    for (unsigned i = 0; i < ARRAY_LEN(j->host.word_of_pin); i++) {
        unsigned word = j->host.word_of_pin[i];
        if (!word) continue;
        buf_str(out, i >= 16 && !fp ? "\n" : ", ");
        fp = i >= 16;
        if (i < 16)
            buf_printf(out, "%s ", registers[i]);
        else
            buf_printf(out, "xmm%u ", i - 16);
        names->print(names->ctx, word - 1, out);
    }
}

void jit_explain_as(struct vcpu *c, bool features)
{
    struct jit *j = c->backend;
    struct jit_host *h = &j->host;
    h->bmi1 = h->bmi2 = h->lzcnt = h->popcnt = h->fma = features;
    h->avx = h->sse41 = h->aes = h->pclmul = features;
    j->looked_at = true;
}

/* The way in and the way out, with nothing between them. */
static bool nothing(struct jit *j, uint64_t pc)
{
    struct ir_node last = {.op = IR_GOTO, .a = {IR_NONE, IR_NONE, IR_NONE, IR_NONE, IR_NONE}, .imm = pc + 1};
    ir_block_reset(&j->ir, pc, j->key);
    ir_add_node(&j->ir, &last);
    j->ir.insns = 1;
    return true;
}

int jit_explain(struct vcpu *c, uint64_t pc, unsigned most, const struct ir_names *names,
                struct jit_explained *out)
{
    struct jit *j = c->backend;
    bool longer;
    jit_check_key(c);
    if (!(most ? jit_lift(c, pc, most, &longer) : nothing(j, pc))) return -EFAULT;
    ir_print(&j->ir, names, &out->ir);
    for (uint32_t i = 0; i < j->ir.n; i++)
        if (j->ir.nodes[i].op == IR_INSN) buf_add(&out->pcs, &j->ir.nodes[i].imm, sizeof(uint64_t));
    ir_forward(&j->ir);
    ir_backward(&j->ir);
    ir_print(&j->ir, names, &out->optimised);
    const uint8_t *window = j->looked_at && c->mem->window ? (const uint8_t *)LOW_WINDOW : c->mem->window;
    jit_emit(&j->host, &j->ir, j->lift, NULL, window, &j->code);
    if (j->code.failed) return -E2BIG;
    buf_add(&out->code, j->code.p, j->code.n);
    out->entry = j->code.entry;
    notes(c, out);
    if (names) pins(j, names, &out->pins);
    return 0;
}

void jit_explained_free(struct jit_explained *e)
{
    buf_free(&e->ir);
    buf_free(&e->optimised);
    buf_free(&e->code);
    buf_free(&e->notes);
    buf_free(&e->pins);
    buf_free(&e->pcs);
}
