/* bench/codegen/<isa>.yaml: sizes of host code that were agreed on. */
#include "harness/clock/codegen.h"

#include "harness/corpus/schema.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- reading ---- */

static const struct schema isa = {.what = "an ISA", .accepts = SCHEMA_TEXT, .isa = true};
static const struct schema text = {.what = "text", .accepts = SCHEMA_TEXT};
static const struct schema count = {.what = "a number", .accepts = SCHEMA_NUMBER};
static const struct schema_key size_keys[] = {
    {"insns", &count, true, "Host instructions that every block has."},
    {"bytes", &count, true, "Bytes of them."},
    {"why", &text, false, "They may be more than they were."},
};
static const struct schema block = {
    .what = "what every block has", .accepts = SCHEMA_MAP, .keys = size_keys, .nkeys = ARRAY_LEN(size_keys)};
static const struct schema_key pin_keys[] = {
    {"row", &text, true, "Id of an instruction row."},
    {"code", &text, true, "An instruction of that row."},
    {"insns", &count, true, "Host instructions that the JIT emits for it, without what every block has."},
    {"bytes", &count, true, "Bytes of them."},
    {"why", &text, false, "They may be more than they were."},
};
static const struct schema pin = {
    .what = "a pin", .accepts = SCHEMA_MAP, .keys = pin_keys, .nkeys = ARRAY_LEN(pin_keys)};
static const struct schema pins = {.what = "a list of pins", .accepts = SCHEMA_LIST, .item = &pin};
static const struct schema_key file_keys[] = {
    {"codegen", &schema_version, true, "Version of this format: 1."},
    {"isa", &isa, true, "Whose rows these are."},
    {"block", &block, true, "What is around the instructions of a block."},
    {"pins", &pins, true, "Rows, in the order of the tables, each on two choices of registers."},
};
static const struct schema schema_codegen = {
    .what = "sizes of host code", .accepts = SCHEMA_MAP, .keys = file_keys, .nkeys = ARRAY_LEN(file_keys)};

void codegen_write_json(FILE *out)
{
    schema_write(&schema_codegen, "lockstep sizes of host code", out);
}

static struct codegen_pin *add(struct codegen_pins *p)
{
    if (p->n % 256 == 0) {
        struct codegen_pin *more = arena_alloc(p->arena, (p->n + 256) * sizeof(*more));
        if (p->n) memcpy(more, p->pins, p->n * sizeof(*more));
        p->pins = more;
    }
    return &p->pins[p->n++];
}

/* -1 after a report. */
static int row_of(const struct guest *g, const struct ynode *name, struct diag *d)
{
    const struct guest_row *r = guest_row_find(g, name->text);
    if (r && !r->absent) return (int)(r - g->rows);
    diag_error(d, name->at, name->len, "there is no row '%s' that is done; --pin leaves it out", name->text);
    return -1;
}

static bool read_pin(struct codegen_pins *p, const struct ynode *n, struct diag *d)
{
    const struct ynode *row = ynode_get(n, "row");
    struct codegen_pin *q = add(p);
    *q = (struct codegen_pin){
        .row = row ? row_of(p->guest, row, d) : -1,
        .code = schema_text(n, "code", ""),
        .size = {(int)schema_number(n, "insns", 0), (int)schema_number(n, "bytes", 0)},
        .why = schema_text(n, "why", NULL),
        .at = n->at,
    };
    return !row || q->row >= 0;
}

/* Of one row the order of the file. */
static int by_row(const void *a, const void *b)
{
    const struct codegen_pin *x = a, *y = b;
    if (x->row != y->row) return x->row < y->row ? -1 : 1;
    return x->at.line && y->at.line ? (x->at.line > y->at.line) - (x->at.line < y->at.line) : 0;
}

bool codegen_read(struct codegen_pins *p, const char *path, const struct guest *g, struct arena *a,
                  struct diag *d)
{
    const struct ynode *root = yaml_load(path, a, d);
    *p = (struct codegen_pins){.guest = g, .arena = a};
    if (!root || !schema_check(&schema_codegen, root, d)) return false;
    const struct ynode *name = ynode_get(root, "isa");
    if (strcmp(name->text, g->name) != 0) {
        diag_error(d, name->at, name->len, "expected %s", g->name);
        return false;
    }
    bool good = read_pin(p, ynode_get(root, "block"), d);
    for (const struct ynode *n = ynode_get(root, "pins")->child; n; n = n->next) good &= read_pin(p, n, d);
    if (p->n) qsort(p->pins, p->n, sizeof(p->pins[0]), by_row);
    return good;
}

/* ---- making ---- */

/* False: it has no instruction. */
static bool add_row(struct codegen_pins *p, unsigned row)
{
    uint32_t words[2];
    for (unsigned form = 0; form < 2; form++) {
        struct buf code = {0};
        if (!codegen_encode(p->guest, row, !form, &words[form])) return form;
        if (form && words[1] == words[0]) continue;
        guest_disasm(p->guest, &p->guest->rows[row], words[form], &code);
        *add(p) = (struct codegen_pin){.row = (int)row, .code = arena_strdup(p->arena, buf_cstr(&code))};
        buf_free(&code);
    }
    return true;
}

bool codegen_add_missing(struct codegen_pins *p, struct diag *d)
{
    unsigned known = p->n, next = 0;
    bool good = true;
    if (!known) *add(p) = (struct codegen_pin){.row = -1, .code = ""};
    for (unsigned row = 0; row < p->guest->nrows; row++) {
        while (next < known && p->pins[next].row < (int)row) next++;
        bool there = next < known && p->pins[next].row == (int)row;
        if (there || p->guest->rows[row].absent || add_row(p, row)) continue;
        diag_error(d, (struct pos){p->guest->rows[row].file, p->guest->rows[row].line, 1}, 1,
                   "no instruction of %s was found to be measured", p->guest->rows[row].id);
        good = false;
    }
    qsort(p->pins, p->n, sizeof(p->pins[0]), by_row);
    return good;
}

bool codegen_measure_all(struct codegen_pins *p, struct codegen_meter *m, struct diag *d)
{
    bool good = true;
    for (unsigned i = 0; i < p->n; i++) {
        struct codegen_pin *q = &p->pins[i];
        struct asm_error why;
        struct buf code = {0};
        if (q->row < 0) {
            q->now = codegen_block(m);
            continue;
        }
        uint32_t word = 0;
        const char *id = p->guest->rows[q->row].id;
        if (!guest_asm(p->guest, q->code, &code, &why)) {
            diag_error(d, q->at, 1, "%s: '%s': %s", id, q->code, why.message);
            good = false;
        } else if (memcpy(&word, code.p, code.len < 4 ? code.len : 4), p->guest->decode(word) != q->row) {
            diag_error(d, q->at, 1, "'%s' is not an instruction of %s", q->code, id);
            good = false;
        } else if (codegen_measure(m, code.p, code.len, &q->now)) {
            diag_error(d, q->at, 1, "%s: '%s' cannot be translated", id, q->code);
            good = false;
        }
        buf_free(&code);
    }
    return good;
}

/* ---- writing ---- */

static void write_size(const struct codegen_pin *q, FILE *out)
{
    fprintf(out, "insns: %d, bytes: %d", q->now.insns, q->now.bytes);
    if (!q->why) return;
    fputs(", why: '", out);
    for (const char *c = q->why; *c; c++) fprintf(out, *c == '\'' ? "''" : "%c", *c);
    fputc('\'', out);
}

void codegen_write(const struct codegen_pins *p, const char *path, FILE *out)
{
    struct buf schema = {0};
    schema_line(path, "codegen", &schema);
    fprintf(out,
            "%s#\n# Host code of each row, first tier, memory in a window, a processor with everything the "
            "emitter knows; what\n"
            "# every block has is not counted. Written by `lockstep codegen --pin`, which wants --why for "
            "what grew.\n"
            "codegen: 1\nisa: %s\n",
            buf_cstr(&schema), p->guest->name);
    buf_free(&schema);
    for (unsigned i = 0; i < p->n; i++) {
        const struct codegen_pin *q = &p->pins[i];
        if (q->row < 0)
            fputs("block: {", out);
        else
            fprintf(out, "- {row: %s, code: '%s', ", p->guest->rows[q->row].id, q->code);
        write_size(q, out);
        fputs(q->row < 0 ? "}\npins:\n" : "}\n", out);
    }
}
