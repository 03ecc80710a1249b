/* What Linux tells only RISC-V programs: riscv_hwprobe, riscv_flush_icache, /proc/cpuinfo. */
#include "linux/linux_calls.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- extensions ---- */

/* Linux, Documentation/arch/riscv/hwprobe.rst and its asm/hwprobe.h: bits of RISCV_HWPROBE_KEY_IMA_EXT_0, by
 * the extension of specs/riscv64/isa.yaml that has its instructions. Zkt is not claimed: nobody promises the
 * engine's timing. */
static const struct {
    const char *ext;
    uint8_t bit;
} probe_bits[] = {
    {"D", 0},      {"C", 1},      {"V", 2},       {"Zba", 3},          {"Zbb", 4},     {"Zbs", 5},
    {"Zicboz", 6}, {"Zbc", 7},    {"Zbkb", 8},    {"Zbc", 9},          {"Zbkx", 10},   {"Zkn", 11},
    {"Zkn", 12},   {"Zkn", 13},   {"Zvbb", 17},   {"Zfh", 27},         {"Zfhmin", 28}, {"Zihintntl", 29},
    {"Zfa", 32},   {"Zacas", 34}, {"Zicond", 35}, {"Zihintpause", 36}, {"Zimop", 42},  {"C", 43},
    {"Zcb", 44},   {"CD", 45},    {"Zcmop", 47},  {"Zawrs", 48},
};

/* The engine has all of its instructions; those of a vector extension are worth nothing without V. */
static bool has_ext(const struct guest *g, const char *ext)
{
    bool known = false;
    if (!strncmp(ext, "Zv", 2) && !has_ext(g, "V")) return false;
    for (unsigned i = 0; i < g->nexts && !known; i++) known = !strcmp(g->exts[i].name, ext);
    for (unsigned i = 0; i < g->nrows && known; i++)
        known = !g->rows[i].absent || strcmp(g->rows[i].ext, ext) != 0;
    return known;
}

static uint64_t probe_exts(const struct guest *g)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < ARRAY_LEN(probe_bits); i++)
        if (has_ext(g, probe_bits[i].ext)) bits |= 1ull << probe_bits[i].bit;
    return bits;
}

/* ---- riscv_hwprobe ---- */

enum probe_key {
    PROBE_VENDOR = 0,
    PROBE_ARCH = 1,
    PROBE_IMP = 2,
    PROBE_BASE = 3,
    PROBE_EXT_0 = 4,
    PROBE_CPUPERF_0 = 5,
    PROBE_ZICBOZ_BLOCK = 6,
    PROBE_HIGHEST_ADDRESS = 7,
    PROBE_TIME_FREQ = 8,
    PROBE_MISALIGNED_SCALAR = 9,
    PROBE_MISALIGNED_VECTOR = 10,
};
enum {
    PROBE_IMA = 1,
    MISALIGNED_FAST = 3,
    MISALIGNED_UNSUPPORTED = 4,
    CACHE_BLOCK = 64,
    TIME_FREQ = 1000000000
};

static bool probe_value(const struct guest *g, int64_t key, uint64_t *value)
{
    switch (key) {
    case PROBE_VENDOR: /* as mvendorid and the others read: not said */
    case PROBE_ARCH:
    case PROBE_IMP: *value = 0; return true;
    case PROBE_BASE: *value = PROBE_IMA; return true;
    case PROBE_EXT_0: *value = probe_exts(g); return true;
    case PROBE_CPUPERF_0:
    case PROBE_MISALIGNED_SCALAR: *value = MISALIGNED_FAST; return true;
    case PROBE_ZICBOZ_BLOCK: *value = CACHE_BLOCK; return true;
    case PROBE_HIGHEST_ADDRESS: *value = (1ull << MEM_WINDOW_BITS) - 1; return true;
    case PROBE_TIME_FREQ: *value = TIME_FREQ; return true;
    case PROBE_MISALIGNED_VECTOR: *value = MISALIGNED_UNSUPPORTED; return true;
    default: *value = 0; return false;
    }
}

/* Whether a processor with our values passes for the pair: all bits of bit-like keys, the value of others. */
static bool probe_matches(int64_t key, uint64_t ours, uint64_t asked)
{
    bool bits = key == PROBE_BASE || key == PROBE_EXT_0 || key == PROBE_CPUPERF_0;
    return bits ? (ours & asked) == asked : ours == asked;
}

/* RISCV_HWPROBE_WHICH_CPUS: all our processors are the same, so the set stays, or becomes empty. */
static int64_t probe_which(struct user_thread *t, uint64_t pairs, uint64_t count, uint64_t size,
                           uint64_t cpus)
{
    int64_t pair[2];
    uint64_t ours, set[16] = {0};
    bool match = true;
    if (!size || size > sizeof(set) || !cpus) return -EINVAL;
    for (uint64_t i = 0; i < count; i++) {
        if (user_read(t->p, pairs + i * sizeof(pair), pair, sizeof(pair))) return -EFAULT;
        bool known = probe_value(t->p->guest, pair[0], &ours);
        match = match && known && probe_matches(pair[0], ours, (uint64_t)pair[1]);
        const int64_t unknown[2] = {-1, 0};
        if (!known && user_write(t->p, pairs + i * sizeof(pair), unknown, sizeof(unknown))) return -EFAULT;
    }
    if (user_read(t->p, cpus, set, size)) return -EFAULT;
    bool empty = true;
    for (size_t i = 0; i < ARRAY_LEN(set); i++) empty = empty && !set[i];
    cpu_set_t all;
    memset(set, 0, match ? 0 : sizeof(set));
    if (match && empty && !sched_getaffinity(0, sizeof(all), &all)) memcpy(set, &all, sizeof(set));
    return user_write(t->p, cpus, set, size);
}

int64_t user_riscv_hwprobe(struct user_thread *t, const uint64_t a[6])
{
    int64_t pair[2];
    if (a[4] == 1) return probe_which(t, a[0], a[1], a[2], a[3]);
    if (a[4] || (!a[2] != !a[3])) return -EINVAL;
    for (uint64_t i = 0; i < a[1]; i++) {
        uint64_t at = a[0] + i * sizeof(pair), value;
        if (user_read(t->p, at, pair, sizeof(pair))) return -EFAULT;
        if (!probe_value(t->p->guest, pair[0], &value)) pair[0] = -1;
        pair[1] = (int64_t)value;
        if (user_write(t->p, at, pair, sizeof(pair))) return -EFAULT;
    }
    return 0;
}

/* ---- riscv_flush_icache ---- */

/* Other threads drop old translations when they next enter guest code, so those that are in it have to come
 * out. */
static void look_again(struct user_thread *t)
{
    struct user_process *p = t->p;
    uint64_t epoch = mem_code_epoch(&p->mem);
    pthread_mutex_lock(&p->lock);
    bool done = p->flushed == epoch;
    pthread_mutex_unlock(&p->lock);
    if (done) return;
    world_stop(t);
    p->flushed = epoch;
    world_go_on(t);
}

int64_t user_riscv_flush_icache(struct user_thread *t, const uint64_t a[6])
{
    const uint64_t local = 1; /* SYS_RISCV_FLUSH_ICACHE_LOCAL */
    uint64_t size = a[1] > a[0] ? a[1] - a[0] : 0;
    if (a[2] & ~local) return -EINVAL;
    /* what was written here is known already; what was written by another mapping is not */
    if (size && space_inside(a[0], size)) (void)mem_unwatch(&t->p->mem, a[0], size);
    if (!(a[2] & local)) look_again(t);
    return 0;
}

/* ---- /proc/cpuinfo ---- */

void cpuinfo_riscv64(const struct user_process *p, unsigned cpu, struct buf *out)
{
    static const char single[] = "IMAFDCV";
    const struct guest *g = p->guest;
    buf_printf(out, "processor\t: %u\nhart\t\t: %u\nisa\t\t: rv64", cpu, cpu);
    for (const char *s = single; *s; s++)
        if (has_ext(g, (const char[2]){*s})) buf_char(out, (char)(*s | 0x20));
    for (unsigned i = 0; i < g->nexts; i++) {
        const char *name = g->exts[i].name;
        if (name[0] != 'Z' || !has_ext(g, name)) continue;
        buf_str(out, "_z");
        buf_str(out, name + 1);
    }
    buf_str(out, "\nmmu\t\t: sv39\nuarch\t\t: lockstep\n\n");
}
