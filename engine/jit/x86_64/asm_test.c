/* The encoder against LLVM's assembler: the same instructions from our functions and from text, both read
 * back by objdump, must be the same lines. Every operation, with every register in every place, and every
 * form of memory operand. */
#include "engine/jit/x86_64/asm.h"
#include "engine/jit/x86_64/host.h"

#include <setjmp.h>
#include <stdlib.h>
#include <ucontext.h>
#include <unistd.h>

#include <cmocka.h>

/* Which operands an instruction has, in the order of the text. */
enum form {
    RM,  /* reg, rm */
    MR,  /* rm, reg */
    M,   /* rm; the digit is in `digit` */
    MI,  /* rm, immediate */
    RMI, /* reg, rm, immediate */
    RVM, /* reg, vex, rm */
    RMV, /* reg, rm, vex */
};

struct row {
    const char *name;
    uint32_t op;
    enum form form;
    uint8_t reg, rm; /* bits of the operands; 128: xmm */
    uint8_t mem;     /* of the operand in memory, when it is another number; 1: never memory */
    uint8_t digit;   /* M, MI */
    uint8_t imm;     /* bits of the immediate */
};

#define OP(text, opcode, which, bits, rm_bits, ...)                                                    \
    {                                                                                                  \
        .name = (text), .op = (opcode), .form = (which), .reg = (bits), .rm = (rm_bits), ##__VA_ARGS__ \
    }
static const struct row rows[] = {
    OP("mov", ASM_MOV | ASM_W, RM, 64, 64),
    OP("mov", ASM_MOV, RM, 32, 32),
    OP("mov", ASM_MOV_ST | ASM_W, MR, 64, 64),
    OP("mov", ASM_MOV_ST, MR, 32, 32),
    OP("mov", ASM_MOV_ST16, MR, 16, 16),
    OP("mov", ASM_MOV_ST8, MR, 8, 8),
    OP("mov", ASM_MOV_I | ASM_W, MI, 0, 64, .imm = 32),
    OP("mov", ASM_MOV_I, MI, 0, 32, .imm = 32),
    OP("mov", ASM_MOV_I16, MI, 0, 16, .imm = 16),
    OP("mov", ASM_MOV_I8, MI, 0, 8, .imm = 8),
    OP("movzx", ASM_MOVZX8, RM, 32, 8),
    OP("movzx", ASM_MOVZX16, RM, 32, 16),
    OP("movsx", ASM_MOVSX8 | ASM_W, RM, 64, 8),
    OP("movsx", ASM_MOVSX16 | ASM_W, RM, 64, 16),
    OP("movsxd", ASM_MOVSXD, RM, 64, 32),
    OP("add", ASM_ALU | ASM_W, RM, 64, 64),
    OP("sbb", ASM_ALU + 8 * ALU_SBB, RM, 32, 32),
    OP("cmp", (ASM_ALU + 8 * ALU_CMP) | ASM_W, RM, 64, 64),
    OP("or", (ASM_ALU_ST + 8 * ALU_OR) | ASM_W, MR, 64, 64),
    OP("xor", ASM_ALU_ST + 8 * ALU_XOR, MR, 32, 32),
    OP("test", ASM_TEST | ASM_W, MR, 64, 64),
    OP("test", ASM_TEST8, MR, 8, 8),
    OP("test", ASM_TEST_I8, MI, 0, 8, .imm = 8),
    OP("push", ASM_PUSH, M, 0, 0, .mem = 64, .digit = 6),
    OP("pop", ASM_POP, M, 0, 0, .mem = 64),
    OP("not", ASM_NOT | ASM_W, M, 0, 64, .digit = 2),
    OP("neg", ASM_NEG, M, 0, 32, .digit = 3),
    OP("imul", ASM_IMUL1 | ASM_W, M, 0, 64, .digit = 5),
    OP("div", ASM_DIV, M, 0, 32, .digit = 6),
    OP("idiv", ASM_IDIV | ASM_W, M, 0, 64, .digit = 7),
    OP("imul", ASM_IMUL | ASM_W, RM, 64, 64),
    OP("imul", ASM_IMUL_I8, RMI, 32, 32, .imm = 8),
    OP("imul", ASM_IMUL_I | ASM_W, RMI, 64, 64, .imm = 32),
    OP("shl", ASM_SHIFT_I | ASM_W, MI, 0, 64, .digit = SHIFT_SHL, .imm = 5),
    OP("sar", ASM_SHIFT_I, MI, 0, 32, .digit = SHIFT_SAR, .imm = 5),
    OP("ror", ASM_SHIFT_I, MI, 0, 32, .digit = SHIFT_ROR, .imm = 5),
    OP("cmovb", (ASM_CMOV + CC_B) | ASM_W, RM, 64, 64),
    OP("cmovg", ASM_CMOV + CC_G, RM, 32, 32),
    OP("setp", ASM_SETCC + CC_P, M, 0, 8),
    OP("setle", ASM_SETCC + CC_LE, M, 0, 8),
    OP("tzcnt", ASM_TZCNT | ASM_W, RM, 64, 64),
    OP("lzcnt", ASM_LZCNT, RM, 32, 32),
    OP("popcnt", ASM_POPCNT | ASM_W, RM, 64, 64),
    OP("xchg", ASM_XCHG | ASM_W, MR, 64, 0, .mem = 64),
    OP("lock cmpxchg", ASM_CMPXCHG | ASM_W, MR, 64, 0, .mem = 64),
    OP("lock xadd", ASM_XADD, MR, 32, 0, .mem = 32),
    OP("shlx", ASM_SHLX | ASM_W, RMV, 64, 64),
    OP("sarx", ASM_SARX, RMV, 32, 32),
    OP("shrx", ASM_SHRX | ASM_W, RMV, 64, 64),
    OP("rorx", ASM_RORX, RMI, 32, 32, .imm = 5),
    OP("mulx", ASM_MULX | ASM_W, RVM, 64, 64),
    OP("movq", ASM_MOVQ_XG | ASM_W, RM, 128, 64, .mem = 1),
    OP("movd", ASM_MOVQ_XG, RM, 128, 32),
    OP("movd", ASM_MOVQ_GX, MR, 128, 32),
    OP("movq", ASM_MOVQ_GX | ASM_W, MR, 128, 64, .mem = 1),
    OP("movq", ASM_MOVQ, RM, 128, 128, .mem = 64),
    OP("movq", ASM_MOVQ_ST, MR, 128, 0, .mem = 64),
    OP("movaps", ASM_MOVAPS, RM, 128, 128),
    OP("movups", ASM_MOVUPS, RM, 128, 128),
    OP("movups", ASM_MOVUPS_ST, MR, 128, 0, .mem = 128),
    OP("addsd", ASM_SD | 0x58, RM, 128, 128, .mem = 64),
    OP("divss", ASM_SS | 0x5e, RM, 128, 128, .mem = 32),
    OP("vmulsd", ASM_SD | 0x59 | ASM_VEX, RVM, 128, 128, .mem = 64),
    OP("vsubss", ASM_SS | 0x5c | ASM_VEX, RVM, 128, 128, .mem = 32),
    OP("vsqrtsd", ASM_SD | 0x51 | ASM_VEX, RVM, 128, 128, .mem = 64),
    OP("comisd", ASM_COMISD, RM, 128, 128, .mem = 64),
    OP("ucomiss", ASM_UCOMISS, RM, 128, 128, .mem = 32),
    OP("cvtsi2sd", ASM_SD | ASM_CVTSI2 | ASM_W, RM, 128, 64, .mem = 1),
    OP("cvtsi2ss", ASM_SS | ASM_CVTSI2, RM, 128, 32, .mem = 1),
    OP("cvttsd2si", ASM_SD | ASM_CVTT2SI | ASM_W, RM, 64, 128, .mem = 64),
    OP("cvtss2si", ASM_SS | ASM_CVT2SI, RM, 32, 128, .mem = 32),
    OP("cvtsd2ss", ASM_CVTSD2SS, RM, 128, 128, .mem = 64),
    OP("cvtss2sd", ASM_CVTSS2SD, RM, 128, 128, .mem = 32),
    OP("orps", ASM_ORPS, RM, 128, 128),
    OP("vandps", ASM_ANDPS | ASM_VEX, RVM, 128, 0, .mem = 128),
    OP("ptest", ASM_PTEST, RM, 128, 128),
    OP("roundsd", ASM_ROUNDSD, RMI, 128, 128, .mem = 64, .imm = 3),
    OP("roundss", ASM_ROUNDSS, RMI, 128, 128, .mem = 32, .imm = 3),
    OP("vfmadd231sd", ASM_FMADD231 | ASM_W, RVM, 128, 128, .mem = 64),
    OP("vfmadd231ss", ASM_FMADD231, RVM, 128, 128, .mem = 32),
    OP("vfmsub231sd", ASM_FMSUB231 | ASM_W, RVM, 128, 128, .mem = 64),
    OP("vfnmadd231ss", ASM_FNMADD231, RVM, 128, 128, .mem = 32),
    OP("vfnmsub231sd", ASM_FNMSUB231 | ASM_W, RVM, 128, 128, .mem = 64),
    OP("punpcklqdq", ASM_PUNPCKLQDQ, RM, 128, 128),
    OP("pshufd", ASM_PSHUFD, RMI, 128, 128, .imm = 3),
    OP("psrldq", ASM_PSRLDQ, MI, 0, 128, .mem = 1, .digit = 3, .imm = 3),
    OP("pclmulqdq", ASM_PCLMULQDQ, RMI, 128, 128, .imm = 3),
    OP("aeskeygenassist", ASM_AESKEYGENASSIST, RMI, 128, 128, .imm = 3),
    OP("aesimc", ASM_AESIMC, RM, 128, 128),
    OP("aesenc", ASM_AESENC, RM, 128, 128),
    OP("aesenclast", ASM_AESENCLAST, RM, 128, 128),
    OP("aesdec", ASM_AESDEC, RM, 128, 128),
    OP("aesdeclast", ASM_AESDECLAST, RM, 128, 128),
    OP("ldmxcsr", ASM_LDMXCSR, M, 0, 0, .mem = 32, .digit = 2),
    OP("stmxcsr", ASM_STMXCSR, M, 0, 0, .mem = 32, .digit = 3),
};

struct both {
    struct jit_code ours;
    struct buf text;
    struct rng rng;
};

static uint64_t below(struct both *b, uint64_t n)
{
    return rng_below(&b->rng, n);
}

static void put_reg(struct buf *t, unsigned bits, unsigned reg)
{
    static const char *const old[] = {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di"};
    reg &= 15;
    if (bits == 128)
        buf_printf(t, "xmm%u", reg);
    else if (reg >= 8)
        buf_printf(t, "r%u%s", reg, bits == 8 ? "b" : bits == 16 ? "w" : bits == 32 ? "d" : "");
    else if (bits == 8)
        buf_printf(t, "%.*sl", reg < 4 ? 1 : 2, old[reg]);
    else
        buf_printf(t, "%s%s", bits == 64 ? "r" : bits == 32 ? "e" : "", old[reg]);
}

static void put_mem(struct buf *t, unsigned bits, const struct asm_rm *m)
{
    static const char *const size[] = {
        [1] = "byte", [2] = "word", [4] = "dword", [8] = "qword", [16] = "xmmword"};
    buf_printf(t, "%s ptr %s[", size[bits / 8], m->gs ? "gs:" : "");
    if (m->base != ASM_NONE) put_reg(t, 64, m->base);
    if (m->index != ASM_NONE) {
        buf_printf(t, "%s%u*", m->base != ASM_NONE ? "+" : "", 1u << m->scale);
        put_reg(t, 64, m->index);
    }
    if (m->base == ASM_NONE && m->index == ASM_NONE)
        buf_printf(t, "%d", m->disp);
    else if (m->disp)
        buf_printf(t, "%+d", m->disp);
    buf_char(t, ']');
}

static void put_rm(struct buf *t, const struct row *r, const struct asm_rm *m)
{
    if (m->reg != ASM_NONE)
        put_reg(t, r->rm, m->reg);
    else
        put_mem(t, r->mem ? r->mem : r->rm, m);
}

/* 5 bits are a count, which is never 1: that has an encoding of its own, as LLVM knows. */
static void put_imm(struct both *b, const struct row *r)
{
    uint64_t v = rng_next(&b->rng);
    int32_t imm = (int32_t)(r->imm < 8 ? (v & bits_mask(r->imm)) | (r->imm == 5 ? 2 : 0)
                                       : (uint64_t)bits_sext(v, r->imm));
    unsigned bytes = r->imm < 8 ? 1 : r->imm / 8;
    buf_printf(&b->text, ", %d", imm);
    memcpy(b->ours.p + b->ours.n, &imm, bytes);
    b->ours.n += bytes;
}

static void one(struct both *b, const struct row *r, unsigned reg, const struct asm_rm *m)
{
    unsigned xmm = r->reg == 128 ? ASM_XMM0 : 0, vex = (unsigned)below(b, 16) + xmm;
    bool has_vex = r->form == RVM || r->form == RMV;
    struct buf *t = &b->text;
    asm_room(&b->ours, 64);
    asm_op(&b->ours, r->op, r->form == M || r->form == MI ? r->digit : reg + xmm, has_vex ? vex : 0, m);
    buf_printf(t, "%s ", r->name);
    if (r->form != MR && r->form != M && r->form != MI) {
        put_reg(t, r->reg, reg);
        buf_str(t, ", ");
    }
    if (r->form == RVM) {
        put_reg(t, r->reg, vex);
        buf_str(t, ", ");
    }
    put_rm(t, r, m);
    if (r->form == MR || r->form == RMV) {
        buf_str(t, ", ");
        put_reg(t, r->reg, r->form == MR ? reg : vex);
    }
    if (r->imm) put_imm(b, r);
    buf_char(t, '\n');
}

static struct asm_rm any_memory(struct both *b, unsigned base)
{
    static const int32_t disps[] = {0, 1, 127, 128, -128, -129, 0x12345678, -0x7fffffff};
    struct asm_rm m = {.reg = ASM_NONE,
                       .base = (uint8_t)base,
                       .index = ASM_NONE,
                       .gs = below(b, 2),
                       .disp = disps[below(b, ARRAY_LEN(disps))]};
    if (base == 16) m.base = ASM_NONE;
    if (below(b, 2)) {
        m.index = (uint8_t)below(b, 16);
        m.scale = (uint8_t)below(b, 4);
        if (m.index == ASM_RSP) m.index = ASM_NONE;
    }
    if (m.base == ASM_NONE && m.index != ASM_NONE && !m.scale)
        m.scale = 1; /* else it would be a base in text */
    if (m.index == ASM_NONE) m.scale = 0;
    return m;
}

static void operations(struct both *b)
{
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        const struct row *r = &rows[i];
        for (unsigned reg = 0; reg < 16; reg++) {
            for (unsigned k = 0; r->rm && k < 4; k++) {
                struct asm_rm m = asm_r((unsigned)below(b, 16) + (r->rm == 128 ? ASM_XMM0 : 0));
                one(b, r, reg, &m);
            }
            for (unsigned k = 0; r->mem != 1 && k < 6; k++) {
                struct asm_rm m = any_memory(b, (unsigned)below(b, 17));
                one(b, r, reg, &m);
            }
        }
    }
    for (unsigned base = 0; base <= 16; base++) /* every base, with every kind of displacement and index */
        for (unsigned k = 0; k < 100; k++) {
            struct asm_rm m = any_memory(b, base);
            one(b, &rows[k % 2 ? 0 : 59], k % 16, &m);
        }
}

/* Functions that choose between encodings. */
static void choices(struct both *b)
{
    static const char *const alus[] = {"add", "or", "adc", "sbb", "and", "sub", "xor", "cmp"};
    static const int64_t numbers[] = {0,          1,           -1,         127,        128,
                                      -128,       -129,        0x7fffffff, 0x80000000, -0x80000000ll,
                                      0xffffffff, 0x123456789, INT64_MIN};
    for (unsigned reg = 0; reg < 16; reg++) {
        asm_room(&b->ours, 4096);
        for (unsigned i = 0; i < ARRAY_LEN(numbers); i++) {
            uint64_t v = (uint64_t)numbers[i];
            bool narrow = v <= UINT32_MAX, movabs = !narrow && (int64_t)v != (int32_t)v;
            asm_const(&b->ours, reg, v);
            buf_str(&b->text, movabs ? "movabs " : "mov ");
            put_reg(&b->text, narrow ? 32 : 64, reg);
            buf_printf(&b->text, ", %lld\n", (long long)v);
            if ((int64_t)v != (int32_t)v) continue;
            struct asm_rm m = asm_r(reg);
            asm_alu_i(&b->ours, (enum asm_alu)(i % 8), ASM_W, &m, (int32_t)v);
            buf_printf(&b->text, "%s ", alus[i % 8]);
            put_reg(&b->text, 64, reg);
            buf_printf(&b->text, ", %lld\n", (long long)v);
        }
        asm_lea32(&b->ours, reg);
        buf_str(&b->text, "lea ");
        put_reg(&b->text, 64, reg);
        buf_str(&b->text, ", [rip]\n");
        asm_bswap(&b->ours, reg & 1 ? ASM_W : 0, reg);
        buf_str(&b->text, "bswap ");
        put_reg(&b->text, reg & 1 ? 64 : 32, reg);
        buf_char(&b->text, '\n');
    }
}

/* ---- outsiders ---- */

static void write_file(const char *path, const void *p, size_t n)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

/* The next line of objdump's output that is an instruction, from its text on; NULL: the end. The address that
 * it works out for one relative to rip is left out: it is right only while all encodings are of one length.
 */
static char *next_instruction(FILE *f, char *line, size_t n)
{
    while (fgets(line, (int)n, f)) {
        char *tab = strchr(line, '\t'), *second = tab ? strchr(tab + 1, '\t') : NULL;
        if (!second) continue;
        second[1 + strcspn(second + 1, "#")] = 0;
        return second + 1;
    }
    return NULL;
}

static void the_same_as_llvm(void **state)
{
    struct both b = {.rng = {1}};
    char dir[] = "/tmp/asm-test-XXXXXX", a[256], c[256];
    unsigned n = 0;
    buf_str(&b.text, ".intel_syntax noprefix\n");
    operations(&b);
    choices(&b);
    assert_non_null(mkdtemp(dir));
    assert_int_equal(chdir(dir), 0);
    write_file("ours", b.ours.p, b.ours.n);
    write_file("text", b.text.p, b.text.len);
    assert_int_equal(system("llvm-mc-19 --arch=x86-64 --filetype=obj "
                            "-mattr=+bmi,+bmi2,+fma,+avx,+lzcnt,+pclmul,+aes -o theirs text"),
                     0);
    FILE *ours = popen("objdump -D -b binary -mi386:x86-64 -Mintel --insn-width=16 ours", "r");
    FILE *theirs = popen("objdump -d -Mintel --insn-width=16 theirs", "r");
    assert_true(ours && theirs);
    char *x, *y;
    while (x = next_instruction(ours, a, sizeof(a)), y = next_instruction(theirs, c, sizeof(c)), x && y) {
        if (strcmp(x, y) != 0) fail_msg("instruction %u: ours %stheirs %s", n, x, y);
        n++;
    }
    assert_true(!x && !y && n > 10000);
    pclose(ours);
    pclose(theirs);
    assert_int_equal(system("rm ours theirs text"), 0);
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(rmdir(dir), 0);
    buf_free(&b.text);
    jit_code_free(&b.ours);
}

/* The address of an access, read back from the instruction as after a fault. */
static void addresses_are_read_back(void **state)
{
    static const uint8_t greg[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                     REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
    struct both b = {.rng = {2}};
    for (unsigned i = 0; i < 20000; i++) {
        const struct row *r = &rows[below(&b, ARRAY_LEN(rows))];
        struct asm_rm m = any_memory(&b, (unsigned)below(&b, 17));
        long long regs[NGREG];
        uint64_t window = m.gs ? 0 : 1 << 20, at = (uint64_t)(int64_t)m.disp - window;
        if (r->mem == 1) continue;
        for (unsigned k = 0; k < NGREG; k++) regs[k] = (long long)rng_next(&b.rng);
        if (m.base != ASM_NONE) at += (uint64_t)regs[greg[m.base]];
        if (m.index != ASM_NONE) at += (uint64_t)regs[greg[m.index]] << m.scale;
        b.ours.n = 0;
        one(&b, r, (unsigned)below(&b, 16), &m);
        if (jit_host_address(b.ours.p, regs, 1 << 20) != at) fail_msg("%s", strrchr(buf_cstr(&b.text), '\n'));
    }
    buf_free(&b.text);
    jit_code_free(&b.ours);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_same_as_llvm),
                                       cmocka_unit_test(addresses_are_read_back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
