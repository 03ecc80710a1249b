/* Differences in words: what people read when a case fails, and what `repro` shows. */
#include "harness/judge/compare.h"
#include "harness/kinds/scenario.h"

#include <inttypes.h>
#include <string.h>

enum { COLUMN = 20 };

bool case_byte(const struct test_case *c, uint64_t addr, uint8_t *byte)
{
    bool mapped = true;
    if (addr - LAYOUT_CODE < LAYOUT_CODE_SIZE)
        *byte = 0;
    else if (addr - LAYOUT_DATA < LAYOUT_DATA_SIZE || addr - LAYOUT_ROM < LAYOUT_ROM_SIZE)
        *byte = layout_byte(addr);
    else
        mapped = false;
    /* later entries are written over earlier ones, and code over both */
    for (unsigned i = 0; i < c->nmem; i++) {
        if (addr - c->mem[i].at >= c->mem[i].size) continue;
        *byte = c->mem[i].data ? c->mem[i].data[addr - c->mem[i].at] : 0;
        mapped = true;
    }
    if (addr - c->code_at < c->code_size) *byte = c->code[addr - c->code_at];
    return mapped;
}

void case_page(const struct test_case *c, uint64_t page, uint8_t bytes[CPU_PAGE])
{
    bool pattern = page - LAYOUT_DATA < LAYOUT_DATA_SIZE || page - LAYOUT_ROM < LAYOUT_ROM_SIZE;
    for (unsigned i = 0; i < CPU_PAGE; i++) bytes[i] = pattern ? layout_byte(page + i) : 0;
    for (unsigned i = 0; i < c->nmem; i++) {
        const struct case_mem *m = &c->mem[i];
        for (uint64_t k = 0; m->data && k < m->size; k++)
            if (m->at + k - page < CPU_PAGE) bytes[m->at + k - page] = m->data[k];
    }
    for (unsigned k = 0; k < c->code_size; k++)
        if (c->code_at + k - page < CPU_PAGE) bytes[c->code_at + k - page] = c->code[k];
}

void describe_reg(struct guest_reg_ref ref, uint64_t value, struct buf *out)
{
    const struct guest_reg *r = ref.reg;
    if (!r->bits) {
        unsigned digits = r->width >= 64 ? 16 : (r->width + 3) / 4;
        buf_printf(out, "%0*" PRIx64, (int)digits, value);
        return;
    }
    size_t start = out->len;
    uint64_t rest = value;
    for (unsigned i = 0; i < 64 && r->bits[i]; i++) {
        if (!(value >> i & 1) || !*r->bits[i]) continue;
        rest &= ~(1ull << i);
        buf_printf(out, "%s%s", out->len > start ? " " : "", r->bits[i]);
    }
    if (rest) buf_printf(out, "%s%#" PRIx64, out->len > start ? " " : "", rest);
    if (out->len == start) buf_char(out, '-');
}

void describe_exit(const struct guest *g, const struct cpu_exit *e, struct buf *out)
{
    buf_str(out, exit_kind_name(e->kind));
    if (e->kind == EXIT_FAULT) {
        if (e->cause < g->ncauses) buf_char(out, ' ');
        if (e->cause < g->ncauses) buf_str(out, g->causes[e->cause].name);
        if (e->value) buf_printf(out, " %#" PRIx64, e->value);
    }
    if (e->kind == EXIT_UNSUPPORTED && e->why) buf_printf(out, ": %s", e->why);
}

void describe_case(const struct test_case *c, struct buf *out)
{
    const struct guest_row *row = c->row;
    if (c->kind) {
        scenario_describe(c, out);
        return;
    }
    if (c->corpus.file) buf_printf(out, "  from  %s:%d\n", c->at.file, c->at.line);
    if (row)
        buf_printf(out, "  row   %s (%s), %s:%d: %s%s%s\n", row->id, row->ext, row->file, row->line,
                   row->mnemonic, *row->syntax ? " " : "", row->syntax);
    /* of what is longer, the trace around the difference says more */
    enum { LINES = 16, LINES_OF_LONG = 3 };
    unsigned at = 0, lines = c->code_size > LINES * sizeof(uint32_t) ? LINES_OF_LONG : LINES;
    for (unsigned line = 0; at < c->code_size && line < lines; line++) {
        struct buf text = {0};
        unsigned n = guest_disasm_bytes(c->guest, c->code + at, c->code_size - at, &text);
        if (!n || n > c->code_size - at) n = c->code_size - at;
        uint32_t word = 0;
        memcpy(&word, c->code + at, n < sizeof(word) ? n : sizeof(word));
        buf_printf(out, "  %-5s %#" PRIx64 ": %0*" PRIx32 "  %s\n", line ? "" : "code", c->code_at + at,
                   (int)n * 2, word, buf_cstr(&text));
        at += n;
        buf_free(&text);
    }
    if (at < c->code_size) buf_printf(out, "        … %u bytes more\n", c->code_size - at);
    if (*c->why) buf_printf(out, "  why   %s\n", c->why);
}

void describe_place(const struct test_case *c, const char *what, uint64_t step,
                    const struct failure_place *at, struct buf *detail)
{
    struct buf text = {0};
    (void)guest_disasm_bytes(c->guest, (const uint8_t *)&at->word, sizeof(at->word), &text);
    buf_printf(detail, "  %s instruction %" PRIu64 ", at %#" PRIx64 ": %s", what, step, at->pc,
               buf_cstr(&text));
    if (at->row) buf_printf(detail, " (%s, %s:%d)", at->row->id, at->row->file, at->row->line);
    buf_char(detail, '\n');
    buf_free(&text);
}

/* A cell of the table, padded to its column. */
static void cell(struct buf *out, const char *text)
{
    buf_printf(out, "%-*s ", COLUMN, text);
}

static void trim(struct buf *out)
{
    while (out->len && out->p[out->len - 1] == ' ') out->p[--out->len] = 0;
    buf_char(out, '\n');
}

/* What is printed: the results that count, and whether the truth has a column. */
struct table {
    const struct test_case *c;
    const struct outcome *usable[8]; /* columns, in the order of the command line */
    unsigned n;                      /* how many */
    struct buf *out;                 /* where it goes */
    struct buf text;                 /* scratch for one cell */
};

static void table_cell(struct table *t)
{
    cell(t->out, buf_cstr(&t->text));
    buf_reset(&t->text);
}

static void reg_row(struct table *t, const struct diff *d)
{
    const struct outcome *first = t->usable[0];
    size_t at = d->reg.reg->word + (size_t)d->reg.index * d->reg.reg->words + d->word;
    uint64_t v;
    buf_printf(t->out, "  %-14s ", guest_reg_name(d->reg.reg, d->reg.index));
    describe_reg(d->reg, first->before[at], &t->text);
    table_cell(t);
    for (unsigned i = 0; i < t->n; i++) {
        describe_reg(d->reg, t->usable[i]->state[at], &t->text);
        table_cell(t);
    }
    if (truth_reg(t->c, first, d->reg, d->word, &v)) describe_reg(d->reg, v, &t->text);
    table_cell(t);
    trim(t->out);
}

static void exit_line(struct table *t, const char *who, const struct cpu_exit *e)
{
    buf_printf(t->out, "    %-12s  ", who);
    describe_exit(t->c->guest, e, t->out);
    buf_char(t->out, '\n');
}

static void exit_rows(struct table *t, const struct diff *d)
{
    const struct case_truth *truth = &t->c->truth;
    struct cpu_exit budget = {.kind = EXIT_BUDGET};
    buf_str(t->out, d->what == DIFF_EXIT ? "  exit\n" : "  exit's value\n");
    for (unsigned i = 0; i < t->n; i++) exit_line(t, t->usable[i]->backend->name, &t->usable[i]->exit);
    if (t->c->has_truth) exit_line(t, "manual", truth->has_exit ? &truth->exit : &budget);
}

enum { SHOWN_BYTES = 32 };

/* One line of bytes; `who` says whose. */
static void bytes_line(struct table *t, const char *who, const uint8_t *bytes, uint64_t n, bool more)
{
    buf_printf(t->out, "    %-12s ", who);
    for (uint64_t i = 0; i < n; i++) buf_printf(t->out, " %02x", bytes[i]);
    buf_str(t->out, more ? " …\n" : "\n");
}

static void mem_rows(struct table *t, const struct diff *d)
{
    uint8_t bytes[SHOWN_BYTES] = {0};
    uint64_t n = d->size < SHOWN_BYTES ? d->size : SHOWN_BYTES;
    bool more = d->size > n;
    buf_printf(t->out, "  memory %#" PRIx64 ", %" PRIu64 " byte%s\n", d->at, d->size,
               d->size == 1 ? "" : "s");
    for (uint64_t i = 0; i < n; i++) (void)case_byte(t->c, d->at + i, &bytes[i]);
    bytes_line(t, "before", bytes, n, more);
    for (unsigned i = 0; i < t->n; i++)
        if (!mem_read(t->usable[i]->mem, d->at, bytes, n))
            bytes_line(t, t->usable[i]->backend->name, bytes, n, more);
    uint64_t known = 0;
    while (known < n && truth_byte(t->c, d->at + known, &bytes[known])) known++;
    if (known == n) bytes_line(t, "manual", bytes, n, more);
}

static void print_header(struct table *t)
{
    buf_printf(t->out, "  %-14s ", "");
    cell(t->out, "before");
    for (unsigned i = 0; i < t->n; i++) cell(t->out, t->usable[i]->backend->name);
    cell(t->out, t->c->has_truth ? "manual" : "");
    trim(t->out);
}

static void print_table(struct table *t, const struct findings *f)
{
    bool header = false;
    for (unsigned i = 0; i < f->n; i++) {
        const struct diff *d = &f->items[i];
        if (d->what == DIFF_REG) {
            if (!header) print_header(t);
            header = true;
            reg_row(t, d);
        } else if (d->what == DIFF_MEM) {
            mem_rows(t, d);
        } else {
            exit_rows(t, d);
        }
    }
    if (f->more) buf_str(t->out, "  … and more\n");
}

void describe_table(const struct test_case *c, const struct outcome *outcomes, unsigned n,
                    const struct findings *f, struct buf *out)
{
    struct table t = {.c = c, .out = out};
    if (c->kind) {
        scenario_table(c, outcomes, n, f, out);
        return;
    }
    for (unsigned i = 0; i < n && t.n < ARRAY_LEN(t.usable); i++)
        if (outcome_usable(&outcomes[i])) t.usable[t.n++] = &outcomes[i];
    if (t.n) print_table(&t, f);
    buf_free(&t.text);
}

void describe_failure(const struct test_case *c, const struct outcome *outcomes, unsigned n,
                      const struct quirks *q, const struct findings *f, struct buf *out)
{
    buf_str(out, "  ");
    vote_describe(c, outcomes, n, q, out);
    buf_char(out, '\n');
    describe_table(c, outcomes, n, f, out);
}
