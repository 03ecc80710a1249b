/* A case as text again: what `lockstep gen` and `lockstep shrink` write. Loading it gives the same case. */
#include "harness/corpus/case.h"
#include "harness/kinds/kind.h"

#include <inttypes.h>
#include <string.h>

void case_quote(const char *s, struct buf *out)
{
    buf_char(out, '"');
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            buf_printf(out, "\\%c", *s);
        else if (*s == '\n')
            buf_str(out, "\\n");
        else if ((unsigned char)*s < ' ')
            buf_printf(out, "\\x%02x", (unsigned char)*s);
        else
            buf_char(out, *s);
    }
    buf_char(out, '"');
}

static void hex_bytes(const uint8_t *p, uint64_t n, struct buf *out)
{
    for (uint64_t i = 0; i < n; i++) buf_printf(out, "%s%02x", i ? " " : "", p[i]);
}

/* ---- code ---- */

/* The disassembly, one instruction a line; false where it does not assemble to the same bytes again. */
static bool as_text(const struct test_case *c, struct buf *text)
{
    for (unsigned at = 0; at < c->code_size;) {
        unsigned n = guest_disasm_bytes(c->guest, c->code + at, c->code_size - at, text);
        if (!n) return false;
        buf_char(text, '\n');
        at += n;
    }
    struct buf bytes = {0};
    struct asm_error err;
    bool same = guest_asm(c->guest, buf_cstr(text), &bytes, &err) && bytes.len == c->code_size &&
                !memcmp(bytes.p, c->code, c->code_size);
    buf_free(&bytes);
    return same;
}

static void write_code(const struct test_case *c, struct buf *out)
{
    struct buf text = {0};
    bool lines = c->code_size && as_text(c, &text);
    char *end = lines ? strchr(text.p, '\n') : NULL;
    if (!end) {
        buf_str(out, "    code: \"");
        hex_bytes(c->code, c->code_size, out);
        buf_str(out, "\"\n");
    } else if (end[1] == 0) {
        *end = 0;
        buf_str(out, "    code: ");
        case_quote(text.p, out);
        buf_char(out, '\n');
    } else {
        buf_str(out, "    code: |\n");
        for (char *line = text.p; *line; line = end + 1) {
            end = strchr(line, '\n');
            buf_printf(out, "      %.*s\n", (int)(end - line), line);
        }
    }
    buf_free(&text);
}

/* ---- registers and memory ---- */

static void write_value(const struct guest_reg *r, const uint64_t *v, struct buf *out)
{
    unsigned top = r->words - 1;
    while (top && !v[top]) top--;
    buf_printf(out, "0x%" PRIx64, v[top]);
    while (top-- > 0) buf_printf(out, "%016" PRIx64, v[top]);
}

static void write_regs(const struct case_reg *regs, unsigned n, struct buf *out)
{
    for (unsigned i = 0; i < n; i++) {
        buf_printf(out, "%s%s: ", i ? ", " : "", guest_reg_name(regs[i].ref.reg, regs[i].ref.index));
        write_value(regs[i].ref.reg, regs[i].value, out);
    }
}

static void write_perm(unsigned perm, struct buf *out)
{
    if (perm & CPU_READ) buf_char(out, 'r');
    if (perm & CPU_WRITE) buf_char(out, 'w');
    if (perm & CPU_EXEC) buf_char(out, 'x');
}

static void write_mem(const struct case_mem *mem, unsigned n, struct buf *out)
{
    for (unsigned i = 0; i < n; i++) {
        const struct case_mem *m = &mem[i];
        buf_printf(out, "      - {at: 0x%" PRIx64 ", ", m->at);
        if (m->perm) {
            buf_printf(out, "size: 0x%" PRIx64 ", perm: ", m->size);
            write_perm(m->perm, out);
        } else if (m->data) {
            buf_str(out, "data: \"");
            hex_bytes(m->data, m->size, out);
            buf_char(out, '"');
        } else {
            buf_printf(out, "fill: 0, size: 0x%" PRIx64, m->size);
        }
        buf_str(out, "}\n");
    }
}

/* ---- what is true afterwards ---- */

static const char *exit_name(const struct test_case *c)
{
    const struct cpu_exit *e = &c->truth.exit;
    switch (e->kind) {
    case EXIT_BUDGET: return "budget";
    case EXIT_HALT: return "halt";
    case EXIT_SHUTDOWN: return "shutdown";
    default: return c->guest->causes[e->cause].name;
    }
}

/* One key a line: a map with memory in it may be long. */
static void write_truth(const struct test_case *c, struct buf *out)
{
    const struct case_truth *t = &c->truth;
    bool any = t->nregs || t->has_exit || !t->rest_unchanged || t->nmem;
    buf_printf(out, "    out:%s\n", any ? "" : " {}");
    for (unsigned i = 0; i < t->nregs; i++) {
        buf_str(out, "      ");
        write_regs(&t->regs[i], 1, out);
        buf_char(out, '\n');
    }
    if (t->has_exit && t->has_value)
        buf_printf(out, "      exit: {cause: %s, value: 0x%" PRIx64 "}\n", exit_name(c), t->exit.value);
    else if (t->has_exit)
        buf_printf(out, "      exit: %s\n", exit_name(c));
    if (!t->rest_unchanged) buf_str(out, "      rest: any\n");
    if (t->nmem) buf_str(out, "      mem:\n");
    write_mem(t->mem, t->nmem, out);
}

static void write_instructions(const struct test_case *c, struct buf *out)
{
    struct code_walk walk = code_walk(c->guest, c->code, c->code_size, ~0ull);
    write_code(c, out);
    if (c->code_at != LAYOUT_CODE) buf_printf(out, "    at: 0x%" PRIx64 "\n", c->code_at);
    if (c->steps != walk.count || walk.cut) buf_printf(out, "    steps: %" PRIu64 "\n", c->steps);
    if (c->nin) {
        buf_str(out, "    in: {");
        write_regs(c->in, c->nin, out);
        buf_str(out, "}\n");
    }
    if (c->nmem) {
        buf_str(out, "    mem:\n");
        write_mem(c->mem, c->nmem, out);
    }
    if (c->has_truth) write_truth(c, out);
}

void case_write(const struct test_case *c, const char *id, struct buf *out)
{
    buf_printf(out, "  - id: %s\n", id);
    if (*c->why) {
        buf_str(out, "    why: ");
        case_quote(c->why, out);
        buf_char(out, '\n');
    }
    if (c->kind)
        c->kind->write(c, out);
    else
        write_instructions(c, out);
}
