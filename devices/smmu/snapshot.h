/* The state that survives a snapshot, as tables: what snapshot.c moves in and out of the unit, and
 * snapshot_code.c turns into bytes and back.
 *
 * Bytes: "smmu" and the version, 4 bytes each; each section: how many items, 4 bytes, and the items' fields
 * in the order of their table, little-endian, without gaps; a hash of all that, 8 bytes. A field that came
 * later than version 1 says so (`since`): what is older has 0 there.
 */
#ifndef DEVICES_SMMU_SNAPSHOT_H
#define DEVICES_SMMU_SNAPSHOT_H

#include "devices/smmu/queue.h"

enum { SNAP_VERSION = 1 };

enum snap_type { SNAP_BOOL, SNAP_U8, SNAP_U16, SNAP_U32, SNAP_U64 };

struct snap_field {
    const char *name; /* "stall_order" */
    uint8_t type;     /* enum snap_type, also of the struct's member */
    uint8_t since;    /* version that it came with */
    uint16_t at;      /* in the item's struct */
};

/* ---- items ---- */

struct snap_register {
    uint32_t offset; /* key */
    uint64_t value;  /* as it is stored: indices with all their bits */
};

struct snap_unit {
    uint64_t stall_order;             /* of smmu */
    uint64_t event[SMMU_EVENT_WORDS]; /* last_event */
    uint32_t last_prod;               /* likewise */
    bool mergeable, atc_silent;       /* likewise */
    struct smmu_stats stats;          /* sums */
};

struct snap_device {
    uint32_t sid;          /* key */
    bool ats, pri, stalls; /* as it was attached: `stalls` when it can be resumed */
    bool waits;            /* of smmu_device */
    uint32_t atc_next;     /* below SMMU_ATC_ENTRIES */
};

struct snap_atc {
    uint32_t sid, slot; /* keys */
    struct smmu_atc_entry entry;
};

struct snap_stall {
    uint32_t stag, sid;               /* key; whose */
    bool pending, stale;              /* of smmu_stall */
    uint64_t order;                   /* likewise */
    uint64_t event[SMMU_EVENT_WORDS]; /* likewise */
};

/* ---- sections ---- */

enum snap_kind { SNAP_REGISTERS, SNAP_UNIT, SNAP_DEVICES, SNAP_ATCS, SNAP_STALLS, SNAP_SECTIONS };

struct snap_section {
    const char *name;                /* "stalls" */
    const struct snap_field *fields; /* nfields of them, the keys first */
    unsigned nfields, nkeys;         /* how many; items stand in order of their keys, each once */
    size_t size;                     /* of the struct */
};
extern const struct snap_section snap_sections[SNAP_SECTIONS];

struct snap {
    void *items[SNAP_SECTIONS]; /* arrays of the structs above */
    unsigned n[SNAP_SECTIONS];  /* how long */
};

/* ---- snapshot_code.c ---- */
uint64_t snap_get(const struct snap_field *f, const void *item);
void snap_encode(const struct snap *p, struct buf *to);
/* NULL, or what is wrong with it; then there is nothing in *p. */
const char *snap_decode(const void *bytes, size_t n, struct snap *p);
void snap_free(struct snap *p);

#endif
