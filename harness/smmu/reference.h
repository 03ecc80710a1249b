/* What the SMMU's manual (IHI 0070) says of one access, worked out the slow and obvious way: no cache, one
 * function a step, bit numbers as the manual prints them. It shares nothing with devices/smmu, so that the
 * two can be held against each other. It reads memory through a function and changes nothing: what hardware
 * would update in tables, the answer lists.
 */
#ifndef HARNESS_SMMU_REFERENCE_H
#define HARNESS_SMMU_REFERENCE_H

#include "engine/base/base.h"

/* Whose word it is: a stream table's, a context descriptor table's, a translation table's. */
enum ref_word { REF_WORD_STE, REF_WORD_CD, REF_WORD_TABLE };

/* Guest memory and the registers that translation depends on. */
struct ref_unit {
    bool (*load)(void *arg, uint64_t pa, uint64_t *v); /* 8 bytes at a multiple of 8, as a little-endian
                                                          number; false: nothing is there */
    /* Told of each word that is looked at, in order; or NULL. */
    void (*saw)(void *arg, enum ref_word of, uint64_t pa, uint64_t v);
    void *arg;                    /* of both */
    uint64_t strtab_base;         /* STRTAB_BASE */
    uint32_t strtab_cfg;          /* STRTAB_BASE_CFG */
    bool enabled;                 /* CR0.SMMUEN */
    bool gbpa_abort;              /* GBPA.ABORT */
    bool e2h;                     /* CR2.E2H */
    unsigned sid_bits, ssid_bits; /* IDR1 */
    unsigned oas;                 /* IDR5.OAS in bits */
    bool small_tables;            /* IDR3.STT */
};

struct ref_request {
    uint32_t sid, ssid;              /* whose */
    bool substream;                  /* ssid counts */
    uint64_t iova;                   /* where to */
    bool write, execute, privileged; /* what; a write never executes */
};

enum ref_end { REF_DONE, REF_ABORT, REF_ZERO, REF_STALL }; /* ZERO: reads as zeroes, writes are ignored */

enum ref_event { /* 7.3 */
                 REF_C_BAD_STREAMID = 0x02,
                 REF_F_STE_FETCH = 0x03,
                 REF_C_BAD_STE = 0x04,
                 REF_F_STREAM_DISABLED = 0x06,
                 REF_C_BAD_SUBSTREAMID = 0x08,
                 REF_F_CD_FETCH = 0x09,
                 REF_C_BAD_CD = 0x0a,
                 REF_F_WALK_EABT = 0x0b,
                 REF_F_TRANSLATION = 0x10,
                 REF_F_ADDR_SIZE = 0x11,
                 REF_F_ACCESS = 0x12,
                 REF_F_PERMISSION = 0x13,
};

enum ref_class { REF_CD, REF_TABLE, REF_INPUT }; /* whose fetch or address it was */

struct ref_update {
    uint64_t pa, value; /* a descriptor, and what it is afterwards, as it stands in memory */
};

enum { REF_UPDATES = 64 };

struct ref_answer {
    enum ref_end end;                       /* what the device sees */
    uint64_t pa;                            /* REF_DONE: where it goes */
    unsigned event;                         /* enum ref_event, or 0 */
    bool recorded;                          /* the event is written to the queue (but for RECINVSID) */
    bool stage2;                            /* the event's S2 */
    enum ref_class class_;                  /* its CLASS */
    uint64_t ipa;                           /* its IPA, where S2 */
    uint64_t fetch;                         /* F_*_FETCH, F_WALK_EABT: what could not be read */
    bool table_write;                       /* CLASS TT: the descriptor was to be written, not read */
    unsigned page_bits;                     /* log2 of the last leaf's bytes; 0: no walk came to one */
    bool execute, privileged;               /* the access, after INSTCFG and PRIVCFG */
    uint64_t ste[8], cd[8];                 /* what was read of them */
    struct ref_update updates[REF_UPDATES]; /* nupdates of them, one for each address */
    unsigned nupdates;                      /* how many */
};

/* Bits hi..lo of an array of words, numbered through. */
uint64_t ref_bits(const uint64_t *words, unsigned hi, unsigned lo);
void ref_translate(const struct ref_unit *u, const struct ref_request *q, struct ref_answer *a);

#endif
