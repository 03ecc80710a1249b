/* The backends there are. run/choose.c: which of them a plan means.
 *
 * To add a backend: its declaration in harness.h, its line here.
 */
#include "harness/harness.h"

#include <string.h>

const struct backend *const backend_all[] = {&backend_interp, &backend_jit, &backend_unicorn, &backend_qemu,
                                             NULL};

const struct backend *backend_find(const char *name)
{
    for (unsigned i = 0; backend_all[i]; i++)
        if (!strcmp(backend_all[i]->name, name)) return backend_all[i];
    return NULL;
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
