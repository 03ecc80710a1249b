/* What queue.c, command.c, event.c, stall.c and ats.c share: the three circular queues, what becomes of a
 * record, accesses that wait.
 */
#ifndef DEVICES_SMMU_QUEUE_H
#define DEVICES_SMMU_QUEUE_H

#include "devices/smmu/internal.h"

/* ---- queue.c: circular queues (3.5) ---- */

enum smmu_queue_kind { SMMU_CMDQ, SMMU_EVENTQ, SMMU_PRIQ };

/* A queue as its registers stand. Indices have a wrap bit above them. */
struct smmu_queue {
    uint64_t base;       /* of entry 0 */
    uint32_t entries;    /* how many there can be, a power of two */
    uint32_t prod, cons; /* where the next one is written, and read */
    unsigned words;      /* of an entry */
};

void smmu_queue_look(const struct smmu *s, enum smmu_queue_kind kind, struct smmu_queue *q);
/* Entries to be read. More than there can be: the indices contradict each other, and nothing is done with the
 * queue (3.5.1). */
uint32_t smmu_queue_used(const struct smmu_queue *q);
uint64_t smmu_queue_address(const struct smmu_queue *q, uint32_t index);
uint32_t smmu_queue_next(const struct smmu_queue *q, uint32_t index);

enum smmu_put {
    SMMU_PUT,       /* written */
    SMMU_PUT_FIRST, /* written, into an empty queue */
    SMMU_PUT_FULL,  /* there is no room; of PRIQ also: an overflow is not acknowledged */
    SMMU_PUT_OFF,   /* disabled, or stopped by an abort that is not acknowledged */
    SMMU_PUT_ABORT, /* nothing was written: no memory is there */
};

/* Writes a record into the event or PRI queue. Under `records`. */
enum smmu_put smmu_queue_put(struct smmu *s, enum smmu_queue_kind kind, const uint64_t *record);
bool smmu_queue_writable(const struct smmu *s, enum smmu_queue_kind kind); /* it would be */
/* A record is lost because the queue is full: says so in OVFLG unless it does (7.4, 8.1). Under `records`. */
void smmu_queue_overflow(struct smmu *s, enum smmu_queue_kind kind);

/* ---- event.c ---- */

/* Tells the driver what a put came to: interrupt, global error. Without `records`. */
void smmu_event_signal(struct smmu *s, enum smmu_put put);
bool smmu_fault_of_tables(unsigned event); /* one of those that A, R and S are about (5.5) */
/* The record of a fault, all but STALL and STAG. `sid` and what q says of the access are the requester's. */
void smmu_event_make(uint64_t *record, uint32_t sid, const struct smmu_fault *f,
                     const struct smmu_request *q);
/* Records what stalls nothing. `merge`: the stream has STE.MEV set. */
void smmu_event_record(struct smmu *s, const uint64_t *record, bool merge);

/* ---- stall.c ---- */

/* d's access waits from now on, and its event is recorded or kept for later. What is known of it is its
 * number; SMMU_STALLS: as many wait already as can, so it has no event and will be tried again. */
unsigned smmu_stall_begin(struct smmu_device *d, const uint64_t *record);
/* CMD_RESUME (4.7.1). Nothing happens when `stag` is not one of this stream. Under `lock`. */
void smmu_stall_resume(struct smmu *s, uint32_t sid, unsigned stag, enum smmu_end end, bool raz);
void smmu_stalls_terminate(struct smmu *s, uint32_t sid); /* CMD_STALL_TERM (4.7.2); under `lock` */
/* CMD_SYNC: events that could not be recorded are of what was true before it (4.7.3). Under `lock`. */
void smmu_stalls_sync(struct smmu *s);
/* d goes away: nobody tells it how its accesses ended. Under `lock`. */
void smmu_stalls_forget(struct smmu *s, struct smmu_device *d);

/* ---- ats.c: under `lock` ---- */

/* CMD_ATC_INV (4.5.1): [address, last] of a substream, all substreams, or of what has none. False: the device
 * does not answer. */
bool smmu_atc_invalidate(struct smmu *s, uint32_t sid, bool substream, uint32_t ssid, bool global,
                         uint64_t address, uint64_t last);
/* CMD_PRI_RESP (4.5.2). */
void smmu_page_response(struct smmu *s, uint32_t sid, bool substream, uint32_t ssid, unsigned group,
                        unsigned code);

#endif
