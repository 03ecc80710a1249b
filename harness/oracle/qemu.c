/* QEMU's user mode as a backend: a process of qemu-<isa> for each vcpu, that runs case after case.
 *
 * The process executes a small program of ours (qemu_process.c), with a plugin of ours in QEMU itself
 * (plugin/) that ends runs after exactly their budget. Registers go in and out in the frames of signals
 * (qemu_frame.c), memory is shared (qemu_mem.c), and what ended a run is the signal that did (qemu_exit.c).
 * Nothing of it is about an ISA but a few lines of assembly and the layout of its frame (qemu_<isa>.c).
 */
#include "harness/oracle/qemu.h"

#include "harness/harness.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct qemu_isa *const isas[] = {&qemu_riscv64};
static const struct backend unprobed;

static const struct qemu_isa *isa_find(const struct guest *g)
{
    for (size_t i = 0; i < ARRAY_LEN(isas); i++)
        if (!strcmp(isas[i]->guest, g->name)) return isas[i];
    return NULL;
}

/* ---- what cannot be run ---- */

static const char *row_refused(const struct qemu *q, const struct guest_row *row)
{
    const struct guest *g = q->cpu->guest;
    for (unsigned i = 0; i < g->ncauses; i++)
        if (row->raises >> i & 1 && g->causes[i].exit == EXIT_SYSCALL)
            return "QEMU's user mode would call Linux";
    for (unsigned i = 0; i < g->nexts; i++)
        if (q->without[i] && !strcmp(row->ext, g->exts[i].name)) return q->without[i];
    return NULL;
}

/* Looks through the code from pc on, as far as there are instructions. What a jump finds besides, the plugin
 * stops. */
static const char *scan(struct qemu *q)
{
    const struct vcpu *c = q->cpu;
    uint64_t at = c->state[c->guest->pc_word];
    const struct mem_region *r = mem_find(c->mem, at);
    if (q->scanned && q->scanned_at == at) return q->code_why;
    q->scanned = true;
    q->scanned_at = at;
    q->code_why = NULL;
    while (r && at - r->base < r->size && !q->code_why) {
        uint64_t left = r->size - (at - r->base);
        uint32_t word = 0;
        memcpy(&word, r->host + (at - r->base), left < sizeof(word) ? left : sizeof(word));
        int row = c->guest->decode(word);
        if (row < 0) break;
        q->code_why = row_refused(q, &c->guest->rows[row]);
        at += c->guest->length(word);
    }
    return q->code_why;
}

static const char *fixed_differs(struct qemu *q)
{
    for (unsigned i = 0; i < q->nfixed; i++) {
        unsigned w = q->fixed[i].word;
        if (q->cpu->state[w] != q->reset[w]) return q->fixed[i].why;
    }
    return NULL;
}

/* ---- the run ---- */

/* A new process where there is none: it has nothing mapped. */
static bool is_there(struct qemu *q, const char **why)
{
    if (q->process.pid) return true;
    qemu_stop(&q->process);
    q->nmaps = 0;
    q->map_epoch = 0; /* no struct mem has that */
    return qemu_start(&q->process, q->cpu->guest, q->isa, q->facts->model, why);
}

/* Brings QEMU to where the run starts. NULL, or why it cannot be brought there. */
static const char *prepare(struct qemu *q)
{
    const char *why = fixed_differs(q);
    if (why || !is_there(q, &why)) return why;
    why = qemu_map(q);
    if (why) return why;
    qemu_copy_in(q);
    return scan(q);
}

static const char *run(struct qemu *q, uint64_t budget)
{
    struct vcpu *c = q->cpu;
    const char *why = prepare(q);
    if (why || !budget) return why;
    qemu_forget(q);
    qemu_frame_write(&q->process, c->state);
    if (!qemu_resume(&q->process, budget)) return "QEMU would have called Linux";
    const uint8_t *frame = qemu_frame_latest(&q->process, c->state);
    qemu_copy_out(q);
    if (!frame) return "QEMU's signal left no frame";
    return qemu_leave(q, frame) ? NULL : "QEMU raised a signal that stands for no exit";
}

static void qemu_run(struct vcpu *c, uint64_t budget)
{
    struct qemu *q = c->backend;
    q->process.lost = NULL;
    c->exit = (struct cpu_exit){.kind = EXIT_BUDGET, .pc = c->state[c->guest->pc_word]};
    const char *why = run(q, budget), *lost = q->process.lost;
    if (why || lost)
        c->exit = (struct cpu_exit){.kind = EXIT_UNSUPPORTED, .why = lost ? lost : why, .lost = lost != NULL};
}

/* ---- a backend's life ---- */

static bool in_frame(const struct qemu *q, unsigned word)
{
    for (unsigned i = 0; i < q->process.nwords; i++)
        if (q->process.words[i].word == word) return true;
    return false;
}

/* Registers that QEMU cannot be given: they must be as after reset. */
static void list_fixed(struct qemu *q)
{
    const struct guest *g = q->cpu->guest;
    q->fixed = xcalloc(g->state_words, sizeof(*q->fixed));
    for (unsigned i = 0; i < g->nregs; i++) {
        const struct guest_reg *r = &g->regs[i];
        const char *why = arena_printf(&q->text, "QEMU's user mode cannot be given %s", r->name);
        for (unsigned w = r->word; w < r->word + r->count * r->words; w++)
            if (!in_frame(q, w) && (r->zero < 0 || w != r->word + (unsigned)r->zero * r->words))
                q->fixed[q->nfixed++] = (struct qemu_fixed){w, why};
    }
}

static void list_missing(struct qemu *q)
{
    const struct guest *g = q->cpu->guest;
    for (unsigned i = 0; i < g->nexts; i++)
        if (q->facts->missing[i])
            q->without[i] = arena_printf(&q->text, "this QEMU has no %s", g->exts[i].name);
}

static void qemu_close(struct vcpu *c)
{
    struct qemu *q = c->backend;
    qemu_stop(&q->process);
    arena_free(&q->text);
    free(q->fixed);
    free(q->reset);
    free(q->maps);
    free(q);
    c->backend = NULL;
}

static int qemu_open(struct vcpu *c)
{
    struct qemu *q = xcalloc(1, sizeof(*q));
    const char *why;
    size_t bytes = c->guest->state_words * sizeof(uint64_t);
    c->backend = q;
    q->cpu = c;
    q->isa = isa_find(c->guest);
    q->facts = qemu_facts(c->guest, q->isa, &unprobed);
    q->reset = xmalloc(bytes);
    memcpy(q->reset, c->state, bytes);
    if (!q->facts->model || !qemu_start(&q->process, c->guest, q->isa, q->facts->model, &why)) {
        qemu_close(c);
        return -EIO;
    }
    list_fixed(q);
    list_missing(q);
    return 0;
}

static int qemu_probe(const struct guest *g, const char **why)
{
    const struct qemu_isa *isa = isa_find(g);
    *why = "there is no program for this guest in QEMU";
    if (!isa) return -ENOTSUP;
    const struct qemu_facts *f = qemu_facts(g, isa, &unprobed);
    if (f->why) *why = f->why;
    return f->model ? 0 : -ENOTSUP;
}

/* Asked once: it starts a program. */
static const char *qemu_version(void)
{
    static char text[128];
    static bool asked;
    for (size_t i = 0; i < ARRAY_LEN(isas) && !asked && !*text; i++)
        if (!qemu_read_version(isas[i], text, sizeof(text))) *text = 0;
    asked = true;
    return *text ? text : NULL;
}

/* For the probe itself, which asks what QEMU can do. */
static const struct backend unprobed = {
    .name = "qemu",
    .oracle = true,
    .open = qemu_open,
    .run = qemu_run,
    .close = qemu_close,
};

const struct backend backend_qemu = {
    .name = "qemu",
    .description = "QEMU's user mode",
    .oracle = true,
    .exact_budget = true,
    .on_request = true,
    .probe = qemu_probe,
    .open = qemu_open,
    .run = qemu_run,
    .close = qemu_close,
    .version = qemu_version,
};
