/* Inside the SMMU: what its files share. The manual is IHI 0070 (SMMUv3); sections are cited where they
 * decide.
 *
 * The way of an access:
 *     translate.c   last page → TLB → configuration → walk; ranges joined; stops
 *     config.c      stream table → STE → CD, checked (C_BAD_*), cached (config_cache.c)
 *     walk.c        stage 1, stage 2, nested; descriptor.c: one descriptor; attributes.c: what they combine
 * to event.c       what stopped it becomes a record in the event queue, or a stall (stall.c) The way of a
 * register write: registers.c   checks by the table of specs/devices/smmuv3.yaml, effects → queue.c,
 * interrupt.c, global.c command.c     one row a command: check, what it does → invalidate.c, stall.c, ats.c,
 * event.c
 */
#ifndef DEVICES_SMMU_INTERNAL_H
#define DEVICES_SMMU_INTERNAL_H

#include "devices/device.h"
#include "devices/smmu/smmu.h"
#include "devices/smmuv3.h" /* generated: SMMU_REG_*, SMMU_CR0_SMMUEN, SMMU_STE_CONFIG, SMMU_F_TRANSLATION … */

#include <pthread.h>

enum {
    SMMU_STE_WORDS = 8,
    SMMU_CD_WORDS = 8,
    SMMU_EVENT_WORDS = 4,
    SMMU_COMMAND_WORDS = 2,
    SMMU_PRI_WORDS = 2
};

/* What a walk needs to know of one stage: out of a CD or an STE, checked. */
struct smmu_stage {
    bool on;               /* this stage translates */
    bool big_endian;       /* ENDI, S2ENDI */
    uint8_t granule;       /* bits of a page: 12, 14, 16 */
    uint8_t bits[2];       /* of input addresses below TTB0, TTB1 (64 - TxSZ); 0: walks of it are off (EPD) */
    uint8_t out_bits;      /* of output addresses (IPS, S2PS), as the implementation limits them */
    uint8_t start;         /* stage 2: level that the walk starts at */
    bool tbi[2];           /* top byte ignored */
    bool had[2];           /* hierarchical permissions disabled */
    bool af_hardware;      /* HA, S2HA */
    bool dirty_hardware;   /* HD, S2HD */
    bool af_ignored;       /* AFFD, S2AFFD: no access flag faults */
    bool wxn, uwxn;        /* writable means not executable */
    bool pan;              /* privileged access never */
    bool s2ptw;            /* stage 2: stage 1's tables in device memory fault */
    bool force_write_back; /* S2FWB */
    bool stall, abort, record; /* S, A, R of this stage: how faults end */
    uint64_t ttb[2];           /* tables */
    uint64_t mair;             /* stage 1 */
    uint16_t tag;              /* ASID or VMID */
    bool global_tag;           /* stage 1: ASET: the ASID is not shared with the CPU's broadcasts */
};

/* A stream and substream, configured. Made from an STE and a CD, kept until a CFGI command. */
struct smmu_config {
    uint32_t sid, ssid;           /* whose */
    bool substream;               /* ssid counts */
    bool abort;                   /* STE.Config 0: no event */
    bool bypass;                  /* neither stage */
    uint8_t world;                /* STRW: EL1, EL2, EL2-E2H */
    struct smmu_stage s1, s2;     /* what translates */
    uint64_t ste[SMMU_STE_WORDS]; /* as it was read: SHCFG, MTCFG, INSTCFG, PRIVCFG, ATS, event fields */
    unsigned bad;                 /* event number that every access ends in (C_BAD_STE …); 0: none */
    uint64_t bad_address;         /* F_STE_FETCH, F_CD_FETCH: what could not be read */
    unsigned event_ipa_reason;    /* F_CD_FETCH below stage 2 and the like: CLASS */
};

/* A fault of a walk, or what a request comes to. Everything that an event record can say. */
struct smmu_fault {
    unsigned event;     /* SMMU_F_TRANSLATION …; 0: none */
    bool stage2;        /* S2: the fault is of stage 2 */
    uint8_t class_;     /* 0 CD, 1 table descriptor, 2 the input address */
    uint64_t iova, ipa; /* input address, and where stage 2 was asked */
    uint64_t fetch;     /* F_WALK_EABT, F_STE_FETCH, F_CD_FETCH: address */
    unsigned access;    /* SMMU_READ … as the record tells it (after INSTCFG, PRIVCFG) */
    unsigned reason;    /* F_WALK_EABT, F_TRANSL: REASON */
};

/* What a walk finds: one block or page, or a smaller piece when stages differ in size. */
struct smmu_page {
    uint64_t iova, pa, size; /* aligned to size */
    unsigned perm; /* SMMU_READ | SMMU_WRITE | SMMU_EXEC that both stages allow, for the asked privilege … */
    unsigned perm_user, perm_privileged; /* … and for each */
    bool dirty_pending;                  /* writes must walk again: dirty state in hardware */
    bool global;                         /* nG is 0: any ASID */
    uint8_t memory_type, shareability;   /* combined attributes (attributes.c) */
    uint8_t level;                       /* of stage 1's leaf, or stage 2's alone */
};

/* ---- config.c ---- */
/* Reads and checks the STE and CD of a stream; *c always says something (`abort`, `bad`). */
void smmu_config_read(struct smmu *s, uint32_t sid, bool substream, uint32_t ssid, struct smmu_config *c);

/* ---- walk.c ---- */
/* Translates one address; false: *f says what stopped it. Writes access flags and dirty states where hardware
 * does. */
bool smmu_walk(struct smmu *s, const struct smmu_config *c, uint64_t iova, unsigned access,
               struct smmu_page *page, struct smmu_fault *f);

/* ---- event.c ---- */
/* The end of a request that this fault stopped: recorded, stalled, aborted, as c's stages say. */
enum smmu_end smmu_fault_end(struct smmu_device *d, const struct smmu_config *c, const struct smmu_fault *f,
                             const struct smmu_request *q, struct smmu_stop *stop);

/* ---- memory.c: guest memory, atomically and from any thread ---- */
/* A naturally aligned 64-bit word of guest RAM, little-endian. False: nothing is there (an external abort).
 */
bool smmu_load(struct smmu *s, uint64_t pa, uint64_t *v);
bool smmu_load_words(struct smmu *s, uint64_t pa, uint64_t *v,
                     unsigned words); /* each atomic; aligned to 8 */
bool smmu_store_words(struct smmu *s, uint64_t pa, const uint64_t *v, unsigned words);
/* *pa was `old` and is now `fresh`, in one step; false: it was something else, or is not writable: *now says.
 */
bool smmu_swap(struct smmu *s, uint64_t pa, uint64_t old, uint64_t fresh, uint64_t *now);
/* Host address of [pa, pa + *size), which is cut to what lies together; NULL: no RAM. */
uint8_t *smmu_host(struct smmu *s, uint64_t pa, uint64_t *size);
void smmu_wrote(struct smmu *s, uint64_t pa, uint64_t size); /* marks pages dirty; any thread */

#endif
