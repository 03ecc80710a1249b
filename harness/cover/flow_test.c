/* Flows: which there are, and which an execution goes through. */
#include "harness/corpus/corpus_test.h"
#include "harness/cover/flow.h"

/* Bins of all rows, and someone who follows. */
struct fixture {
    struct arena arena;       /* all of it */
    const struct guest *g;    /* riscv64 */
    const struct bins **all;  /* by row */
    const struct bins *flows; /* of sequences */
    struct flow_trace *t;     /* who follows */
};

static int setup(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    f->g = guest_find("riscv64");
    f->all = arena_alloc(&f->arena, f->g->nrows * sizeof(*f->all));
    f->flows = flows_make(f->g, &f->arena);
    for (unsigned r = 0; r < f->g->nrows; r++)
        f->all[r] = f->g->rows[r].absent ? NULL : bins_make(f->g, r, &f->arena);
    f->t = flow_trace_open(f->g, f->all, f->flows);
    *state = f;
    return f->t ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    flow_trace_close(f->t);
    arena_free(&f->arena);
    free(f);
    return 0;
}

/* The flows of a program, each followed by a semicolon; a1 holds an address. */
static void follow(struct fixture *f, const char *text, struct buf *names)
{
    struct buf code = {0};
    struct asm_error err;
    struct case_reg in = {.ref = guest_reg_find(f->g, "a1"), .value = {LAYOUT_DATA + 64}};
    struct bin_hits h = {0};
    if (!guest_asm(f->g, text, &code, &err)) fail_msg("%s: %s", text, err.message);
    struct test_case c = {.id = "t",
                          .guest = f->g,
                          .code = (const uint8_t *)code.p,
                          .code_size = (unsigned)code.len,
                          .code_at = LAYOUT_CODE,
                          .steps = 100,
                          .in = &in,
                          .nin = 1};
    assert_true(flow_follow(f->t, &c, 100, &h));
    buf_reset(names);
    for (unsigned i = 1; i < f->flows->n; i++) {
        if (!bin_was_hit(&h, i)) continue;
        bins_name(f->flows, i, names);
        buf_char(names, ';');
    }
    buf_free(&code);
}

static void test_follow(void **state)
{
    static const struct {
        const char *code, *flows; /* what is executed, and what it goes through */
    } tries[] = {
        {"addi a0, a2, 1; xor a3, a0, a4", "int to int: value;"},
        {"addi zero, a2, 1; xor a3, zero, a4", ""},
        {"addw a0, a2, a3; add a3, a0, a4", "short to int: value;"},
        {"lw a0, 0(a1); sd a2, 0(a0)", "load to store: address;"},
        {"sw a0, 0(a1); lw a2, 0(a1)", "store to load: same bytes;"},
        {"sw a0, 0(a1); lhu a2, 2(a1)", "store to load: overlap;"},
        {"sw a0, 0(a1); lhu a2, 4(a1)", ""},
        {"sd a0, 0(a1); sd a0, 8(a1); amoadd.d a2, a3, (a1)", "store to atomic: same bytes;"},
        {"lr.w a0, (a1); sc.w a2, a3, (a1)", "atomic to atomic: reservation;"},
        {"fadd.s fa0, fa1, fa2; frflags a0", "fp to csr: flags;"},
        {"csrrwi zero, frm, 1; fadd.s fa0, fa1, fa2, dyn", "csr to fp: rounding mode;"},
        {"csrrwi zero, frm, 1; fadd.s fa0, fa1, fa2, rtz", ""},
        {"fmv.d.x fa0, a1; fmv.x.d a0, fa0", "move to move: value;"},
        {"addi a0, a2, 1; beq a3, a4, .+4; xor a3, a0, a4", "int to int: value over a branch;"},
        {"addi a0, a2, 1; bne a3, a4, .+4; xor a3, a0, a4", "int to int: value over a branch;"},
        {"addi a0, a2, 1; jal a5, .+4; xor a3, a0, a4", "int to int: value over a call;"},
        {"li a0, 2; 1: xor a3, a2, a4; addi a2, zero, 5; addi a0, a0, -1; bnez a0, 1b",
         "int to int: value;int to int: value round a loop;int to jump: value;"},
        {"jal a0, .+4; lw a2, 0(a0)", "jump to load: address over a call;"},
        {"addi a0, a1, 0; lw a2, -64(a0); .4byte 0; xor a3, a2, a4", "int to load: address;"},
        {"addi a0, zero, 0; lw a2, 0(a0)", "int to load: address;"}, /* it faults: it was used */
    };
    struct buf names = {0};
    for (size_t i = 0; i < ARRAY_LEN(tries); i++) {
        follow(*state, tries[i].code, &names);
        if (strcmp(buf_cstr(&names), tries[i].flows))
            fail_msg("%s: %s, not %s", tries[i].code, buf_cstr(&names), tries[i].flows);
    }
    buf_free(&names);
}

/* What cannot be has no bin. */
static void test_there(void **state)
{
    static const struct {
        struct flow f; /* which */
        bool there;    /* or not */
    } known[] = {
        {{FLOW_VALUE, FLOW_LOAD, FLOW_FP, FLOW_LOOP}, true},
        {{FLOW_VALUE, FLOW_STORE, FLOW_INT, FLOW_STRAIGHT}, false},
        {{FLOW_ADDRESS, FLOW_INT, FLOW_FP, FLOW_STRAIGHT}, false},
        {{FLOW_MEMORY, FLOW_STORE, FLOW_LOAD, FLOW_CALL}, true},
        {{FLOW_MEMORY, FLOW_LOAD, FLOW_LOAD, FLOW_CALL}, false},
        {{FLOW_RESERVATION, FLOW_ATOMIC, FLOW_ATOMIC, FLOW_BRANCH}, true},
        {{FLOW_VALUE, FLOW_JUMP, FLOW_INT, FLOW_STRAIGHT}, false}, /* the jump itself lies between */
        {{FLOW_VALUE, FLOW_JUMP, FLOW_INT, FLOW_CALL}, true},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        unsigned raw = flow_raw(known[i].f);
        struct flow back = flow_of_raw(raw);
        assert_memory_equal(&back, &known[i].f, sizeof(back));
        assert_int_equal(f->flows->groups[1].map[raw] != BIN_NONE, known[i].there);
    }
    assert_in_range(f->flows->n, 200, BINS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_follow),
        cmocka_unit_test(test_there),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
