/* Packed corpora that are damaged, of another version, or forged: each is refused with one sentence, wherever
 * it is looked at as a whole, and no case comes out of what is wrong. */
#include "harness/packed/packed_forge.h"
#include "harness/packed/packed_test.h"

static const char corpus[] = HEAD "cases:\n"
                                  "- id: one\n  code: sw a0, 0(a1)\n  in: {a0: 7, a1: 0x40000}\n  why: text\n"
                                  "  mem: [{at: 0x40000, size: 0x1000, perm: rw}, {at: 0x20010, u32: 1}]\n"
                                  "  out: {mem: [{at: 0x40000, u32: 7}]}\n"
                                  "- id: two\n  code: lw a0, 0(a1)\n  in: {a1: 0x22000}\n"
                                  "  out: {exit: {cause: load-access, value: 0x22000}}\n"
                                  "generate:\n- {rows: rv.add, count: 3000}\n";

/* The good corpus, once. */
static struct buf manifest, records;

static int setup_good(void **state)
{
    if (setup(state)) return -1;
    put("c.yaml", corpus);
    (void)pack(at("c.yaml"), at("p"));
    manifest = get_bytes("p/manifest.yaml");
    records = get_bytes("p/cases.zst");
    return 0;
}

static int teardown_good(void **state)
{
    buf_free(&manifest);
    buf_free(&records);
    return teardown(state);
}

/* What is said when all of `p` is looked at; the number of cases that were good. One error, no more. */
static uint64_t check(bool whole, struct buf *said)
{
    struct case_filter f = {.check = whole};
    struct diag d = {0};
    const struct test_case *c;
    const char *path = at("p");
    uint64_t n = 0;
    int got = -1;
    struct case_stream *s = case_stream_open(&path, 1, &f, &d);
    assert_non_null(s);
    if (whole) {
        n = case_stream_skip(s, UINT64_MAX);
        got = case_stream_next(s, &c);
    } else {
        while ((got = case_stream_next(s, &c)) == 1) n++;
    }
    if (d.errors ? got != -1 : got != 0) fail_msg("%d, and %u errors", got, d.errors);
    if (d.errors > 1) fail_msg("%u errors: %s", d.errors, d.text.p);
    buf_str(said, buf_cstr(&d.text));
    case_stream_close(s);
    diag_free(&d);
    return n;
}

/* Reading to the end and looking at all say the same. Both files are good again afterwards. NULL: either it
 * is refused, or all cases are there. */
static void expect(const char *what, const char *sentence)
{
    struct buf said = {0}, again = {0};
    uint64_t n = check(true, &said);
    assert_true(check(false, &again) == n || said.len);
    if (!sentence) sentence = n == 3002 ? "" : "cases.zst: error: ";
    if (!strstr(buf_cstr(&said), sentence)) fail_msg("%s: no '%s' in\n%s", what, sentence, buf_cstr(&said));
    if (strcmp(buf_cstr(&said), buf_cstr(&again))) fail_msg("%s: reading says %s", what, buf_cstr(&again));
    buf_free(&said);
    buf_free(&again);
    put_bytes("p/manifest.yaml", manifest.p, manifest.len);
    put_bytes("p/cases.zst", records.p, records.len);
}

/* ---- manifests ---- */

/* Line `key` of the manifest with another value, or none. */
static void edit(const char *key, const char *line)
{
    struct buf b = {0};
    size_t n = strlen(key);
    for (const char *p = manifest.p; *p;) {
        const char *end = strchr(p, '\n') + 1;
        bool hit = !strncmp(p, key, n) && p[n] == ':';
        if (hit)
            buf_str(&b, line);
        else
            buf_add(&b, p, (size_t)(end - p));
        p = end;
    }
    put("p/manifest.yaml", buf_cstr(&b));
    buf_free(&b);
}

static void test_manifests(void **state)
{
    static const struct {
        const char *key, *line; /* the line that is replaced, and by what */
        const char *sentence;   /* part of what is said */
    } rows[] = {
        {"packed", "packed: 2\n",
         "manifest.yaml:1:9: error: format 2; this lockstep reads format 1: pack it again"},
        {"packed", "packed: [1]\n", "'packed': expected a number from 0 to 2^63 - 1, not a list"},
        {"packed", "", "error: the first key of a corpus file is 'lockstep: 1', not 'isa'"},
        {"isa", "isa: riscv46\n", "unknown ISA 'riscv46'; did you mean 'riscv64'?"},
        {"isa", "", "needs 'isa': The guest."},
        {"seed", "sed: 0\nseed: 0\n",
         "unknown key 'sed' in the manifest of a packed corpus; did you mean 'seed'?"},
        {"cases", "cases: -1\n", "'cases': expected a number from 0 to 2^63 - 1, not '-1'"},
        {"cases", "cases: 99999999999999999999\n", "'cases': expected a number"},
        {"cases", "cases: 9223372036854775807\n",
         "it holds 3002 cases, and its manifest says 9223372036854775807"},
        {"cases", "cases: 3001\n", "it holds 3002 cases, and its manifest says 3001"},
        {"cases", "cases: 1\ncases: 2\n", "duplicate key 'cases'"},
        {"records", "records: 1\n", "and its manifest says 0x0000000000000001"},
        {"rows", "rows: 5\n",
         "these records are for other rows or registers of riscv64 than this lockstep has"},
        {"bytes", "bytes: 100000000\n", ", and its manifest says 100000000: it was cut"},
        {"bytes", "bytes: 1\n", "and its manifest says 1: it is another file"},
        {"data", "data: other.zst\n",
         "p/other.zst: error: cannot read the records: No such file or directory"},
        {"data", "data: ../c.yaml\n", "'data': an id has letters, digits"},
        {"data", "data: .\n", "cannot read the records: it is no file"},
        {"sources", "sources:\n  - {ids: riscv64/q, fil: x}\n",
         "unknown key 'fil' in a source; did you mean 'file'?"},
        {"  - ids", "  - ids: \"arm64/x\"\n",
         "ids begin with 'riscv64/' and a name without a slash, not 'arm64/x'"},
        {"  - ids", "  - ids: \"riscv64/a/b\"\n", "a name without a slash, not 'riscv64/a/b'"},
        {"  - ids", "  - ids: \"riscv64/x\"\n  - ids: \"riscv64/x\"\n",
         "begin with 'riscv64/x/', and so do those of"},
        {"zstd", "zstd: &a [*a]\n", "error:"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        edit(rows[i].key, rows[i].line);
        expect(rows[i].line, rows[i].sentence);
    }
}

static void test_same_ids(void **state)
{
    struct case_filter all = {0};
    struct diag d = {0};
    const struct test_case *c;
    const char *paths[] = {at("p"), at("c.yaml")};
    struct case_stream *s = case_stream_open(paths, 2, &all, &d);
    while (case_stream_next(s, &c) == 1) continue;
    assert_int_equal(d.errors, 1);
    assert_non_null(
        strstr(d.text.p, "c.yaml:2:6: error: the ids of these cases begin with 'riscv64/c/', and so do"));
    assert_non_null(strstr(d.text.p, "p/manifest.yaml\n"));
    case_stream_close(s);
    diag_free(&d);
}

/* ---- bytes ---- */

static void test_missing(void **state)
{
    assert_int_equal(unlink(at("p/cases.zst")), 0);
    expect("missing", "p/cases.zst: error: cannot read the records: No such file or directory");
}

/* A good file with the manifest that its size and hash ask for. */
static void put_data(const struct buf *file, const struct buf *raw)
{
    struct packed_manifest m;
    struct arena a = {0};
    struct diag d = {0};
    struct buf text = {0};
    assert_true(packed_manifest_text("m", manifest.p, manifest.len, &m, &a, &d));
    if (raw) m.cases = 1024;
    forge_manifest(&m, file, raw ? raw : file, &text);
    put("p/manifest.yaml", text.p);
    put_bytes("p/cases.zst", file->p, file->len);
    arena_free(&a);
    diag_free(&d);
    buf_free(&text);
}

/* Cut anywhere, also when the manifest agrees with the size. */
static void test_cut(void **state)
{
    for (size_t n = 0; n < records.len; n += n < 40 ? 1 : records.len / 13) {
        put_bytes("p/cases.zst", records.p, n);
        expect("cut", "it was cut");
        put_data(&(struct buf){.p = records.p, .len = n}, NULL);
        expect("cut with its manifest",
               n ? "cases.zst: error: " : "it holds 0 cases, and its manifest says 3002");
    }
}

/* Who begins in the middle sees what is wrong behind that, as who looks at all does. */
static void expect_in_the_middle(void)
{
    struct case_filter f = {0};
    struct diag d = {0};
    struct buf said = {0};
    const struct test_case *c;
    const char *path = at("p");
    struct case_stream *s = case_stream_open(&path, 1, &f, &d);
    assert_int_equal(case_stream_skip(s, 1024), 1024);
    while (case_stream_next(s, &c) == 1) continue;
    (void)check(true, &said);
    assert_int_equal(d.errors, said.len > 0);
    case_stream_close(s);
    diag_free(&d);
    buf_free(&said);
}

/* Any bit that is another is seen, unless zstd has no use for it: then the records are what they were. */
static void test_flipped(void **state)
{
    struct packed_head first;
    memcpy(&first, records.p, sizeof(first));
    for (size_t i = 0; i < records.len; i += i < 64 ? 1 : records.len / 40) {
        put_bytes("p/cases.zst", records.p, records.len);
        int fd = open(at("p/cases.zst"), O_WRONLY);
        char byte = (char)(records.p[i] ^ (1 << i % 8));
        assert_int_equal(pwrite(fd, &byte, 1, (off_t)i), 1);
        close(fd);
        if (i >= sizeof(first) + first.packed) expect_in_the_middle();
        expect("flipped", i >= 20 && i < 24 ? "no block of records begins there" : NULL);
    }
}

/* ---- forged records ---- */

#define REC(field) offsetof(struct packed_record, field)

static void test_forged(void **state)
{
    enum { SECOND = sizeof(struct packed_record) };
    static const struct {
        size_t at;            /* in the records; or in the pools behind them, + POOL */
        uint64_t value;       /* put there */
        unsigned size;        /* bytes of it */
        const char *sentence; /* part of what is said */
    } rows[] = {
        {REC(code_at), 0x10001, 8, "record 0, riscv64/c/one: its code is not whole instructions"},
        {REC(code_at), 0x20000, 8, "its code is not in executable memory"},
        {REC(code_at), ~1ull, 8, "its code is not in executable memory"},
        {REC(steps), 0, 8, "it has no steps, or too many"},
        {REC(steps), ~0ull, 8, "it has no steps, or too many"},
        {REC(number), 1, 8, "record 0 makes no sense"},
        {REC(line), ~0u, 4, "it stands nowhere"},
        {REC(why), 3, 4, "its text has no end"},
        {REC(why), ~0u, 4, "record 0 makes no sense"},
        {REC(bytes), ~0u, 4, "record 0 makes no sense"},
        {REC(bytes), 9, 4, "riscv64/c/one: it has too few bytes"},
        {REC(source), 1, 2, "record 0 makes no sense"},
        {REC(id), 0, 2, "record 0 makes no sense"},
        {REC(id), 4, 2, "record 0 makes no sense"},
        {REC(id), 999, 2, "record 0 makes no sense"},
        {REC(code), 0, 2, "it has too many values or bytes"},
        {REC(code), 3, 2, "it has too many values or bytes"},
        {REC(code), 999, 2, "record 0 makes no sense"},
        {REC(in), 0, 2, "it has too many values or bytes"},
        {REC(in), 60000, 2, "record 0 makes no sense"},
        {REC(in), 3, 2, "it has too few values"},
        {REC(values), 1, 2, "it has too few values"},
        {REC(mem), 1, 1, "it has too many values or bytes"},
        {REC(mem), 200, 1, "record 0 makes no sense"},
        {REC(flags), 0x80, 1, "record 0 makes no sense"},
        {REC(flags), 0x16, 1, "only a fault has a value"},
        {REC(flags), 0x00, 1, "its truth is none"},
        {REC(exit), 1, 1, "it has half an exit"},
        {SECOND + REC(exit), 99, 1, "record 1, riscv64/c/two: it ends in a way that there is not"},
        {SECOND + REC(exit), PACKED_PLAIN_EXIT + EXIT_KICKED, 1, "it ends in a way that there is not"},
        {SECOND + REC(exit), PACKED_PLAIN_EXIT + EXIT_BUDGET, 1, "only a fault has a value"},
        {1023 * SECOND + REC(bytes), 3, 4, "record 1023 makes no sense"},
        {1023 * SECOND + REC(flags), PACKED_ROW, 1, "record 1023 makes no sense"},
    };
    struct buf raw;
    uint32_t cases = forge_open(records.p, records.len, &raw);
    assert_int_equal(cases, 1024);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint8_t before[8];
        char *to = raw.p + sizeof(struct packed_counts) + rows[i].at;
        struct buf file = {0};
        memcpy(before, to, rows[i].size);
        memcpy(to, &rows[i].value, rows[i].size);
        forge_block(raw.p, raw.len, cases, &file);
        put_data(&file, &raw);
        memcpy(to, before, rows[i].size);
        char name[40];
        snprintf(name, sizeof(name), "forged %zu", i);
        expect(name, rows[i].sentence);
        buf_free(&file);
    }
    buf_free(&raw);
}

/* Pools of the first block: registers, values, memories, texts. */
static void test_forged_pools(void **state)
{
    struct packed_counts n;
    struct buf raw;
    uint32_t cases = forge_open(records.p, records.len, &raw);
    memcpy(&n, raw.p, sizeof(n));
    size_t regs = sizeof(n) + n.cases * sizeof(struct packed_record), values = regs + 2 * n.regs,
           mems = values + 8 * n.values, texts = mems + n.mems * sizeof(struct packed_mem) + n.bytes;
    uint16_t second;
    memcpy(&second, raw.p + regs + 2, sizeof(second));
    struct packed_regs all;
    const struct guest *g = guest_find("riscv64");
    packed_regs_make(g, &all);
    unsigned pc = all.base[guest_reg_find(g, "pc").reg - g->regs];
    packed_regs_free(&all);
    const struct {
        size_t at;            /* in the block */
        uint64_t value;       /* put there */
        unsigned size;        /* bytes of it */
        const char *sentence; /* part of what is said */
    } rows[] = {
        {0, 1023, 4, "records from 0 on do not fill their block"},
        {4, ~0u, 4, "records from 0 on do not fill their block"},
        {regs, 60000, 2, "a register does not exist"},
        {regs, pc, 2, "pc is set before"},
        {regs, second, 2, "a register is given twice"},
        {regs, 0, 2, "a register that reads 0 has a value"},
        {mems, 0x40001, 8, "a region is not whole pages"},
        {mems, 0x20000, 8, "a region overlaps one that every case has"},
        {mems + 8, 0, 8, "a region is not whole pages"},
        {mems + 8, 1 << 21, 8, "a region is too large"},
        {mems + 16, 8, 1, "a region has rights that there are not"},
        {mems + 16, 0, 1, "bytes of memory are not within one region"},
        {mems + 17, 2, 1, "a memory makes no sense"},
        {mems + 23, 1, 1, "a memory makes no sense"},
        {mems + 24, 0x10000, 8, "its code overlaps bytes of memory"},
        {mems + 24, 0x21ffe, 8, "its bytes of memory are not within one region"},
        {mems + 48, 0x3fffe, 8, "its bytes of memory are not within one region"},
        {mems + 48 + 16, 1, 1, "a region comes after bytes, or is among the truth"},
        {texts, 27, 1, "record 0 makes no sense"},
        {texts, '/', 1, "record 0 makes no sense"},
        {texts + 3, 'x', 1, "record 0 makes no sense"},
        {texts + 8, 'x', 1, "its text has no end"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint8_t before[8];
        struct buf file = {0};
        memcpy(before, raw.p + rows[i].at, rows[i].size);
        memcpy(raw.p + rows[i].at, &rows[i].value, rows[i].size);
        forge_block(raw.p, raw.len, cases, &file);
        put_data(&file, &raw);
        memcpy(raw.p + rows[i].at, before, rows[i].size);
        char name[40];
        snprintf(name, sizeof(name), "pool %zu", i);
        expect(name, rows[i].sentence);
        buf_free(&file);
    }
    buf_free(&raw);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_manifests),    cmocka_unit_test(test_same_ids), cmocka_unit_test(test_missing),
        cmocka_unit_test(test_cut),          cmocka_unit_test(test_flipped),  cmocka_unit_test(test_forged),
        cmocka_unit_test(test_forged_pools),
    };
    return cmocka_run_group_tests(tests, setup_good, teardown_good);
}
