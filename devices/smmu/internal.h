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

/* ---- the unit and its devices. Each file adds what is its own, in a group of its name ---- */

enum {
    SMMU_ATC_ENTRIES = 64, /* translations that a device with ATS keeps */
};

/* An access that waits (3.12.2). STAGs are indices of these. */
struct smmu_stall {
    struct smmu_device *device; /* whose; NULL: this one is free */
    bool pending;               /* its event is not in the queue, which was not writable */
    bool stale;                 /* and a CMD_SYNC came since: it is tried again instead of recorded (7.2.1) */
    uint64_t event[SMMU_EVENT_WORDS]; /* the record */
    uint64_t order;                   /* of its arrival */
};

/* A translation that a device got by ATS and may use as SMMU_TRANSLATED (3.9). */
struct smmu_atc_entry {
    uint64_t iova, pa, size; /* size 0: this one is free */
    uint32_t ssid;           /* of which substream */
    bool substream;          /* ssid counts */
    uint8_t perm;            /* SMMU_READ | SMMU_WRITE | SMMU_EXEC | SMMU_PRIVILEGED */
};

struct smmu {
    /* smmu.c */
    struct smmu_board board; /* what it is built into */
    pthread_mutex_t lock;    /* registers, queues, commands, the list of devices. Never taken by a hit */
    /* interrupt.c */
    pthread_mutex_t interrupts; /* while an interrupt is sent, so that a source can be switched off; taken
                                   last. The board's `wired` and `msi` are called under it */
    /* registers.c */
    uint64_t registers[2][512]; /* pages 0 and 1 as 64-bit words, an odd 32-bit register in the upper half;
                                   written under the lock and read by anyone: smmu_register */
    struct smmu_stats stats;    /* what no device counts: commands, events; those of devices that are gone */
    /* device.c */
    struct smmu_device *devices; /* by stream id */
    /* queue.c, event.c, stall.c, ats.c */
    pthread_mutex_t records; /* event queue, PRI queue, stalls: their producers are devices' threads, which
                                never take `lock`. Taken after it; stores to CR0, EVENTQ_*, PRIQ_*, GERROR and
                                GERRORN hold it too. Never held over a callback */
    struct smmu_stall stalls[SMMU_STALLS]; /* by STAG */
    unsigned nstalls, npending;            /* in use; of them not recorded yet */
    uint64_t stall_order;                  /* how many there have been */
    uint64_t last_event[SMMU_EVENT_WORDS]; /* the newest record in the queue … */
    uint32_t last_prod;                    /* … EVENTQ_PROD after it … */
    bool mergeable;                        /* … when one like it can be merged with it (7.3.1) */
    bool atc_silent; /* a device did not answer a CMD_ATC_INV: the next CMD_SYNC fails (3.9.1.4) */
    /* tlb.c, config_cache.c, quiesce.c */
    bool stale; /* something was invalidated since devices were last waited for */
};

struct smmu_caches; /* tlb.h: a device's own: configurations, TLB, walk cache, last page */

struct smmu_device {
    /* device.c */
    struct smmu *smmu;          /* whose */
    struct smmu_client client;  /* as it was attached; name is a copy */
    struct smmu_device *next;   /* with a greater stream id */
    struct smmu_caches *caches; /* made by smmu_caches_new when it is attached */
    struct smmu_stats stats;    /* what happened on this device's thread: written by it alone, atomically */
    /* ats.c */
    pthread_mutex_t atc_lock;                    /* the cache: commands invalidate it */
    struct smmu_atc_entry atc[SMMU_ATC_ENTRIES]; /* address translation cache */
    unsigned atc_next;                           /* which one goes next */
    /* stall.c */
    bool waits; /* an access of it found no room among the stalled ones; under `records` */
};

/* Adds to a device's statistics, on its thread; anyone may read them. */
static inline void smmu_count(uint64_t *stat, uint64_t n)
{
    __atomic_store_n(stat, __atomic_load_n(stat, __ATOMIC_RELAXED) + n, __ATOMIC_RELAXED);
}

/* A register's value now, from any thread: offset of the 4 or 8 bytes that the name has. */
static inline uint32_t smmu_register(const struct smmu *s, unsigned offset)
{
    const uint64_t *w = &s->registers[offset >> 16][(offset & 0xfff) / 8];
    return (uint32_t)(__atomic_load_n(w, __ATOMIC_RELAXED) >> (offset % 8 * 8));
}

static inline uint64_t smmu_register64(const struct smmu *s, unsigned offset)
{
    return __atomic_load_n(&s->registers[offset >> 16][(offset & 0xfff) / 8], __ATOMIC_RELAXED);
}

/* Under the lock. */
static inline void smmu_register_set(struct smmu *s, unsigned offset, uint32_t value)
{
    uint64_t *w = &s->registers[offset >> 16][(offset & 0xfff) / 8];
    uint64_t mask = 0xffffffffull << (offset % 8 * 8);
    uint64_t now = (__atomic_load_n(w, __ATOMIC_RELAXED) & ~mask) | (uint64_t)value << (offset % 8 * 8);
    __atomic_store_n(w, now, __ATOMIC_RELAXED);
}

/* What a walk needs to know of one stage: out of a CD or an STE, checked. What comes in pairs is of TTB0 and
 * TTB1; stage 2 has the first only. */
struct smmu_stage {
    bool on;             /* this stage translates */
    bool big_endian;     /* ENDI, S2ENDI */
    uint8_t granule[2];  /* bits of a page: 12, 14, 16 */
    uint8_t bits[2];     /* of input addresses (64 - TxSZ); 0: walks of it are off (EPD) or it is not there */
    uint8_t start[2];    /* level that walks begin at */
    uint8_t out_bits;    /* of output addresses (IPS, S2PS), as the implementation limits them */
    bool tbi[2];         /* top byte ignored */
    bool had[2];         /* hierarchical permissions disabled */
    bool two_ranges;     /* bit 55 chooses the table; otherwise there is TTB0 alone, and one privilege */
    bool af_hardware;    /* HA, S2HA */
    bool dirty_hardware; /* HD, S2HD, with it */
    bool af_ignored;     /* AFFD, S2AFFD: no access flag faults */
    bool wxn;            /* writable means not executable */
    bool pan;            /* privileged access never */
    bool s2ptw;          /* stage 2: stage 1's tables in device memory fault */
    bool force_write_back;     /* S2FWB */
    bool stall, abort, record; /* S, A, R of this stage: how faults end; stage 1 off: recorded, aborted */
    uint64_t ttb[2];           /* tables, aligned as they are used */
    uint64_t mair;             /* stage 1 */
    uint16_t tag;              /* ASID or VMID */
};

/* A fault of a walk, or what a request comes to. Everything that an event record can say. */
struct smmu_fault {
    unsigned event;     /* SMMU_F_TRANSLATION …; 0: none */
    bool stage2;        /* S2: the fault is of stage 2 */
    bool table_write;   /* F_PERMISSION, class 1: it was a write (TTRnW 0) */
    uint8_t class_;     /* SMMU_CLASS_CD, SMMU_CLASS_TT, SMMU_CLASS_IN */
    uint64_t iova, ipa; /* input address, and where stage 2 was asked (S2) */
    uint64_t fetch;     /* F_WALK_EABT, F_STE_FETCH, F_CD_FETCH: address */
    unsigned access;    /* SMMU_READ … as the record tells it (after INSTCFG, PRIVCFG); a write: RnW 0 */
    unsigned reason;    /* F_WALK_EABT, F_TRANSL: REASON */
};

/* A stream and substream, configured. Made from an STE and a CD, kept until a CFGI command. */
struct smmu_config {
    uint32_t sid, ssid;                /* whose */
    bool substream;                    /* ssid counts */
    bool disabled;                     /* SMMUEN is 0: GBPA says abort or bypass, and nothing is recorded */
    bool abort;                        /* STE.Config 0, GBPA.ABORT: no event */
    bool bypass;                       /* neither stage */
    uint8_t world;                     /* enum smmu_world */
    uint8_t memory_type, shareability; /* of what comes in, after MTCFG, ALLOCCFG, SHCFG */
    struct smmu_stage s1, s2;          /* what translates */
    uint64_t ste[SMMU_STE_WORDS];      /* as it was read, zeroes when it was not: EATS, event fields */
    struct smmu_fault bad; /* every access ends in this; its event 0: none. iova and access are the
                              access's own. Never kept, so that mending the tables is seen at once */
};

/* What a walk finds: one block or page, or a smaller piece when stages differ in size. */
struct smmu_page {
    uint64_t iova, pa, size; /* aligned to size */
    uint64_t ipa;            /* what stage 1 made of iova; pa without stage 2 */
    unsigned perm; /* SMMU_READ | SMMU_WRITE | SMMU_EXEC that both stages allow, for the asked privilege … */
    unsigned perm_user, perm_privileged; /* … and for each */
    bool dirty_pending;                  /* writes must walk again: dirty state in hardware */
    bool global;                         /* nG is 0: any ASID */
    uint8_t memory_type, shareability;   /* combined attributes (attributes.c) */
    uint8_t level;                       /* of stage 1's leaf, or stage 2's alone … */
    uint8_t whole;                       /* … and its size as a logarithm: this may be a part of it */
    uint64_t leaf; /* where the descriptor lies of a page that one stage alone found; 0: not such a page */
    uint64_t hierarchy; /* of the descriptors above it */
};

/* ---- smmu.c ---- */
void smmu_stats_sum(const struct smmu *s, struct smmu_stats *to); /* under `lock` */
void smmu_stats_clear(struct smmu_stats *stats);

/* ---- registers.c ---- */
void smmu_registers_reset(struct smmu *s);

/* ---- global.c, interrupt.c: from any thread, without `records` ---- */
/* Activates a global error (7.5), SMMU_GERROR_…, unless it is active, and says so by interrupt. */
void smmu_gerror_raise(struct smmu *s, uint32_t field);
bool smmu_gerror_active(const struct smmu *s, uint32_t field); /* GERROR and GERRORN differ in it */
void smmu_interrupt(struct smmu *s,
                    enum smmu_line line); /* wired and by MSI, as IRQ_CTRL and *_IRQ_CFG say */
/* A write of 4 bytes that is an interrupt, to memory or board->msi. False: it aborted. */
bool smmu_msi(struct smmu *s, uint64_t address, uint32_t data);

/* ---- device.c: under `lock` ---- */
struct smmu_device *smmu_device_find(struct smmu *s, uint32_t sid); /* or NULL */

/* ---- command.c ---- */
/* Consumes commands while it may (4.1.2). After stores to CMDQ_PROD, CR0, GERRORN; under `lock`. */
void smmu_commands(struct smmu *s);

/* ---- config.c ---- */
/* Reads and checks the STE and CD of a stream; *c always says something (`abort`, `bad`). The CD of a nested
 * stream is read through stage 2: its access flags are set. */
void smmu_config_read(struct smmu *s, uint32_t sid, bool substream, uint32_t ssid, struct smmu_config *c);
/* An access as the stream's PRIVCFG and INSTCFG make it; writes are of data (13.1.2). */
unsigned smmu_config_access(const struct smmu_config *c, unsigned access);

/* ---- walk.c ---- */
/* Translates one address for an access (before PRIVCFG and INSTCFG) by a configuration that neither aborts
 * nor is bad. False: *f says what stopped it. Writes access flags and dirty states where hardware does. d:
 * whose statistics; NULL: nobody's. */
bool smmu_walk(struct smmu *s, struct smmu_device *d, const struct smmu_config *c, uint64_t iova,
               unsigned access, struct smmu_page *page, struct smmu_fault *f);

/* The page whose descriptor is the i-th after that of `page`, when it can be used as it is: nothing to be
 * updated, nothing wrong. Nothing is said of any other. */
bool smmu_walk_ahead(struct smmu *s, const struct smmu_config *c, const struct smmu_page *page, unsigned i,
                     struct smmu_page *next);

/* ---- what commands make the caches forget (IHI 0070 4.3, 4.4) ---- */

enum smmu_world { SMMU_WORLD_EL1, SMMU_WORLD_EL2, SMMU_WORLD_EL2_E2H }; /* smmu_config.world */

struct smmu_invalidation {
    /* configurations: CFGI commands */
    uint32_t sid_first, sid_last; /* streams */
    bool by_ssid;                 /* of the CDs, this one alone: CMD_CFGI_CD; otherwise all */
    uint32_t ssid;                /* likewise */
    /* translations: TLBI commands */
    unsigned worlds;        /* set of 1 << enum smmu_world */
    bool by_vmid, by_asid;  /* these alone; global entries go whatever the ASID is when there is an address */
    uint16_t vmid, asid;    /* likewise */
    uint16_t vmid_mask;     /* bits of the VMID that count: 0xffff without wildcards (CR0.VMW) */
    bool by_address;        /* these addresses alone */
    bool ipa;               /* they are stage 2's input: CMD_TLBI_S2_IPA */
    bool leaf;              /* nothing but last levels need go */
    uint64_t address, last; /* first and last byte, after the range form's arithmetic */
    uint8_t granule, level; /* hints TG (bits of a page, 0: any) and TTL (0: any) */
};

/* ---- config_cache.c: under the lock ---- */
void smmu_config_invalidate(struct smmu *s, const struct smmu_invalidation *inv);
/* All that any cache holds: SMMUEN, GBPA, CR2.E2H, STRTAB_BASE(_CFG) changed, reset. */
void smmu_forget(struct smmu *s);

/* ---- tlb.c: under the lock ---- */
void smmu_tlb_invalidate(struct smmu *s, const struct smmu_invalidation *inv);
struct smmu_caches *smmu_caches_new(void); /* NULL: no memory */
void smmu_caches_free(struct smmu_caches *k);

/* ---- quiesce.c ---- */
/* Nobody uses any more what was forgotten before this. Under the lock, which devices that are waited for
 * never need: what they record is under `records`. */
void smmu_wait_devices(struct smmu *s);
/* smmu_begin, unless the device is in a section already: then false, and the section is not the caller's to
 * end. */
bool smmu_enter(struct smmu_device *d);

/* ---- event.c ---- */
/* The end of a request that this fault stopped: recorded, stalled, aborted, as c's stages say. */
enum smmu_end smmu_fault_end(struct smmu_device *d, const struct smmu_config *c, const struct smmu_fault *f,
                             const struct smmu_request *q, struct smmu_stop *stop);

/* ---- stall.c ---- */
/* The event queue may have become writable: stalled accesses whose events wait are recorded or tried again
 * (7.2.1). After stores to EVENTQ_CONS, CR0, GERRORN; under `lock`, without `records`. */
void smmu_events_resume(struct smmu *s);
/* CR0.SMMUEN went from 1 to 0: all stalled accesses end as aborted (6.3.9.6). Under `lock`. */
void smmu_stalls_abort(struct smmu *s);

/* ---- ats.c ---- */
/* A translated access (3.9.1): SMMU_DONE: *page is where this address goes (whatever is done there:
 * permissions are the device's business, but for split stages); otherwise it ends so, and an event may have
 * been recorded. */
enum smmu_end smmu_ats_translated(struct smmu_device *d, const struct smmu_request *q, uint64_t address,
                                  struct smmu_page *page, struct smmu_stop *stop);

/* ---- memory.c: guest memory, atomically and from any thread ---- */
/* The region that has this byte, or NULL. */
static ALWAYS_INLINE const struct mem_region *smmu_memory(const struct smmu *s, uint64_t pa)
{
    return mem_find(s->board.mem, pa);
}
/* A naturally aligned 64-bit word of guest RAM, little-endian. False: nothing is there (an external abort).
 */
bool smmu_load(struct smmu *s, uint64_t pa, uint64_t *v);
bool smmu_load_words(struct smmu *s, uint64_t pa, uint64_t *v,
                     unsigned words); /* each atomic; aligned to 8 */
bool smmu_store_words(struct smmu *s, uint64_t pa, const uint64_t *v, unsigned words);
bool smmu_store32(struct smmu *s, uint64_t pa, uint32_t v); /* aligned to 4 */
/* *pa was `old` and is now `fresh`, in one step; false: it was something else, or is not writable: *now says.
 */
bool smmu_swap(struct smmu *s, uint64_t pa, uint64_t old, uint64_t fresh, uint64_t *now);
/* Host address of [pa, pa + *size), which is cut to what lies together; NULL: no memory that can be read (or
 * written). */
uint8_t *smmu_host(struct smmu *s, uint64_t pa, uint64_t *size);
uint8_t *smmu_host_write(struct smmu *s, uint64_t pa, uint64_t *size);
void smmu_wrote(struct smmu *s, uint64_t pa, uint64_t size); /* marks pages dirty; any thread */

#endif
