/* The disassembler and the decoder against two that others wrote: binutils' objdump and LLVM's.
 *
 * Every row is encoded at random, every 16-bit word and many random and nearly right 32-bit words are added,
 * all of that goes into one object file, and each tool disassembles it in one run. What is valid and what it
 * is called must be the same; the differences that are known, and why, are data:
 * specs/<isa>/outsiders/disasm.yaml. */
#include "engine/guest/guest.h"
#include "engine/guest/outsider.h"
#include "specs/yaml/yaml.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const char known_path[] = "specs/riscv64/outsiders/disasm.yaml";

enum {
    PER_ROW = 1000,  /* encodings of each row */
    NEARLY = 300,    /* of each row, with one of its fixed bits flipped */
    RANDOM = 200000, /* 32-bit words */
    SHOWN = 3,       /* differences of one row that are printed */
    SHOWN_ALL = 100, /* differences printed in all */
};

/* One instruction of the object file. */
struct sample {
    uint32_t word;  /* its bits */
    int16_t row;    /* what we decode, or -1 */
    uint8_t length; /* bytes */
};

struct difference {
    const char *tool, *rows, *ours, *theirs; /* as in the file; NULL when left out */
    regex_t re;                              /* of `ours`, or of `theirs` when ours is "invalid" */
    bool has_re;                             /* re is compiled */
    bool alone;                              /* its rows need nobody's confirmation */
    struct pos at;                           /* in the file */
    unsigned long used;                      /* how often it explained something */
};

struct test {
    const struct guest *g;     /* riscv64 */
    struct sample *samples;    /* in the order of the file */
    size_t n, cap;             /* in use, and allocated */
    struct buf code;           /* the samples as bytes */
    struct arena arena;        /* of the YAML tree */
    struct ynode *tools;       /* list of tools */
    struct difference *known;  /* differences that are expected */
    unsigned nknown;           /* length of known */
    unsigned *confirmed;       /* by row: encodings that some tool reads as we do */
    unsigned *unlike;          /* by row + 1: unexplained differences from the current tool */
    unsigned long differences; /* unexplained, of all tools */
    unsigned long shown;       /* how many of them were printed */
    struct buf path;           /* the object file */
};

/* ---- what is disassembled ---- */

static void add(struct test *t, uint32_t word)
{
    if (t->n == t->cap) {
        t->cap = t->cap ? t->cap * 2 : 1 << 16;
        t->samples = xrealloc(t->samples, t->cap * sizeof(*t->samples));
    }
    uint8_t length = (word & 3) == 3 ? 4 : 2;
    if (length == 2) word &= 0xffff;
    t->samples[t->n++] = (struct sample){word, (int16_t)t->g->decode(word), length};
    for (unsigned i = 0; i < length; i++) buf_char(&t->code, (char)(word >> 8 * i));
}

/* Longer encodings (Unpriv 1.5) would make the tools skip what follows. */
static bool is_long(uint32_t word)
{
    return (word & 0x1f) == 0x1f;
}

static uint32_t random_word(const struct test *t, const struct guest_row *row, struct rng *rng)
{
    uint32_t word = ((uint32_t)rng_next(rng) & ~row->mask) | row->match;
    for (unsigned i = 0; i < row->nfields; i++) {
        const struct guest_field *f = &row->fields[i];
        if (f->kind && f->kind->print == PRINT_CSR && rng_below(rng, 2))
            (void)guest_field_put(f, t->g->csrs[rng_below(rng, t->g->ncsrs)].number, &word);
    }
    return word;
}

static void add_row(struct test *t, const struct guest_row *row, struct rng *rng)
{
    unsigned free_bits = (unsigned)(8 * row->length - (unsigned)__builtin_popcount(row->mask));
    unsigned want = free_bits < 8 ? 4u << free_bits : PER_ROW;
    for (unsigned i = 0, got = 0; got < want && i < 8 * want; i++) {
        uint32_t word = random_word(t, row, rng);
        if (t->g->decode(word) != row - t->g->rows) continue;
        add(t, word);
        got++;
    }
    for (unsigned i = 0; i < NEARLY && row->length == 4; i++) {
        uint32_t flip = 1u << rng_below(rng, 32), word = random_word(t, row, rng);
        if ((row->mask & flip & ~3u) && !is_long(word ^ flip)) add(t, word ^ flip);
    }
}

static void add_all(struct test *t)
{
    struct rng rng = {1};
    for (unsigned i = 0; i < t->g->nrows; i++) add_row(t, &t->g->rows[i], &rng);
    for (uint32_t w = 0; w < 0x10000; w++)
        if ((w & 3) != 3) add(t, w);
    for (unsigned i = 0; i < RANDOM; i++) {
        uint32_t w = (uint32_t)rng_next(&rng) | 3;
        if (!is_long(w)) add(t, w);
    }
}

/* ---- text in one form ---- */

/* The number at p as decimal; returns what follows it, or NULL when p is no number. */
static const char *put_number(const char *p, struct buf *out)
{
    char *end;
    uint64_t v = strtoull(p, &end, p[0] == '0' && p[1] == 'x' ? 16 : 10);
    if (end == p || (*end && strchr("._abcdefghijklmnopqrstuvwxyz", *end))) return NULL;
    buf_printf(out, "%" PRId64, (int64_t)v);
    return end;
}

/* One blank after the mnemonic, none after commas, decimal numbers, no comments. */
static void put_plain(const char *text, struct buf *out)
{
    for (const char *p = text; *p;) {
        const char *end;
        bool fresh = !out->len || !strchr("._", out->p[out->len - 1]);
        if (fresh && out->len) {
            char before = out->p[out->len - 1];
            fresh = !(before >= '0' && before <= '9') && !(before >= 'a' && before <= 'z');
        }
        if (*p == ' ' || *p == '\t') {
            while (*p == ' ' || *p == '\t') p++;
            if (!*p || *p == '<' || *p == '#') return;
            if (out->len && out->p[out->len - 1] != ',') buf_char(out, ' ');
        } else if (fresh && *p >= '0' && *p <= '9' && (end = put_number(p, out))) {
            p = end;
        } else {
            buf_char(out, *p++);
        }
    }
}

static const struct guest_field *field_printed(const struct guest_row *row, enum guest_print print)
{
    for (unsigned i = 0; i < row->nfields; i++)
        if (row->fields[i].kind && row->fields[i].kind->print == print) return &row->fields[i];
    return NULL;
}

static void put_ours(const struct test *t, const struct sample *s, struct buf *out)
{
    struct buf b = {0};
    if (s->row >= 0)
        guest_disasm(t->g, &t->g->rows[s->row], s->word, &b);
    else
        buf_str(&b, "invalid");
    put_plain(buf_cstr(&b), out);
    buf_free(&b);
}

/* The last operand as a number, and where it begins; NULL when it is none. */
static char *last_number(const struct buf *text, int64_t *v)
{
    char *last = strrchr(text->p, ',') ? strrchr(text->p, ',') : strrchr(text->p, ' '), *end;
    if (!last++) return NULL;
    *v = strtoll(last, &end, 10);
    return end != last && *end == 0 ? last : NULL;
}

/* "csrrw a0,pmpcfg0,a1" with the number in place of the name, for a CSR that our table lacks. */
static void unname_csr(unsigned number, struct buf *text)
{
    char *name = strchr(text->p, ','), *rest = name ? strchr(name + 1, ',') : NULL;
    if (!rest || name[1] < 'a') return;
    struct buf b = {0};
    buf_printf(&b, "%.*s%u%s", (int)(name + 1 - text->p), text->p, number, rest);
    buf_reset(text);
    buf_add(text, b.p, b.len);
    buf_free(&b);
}

/* Their text in our form. A branch's target is made relative, an upper immediate that is written as a
 * negative number (LLVM, c.lui to x0) is taken modulo 2^20, and a CSR that we know by number only loses its
 * name. */
static void put_theirs(const struct test *t, const struct sample *s, uint64_t addr, const char *text,
                       struct buf *out)
{
    int64_t v;
    if (text[0] == '.' || !strncmp(text, "<unknown>", 9)) {
        buf_str(out, "invalid");
        return;
    }
    put_plain(text, out);
    if (s->row < 0) return;
    const struct guest_row *row = &t->g->rows[s->row];
    char *last = last_number(out, &v);
    if (last && field_printed(row, PRINT_PCREL)) {
        out->len = (size_t)(last - out->p);
        buf_printf(out, ".%+" PRId64, v - (int64_t)addr);
    } else if (last && v < 0 && field_printed(row, PRINT_HI20)) {
        out->len = (size_t)(last - out->p);
        buf_printf(out, "%" PRId64, v & 0xfffff);
    }
    const struct guest_field *csr = field_printed(row, PRINT_CSR);
    unsigned number = csr ? (unsigned)guest_field_get(csr, s->word) : 0;
    if (csr && !guest_csr_at(t->g, number)) unname_csr(number, out);
}

/* ---- known differences ---- */

/* Our text with the part that re matches replaced as `theirs` says. */
static void put_replaced(const char *ours, const regmatch_t *m, const char *theirs, struct buf *out)
{
    buf_add(out, ours, (size_t)m[0].rm_so);
    for (const char *p = theirs; *p; p++) {
        if (p[0] == '\\' && p[1] >= '1' && p[1] <= '9') {
            const regmatch_t *g = &m[*++p - '0'];
            if (g->rm_so >= 0) buf_add(out, ours + g->rm_so, (size_t)(g->rm_eo - g->rm_so));
        } else {
            buf_char(out, *p);
        }
    }
    buf_str(out, ours + m[0].rm_eo);
}

static bool explains(const struct test *t, const struct difference *d, const struct sample *s,
                     const char *ours, const char *theirs)
{
    regmatch_t m[10];
    bool we = s->row >= 0;
    if (we != !(d->ours && !strcmp(d->ours, "invalid"))) return false;
    if (!we) return !regexec(&d->re, theirs, 0, NULL, 0);
    if (d->rows && fnmatch(d->rows, t->g->rows[s->row].id, 0)) return false;
    if (d->has_re && regexec(&d->re, ours, ARRAY_LEN(m), m, 0)) return false;
    if (!strcmp(d->theirs, "invalid")) return !strcmp(theirs, "invalid");
    struct buf b = {0};
    if (d->has_re) put_replaced(ours, m, d->theirs, &b);
    bool same = !strcmp(buf_cstr(&b), theirs);
    buf_free(&b);
    return same;
}

static void report(struct test *t, const char *tool, const struct sample *s, const char *ours,
                   const char *theirs)
{
    t->differences++;
    if (t->unlike[s->row + 1]++ >= SHOWN || t->shown++ >= SHOWN_ALL) return;
    print_error("%-8s %-20s %08" PRIx32 "  ours: %-40s theirs: %s\n", tool,
                s->row < 0 ? "-" : t->g->rows[s->row].id, s->word, ours, theirs);
}

static void compare(struct test *t, const char *tool, const struct sample *s, const char *ours,
                    const char *theirs)
{
    if (!strcmp(ours, theirs)) {
        if (s->row >= 0) t->confirmed[s->row]++;
        return;
    }
    for (unsigned i = 0; i < t->nknown; i++) {
        struct difference *d = &t->known[i];
        if ((d->tool && strcmp(d->tool, tool) != 0) || !explains(t, d, s, ours, theirs)) continue;
        d->used++;
        if (s->row >= 0 && (d->alone || strcmp(theirs, "invalid") != 0)) t->confirmed[s->row]++;
        return;
    }
    report(t, tool, s, ours, theirs);
}

/* ---- running a tool ---- */

/* The text of a line "  1f4:  00000013   addi …", or NULL for other lines. */
static const char *split_line(char *line, uint64_t *addr)
{
    char *p;
    *addr = strtoull(line, &p, 16);
    if (p == line || *p != ':') return NULL;
    p += 1 + strspn(p + 1, " \t");
    p += strspn(p, "0123456789abcdef ");
    return *p == '\t' ? p + 1 : NULL;
}

static void read_tool(struct test *t, struct outsider *o, const char *tool)
{
    struct buf ours = {0}, theirs = {0};
    uint64_t addr, at = 0;
    size_t i = 0;
    for (char *line; (line = outsider_line(o));) {
        const char *text = split_line(line, &addr);
        if (!text) continue;
        assert_true(i < t->n);
        assert_int_equal(addr, at); /* they take the same bytes as one instruction */
        const struct sample *s = &t->samples[i++];
        at += s->length;
        buf_reset(&ours);
        buf_reset(&theirs);
        put_ours(t, s, &ours);
        put_theirs(t, s, addr, text, &theirs);
        compare(t, tool, s, buf_cstr(&ours), buf_cstr(&theirs));
    }
    assert_int_equal(i, t->n);
    buf_free(&ours);
    buf_free(&theirs);
}

static void write_file(const struct test *t, const char *arch)
{
    struct buf file = {0};
    outsider_elf(&t->code, arch, &file);
    FILE *f = fopen(t->path.p, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(file.p, 1, file.len, f), file.len);
    assert_int_equal(fclose(f), 0);
    buf_free(&file);
}

static void run_tool(struct test *t, const struct ynode *tool)
{
    const struct ynode *arch = ynode_get(tool, "arch"), *command = ynode_get(tool, "command");
    const char *name = ynode_get(tool, "name")->text;
    char *argv[16] = {0};
    unsigned n = 0;
    struct outsider o;
    for (const struct ynode *c = command->child; c && n < 14; c = c->next)
        argv[n++] = (char *)(uintptr_t)c->text;
    argv[n] = t->path.p;
    memset(t->unlike, 0, (t->g->nrows + 1) * sizeof(*t->unlike));
    write_file(t, arch ? arch->text : NULL);
    int err = outsider_start(&o, argv);
    if (err)
        fail_msg("%s cannot be run: %s (Debian: binutils-riscv64-linux-gnu, llvm-19)", argv[0],
                 strerror(-err));
    read_tool(t, &o, name);
    assert_int_equal(outsider_end(&o), 0);
}

/* ---- setting up ---- */

static const char *text_of(const struct ynode *map, const char *key)
{
    const struct ynode *n = ynode_get(map, key);
    return n ? n->text : NULL;
}

static void load_known(struct test *t)
{
    static const char *const keys[] = {"tool", "rows", "ours", "theirs", "alone", "why"};
    struct diag diag = {.out = stderr};
    struct ynode *top = yaml_load(known_path, &t->arena, &diag);
    assert_non_null(top);
    t->tools = ynode_get(top, "tools");
    const struct ynode *list = ynode_get(top, "differences");
    assert_true(t->tools && list);
    t->known = xcalloc(list->count, sizeof(*t->known));
    for (const struct ynode *n = list->child; n; n = n->next) {
        struct difference *d = &t->known[t->nknown++];
        assert_true(ynode_check_keys(n, keys, ARRAY_LEN(keys), "a difference", &diag));
        *d = (struct difference){text_of(n, "tool"), text_of(n, "rows"), text_of(n, "ours"),
                                 text_of(n, "theirs"), .at = n->at};
        if (!d->theirs || !text_of(n, "why"))
            fail_msg("%s:%d: needs 'theirs' and 'why'", n->at.file, n->at.line);
        d->alone = text_of(n, "alone") != NULL;
        const char *re = d->ours && !strcmp(d->ours, "invalid") ? d->theirs : d->ours;
        if (re && regcomp(&d->re, re, REG_EXTENDED))
            fail_msg("%s:%d: bad expression", n->at.file, n->at.line);
        d->has_re = re != NULL;
    }
    diag_free(&diag);
}

static int setup(void **state)
{
    struct test *t = xcalloc(1, sizeof(*t));
    const char *dir = getenv("TMPDIR");
    *state = t;
    t->g = guest_find("riscv64");
    if (!t->g) return -1;
    t->confirmed = xcalloc(t->g->nrows, sizeof(*t->confirmed));
    t->unlike = xcalloc(t->g->nrows + 1, sizeof(*t->unlike));
    buf_printf(&t->path, "%s/lockstep-objdump-XXXXXX", dir && *dir ? dir : "/tmp");
    int fd = mkstemp(t->path.p);
    return fd < 0 ? -1 : close(fd);
}

static int teardown(void **state)
{
    struct test *t = *state;
    unlink(t->path.p);
    for (unsigned i = 0; i < t->nknown; i++)
        if (t->known[i].has_re) regfree(&t->known[i].re);
    free(t->known);
    free(t->samples);
    free(t->confirmed);
    free(t->unlike);
    buf_free(&t->code);
    buf_free(&t->path);
    arena_free(&t->arena);
    free(t);
    return 0;
}

static void test_outsiders(void **state)
{
    struct test *t = *state;
    unsigned long loose = 0;
    load_known(t);
    add_all(t);
    for (const struct ynode *n = t->tools->child; n; n = n->next) run_tool(t, n);
    for (unsigned i = 0; i < t->g->nrows; i++) {
        if (t->confirmed[i]) continue;
        loose++;
        print_error("row %s: no tool confirms a single encoding\n", t->g->rows[i].id);
    }
    for (unsigned i = 0; i < t->nknown; i++) {
        if (t->known[i].used) continue;
        loose++;
        print_error("%s:%d: this difference was not seen\n", t->known[i].at.file, t->known[i].at.line);
    }
    if (t->differences)
        print_error("%lu of %zu encodings differ without a known reason\n", t->differences, t->n);
    assert_true(t->differences + loose == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(test_outsiders, setup, teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
