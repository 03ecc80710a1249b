/* A row's semantics as a C function over the guest's state and a predecoded record:
 *
 *     bool sem_rv_lw(struct vcpu *cpu, struct riscv64_state *s, const struct guest_op *o, …)
 *
 * False: a fault was noted and nothing is written. `flow` and `from`: engine/interp/interp.h. #line points
 * into the row: a debugger steps through the YAML. A second function for rows with undefined results says
 * which bits those are, given the state before.
 */
#include "specs/gen/emit.h"

#include <string.h>

void emit_row_head(struct emitter *e)
{
    const struct row *r = e->r;
    slots_assign(e->s, e->r, &e->sl);
    e->line = r->at;
    fprintf(e->f, "\n/* %s: %s */\n#line %d \"%s\"\n", r->id, r->asm_, r->at.line, r->at.file);
}

static void row_function(struct emitter *e)
{
    emit_row_head(e);
    fprintf(e->f,
            "static ALWAYS_INLINE bool sem_%s(struct vcpu *cpu, struct %s_state *s,\n"
            "    const struct %s *o, uint64_t block_pc, struct interp_flow *flow, const int from)\n{\n",
            row_symbol(e->s, e->r), e->s->isa, record_name(e->s));
    emit_body(e, LIVE_EFFECTS);
    fputs("    return true;\n}\n", e->f);
}

/* The functions that isa.yaml names are somebody else's; here is what they must look like. */
static void prototypes(struct spec *s, FILE *f)
{
    for (const struct kind *k = s->kinds; k; k = k->next) {
        if (k->read) fprintf(f, "bool %s(struct vcpu *c, unsigned number, uint64_t *v);\n", k->read);
        if (k->write) fprintf(f, "bool %s(struct vcpu *c, unsigned number, uint64_t v);\n", k->write);
    }
    for (const struct helper *h = s->helpers; h; h = h->next) {
        bool plain = !h->raises && h->result == TYPE_NONE;
        fprintf(f, "%s %s(struct vcpu *", plain ? "void" : "bool", h->name);
        for (int i = 0; i < h->nargs; i++) fprintf(f, ", %s", type_c(h->args[i]));
        if (h->result != TYPE_NONE) fprintf(f, ", %s *", type_c(h->result));
        fputs(");\n", f);
    }
}

/* Records of byte encodings: as struct guest_op, and what a memory operand is made of. */
static void byte_record(struct spec *s, FILE *f)
{
    fprintf(f, "\n/* One instruction, ready to run. */\nstruct %s_op {\n", s->isa);
    fputs("    const void *handler;  /* label in the loop */\n"
          "    uint8_t r[4];         /* register numbers and small fields */\n"
          "    int32_t imm;          /* the immediate */\n"
          "    int32_t disp;         /* displacement of the memory operand */\n"
          "    uint16_t at;          /* from the block's start */\n"
          "    uint8_t length;       /* of the instruction */\n"
          "    uint8_t base, index;  /* registers; 32: none, 33 as base: the next instruction */\n"
          "    uint8_t shift;        /* of the index */\n"
          "    uint8_t segment;      /* 0: none with a base */\n"
          "};\n",
          f);
    if (!s->address_file) return;
    fprintf(f,
            "\nstatic ALWAYS_INLINE uint64_t %s_address(const struct %s_state *s, const struct %s_op *o, "
            "uint64_t block_pc)\n{\n",
            s->isa, s->isa, s->isa);
    fputs("    uint64_t a = (uint64_t)(int64_t)o->disp;\n", f);
    fprintf(f, "    if (o->base < %u) a += s->%s[o->base];\n", s->address_file->count, s->address_file->name);
    fputs("    else if (o->base == 33) a += block_pc + o->at + o->length;\n", f);
    fprintf(f, "    if (o->index < %u) a += s->%s[o->index] << o->shift;\n", s->address_file->count,
            s->address_file->name);
    for (unsigned i = 0; i < ARRAY_LEN(s->segments); i++)
        if (s->segments[i])
            fprintf(f, "    if (o->segment == %u) a += s->%s;\n", i + 1, s->segments[i]->name);
    fputs("    return a;\n}\n", f);
}

static bool has_undef(const struct row *r)
{
    for (int i = 0; i < r->ncode; i++)
        if (r->code[i].kind == CODE_UNDEF) return true;
    return false;
}

void emit_sem(struct spec *s, FILE *f)
{
    fprintf(f, "#pragma once\n\n#include \"%s/%s_lanes.h\"\n#include \"%s/%s_state.h\"\n", s->isa, s->isa,
            s->isa, s->isa);
    fputs("#include \"engine/interp/interp.h\"\n#include \"engine/interp/operand.h\"\n\n", f);
    prototypes(s, f);
    if (s->bytes) byte_record(s, f);
    emit_control(s, f);
    for (struct row *r = s->rows; r; r = r->next) {
        struct emitter e = {.f = f, .s = s, .r = r};
        if (!r->absent) row_function(&e);
    }
    fprintf(f,
            "\n/* %s_undef.c: sets in *mask, and in *memory for a memory operand, the bits that the manual "
            "leaves undefined\n"
            " * after this instruction ran from the state that cpu holds now. False: it would fault. */\n"
            "bool %s_undef(struct vcpu *cpu, unsigned row, const struct %s *o, uint64_t block_pc, struct "
            "%s_state *mask,\n"
            "    uint64_t *memory);\n",
            s->isa, s->isa, record_name(s), s->isa);
}

static void undef_function(struct emitter *e)
{
    emit_row_head(e);
    fprintf(e->f,
            "static bool undef_%s(struct vcpu *cpu, const struct %s_state *s, const struct %s *o, uint64_t "
            "block_pc,\n"
            "    struct %s_state *mask, uint64_t *memory)\n{\n",
            row_symbol(e->s, e->r), e->s->isa, record_name(e->s), e->s->isa);
    emit_body(e, LIVE_UNDEF);
    fputs("    return true;\n}\n", e->f);
}

void emit_undef(struct spec *s, FILE *f)
{
    fprintf(f, "#include \"%s/%s_sem.h\"\n", s->isa, s->isa);
    for (struct row *r = s->rows; r; r = r->next) {
        struct emitter e = {.f = f, .s = s, .r = r};
        if (has_undef(r)) undef_function(&e);
    }
    fprintf(f,
            "\nbool %s_undef(struct vcpu *cpu, unsigned row, const struct %s *o, uint64_t block_pc, struct "
            "%s_state *mask,\n"
            "    uint64_t *memory)\n{\n    switch (row) {\n",
            s->isa, record_name(s), s->isa);
    for (const struct row *r = s->rows; r; r = r->next)
        if (has_undef(r))
            fprintf(f, "    case %u: return undef_%s(cpu, (void *)cpu->state, o, block_pc, mask, memory);\n",
                    r->index, row_symbol(s, r));
    fputs("    default: return true;\n    }\n}\n", f);
}
