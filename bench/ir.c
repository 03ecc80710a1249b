/* The passes over IR: what lifting costs, then with the forward pass, then with both; the differences are the
 * passes'.
 *
 * The code is random, but its instructions come as often as in Debian's libc for riscv64, so that the host's
 * branch predictor meets what it meets in real translation: nothing it has seen before. */
#include "bench/bench.h"

#include "engine/guest/guest.h"
#include "engine/ir/lift.h"

#include <stdlib.h>
#include <string.h>

enum { CODE = 0x10000, INSNS = 20000, KEY = 0xff /* every mode; round to nearest */ };

/* How often each comes in a thousand. For @ a register is put, for the number a multiple of it. */
static const struct form {
    unsigned often;   /* in a thousand */
    const char *text; /* the instruction */
} forms[] = {
    {90, "c.mv @, @"},      {110, "addi @, @, 1"}, {130, "ld @, 8(sp)"},
    {90, "sd @, 8(sp)"},    {70, "c.li @, 1"},     {60, "jal ra, .+4"},
    {40, "j .+4"},          {40, "auipc @, 1"},    {90, "ld @, 8(@)"},
    {60, "beq @, @, .+4"},  {40, "add @, @, @"},   {45, "bne @, zero, .+4"},
    {25, "lbu @, 1(@)"},    {35, "sd @, 8(@)"},    {15, "jalr zero, 0(ra)"},
    {20, "andi @, @, 1"},   {25, "lw @, 4(@)"},    {15, "lui @, 1"},
    {25, "bltu @, @, .+4"}, {20, "slli @, @, 1"},  {25, "addiw @, @, 1"},
    {15, "sub @, @, @"},    {15, "sb @, 1(@)"},    {15, "sw @, 4(@)"},
    {10, "srli @, @, 1"},   {8, "lhu @, 2(@)"},    {8, "or @, @, @"},
    {5, "sltu @, @, @"},    {5, "addw @, @, @"},   {4, "mul @, @, @"},
};

static const char *a_register(struct rng *r)
{
    static const char *const names[] = {"a0", "a1", "a2", "a3", "a4", "a5",
                                        "s0", "s1", "s2", "s3", "t1", "s4"};
    return names[rng_below(r, rng_below(r, 2) ? 6 : ARRAY_LEN(names))];
}

static const struct form *a_form(struct rng *r)
{
    unsigned total = 0;
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) total += forms[i].often;
    uint64_t pick = rng_below(r, total);
    const struct form *f = forms;
    while (pick >= f->often) pick -= f++->often;
    return f;
}

static void add_line(struct buf *text, struct rng *r)
{
    for (const char *p = a_form(r)->text; *p; p++) {
        bool number = *p >= '1' && *p <= '8' && (p[-1] == ' ' || p[-1] == '+');
        if (*p == '@')
            buf_str(text, a_register(r));
        else if (number)
            buf_printf(text, "%u", (unsigned)(*p - '0') * (1 + (unsigned)rng_below(r, 30)));
        else
            buf_char(text, *p);
    }
    buf_char(text, '\n');
}

static bool make_code(struct buf *code)
{
    struct rng r = {1};
    struct buf text = {0};
    struct asm_error err;
    for (int i = 0; i < INSNS; i++) add_line(&text, &r);
    bool ok = guest_asm(guest_find("riscv64"), text.p, code, &err);
    buf_free(&text);
    return ok;
}

/* The block that begins at `at`; where it ends. */
static size_t lift_block(struct ir_block *b, const struct guest *g, const struct buf *code, size_t at)
{
    enum lift_end end = LIFT_MORE;
    uint64_t branch;
    ir_block_reset(b, CODE + at, KEY);
    for (unsigned n = 0; n < 48 && end != LIFT_DONE && at + 4 <= code->len; n++) {
        uint32_t word;
        memcpy(&word, code->p + at, 4);
        end = lift_row(b, g, CODE + at, word, KEY, n, &branch);
        at += g->length(word);
    }
    struct ir_node last = {
        .op = IR_GOTO, .a = {IR_NONE, IR_NONE, IR_NONE, IR_NONE, IR_NONE}, .imm = CODE + at};
    if (end != LIFT_DONE) ir_add_node(b, &last);
    return at;
}

/* How much is done to each block. */
enum depth { LIFT, FORWARD, BACKWARD };

static void passes(struct bench_state *s, const void *arg)
{
    const enum depth depth = *(const enum depth *)arg;
    const struct guest *g = guest_find("riscv64");
    struct buf code = {0};
    struct ir_block b;
    uint64_t insns = 0, before = 0, after = 0;
    ir_block_init(&b);
    if (!make_code(&code)) bench_skip(s, "the code does not assemble");
    while (bench_next(s)) {
        for (size_t at = 0; at + 4 <= code.len;) {
            at = lift_block(&b, g, &code, at);
            before += b.n;
            if (depth >= FORWARD) ir_forward(&b);
            if (depth >= BACKWARD) ir_backward(&b);
            after += b.n;
            insns += b.insns;
        }
    }
    bench_items(s, insns);
    bench_counter(s, "nodes_an_insn", (double)before / (double)insns);
    bench_counter(s, "nodes_left", (double)after / (double)insns);
    buf_free(&code);
    ir_block_free(&b);
}

void bench_ir(void)
{
    static const enum depth depths[] = {LIFT, FORWARD, BACKWARD};
    bench_register("ir/lift", passes, &depths[LIFT]);
    bench_register("ir/lift_forward", passes, &depths[FORWARD]);
    bench_register("ir/lift_forward_backward", passes, &depths[BACKWARD]);
}
