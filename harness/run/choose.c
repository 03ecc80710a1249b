/* Which backends a plan means: those it names, else all of their role that can run here. */
#include "harness/run/plan.h"

#include <string.h>

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
    const struct backend *b = NULL;
    for (; n < ARRAY_LEN(names) && p->backends[n]; n++) {
        names[n] = p->backends[n]->name;
        if (!strcmp(names[n], name)) b = p->backends[n];
    }
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
