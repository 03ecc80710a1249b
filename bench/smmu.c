/* What the SMMU's model costs a device and a driver. A pass is a few thousand accesses, long enough for the
 * clock; each kind says what a piece of work costs (`ns`) and how many plain loads that is (rig.h).
 */
#include "bench/bench.h"
#include "bench/rig.h"

#include "devices/smmuv3.h"
#include "harness/clock/stats.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ACCESSES = 4096, BATCH = 256, BYTES = 64, FAR = 8 /* places of a substream, none near another */ };

static bool open_rig(struct bench_state *s, struct rig *r, const void *arg)
{
    static const char *const names[] = {[RIG_S1] = "1", [RIG_S2] = "2", [RIG_NESTED] = "nested"};
    const char *stages = bench_get(arg, "stages", "1");
    unsigned i = RIG_S1;
    while (i < RIG_NESTED && strcmp(names[i], stages) != 0) i++;
    if (rig_open(r, (enum rig_stages)i, NULL)) return true;
    bench_skip(s, "no memory");
    return false;
}

/* "64K", "2M", "64G" in bytes. */
static uint64_t bytes_of(const char *text)
{
    char *unit;
    uint64_t n = strtoull(text, &unit, 10);
    static const char units[] = " KMG";
    const char *at = *unit ? strchr(units, *unit) : units;
    return at ? n << 10 * (at - units) : n;
}

/* ---- one access after the other ---- */

/* Where they go. */
struct course {
    uint64_t mask;   /* of page numbers */
    uint64_t step;   /* of the one after; 0: by chance */
    uint64_t chance; /* state of that */
    uint64_t page;   /* number of the last one */
};

static ALWAYS_INLINE uint64_t next_address(struct course *c)
{
    if (c->step) {
        c->page = (c->page + c->step) & c->mask;
    } else {
        c->chance = c->chance * 6364136223846793005ull + 1442695040888963407ull;
        c->page = c->chance >> 32 & c->mask;
    }
    return c->page << 12;
}

/* Each between smmu_begin and smmu_end. How many went through. */
static NOINLINE unsigned access_all(struct smmu_device *d, struct course *course, unsigned n)
{
    struct course c = *course; /* in registers: what is measured is not the way there */
    struct smmu_range to[1];
    struct smmu_stop stop;
    unsigned done = 0;
    for (unsigned i = 0; i < n; i++) {
        struct smmu_request q = {.iova = next_address(&c), .size = BYTES, .access = SMMU_READ};
        smmu_begin(d);
        done += smmu_translate(d, &q, to, 1, &stop);
        smmu_end(d);
    }
    *course = c;
    return done;
}

static struct course course_of(const void *arg, uint64_t reach)
{
    const char *order = bench_get(arg, "order", "random");
    return (struct course){.mask = (reach >> 12) - 1, .step = !strcmp(order, "next") ? 1 : 0, .chance = 1};
}

static void access_kind(struct bench_state *s, const void *arg)
{
    uint64_t reach = bytes_of(bench_get(arg, "reach", "4K"));
    unsigned level = strcmp(bench_get(arg, "page", "4K"), "4K") ? 2 : 3;
    struct course c = course_of(arg, reach);
    struct rig_clock clock = {.n = 0};
    struct rig r;
    bool ok = open_rig(s, &r, arg) && rig_map_all(&r, reach, level);
    uint64_t n = 0;
    /* what fits into the caches is there */
    if (ok) access_all(r.devices[0], &c, 4 * ACCESSES);
    while (ok && bench_next(s)) {
        unsigned work = (unsigned)bench_work(ACCESSES);
        uint64_t since = bench_now();
        ok = access_all(r.devices[0], &c, work) == work;
        rig_clock_add(&clock, bench_now() - since, work);
        n += work;
    }
    if (!ok) bench_skip(s, "an access does not go through");
    bench_items(s, n);
    rig_clock_tell(&clock, s);
    rig_close(&r);
}

/* ---- lists ---- */

static void list_kind(struct bench_state *s, const void *arg)
{
    struct smmu_request q[BATCH];
    struct smmu_range to[BATCH];
    unsigned ends[BATCH] = {0};
    struct smmu_stop stop;
    struct rig_clock clock = {.n = 0};
    struct rig r;
    bool ok = open_rig(s, &r, arg) && rig_map_all(&r, BATCH * 4096ull, 3);
    uint64_t n = 0;
    for (unsigned i = 0; i < BATCH; i++)
        q[i] = (struct smmu_request){.iova = i * 4096ull, .size = 4096, .access = SMMU_WRITE};
    while (ok && bench_next(s)) {
        unsigned work = (unsigned)bench_work(ACCESSES / BATCH);
        uint64_t since = bench_now();
        for (unsigned i = 0; i < work && ok; i++) {
            smmu_begin(r.devices[0]);
            ok = smmu_translate_list(r.devices[0], q, BATCH, to, BATCH, ends, &stop) == BATCH;
            smmu_end(r.devices[0]);
        }
        rig_clock_add(&clock, bench_now() - since, (uint64_t)work * BATCH);
        n += (uint64_t)work * BATCH;
    }
    if (!ok || (n && ends[BATCH - 1] != BATCH)) bench_skip(s, "a list does not go through");
    bench_items(s, n);
    rig_clock_tell(&clock, s);
    rig_close(&r);
}

/* ---- the first access after an invalidation ---- */

/* One from each substream: nothing that another has found is of use to it. */
static NOINLINE unsigned access_cold(struct smmu_device *d, unsigned places, unsigned n)
{
    struct smmu_range to[1];
    struct smmu_stop stop;
    unsigned done = 0;
    for (unsigned i = 0; i < n; i++)
        for (unsigned place = 0; place < places; place++) {
            struct smmu_request q = {.iova = (uint64_t)place << 39 | place << 15 | 0x5000,
                                     .size = BYTES,
                                     .ssid = 1 + i % RIG_SUBSTREAMS,
                                     .access = SMMU_READ | SMMU_SUBSTREAM};
            smmu_begin(d);
            done += smmu_translate(d, &q, to, 1, &stop);
            smmu_end(d);
        }
    return done;
}

static bool map_far(struct rig *r)
{
    bool ok = true;
    for (uint64_t place = 0; place < FAR; place++)
        ok &= rig_map(r, place << 39 | place << 15 | 0x5000, RIG_RAM + RIG_SIZE - RIG_DATA, 3) != NULL;
    return ok;
}

/* Translations, or also configurations, are forgotten before each pass, which the clock does not count. The
 * unit's statistics say that nothing but what is meant was measured. */
static void cold_kind(struct bench_state *s, const void *arg)
{
    bool config = !strcmp(bench_get(arg, "forgotten", "translations"), "configurations");
    struct rig_clock clock = {.n = 0};
    struct smmu_stats before, after;
    struct rig r;
    bool ok = open_rig(s, &r, arg) && map_far(&r);
    /* below stage 2, only the first place finds nothing of the tables' own translations */
    unsigned places = config || r.stages == RIG_NESTED ? 1 : FAR;
    uint64_t n = 0, spent = 0;
    if (ok) access_cold(r.devices[0], places, RIG_SUBSTREAMS);
    smmu_stats(r.smmu, &before);
    while (ok && bench_next(s)) {
        unsigned work = (unsigned)bench_work(RIG_SUBSTREAMS);
        if (config)
            rig_forget_configs(&r);
        else
            rig_forget_tables(&r);
        uint64_t since = bench_now();
        ok = access_cold(r.devices[0], places, work) == work * places;
        spent = bench_now() - since;
        rig_clock_add(&clock, spent, (uint64_t)work * places);
        bench_spent(s, (double)spent * 1e-9);
        n += (uint64_t)RIG_SUBSTREAMS * places;
    }
    smmu_stats(r.smmu, &after);
    if (!ok) bench_skip(s, "an access does not go through");
    if (n && after.walks - before.walks != n) bench_skip(s, "not every access walks, or one does twice");
    bench_items(s, n);
    bench_counter(s, "fetches", (double)(after.fetches - before.fetches) / (double)n);
    rig_clock_tell(&clock, s);
    rig_close(&r);
}

/* ---- remapping ---- */

/* A page goes elsewhere: its descriptor, CMD_TLBI_NH_VA, CMD_SYNC, until CMDQ_CONS says that it is done. With
 * `access`, the device is on the page before and after. */
static void remap_kind(struct bench_state *s, const void *arg)
{
    enum { ROUNDS = 256 };
    bool access = !strcmp(bench_get(arg, "access", "false"), "true");
    struct course c = {.mask = 0, .step = 1};
    struct rig_clock clock = {.n = 0};
    struct rig r;
    bool ok = open_rig(s, &r, arg) && rig_map_all(&r, 4096, 3);
    uint64_t *d = ok ? rig_map(&r, 0, RIG_RAM + RIG_SIZE - 4096, 3) : NULL, n = 0;
    ok = d && access_all(r.devices[0], &c, 1) == 1;
    while (ok && bench_next(s)) {
        unsigned work = (unsigned)bench_work(ROUNDS);
        uint64_t since = bench_now();
        for (unsigned i = 0; i < work; i++) {
            *d ^= 4096;
            rig_forget_page(&r, 0);
            if (access) ok &= access_all(r.devices[0], &c, 1) == 1;
        }
        rig_clock_add(&clock, bench_now() - since, work);
        n += work;
    }
    if (!ok) bench_skip(s, "an access does not go through");
    bench_items(s, n);
    rig_clock_tell(&clock, s);
    rig_close(&r);
}

/* ---- events ---- */

/* Accesses to what is not mapped, until the queue is full; then the driver has seen all of them. */
static void event_kind(struct bench_state *s, const void *arg)
{
    struct course c = {.mask = ~0ull >> 24, .step = 1};
    struct rig_clock clock = {.n = 0};
    struct smmu_stats stats;
    struct rig r;
    bool ok = open_rig(s, &r, arg);
    uint64_t n = 0, prod = 0;
    while (ok && bench_next(s)) {
        unsigned work = (unsigned)bench_work(RIG_EVENTS / 2);
        uint64_t since = bench_now();
        ok = access_all(r.devices[0], &c, work) == 0;
        BUG_ON(!smmu_mmio_read(r.smmu, SMMU_REG_EVENTQ_PROD, 4, &prod));
        BUG_ON(!smmu_mmio_write(r.smmu, SMMU_REG_EVENTQ_CONS, 4, prod));
        rig_clock_add(&clock, bench_now() - since, work);
        n += work;
    }
    smmu_stats(r.smmu, &stats);
    if (!ok || stats.events != n || stats.events_lost) bench_skip(s, "not every access makes a record");
    bench_items(s, n);
    rig_clock_tell(&clock, s);
    rig_close(&r);
}

/* ---- two devices ---- */

struct worker {
    struct smmu_device *d;    /* whose accesses */
    struct course c;          /* where they go */
    unsigned n;               /* how many */
    uint64_t spent;           /* CPU time */
    bool ok;                  /* all went through */
    pthread_t thread;         /* who does it */
    pthread_barrier_t *begin; /* all do at once */
};

static void *worker_main(void *arg)
{
    struct worker *w = arg;
    pthread_barrier_wait(w->begin);
    uint64_t since = bench_now();
    w->ok = access_all(w->d, &w->c, w->n) == w->n;
    w->spent = bench_now() - since;
    return NULL;
}

static double wall(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* n devices at once, nanoseconds of one access: by the clock over all of them, and of CPU time of each. */
static bool work_together(struct worker *w, unsigned n, double *by_clock, double *by_cpu)
{
    pthread_barrier_t begin;
    uint64_t cpu = 0;
    bool ok = true;
    if (pthread_barrier_init(&begin, NULL, n + 1)) return false;
    for (unsigned i = 0; i < n; i++) {
        w[i].begin = &begin;
        BUG_ON(pthread_create(&w[i].thread, NULL, worker_main, &w[i]));
    }
    pthread_barrier_wait(&begin);
    double since = wall();
    for (unsigned i = 0; i < n; i++) {
        pthread_join(w[i].thread, NULL);
        cpu += w[i].spent;
        ok &= w[i].ok;
    }
    *by_clock = (wall() - since) / w->n / n;
    *by_cpu = (double)cpu / w->n / n;
    pthread_barrier_destroy(&begin);
    return ok;
}

/* In turn one and two devices with the same tables; how many times as much two get done. */
static void two_kind(struct bench_state *s, const void *arg)
{
    enum { PAIRS = 15 };
    uint64_t reach = bytes_of(bench_get(arg, "reach", "1M"));
    double clock[PAIRS], cpu[PAIRS];
    struct worker w[RIG_DEVICES];
    struct rig r;
    bool ok = open_rig(s, &r, arg) && rig_map_all(&r, reach, 3);
    for (unsigned i = 0; i < RIG_DEVICES; i++)
        w[i] = (struct worker){.d = r.devices[i], .c = course_of(arg, reach)};
    while (ok && bench_next(s)) {
        for (unsigned i = 0; i < RIG_DEVICES; i++) w[i].n = (unsigned)bench_work(64 * ACCESSES);
        for (unsigned i = 0; i < PAIRS && ok; i++) {
            double alone[2] = {1, 1}, both[2] = {1, 1};
            ok = work_together(w, 1, &alone[0], &alone[1]) && work_together(w, 2, &both[0], &both[1]);
            clock[i] = alone[0] / both[0];
            cpu[i] = 2 * alone[1] / both[1];
        }
    }
    if (ok) {
        bench_counter(s, "by_the_clock", stats_median(clock, PAIRS));
        bench_counter(s, "by_cpu_time", stats_median(cpu, PAIRS));
    } else {
        bench_skip(s, "an access does not go through");
    }
    rig_close(&r);
}

/* ---- the table ---- */

static const char *const stages_names[] = {"1", "2", "nested", NULL};
static const struct schema stages_type = {
    .what = "1, 2 or nested", .accepts = SCHEMA_TEXT, .choices = stages_names};
static const char *const page_names[] = {"4K", "2M", NULL};
static const struct schema page_type = {.what = "4K or 2M", .accepts = SCHEMA_TEXT, .choices = page_names};
static const char *const order_names[] = {"next", "random", NULL};
static const struct schema order_type = {
    .what = "next or random", .accepts = SCHEMA_TEXT, .choices = order_names};
static const char *const forgotten_names[] = {"translations", "configurations", NULL};
static const struct schema forgotten_type = {
    .what = "translations or configurations", .accepts = SCHEMA_TEXT, .choices = forgotten_names};

#define STAGES                                                       \
    {                                                                \
        "stages", &stages_type, false, "That translate. Default: 1." \
    }
#define REACH                                                                       \
    {                                                                               \
        "reach", &bench_text, true, "How much is mapped and accessed: 4K, 1M, 64G." \
    }
#define ORDER                                                                             \
    {                                                                                     \
        "order", &order_type, false, "One page after the other, or any. Default: random." \
    }
static const struct schema_key access_keys[] = {
    STAGES, REACH, ORDER, {"page", &page_type, false, "Pages or blocks. Default: 4K."}};
static const struct schema_key two_keys[] = {STAGES, REACH, ORDER};
static const struct schema_key list_keys[] = {STAGES};
static const struct schema_key cold_keys[] = {
    STAGES, {"forgotten", &forgotten_type, false, "Before accesses. Default: translations."}};
static const struct schema_key remap_keys[] = {
    STAGES, {"access", &bench_yes_no, false, "The device accesses the page each time. Default: false."}};

const struct bench_kind smmu_kinds[] = {
    {"smmu-access", access_kind, bench_register, access_keys, ARRAY_LEN(access_keys)},
    {"smmu-list", list_kind, bench_register, list_keys, ARRAY_LEN(list_keys)},
    {"smmu-cold", cold_kind, bench_register_others, cold_keys, ARRAY_LEN(cold_keys)},
    {"smmu-remap", remap_kind, bench_register, remap_keys, ARRAY_LEN(remap_keys)},
    {"smmu-events", event_kind, bench_register, list_keys, ARRAY_LEN(list_keys)},
    {"smmu-two-devices", two_kind, bench_register_once, two_keys, ARRAY_LEN(two_keys)},
    {NULL, NULL, NULL, NULL, 0},
};
