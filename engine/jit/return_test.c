/* The prediction of returns: that it works where it should, and never shows where it is wrong. Guests that
 * leave callees by other ways than they came, recurse deeper than is remembered, and have their callers'
 * code changed under them.
 */
#include "engine/jit/jit_test.h"

#include <pthread.h>

static uint64_t missed(const struct pair *p)
{
    return jit_stats(p->jit->cpu)->exits[JIT_EXIT_JUMP];
}

/* The rest of the program on both, in parts of random length. */
static void in_parts(struct pair *p, const char *what, unsigned longest)
{
    struct rng r = {longest};
    while (both(p, what, 1 + rng_below(&r, longest)) == EXIT_BUDGET) continue;
    assert_int_equal(p->jit->cpu->exit.kind, EXIT_BREAKPOINT);
    same_memory(p);
}

static void agree(const char *text)
{
    static const unsigned longest[] = {1, 40, 1000, MANY};
    for (unsigned i = 0; i < ARRAY_LEN(longest); i++) {
        struct pair p = pair_new(text, NULL);
        in_parts(&p, text, longest[i]);
        pair_free(p);
    }
}

/* ---- right ones ---- */

/* Called from two places whose addresses the cache of indirect jumps cannot hold at once. */
static void returns_are_predicted(void **state)
{
    struct pair p = pair_new("loop: jalr s2; jalr s3; addi a0, a0, 1; j loop", NULL);
    uint64_t other = CODE + CPU_PAGE;
    while (jit_jump_slot(other + 8) != jit_jump_slot(CODE + 0x104)) other += 2;
    for (int i = 0; i < 2; i++) {
        struct machine *m = i ? p.jit : p.interp;
        machine_load(m, CODE + 0x100, "jalr t0, 0(s4); jr ra");
        machine_load(m, other, "addi a2, a2, 1; jalr t0, 0(s4); jr ra");
        machine_load(m, CODE + 0x200, "addi a1, a1, 1; jr t0");
        *machine_reg(m, "s2") = CODE + 0x100;
        *machine_reg(m, "s3") = other;
        *machine_reg(m, "s4") = CODE + 0x200;
    }
    both(&p, "two places", MANY);
    assert_true(missed(&p) < 20);
    pair_free(p);
}

/* Each returns to another place than it was called from, one time in eight. */
static void wrong_predictions_agree(void **state)
{
    agree("li a0, 3000; loop: call f; addi a1, a1, 3; back: call g; addi a2, a2, 5; addi a0, a0, -1;"
          "bnez a0, loop; ebreak;"
          "f: andi t1, a0, 7; bnez t1, same; la ra, back; same: ret;"
          "g: addi sp, sp, -16; sd ra, 0(sp); call h; xor a3, a3, a1; ld ra, 0(sp); addi sp, sp, 16; ret;"
          "h: addi a4, a4, 1; ret");
}

/* Out of five callees at once, as longjmp does; what is further out still returns as it should. */
static void callees_are_left_by_a_jump(void **state)
{
    static const char text[] =
        "li a0, 2000; loop: call outer; addi a1, a1, 1; addi a0, a0, -1; bnez a0, loop; ebreak;"
        "outer: addi sp, sp, -16; sd ra, 0(sp); call try; ld ra, 0(sp); addi sp, sp, 16; addi a2, a2, 1; ret;"
        "try: addi sp, sp, -16; sd ra, 0(sp); mv s1, sp; la s2, caught; li a3, 5; call deep; ebreak;"
        "caught: mv sp, s1; ld ra, 0(sp); addi sp, sp, 16; ret;"
        "deep: addi sp, sp, -16; sd ra, 0(sp); addi a3, a3, -1; beqz a3, throw; call deep; ebreak;"
        "throw: jr s2";
    agree(text);
    struct pair p = pair_new(text, NULL);
    both(&p, "longjmp", 1000);
    uint64_t before = missed(&p);
    both(&p, "longjmp", MANY);
    assert_true(missed(&p) - before < 100);
    pair_free(p);
}

/* A return that nobody called, and callees that return twice. */
static void coroutines_agree(void **state)
{
    agree("li a0, 500; la t0, other; loop: jalr t0, 0(t0); addi a1, a1, 1; jalr t0, 0(t0); addi a1, a1, 2;"
          "la ra, on; ret; ebreak; on: addi a0, a0, -1; bnez a0, loop; ebreak;"
          "other: addi a2, a2, 1; jalr t0, 0(t0); addi a2, a2, 2; jalr t0, 0(t0); j other");
}

/* ---- deep ---- */

/* More calls than there is room for, then as many returns, all to one place; the last one to another. */
static void recursion_may_be_deeper_than_the_stack(void **state)
{
    enum { DEEP = JIT_RETURNS / 8 + 1000 };
    char text[400];
    snprintf(text, sizeof(text),
             "li a0, %d; mv a1, a0; call f; end: ebreak; f: addi a0, a0, -1; beqz a0, up; call f;"
             "up: addi a2, a2, 1; addi a1, a1, -1; la ra, up; bnez a1, more; la ra, end; more: ret",
             DEEP);
    struct pair p = pair_new(text, NULL);
    in_parts(&p, "deep", MANY);
    pair_free(p);
    p = pair_new(text, NULL);
    in_parts(&p, "deep", 100000);
    assert_int_equal(*machine_reg(p.jit, "a2"), DEEP);
    pair_free(p);
}

/* Without an end, and slices as long as anybody asks for. */
static void endless_recursion_agrees(void **state)
{
    struct jit_options long_slices = {.slice = 1u << 31, .hot = hot ? 1 : ~0u};
    struct pair p = pair_new("f: addi a0, a0, 1; call f; ebreak", &long_slices);
    for (int i = 0; i < 3; i++) both(&p, "endless", MANY);
    pair_free(p);
}

/* ---- code that goes ---- */

/* The callee writes over what it returns to: "addi a0, a0, 64" for "addi a0, a0, 1". */
static void a_caller_that_is_changed_is_not_returned_to(void **state)
{
    agree(
        "li a3, 300; li a2, 0x04050513; li a4, 0x00150513; loop: call f; patch: addi a0, a0, 1; addi a3, a3, "
        "-1; bnez a3, loop; ebreak;"
        "f: andi t1, a3, 3; la a1, patch; bnez t1, same; lw t1, 0(a1); sub t1, a2, t1; add t1, t1, a4;"
        "sw t1, 0(a1); fence.i; same: ret");
}

/* The same by the host, while the callee runs. */
static void a_caller_that_the_host_changes_is_not_returned_to(void **state)
{
    struct pair p = pair_new("loop: call f; addi a0, a0, 1; addi a3, a3, -1; j loop; f: addi a1, a1, 1; nop; "
                             "nop; ret",
                             NULL);
    uint32_t insn = 0x00150513;
    both(&p, "warm", 10000 * 8 + 3);
    for (int i = 1; i < 50; i++) {
        insn ^= 1u << 25; /* a0 + 33, and back */
        assert_int_equal(mem_write(&p.interp->mem, CODE + 4, &insn, 4), 0);
        assert_int_equal(mem_write(&p.jit->mem, CODE + 4, &insn, 4), 0);
        both(&p, "changed", i % 2 ? 8 * 100 : 8 * 1000);
    }
    pair_free(p);
}

/* Returns to translations for one rounding mode must not be taken under another. */
static void a_callee_may_change_the_rounding_mode(void **state)
{
    agree(
        "li a0, 400; li t0, 3; fcvt.d.l fa1, t0; li t0, 1; fcvt.d.l fa0, t0; loop: call f; fdiv.d fa2, fa0, "
        "fa1; fmv.x.d a2, fa2; add a3, a3, a2; slli a3, a3, 1; addi a0, a0, -1; bnez a0, loop; ebreak;"
        "f: andi t1, a0, 3; fsrm t1; addi a4, a4, 1; ret");
}

/* A tree of calls from many places, in a cache that never holds them all. */
static void a_small_cache_agrees(void **state)
{
    struct jit_options small = {.cache_size = 64 << 10, .hot = hot ? 1 : ~0u, .slice = hot};
    struct buf text = {0};
    buf_str(&text, "li s1, 4; again: ");
    for (unsigned i = 0; i < 2500; i++) buf_printf(&text, "addi a0, a0, %u; jal fn%u;", i % 2000, i % 7);
    buf_str(&text, "addi s1, s1, -1; beqz s1, .+8; j again; ebreak;");
    for (unsigned i = 0; i < 7; i++)
        buf_printf(
            &text,
            "fn%u: addi sp, sp, -16; sd ra, 0(sp); xor a1, a1, a0; jal t0, g; addi a1, a1, %u; jal t0, g;"
            "ld ra, 0(sp); addi sp, sp, 16; ret;",
            i, i);
    buf_str(&text, "g: slli a2, a1, 1; xor a1, a1, a2; jr t0");
    struct pair p = pair_new(buf_cstr(&text), &small);
    in_parts(&p, "small", 50000);
    assert_true(jit_stats(p.jit->cpu)->reclaims > 100);
    pair_free(p);
    buf_free(&text);
}

/* ---- threads ---- */

static const char fib[] =
    "call fib; ebreak; fib: li t1, 2; blt a0, t1, out; addi sp, sp, -32; sd ra, 0(sp); sd a0, 8(sp);"
    "addi a0, a0, -1; call fib; sd a0, 16(sp); ld a0, 8(sp); addi a0, a0, -2; call fib; ld t1, 16(sp);"
    "add a0, a0, t1; ld ra, 0(sp); addi sp, sp, 32; out: ret";

static void *run_fib(void *arg)
{
    struct vcpu *c = arg;
    backend_jit.run(c, MANY);
    return NULL;
}

/* Threads that run the same code on stacks of their own. */
static void threads_return_to_their_own_callers(void **state)
{
    enum { THREADS = 3 };
    struct machine *m = machine_new(&backend_jit, NULL);
    struct machine threads[THREADS];
    pthread_t ids[THREADS];
    machine_load(m, CODE, fib);
    for (unsigned i = 0; i < THREADS; i++) {
        threads[i] = *m;
        threads[i].cpu = vcpu_new(m->cpu->guest, &m->mem);
        threads[i].cpu->options = m->cpu->options;
        assert_int_equal(backend_jit.open(threads[i].cpu), 0);
        start(&threads[i]);
        *machine_reg(&threads[i], "sp") -= i * 0x4000;
        *machine_reg(&threads[i], "a0") = 16 + i;
        assert_int_equal(pthread_create(&ids[i], NULL, run_fib, threads[i].cpu), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        static const unsigned numbers[THREADS] = {987, 1597, 2584};
        pthread_join(ids[i], NULL);
        assert_int_equal(threads[i].cpu->exit.kind, EXIT_BREAKPOINT);
        assert_int_equal(*machine_reg(&threads[i], "a0"), numbers[i]);
        backend_jit.close(threads[i].cpu);
        vcpu_free(threads[i].cpu);
    }
    machine_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(returns_are_predicted),
        cmocka_unit_test(wrong_predictions_agree),
        cmocka_unit_test(callees_are_left_by_a_jump),
        cmocka_unit_test(coroutines_agree),
        cmocka_unit_test(recursion_may_be_deeper_than_the_stack),
        cmocka_unit_test(endless_recursion_agrees),
        cmocka_unit_test(a_caller_that_is_changed_is_not_returned_to),
        cmocka_unit_test(a_caller_that_the_host_changes_is_not_returned_to),
        cmocka_unit_test(a_callee_may_change_the_rounding_mode),
        cmocka_unit_test(a_small_cache_agrees),
        cmocka_unit_test(threads_return_to_their_own_callers),
    };
    return test_everywhere(tests, ARRAY_LEN(tests));
}
