/* riscv64's signal frame, as Linux lays it out: asm/ucontext.h, asm/sigcontext.h and asm/ptrace.h of its
 * UAPI.
 */
#include "engine/user/signals.h"
#include "riscv64/riscv64_state.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

/* struct sigcontext. Behind D's registers comes, where Q's would end, the header that ends the list of
 * further extensions: magic and size 0. */
struct frame_context {
    uint64_t pc, x[31];   /* x1..x31 */
    uint64_t f[32];       /* NaN-boxed */
    uint32_t fcsr;        /* frm, fflags */
    uint32_t unused[64];  /* of Q's layout */
    uint32_t reserved;    /* sigreturn refuses a frame that has something here */
    uint32_t magic, size; /* of that header */
};

struct frame {
    uint8_t info[128];                                /* siginfo_t: the host's layout */
    uint64_t flags, link;                             /* of the ucontext */
    uint64_t stack_sp, stack_flags, stack_size, mask; /* the same */
    uint8_t unused[128];                              /* room for a longer mask; alignment to 16 bytes */
    struct frame_context context;
};
_Static_assert(sizeof(siginfo_t) == 128 && offsetof(struct frame, flags) == 128, "siginfo");
_Static_assert(offsetof(struct frame, stack_sp) == 128 + 16, "ucontext");
_Static_assert(offsetof(struct frame, mask) == 128 + 40, "ucontext");
_Static_assert(offsetof(struct frame, context) == 128 + 176, "ucontext");
_Static_assert(offsetof(struct frame_context, f) == 256, "sigcontext");
_Static_assert(offsetof(struct frame_context, reserved) == 772, "sigcontext");
_Static_assert(sizeof(struct frame) == 128 + 960, "frame");

enum { RA = 1, SP = 2, A0 = 10, NREGS = 32 };

static struct riscv64_state *state_of(struct user_thread *t)
{
    return (void *)t->cpu->state;
}

static void save(const struct riscv64_state *s, struct frame_context *to)
{
    to->pc = s->pc;
    memcpy(to->x, s->x + 1, sizeof(to->x));
    memcpy(to->f, s->f, sizeof(to->f));
    to->fcsr = (uint32_t)(s->frm << 5 | s->fflags); /* Unpriv 21.2 */
}

static void restore(struct riscv64_state *s, const struct frame_context *from)
{
    s->pc = from->pc & ~1ull; /* as sepc has it (Priv 10.1.7) */
    memcpy(s->x + 1, from->x, sizeof(from->x));
    memcpy(s->f, from->f, sizeof(from->f));
    s->fflags = from->fcsr & 31;
    s->frm = from->fcsr >> 5 & 7;
    s->res_addr = 1; /* the kernel gives up the reservation on its way out */
}

static int push(struct user_thread *t, const siginfo_t *info, const struct user_action *a, int sig)
{
    struct riscv64_state *s = state_of(t);
    struct frame f;
    uint64_t top = signal_stack_pick(t, a, s->x[SP]);
    uint64_t at = (top - sizeof(f)) & ~15ull;
    /* A handler that has used up the alternate stack must not go on below it. */
    if (signal_stack_flags(t, s->x[SP]) == SS_ONSTACK && signal_stack_flags(t, at) != SS_ONSTACK)
        return -EFAULT;
    memset(&f, 0, sizeof(f));
    memcpy(f.info, info, sizeof(f.info));
    f.stack_sp = t->alt_sp;
    f.stack_flags = (uint32_t)t->alt_flags;
    f.stack_size = t->alt_size;
    f.mask = t->restore_mask ? t->suspended : t->mask;
    save(s, &f.context);
    if (user_write(t->p, at, &f, sizeof(f))) return -EFAULT;
    s->x[RA] = t->p->sigreturn;
    s->x[SP] = at;
    s->x[A0] = (uint64_t)sig;
    s->x[A0 + 1] = at + offsetof(struct frame, info);
    s->x[A0 + 2] = at + offsetof(struct frame, flags);
    s->pc = a->handler;
    s->res_addr = 1;
    return 0;
}

static int64_t pop(struct user_thread *t)
{
    struct riscv64_state *s = state_of(t);
    struct frame f;
    if (user_read(t->p, s->x[SP], &f, sizeof(f))) return -EFAULT;
    if (f.context.reserved || f.context.magic || f.context.size) return -EFAULT;
    int64_t r = signal_change_mask(t, f.mask);
    if (r) return r;
    signal_stack_restore(t, s->x[SP], f.stack_sp, (int)f.stack_flags, f.stack_size);
    restore(s, &f.context);
    return 0;
}

const struct user_frame_ops frame_riscv64 = {.push = push, .pop = pop};
