/* The backends there are for instructions; those of other kinds of cases are in their kind's table.
 * run/choose.c: which of them a plan means.
 *
 * To add a backend: its declaration in harness.h, its line here.
 */
#include "harness/harness.h"
#include "harness/kinds/kind.h"

#include <string.h>

const struct backend *const backend_all[] = {&backend_interp, &backend_jit, &backend_unicorn, &backend_qemu,
                                             NULL};

const struct backend *backend_find(const char *name)
{
    for (unsigned i = 0; backend_all[i]; i++)
        if (!strcmp(backend_all[i]->name, name)) return backend_all[i];
    for (unsigned k = 1; kind_all[k]; k++)
        for (unsigned i = 0; kind_all[k]->backends[i]; i++)
            if (!strcmp(kind_all[k]->backends[i]->name, name)) return kind_all[k]->backends[i];
    return NULL;
}

const char *backend_cannot_run(const struct backend *b)
{
    const struct case_kind *kind = kind_of_backend(b);
    const char *why = "there is no guest";
    if (kind != &kind_instruction) return kind->cannot_run ? kind->cannot_run(b) : NULL;
    for (unsigned i = 0; guest_all[i]; i++) {
        why = "it cannot run here";
        if (!b->probe || !b->probe(guest_all[i], &why)) return NULL;
    }
    return why;
}
