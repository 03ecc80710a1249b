/* Which backends a plan means. Of each kind of case that its corpora hold: those it names, else all of their
 * role that can run here. Names are one namespace; naming some restricts their own kind only.
 */
#include "harness/kinds/kind.h"
#include "harness/run/plan.h"

#include <string.h>

const struct backend *plan_backend(const struct program *p, unsigned i, const struct case_kind **kind)
{
    unsigned n = 0;
    *kind = &kind_instruction;
    for (; p->backends[n]; n++)
        if (n == i) return p->backends[n];
    for (unsigned k = 1; kind_all[k]; k++)
        for (unsigned b = 0; kind_all[k]->backends[b]; b++)
            if (n++ == i) {
                *kind = kind_all[k];
                return kind_all[k]->backends[b];
            }
    return NULL;
}

const struct backend *plan_backend_named(const struct program *p, const char *name,
                                         const struct case_kind **kind)
{
    const struct backend *b;
    for (unsigned i = 0; (b = plan_backend(p, i, kind)); i++)
        if (!strcmp(b->name, name)) break;
    return b;
}

/* A kind as lineups have it. */
static const struct case_kind *entry_kind(const struct case_kind *k)
{
    return k == &kind_instruction ? NULL : k;
}

/* Takes a backend in; one that is there already keeps its first role. */
static int add_entry(struct program *p, struct plan *plan, const struct backend *b,
                     const struct case_kind *kind, bool oracle)
{
    struct lineup *l = &plan->lineup;
    for (unsigned i = 0; i < l->n; i++) {
        if (l->entries[i].backend != b) continue;
        if (!oracle || l->entries[i].oracle) return 0;
        return complain(p, STATUS_USAGE, "'%s' cannot be under test and the oracle too", b->name);
    }
    if (l->n == LINEUP_MAX) return complain(p, STATUS_USAGE, "more than %d backends", LINEUP_MAX);
    l->entries[l->n++] = (struct lineup_entry){b, oracle, entry_kind(kind)};
    return 0;
}

/* A name stands for a backend; *why when it cannot run here. An exit status, after a complaint. */
static int look_up(struct program *p, const char *name, const char **why)
{
    const char *names[32];
    size_t n = 0;
    const struct case_kind *kind;
    const struct backend *b = plan_backend_named(p, name, &kind);
    for (const struct backend *each; n < ARRAY_LEN(names) && (each = plan_backend(p, (unsigned)n, &kind));
         n++)
        names[n] = each->name;
    if (!b) return complain_name(p, "backend", name, names, n);
    *why = backend_cannot_run(b);
    return 0;
}

/* The same for one that must be able to. */
static int check_name(struct program *p, const char *name)
{
    const char *why = NULL;
    int status = look_up(p, name, &why);
    return why ? complain(p, STATUS_HARNESS, "backend '%s' cannot be used: %s", name, why) : status;
}

/* Oracles that take part where they can become named ones; of others it is said why they do not. */
static int add_optional(struct program *p, struct plan *plan)
{
    int status = 0;
    for (unsigned i = 0; i < plan->optional.n && !status; i++) {
        const char *why = NULL, *name = plan->optional.items[i];
        status = look_up(p, name, &why);
        if (why) (void)complain(p, 0, "'%s' takes no part: %s", name, why);
        if (why || status) continue;
        if (plan->oracles.n == 1 && !strcmp(plan->oracles.items[0], "none")) plan->oracles.n = 0;
        list_add(p, &plan->oracles, name);
    }
    plan->optional.n = 0;
    return status;
}

static int check_names(struct program *p, const struct plan *plan, bool no_oracle)
{
    const struct text_list *tested = &plan->backends, *oracles = &plan->oracles;
    int status = 0;
    for (unsigned i = 0; i < tested->n && !status; i++) status = check_name(p, tested->items[i]);
    for (unsigned i = 0; i < oracles->n && !no_oracle && !status; i++)
        status = check_name(p, oracles->items[i]);
    return status;
}

/* Those of a kind that are named, or all of this role that run here, but for those that want to be named. */
static int add_kind(struct program *p, struct plan *plan, const struct case_kind *kind, bool oracle)
{
    const struct text_list *named = oracle ? &plan->oracles : &plan->backends;
    const struct case_kind *its;
    const struct backend *b;
    bool any = false;
    int status = 0;
    for (unsigned i = 0; i < named->n && !status; i++) {
        b = plan_backend_named(p, named->items[i], &its);
        if (!b || its != kind) continue;
        any = true;
        status = add_entry(p, plan, b, kind, oracle);
    }
    for (unsigned i = 0; !any && !status && (b = plan_backend(p, i, &its)); i++)
        if (its == kind && b->oracle == oracle && !b->on_request && !backend_cannot_run(b))
            status = add_entry(p, plan, b, kind, oracle);
    return status;
}

int plan_settle(struct program *p, struct plan *plan, uint64_t kinds)
{
    bool no_oracle = plan->oracles.n == 1 && !strcmp(plan->oracles.items[0], "none");
    int status = 0;
    plan->lineup.n = 0;
    for (unsigned k = 0; kind_all[k] && !status; k++)
        if (kinds >> k & 1) status = add_kind(p, plan, kind_all[k], false);
    for (unsigned k = 0; kind_all[k] && !status && !no_oracle; k++)
        if (kinds >> k & 1) status = add_kind(p, plan, kind_all[k], true);
    return status;
}

int plan_find_backends(struct program *p, struct plan *plan)
{
    int status = add_optional(p, plan);
    bool no_oracle = plan->oracles.n == 1 && !strcmp(plan->oracles.items[0], "none");
    if (!status) status = check_names(p, plan, no_oracle);
    if (!status) status = plan_settle(p, plan, 1);
    if (status || plan->lineup.n) return status;
    return complain(p, STATUS_HARNESS, "no backend can run here");
}
