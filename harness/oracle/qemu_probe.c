/* What QEMU there is, and what it can: found out once, by trying. */
#include "harness/oracle/qemu.h"

#include "harness/generate/generate.h"

#include <stdlib.h>
#include <string.h>

enum { ATTEMPTS = 4 }; /* cases of a row: some fault as they should */

/* The first model that starts. */
static void find_model(struct qemu_facts *f, const struct guest *g)
{
    for (const struct qemu_model *m = f->isa->models; m->cpu && !f->model; m++) {
        struct qemu_process p;
        if (!qemu_start(&p, g, f->isa, m, &f->why)) continue;
        qemu_stop(&p);
        f->model = m;
    }
}

/* Some generated case of the row does not end in an illegal instruction. Of those that nothing but their
 * address makes fault. */
static bool row_runs(struct runner *r, const struct generator *gen, unsigned row)
{
    struct gen_plan *plan = xmalloc(sizeof(*plan));
    struct gen_out *out = xmalloc(sizeof(*out));
    bool runs = false;
    bool known = gen_plan_init(plan, gen, row);
    for (unsigned n = 0, tried = 0; known && tried < ATTEMPTS && !runs; n++) {
        struct outcome o;
        if (!gen_crosses_classes(plan, n)) continue;
        tried++;
        gen_case(plan, n, "", out);
        runner_run(r, &out->c, &o);
        runs = o.unsupported || o.exit.kind != EXIT_FAULT || o.exit.executed ||
               o.exit.cause != gen->guest->cause_of_access[0];
    }
    free(out);
    free(plan);
    return runs;
}

/* An extension is there when some row of it runs: if only others do not, that is a difference to be seen. */
static void find_missing(struct qemu_facts *f, const struct guest *g, struct runner *r)
{
    const struct generator gen = {.guest = g};
    for (unsigned e = 0; e < g->nexts; e++) {
        unsigned rows = 0;
        bool runs = false;
        for (unsigned i = 0; i < g->nrows && !runs; i++) {
            if (g->rows[i].absent || strcmp(g->rows[i].ext, g->exts[e].name) != 0) continue;
            rows++;
            runs = row_runs(r, &gen, i);
        }
        f->missing[e] = rows && !runs;
    }
}

const struct qemu_facts *qemu_facts(const struct guest *g, const struct qemu_isa *isa,
                                    const struct backend *unprobed)
{
    static struct qemu_facts all[QEMU_GUESTS]; /* starting QEMU takes milliseconds: once a program */
    unsigned i = 0;
    while (i < QEMU_GUESTS && all[i].isa && all[i].isa != isa) i++;
    BUG_ON(i == QEMU_GUESTS || g->nexts > QEMU_EXTS);
    struct qemu_facts *f = &all[i];
    if (f->isa) return f;
    f->isa = isa;
    find_model(f, g);
    struct runner *r = f->model ? runner_open(unprobed, g, &f->why) : NULL;
    if (r) find_missing(f, g, r);
    runner_close(r);
    return f;
}

/* "qemu-riscv64 version 7.2.22 (Debian 1:7.2+dfsg-7)" */
bool qemu_read_version(const struct qemu_isa *isa, char *to, size_t size)
{
    char command[64];
    snprintf(command, sizeof(command), "qemu-%s --version 2>&1", isa->guest);
    FILE *out = popen(command, "re");
    *to = 0;
    while (out && fgets(to, (int)size, out)) {
        char *at = strstr(to, " version ");
        if (!at) continue;
        memmove(to, at + 9, strlen(at + 9) + 1);
        to[strcspn(to, "\n")] = 0;
        break;
    }
    return out && !pclose(out) && *to;
}
