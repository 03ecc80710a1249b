/* The host system call that a signal cannot slip in front of.
 *
 * A signal that arrives after the look at t->wanted and before the host's kernel has the call would be found
 * only when the call ends, which may be never. So both stand in a few instructions known by address: the
 * host's handler asks host_call_fixup, which moves a thread that it finds there to the way out. The kernel
 * itself puts a thread back onto the instruction when a call is to be made again after a handler (fork, PI
 * futexes); that is the same place and means the same.
 */
#include "engine/user/signals.h"

#include <errno.h>

#ifndef __x86_64__
#error "host_call.c knows x86-64 hosts only"
#endif

/* long host_call(atomic_bool *wanted, long number, const uint64_t args[6]) */
long host_call(atomic_bool *wanted, long number, const uint64_t *args);
extern const char host_call_look[], host_call_done[], host_call_not_made[];

__asm__(".pushsection .text\n"
        ".globl host_call, host_call_look, host_call_done, host_call_not_made\n"
        ".hidden host_call, host_call_look, host_call_done, host_call_not_made\n"
        ".type host_call, @function\n"
        "host_call:\n"
        "    .cfi_startproc\n"
        "    movq %rdi, %rcx\n"
        "    movq %rsi, %rax\n"
        "    movq %rdx, %r11\n"
        "    movq 0(%r11), %rdi\n"
        "    movq 8(%r11), %rsi\n"
        "    movq 16(%r11), %rdx\n"
        "    movq 24(%r11), %r10\n"
        "    movq 32(%r11), %r8\n"
        "    movq 40(%r11), %r9\n"
        "host_call_look:\n"
        "    cmpb $0, (%rcx)\n"
        "    jne host_call_not_made\n"
        "    syscall\n"
        "host_call_done:\n"
        "    ret\n"
        "host_call_not_made:\n"
        "    movq $-513, %rax\n" /* USER_RESTART_ALWAYS */
        "    ret\n"
        "    .cfi_endproc\n"
        ".size host_call, . - host_call\n"
        ".popsection\n");
_Static_assert(USER_RESTART_ALWAYS == -513 && sizeof(atomic_bool) == 1, "host_call");

void host_call_fixup(ucontext_t *u)
{
    greg_t *rip = &u->uc_mcontext.gregs[REG_RIP];
    if (*rip >= (greg_t)host_call_look && *rip < (greg_t)host_call_done) *rip = (greg_t)host_call_not_made;
}

int64_t user_host_call(struct user_thread *t, long number, const uint64_t args[6])
{
    sig_atomic_t kicks = t->pending.kicks;
    world_leave(t);
    long r = host_call(&t->wanted, number, args);
    world_enter(t);
    if (r != -EINTR) return r;
    if (t->wanted) return USER_RESTART;
    return t->pending.kicks != kicks ? USER_RESTART_ALWAYS : -EINTR;
}
