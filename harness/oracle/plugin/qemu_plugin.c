/* Loaded by QEMU into itself, built as a library of its own: ends each run after exactly its budget, and
 * hands over between runs.
 *
 * QEMU translates one instruction at a time and looks for signals between any two. So a signal that is raised
 * when the last instruction wanted begins arrives when it has been executed: or after the fault that it
 * raised, or that the fetch of the next one raised, which come first.
 *
 * The interface is that of QEMU's documentation ("TCG Plugins"); the few declarations needed stand here.
 */
#include "harness/oracle/qemu_shared.h"

#include <linux/futex.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef void (*tb_callback)(uint64_t id, struct qemu_plugin_tb *tb);
typedef void (*insn_callback)(unsigned vcpu, void *data);

extern void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, tb_callback cb);
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
extern struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
extern uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
extern void *qemu_plugin_insn_haddr(const struct qemu_plugin_insn *insn);
extern void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, insn_callback cb, int flags,
                                                   void *data);

EXPORT int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv);

static char *shared;           /* the memory shared with the harness */
static struct qemu_door *door; /* in it */

static void futex(uint32_t *at, int op, uint32_t value)
{
    syscall(SYS_futex, at, op, value, NULL, NULL, 0);
}

static void answer(void)
{
    __atomic_store_n(&door->answered, door->asked, __ATOMIC_RELEASE);
    futex(&door->answered, FUTEX_WAKE, 1);
}

/* The program is where it waits: the latest run is over, or its second half begins. */
static void on_wait(unsigned vcpu, void *data)
{
    (void)vcpu, (void)data;
    uint32_t then = door->then;
    door->then = 0;
    memcpy(shared + QEMU_ASK, shared + QEMU_THEN, then);
    if (then) return;
    answer();
    while (__atomic_load_n(&door->asked, __ATOMIC_ACQUIRE) == door->answered)
        futex(&door->asked, FUTEX_WAIT, door->answered);
}

/* Byte by byte: of an instruction that is shorter there may be no more. */
static bool is_call(const uint8_t *code, uint32_t mask, uint32_t match)
{
    for (; mask; mask >>= 8, match >>= 8, code++)
        if ((*code & mask & 0xff) != (match & 0xff)) return false;
    return true;
}

/* No case may call the system: with registers full of random numbers, that could be anything. */
static void refuse_calls(const void *code)
{
    for (uint32_t i = 0; i < door->ncalls; i++) {
        if (!is_call(code, door->calls[i].mask, door->calls[i].match)) continue;
        door->refused = 1;
        answer();
        _exit(0);
    }
}

/* An instruction of a case begins. */
static void on_step(unsigned vcpu, void *code)
{
    (void)vcpu;
    refuse_calls(code);
    door->last = (uint64_t)code - QEMU_GUEST_BASE;
    if (++door->begun == door->budget) raise(SIGUSR1);
}

static void on_translation(uint64_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        uint64_t at = qemu_plugin_insn_vaddr(insn);
        if (at == door->wait)
            qemu_plugin_register_vcpu_insn_exec_cb(insn, on_wait, 0, NULL);
        else if (at - QEMU_PROGRAM >= QEMU_SHARED - QEMU_PROGRAM)
            qemu_plugin_register_vcpu_insn_exec_cb(insn, on_step, 0, qemu_plugin_insn_haddr(insn));
    }
}

int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
    (void)info, (void)argc, (void)argv;
    shared = mmap(NULL, QEMU_REGIONS, PROT_READ | PROT_WRITE, MAP_SHARED, QEMU_SHARED_FD, 0);
    if (shared == MAP_FAILED) return -1;
    door = (struct qemu_door *)(shared + QEMU_DOOR);
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    return 0;
}
