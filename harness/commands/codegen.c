/* lockstep codegen: the size of the host code of each row against what was agreed on. */
#include "harness/clock/codegen.h"
#include "harness/clock/process.h"
#include "harness/commands/program.h"
#include "harness/run/plan.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What came out, of all pins of an ISA. */
struct codegen_sum {
    unsigned grew, shrank, missing; /* pins */
    int insns[2], bytes[2];         /* sums: pinned, now; of pins that have both */
};

static const char *name_of(const struct codegen_pins *p, const struct codegen_pin *q)
{
    return q->row < 0 ? "every block" : p->guest->rows[q->row].id;
}

static void print_pin(struct program *p, const struct codegen_pins *pins, const struct codegen_pin *q)
{
    const char *name = name_of(pins, q);
    if (q->at.line)
        fprintf(p->out, "%s:%d: %s %s: %s%s%d -> %d instructions, %d -> %d bytes\n", q->at.file, q->at.line,
                name, codegen_grew(q) ? "grew" : "shrank", q->code, *q->code ? ": " : "", q->size.insns,
                q->now.insns, q->size.bytes, q->now.bytes);
    else
        fprintf(p->out, "%s has no pin: %s%s%d instructions, %d bytes\n", name, q->code, *q->code ? ": " : "",
                q->now.insns, q->now.bytes);
}

static struct codegen_sum compare(struct program *p, const struct codegen_pins *pins)
{
    struct codegen_sum v = {0};
    for (unsigned i = 0; i < pins->n; i++) {
        const struct codegen_pin *q = &pins->pins[i];
        if (!codegen_same(q)) print_pin(p, pins, q);
        v.missing += !q->at.line;
        if (!q->at.line) continue;
        v.grew += codegen_grew(q);
        v.shrank += !codegen_grew(q) && !codegen_same(q);
        v.insns[0] += q->size.insns;
        v.insns[1] += q->now.insns;
        v.bytes[0] += q->size.bytes;
        v.bytes[1] += q->now.bytes;
    }
    fprintf(p->out,
            "%s: %u pins: %u grew, %u shrank, %u missing; in all %d -> %d instructions, %d -> %d bytes\n",
            pins->guest->name, pins->n, v.grew, v.shrank, v.missing, v.insns[0], v.insns[1], v.bytes[0],
            v.bytes[1]);
    return v;
}

/* The reason stands with what grew, and goes when it no longer holds. */
static void explain_growth(struct codegen_pins *pins, const char *why)
{
    for (unsigned i = 0; i < pins->n; i++) {
        struct codegen_pin *q = &pins->pins[i];
        if (codegen_grew(q))
            q->why = why;
        else if (!codegen_same(q))
            q->why = NULL;
    }
}

/* The old file stays until the new one is whole. */
static int write_pins(struct program *p, const struct codegen_pins *pins, const char *path)
{
    char *text = NULL;
    size_t n;
    FILE *f = open_memstream(&text, &n);
    bool good = f != NULL;
    if (good) codegen_write(pins, path, f);
    if (good) good = !fclose(f);
    int err = good ? file_save(path, text, n) : -ENOMEM;
    free(text);
    return err ? complain(p, STATUS_HARNESS, "cannot write %s: %s", path, strerror(-err)) : STATUS_PASS;
}

static int interrupted(struct program *p, const struct stops *stops)
{
    return complain(p, STATUS_HARNESS, "interrupted by %s: not everything is compared", stops_name(stops));
}

/* Who stops us finds the old file or the new one, whole. */
static int settle(struct program *p, struct codegen_pins *pins, const char *path, struct stops *stops)
{
    if (stops_wait(stops, 0)) return interrupted(p, stops);
    struct codegen_sum v = compare(p, pins);
    if (!v.grew && !v.shrank && !v.missing) return STATUS_PASS;
    if (!p->opt.pin)
        return complain(p, STATUS_FAIL, "not as pinned; if it is meant so: lockstep codegen --pin%s",
                        v.grew ? " --why REASON" : "");
    if (v.grew && !p->opt.why) return complain(p, STATUS_FAIL, "--pin wants --why REASON for what grew");
    explain_growth(pins, p->opt.why);
    return write_pins(p, pins, path);
}

static int one_isa(struct program *p, const struct guest *g, const char *folder, struct stops *stops)
{
    struct diag d = {.out = p->err};
    struct codegen_pins pins = {.guest = g, .arena = &p->arena};
    const char *why, *path = arena_printf(&p->arena, "%s/%s.yaml", folder, g->name);
    struct codegen_meter *m = codegen_meter_open(g, &why);
    if (!m) return complain(p, STATUS_HARNESS, "%s: cannot be measured: %s", g->name, why);
    bool fresh = p->opt.pin && access(path, F_OK);
    bool good = fresh || codegen_read(&pins, path, g, &p->arena, &d);
    good = good && codegen_add_missing(&pins, &d) && codegen_measure_all(&pins, m, &d);
    codegen_meter_close(m);
    diag_free(&d);
    return good ? settle(p, &pins, path, stops) : STATUS_USAGE;
}

int cmd_codegen(struct program *p)
{
    const struct options *o = &p->opt;
    const char *folder = o->pins ? o->pins : project_file(p, "bench/codegen");
    int worst = STATUS_PASS;
    if (!folder) return complain(p, STATUS_USAGE, "there is no folder bench/codegen here; say --pins DIR");
    if (o->why && (!o->pin || !*o->why)) return complain(p, STATUS_USAGE, "--why is a reason for --pin");
    for (unsigned i = 0; i < o->args.n; i++)
        if (!program_guest(p, o->args.items[i])) return STATUS_USAGE;
    struct stops stops;
    stops_open(&stops);
    for (unsigned i = 0; guest_all[i] && !stops.signal; i++) {
        bool wanted = !o->args.n && guest_all[i]->lift;
        for (unsigned k = 0; k < o->args.n; k++) wanted |= !strcmp(o->args.items[k], guest_all[i]->name);
        int status = wanted ? one_isa(p, guest_all[i], folder, &stops) : STATUS_PASS;
        if (status > worst) worst = status;
    }
    stops_close(&stops);
    return worst;
}
