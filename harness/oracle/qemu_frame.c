/* Registers of the guest in the frame of a signal: how they get into QEMU and out of it.
 *
 * rt_sigreturn sets all registers that a program of user mode has, and a signal saves them, so nothing else
 * is needed to load and save them, for any ISA.
 */
#include "harness/oracle/qemu.h"

#include "engine/user/call.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct guest_reg *file_find(const struct guest *g, const char *name)
{
    for (unsigned i = 0; i < g->nregs; i++)
        if (!strcmp(g->regs[i].name, name)) return &g->regs[i];
    BUG("%s has no register '%s'", g->name, name);
}

void qemu_frame_init(struct qemu_process *p)
{
    p->words = xcalloc(p->guest->state_words, sizeof(*p->words));
    for (unsigned i = 0; i < p->isa->nslots; i++) {
        const struct qemu_slot *s = &p->isa->slots[i];
        const struct guest_reg *r = file_find(p->guest, s->file);
        unsigned per = r->words * 8 / s->bytes; /* slots of the frame that a register takes */
        for (unsigned k = s->first; k < r->count; k++)
            for (unsigned w = 0; w < r->words; w++)
                p->words[p->nwords++] = (struct qemu_word){
                    .word = (uint16_t)(r->word + k * r->words + w),
                    .offset = (uint16_t)(s->offset + ((k - s->first) * (per ? per : 1) + w) * s->bytes),
                    .bytes = (uint8_t)s->bytes,
                    .lo = (uint8_t)s->lo,
                    .mask = bits_mask(r->width - w * 64 > 64 ? 64 : r->width - w * 64),
                };
    }
    for (unsigned i = 0; i < p->nwords; i++) {
        unsigned end = p->words[i].offset + 8u;
        if (end > p->frame_size) p->frame_size = end;
    }
    BUG_ON(QEMU_ASK + p->frame_size > QEMU_THEN);
}

static uint64_t load(const uint8_t *frame, const struct qemu_word *w)
{
    uint64_t v = 0;
    memcpy(&v, frame + w->offset, w->bytes);
    return v;
}

/* Words of less than 8 bytes share their place with others. */
static void write_frame(struct qemu_process *p, uint8_t *frame, const uint64_t *state)
{
    const uint64_t stack[3] = {QEMU_SHARED + QEMU_STACK, 0, QEMU_STACK_SIZE}; /* ss_sp, ss_flags, ss_size */
    memcpy(frame + p->isa->stack, stack, sizeof(stack));
    for (unsigned i = 0; i < p->nwords; i++) {
        const struct qemu_word *w = &p->words[i];
        uint64_t v = state[w->word];
        if (w->bytes < 8) v = (load(frame, w) & ~(w->mask << w->lo)) | (v & w->mask) << w->lo;
        memcpy(frame + w->offset, &v, w->bytes);
    }
}

void qemu_frame_write(struct qemu_process *p, const uint64_t *state)
{
    write_frame(p, p->shared + (p->door->then ? QEMU_THEN : QEMU_ASK), state);
}

static void read_frame(const struct qemu_process *p, const uint8_t *frame, uint64_t *state)
{
    for (unsigned i = 0; i < p->nwords; i++)
        state[p->words[i].word] = load(frame, &p->words[i]) >> p->words[i].lo & p->words[i].mask;
}

static const uint8_t *frame_at(const struct qemu_process *p, uint64_t at)
{
    at -= QEMU_SHARED;
    return at >= QEMU_STACK && at < QEMU_STACK + QEMU_STACK_SIZE ? p->shared + at : NULL;
}

/* The budget's signal is pending when a fault comes: then the handler of the fault's is interrupted before
 * its first instruction. */
const uint8_t *qemu_frame_latest(const struct qemu_process *p, uint64_t *state)
{
    uint64_t at;
    memcpy(&at, p->shared + QEMU_FRAME, sizeof(at));
    const uint8_t *frame = frame_at(p, at);
    if (frame) read_frame(p, frame, state);
    if (!frame || state[p->guest->pc_word] != p->back) return frame;
    frame = frame_at(p, state[user_abi_of(p->guest)->reg_sp]);
    if (frame) read_frame(p, frame, state);
    return frame;
}

static unsigned call_number(const struct call_table *t, const char *name)
{
    for (unsigned i = 0; i < t->nrows; i++)
        if (t->rows[i] && !strcmp(t->rows[i]->name, name)) return i;
    BUG("no call '%s'", name);
}

static void write_call(struct qemu_process *p, const char *name, const uint64_t args[6])
{
    const struct user_abi *abi = user_abi_of(p->guest);
    uint64_t *state = xcalloc(p->guest->state_words, sizeof(*state));
    state[p->guest->pc_word] = p->call;
    state[abi->reg_number] = call_number(abi->calls, name);
    for (unsigned i = 0; i < ARRAY_LEN(abi->reg_args); i++) state[abi->reg_args[i]] = args[i];
    qemu_frame_write(p, state);
    free(state);
}

void qemu_call_first(struct qemu_process *p, const char *name, const uint64_t args[6])
{
    write_call(p, name, args);
    p->door->then = p->frame_size;
}

int64_t qemu_call(struct qemu_process *p, const char *name, const uint64_t args[6])
{
    int64_t result = -EIO;
    write_call(p, name, args);
    if (qemu_resume(p, 0)) memcpy(&result, p->shared + QEMU_RESULT, sizeof(result));
    return result;
}
