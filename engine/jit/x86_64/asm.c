#include "engine/jit/x86_64/asm.h"

#include <stdlib.h>

void asm_grow(struct jit_code *c, uint32_t more)
{
    uint32_t cap = c->cap ? c->cap : 4096;
    while (cap - c->n < more) cap *= 2;
    c->p = xrealloc(c->p, cap);
    c->cap = cap;
}

/* ModRM, SIB and displacement (SDM 2, 2.1.5 and tables 2-2, 2-3). */
static uint8_t *put_rm(uint8_t *p, unsigned reg, const struct asm_rm *m)
{
    unsigned r = (reg & 7) << 3, base = m->base & 7;
    if (m->reg != ASM_NONE) {
        *p++ = (uint8_t)(0xc0 | r | (m->reg & 7));
        return p;
    }
    bool sib = m->index != ASM_NONE || m->base == ASM_NONE || base == ASM_RSP;
    /* no base: disp32 through a SIB, as ModRM's own form is relative to rip; rbp and r13 have no form without
     * disp */
    unsigned mod = m->base == ASM_NONE           ? 0
                   : !m->disp && base != ASM_RBP ? 0
                   : m->disp == (int8_t)m->disp  ? 1
                                                 : 2;
    *p++ = (uint8_t)(mod << 6 | r | (sib ? 4 : base));
    if (sib) {
        unsigned index = m->index == ASM_NONE ? 4 : m->index & 7;
        *p++ = (uint8_t)(m->scale << 6 | index << 3 | (m->base == ASM_NONE ? 5 : base));
    }
    if (mod == 1) {
        *p++ = (uint8_t)m->disp;
    } else if (mod == 2 || m->base == ASM_NONE) {
        memcpy(p, &m->disp, 4);
        p += 4;
    }
    return p;
}

/* Everything before ModRM. rxb: the high bits of reg, index and base, as in REX. */
static uint8_t *put_head(uint8_t *p, uint32_t op, unsigned rxb, unsigned vex, bool need_rex)
{
    static const uint8_t prefix[4] = {0, 0x66, 0xf3, 0xf2};
    unsigned pp = op >> 10 & 3, map = op >> 8 & 3, w = op >> 12 & 1;
    if (op & ASM_VEX) {
        unsigned last = w << 7 | (~vex & 15) << 3 | pp;
        if (map == 1 && !w && !(rxb & 3)) {
            *p++ = 0xc5;
            *p++ = (uint8_t)((rxb & 4 ? 0 : 0x80) | last);
        } else {
            *p++ = 0xc4;
            *p++ = (uint8_t)((~rxb & 7) << 5 | map);
            *p++ = (uint8_t)last;
        }
    } else {
        if (op & ASM_LOCK) *p++ = 0xf0;
        if (pp) *p++ = prefix[pp];
        if (w || rxb || need_rex) *p++ = (uint8_t)(0x40 | w << 3 | rxb);
        if (map) *p++ = 0x0f;
        if (map == 2) *p++ = 0x38;
        if (map == 3) *p++ = 0x3a;
    }
    *p++ = (uint8_t)op;
    return p;
}

static bool high_byte(unsigned reg)
{
    return reg >= ASM_RSP && reg <= ASM_RDI;
}

void asm_op(struct jit_code *c, uint32_t op, unsigned reg, unsigned vex, const struct asm_rm *m)
{
    uint8_t *p = c->p + c->n;
    bool is_reg = m->reg != ASM_NONE;
    unsigned rxb = (reg & 8) >> 1;
    if (likely(is_reg))
        rxb |= (m->reg & 8) >> 3;
    else
        rxb |=
            (m->index != ASM_NONE ? (m->index & 8) >> 2 : 0) | (m->base != ASM_NONE ? (m->base & 8) >> 3 : 0);
    bool need_rex = (op & ASM_B && high_byte(reg)) || (op & ASM_BM && is_reg && high_byte(m->reg));
    if (m->gs) *p++ = 0x65;
    p = put_head(p, op, rxb, vex, need_rex);
    p = put_rm(p, reg, m);
    c->n = (uint32_t)(p - c->p);
}

static void note_call(struct jit_code *c, const void *to)
{
    if (c->ncalls == c->calls_cap) {
        c->calls_cap = c->calls_cap ? c->calls_cap * 2 : 64;
        c->calls = xrealloc(c->calls, c->calls_cap * sizeof(*c->calls));
    }
    c->calls[c->ncalls++] = (struct jit_call){.at = c->n, .to = to};
    asm_u32(c, 0);
}

void asm_near(struct jit_code *c, uint32_t op, unsigned reg, unsigned vex, const void *at)
{
    uint8_t *p = put_head(c->p + c->n, op, (reg & 8) >> 1, vex, op & ASM_B && high_byte(reg));
    *p++ = (uint8_t)((reg & 7) << 3 | 5);
    c->n = (uint32_t)(p - c->p);
    note_call(c, at);
}

void asm_call(struct jit_code *c, const void *to)
{
    asm_byte(c, 0xe8);
    note_call(c, to);
}

void asm_jump_near(struct jit_code *c, enum asm_cc cc, const void *to)
{
    uint32_t at = asm_jump32(c, cc);
    c->n = at;
    note_call(c, to);
}

uint32_t asm_lea32(struct jit_code *c, unsigned reg)
{
    asm_byte(c, 0x48 | (reg & 8) >> 1);
    asm_byte(c, ASM_LEA);
    asm_byte(c, (reg & 7) << 3 | 5);
    asm_u32(c, 0);
    return c->n - 4;
}

void asm_const(struct jit_code *c, unsigned reg, uint64_t value)
{
    if (value <= UINT32_MAX) {
        if (reg & 8) asm_byte(c, 0x41);
        asm_byte(c, 0xb8 | (reg & 7));
        asm_u32(c, (uint32_t)value);
    } else if ((int64_t)value == (int32_t)value) {
        asm_rr(c, ASM_MOV_I | ASM_W, 0, reg);
        asm_u32(c, (uint32_t)value);
    } else {
        asm_byte(c, 0x48 | (reg & 8) >> 3);
        asm_byte(c, 0xb8 | (reg & 7));
        memcpy(c->p + c->n, &value, 8);
        c->n += 8;
    }
}

void asm_alu_i(struct jit_code *c, enum asm_alu alu, uint32_t w, const struct asm_rm *rm, int32_t imm)
{
    if (imm == (int8_t)imm) {
        asm_op(c, ASM_ALU_I8 | w, alu, 0, rm);
        asm_byte(c, (uint8_t)imm);
    } else if (rm->reg == ASM_RAX) { /* a form without ModRM */
        if (w) asm_byte(c, 0x48);
        asm_byte(c, 0x05 + 8 * alu);
        asm_u32(c, (uint32_t)imm);
    } else {
        asm_op(c, ASM_ALU_I | w, alu, 0, rm);
        asm_u32(c, (uint32_t)imm);
    }
}

void asm_bswap(struct jit_code *c, uint32_t w, unsigned reg)
{
    unsigned rex = (w ? 8 : 0) | (reg & 8) >> 3;
    if (rex) asm_byte(c, 0x40 | rex);
    asm_byte(c, 0x0f);
    asm_byte(c, 0xc8 | (reg & 7));
}

uint32_t asm_jump8(struct jit_code *c, enum asm_cc cc)
{
    asm_byte(c, cc == CC_ALWAYS ? 0xeb : 0x70 + cc);
    asm_byte(c, 0);
    return c->n - 1;
}

uint32_t asm_jump32(struct jit_code *c, enum asm_cc cc)
{
    if (cc == CC_ALWAYS) {
        asm_byte(c, 0xe9);
    } else {
        asm_byte(c, 0x0f);
        asm_byte(c, 0x80 + cc);
    }
    asm_u32(c, 0);
    return c->n - 4;
}

void asm_jump_back(struct jit_code *c, enum asm_cc cc, uint32_t target)
{
    if (c->n + 2 - target <= 128) {
        uint32_t at = asm_jump8(c, cc);
        c->p[at] = (uint8_t)(target - c->n);
        return;
    }
    uint32_t at = asm_jump32(c, cc), rel = target - c->n;
    memcpy(c->p + at, &rel, 4);
}

void jit_code_free(struct jit_code *c)
{
    free(c->p);
    free(c->exits);
    free(c->faults);
    free(c->calls);
    free(c->scratch);
    *c = (struct jit_code){0};
}
