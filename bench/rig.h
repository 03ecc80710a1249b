/* For benchmarks of the SMMU: a unit as its driver sets it up, with devices, tables and queues in guest
 * memory; and what the host's memory costs, to hold figures against.
 */
#ifndef BENCH_RIG_H
#define BENCH_RIG_H

#include "bench/gbench.h"
#include "devices/smmu/smmu.h"

/* Guest memory: RIG_FRONT bytes that are not used here, tables, then RIG_DATA bytes that addresses are mapped
 * to, again and again. */
#define RIG_RAM  0x40000000ull
#define RIG_DATA (64ull << 20)
#define RIG_SIZE (320ull << 20)

enum rig_stages { RIG_S1 = 1, RIG_S2 = 2, RIG_NESTED = 3 };

enum {
    RIG_DEVICES = 2,     /* with the same tables */
    RIG_FRONT = 2 << 20, /* bytes */
    RIG_SID = 8,         /* of the first one: pci-00:01.0 */
    RIG_SUBSTREAMS = 63, /* that have a CD, and a place each in the devices' caches: 1 … 63 */
    RIG_EVENTS = 1 << 12 /* entries of the event queue */
};

struct rig {
    struct mem mem;                           /* guest memory */
    struct smmu *smmu;                        /* the unit */
    struct smmu_device *devices[RIG_DEVICES]; /* behind it */
    enum rig_stages stages;                   /* that translate */
    uint64_t next;                            /* first byte not handed out */
    uint64_t s1, s2;                          /* tables of four levels, 4K */
    uint32_t prod;                            /* of the command queue */
};

/* ram: RIG_SIZE bytes of the caller's that are guest memory, or NULL. False: no memory. rig_close in any
 * case.
 */
bool rig_open(struct rig *r, enum rig_stages stages, void *ram);
void rig_close(struct rig *r);

uint64_t rig_alloc(struct rig *r, uint64_t size);  /* aligned to its size; 0: there is no room */
uint64_t *rig_at(struct rig *r, uint64_t address); /* what is there */
/* Maps a page (level 3) or block for devices; where its descriptor is. NULL: tables are too large. */
uint64_t *rig_map(struct rig *r, uint64_t iova, uint64_t pa, unsigned level);
/* Maps [0, size) by pages or blocks to the data, each to another place as far as it goes. */
bool rig_map_all(struct rig *r, uint64_t size, unsigned level);

/* Commands, each of two words, and a CMD_SYNC; done when it returns. */
void rig_command(struct rig *r, const uint64_t *command);
void rig_forget_tables(struct rig *r);  /* CMD_TLBI_NSNH_ALL, CMD_SYNC */
void rig_forget_configs(struct rig *r); /* CMD_CFGI_STE_RANGE of all, CMD_SYNC */
void rig_forget_page(struct rig *r, uint64_t iova);

/* ---- what it took ---- */

enum { RIG_PASSES = 256 }; /* that count: the last ones */

struct rig_clock {
    double ns[RIG_PASSES]; /* of a piece of work, by pass */
    unsigned n;            /* passes */
};

void rig_clock_add(struct rig_clock *c, uint64_t ns, uint64_t work);
/* Counters: `ns` of a piece of work, the median of passes, and `ns_least`, of the fastest one; `l1_loads`,
 * `far_loads`: that one as so many dependent loads, from 16 KiB in a row of random places and from 64 MiB. */
void rig_clock_tell(const struct rig_clock *c, struct bench_state *s);

#endif
