/* CSR access (Priv 2): the table of windows is generated from state.yaml, the rules of access are here. */
#include "engine/guest/riscv64/riscv64.h"

#include "engine/guest/csr.h"
#include "engine/guest/guest.h"
#include "riscv64/riscv64_state.h"

enum { PRIV_USER, PRIV_SUPERVISOR, PRIV_MACHINE = 3 };

extern const struct guest_csr_window riscv64_csr_windows[];
extern const unsigned riscv64_csr_count;

static const struct guest_csr_window *window_find(unsigned number)
{
    unsigned lo = 0, hi = riscv64_csr_count;
    while (lo < hi) {
        unsigned mid = (lo + hi) / 2;
        if (riscv64_csr_windows[mid].number < number)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < riscv64_csr_count && riscv64_csr_windows[lo].number == number ? &riscv64_csr_windows[lo]
                                                                              : NULL;
}

/* Bits 9:8 of the address are the lowest privilege (Priv 2.1); counters below machine mode also need their
 * enable bits (Priv 3.1.11, 10.1.5). */
static const struct guest_csr_window *allowed(struct vcpu *c, unsigned number)
{
    const struct riscv64_state *s = (const void *)c->state;
    const struct guest_csr_window *w = window_find(number);
    if (!w || s->priv < (number >> 8 & 3)) return NULL;
    if (w->needs & ~c->guest->mode(c)) return NULL;
    if (w->gate >= 0 && s->priv < PRIV_MACHINE && !(s->mcounteren >> w->gate & 1)) return NULL;
    if (w->gate >= 0 && s->priv < PRIV_SUPERVISOR && !(s->scounteren >> w->gate & 1)) return NULL;
    return w;
}

bool riscv64_csr_read(struct vcpu *c, unsigned number, uint64_t *v)
{
    struct riscv64_state *s = (void *)c->state;
    const struct guest_csr_window *w = allowed(c, number);
    if (!w) return false;
    if (c->clock && w->nparts && &c->state[w->parts[0].word] == &s->time) s->time = c->clock();
    *v = w->value;
    for (unsigned i = 0; i < w->nparts; i++) *v |= c->state[w->parts[i].word] << w->parts[i].lo;
    if (w->nparts) *v &= w->view;
    return true;
}

/* mstatus.FS reads as dirty whenever it is not off: the manual allows reporting dirty always (Priv 3.1.6.6).
 */
static uint64_t legal(const struct vcpu *c, unsigned word, uint64_t v)
{
    const struct riscv64_state *s = (const void *)c->state;
    if (&c->state[word] != &s->mstatus) return v;
    v &= ~(1ull << 63);
    return v >> 13 & 3 ? v | 3ull << 13 | 1ull << 63 : v;
}

bool riscv64_csr_write(struct vcpu *c, unsigned number, uint64_t v)
{
    const struct guest_csr_window *w = allowed(c, number);
    if (!w || (number >> 10 & 3) == 3) return false;
    for (unsigned i = 0; i < w->nparts; i++) {
        const struct guest_csr_part *p = &w->parts[i];
        uint64_t mask = (w->mask >> p->lo) & bits_mask(p->width);
        c->state[p->word] = legal(c, p->word, (c->state[p->word] & ~mask) | ((v >> p->lo) & mask));
    }
    return true;
}
