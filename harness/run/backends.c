/* The backends there are, and which of them a plan means.
 *
 * To add a backend: its declaration in harness.h, its line here.
 */
#include "harness/run/plan.h"

#include <string.h>

const struct backend *const backend_all[] = {&backend_interp, &backend_jit, &backend_unicorn, &backend_qemu,
                                             NULL};

static const struct backend *find_in(const struct backend *const *all, const char *name)
{
    for (; *all; all++)
        if (!strcmp((*all)->name, name)) return *all;
    return NULL;
}

const struct backend *backend_find(const char *name)
{
    return find_in(backend_all, name);
}

const char *backend_cannot_run(const struct backend *b)
{
    const char *why = "there is no guest";
    for (unsigned i = 0; guest_all[i]; i++) {
        why = "it cannot run here";
        if (!b->probe || !b->probe(guest_all[i], &why)) return NULL;
    }
    return why;
}

/* Takes a backend in; one that is there already keeps its first role. */
static int add_entry(struct program *p, struct plan *plan, const struct backend *b, bool oracle)
{
    struct lineup *l = &plan->lineup;
    for (unsigned i = 0; i < l->n; i++)
        if (l->entries[i].backend == b) return 0;
    if (l->n == LINEUP_MAX) return complain(p, STATUS_USAGE, "more than %d backends", LINEUP_MAX);
    l->entries[l->n++] = (struct lineup_entry){b, oracle};
    return 0;
}

static int add_named(struct program *p, struct plan *plan, const char *name, bool oracle)
{
    const char *names[16], *why;
    size_t n = 0;
    const struct backend *b = find_in(p->backends, name);
    for (; n < ARRAY_LEN(names) && p->backends[n]; n++) names[n] = p->backends[n]->name;
    if (!b) return complain_name(p, "backend", name, names, n);
    why = backend_cannot_run(b);
    if (why) return complain(p, STATUS_HARNESS, "backend '%s' cannot be used: %s", name, why);
    for (unsigned i = 0; oracle && i < plan->lineup.n; i++)
        if (plan->lineup.entries[i].backend == b && !plan->lineup.entries[i].oracle)
            return complain(p, STATUS_USAGE, "'%s' cannot be under test and the oracle too", name);
    return add_entry(p, plan, b, oracle);
}

/* All backends of a role that run here, but for those that want to be named. */
static int add_default(struct program *p, struct plan *plan, bool oracle)
{
    int status = 0;
    for (unsigned i = 0; p->backends[i] && !status; i++)
        if (p->backends[i]->oracle == oracle && !p->backends[i]->on_request &&
            !backend_cannot_run(p->backends[i]))
            status = add_entry(p, plan, p->backends[i], oracle);
    return status;
}

int plan_find_backends(struct program *p, struct plan *plan)
{
    int status = 0;
    bool no_oracle = plan->oracles.n == 1 && !strcmp(plan->oracles.items[0], "none");
    for (unsigned i = 0; i < plan->backends.n && !status; i++)
        status = add_named(p, plan, plan->backends.items[i], false);
    if (!plan->backends.n && !status) status = add_default(p, plan, false);
    if (!status && !plan->lineup.n) return complain(p, STATUS_HARNESS, "no backend can run here");
    for (unsigned i = 0; i < plan->oracles.n && !no_oracle && !status; i++)
        status = add_named(p, plan, plan->oracles.items[i], true);
    if (!plan->oracles.n && !status) status = add_default(p, plan, true);
    return status;
}
