/* Bins of rows: what is there and what is not, and which of them a case hits. */
#include "harness/corpus/corpus_test.h"
#include "harness/cover/bins.h"

static const struct guest *guest(void)
{
    return guest_find("riscv64");
}

static const struct bins *bins_of(const char *id, struct arena *a)
{
    const struct guest_row *row = guest_row_find(guest(), id);
    assert_non_null(row);
    return bins_make(guest(), (unsigned)(row - guest()->rows), a);
}

static int bin_find(const struct bins *b, const char *name)
{
    struct buf text = {0};
    int found = -1;
    for (unsigned i = 0; i < b->n && found < 0; i++) {
        buf_reset(&text);
        bins_name(b, i, &text);
        if (!strcmp(buf_cstr(&text), name)) found = (int)i;
    }
    buf_free(&text);
    return found;
}

/* ---- what there is ---- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Every row has a few hundred at most, each with a name of its own. */
static void test_all_rows(void **state)
{
    static char *names[BINS_MAX];
    for (unsigned r = 0; r < guest()->nrows; r++) {
        struct arena a = {0};
        struct buf name = {0};
        if (guest()->rows[r].absent) continue;
        const struct bins *b = bins_make(guest(), r, &a);
        assert_in_range(b->n, 1, BINS_MAX);
        for (unsigned i = 0; i < b->n; i++) {
            buf_reset(&name);
            bins_name(b, i, &name);
            names[i] = arena_strdup(&a, buf_cstr(&name));
        }
        assert_string_equal(names[0], "executed");
        qsort(names, b->n, sizeof(*names), by_text);
        for (unsigned i = 1; i < b->n; i++)
            if (!strcmp(names[i - 1], names[i])) fail_msg("%s: '%s' twice", guest()->rows[r].id, names[i]);
        buf_free(&name);
        arena_free(&a);
    }
}

static void test_known_bins(void **state)
{
    static const struct {
        const char *row, *bin; /* of which */
        bool there;            /* or not */
    } known[] = {
        {"rv.add", "rs1=min", true},
        {"rv.add", "rs1=min rs2=-1", true},
        {"rv.add", "rs1 == rs2 + 1", true},
        {"rv.add", "rd=rs1", true},
        {"rv.add", "rd=zero", true},
        {"rv.add", "all the same", true},
        {"rv.add", "all different", true},
        {"rv.add", "fault illegal", false},
        {"rv.fsgnj.s", "fault illegal", true}, /* its extension needs a mode */
        {"rv.fsgnj.s", "mstatus[14:13]=0", true},
        {"rv.fsgnj.s", "mstatus[14:13]=3", false}, /* as after reset */
        {"rv.cbo.zero", "menvcfg[7]=0", true},
        {"rv.cbo.zero", "priv=3", true},
        {"rv.sc.w", "res_addr=address", true},
        {"rv.sc.w", "res_value=memory", true},
        {"rv.lr.w", "res_addr=address", false}, /* it is only written */
        {"rv.sll", "rs2=64", true},
        {"rv.addi", "imm=min", true},
        {"rv.addi", "imm=bit 10", true},
        {"rv.addi", "imm=bit 11", false}, /* that is its minimum */
        {"rv.c.addi", "imm=1", false},
        {"rv.c.addi", "imm=bit 0", true},
        {"rv.c.nop.hint", "nzimm=0", false}, /* does not decode */
        {"rv.c.addi", "rd=zero", false},     /* likewise */
        {"rv.c.lwsp", "rd=sp", true},
        {"rv.c.addi4spn", "sp=min", true},
        {"rv.c.addi4spn", "rdc=sp", false}, /* x8 to x15 only */
        {"rv.c.jalr", "rs1=ra", true},
        {"rv.c.jalr", "ra=min", false}, /* it is written, not read */
        {"rv.lw", "fault load-access", true},
        {"rv.lw", "fault store-access", false},
        {"rv.lw", "address page-crossing", true},
        {"rv.lw", "rs1=min", false}, /* it holds an address */
        {"rv.lb", "address misaligned", false},
        {"rv.lr.w", "fault misaligned-load", true},
        {"rv.lr.w", "aqrl=.aq", true},
        {"rv.lr.w", "aqrl=none", true},
        {"rv.amocas.q", "rd=zero", true},
        {"rv.fadd.s", "rs1=snan", true},
        {"rv.fadd.s", "rs1=unboxed", true},
        {"rv.fadd.d", "rs1=unboxed", false},
        {"rv.fadd.s", "rs1=+inf rs2=-inf", true},
        {"rv.fadd.s", "rm=rup", true},
        {"rv.fadd.s", "rm=dyn frm=rup", true},
        {"rv.fadd.s", "rm=dyn frm=5", true},
        {"rv.fadd.s", "fault illegal", true},
        {"rv.fadd.s", "NX 0->1", true},
        {"rv.fadd.s", "NX stays 0", true},
        {"rv.fsgnj.s", "NX 0->1", false},
        {"rv.beq", "taken", true},
        {"rv.beq", "not taken", true},
        {"rv.jal", "not taken", false},
        {"rv.jalr", "target odd", true},
        {"rv.csrrw", "csr=frm", true},
        {"rv.csrrw", "csr=fflags", false}, /* that is a row of its own */
        {"rv.csrrw", "csr=none such", true},
    };
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        struct arena a = {0};
        const struct bins *b = bins_of(known[i].row, &a);
        if ((bin_find(b, known[i].bin) >= 0) != known[i].there)
            fail_msg("%s: '%s' is %s", known[i].row, known[i].bin, known[i].there ? "missing" : "there");
        arena_free(&a);
    }
}

/* The number is for these bins and no others. */
static void test_hash(void **state)
{
    const struct guest *g = guest();
    struct arena a = {0};
    const struct bins **all = arena_alloc(&a, (g->nrows + 1) * sizeof(*all));
    for (unsigned r = 0; r < 20; r++) all[r] = g->rows[r].absent ? NULL : bins_make(g, r, &a);
    uint64_t one = bins_hash(g, all);
    assert_true(one == bins_hash(g, all));
    for (unsigned r = 0; r < 20; r++) {
        if (!all[r]) continue;
        const struct bins *was = all[r];
        all[r] = NULL;
        assert_true(one != bins_hash(g, all));
        all[r] = was;
    }
    arena_free(&a);
}

/* ---- what a case hits ---- */

/* The names of the bins hit, each followed by a semicolon. */
static void hit_names(const struct bins *b, const struct bin_hits *h, struct buf *out)
{
    buf_reset(out);
    for (unsigned i = 0; i < b->n; i++) {
        if (!bin_was_hit(h, i)) continue;
        bins_name(b, i, out);
        buf_char(out, ';');
    }
}

/* Cases, what their code and state say, and what is left and added after they ran. */
static const struct {
    const char *text, *before, *after; /* the case; bins */
} sights[] = {
    {"{id: a, code: 'add a0, a1, a2', in: {a1: 0x8000000000000000, a2: -1}}",
     "rs1=min;rs2=-1;rs1=min rs2=-1;rs1 <s rs2;rs1 <u rs2;all different;",
     "executed;rs1=min;rs2=-1;rs1=min rs2=-1;rs1 <s rs2;rs1 <u rs2;all different;"},
    {"{id: a, code: 'add zero, a1, a1', in: {a1: 7}}",
     "rs1=small;rs2=small;rs1=small rs2=small;rs1 == rs2;rd=zero;rs1=rs2;",
     "executed;rs1=small;rs2=small;rs1=small rs2=small;rs1 == rs2;rd=zero;rs1=rs2;"},
    {"{id: a, code: 'addi a0, a1, -2048', in: {a1: 8}}", "rs1=2^n;all different;imm=min;",
     "executed;rs1=2^n;all different;imm=min;"},
    {"{id: a, code: 'addi a0, a0, 4', in: {a0: 0x7fffffff}}", "rs1=max32;rd=rs1;imm=bit 2;",
     "executed;rs1=max32;rd=rs1;imm=bit 2;"},
    /* a load that faults was not tried with its registers */
    {"{id: a, code: 'lw a0, 0(a1)', in: {a1: 0x21ffe}}", "all different;imm=0;address over the end;",
     "executed;address over the end;fault load-access;"},
    {"{id: a, code: 'lw a0, 2(a1)', in: {a1: 0x20ffd}}", "all different;imm=bit 1;address page-crossing;",
     "executed;all different;imm=bit 1;address page-crossing;"},
    {"{id: a, code: 'sw a0, 0(a1)', in: {a0: 1, a1: 0x30004}}",
     "rs2=1;all different;imm=0;address aligned;address read-only;",
     "executed;address aligned;address read-only;fault store-access;"},
    {"{id: a, code: 'fadd.s fa0, fa1, fa2', in: {fa1: f32(1), fa2: 0x3f800000, frm: 5}}",
     "rs1=+norm;rs2=unboxed;rs1=+norm rs2=unboxed;rs1 == rs2;all different;rm=dyn frm=5;",
     "executed;rm=dyn frm=5;fault illegal;"},
    {"{id: a, code: 'fadd.s fa0, fa1, fa2, rup', in: {fa1: f32(1), fa2: f32(snan), fflags: NX}}",
     "rs1=+norm;rs2=snan;rs1=+norm rs2=snan;all different;rm=rup;",
     "executed;rs1=+norm;rs2=snan;rs1=+norm rs2=snan;all different;rm=rup;NX stays 1;UF stays 0;OF stays 0;"
     "DZ stays 0;NV 0->1;"},
    {"{id: a, code: 'beq a0, a1, 16', in: {a0: 5, a1: 5}}", /* */
     "rs1=small;rs2=small;rs1=small rs2=small;rs1 == rs2;all different;off=bit 4;",
     "executed;rs1=small;rs2=small;rs1=small rs2=small;rs1 == rs2;all different;off=bit 4;taken;"},
    {"{id: a, code: 'bne a0, a1, 16', in: {a0: 5, a1: 5}}", /* */
     "rs1=small;rs2=small;rs1=small rs2=small;rs1 == rs2;all different;off=bit 4;",
     "executed;rs1=small;rs2=small;rs1=small rs2=small;rs1 == rs2;all different;off=bit 4;not taken;"},
    /* where it goes on shows nothing */
    {"{id: a, code: 'beqz a0, 4', in: {a0: 0}}", /* */
     "rs1=0;rs2=0;rs1=0 rs2=0;rs1 == rs2;rs1 == -rs2;rs2=zero;off=bit 2;",
     "executed;rs1=0;rs2=0;rs1=0 rs2=0;rs1 == rs2;rs1 == -rs2;rs2=zero;off=bit 2;"},
    {"{id: a, code: 'c.lwsp a0, 4(sp)', in: {sp: 0x20000}}", "all different;uimm=bit 2;address aligned;",
     "executed;all different;uimm=bit 2;address aligned;"},
    {"{id: a, code: 'c.lwsp a0, 0(sp)', in: {sp: 0x21ffc}}",
     "all different;uimm=min;address aligned;address last bytes;",
     "executed;all different;uimm=min;address aligned;address last bytes;"},
    {"{id: a, code: 'lh a0, 0(a1)', in: {a1: 0x20000}}",
     "all different;imm=0;address aligned;address first bytes;",
     "executed;all different;imm=0;address aligned;address first bytes;"},
    {"{id: a, code: 'lh a0, 0(a1)', in: {a1: 0x1ffff}}", "all different;imm=0;address over start;",
     "executed;address over start;fault load-access;"},
    {"{id: a, code: 'lh a0, 0(a1)', in: {a1: -1}}", "all different;imm=0;address unmapped;address top;",
     "executed;address unmapped;address top;fault load-access;"},
    {"{id: a, code: 'lh a0, 0(a1)', in: {a1: 0x10001}}",
     "all different;imm=0;address misaligned;address code;",
     "executed;all different;imm=0;address misaligned;address code;"},
    /* a region of the case's own */
    {"{id: a, code: 'lh a0, 8(zero)', mem: [{at: 0, size: 0x1000, perm: rw}]}",
     "rs1=zero;imm=bit 3;address aligned;address null;",
     "executed;rs1=zero;imm=bit 3;address aligned;address null;"},
    {"{id: a, code: 'jalr a0, 1(a1)', in: {a1: 0x10101}}", "all different;imm=bit 0;target half;",
     "executed;all different;imm=bit 0;target half;taken;"},
    {"{id: a, code: 'jalr a0, 0(a1)', in: {a1: 0x20003}}", "all different;imm=0;target odd;target nowhere;",
     "executed;all different;imm=0;target odd;target nowhere;taken;"},
    {"{id: a, code: ecall}", "", "executed;fault ecall;"},
};

static void test_sights(void **state)
{
    struct buf text = {0}, names = {0};
    const char *why;
    struct runner *r = runner_open(&backend_interp, guest(), &why);
    assert_non_null(r);
    for (size_t i = 0; i < ARRAY_LEN(sights); i++) {
        buf_reset(&text);
        buf_printf(&text, HEAD "cases:\n  - %s\n", sights[i].text);
        struct loaded *l = load_one(buf_cstr(&text));
        struct arena a = {0};
        const struct bins *b = bins_make(guest(), (unsigned)(l->c->row - guest()->rows), &a);
        struct bin_hits said, hits;
        struct outcome o;
        bins_before(b, l->c, NULL, &said);
        for (unsigned k = 0; k < b->n; k++) assert_false(bin_was_hit(&said, k) && bin_needs_run(b, k));
        hit_names(b, &said, &names);
        if (strcmp(buf_cstr(&names), sights[i].before))
            fail_msg("%s\nbefore:   %s\nexpected: %s", sights[i].text, buf_cstr(&names), sights[i].before);
        runner_run(r, l->c, &o);
        bins_before(b, l->c, o.before, &hits);
        assert_memory_equal(&hits, &said, sizeof(hits)); /* the state of a run says the same as the case */
        bins_after(b, l->c, &o, &hits);
        hit_names(b, &hits, &names);
        if (strcmp(buf_cstr(&names), sights[i].after))
            fail_msg("%s\nafter:    %s\nexpected: %s", sights[i].text, buf_cstr(&names), sights[i].after);
        arena_free(&a);
        unload(l);
    }
    runner_close(r);
    buf_free(&text);
    buf_free(&names);
}

/* What is told of a sequence. */
struct told {
    const struct bins *all[2000]; /* by row */
    struct buf text;              /* "rv.add: executed;…\n" */
    struct arena arena;           /* of the bins */
};

static void tell(void *arg, unsigned row, const struct bin_hits *h)
{
    struct told *t = arg;
    struct buf names = {0};
    hit_names(t->all[row], h, &names);
    buf_printf(&t->text, "%s: %s\n", guest()->rows[row].id, buf_cstr(&names));
    buf_free(&names);
}

/* Of a sequence: what surely ran, and what of it is known. */
static void test_sequences(void **state)
{
    static const struct {
        const char *code, *told; /* the case; what is known */
    } known[] = {
        {"addi a0, a1, 1; c.addi a0, 2; c.addi a1, 2",
         "rv.addi: executed;rs1=0;all different;imm=bit 0;\nrv.c.addi: executed;\nrv.c.addi: "
         "executed;rd=0;all "
         "different;imm=bit 1;\n"},
        {"c.addi a0, 1; beqz a1, 8; c.addi a2, 1", /* who knows */
         "rv.c.addi: executed;rd=0;all different;imm=bit 0;\n"
         "rv.beq: executed;rs1=0;rs2=0;rs1=0 rs2=0;rs1 == rs2;rs1 == -rs2;rs2=zero;off=bit 3;\n"},
        {"c.addi a0, 1; lw a1, 0(zero); c.addi a2, 1", /* it faults */
         "rv.c.addi: executed;rd=0;all different;imm=bit 0;\n"},
        {"li sp, 8; c.lwsp a1, 4(sp)", "rv.addi: executed;rs1=0;rs1=zero;imm=bit 3;\n"},
        {"csrw fcsr, zero; c.addi a0, 1",
         "rv.csrrw: executed;rs1=0;rd=zero;rd=rs1;rs1=zero;csr=another;\nrv.c.addi: executed;\n"},
        {"fsrm a1; fadd.s fa0, fa1, fa2",
         "rv.csrrw: executed;rs1=0;rd=zero;csr=frm;\nrv.fadd.s: executed;\n"},
    };
    struct buf text = {0};
    const char *why;
    struct told *t = xcalloc(1, sizeof(*t));
    struct runner *r = runner_open(&backend_interp, guest(), &why);
    assert_in_range(guest()->nrows, 1, ARRAY_LEN(t->all));
    for (unsigned i = 0; i < guest()->nrows; i++)
        if (!guest()->rows[i].absent) t->all[i] = bins_make(guest(), i, &t->arena);
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        struct outcome o;
        buf_reset(&text);
        buf_reset(&t->text);
        buf_printf(&text, HEAD "cases:\n  - {id: a, code: '%s'}\n", known[i].code);
        struct loaded *l = load_one(buf_cstr(&text));
        runner_run(r, l->c, &o);
        bins_executed(t->all, l->c, &o, tell, t);
        assert_string_equal(buf_cstr(&t->text), known[i].told);
        unload(l);
    }
    runner_close(r);
    arena_free(&t->arena);
    buf_free(&t->text);
    free(t);
    buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_rows), cmocka_unit_test(test_known_bins), cmocka_unit_test(test_hash),
        cmocka_unit_test(test_sights),   cmocka_unit_test(test_sequences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
