/* Our model of the SMMU against QEMU's: what a page of one long access takes each.
 *
 * QEMU's device is a virtio-blk whose disk is nothing: a request that writes costs little but for finding
 * where its bytes are, one translation a page. One that is of a single page is taken from one that is of
 * many. Both models have the same guest memory, tables and registers. What QEMU's process takes is the CPU
 * time of its main thread, which does all of it; its processor waits for an interrupt.
 */
#include "bench/bench.h"
#include "bench/rig.h"

#include "devices/smmuv3.h"
#include "harness/clock/stats.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Where the `virt` board has things, with highmem=off; the BAR is ours to choose. */
enum {
    SMMU = 0x09050000,
    CONFIG = 0x3f000000 + (RIG_SID << 12),
    BAR = 0x10000000, /* of virtio: common registers, and at 0x3000 the queue's bell */
    BELL = BAR + 0x3000,
};

/* The disk's queue: each request is three descriptors. */
enum { LOOP = 0x180000 /* in memory, what the processor does: behind the board's device tree */ };
enum { REQUESTS = 64, QUEUE = 256, NEXT = 1, TO_DEVICE_NOT = 2, ROUNDS = 9 };
#define DATA (1ull << 32) /* input address */

struct peer {
    pid_t pid;       /* 0: it was not started */
    FILE *to, *from; /* qtest: lines each way */
    uint8_t *ram;    /* guest memory, its and ours */
    struct rig rig;  /* ours */
    uint64_t queue;  /* descriptors, available, used, headers: a page or two each */
    uint16_t index;  /* of the next request */
    bool broken;     /* it does not answer */
};

/* ---- qtest ---- */

static uint64_t ask(struct peer *p, const char *what, unsigned size, uint64_t at, const char *value)
{
    static const char sizes[] = " bw l   q";
    char line[128] = "";
    if (p->broken) return 0;
    fprintf(p->to, "%s%c %#llx%s\n", what, sizes[size], (unsigned long long)at, value);
    fflush(p->to);
    do p->broken = !fgets(line, sizeof(line), p->from);
    while (!p->broken && !strncmp(line, "IRQ", 3));
    p->broken |= strncmp(line, "OK", 2) != 0;
    return p->broken ? 0 : strtoull(line + 2, NULL, 0);
}

static void put(struct peer *p, uint64_t at, unsigned size, uint64_t v)
{
    char value[32];
    snprintf(value, sizeof(value), " %#llx", (unsigned long long)v);
    (void)ask(p, "write", size, at, value);
}

static uint64_t get(struct peer *p, uint64_t at, unsigned size)
{
    return ask(p, "read", size, at, "");
}

/* ---- starting it ---- */

static void child_main(int in, int out, int ram, pid_t parent)
{
    char memory[128], size[32];
    snprintf(memory, sizeof(memory),
             "memory-backend-file,id=ram,size=%lluM,mem-path=/proc/self/fd/3,share=on", RIG_SIZE >> 20);
    snprintf(size, sizeof(size), "%llu", RIG_SIZE >> 20);
    const char *argv[] = {"qemu-system-aarch64",
                          "-nodefaults",
                          "-display",
                          "none",
                          "-machine",
                          "virt,iommu=smmuv3,highmem=off,gic-version=2,memory-backend=ram",
                          "-cpu",
                          "cortex-a57",
                          "-m",
                          size,
                          "-object",
                          memory,
                          "-accel",
                          "tcg",
                          "-device",
                          "loader,addr=0x40180000,cpu-num=0",
                          "-qtest",
                          "stdio",
                          "-qtest-log",
                          "/dev/null",
                          "-drive",
                          "if=none,id=disk,driver=null-co,size=1G,read-zeroes=off",
                          "-device",
                          "virtio-blk-pci,addr=1.0,drive=disk,iommu_platform=on,disable-legacy=on",
                          NULL};
    int fds[] = {in, out, open("/dev/null", O_WRONLY), ram};
    signal(SIGPIPE, SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
    for (unsigned i = 0; i < ARRAY_LEN(fds); i++) fds[i] = fcntl(fds[i], F_DUPFD, 16);
    for (int i = 0; i < (int)ARRAY_LEN(fds); i++)
        if (dup2(fds[i], i) < 0) _exit(127);
    close_range(ARRAY_LEN(fds), ~0u, 0);
    execvp(argv[0], (char *const *)(uintptr_t)argv);
    _exit(127);
}

static bool start(struct peer *p)
{
    int in[2], out[2], fd = memfd_create("lockstep-bench", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, RIG_SIZE) || pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC)) return false;
    void *ram = mmap(NULL, RIG_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (ram == MAP_FAILED) return false;
    p->ram = ram;
    memcpy(p->ram + LOOP, (uint32_t[]){0xd503207f, 0x17ffffff}, 8); /* AArch64: wfi, and back */
    pid_t parent = getpid();
    p->pid = fork();
    if (!p->pid) child_main(in[0], out[1], fd, parent);
    close(in[0]);
    close(out[1]);
    close(fd);
    p->to = fdopen(in[1], "w");
    p->from = fdopen(out[0], "r");
    return p->pid > 0 && p->to && p->from;
}

static void stop(struct peer *p)
{
    if (p->pid > 0) {
        kill(p->pid, SIGKILL);
        (void)waitpid(p->pid, NULL, 0);
    }
    if (p->to) fclose(p->to);
    if (p->from) fclose(p->from);
    rig_close(&p->rig);
    if (p->ram) munmap(p->ram, RIG_SIZE);
}

/* ---- setting both up ---- */

/* Our unit's registers become QEMU's. It knows one CD a stream. */
static void share_registers(struct peer *p)
{
    static const struct {
        unsigned offset, size; /* of a register */
    } shared[] = {{SMMU_REG_STRTAB_BASE, 8},
                  {SMMU_REG_STRTAB_BASE_CFG, 4},
                  {SMMU_REG_CMDQ_BASE, 8},
                  {SMMU_REG_EVENTQ_BASE, 8},
                  {SMMU_REG_CR0, 4}};
    uint64_t v = 0;
    BUG_ON(!smmu_mmio_read(p->rig.smmu, SMMU_REG_STRTAB_BASE, 8, &v));
    dev_put(rig_at(&p->rig, v) + 8ull * RIG_SID, SMMU_STE_S1CDMAX, 0);
    for (unsigned i = 0; i < ARRAY_LEN(shared); i++) {
        BUG_ON(!smmu_mmio_read(p->rig.smmu, shared[i].offset, shared[i].size, &v));
        put(p, SMMU + shared[i].offset, shared[i].size, v);
    }
}

/* Virtio 1.1, 4.1.4.3: features, queue 0, driver is ready. */
static void start_disk(struct peer *p)
{
    uint64_t q = p->queue;
    const struct {
        unsigned at, size; /* of a register */
        uint64_t v;        /* what it gets */
    } steps[] = {{0x14, 1, 0},     {0x14, 1, 3}, {0x08, 4, 1},          {0x0c, 4, 3 /* version 1, IOMMU */},
                 {0x08, 4, 0},     {0x0c, 4, 0}, {0x14, 1, 11},         {0x16, 2, 0},
                 {0x18, 2, QUEUE}, {0x20, 8, q}, {0x28, 8, q + 0x1000}, {0x30, 8, q + 0x2000},
                 {0x1c, 2, 1},     {0x14, 1, 15}};
    put(p, CONFIG + 0x20, 4, BAR);
    put(p, CONFIG + 0x24, 4, 0);
    put(p, CONFIG + 4, 4, 6);
    for (unsigned i = 0; i < ARRAY_LEN(steps); i++) put(p, BAR + steps[i].at, steps[i].size, steps[i].v);
    rig_at(&p->rig, q + 0x1000)[0] = 1; /* no interrupts */
    rig_at(&p->rig, q + 0x3000)[0] = 1; /* header of requests: a write */
}

static bool map_both(struct peer *p, unsigned pages)
{
    struct rig *r = &p->rig;
    bool ok = true;
    p->queue = rig_alloc(r, 0x4000);
    for (uint64_t pa = p->queue; pa < p->queue + 0x4000; pa += 4096) ok &= rig_map(r, pa, pa, 3) != NULL;
    for (uint64_t i = 0; i < pages && ok; i++)
        ok &= rig_map(r, DATA + i * 4096, RIG_RAM + RIG_SIZE - RIG_DATA + i * 4096, 3) != NULL;
    return ok;
}

/* ---- what both take ---- */

static void describe(struct peer *p, unsigned pages)
{
    uint64_t *d = rig_at(&p->rig, p->queue), header = p->queue + 0x3000;
    for (uint64_t i = 0; i < 3 * REQUESTS; i += 3, d += 6) {
        d[0] = header;
        d[1] = 16 | (uint64_t)NEXT << 32 | (i + 1) << 48;
        d[2] = DATA;
        d[3] = pages * 4096ull | (uint64_t)NEXT << 32 | (i + 2) << 48;
        d[4] = header + 64;
        d[5] = 1 | (uint64_t)TO_DEVICE_NOT << 32;
    }
}

/* CPU time of its main thread. */
static uint64_t spent(const struct peer *p)
{
    char path[64];
    unsigned long long ns = 0;
    snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)p->pid);
    FILE *f = fopen(path, "re");
    if (!f) return 0;
    if (fscanf(f, "%llu", &ns) != 1) ns = 0;
    fclose(f);
    return ns;
}

/* All requests at once; nanoseconds of one. */
static double theirs(struct peer *p, unsigned pages)
{
    uint16_t *ring = (uint16_t *)(void *)rig_at(&p->rig, p->queue + 0x1000);
    const uint16_t *used = (const uint16_t *)(const void *)rig_at(&p->rig, p->queue + 0x2000);
    describe(p, pages);
    for (unsigned i = 0; i < REQUESTS; i++) ring[2 + (p->index + i) % QUEUE] = (uint16_t)(3 * i);
    p->index = (uint16_t)(p->index + REQUESTS);
    __atomic_store_n(&ring[1], p->index, __ATOMIC_RELEASE);
    uint64_t since = spent(p);
    put(p, BELL, 2, 0);
    for (unsigned i = 0; __atomic_load_n(&used[1], __ATOMIC_ACQUIRE) != p->index && !p->broken; i++) {
        (void)poll(NULL, 0, 1);
        p->broken |= i == 5000;
    }
    (void)get(p, BAR + 0x14, 1); /* it is back where it waits for us */
    p->broken |= rig_at(&p->rig, p->queue + 0x3000)[8] & 0xff;
    return (double)(spent(p) - since) / REQUESTS;
}

static double ours(struct peer *p, unsigned pages, bool *ok)
{
    struct smmu_device *d = p->rig.devices[0];
    struct smmu_request q = {.iova = DATA, .size = pages * 4096ull, .access = SMMU_READ};
    struct smmu_range to[1];
    struct smmu_stop stopped;
    uint64_t since = bench_now();
    for (unsigned i = 0; i < REQUESTS; i++) {
        smmu_begin(d);
        *ok &= smmu_translate(d, &q, to, 1, &stopped) == 1 && to[0].size == q.size;
        smmu_end(d);
    }
    return (double)(bench_now() - since) / REQUESTS;
}

static double least(const double *v, unsigned n)
{
    double l = v[0];
    for (unsigned i = 1; i < n; i++) l = v[i] < l ? v[i] : l;
    return l;
}

static bool measure(struct bench_state *s, struct peer *p, unsigned pages)
{
    double one[ROUNDS], many[ROUNDS], our_one[ROUNDS], our_many[ROUNDS];
    bool ok = true;
    for (unsigned i = 0; i < ROUNDS && ok && !p->broken; i++) {
        one[i] = theirs(p, 1);
        many[i] = theirs(p, pages);
        our_one[i] = ours(p, 1, &ok);
        our_many[i] = ours(p, pages, &ok);
    }
    if (!ok || p->broken) return false;
    double them = (least(many, ROUNDS) - least(one, ROUNDS)) / (pages - 1);
    double us = (least(our_many, ROUNDS) - least(our_one, ROUNDS)) / (pages - 1);
    bench_counter(s, "qemu_ns", them);
    bench_counter(s, "ns_least", us);
    bench_counter(s, "over_qemu", them / us);
    return true;
}

static void over_qemu(struct bench_state *s, const void *arg)
{
    unsigned pages = (unsigned)bench_get_number(arg, "pages", 128);
    struct peer p = {.pid = 0};
    void (*before)(int) = signal(SIGPIPE, SIG_IGN); /* it may not be there */
    bool ok = start(&p) && rig_open(&p.rig, RIG_S1, p.ram) && map_both(&p, pages);
    if (ok) {
        share_registers(&p);
        start_disk(&p);
        ok = !p.broken && get(&p, BAR + 0x14, 1) == 15;
    }
    while (ok && bench_next(s)) ok = measure(s, &p, pages);
    if (!ok) bench_skip(s, "qemu-system-aarch64 is not there or does not do it");
    stop(&p);
    signal(SIGPIPE, before);
}

static const struct schema_key keys[] = {
    {"pages", &bench_number, true, "Of an access, side by side in memory; more than 1."},
};

const struct bench_kind qemu_kinds[] = {
    {"smmu-over-qemu", over_qemu, bench_register_once, keys, ARRAY_LEN(keys)},
    {NULL, NULL, NULL, NULL, 0},
};
