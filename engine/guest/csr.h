/* A CSR as a window onto registers of the state, as specs/<isa>/state.yaml describes it. */
#ifndef ENGINE_GUEST_CSR_H
#define ENGINE_GUEST_CSR_H

#include <stdint.h>

struct guest_csr_part {
    uint16_t word; /* of vcpu->state */
    uint8_t lo;    /* where the register stands in the CSR */
    uint8_t width; /* its bits */
};

struct guest_csr_window {
    uint16_t number;                /* 0..0xfff */
    uint8_t nparts;                 /* registers behind it; none: `value` */
    int8_t gate;                    /* bit of the counter-enable registers, or -1 */
    uint8_t needs;                  /* bits of guest->modes */
    uint64_t value;                 /* of a constant CSR */
    uint64_t view, mask;            /* bits a read shows; bits a write changes */
    struct guest_csr_part parts[4]; /* from the least significant */
};

#endif
