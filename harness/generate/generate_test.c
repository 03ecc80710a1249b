/* Generated cases: sound for every row there is, and reaching what the corpus relies on them to reach. */
#include "harness/corpus/corpus_test.h"
#include "harness/generate/generate.h"

#include <inttypes.h>

static const struct guest *rv;

static int setup(void **state)
{
    rv = guest_find("riscv64");
    return rv ? 0 : -1;
}

static struct gen_plan plan_of(const char *id, enum gen_values values)
{
    const struct guest_row *row = guest_row_find(rv, id);
    struct generator gen = {.guest = rv, .count = 100, .seed = 7, .values = values};
    struct gen_plan p;
    assert_non_null(row);
    assert_true(gen_plan_init(&p, &gen, (unsigned)(row - rv->rows)));
    return p;
}

static uint64_t hash_case(const struct test_case *c)
{
    uint64_t h = hash_bytes(c->code, c->code_size, hash_str(c->id, c->code_at));
    for (unsigned i = 0; i < c->nin; i++)
        h = hash_bytes(c->in[i].value, sizeof(uint64_t), h ^ (c->in[i].ref.reg->word + c->in[i].ref.index));
    for (unsigned i = 0; i < c->nmem; i++)
        h = hash_bytes(c->mem[i].data, c->mem[i].data ? c->mem[i].size : 0,
                       h ^ c->mem[i].at ^ c->mem[i].perm);
    return h;
}

/* ---- every row ---- */

static void check_regs(const struct test_case *c)
{
    assert_true(c->nin < GEN_MAX_REGS);
    for (unsigned i = 0; i < c->nin; i++) {
        const struct case_reg *r = &c->in[i];
        assert_true((int)r->ref.index != r->ref.reg->zero && r->ref.index < r->ref.reg->count);
        if (r->ref.reg->width < 64) assert_int_equal(r->value[0] >> r->ref.reg->width, 0);
        for (unsigned k = 0; k < i; k++)
            assert_true(c->in[k].ref.reg != r->ref.reg || c->in[k].ref.index != r->ref.index);
    }
}

/* Registers that the instruction reads have a value, so that reading another one shows. */
static void check_operands(const struct test_case *c, uint32_t word)
{
    for (unsigned i = 0; i < c->row->nfields; i++) {
        const struct guest_field *f = &c->row->fields[i];
        if (f->kind->print != PRINT_REG || !(f->access & GUEST_READ)) continue;
        unsigned number = (unsigned)guest_field_get(f, word) + f->kind->add;
        bool found = (int)number == f->kind->file->zero;
        for (unsigned k = 0; k < c->nin; k++)
            found |= c->in[k].ref.reg == f->kind->file && c->in[k].ref.index == number;
        assert_true(found);
    }
}

static bool in_data_or_rom(const struct case_mem *m)
{
    return (m->at >= LAYOUT_DATA && m->at + m->size <= LAYOUT_DATA + LAYOUT_DATA_SIZE) ||
           (m->at >= LAYOUT_ROM && m->at + m->size <= LAYOUT_ROM + LAYOUT_ROM_SIZE);
}

/* Bytes are in regions that are there: every case's, and the first page where the base is always zero. */
static void check_memory(const struct test_case *c)
{
    bool first_page = c->nmem && c->mem[0].perm;
    assert_true(c->nmem <= 2u);
    if (first_page) assert_true(!c->mem[0].at && c->mem[0].size == CPU_PAGE && !c->mem[0].data);
    for (unsigned i = first_page; i < c->nmem; i++) {
        bool there = in_data_or_rom(&c->mem[i]) || (first_page && c->mem[i].at + c->mem[i].size <= CPU_PAGE);
        assert_true(there && c->mem[i].data && !c->mem[i].perm);
    }
}

static void check_sound(const struct gen_plan *p, uint64_t n, struct gen_out *out)
{
    const struct test_case *c = &out->c;
    uint32_t word = 0;
    gen_case(p, n, "riscv64/t/", out);
    for (unsigned i = 0; i < c->code_size; i++) word |= (uint32_t)c->code[i] << (8 * i);
    assert_ptr_equal(c->row, p->row);
    assert_int_equal(rv->decode(word), p->index);
    assert_int_equal(c->code_size, p->row->length);
    assert_int_equal(rv->length(word), p->row->length);
    assert_true(c->code_at >= LAYOUT_CODE && c->code_at + c->code_size <= LAYOUT_CODE + LAYOUT_CODE_SIZE);
    assert_int_equal(c->code_at % rv->code_unit, 0);
    assert_true(c->steps == 1 && c->generated && !c->has_truth);
    check_regs(c);
    check_operands(c, word);
    check_memory(c);
}

static void test_sound(void **state)
{
    struct gen_out out;
    struct generator gen = {.guest = rv, .seed = 1};
    for (unsigned r = 0; r < rv->nrows; r++) {
        if (rv->rows[r].absent) continue;
        for (unsigned v = GEN_ALL; v <= GEN_RANDOM; v++) {
            struct gen_plan p;
            gen.values = (enum gen_values)v;
            if (!gen_plan_init(&p, &gen, r)) fail_msg("no encoding of %s", rv->rows[r].id);
            for (uint64_t n = 0; n < 150; n++) check_sound(&p, n, &out);
            check_sound(&p, 0xffffffff, &out);
        }
    }
}

/* Case n is what it is whatever came before; the seed matters. */
static void test_independent(void **state)
{
    static const char *const rows[] = {"rv.add",   "rv.lw",     "rv.fmadd.d",
                                       "rv.csrrw", "rv.c.lwsp", "rv.amoadd.w"};
    struct gen_out out;
    for (unsigned r = 0; r < ARRAY_LEN(rows); r++) {
        struct gen_plan p = plan_of(rows[r], GEN_ALL);
        uint64_t hashes[64];
        for (uint64_t n = 0; n < 64; n++) {
            gen_case(&p, n, "x/", &out);
            hashes[n] = hash_case(&out.c);
        }
        for (uint64_t n = 64; n-- > 0;) {
            gen_case(&p, n, "x/", &out);
            assert_int_equal(hash_case(&out.c), hashes[n]);
        }
        struct generator other = {.guest = rv, .seed = 8};
        assert_true(gen_plan_init(&p, &other, p.index));
        gen_case(&p, 0, "x/", &out);
        assert_true(hash_case(&out.c) != hashes[0]);
    }
}

/* ---- what they reach ---- */

/* The same cases come out of every compiler. Where the generator or these rows changed, the numbers do, too:
 * but not by the order in which a compiler takes arguments. */
static void test_same_everywhere(void **state)
{
    static const struct {
        const char *row; /* which */
        uint64_t hash;   /* of its cases */
    } known[] = {
        {"rv.add", 0xeeb100a9331df9dd},     {"rv.sc.d", 0x17f4775932639690},
        {"rv.fmadd.d", 0x50af189fc67531e0}, {"rv.fadd.h", 0xc0eb852a84d9e94b},
        {"rv.csrrw", 0x685149244a713bf1},   {"rv.c.lwsp", 0xefc81f9462224fa2},
    };
    struct gen_out out;
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        struct gen_plan p = plan_of(known[i].row, GEN_ALL);
        uint64_t hash = 0;
        for (uint64_t n = 0; n < 400; n++) {
            gen_case(&p, n, "x/", &out);
            hash = hash * 31 + hash_case(&out.c);
        }
        if (hash != known[i].hash) fail_msg("{\"%s\", 0x%016" PRIx64 "}", known[i].row, hash);
    }
}

static void test_dimension(void **state)
{
    struct gen_plan p = plan_of("rv.add", GEN_ALL);
    static const unsigned sizes[] = {1, 2, 7, 24, 64, 576, 1000};
    for (unsigned i = 0; i < ARRAY_LEN(sizes); i++) {
        for (uint64_t round = 0; round < 3; round++) {
            uint8_t seen[1000] = {0};
            for (unsigned n = 0; n < sizes[i]; n++) seen[gen_dim(&p, 3, sizes[i], round * sizes[i] + n)]++;
            for (unsigned k = 0; k < sizes[i]; k++) assert_int_equal(seen[k], 1);
        }
    }
    assert_true(gen_dim(&p, 3, 1000, 5) != gen_dim(&p, 3, 1000, 1005) ||
                gen_dim(&p, 3, 1000, 6) != gen_dim(&p, 3, 1000, 1006));
}

static uint64_t field_of(const struct gen_out *out, const char *name)
{
    uint32_t word = 0;
    for (unsigned i = 0; i < out->c.code_size; i++) word |= (uint32_t)out->code[i] << (8 * i);
    for (unsigned i = 0; i < out->c.row->nfields; i++)
        if (!strcmp(out->c.row->fields[i].name, name)) return guest_field_get(&out->c.row->fields[i], word);
    fail_msg("%s has no %s", out->c.row->id, name);
    return 0;
}

static void test_roles(void **state)
{
    struct gen_plan p = plan_of("rv.add", GEN_ALL);
    struct gen_out out;
    unsigned all = 0, d1 = 0, d2 = 0, s12 = 0, z[3] = {0}, distinct = 0;
    for (uint64_t n = 0; n < 60; n++) {
        gen_case(&p, n, "x/", &out);
        uint64_t d = field_of(&out, "rd"), a = field_of(&out, "rs1"), b = field_of(&out, "rs2");
        all += d == a && a == b;
        d1 += d == a && a != b;
        d2 += d == b && a != b;
        s12 += a == b && a != d;
        z[0] += d == 0;
        z[1] += a == 0;
        z[2] += b == 0;
        distinct += d != a && d != b && a != b && d && a && b;
    }
    assert_true(all && d1 && d2 && s12 && z[0] && z[1] && z[2]);
    assert_in_range(distinct, 20, 50);
}

/* The row that names sp itself: loaded into as well, and set so that the access lands in memory. */
static void test_implicit(void **state)
{
    struct gen_plan p = plan_of("rv.c.lwsp", GEN_ALL);
    struct gen_out out;
    unsigned into_sp = 0, mapped = 0;
    assert_int_equal(p.nimplicit, 1);
    for (uint64_t n = 0; n < 100; n++) {
        gen_case(&p, n, "x/", &out);
        into_sp += field_of(&out, "rd") == 2;
        uint64_t at = value_in(&out.c, "sp") + field_of(&out, "uimm");
        mapped += at >= LAYOUT_DATA && at + 4 <= LAYOUT_DATA + LAYOUT_DATA_SIZE;
    }
    assert_true(into_sp > 10);
    assert_in_range(mapped, 45, 75);
    p = plan_of("rv.c.jalr", GEN_ALL);
    assert_int_equal(p.nimplicit, 1);
    assert_string_equal(guest_reg_name(p.implicit[0].reg, p.implicit[0].index), "ra");
    p = plan_of("rv.add", GEN_ALL);
    assert_int_equal(p.nimplicit, 0);
    p = plan_of("rv.fmv.x.w", GEN_ALL);
    assert_int_equal(p.nimplicit, 0);
}

static void test_immediates(void **state)
{
    struct gen_plan p = plan_of("rv.addi", GEN_ALL);
    struct gen_out out;
    bool min = false, max = false, zero = false, one = false, minus = false;
    for (uint64_t n = 0; n < 28; n++) {
        gen_case(&p, n, "x/", &out);
        int64_t imm = (int64_t)field_of(&out, "imm");
        min |= imm == -2048;
        max |= imm == 2047;
        zero |= imm == 0;
        one |= imm == 1;
        minus |= imm == -1;
    }
    assert_true(min && max && zero && one && minus);
    uint64_t shamts = 0;
    p = plan_of("rv.slli", GEN_ALL);
    for (uint64_t n = 0; n < 64; n++) {
        gen_case(&p, n, "x/", &out);
        shamts |= 1ull << field_of(&out, "shamt");
    }
    assert_int_equal(shamts, ~0ull);
}

/* Static modes with any frm, also an invalid one; the dynamic one with every frm. */
static void test_rounding(void **state)
{
    struct gen_plan p = plan_of("rv.fadd.s", GEN_ALL);
    struct gen_out out;
    unsigned fixed = 0, dynamic = 0, fixed_invalid = 0;
    for (uint64_t n = 0; n < 100; n++) {
        gen_case(&p, n, "x/", &out);
        uint64_t rm = field_of(&out, "rm"), frm = value_in(&out.c, "frm");
        assert_true(rm != 5 && rm != 6);
        if (rm == 7) {
            dynamic |= 1u << frm;
        } else {
            fixed |= 1u << rm;
            fixed_invalid += frm > 4;
        }
    }
    assert_int_equal(fixed, 0x1f);
    assert_int_equal(dynamic, 0xff);
    assert_true(fixed_invalid);
}

static struct gen_switch *switch_of(struct gen_plan *p, const char *reg, unsigned lo)
{
    for (unsigned i = 0; i < p->nswitches; i++)
        if (!strcmp(p->switches[i].reg->name, reg) && p->switches[i].lo == lo) return &p->switches[i];
    return NULL;
}

/* What the tables say that a row depends on: the mode of its extension, what its conditions name. */
static void test_switches(void **state)
{
    struct gen_plan fp = plan_of("rv.fsgnj.s", GEN_ALL), cbo = plan_of("rv.cbo.inval", GEN_ALL),
                    add = plan_of("rv.add", GEN_ALL), csr = plan_of("rv.csrrw", GEN_ALL);
    const struct gen_switch *fs = switch_of(&fp, "mstatus", 13), *priv = switch_of(&cbo, "priv", 0);
    assert_true(fs && fs->n == 2 && fs->width == 2 && fs->v[0] == 3 && fs->v[1] == 0 && fs->faults);
    assert_true(priv && priv->n == 2 && priv->v[0] == 0 && priv->v[1] == 3);
    assert_true(switch_of(&cbo, "menvcfg", 4) && switch_of(&cbo, "senvcfg", 5));
    assert_int_equal(cbo.nswitches, 5);
    assert_int_equal(cbo.settings, 32);
    assert_int_equal(add.nswitches, 0);
    assert_non_null(switch_of(&csr, "mstatus", 13));
    struct gen_out out;
    unsigned off = 0, below = 0;
    for (uint64_t n = 0; n < 512; n++) {
        gen_case(&fp, n, "x/", &out);
        off += value_in(&out.c, "mstatus") == 0x8000000a00000000;
        gen_case(&cbo, n, "x/", &out);
        below += !(value_in(&out.c, "menvcfg") >> 4 & 3) && value_in(&out.c, "priv") != 3;
    }
    assert_in_range(off, 16, 32); /* one in 16, but of those that cross classes */
    assert_in_range(below, 4, 64);
}

/* A store-conditional finds a reservation of its address, of what stands there, of both and of neither. */
static void test_reservations(void **state)
{
    struct gen_plan p = plan_of("rv.sc.d", GEN_ALL);
    struct gen_out out;
    unsigned address = 0, memory = 0, both = 0;
    for (uint64_t n = 0; n < 512; n++) {
        gen_case(&p, n, "x/", &out);
        unsigned base = (unsigned)field_of(&out, "rs1");
        uint64_t at = base ? value_in(&out.c, guest_reg_name(rv->regs, base)) : 0, v = 0;
        bool here = value_in(&out.c, "res_addr") == at;
        const struct case_mem *m = out.c.nmem ? &out.c.mem[out.c.nmem - 1] : NULL;
        bool holds = m && m->data && at >= m->at && at + 8 <= m->at + m->size;
        for (unsigned k = 0; holds && k < 8; k++) v |= (uint64_t)m->data[at - m->at + k] << (8 * k);
        bool same = holds && value_in(&out.c, "res_value") == v;
        address += here;
        memory += same;
        both += here && same;
    }
    assert_int_equal(address, 48);
    assert_in_range(memory, 30, 48);
    assert_in_range(both, 12, 24);
}

/* All pairs of corner values of both operands, in the distinct roles at least. */
static void test_crossed(void **state)
{
    struct gen_plan p = plan_of("rv.mul", GEN_CORNERS);
    struct gen_corners c = gen_corners(TEST_INT);
    struct gen_out out;
    assert_int_equal(p.crossed, c.n * c.n);
    unsigned seen = 0;
    static uint8_t pair[64][64];
    memset(pair, 0, sizeof(pair));
    for (uint64_t n = 0; n < 4 * (uint64_t)p.crossed; n++) {
        gen_case(&p, n, "x/", &out);
        uint64_t a = field_of(&out, "rs1"), b = field_of(&out, "rs2");
        if (!a || !b || a == b) continue;
        uint64_t va = value_in(&out.c, guest_reg_name(rv->regs, (unsigned)a));
        uint64_t vb = value_in(&out.c, guest_reg_name(rv->regs, (unsigned)b));
        unsigned i = 0, k = 0;
        while (i < c.n && c.v[i] != va) i++;
        while (k < c.n && c.v[k] != vb) k++;
        assert_true(i < c.n && k < c.n);
        seen += !pair[i][k]++;
    }
    assert_true(seen > p.crossed * 95 / 100);
}

/* ---- addresses ---- */

static void count_addresses(const char *id, unsigned *good, unsigned *odd, unsigned *cross, unsigned *bad)
{
    struct gen_plan p = plan_of(id, GEN_ALL);
    struct gen_out out;
    unsigned size = p.row->access_size;
    *good = *odd = *cross = *bad = 0;
    for (uint64_t n = 0; n < 200; n++) {
        gen_case(&p, n, "x/", &out);
        unsigned reg = (unsigned)field_of(&out, "rs1");
        uint64_t at = reg ? value_in(&out.c, guest_reg_name(rv->regs, reg)) : 0;
        for (unsigned i = 0; i < p.row->nfields; i++)
            if (!strcmp(p.row->fields[i].name, "imm")) at += field_of(&out, "imm");
        bool in = at >= LAYOUT_DATA && at + size <= LAYOUT_DATA + LAYOUT_DATA_SIZE;
        *good += in && at % size == 0;
        *odd += in && at % size != 0;
        *cross += in && at / CPU_PAGE != (at + size - 1) / CPU_PAGE;
        *bad += !in;
    }
}

static void test_addresses(void **state)
{
    unsigned good, odd, cross, bad;
    count_addresses("rv.ld", &good, &odd, &cross, &bad);
    assert_true(good > 30 && odd > 30 && cross > 8 && bad > 40 && bad < 130);
    count_addresses("rv.sd", &good, &odd, &cross, &bad);
    assert_true(good > 30 && odd > 30 && cross > 8 && bad > 40);
    count_addresses("rv.amoadd.d", &good, &odd, &cross, &bad);
    assert_true(good > 70 && odd > 8 && cross > 3 && bad > 40);
}

static void test_kinds_of_address(void **state)
{
    struct gen_plan p = plan_of("rv.lw", GEN_ALL);
    struct gen_out out;
    bool rom = false, top = false, null = false, over = false, before = false, code = false;
    for (uint64_t n = 0; n < 60; n++) {
        gen_case(&p, n, "x/", &out);
        unsigned reg = (unsigned)field_of(&out, "rs1");
        uint64_t at = (reg ? value_in(&out.c, guest_reg_name(rv->regs, reg)) : 0) + field_of(&out, "imm");
        rom |= at >= LAYOUT_ROM && at < LAYOUT_ROM + LAYOUT_ROM_SIZE;
        code |= at >= LAYOUT_CODE && at < LAYOUT_CODE + LAYOUT_CODE_SIZE;
        top |= at > UINT64_MAX - 8;
        null |= at < 64;
        over |= at < LAYOUT_DATA + LAYOUT_DATA_SIZE && at + 4 > LAYOUT_DATA + LAYOUT_DATA_SIZE;
        before |= at < LAYOUT_DATA && at + 4 > LAYOUT_DATA;
    }
    assert_true(rom && top && null && over && before && code);
}

/* What is compared with memory is equal to it at times. */
static void test_compare_and_swap(void **state)
{
    static const char *const rows[] = {"rv.amocas.w", "rv.amocas.d", "rv.amocas.q"};
    for (unsigned r = 0; r < ARRAY_LEN(rows); r++) {
        struct gen_plan p = plan_of(rows[r], GEN_ALL);
        struct gen_out out;
        unsigned equal = 0, unequal = 0;
        for (uint64_t n = 0; n < 200; n++) {
            gen_case(&p, n, "x/", &out);
            unsigned rd = (unsigned)field_of(&out, "rd"), rs1 = (unsigned)field_of(&out, "rs1");
            uint64_t at = rs1 ? value_in(&out.c, guest_reg_name(rv->regs, rs1)) : 0;
            unsigned size = p.row->access_size;
            if (!out.c.nmem || at < out.mem[0].at || at + size > out.mem[0].at + out.mem[0].size) continue;
            uint64_t want[2] = {0, 0};
            if (rd) want[0] = value_in(&out.c, guest_reg_name(rv->regs, rd));
            if (rd && size == 16) want[1] = value_in(&out.c, guest_reg_name(rv->regs, rd + 1));
            bool same = !memcmp(out.data + (at - out.mem[0].at), want, size);
            equal += same;
            unequal += !same;
        }
        assert_true(equal > 20 && unequal > 20);
    }
}

/* ---- CSRs, branches ---- */

static void test_csrs(void **state)
{
    struct gen_plan p = plan_of("rv.csrrs", GEN_ALL);
    struct gen_out out;
    unsigned user = 0, privileged = 0, unknown = 0, readonly = 0;
    for (uint64_t n = 0; n < 300; n++) {
        gen_case(&p, n, "x/", &out);
        unsigned csr = (unsigned)field_of(&out, "csr");
        unknown += guest_csr_at(rv, csr) == NULL;
        user += csr <= 3;
        privileged += (csr >> 8 & 3) != 0;
        readonly += csr >> 10 == 3;
    }
    assert_true(user > 40 && privileged > 40 && unknown > 10 && readonly > 10);
}

static void test_branches(void **state)
{
    struct gen_plan p = plan_of("rv.blt", GEN_ALL);
    struct gen_out out;
    unsigned taken = 0, equal = 0;
    for (uint64_t n = 0; n < 100; n++) {
        gen_case(&p, n, "x/", &out);
        unsigned a = (unsigned)field_of(&out, "rs1"), b = (unsigned)field_of(&out, "rs2");
        int64_t va = a ? (int64_t)value_in(&out.c, guest_reg_name(rv->regs, a)) : 0;
        int64_t vb = b ? (int64_t)value_in(&out.c, guest_reg_name(rv->regs, b)) : 0;
        taken += va < vb;
        equal += va == vb;
    }
    assert_in_range(taken, 25, 75);
    assert_true(equal > 5);
}

/* Values of every class of the format, boxed and not. */
static void test_floats(void **state)
{
    struct gen_plan p = plan_of("rv.fadd.s", GEN_ALL);
    struct gen_out out;
    unsigned nan = 0, inf = 0, zero = 0, sub = 0, unboxed = 0;
    for (uint64_t n = 0; n < 400; n++) {
        gen_case(&p, n, "x/", &out);
        uint64_t v = value_in(&out.c, guest_reg_name(&rv->regs[1], (unsigned)field_of(&out, "rs1")));
        unsigned exp = v >> 23 & 0xff;
        nan += exp == 0xff && v & bits_mask(23);
        inf += exp == 0xff && !(v & bits_mask(23));
        zero += !(v & bits_mask(31));
        sub += !exp && v & bits_mask(23);
        unboxed += v >> 32 != 0xffffffff;
    }
    assert_true(nan > 15 && inf > 5 && zero > 5 && sub > 10);
    assert_in_range(unboxed, 10, 80);
}

/* ---- an item of `generate:` ---- */

static unsigned count_cases(const char *text, unsigned *absent)
{
    struct loaded *l = load(text);
    unsigned n = 0;
    while (next(l)) n++;
    check_messages(&l->d, "");
    *absent = case_stream_absent(l->s);
    unload(l);
    return n;
}

static void test_items(void **state)
{
    unsigned absent;
    assert_int_equal(count_cases(HEAD "generate:\n- rows: rv.add\n", &absent), GEN_COUNT);
    assert_int_equal(absent, 0);
    assert_int_equal(
        count_cases(HEAD "generate:\n- {rows: [rv.add, \"rv.add*\", ext:Zba], count: 3}\n", &absent),
        3 * (4 + 8));
    assert_int_equal(count_cases(HEAD "generate:\n- {rows: [rv.ecall], count: 100}\n", &absent),
                     GEN_SAME_CASES);
    assert_int_equal(count_cases(HEAD "generate:\n- {rows: \"rv.v*\", count: 100}\n", &absent), 0);
    assert_true(absent > 100);
    unsigned once = absent;
    (void)count_cases(HEAD "generate:\n- {rows: \"rv.v*\"}\n- {rows: [\"rv.v*\", \"ext:V\"]}\n", &absent);
    assert_int_equal(absent, once); /* each of them once */
    assert_int_equal(
        count_cases(HEAD "generate:\n- {rows: rv.add, count: 3}\n- {rows: rv.add, count: 4}\n", &absent), 7);
}

static void test_refused(void **state)
{
    check_refused(HEAD "generate:\n- rows: rv.ad\n",
                  "t.yaml:4:9: error: riscv64 has no row 'rv.ad'; did you mean 'rv.add'?\n");
    check_refused(HEAD "generate:\n- rows: [rv.add, rv.addd*]\n",
                  "t.yaml:4:18: error: riscv64 has no row 'rv.addd*'\n");
    check_refused(HEAD "generate:\n- rows: ext:Zbx\n",
                  "t.yaml:4:9: error: riscv64 has no row 'ext:Zbx'; did you mean 'ext:Zba'?\n");
    check_refused(
        HEAD "generate:\n- rows: rv.vadd.vv\n",
        "t.yaml:4:9: error: rv.vadd.vv has no semantics yet (status: absent), so there is nothing to "
        "generate\n");
    check_refused(HEAD "generate:\n- {rows: rv.add, count: 0}\n",
                  "t.yaml:4:25: error: 'count': expected a number from 1 to 1000000, not '0'\n");
    check_refused(
        HEAD "generate:\n- {rows: rv.add, values: corner}\n",
        "t.yaml:4:26: error: 'values': expected 'all', 'corners' or 'random', not 'corner'; did you mean "
        "'corners'?\n");
    check_refused(HEAD "generate:\n- rows: []\n",
                  "t.yaml:4:9: error: 'rows' has 0 entries; expected 1 to 1000\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sound),
        cmocka_unit_test(test_independent),
        cmocka_unit_test(test_same_everywhere),
        cmocka_unit_test(test_dimension),
        cmocka_unit_test(test_roles),
        cmocka_unit_test(test_implicit),
        cmocka_unit_test(test_immediates),
        cmocka_unit_test(test_rounding),
        cmocka_unit_test(test_switches),
        cmocka_unit_test(test_reservations),
        cmocka_unit_test(test_crossed),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_kinds_of_address),
        cmocka_unit_test(test_compare_and_swap),
        cmocka_unit_test(test_csrs),
        cmocka_unit_test(test_branches),
        cmocka_unit_test(test_floats),
        cmocka_unit_test(test_items),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
