/* Inside the generator of sequences: one instruction at a time, under the rules of the sequence so far. */
#ifndef HARNESS_GENERATE_STEP_H
#define HARNESS_GENERATE_STEP_H

#include "harness/generate/generate.h"

enum { STEP_FILES = 4, STEP_RECENT = 8, STEP_BASES = 3 };

/* What an instruction is to be like. */
struct step_wish {
    int field;       /* this register field is to have this number; -1: none */
    unsigned number; /* of it */
    int base;        /* the register of the address, -1: any */
    uint64_t offset; /* what is added to it, when `base` is said */
    bool addresses;  /* of addresses, small offsets and zeroes, so that its result may be one */
};

/* What may be done with the registers at this place of a sequence. */
struct step_state {
    const struct guest *guest;                 /* the ISA */
    const struct guest_reg *files[STEP_FILES]; /* register files that operands name, in order of meeting */
    uint64_t fixed[STEP_FILES];                /* registers of each that nothing may write now */
    uint8_t recent[STEP_FILES][STEP_RECENT];   /* the latest written of each */
    unsigned nfiles;                           /* how many files */
    struct guest_reg_ref bases[STEP_BASES];    /* hold addresses in writable memory */
    unsigned nbases;                           /* how many */
    struct rng r;                              /* the sequence's own */
    const struct step_wish *wish;              /* for the next instruction, or NULL */
    bool tame;                                 /* no address may be anything: what changes code says so */
};

/* Index of a file, met or new. */
unsigned step_file(struct step_state *s, const struct guest_reg *file);
void step_written(struct step_state *s, unsigned file, unsigned number);
/* A register to read, mostly one written lately. */
unsigned step_source(struct step_state *s, unsigned file);
/* A register that may be written. */
unsigned step_target(struct step_state *s, unsigned file);
/* A row that can stand in a sequence: no jump (shapes jump), no trap on purpose, nothing that writes a
 * register that it does not name. */
bool step_fits(const struct gen_plan *p);
/* An instruction of the row. False: none was found under these rules. */
bool step_encode(struct step_state *s, const struct gen_plan *p, uint32_t *word);

#endif
