/* What only the JIT can get wrong: budgets that end inside blocks, faults inside blocks, links that must go,
 * code that changes, a cache that is too small, rounding modes that change, kicks, forks. The interpreter is
 * held beside it; what both promise is in engine/interp/interp_test.c, which runs on both.
 */
#include "engine/jit/jit_test.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct jit_options never_hot = {.hot = ~0u};

static const struct program {
    const char *name, *text;
} programs[] = {
    {"alu",
     "li a6, 200; loop: addi a0, a0, 1; add a1, a1, a0; xor a2, a2, a1; beqz a3, skip; addi a4, a4, 1;"
     "skip: andi a3, a0, 1; c.addi a5, 1; slli t0, a1, 3; subw t1, t0, a2; sltu t2, t1, a0; bne a0, a6, loop;"
     "ebreak"},
    {"calls",
     "li a0, 9; call fib; ebreak;"
     "fib: li t0, 2; blt a0, t0, out; addi sp, sp, -24; sd ra, 0(sp); sd a0, 8(sp); addi a0, a0, -1; call "
     "fib;"
     "sd a0, 16(sp); ld a0, 8(sp); addi a0, a0, -2; call fib; ld t0, 16(sp); add a0, a0, t0; ld ra, 0(sp);"
     "addi sp, sp, 24; out: ret"},
    {"memory", "li a1, 60; mv a2, s0; mul zero, a1, a1; ld zero, 0(a2); loop: sd a1, 0(a2); sw a1, 9(a2); "
               "lbu a3, 1(a2); lh a4, 8(a2); sb a3, 33(a2);"
               "ld a5, 3(a2); add a6, a6, a5; sh a6, 6(a2); lwu a7, 4(a2); lw t0, 4(a2); lb t1, 3(a2);"
               "addi a2, a2, 7; addi a1, a1, -1; bnez a1, loop; ebreak"},
    {"far", "li a1, 100; loop: mul a2, a1, a1; mulh a3, a2, a1; divu a4, a2, a1; rem a5, a3, a1; j over;"
            "back: addi a1, a1, -1; bnez a1, loop; ebreak; over: add a6, a6, a5; srai a6, a6, 1; j back"},
    {"float",
     "li a1, 50; li t0, 1; fcvt.d.l fa0, t0; loop: fcvt.d.l fa1, a1; fdiv.d fa2, fa0, fa1; fadd.d fa3, fa3, "
     "fa2;"
     "fsd fa3, 0(s0); fld fa4, 0(s0); fmadd.d fa5, fa3, fa4, fa2; fsqrt.d fa6, fa5; fcvt.s.d fa7, fa6;"
     "fcvt.l.d a2, fa6; add a3, a3, a2; flt.d a4, fa2, fa3; andi t1, a1, 7; bnez t1, same;"
     "srli t2, a1, 3; andi t2, t2, 3; fsrm t2; frflags t3; fsflags zero; add t4, t4, t3;"
     "same: addi a1, a1, -1; bnez a1, loop; ebreak"},
    {"atomic",
     "li a1, 40; mv a2, s0; loop: amoadd.d a3, a1, (a2); again: lr.d a4, (a2); addi a4, a4, 3; sc.d a5, a4, "
     "(a2);"
     "bnez a5, again; amoswap.w a6, a1, (a2); amomaxu.d t1, a4, (a2); fence rw, rw; csrr t0, instret; addi "
     "a1, a1, -1;"
     "bnez a1, loop; ebreak"},
    {"exceptions", /* inline, out of line, by references (rmm), by the interpreter; never executed */
     "li a0, 17; la t0, some; fld fa3, 0(t0); fld fa4, 8(t0); fld fa1, 16(t0);"
     "loop: frflags t1; slli a1, a1, 1; xor a1, a1, t1; fdiv.d fa2, fa1, fa0; frflags t1; add a2, a2, t1;"
     "feq.d t2, fa3, fa1; fsflags t1; fcvt.d.l fa0, a0; fadd.d fa5, fa0, fa1, rmm; frflags t2; "
     "add a3, a3, t2; fsflags t3, a0; fdiv.d fa2, fa0, fa1, rmm; fmul.d fa4, fa4, fa4; frcsr t4;"
     "xor a4, a4, t3; add a4, a4, t4; fsflagsi t5, 5; fmax.d fa5, fa3, fa1; csrrs t6, fflags, a0;"
     "csrrc t5, fflags, t2; add a5, a5, t6; flt.d t1, fa3, fa1; csrrsi t1, fflags, 2; csrrci t2, fflags, 16;"
     "xor a5, a5, t1; add a6, a6, t2; fcvt.d.l fa0, zero; andi t1, a0, 3; beqz t1, none; fcvt.d.l fa0, a0;"
     "none: addi a0, a0, -1; bnez a0, loop; ebreak; some: .8byte 0x7ff0000000000001, 1, 0x4008000000000001"},
    {"indirect",
     "la a2, table; li a1, 90; loop: andi a3, a1, 3; slli a3, a3, 3; add a3, a3, a2; jalr t0, 0(a3);"
     "addi a1, a1, -1; bnez a1, loop; ebreak; .4byte 0;"
     "table: addi a4, a4, 1; jr t0; addi a5, a5, 3; jr t0; addi a6, a6, 5; jr t0; addi a7, a7, 7; jr t0"},
    {"others", /* registers that have no place of their own outside regions; nested loops, both ways of a
                  branch */
     "li s11, 30; li s8, 7; mv s9, s0; li t6, 3; fcvt.d.l fs8, t6; outer: li s10, 9; inner: add t3, t3, s10; "
     "xor t4, t4, t3;"
     "sd t4, 8(s9); andi t5, t4, 1; beqz t5, even; addi s7, s7, 5; fadd.d fs9, fs9, fs8; j both; even: slli "
     "s6, t3, 2;"
     "add s5, s5, s6; both: ld s4, 8(s9); add s3, s3, s4; call twice; addi s10, s10, -1; bnez s10, inner;"
     "fmul.d fs10, fs9, fs8; fcvt.l.d gp, fs10; add tp, tp, gp; la s8, turn; jalr s6, 0(s8); addi s11, s11, "
     "-1; bnez s11, outer;"
     "ebreak; turn: sub t2, t3, s7; addw t2, t2, t2; jr s6; twice: add t6, t6, t3; xor t6, t6, t4; ret"},
    {"either", /* branches round a few instructions, either way */
     "li a0, 90; loop: andi a1, a0, 1; beqz a1, one; add a2, a2, a0; xor a3, a3, a2; one: andi a1, a0, 2;"
     "bnez a1, two; slliw a4, a2, 3; mv s3, a4; addi s3, s3, 9; two: slli a5, a0, 62; bltz a5, three;"
     "mv s4, s3; li s5, -7; three: addi a0, a0, -1; bnez a0, loop; ebreak"},
    {"apart", /* the same with what is not computed in vain: it loads, it divides, it chooses an address */
     "li a0, 90; loop: andi a1, a0, 1; mv s11, s0; beqz a1, one; lbu a2, 3(s0); add a3, a3, a2; one: bnez "
     "a1, "
     "two; divu a4, a3, a0; two: beqz a1, three; addi s11, s11, 24; three: ld t4, 0(s11); add t4, t4, a4;"
     "sd t4, 0(s11); addi a0, a0, -1; bnez a0, loop; ebreak"},
    {"long", "li a1, 12; loop: addi a0, a0, 1; xor a2, a2, a0; add a3, a3, a2; slli a4, a3, 1; or a5, a4, a0;"
             "addi a0, a0, 1; xor a2, a2, a0; add a3, a3, a2; slli a4, a3, 1; or a5, a4, a0;"
             "addi a0, a0, 1; xor a2, a2, a0; add a3, a3, a2; slli a4, a3, 1; or a5, a4, a0; add s2, s2, a5;"
             "addi a0, a0, 1; xor a2, a2, a0; add a3, a3, a2; slli a4, a3, 1; or a5, a4, a0; add s3, s3, a5;"
             "addi a0, a0, 1; xor a2, a2, a0; add a3, a3, a2; slli a4, a3, 1; or a5, a4, a0; add s4, s4, a5;"
             "addi a0, a0, 1; xor a2, a2, a0; add a3, a3, a2; slli a4, a3, 1; or a5, a4, a0; add s5, s5, a5;"
             "addi a1, a1, -1; bnez a1, loop; ebreak"},
};

/* ---- budgets ---- */

/* How many instructions the program has until it ends by itself. */
static uint64_t length_of(const struct program *g)
{
    struct machine *m = machine_new(&backend_interp, NULL);
    machine_load(m, CODE, g->text);
    start(m);
    assert_int_equal(machine_run(m, MANY)->kind, EXIT_BREAKPOINT);
    uint64_t n = m->cpu->exit.executed;
    machine_free(m);
    return n;
}

/* From the start with each budget: with what earlier runs translated, and the long run's translations too. */
static void every_budget_agrees(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
        const struct program *g = &programs[i];
        uint64_t length = length_of(g);
        struct pair p = pair_new(g->text, NULL);
        for (uint64_t n = 0; n <= length + 1; n++) {
            start(p.interp);
            start(p.jit);
            both(&p, g->name, n);
        }
        same_memory(&p);
        pair_free(p);
    }
}

/* Going on where the last run stopped, by small steps and long ones. */
static void a_run_in_parts_agrees(void **state)
{
    struct rng rng = {7};
    for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
        struct pair p = pair_new(programs[i].text, NULL);
        enum exit_kind kind = EXIT_BUDGET;
        while (kind == EXIT_BUDGET)
            kind = both(&p, programs[i].name, rng_below(&rng, rng_below(&rng, 8) ? 60 : 400));
        assert_int_equal(kind, EXIT_BREAKPOINT);
        same_memory(&p);
        pair_free(p);
    }
}

static const char endless[] =
    "loop: addi a0, a0, 1; mul a1, a0, a0; xor a2, a2, a1; andi a3, a2, 0x7f8; add a3, a3, s0; ld a4, 0(a3);"
    "add a4, a4, a0; sd a4, 0(a3); andi a5, a0, 15; bnez a5, loop; call sub; j loop;"
    "sub: fcvt.d.l fa0, a4; fadd.d fa1, fa1, fa0; slli a6, a2, 7; srli a7, a2, 57; or a2, a6, a7; ret";

static void random_budgets_in_a_long_loop_agree(void **state)
{
    struct rng rng = {11};
    struct pair p = pair_new(endless, NULL);
    for (int i = 0; i < 60; i++) both(&p, "endless", rng_below(&rng, 120000));
    same_memory(&p);
    assert_true(jit_stats(p.jit->cpu)->links >= 4);
    assert_true(jit_stats(p.jit->cpu)->regions >= 1);
    assert_true(jit_stats(p.jit->cpu)->interpreted < 60 * JIT_MAX_INSNS);
    pair_free(p);
}

/* A block of the tail of a budget does not stay in a loop's way. */
static void a_cut_block_gives_way(void **state)
{
    struct pair p = pair_new(endless, &never_hot);
    for (int i = 1; i < 100; i++) both(&p, "endless", (uint64_t)i % 9);
    both(&p, "endless", 200000);
    struct jit_stats before = *jit_stats(p.jit->cpu);
    both(&p, "endless", 200000);
    const struct jit_stats *after = jit_stats(p.jit->cpu);
    assert_true(after->exits[JIT_EXIT_GOTO] - before.exits[JIT_EXIT_GOTO] < 4);
    assert_int_equal(after->blocks, before.blocks);
    pair_free(p);
}

/* ---- regions ---- */

static size_t program_of(const char *name)
{
    size_t i = 0;
    while (strcmp(programs[i].name, name)) i++;
    return i;
}

/* A loop whose registers have no places: its region gives them some, its blocks go to each other inside. */
static void a_region_has_registers_of_its_own(void **state)
{
    struct pair p = pair_new(programs[program_of("others")].text, &all_hot);
    struct jit *j = p.jit->cpu->backend;
    unsigned own = 0, inside = 0;
    both(&p, "others", 3000);
    for (uint32_t i = 0; i < j->cache.count; i++) {
        const struct jit_block *b = j->cache.order[(j->cache.first + i) & (j->cache.order_cap - 1)].block;
        if (b->gone) continue;
        own += b->region != 0;
        for (uint32_t k = 0; k < b->nexits; k++)
            inside += b->region && b->exits[k].to && b->exits[k].to->region == b->region;
    }
    assert_true(own >= 2 && inside >= 2);
    both(&p, "others", MANY);
    same_memory(&p);
    pair_free(p);
}

static void branches_become_straight_code(void **state)
{
    static const char *const names[] = {"either", "apart"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct pair p = pair_new(programs[program_of(names[i])].text, &all_hot);
        both(&p, names[i], MANY);
        uint64_t joined = jit_stats(p.jit->cpu)->joined;
        assert_true(i ? !joined : joined >= 3);
        same_memory(&p);
        pair_free(p);
    }
}

/* One that goes one way for a while, then the other, is none of them: a host learns that. */
static void a_steady_branch_stays(void **state)
{
    static const struct jit_options some_hot = {.hot = 1, .slice = 2048};
    struct pair p =
        pair_new("li a0, 2000; loop: andi a1, a0, 32; beqz a1, one; add a2, a2, a0; xor a3, a3, a2;"
                 "one: addi a0, a0, -1; bnez a0, loop; ebreak",
                 &some_hot);
    both(&p, "steady", MANY);
    assert_true(jit_stats(p.jit->cpu)->regions && !jit_stats(p.jit->cpu)->joined);
    pair_free(p);
}

/* A short loop that goes round often is in its trace four times; not one that is soon over. */
static void short_loops_are_unrolled(void **state)
{
    static const char *const texts[] = {
        "li a0, 2000; loop: addi a1, a1, 1; xor a2, a2, a1; addi a0, a0, -1; bnez a0, loop; ebreak",
        "li s1, 500; outer: li a0, 5; loop: addi a1, a1, 1; xor a2, a2, a1; addi a0, a0, -1; bnez a0, loop;"
        "addi s1, s1, -1; bnez s1, outer; ebreak"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct pair p = pair_new(texts[i], &all_hot);
        struct jit *j = p.jit->cpu->backend;
        both(&p, "unrolled", MANY);
        const struct jit_block *b = jit_find(j, CODE + (i ? 8 : 4), j->key);
        assert_non_null(b);
        if (b) assert_int_equal(b->insns, i ? 4 : 16);
        pair_free(p);
    }
}

/* Two loops of a kind each, that lead to each other; a slice sees one of them. */
static void regions_go_to_each_other(void **state)
{
    static const char text[] =
        "li s11, 0; first: li t3, 120; one: add t4, t4, t3; xor t5, t5, t4; slli t6, t5, 1; add s3, s3, t6;"
        "addi t3, t3, -1; bnez t3, one; two: add s5, s5, s3; xor s6, s6, s5; srli s7, s6, 1; add s8, s8, s7;"
        "addi s9, s9, 1; andi s10, s9, 127; bnez s10, two; addi s11, s11, 1; j first";
    struct pair p = pair_new(text, &all_hot);
    struct jit *j = p.jit->cpu->backend;
    unsigned between = 0;
    for (int i = 0; i < 40; i++) both(&p, "two loops", 1000);
    for (uint32_t i = 0; i < j->cache.count; i++) {
        const struct jit_block *b = j->cache.order[(j->cache.first + i) & (j->cache.order_cap - 1)].block;
        for (uint32_t k = 0; k < b->nexits && !b->gone; k++) {
            const struct jit_block *to = b->exits[k].to;
            between += to && b->region && to->region && b->region != to->region;
        }
    }
    assert_true(between >= 1);
    pair_free(p);
}

/* What is dropped is never run again, from inside its region or from outside. */
static void dropped_blocks_of_regions_are_left_alone(void **state)
{
    struct pair p = pair_new(programs[program_of("others")].text, &all_hot);
    struct jit *j = p.jit->cpu->backend;
    struct rng rng = {3};
    enum exit_kind kind = EXIT_BUDGET;
    unsigned dropped = 0;
    while (kind == EXIT_BUDGET) {
        kind = both(&p, "others", 700);
        for (uint32_t i = 0; i < j->cache.count; i++) {
            struct jit_block *b = j->cache.order[(j->cache.first + i) & (j->cache.order_cap - 1)].block;
            if (b->gone || rng_below(&rng, 3)) continue;
            dropped += b->region != 0;
            jit_drop(j, b);
            memset(j->cache.rw + (b->code - j->cache.rx), 0xcc, b->size);
        }
    }
    assert_true(dropped >= 3);
    same_memory(&p);
    pair_free(p);
}

/* ---- faults ---- */

static void faults_inside_blocks_agree(void **state)
{
    static const char *const text[] = {
        "addi a0, a0, 1; c.addi a0, 1; add a2, a0, a0; ld a0, 0(a1); addi a0, a0, 1; ebreak",
        "addi a0, a0, 1; mul a2, a0, a0; sw a2, 4(s0); sd a2, 0(a1); addi a0, a0, 1; ebreak",
        "addi a0, a0, 1; fcvt.d.l fa0, a0; fadd.d fa1, fa0, fa0; fld fa0, 8(a1); fadd.d fa1, fa0, fa0",
        "addi a0, a0, 1; beqz a3, on; ebreak; on: addi a0, a0, 2; amoadd.w a0, a0, (a1); ebreak",
        "addi a0, a0, 1; mv a2, a0; amoor.d a2, a0, (a1); addi a0, a0, 1; ebreak",
        "addi a0, a0, 1; mv a2, a0; amomaxu.w a0, a2, (a1); addi a0, a0, 1; ebreak",
        "addi a0, a0, 1; mv a2, a0; amocas.d a2, a0, (a1); addi a0, a0, 1; ebreak",
        "lr.d a0, (s0); mv a2, a0; sc.d a0, a1, (a1); addi a0, a0, 1; sc.w a2, a1, (s0); ebreak",
        "addi a0, a0, 1; fence rw, rw; mv a2, a0; lr.w a2, (a1); fence.tso; addi a0, a0, 1; ebreak",
        "addi a0, a0, 1; beqz a3, on; ebreak; on: addi a0, a0, 2; jr a1; ebreak",
        "addi a0, a0, 1; li a3, 5; sub a3, a3, a0; .4byte 0xffffffff",
        "addi a0, a0, 1; fsrmi 5; fadd.d fa0, fa1, fa2, dyn; ebreak",
        "addi a0, a0, 1; add a4, a0, a0; ecall",
    };
    static const uint64_t where[] = {0,
                                     0x500000,
                                     0x500004,
                                     DATA + DATA_SIZE - 1,
                                     DATA + DATA_SIZE - 4,
                                     DATA - 4,
                                     ~7ull,
                                     ~0ull,
                                     1ull << 38,
                                     (1ull << 38) - 4,
                                     1ull << 47,
                                     1ull << 63,
                                     0x7fffffffffff000u,
                                     0xffff800000000000u,
                                     1ull << 40};
    for (size_t i = 0; i < ARRAY_LEN(text); i++) {
        struct pair p = pair_new(text[i], NULL);
        for (size_t k = 0; k < ARRAY_LEN(where); k++) {
            start(p.interp);
            start(p.jit);
            *machine_reg(p.interp, "a1") = *machine_reg(p.jit, "a1") = where[k];
            both(&p, text[i], 100);
            same_memory(&p);
        }
        pair_free(p);
    }
}

/* A page behind its file's end: the guest's fault is an access fault, and the host's signal tells them apart.
 */
static void the_host_signal_of_a_fault_is_kept(void **state)
{
    if (!in_window) return;
    struct machine *m = machine_new(&backend_jit, NULL);
    FILE *empty = tmpfile();
    test_map_file(&m->mem, DATA + DATA_SIZE, CPU_PAGE, CPU_READ | CPU_WRITE, fileno(empty));
    machine_load(m, CODE, "addi a0, a0, 1; ld a1, 16(sp); ebreak");
    start(m);
    assert_int_equal(machine_run(m, MANY)->kind, EXIT_FAULT);
    assert_int_equal(m->cpu->exit.value, DATA + DATA_SIZE + 16);
    assert_int_equal(m->cpu->host_signal, SIGBUS);
    *machine_reg(m, "sp") += CPU_PAGE;
    assert_int_equal(machine_run(m, MANY)->kind, EXIT_FAULT);
    assert_int_equal(m->cpu->host_signal, SIGSEGV);
    fclose(empty);
    machine_free(m);
}

/* ---- code that changes ---- */

static void changed_code_is_seen_after_fence_i(void **state)
{
    /* overwrites the addi at `patch` with "addi a0, a0, 64" after the first round */
    struct pair p = pair_new("li a3, 4; la a1, patch; li a2, 0x04050513; loop: nop; call patch; sw a2, "
                             "0(a1); fence.i; addi a3, a3, -1;"
                             "bnez a3, loop; ebreak; patch: addi a0, a0, 1; ret",
                             NULL);
    assert_int_equal(both(&p, "fence.i", MANY), EXIT_BREAKPOINT);
    assert_int_equal(*machine_reg(p.jit, "a0"), 1 + 3 * 64);
    pair_free(p);
}

/* A page that is written over and over leaves the translations of other pages alone. */
static void only_what_changed_is_translated_again(void **state)
{
    enum { ROUNDS = 100 };
    struct pair p = pair_new(
        "loop: jalr s2; jalr s3; sd a7, 64(s3); fence.i; addi a1, a1, -1; bnez a1, loop; ebreak", NULL);
    for (int i = 0; i < 2; i++) {
        struct machine *m = i ? p.jit : p.interp;
        machine_load(m, CODE + CPU_PAGE, "addi a2, a2, 1; bnez a2, .+4; j .+4; ret");
        machine_load(m, CODE + 2 * CPU_PAGE, "addi a3, a3, 1; ret");
        *machine_reg(m, "s2") = CODE + CPU_PAGE;
        *machine_reg(m, "s3") = CODE + 2 * CPU_PAGE;
        *machine_reg(m, "a1") = ROUNDS;
    }
    assert_int_equal(both(&p, "pages", MANY), EXIT_BREAKPOINT);
    const struct jit_stats *s = jit_stats(p.jit->cpu);
    assert_int_equal(s->flushes, 0);
    assert_true(s->blocks > ROUNDS && s->blocks < ROUNDS + 20);
    pair_free(p);
}

/* Code that goes over several pages, of which each changes in turn, and then nothing does. */
static void a_change_on_any_page_is_seen(void **state)
{
    enum { FAR = 40, ROUNDS = 400 };
    struct pair p = pair_new("loop: jalr s2; addi a1, a1, -1; bnez a1, loop; ebreak", NULL);
    uint64_t at[] = {CODE + CPU_PAGE - 8, CODE + CPU_PAGE, CODE + FAR * CPU_PAGE - 2};
    for (int round = 0; round < 12; round++) {
        for (int i = 0; i < 2; i++) {
            struct machine *m = i ? p.jit : p.interp;
            char text[3][80];
            snprintf(text[0], 80, "addi a2, a2, %d; addi a2, a2, 1", round >= 3 ? 16 : 3);
            snprintf(text[1], 80, "addi a3, a3, %d; lui t0, %d; jr -6(t0)", round >= 6 ? 32 : 5,
                     (CODE >> 12) + FAR);
            snprintf(text[2], 80, "addi a4, a4, %d; ret", round >= 9 ? 64 : 7);
            machine_load(m, CODE + FAR * CPU_PAGE - 6, "addi a5, a5, 1");
            for (int k = 0; k < 3; k++)
                if (!round || round == 3 * (k + 1)) machine_load(m, at[k], text[k]);
            start(m);
            *machine_reg(m, "s2") = at[0];
            *machine_reg(m, "a1") = ROUNDS;
        }
        assert_int_equal(both(&p, "pages", MANY), EXIT_BREAKPOINT);
        assert_int_equal(*machine_reg(p.jit, "a4"), ROUNDS * (round >= 9 ? 64 : 7));
        assert_int_equal(*machine_reg(p.jit, "a2"), ROUNDS * (round >= 3 ? 17 : 4));
    }
    assert_int_equal(jit_stats(p.jit->cpu)->flushes, 0);
    pair_free(p);
}

/* More changes at once than are remembered. */
static void many_changes_at_once_are_seen(void **state)
{
    enum { PAGES = MEM_CHANGES + 100 };
    struct pair p =
        pair_new("loop: jalr s2; lui t0, 1; add s2, s2, t0; addi a1, a1, -1; bnez a1, loop; ebreak", NULL);
    for (int round = 1; round < 4; round++) {
        for (int i = 0; i < 2; i++) {
            struct machine *m = i ? p.jit : p.interp;
            char text[40];
            snprintf(text, sizeof(text), "addi a2, a2, %d; ret", round);
            for (uint64_t k = 1; k <= PAGES; k++) machine_load(m, CODE + k * CPU_PAGE, text);
            start(m);
            *machine_reg(m, "s2") = CODE + CPU_PAGE;
            *machine_reg(m, "a1") = PAGES;
        }
        assert_int_equal(both(&p, "pages", MANY), EXIT_BREAKPOINT);
        assert_int_equal(*machine_reg(p.jit, "a2"), round * PAGES);
    }
    pair_free(p);
}

static void code_changed_by_the_host_is_seen(void **state)
{
    struct machine *m = machine_new(&backend_jit, NULL);
    for (int i = 1; i < 50; i++) {
        char text[60];
        snprintf(text, sizeof(text), "j .+4; addi a0, zero, %d; ebreak", i);
        machine_load(m, CODE, text);
        start(m);
        assert_int_equal(machine_run(m, MANY)->kind, EXIT_BREAKPOINT);
        assert_int_equal(*machine_reg(m, "a0"), i);
    }
    machine_free(m);
}

/* ---- rounding modes ---- */

/* The same code under each mode, reached by a direct and by an indirect jump. */
static void a_rounding_mode_holds_in_what_follows(void **state)
{
    struct pair p = pair_new(
        "li a1, 20; li t0, 3; fcvt.d.l fa0, zero; fcvt.d.l fa1, t0; li t0, 1; fcvt.d.l fa0, t0; la a2, sum;"
        "loop: li t1, 5; remu t1, a1, t1; fsrm t1; jalr a2; fneg.d fa2, fa2; call sum; addi a1, a1, -1; bnez "
        "a1, loop;"
        "ebreak; sum: fdiv.d fa2, fa0, fa1; fadd.d fa3, fa3, fa2; fmv.x.d a3, fa2; add a4, a4, a3; ret",
        NULL);
    assert_int_equal(both(&p, "frm", MANY), EXIT_BREAKPOINT);
    assert_int_equal(*machine_reg(p.jit, "fflags"), FP_NX);
    pair_free(p);
}

/* ---- exceptions ---- */

/* The host has a flag for that; the guest has not, wherever it looks. */
static void a_subnormal_operand_is_no_exception(void **state)
{
    struct pair p = pair_new("li a0, 1; fmv.d.x fa0, a0; fmv.d.x fa1, zero; fadd.d fa2, fa0, fa1; frflags a1;"
                             "fence.i; frflags a2; frcsr a3; ebreak",
                             NULL);
    assert_int_equal(both(&p, "fflags", MANY), EXIT_BREAKPOINT);
    assert_int_equal(*machine_reg(p.jit, "fflags"), 0);
    pair_free(p);
}

/* ---- the cache ---- */

/* n pieces of code that run one after the other, six times, more than a small cache holds; all call one
 * function. */
static void load_many(struct machine *m, unsigned n)
{
    struct buf text = {0};
    for (unsigned i = 0; i < n; i++)
        buf_printf(
            &text,
            "addi a0, a0, %u; xor a1, a1, a0; add a2, a2, a1; bnez a3, .+8; addi a4, a4, 1; jal t0, common;",
            i % 2000);
    buf_str(&text, "addi a5, a5, -1; la a6, .; beqz a5, .+8; jr s2; ebreak; common: addi s3, s3, 1; jr t0");
    machine_load(m, CODE, buf_cstr(&text));
    buf_free(&text);
    start(m);
    *machine_reg(m, "a5") = 6;
    *machine_reg(m, "s2") = CODE;
}

static void a_small_cache_reclaims(void **state)
{
    struct jit_options small = {.cache_size = 64 << 10, .timed = true};
    struct pair p = {machine_new(&backend_interp, NULL), machine_new(&backend_jit, &small)};
    load_many(p.interp, 9000);
    load_many(p.jit, 9000);
    assert_int_equal(both(&p, "many", MANY), EXIT_BREAKPOINT);
    const struct jit_stats *s = jit_stats(p.jit->cpu);
    assert_true(s->reclaims > 1000);
    assert_true(s->unlinks > 500);
    assert_true(s->host_bytes > 10 * small.cache_size);
    assert_true(s->reclaim_ns > 0);
    assert_true(s->reclaim_ns / s->reclaims < 1000000); /* any one may have waited for a processor */
    pair_free(p);
}

/* Everything that is translated is found by its address, and only there. */
static void blocks_are_found_by_their_code(void **state)
{
    struct jit_options small = {.cache_size = 64 << 10};
    struct machine *m = machine_new(&backend_jit, &small);
    struct jit *j = m->cpu->backend;
    load_many(m, 3000);
    for (int round = 0; round < 40; round++) {
        machine_run(m, 700);
        for (uint32_t i = 0; i < j->cache.count; i++) {
            const struct jit_block *b = j->cache.order[(j->cache.first + i) & (j->cache.order_cap - 1)].block;
            assert_ptr_equal(jit_block_at(j, b->code), b);
            assert_ptr_equal(jit_block_at(j, b->code + b->size - 1), b);
            assert_ptr_not_equal(jit_block_at(j, b->code + b->size), b);
            for (uint32_t k = 0; k < b->nexits; k++) {
                assert_ptr_equal(jit_exit_at(b, b->code + b->exits[k].left), &b->exits[k]);
                if (b->exits[k].to) assert_false(b->exits[k].to->gone);
            }
        }
    }
    assert_null(jit_block_at(j, j->cache.rx));
    machine_free(m);
}

/* No page is writable and executable, and no two views have one address. */
static void no_page_is_writable_and_executable(void **state)
{
    struct machine *m = machine_new(&backend_jit, NULL);
    machine_load(m, CODE, "ebreak");
    start(m);
    machine_run(m, MANY);
    char line[512];
    FILE *f = fopen("/proc/self/maps", "r");
    assert_non_null(f);
    unsigned views = 0;
    while (fgets(line, sizeof(line), f)) {
        char perm[8];
        assert_int_equal(sscanf(line, "%*s %7s", perm), 1);
        assert_false(perm[1] == 'w' && perm[2] == 'x');
        views += strstr(line, "s 00000000 ") && strstr(line, "/dev/zero"); /* shared, of no file */
    }
    fclose(f);
    assert_int_equal(views, 2);
    machine_free(m);
}

/* ---- processes ---- */

/* The child closes what it inherited and opens its own; the parent's translations stay as they were. */
static void a_forked_child_has_its_own_code(void **state)
{
    struct pair p = pair_new(endless, NULL);
    both(&p, "endless", 5000);
    pid_t pid = fork();
    if (!pid) {
        backend_jit.close(p.jit->cpu);
        if (backend_jit.open(p.jit->cpu)) _exit(1);
        machine_load(p.jit, CODE, "li a0, 77; ebreak");
        *machine_reg(p.jit, "pc") = CODE;
        _exit(machine_run(p.jit, MANY)->kind == EXIT_BREAKPOINT && *machine_reg(p.jit, "a0") == 77 ? 0 : 2);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    both(&p, "endless", 200000);
    pair_free(p);
}

/* ---- for people ---- */

static void translations_are_explained(void **state)
{
    struct machine *m = machine_new(&backend_jit, NULL);
    struct jit_explained e = {0};
    machine_load(m, CODE, "addi a0, a0, 1; addi a0, a0, 2; ebreak");
    start(m);
    assert_int_equal(jit_explain(m->cpu, CODE, 10, NULL, &e), 0);
    assert_non_null(strstr(buf_cstr(&e.ir), "add.i64"));
    assert_true(e.optimised.len < e.ir.len);
    assert_true(e.code.len > 8);
    assert_int_equal(jit_explain(m->cpu, CODE + CODE_SIZE, 10, NULL, &e), -EFAULT);
    assert_true(e.notes.len >= 2 * sizeof(struct jit_note)); /* the budget, the breakpoint */
    jit_explained_free(&e);
    assert_int_equal(machine_run(m, MANY)->kind, EXIT_BREAKPOINT);
    assert_int_equal(*machine_reg(m, "a0"), 3);
    machine_free(m);
}

static void call_it_fib(uint64_t pc, void *data, struct buf *out)
{
    if (pc == CODE) buf_str(out, data);
}

static void perf_is_told_of_each_block(void **state)
{
    char dir[] = "/tmp/lockstep-jit-XXXXXX", path[80], line[200] = "";
    assert_non_null(mkdtemp(dir));
    char name[] = "fib+0x2";
    struct jit_options o = {.perf = dir, .name = call_it_fib, .data = name};
    struct machine *m = machine_new(&backend_jit, &o);
    machine_load(m, CODE, "addi a0, a0, 1; li t0, 0x10040; jr t0");
    machine_load(m, CODE + 0x40, "ebreak");
    start(m);
    machine_run(m, MANY);
    machine_free(m);
    snprintf(path, sizeof(path), "%s/perf-%d.map", dir, (int)getpid());
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof(line), f));
    assert_non_null(strstr(line, " fib+0x2\n"));
    assert_non_null(fgets(line, sizeof(line), f));
    assert_non_null(strstr(line, " guest:0x10040\n"));
    fclose(f);
    unlink(path);
    snprintf(path, sizeof(path), "%s/jit-%d.dump", dir, (int)getpid());
    f = fopen(path, "r");
    assert_non_null(f);
    uint32_t head[3] = {0}, load[2] = {0};
    assert_int_equal(fread(head, sizeof(head), 1, f), 1);
    assert_int_equal(head[0], 0x4a695444);
    long at = head[2];
    for (int i = 0; i < 2; i++, at += load[1]) {
        assert_int_equal(fseek(f, at, SEEK_SET), 0);
        assert_int_equal(fread(load, sizeof(load), 1, f), 1);
        assert_int_equal(load[0], 0); /* JIT_CODE_LOAD */
    }
    fseek(f, 0, SEEK_END);
    assert_int_equal(ftell(f), at);
    fclose(f);
    unlink(path);
    assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_budget_agrees),
        cmocka_unit_test(a_run_in_parts_agrees),
        cmocka_unit_test(random_budgets_in_a_long_loop_agree),
        cmocka_unit_test(a_cut_block_gives_way),
        cmocka_unit_test(a_region_has_registers_of_its_own),
        cmocka_unit_test(branches_become_straight_code),
        cmocka_unit_test(a_steady_branch_stays),
        cmocka_unit_test(short_loops_are_unrolled),
        cmocka_unit_test(regions_go_to_each_other),
        cmocka_unit_test(dropped_blocks_of_regions_are_left_alone),
        cmocka_unit_test(faults_inside_blocks_agree),
        cmocka_unit_test(the_host_signal_of_a_fault_is_kept),
        cmocka_unit_test(changed_code_is_seen_after_fence_i),
        cmocka_unit_test(only_what_changed_is_translated_again),
        cmocka_unit_test(a_change_on_any_page_is_seen),
        cmocka_unit_test(many_changes_at_once_are_seen),
        cmocka_unit_test(code_changed_by_the_host_is_seen),
        cmocka_unit_test(a_rounding_mode_holds_in_what_follows),
        cmocka_unit_test(a_subnormal_operand_is_no_exception),
        cmocka_unit_test(a_small_cache_reclaims),
        cmocka_unit_test(blocks_are_found_by_their_code),
        cmocka_unit_test(no_page_is_writable_and_executable),
        cmocka_unit_test(a_forked_child_has_its_own_code),
        cmocka_unit_test(translations_are_explained),
        cmocka_unit_test(perf_is_told_of_each_block),
    };
    return test_everywhere(tests, ARRAY_LEN(tests));
}
