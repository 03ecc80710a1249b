/* Accesses that wait for the driver (IHI 0070 3.12.2): a table of as many as IDR5.STALL_MAX says, found by
 * STAG. Their events are never lost: one that the queue has no room for is kept here and recorded when it
 * has, unless a CMD_SYNC came between: then the access is tried again (7.2.1). An access that finds the table
 * full waits without a number until there is room, and is tried again.
 */
#include "devices/smmu/queue.h"

#include <string.h>

/* A record cannot be lost in here: `pending` stays until it is in the queue. Under `records`. */
static enum smmu_put stall_record(struct smmu *s, struct smmu_stall *w)
{
    enum smmu_put put = smmu_queue_put(s, SMMU_EVENTQ, w->event);
    bool written = put == SMMU_PUT || put == SMMU_PUT_FIRST;
    if (w->pending != !written) s->npending += written ? -1u : 1u;
    w->pending = !written;
    if (written) smmu_count(&s->stats.events, 1);
    return put;
}

unsigned smmu_stall_begin(struct smmu_device *d, const uint64_t *record)
{
    struct smmu *s = d->smmu;
    unsigned stag = 0;
    enum smmu_put put = SMMU_PUT;
    smmu_count(&d->stats.stalls, 1);
    pthread_mutex_lock(&s->records);
    while (stag < SMMU_STALLS && s->stalls[stag].device) stag++;
    if (stag == SMMU_STALLS) {
        d->waits = true;
    } else {
        struct smmu_stall *w = &s->stalls[stag];
        *w = (struct smmu_stall){.device = d, .order = s->stall_order++};
        memcpy(w->event, record, sizeof w->event);
        dev_put(w->event, SMMU_EVENT_STALL, 1);
        dev_put(w->event, SMMU_EVENT_STAG, stag);
        s->nstalls++;
        put = stall_record(s, w);
    }
    pthread_mutex_unlock(&s->records);
    smmu_event_signal(s, put);
    return stag;
}

/* Its number can be another's from now on. Under `records`. */
static struct smmu_device *stall_free(struct smmu *s, unsigned stag)
{
    struct smmu_stall *w = &s->stalls[stag];
    struct smmu_device *d = w->device;
    s->nstalls--;
    if (w->pending) s->npending--;
    *w = (struct smmu_stall){0};
    return d;
}

/* There is room in the table: who found none tries again. Each device once, so that this ends. */
static void retry_waiting(struct smmu *s)
{
    for (struct smmu_device *d = s->devices; d; d = d->next) {
        pthread_mutex_lock(&s->records);
        bool now = d->waits && s->nstalls < SMMU_STALLS;
        if (now) d->waits = false;
        pthread_mutex_unlock(&s->records);
        if (now) d->client.resumed(d->client.arg, SMMU_STALLS, SMMU_DONE, false);
    }
}

void smmu_stall_resume(struct smmu *s, uint32_t sid, unsigned stag, enum smmu_end end, bool raz)
{
    struct smmu_device *d = NULL;
    pthread_mutex_lock(&s->records);
    if (stag < SMMU_STALLS && s->stalls[stag].device && s->stalls[stag].device->client.sid == sid)
        d = stall_free(s, stag);
    pthread_mutex_unlock(&s->records);
    if (!d) return;
    d->client.resumed(d->client.arg, stag, end, raz);
    retry_waiting(s);
}

/* Ends accesses as aborted: those of one device, or of all for NULL. `tell`: their owners hear of it. */
static void end_all(struct smmu *s, const struct smmu_device *of, bool tell)
{
    for (unsigned stag = 0; stag < SMMU_STALLS; stag++) {
        pthread_mutex_lock(&s->records);
        struct smmu_device *d = s->stalls[stag].device;
        if (d && (!of || d == of))
            stall_free(s, stag);
        else
            d = NULL;
        pthread_mutex_unlock(&s->records);
        if (d && tell) d->client.resumed(d->client.arg, stag, SMMU_ABORTED, false);
    }
}

/* And those without a number. */
static void end_waiting(struct smmu *s, struct smmu_device *d)
{
    pthread_mutex_lock(&s->records);
    bool waits = d->waits;
    d->waits = false;
    pthread_mutex_unlock(&s->records);
    if (waits) d->client.resumed(d->client.arg, SMMU_STALLS, SMMU_ABORTED, false);
}

void smmu_stalls_terminate(struct smmu *s, uint32_t sid)
{
    struct smmu_device *d = smmu_device_find(s, sid);
    if (!d) return;
    end_all(s, d, true);
    end_waiting(s, d);
    retry_waiting(s);
}

void smmu_stalls_abort(struct smmu *s)
{
    end_all(s, NULL, true);
    for (struct smmu_device *d = s->devices; d; d = d->next) end_waiting(s, d);
}

void smmu_stalls_forget(struct smmu *s, struct smmu_device *d)
{
    end_all(s, d, false);
    retry_waiting(s);
}

void smmu_stalls_sync(struct smmu *s)
{
    pthread_mutex_lock(&s->records);
    for (unsigned i = 0; s->npending && i < SMMU_STALLS; i++)
        if (s->stalls[i].pending) s->stalls[i].stale = true;
    pthread_mutex_unlock(&s->records);
}

/* The one that has waited longest for its record; NULL: none. Under `records`. */
static struct smmu_stall *oldest_pending(struct smmu *s)
{
    struct smmu_stall *oldest = NULL;
    for (unsigned i = 0; i < SMMU_STALLS; i++) {
        struct smmu_stall *w = &s->stalls[i];
        if (w->pending && !w->stale && (!oldest || w->order < oldest->order)) oldest = w;
    }
    return oldest;
}

/* Tries again what is stale, once the queue can take what comes of it. */
static void retry_stale(struct smmu *s)
{
    for (unsigned stag = 0; stag < SMMU_STALLS; stag++) {
        struct smmu_device *d = NULL;
        pthread_mutex_lock(&s->records);
        if (s->stalls[stag].pending && s->stalls[stag].stale && smmu_queue_writable(s, SMMU_EVENTQ))
            d = stall_free(s, stag);
        pthread_mutex_unlock(&s->records);
        if (d) d->client.resumed(d->client.arg, stag, SMMU_DONE, false);
    }
}

void smmu_events_resume(struct smmu *s)
{
    enum smmu_put put = SMMU_PUT, first = SMMU_PUT;
    struct smmu_stall *w;
    pthread_mutex_lock(&s->records);
    bool any = s->npending;
    if (!smmu_queue_writable(s, SMMU_EVENTQ)) s->mergeable = false;
    while (s->npending && put <= SMMU_PUT_FIRST && (w = oldest_pending(s))) {
        put = stall_record(s, w);
        if (put == SMMU_PUT_FIRST || put == SMMU_PUT_ABORT) first = put;
    }
    pthread_mutex_unlock(&s->records);
    smmu_event_signal(s, first);
    if (!any) return;
    retry_stale(s);
    retry_waiting(s);
}
