/* Snapshots are anybody's bytes: each is refused, or taken, and then the unit works on, and saves what it was
 * given. The hash is made right first, since no mutation would find it. */
#include "devices/smmu/snapshot.h"

#include <stdlib.h>
#include <string.h>

enum { RAM = 0x40000000, RAM_SIZE = 1 << 16, DEVICES = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_resumed(void *arg, unsigned stall, enum smmu_end end, bool raz)
{
    BUG_ON(stall > SMMU_STALLS);
}

/* Something of each section: accesses that wait, a translation that a device got. */
static void make_busy(struct smmu_device *d)
{
    struct smmu_fault f = {.event = SMMU_F_TRANSLATION, .class_ = SMMU_CLASS_IN, .access = SMMU_READ};
    struct smmu_request q = {.iova = 0x5000, .size = 8, .access = SMMU_READ};
    uint64_t record[SMMU_EVENT_WORDS];
    smmu_event_make(record, d->client.sid, &f, &q);
    smmu_stall_begin(d, record);
    d->atc[1] = (struct smmu_atc_entry){.iova = 0x5000, .pa = RAM, .size = 0x1000, .perm = SMMU_READ};
}

static struct smmu *open_unit(struct mem *m)
{
    mem_init(m);
    BUG_ON(mem_add(m, RAM, RAM_SIZE, CPU_READ | CPU_WRITE, NULL, "ram"));
    struct smmu *s = smmu_new(&(struct smmu_board){.mem = m});
    BUG_ON(!s);
    for (unsigned i = 0; i < DEVICES; i++) {
        struct smmu_device *d;
        struct smmu_client c = {.name = "d", .sid = i, .ats = i, .pri = i, .resumed = i ? on_resumed : NULL};
        BUG_ON(smmu_attach(s, &c, &d));
        if (i) make_busy(d);
    }
    return s;
}

/* Everything that a loaded state can set going. */
static void work_on(struct smmu *s)
{
    uint64_t v;
    for (uint64_t offset = 0; offset < 0x100d0; offset += offset == 0xdc ? 0x100a8 - 0xdc : 4)
        BUG_ON(!smmu_mmio_read(s, offset, 4, &v));
    BUG_ON(!smmu_mmio_read(s, SMMU_REG_GERROR, 4, &v) || !smmu_mmio_write(s, SMMU_REG_GERRORN, 4, v));
    BUG_ON(!smmu_mmio_read(s, SMMU_REG_EVENTQ_PROD, 4, &v) ||
           !smmu_mmio_write(s, SMMU_REG_EVENTQ_CONS, 4, v));
    for (struct smmu_device *d = NULL; (d = smmu_next_device(s, d));) {
        struct smmu_request q = {.iova = 0x5000, .size = 64, .access = SMMU_READ};
        struct smmu_range to[4];
        struct smmu_stop stop;
        smmu_begin(d);
        smmu_translate(d, &q, to, ARRAY_LEN(to), &stop);
        smmu_end(d);
        smmu_page_request(d, &q, 3, true);
    }
    BUG_ON(!smmu_mmio_write(s, SMMU_REG_CR0, 4, 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mem m;
    struct buf fresh = {0}, first = {0}, again = {0};
    struct smmu *s = open_unit(&m);
    const char *why;
    smmu_snapshot_save(s, &fresh); /* a known beginning: what the input changes in it */
    buf_add(&first, fresh.p, fresh.len);
    for (size_t i = 0; i + 2 < size; i += 3)
        first.p[(data[i] << 8 | data[i + 1]) % (first.len - 8)] ^= (char)data[i + 2];
    uint64_t hash = hash_bytes(first.p, first.len - 8, 0);
    memcpy(first.p + first.len - 8, &hash, 8);
    bool taken = !smmu_snapshot_load(s, first.p, first.len, &why);
    smmu_snapshot_save(s, &again);
    const struct buf *want = taken ? &first : &fresh;
    BUG_ON(again.len != want->len || memcmp(again.p, want->p, want->len) != 0);
    work_on(s);
    if (smmu_snapshot_load(s, data, size, &why)) BUG_ON(!why); /* and as it is */
    smmu_free(s);
    mem_free(&m);
    buf_free(&fresh);
    buf_free(&first);
    buf_free(&again);
    return 0;
}
