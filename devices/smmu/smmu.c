/* The unit: made, reset, counted. */
#include "devices/smmu/internal.h"

#include <stdlib.h>
#include <string.h>

struct smmu *smmu_new(const struct smmu_board *board)
{
    struct smmu *s = calloc(1, sizeof(*s));
    if (!s) return NULL;
    s->board = *board;
    pthread_mutex_init(&s->lock, NULL);
    pthread_mutex_init(&s->records, NULL);
    pthread_mutex_init(&s->interrupts, NULL);
    smmu_registers_reset(s);
    return s;
}

void smmu_free(struct smmu *s)
{
    if (!s) return;
    while (s->devices) smmu_detach(s->devices);
    pthread_mutex_destroy(&s->interrupts);
    pthread_mutex_destroy(&s->records);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

/* What a counter is now: its device's thread may be counting. */
static uint64_t count_now(const uint64_t *p)
{
    return __atomic_load_n(p, __ATOMIC_RELAXED);
}

static void stats_add(struct smmu_stats *to, const struct smmu_stats *from)
{
#define X(name, doc) to->name += count_now(&from->name);
    SMMU_STATS(X)
#undef X
}

void smmu_stats_clear(struct smmu_stats *stats)
{
#define X(name, doc) __atomic_store_n(&stats->name, 0, __ATOMIC_RELAXED);
    SMMU_STATS(X)
#undef X
}

void smmu_stats_sum(const struct smmu *s, struct smmu_stats *to)
{
    *to = (struct smmu_stats){0};
    stats_add(to, &s->stats);
    for (const struct smmu_device *d = s->devices; d; d = d->next) stats_add(to, &d->stats);
}

void smmu_stats(struct smmu *s, struct smmu_stats *to)
{
    pthread_mutex_lock(&s->lock);
    smmu_stats_sum(s, to);
    pthread_mutex_unlock(&s->lock);
}

/* Devices stay, and are as if they were attached now: the board resets all of them with the unit. */
static void device_reset(struct smmu_device *d)
{
    pthread_mutex_lock(&d->atc_lock);
    memset(d->atc, 0, sizeof(d->atc));
    d->atc_next = 0;
    pthread_mutex_unlock(&d->atc_lock);
    smmu_stats_clear(&d->stats);
}

void smmu_reset(struct smmu *s)
{
    pthread_mutex_lock(&s->lock);
    smmu_registers_reset(s);
    s->mergeable = s->atc_silent = false;
    smmu_forget(s);
    smmu_wait_devices(s);
    smmu_stalls_abort(s); /* last, so that none comes after it: who tries again finds the unit reset */
    smmu_stats_clear(&s->stats);
    for (struct smmu_device *d = s->devices; d; d = d->next) device_reset(d);
    pthread_mutex_unlock(&s->lock);
}
