/* What the JIT makes of code: IR, optimised IR, host code. */
#include "harness/commands/explain.h"

#include "engine/jit/jit.h"
#include "harness/clock/capstone.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { EXPLAIN_CACHE = 64 << 10 };

/* The block's instructions, with where they stand in the program. */
static void guest_code(const struct guest *g, const struct mem *m, const struct elf_file *f,
                       const struct jit_explained *e, struct buf *out)
{
    for (size_t i = 0; i < e->pcs.len / sizeof(uint64_t); i++) {
        uint64_t pc, offset;
        uint8_t bytes[4] = {0};
        size_t n = sizeof(bytes);
        memcpy(&pc, e->pcs.p + i * sizeof(pc), sizeof(pc));
        while (n && mem_read(m, pc, bytes, n)) n -= g->code_unit;
        const char *name = f ? elf_name_at(f, pc, &offset) : NULL;
        buf_printf(out, "  %#" PRIx64, pc);
        if (name) buf_printf(out, offset ? " <%s+%#" PRIx64 ">" : " <%s>", name, offset);
        buf_str(out, ": ");
        guest_disasm_bytes(g, bytes, n, out);
        buf_char(out, '\n');
    }
}

static const char *note_of(const struct jit_explained *e, const cs_insn *insn)
{
    for (size_t i = 0; i < e->notes.len; i += sizeof(struct jit_note)) {
        const struct jit_note *n = (const void *)(e->notes.p + i);
        if (n->at - insn->address < insn->size) return n->text;
    }
    return NULL;
}

/* The state word that an operand names by its distance from rbp; -1: none does. */
static int word_of(const char *operands)
{
    const char *at = strstr(operands, "[rbp");
    if (!at) return -1;
    char sign = '+';
    unsigned long disp = 0;
    if (at[4] != ']' && sscanf(at, "[rbp %c %lx", &sign, &disp) != 2) return -1;
    if (sign == '-') disp = -disp;
    return (int)((disp + JIT_STATE_BIAS) / sizeof(uint64_t));
}

static void host_insn(const struct jit_explained *e, const struct ir_names *names, const cs_insn *insn,
                      struct buf *out)
{
    const char *note = note_of(e, insn);
    size_t start = out->len;
    buf_printf(out, "  %4" PRIx64 "%s %s%s%s", insn->address, insn->address == e->entry ? ">" : " ",
               insn->mnemonic, *insn->op_str ? " " : "", insn->op_str);
    int pad = 48 - (int)(out->len - start), word = word_of(insn->op_str);
    if (note || word >= 0) buf_printf(out, "%*s; %s", pad > 1 ? pad : 1, "", note ? note : "");
    if (!note && word >= 0) names->print(names->ctx, (unsigned)word, out);
    buf_char(out, '\n');
}

/* Host code as an assembler would have it, addresses from 0. */
static void host_code(const struct jit_explained *e, const struct ir_names *names, struct buf *out)
{
    struct capstone cs;
    cs_insn *insn;
    const char *why = capstone_open(&cs);
    if (why) buf_printf(out, "  no disassembler: %s\n", why);
    if (why) return;
    size_t n = cs.disasm(cs.handle, (const uint8_t *)e->code.p, e->code.len, 0, 0, &insn);
    for (size_t i = 0; i < n; i++) host_insn(e, names, &insn[i], out);
    if (n) cs.free(insn, n);
    capstone_close(&cs);
}

/* Each line of text, moved in. */
static void indented(const struct buf *text, struct buf *out)
{
    for (const char *p = buf_cstr(text); *p;) {
        size_t n = strcspn(p, "\n");
        buf_printf(out, "  %.*s\n", (int)n, p);
        p += n + (p[n] == '\n');
    }
}

static void sections(const struct guest *g, const struct mem *m, const struct elf_file *f,
                     const struct jit_explained *e, const struct ir_names *names, struct buf *out)
{
    buf_str(out, "block\n");
    guest_code(g, m, f, e, out);
    buf_str(out, "ir\n");
    indented(&e->ir, out);
    buf_str(out, "optimised\n");
    indented(&e->optimised, out);
    buf_str(out, "registers\n");
    indented(&e->pins, out);
    buf_printf(out, "host code, %zu bytes\n", e->code.len);
    host_code(e, names, out);
}

int explain_block(const struct guest *g, struct mem *m, const struct elf_file *f, uint64_t pc, unsigned most,
                  struct buf *out)
{
    const char *why;
    struct jit_explained e = {0};
    struct ir_names names;
    if (backend_jit.probe(g, &why)) return -ENOTSUP;
    guest_ir_names(g, &names);
    struct vcpu *c = vcpu_new(g, m);
    const struct jit_options options = {.cache_size = EXPLAIN_CACHE};
    if (c) c->options = &options;
    int err = c ? backend_jit.open(c) : -ENOMEM;
    if (!err) {
        err = jit_explain(c, pc, most, &names, &e);
        if (!err) sections(g, m, f, &e, &names, out);
        backend_jit.close(c);
    }
    if (c) vcpu_free(c);
    jit_explained_free(&e);
    return err;
}
