/* Arm's System Memory Management Unit, version 3.2 (IHI 0070), in front of every device that does DMA.
 *
 * A device is attached under a stream id and asks for each access where it goes: a list of host ranges, or an
 * end that the manual names (aborted, stalled). Registers, queues and tables are the guest's and may hold
 * anything; nothing in them can make this model crash, hang or leave guest memory.
 *
 * Threads: registers (smmu_mmio_*) belong to whoever drives the machine, any thread, one at a time or many:
 * they are locked. Each device belongs to one thread at a time, and devices translate in parallel with each
 * other and with commands. Once the guest has seen a CMD_SYNC complete, nobody uses what the commands before
 * it invalidated: that is why ranges may be used only between smmu_begin and smmu_end.
 */
#ifndef DEVICES_SMMU_H
#define DEVICES_SMMU_H

#include "engine/cpu/cpu.h"

struct smmu;
struct smmu_device;

/* ---- smmu.c: the unit ---- */

enum smmu_line { SMMU_IRQ_EVENTQ, SMMU_IRQ_PRIQ, SMMU_IRQ_SYNC, SMMU_IRQ_GERROR, SMMU_LINES };

/* What the unit is built into. What is called here may read registers, and must not write them. */
struct smmu_board {
    struct mem *mem;                                         /* guest-physical memory; outlives the unit */
    void (*wired)(void *arg, enum smmu_line line);           /* an edge on a wired interrupt; or NULL */
    void (*msi)(void *arg, uint64_t address, uint32_t data); /* a message that is not for memory: true address
                                                                of the write; NULL: memory gets it */
    void (*event)(void *arg);                                /* SEV of a CMD_SYNC; or NULL */
    void *arg;                                               /* given to all of them */
};

enum { SMMU_MMIO_SIZE = 0x20000 }; /* page 0 and page 1 */

struct smmu *smmu_new(const struct smmu_board *board); /* at reset; NULL: no memory */
void smmu_free(struct smmu *s);
void smmu_reset(struct smmu *s); /* registers to their reset values, caches empty, devices stay */
/* A register access of 4 or 8 bytes at an offset from the unit's base. False: an access that the manual does
 * not allow (size, alignment, beyond the end): reads as zero, writes nothing. */
bool smmu_mmio_read(struct smmu *s, uint64_t offset, unsigned size, uint64_t *value);
bool smmu_mmio_write(struct smmu *s, uint64_t offset, unsigned size, uint64_t value);

/* ---- device.c: who does DMA ---- */

/* A device as its owner names it: "pci-BB:DD.F" gives the stream id of that function, or a number. */
MUST_CHECK int smmu_stream_id(const char *name, uint32_t *sid); /* -EINVAL */

enum smmu_end {
    SMMU_DONE,    /* it goes where the ranges say */
    SMMU_ABORTED, /* the device sees an error; an event may have been recorded */
    SMMU_STALLED, /* it waits for a CMD_RESUME or CMD_STALL_TERM: `resumed` tells */
    SMMU_RETRY,   /* ATS: no translation; the device may ask by smmu_page_request, and again */
};

/* Response codes of page requests, as PCIe has them (8.3). */
enum smmu_page_code { SMMU_PAGE_SUCCESS = 0, SMMU_PAGE_INVALID = 1, SMMU_PAGE_FAILURE = 15 };

/* The callbacks come on the thread that wrote a register or, of page_response, made a page request. They may
 * translate, but write no register of the unit. */
struct smmu_client {
    const char *name; /* for lists and messages; copied */
    uint32_t sid;     /* its stream id */
    bool ats, pri;    /* it has an address translation cache, and may ask for pages */
    /* A stalled access ended: SMMU_DONE: try it again, SMMU_ABORTED: an error, or with raz true: a read gives
     * zeroes and a write is ignored. It may come before smmu_translate has said which stall it was.
     * SMMU_STALLS: all accesses that have this number. NULL: it never stalls, whatever the tables say. */
    void (*resumed)(void *arg, unsigned stall, enum smmu_end end, bool raz);
    /* Page request group `group` was answered: enum smmu_page_code. `substream`: ssid counts. */
    void (*page_response)(void *arg, bool substream, uint32_t ssid, unsigned group, unsigned code);
    /* Translations that the device keeps by itself, besides smmu_ats_request, are not valid any more: those
     * of [address, last]; of all substreams with `global`. False: it does not answer. NULL: it keeps none. */
    bool (*forget)(void *arg, bool substream, uint32_t ssid, bool global, uint64_t address, uint64_t last);
    void *arg; /* given to all */
};

enum { SMMU_STALLS = 256 }; /* accesses that can be stalled at once, numbered from 0 (IDR5.STALL_MAX) */

/* -EEXIST: a device has this stream id, -ENOMEM. */
MUST_CHECK int smmu_attach(struct smmu *s, const struct smmu_client *client, struct smmu_device **d);
void smmu_detach(struct smmu_device *d); /* stalled accesses of it are forgotten; no access is under way */
/* Attached devices in order of stream ids, from the one after `before`, or the first for NULL. */
struct smmu_device *smmu_next_device(struct smmu *s, const struct smmu_device *before);
const struct smmu_client *smmu_client(const struct smmu_device *d);

/* ---- translate.c ---- */

enum smmu_access_flag {
    SMMU_READ = 1,
    SMMU_WRITE = 2,
    SMMU_EXEC = 4,        /* an instruction fetch (InD); with SMMU_READ */
    SMMU_PRIVILEGED = 8,  /* PnU */
    SMMU_SUBSTREAM = 16,  /* `ssid` counts */
    SMMU_TRANSLATED = 32, /* ATS: the address is one that this device's cache was given */
};

struct smmu_range {
    uint8_t *host;    /* where the bytes are; NULL: no memory is there, the bus aborts the access */
    uint64_t address; /* guest-physical */
    uint64_t size;    /* bytes */
};

struct smmu_request {
    uint64_t iova;   /* first byte */
    uint64_t size;   /* bytes, at least 1; iova + size may be 2^64, never more */
    uint32_t ssid;   /* substream */
    unsigned access; /* SMMU_READ … */
};

/* What stopped a request. */
struct smmu_stop {
    enum smmu_end end; /* not SMMU_DONE */
    uint64_t done;     /* bytes of it that are in ranges nevertheless */
    unsigned event; /* the event's number (SMMU_F_TRANSLATION …), whether it was recorded or not; 0: none */
    unsigned stall; /* SMMU_STALLED: which one */
    bool raz;       /* SMMU_ABORTED, but not as an error: a read gives zeroes, a write is ignored */
};

/* Between these, the device uses what it was told. Cheap; they do not nest. No register of the unit is
 * written in between: a CMD_SYNC of another thread, which waits for the end, holds writes up. */
void smmu_begin(struct smmu_device *d);
void smmu_end(struct smmu_device *d);
/* Ranges of one request, joined where guest memory goes on; at most `max`. How many; when they do not cover
 * it all, *stop says why (end is SMMU_DONE when only `max` was too small). */
unsigned smmu_translate(struct smmu_device *d, const struct smmu_request *q, struct smmu_range *to,
                        unsigned max, struct smmu_stop *stop);
/* A scatter list at once: n requests; ranges of request i end at to[ends[i]]. It stops at the first one that
 * does not go through: how many did. */
unsigned smmu_translate_list(struct smmu_device *d, const struct smmu_request *q, unsigned n,
                             struct smmu_range *to, unsigned max, unsigned *ends, struct smmu_stop *stop);
/* Begin, translate, copy, mark what was written, end. */
enum smmu_end smmu_dma(struct smmu_device *d, const struct smmu_request *q, void *bytes,
                       struct smmu_stop *stop);

/* ---- ats.c: translations that a device asks for and keeps, and pages that it asks for ---- */

/* A translation request (PCIe ATS): *to is what the device may use as SMMU_TRANSLATED; SMMU_RETRY: none. */
enum smmu_end smmu_ats_request(struct smmu_device *d, const struct smmu_request *q, struct smmu_range *to,
                               unsigned *granted);
/* What the device was granted before and has not had to forget since. Between smmu_begin and smmu_end. */
bool smmu_ats_cached(struct smmu_device *d, const struct smmu_request *q, struct smmu_range *to);
/* PRI: one page of a group, from 0 to 511. False: it is not in the queue, which is full, has overflowed or is
 * off; page_response has had the answer, if there is one (chapter 8). */
bool smmu_page_request(struct smmu_device *d, const struct smmu_request *q, unsigned group, bool last);

/* ---- snapshot.c: what survives. Guest memory is not in it; nobody uses the unit or its devices meanwhile
 * ----
 */

/* Adds the unit's state to `to`, with accesses that wait and devices' address translation caches. */
void smmu_snapshot_save(struct smmu *s, struct buf *to);
/* The unit is as one that was saved; what it was before is gone without a word to its devices. The same
 * devices must be attached. -EINVAL: nothing was changed, and *why is a sentence. The bytes may be anybody's.
 */
MUST_CHECK int smmu_snapshot_load(struct smmu *s, const void *bytes, size_t n, const char **why);
/* Says in `to` what differs, a line a field; how many lines, or -1: one of them is no snapshot. */
int smmu_snapshot_diff(const struct buf *a, const struct buf *b, struct buf *to);

/* ---- event.c ---- */
/* The driver may like to know that these pages will be accessed soon (E_PAGE_REQUEST). No answer comes. */
void smmu_page_hint(struct smmu_device *d, const struct smmu_request *q);

/* ---- statistics ---- */

#define SMMU_STATS(X)                                                    \
    X(last_page_hits, "accesses to the page of the last one")            \
    X(tlb_hits, "translations found in the TLB")                         \
    X(walks, "translations that walked tables")                          \
    X(fetches, "descriptors that walks read")                            \
    X(walk_hits, "walks that began below the top")                       \
    X(ahead, "translations fetched before they were asked for")          \
    X(config_hits, "stream configurations found in their cache")         \
    X(config_reads, "stream table entries and context descriptors read") \
    X(faults, "requests that ended in an event")                         \
    X(events, "event records written")                                   \
    X(events_lost, "event records that found the queue full or off")     \
    X(commands, "commands consumed")                                     \
    X(invalidations, "commands that invalidate")                         \
    X(stalls, "accesses that stalled")                                   \
    X(updates, "access flags and dirty states written by hardware")

struct smmu_stats {
#define X(name, doc) uint64_t name; /* doc */
    SMMU_STATS(X)
#undef X
};
void smmu_stats(struct smmu *s, struct smmu_stats *to); /* sums over all devices since reset */

#endif
