/* Snapshots of the unit: registers, queues' state, accesses that wait, devices' address translation caches.
 * Tables and queues themselves are guest memory; other caches are filled again. */
#include "devices/smmu/snapshot.h"

#include "devices/smmu/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- the table: a field is a row ---- */

#define FIELD(type, since, item, member)                           \
    {                                                              \
#member, SNAP_##type, since, offsetof(struct item, member) \
    }
#define FOUR(item, member)                                                                          \
    FIELD(U64, 1, item, member[0]), FIELD(U64, 1, item, member[1]), FIELD(U64, 1, item, member[2]), \
        FIELD(U64, 1, item, member[3])

static const struct snap_field register_fields[] = {
    FIELD(U32, 1, snap_register, offset),
    FIELD(U64, 1, snap_register, value),
};

static const struct snap_field unit_fields[] = {FIELD(U64, 1, snap_unit, stall_order),
                                                FOUR(snap_unit, event),
                                                FIELD(U32, 1, snap_unit, last_prod),
                                                FIELD(BOOL, 1, snap_unit, mergeable),
                                                FIELD(BOOL, 1, snap_unit, atc_silent),
#define X(name, doc) FIELD(U64, 1, snap_unit, stats.name),
                                                SMMU_STATS(X)
#undef X
};

static const struct snap_field device_fields[] = {
    FIELD(U32, 1, snap_device, sid),    FIELD(BOOL, 1, snap_device, ats),
    FIELD(BOOL, 1, snap_device, pri),   FIELD(BOOL, 1, snap_device, stalls),
    FIELD(BOOL, 1, snap_device, waits), FIELD(U32, 1, snap_device, atc_next),
};

static const struct snap_field atc_fields[] = {
    FIELD(U32, 1, snap_atc, sid),
    FIELD(U32, 1, snap_atc, slot),
    FIELD(U64, 1, snap_atc, entry.iova),
    FIELD(U64, 1, snap_atc, entry.pa),
    FIELD(U64, 1, snap_atc, entry.size),
    FIELD(U32, 1, snap_atc, entry.ssid),
    FIELD(BOOL, 1, snap_atc, entry.substream),
    FIELD(U8, 1, snap_atc, entry.perm),
};

static const struct snap_field stall_fields[] = {
    FIELD(U32, 1, snap_stall, stag),   FIELD(U32, 1, snap_stall, sid),   FIELD(BOOL, 1, snap_stall, pending),
    FIELD(BOOL, 1, snap_stall, stale), FIELD(U64, 1, snap_stall, order), FOUR(snap_stall, event),
};

const struct snap_section snap_sections[SNAP_SECTIONS] = {
    [SNAP_REGISTERS] = {"registers", register_fields, ARRAY_LEN(register_fields), 1,
                        sizeof(struct snap_register)},
    [SNAP_UNIT] = {"unit", unit_fields, ARRAY_LEN(unit_fields), 0, sizeof(struct snap_unit)},
    [SNAP_DEVICES] = {"devices", device_fields, ARRAY_LEN(device_fields), 1, sizeof(struct snap_device)},
    [SNAP_ATCS] = {"atc", atc_fields, ARRAY_LEN(atc_fields), 2, sizeof(struct snap_atc)},
    [SNAP_STALLS] = {"stalls", stall_fields, ARRAY_LEN(stall_fields), 1, sizeof(struct snap_stall)},
};

/* ---- out of the unit ---- */

static void *item_add(struct snap *p, enum snap_kind kind)
{
    size_t size = snap_sections[kind].size;
    p->items[kind] = xrealloc(p->items[kind], (p->n[kind] + 1ull) * size);
    return memset((char *)p->items[kind] + p->n[kind]++ * size, 0, size);
}

static void gather_registers(const struct smmu *s, struct snap *p)
{
    for (unsigned i = 0; i < smmu_spec.nregisters; i++) {
        const struct dev_register *r = &smmu_spec.registers[i];
        struct snap_register *to = item_add(p, SNAP_REGISTERS);
        to->offset = r->offset;
        to->value = r->size == 8 ? smmu_register64(s, r->offset) : smmu_register(s, r->offset);
    }
}

static void gather_unit(const struct smmu *s, struct snap *p)
{
    struct snap_unit *to = item_add(p, SNAP_UNIT);
    to->stall_order = s->stall_order;
    memcpy(to->event, s->last_event, sizeof(to->event));
    to->last_prod = s->last_prod;
    to->mergeable = s->mergeable;
    to->atc_silent = s->atc_silent;
    smmu_stats_sum(s, &to->stats);
}

static void gather_device(struct smmu_device *d, struct snap *p)
{
    struct snap_device *to = item_add(p, SNAP_DEVICES);
    *to = (struct snap_device){.sid = d->client.sid,
                               .ats = d->client.ats,
                               .pri = d->client.pri,
                               .stalls = d->client.resumed != NULL,
                               .waits = d->waits};
    pthread_mutex_lock(&d->atc_lock);
    to->atc_next = d->atc_next % SMMU_ATC_ENTRIES;
    for (unsigned slot = 0; slot < SMMU_ATC_ENTRIES; slot++)
        if (d->atc[slot].size) {
            struct snap_atc *a = item_add(p, SNAP_ATCS);
            *a = (struct snap_atc){d->client.sid, slot, d->atc[slot]};
        }
    pthread_mutex_unlock(&d->atc_lock);
}

static void gather_stalls(const struct smmu *s, struct snap *p)
{
    for (unsigned stag = 0; stag < SMMU_STALLS; stag++) {
        const struct smmu_stall *w = &s->stalls[stag];
        if (!w->device) continue;
        struct snap_stall *to = item_add(p, SNAP_STALLS);
        *to = (struct snap_stall){stag, w->device->client.sid, w->pending, w->stale, w->order, {0}};
        memcpy(to->event, w->event, sizeof(to->event));
    }
}

void smmu_snapshot_save(struct smmu *s, struct buf *to)
{
    struct snap p = {0};
    pthread_mutex_lock(&s->lock);
    pthread_mutex_lock(&s->records);
    gather_registers(s, &p);
    gather_unit(s, &p);
    for (struct smmu_device *d = s->devices; d; d = d->next) gather_device(d, &p);
    gather_stalls(s, &p);
    pthread_mutex_unlock(&s->records);
    pthread_mutex_unlock(&s->lock);
    snap_encode(&p, to);
    snap_free(&p);
}

/* ---- is it possible? ---- */

/* A register holds what can be in it: nothing beside its fields, what is constant as it is, acknowledgements
 * of what was written. */
static bool register_ok(const struct dev_register *r, const struct snap_register *v)
{
    uint64_t known = 0;
    for (unsigned i = 0; i < r->nfields; i++)
        if (r->fields[i].kind == DEV_RW || r->fields[i].kind == DEV_RO) known |= dev_bits(r->fields[i].at);
    bool constant = !r->writable && r->offset != SMMU_REG_CR0ACK && r->offset != SMMU_REG_IRQ_CTRLACK &&
                    r->offset != SMMU_REG_GERROR;
    return v->offset == r->offset && !(v->value & ~known) && (!constant || v->value == r->reset);
}

static const char *registers_ok(const struct snap *p)
{
    const struct snap_register *v = p->items[SNAP_REGISTERS];
    if (p->n[SNAP_REGISTERS] != smmu_spec.nregisters) return "there are other registers than this unit's";
    for (unsigned i = 0; i < smmu_spec.nregisters; i++)
        if (!register_ok(&smmu_spec.registers[i], &v[i])) return "a register holds what it cannot";
    if (v[SMMU_INDEX_CR0].value != v[SMMU_INDEX_CR0ACK].value) return "CR0ACK is not CR0";
    if (v[SMMU_INDEX_IRQ_CTRL].value != v[SMMU_INDEX_IRQ_CTRLACK].value) return "IRQ_CTRLACK is not IRQ_CTRL";
    return NULL;
}

/* A record has an event's number, and nothing beside its fields. */
static bool event_ok(const uint64_t *record)
{
    uint64_t rest[SMMU_EVENT_WORDS];
    const struct dev_struct *t =
        dev_struct_numbered(&smmu_spec, "event", (uint32_t)dev_get(record, SMMU_EVENT_NUMBER));
    if (!t) return false;
    memcpy(rest, record, sizeof(rest));
    for (unsigned i = 0; i < t->nfields; i++) dev_put(rest, t->fields[i].at, 0);
    return !(rest[0] | rest[1] | rest[2] | rest[3]);
}

/* A device of the snapshot, by its stream id; NULL: there is none. */
static const struct snap_device *device_of(const struct snap *p, uint32_t sid)
{
    const struct snap_device *d = p->items[SNAP_DEVICES];
    for (unsigned i = 0; i < p->n[SNAP_DEVICES]; i++)
        if (d[i].sid == sid) return &d[i];
    return NULL;
}

/* The same devices are attached here, and can do the same. */
static const char *devices_ok(const struct smmu *s, const struct snap *p)
{
    const struct snap_device *v = p->items[SNAP_DEVICES];
    unsigned n = 0;
    for (const struct smmu_device *d = s->devices; d; d = d->next, n++) {
        if (n == p->n[SNAP_DEVICES] || v[n].sid != d->client.sid) return "other devices are attached here";
        if (v[n].ats != d->client.ats || v[n].pri != d->client.pri ||
            v[n].stalls != (d->client.resumed != NULL))
            return "a device can do other things here";
        if (v[n].atc_next >= SMMU_ATC_ENTRIES || (v[n].waits && !v[n].stalls))
            return "a device is in no state that there is";
    }
    return n == p->n[SNAP_DEVICES] ? NULL : "other devices are attached here";
}

static const char *atcs_ok(const struct snap *p)
{
    const struct snap_atc *a = p->items[SNAP_ATCS];
    for (unsigned i = 0; i < p->n[SNAP_ATCS]; i++) {
        const struct smmu_atc_entry *e = &a[i].entry;
        const struct snap_device *d = device_of(p, a[i].sid);
        if (!d || !d->ats || a[i].slot >= SMMU_ATC_ENTRIES) return "a translation is of no device";
        if (e->size < CPU_PAGE || e->size & (e->size - 1) || (e->iova | e->pa) & (e->size - 1) ||
            e->pa >> SMMU_ADDRESS_BITS || e->ssid >> 20 ||
            e->perm & ~(SMMU_READ | SMMU_WRITE | SMMU_EXEC | SMMU_PRIVILEGED))
            return "a translation is none that a device could have got";
    }
    return NULL;
}

static bool stall_ok(const struct snap *p, const struct snap_stall *w)
{
    const struct snap_device *d = device_of(p, w->sid);
    const struct snap_unit *u = p->items[SNAP_UNIT];
    return d && d->stalls && w->stag < SMMU_STALLS && w->order < u->stall_order &&
           (w->pending || !w->stale) && event_ok(w->event) &&
           smmu_fault_of_tables((unsigned)dev_get(w->event, SMMU_EVENT_NUMBER)) &&
           dev_get(w->event, SMMU_EVENT_STALL) && dev_get(w->event, SMMU_EVENT_STAG) == w->stag &&
           dev_get(w->event, SMMU_EVENT_SID) == w->sid;
}

static const char *stalls_ok(const struct snap *p)
{
    const struct snap_stall *w = p->items[SNAP_STALLS];
    for (unsigned i = 0; i < p->n[SNAP_STALLS]; i++) {
        if (!stall_ok(p, &w[i])) return "an access waits that cannot";
        for (unsigned k = 0; k < i; k++)
            if (w[k].order == w[i].order) return "two accesses came at once";
    }
    return NULL;
}

static const char *unit_ok(const struct snap *p)
{
    const struct snap_unit *u = p->items[SNAP_UNIT];
    if (p->n[SNAP_UNIT] != 1) return "there is not one unit";
    return u->mergeable && !event_ok(u->event) ? "the newest event is none" : NULL;
}

static const char *check(const struct smmu *s, const struct snap *p)
{
    const char *wrong = registers_ok(p);
    if (!wrong) wrong = unit_ok(p);
    if (!wrong) wrong = devices_ok(s, p);
    if (!wrong) wrong = atcs_ok(p);
    return wrong ? wrong : stalls_ok(p);
}

/* ---- into the unit ---- */

static void apply_unit(struct smmu *s, const struct snap *p)
{
    const struct snap_register *v = p->items[SNAP_REGISTERS];
    const struct snap_unit *u = p->items[SNAP_UNIT];
    for (unsigned i = 0; i < smmu_spec.nregisters; i++) {
        smmu_register_set(s, v[i].offset, (uint32_t)v[i].value);
        if (smmu_spec.registers[i].size == 8)
            smmu_register_set(s, v[i].offset + 4, (uint32_t)(v[i].value >> 32));
    }
    s->stall_order = u->stall_order;
    memcpy(s->last_event, u->event, sizeof(s->last_event));
    s->last_prod = u->last_prod;
    s->mergeable = u->mergeable;
    s->atc_silent = u->atc_silent;
    s->stats = u->stats;
}

static void apply_devices(struct smmu *s, const struct snap *p)
{
    const struct snap_device *v = p->items[SNAP_DEVICES];
    const struct snap_atc *a = p->items[SNAP_ATCS];
    unsigned left = p->n[SNAP_ATCS];
    for (struct smmu_device *d = s->devices; d; d = d->next, v++) {
        d->waits = v->waits;
        smmu_stats_clear(&d->stats);
        pthread_mutex_lock(&d->atc_lock);
        memset(d->atc, 0, sizeof(d->atc));
        d->atc_next = v->atc_next;
        for (; left && a->sid == v->sid; a++, left--) d->atc[a->slot] = a->entry;
        pthread_mutex_unlock(&d->atc_lock);
    }
}

static void apply_stalls(struct smmu *s, const struct snap *p)
{
    const struct snap_stall *w = p->items[SNAP_STALLS];
    memset(s->stalls, 0, sizeof(s->stalls));
    s->nstalls = p->n[SNAP_STALLS];
    s->npending = 0;
    for (unsigned i = 0; i < p->n[SNAP_STALLS]; i++) {
        struct smmu_stall *to = &s->stalls[w[i].stag];
        *to = (struct smmu_stall){.device = smmu_device_find(s, w[i].sid),
                                  .pending = w[i].pending,
                                  .stale = w[i].stale,
                                  .order = w[i].order};
        memcpy(to->event, w[i].event, sizeof(to->event));
        s->npending += w[i].pending;
    }
}

int smmu_snapshot_load(struct smmu *s, const void *bytes, size_t n, const char **why)
{
    struct snap p;
    *why = snap_decode(bytes, n, &p);
    if (*why) return -EINVAL;
    pthread_mutex_lock(&s->lock);
    *why = check(s, &p);
    if (!*why) {
        pthread_mutex_lock(&s->records);
        apply_unit(s, &p);
        apply_devices(s, &p);
        apply_stalls(s, &p);
        pthread_mutex_unlock(&s->records);
        smmu_forget(s);
        smmu_wait_devices(s);
    }
    pthread_mutex_unlock(&s->lock);
    snap_free(&p);
    return *why ? -EINVAL : 0;
}
