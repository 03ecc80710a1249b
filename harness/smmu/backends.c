/* The table of who runs scenarios, and a seat of any of them. */
#include "harness/smmu/backends.h"

#include <stdlib.h>

const struct backend *const scn_backends[] = {&scn_model.backend, &scn_reference.backend, &scn_qemu.backend,
                                              NULL};

struct seat {
    const struct scn_backend *who; /* sits there */
    void *own;                     /* what it holds */
};

static const struct scn_backend *of(const struct backend *b)
{
    return container_of(b, const struct scn_backend, backend);
}

const char *scn_cannot_run(const struct backend *b)
{
    return of(b)->cannot_run ? of(b)->cannot_run() : NULL;
}

void *scn_open(const struct backend *b, unsigned subject, const char **why)
{
    void *own = of(b)->open(why);
    if (!own) return NULL;
    struct seat *s = xcalloc(1, sizeof(*s));
    *s = (struct seat){of(b), own};
    return s;
}

void scn_run(void *seat, const struct test_case *c, struct outcome *o)
{
    struct seat *s = seat;
    s->who->run(s->own, c, o);
}

void scn_close(void *seat)
{
    struct seat *s = seat;
    s->who->close(s->own);
    free(s);
}
