/* The devices behind the unit: how they are named, who is attached, in order of their stream ids. */
#include "devices/smmu/internal.h"

#include "devices/smmu/queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* "BB:DD.F", and nothing else: the requester id of a PCI function is its stream id (3.2). */
static int pci_stream_id(const char *p, uint32_t *sid)
{
    static const char shape[] = "xx:xx.x"; /* x: a digit */
    unsigned v = 0;
    for (unsigned i = 0; i < sizeof shape; i++) {
        int digit = hex_digit(p[i]);
        if (shape[i] == 'x' ? digit < 0 : p[i] != shape[i]) return -EINVAL;
        if (shape[i] == 'x') v = v << 4 | (unsigned)digit;
    }
    unsigned bus = v >> 12, device = v >> 4 & 0xff, function = v & 0xf;
    if (device > 0x1f || function > 7) return -EINVAL;
    *sid = bus << 8 | device << 3 | function;
    return 0;
}

int smmu_stream_id(const char *name, uint32_t *sid)
{
    if (!strncmp(name, "pci-", 4)) return pci_stream_id(name + 4, sid);
    bool hex = !strncmp(name, "0x", 2);
    const char *p = hex ? name + 2 : name;
    uint64_t v = 0;
    if (!*p) return -EINVAL;
    for (; *p; p++) {
        int digit = hex_digit(*p);
        if (digit < 0 || (!hex && digit > 9)) return -EINVAL;
        v = v * (hex ? 16 : 10) + (unsigned)digit;
        if (v > UINT32_MAX) return -EINVAL;
    }
    *sid = (uint32_t)v;
    return 0;
}

/* Where a device with this stream id is, or would go. */
static struct smmu_device **device_place(struct smmu *s, uint32_t sid)
{
    struct smmu_device **at = &s->devices;
    while (*at && (*at)->client.sid < sid) at = &(*at)->next;
    return at;
}

struct smmu_device *smmu_device_find(struct smmu *s, uint32_t sid)
{
    struct smmu_device *d = *device_place(s, sid);
    return d && d->client.sid == sid ? d : NULL;
}

static void device_free(struct smmu_device *d)
{
    if (d->caches) smmu_caches_free(d->caches);
    pthread_mutex_destroy(&d->atc_lock);
    free((char *)d->client.name);
    free(d);
}

static struct smmu_device *device_new(struct smmu *s, const struct smmu_client *client)
{
    struct smmu_device *d = calloc(1, sizeof *d);
    if (!d) return NULL;
    pthread_mutex_init(&d->atc_lock, NULL);
    d->smmu = s;
    d->client = *client;
    d->client.name = strdup(client->name ? client->name : "");
    d->caches = smmu_caches_new();
    if (d->client.name && d->caches) return d;
    device_free(d);
    return NULL;
}

int smmu_attach(struct smmu *s, const struct smmu_client *client, struct smmu_device **d)
{
    struct smmu_device *fresh = device_new(s, client);
    if (!fresh) return -ENOMEM;
    pthread_mutex_lock(&s->lock);
    struct smmu_device **at = device_place(s, client->sid);
    bool taken = *at && (*at)->client.sid == client->sid;
    if (!taken) {
        fresh->next = *at;
        *at = fresh;
    }
    pthread_mutex_unlock(&s->lock);
    if (taken) {
        device_free(fresh);
        return -EEXIST;
    }
    *d = fresh;
    return 0;
}

/* What the device counted stays in the sums. */
static void keep_stats(struct smmu *s, const struct smmu_device *d)
{
#define X(name, doc) s->stats.name += d->stats.name;
    SMMU_STATS(X)
#undef X
}

void smmu_detach(struct smmu_device *d)
{
    struct smmu *s = d->smmu;
    pthread_mutex_lock(&s->lock);
    *device_place(s, d->client.sid) = d->next;
    pthread_mutex_lock(&s->records);
    keep_stats(s, d);
    pthread_mutex_unlock(&s->records);
    smmu_stalls_forget(s, d);
    pthread_mutex_unlock(&s->lock);
    device_free(d);
}

struct smmu_device *smmu_next_device(struct smmu *s, const struct smmu_device *before)
{
    pthread_mutex_lock(&s->lock);
    struct smmu_device *d = before ? before->next : s->devices;
    pthread_mutex_unlock(&s->lock);
    return d;
}

const struct smmu_client *smmu_client(const struct smmu_device *d)
{
    return &d->client;
}
