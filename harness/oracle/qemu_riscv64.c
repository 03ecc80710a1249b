/* riscv64 in QEMU: the models it has, the program it is given, and where Linux puts registers in a signal's
 * frame (asm/ucontext.h, asm/sigcontext.h).
 */
#include "harness/oracle/qemu.h"

#define TEXT_(x) #x
#define TEXT(x)  TEXT_(x)

/* From 8.1 on "max" is all there is; before, each extension beyond GC is asked for, and an unknown one is an
 * error. */
static const struct qemu_model models[] = {
    {"max", "-one-insn-per-tb"},
    {"rv64,Zfh=true,zba=true,zbb=true,zbc=true,zbs=true,zbkb=true,zbkc=true,zbkx=true,zkn=true",
     "-singlestep"},
    {"rv64,zba=true,zbb=true,zbc=true,zbs=true", "-singlestep"},
    {"rv64", "-singlestep"},
    {NULL, NULL},
};

enum { CONTEXT = 128 + 176 /* of the frame: behind siginfo_t and what ucontext has before */ };

static const struct qemu_slot slots[] = {
    {"pc", 0, CONTEXT, 8, 0},        {"x", 1, CONTEXT + 8, 8, 0},
    {"f", 0, CONTEXT + 256, 8, 0},   {"fflags", 0, CONTEXT + 512, 4, 0}, /* fcsr: Unpriv 21.2 */
    {"frm", 0, CONTEXT + 512, 4, 5},
};

const struct qemu_isa qemu_riscv64 = {
    .guest = "riscv64",
    .models = models,
    /* mmap, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED */
    .start = "li a0, " TEXT(QEMU_SHARED) "; li a1, " TEXT(
        QEMU_SIZE) "; li a2, 3; li a3, 0x11;"
                   "li a4, " TEXT(QEMU_SHARED_FD) "; li a5, 0; li a7, 222",
    .call = "ecall",
    .back = "li t0, " TEXT(QEMU_SHARED) "; sd a0, " TEXT(QEMU_RESULT) "(t0); sd sp, " TEXT(
        QEMU_FRAME) "(t0);"
                    "addi t1, t0, " TEXT(QEMU_SPARE) "; sc.d zero, zero, (t1); addi sp, t0, " TEXT(
                        QEMU_ASK) "; li a7, 139",
    .slots = slots,
    .nslots = ARRAY_LEN(slots),
    .info = 0,
    .stack = 128 + 16,
};
