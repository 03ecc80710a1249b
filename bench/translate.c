/* Translation in the first tier, whole and by stage, of a real program's code; and the pause when the cache
 * is full.
 *
 * The code is all of bench/programs/strings with the C library in it, from every place where a block may
 * begin: behind each jump and branch, and where those lead. Nothing of it runs.
 */
#include "bench/bench.h"
#include "bench/machine.h"

#include "engine/jit/internal.h"
#include "harness/exec/symbols.h"
#include "harness/clock/stats.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the code ---- */

struct program {
    struct mem mem;
    struct vcpu *cpu;
    uint64_t *starts; /* n of them */
    size_t n;
};

static void add_start(struct program *p, uint64_t pc)
{
    if (p->n % 4096 == 0) p->starts = xrealloc(p->starts, (p->n + 4096) * sizeof(*p->starts));
    p->starts[p->n++] = pc;
}

/* Every place in [pc, end) behind a jump or a branch. */
static void find_starts(struct program *p, uint64_t pc, uint64_t end)
{
    const struct guest *g = p->cpu->guest;
    bool jumped = true;
    for (uint32_t word; pc < end && !mem_read(&p->mem, pc, &word, sizeof(word)); pc += g->length(word)) {
        int row = g->decode(word);
        if (jumped && row >= 0) add_start(p, pc);
        jumped = row < 0 || g->rows[row].effects & EFFECT_JUMP;
    }
}

/* In all sections of code. The file is our own: what it says of itself is true. */
static void find_all_starts(struct program *p, const struct elf_file *f)
{
    const Elf64_Ehdr *h = (const void *)f->p;
    const Elf64_Shdr *sections = (const void *)(f->p + h->e_shoff);
    for (unsigned i = 0; i < h->e_shnum; i++)
        if (sections[i].sh_flags & SHF_EXECINSTR)
            find_starts(p, sections[i].sh_addr, sections[i].sh_addr + sections[i].sh_size);
}

/* NULL, or why not. */
static const char *program_open(struct program *p, const struct jit_options *o, const void *arg)
{
    char path[4096], file[128];
    struct elf_file f = {0};
    *p = (struct program){0};
    mem_init(&p->mem);
    p->cpu = vcpu_new(guest_find("riscv64"), &p->mem);
    if (!p->cpu) return "no memory";
    p->cpu->options = o;
    snprintf(file, sizeof(file), "bench-programs/%s", bench_get(arg, "program", ""));
    if (!bench_beside(path, sizeof(path), file) || elf_open(&f, path)) return "its program was not built";
    bool ok = !mem_window_open(&p->mem) && !elf_map(&f, &p->mem) && !backend_jit.open(p->cpu);
    if (ok) find_all_starts(p, &f);
    elf_close(&f);
    return ok ? NULL : "the machine cannot be set up";
}

static void program_close(struct program *p)
{
    if (p->cpu && p->cpu->backend) backend_jit.close(p->cpu);
    if (p->cpu) vcpu_free(p->cpu);
    mem_free(&p->mem);
    free(p->starts);
}

/* A block at each start from `from` to `to`, if there is none. */
static void translate_some(struct program *p, size_t from, size_t to)
{
    struct jit *j = p->cpu->backend;
    jit_check_key(p->cpu);
    for (size_t i = from; i < to; i++)
        if (!jit_find(j, p->starts[i], j->key)) jit_translate(p->cpu, p->starts[i], JIT_MAX_INSNS);
}

/* ---- translation ---- */

static void count(struct bench_state *s, const struct program *p, uint64_t ns)
{
    const struct jit_stats *st = jit_stats(p->cpu);
    double n = (double)st->guest_insns;
    bench_items(s, st->guest_insns);
    bench_counter(s, "ns_an_insn", (double)ns / n);
    bench_counter(s, "host_bytes_an_insn", (double)st->host_bytes / n);
    bench_counter(s, "insns_a_block", n / (double)st->blocks);
}

/* The stages are told by the clock, which others that run on this processor make go faster: each gets its
 * share of the processor's time. Reading the clock is part of them, so this one has a benchmark of its own.
 */
static void stages(struct bench_state *s, const struct program *p, uint64_t ns)
{
    static const char *const names[] = {"ns_decode_lift", "ns_optimise", "ns_emit", "ns_install"};
    const struct jit_stats *st = jit_stats(p->cpu);
    uint64_t sum = 0;
    for (int i = 0; i < 4; i++) sum += st->translate_ns[i];
    for (int i = 0; i < 4; i++)
        bench_counter(s, names[i],
                      (double)st->translate_ns[i] / (double)sum * (double)ns / (double)st->guest_insns);
}

static void translate(struct bench_state *s, const void *arg)
{
    const struct jit_options o = {.timed = !strcmp(bench_get(arg, "stages", "false"), "true")};
    struct program p;
    const char *why = program_open(&p, &o, arg);
    if (why) bench_skip(s, why);
    const size_t planted = bench_work(p.n) - p.n;
    uint64_t start = bench_now();
    while (!why && bench_next(s)) {
        translate_some(&p, 0, p.n);
        jit_flush(p.cpu->backend);
        if (planted) {
            translate_some(&p, 0, planted);
            jit_flush(p.cpu->backend);
        }
    }
    uint64_t ns = bench_now() - start;
    if (!why) count(s, &p, ns);
    if (!why && o.timed) stages(s, &p, ns);
    program_close(&p);
}

/* What of decoding and lifting is decoding: reading the code, and finding the row of each instruction. */
static void decode(struct bench_state *s, const void *arg)
{
    const struct jit_options o = {0};
    struct program p;
    const char *why = program_open(&p, &o, arg);
    uint64_t n = 0, rows = 0, start = bench_now();
    if (why) bench_skip(s, why);
    while (!why && bench_next(s)) {
        struct jit_reader r = {.c = p.cpu, .watched = ~0ull};
        for (size_t i = 0, left = bench_work(p.n - 1); left; left--, i = i + 2 < p.n ? i + 1 : 0) {
            uint32_t word;
            unsigned length;
            for (uint64_t pc = p.starts[i]; pc < p.starts[i + 1]; pc += length, n++) {
                length = jit_read_insn(&r, pc, &word);
                rows += p.cpu->guest->decode(word) >= 0;
                if (!length) break;
            }
        }
    }
    if (n) {
        bench_items(s, n);
        bench_counter(s, "ns_an_insn", (double)(bench_now() - start) / (double)n);
        bench_counter(s, "decoded", (double)rows / (double)n); /* also so that nothing of it is left out */
    }
    program_close(&p);
}

/* ---- a full cache ---- */

/* All code goes through a cache that holds little of it, in parts. Any pause may have waited for a processor,
 * so of the longest one of each part nine in ten count. */
static void reclaim(struct bench_state *s, const void *arg)
{
    enum { PARTS = 100 };
    const struct jit_options o = {.cache_size = bench_get_number(arg, "cache", 64 << 10), .timed = true};
    struct program p;
    const char *why = program_open(&p, &o, arg);
    double longest[PARTS], pauses = 0, ns = 0;
    if (why) bench_skip(s, why);
    while (!why && bench_next(s)) {
        struct jit_stats *st = &((struct jit *)p.cpu->backend)->stats;
        for (size_t i = 0; i < PARTS; i++) {
            *st = (struct jit_stats){0};
            translate_some(&p, p.n * i / PARTS, p.n * (i + 1) / PARTS);
            pauses += (double)st->reclaims;
            ns += (double)st->reclaim_ns;
            longest[i] = (double)st->reclaim_ns_max;
        }
    }
    if (pauses > 0) {
        qsort(longest, PARTS, sizeof(longest[0]), stats_ascending);
        bench_items(s, (uint64_t)pauses);
        bench_counter(s, "pause_ns", ns / pauses);
        bench_counter(s, "pause_ns_longest", longest[PARTS * 9 / 10]);
    }
    program_close(&p);
}

static const struct schema_key keys[] = {
    {"program", &bench_text, true, "A file of bench/programs, without its suffix."},
    {"stages", &bench_yes_no, false, "The time of each is told, which costs some."},
};
static const struct schema_key reclaim_keys[] = {
    {"program", &bench_text, true, "A file of bench/programs, without its suffix."},
    {"cache", &bench_number, true, "Bytes of code that it holds."},
};

const struct bench_kind translate_kinds[] = {
    {"translation", translate, bench_register, keys, ARRAY_LEN(keys)},
    {"decoding", decode, bench_register, keys, 1},
    {"reclaiming", reclaim, bench_register, reclaim_keys, ARRAY_LEN(reclaim_keys)},
    {NULL, NULL, NULL, NULL, 0},
};
