/* Shrinking cases of other kinds than instructions: what is simpler is the kind's word, what fails the same
 * way is a trial's. Each case that does is begun from anew, until none of the simpler ones does.
 */
#include "harness/shrink/shrink.h"

#include "harness/kinds/kind.h"

#include <string.h>

void reduce_scenario(struct trial *t, const char *want, const struct test_case *c, unsigned most,
                     struct scenario_case *out)
{
    unsigned taken = 0, n = 0;
    *out = (struct scenario_case){.c = *c};
    while (c->kind->simpler && trial_count(t) < most) {
        struct arena *room = &out->rooms[taken % 2]; /* the other one holds the best */
        struct test_case next = out->c;
        arena_reset(room);
        if (!c->kind->simpler(&out->c, n, room, &next)) break;
        if (strcmp(trial_run(t, &next).signature, want) != 0) {
            n++;
            continue;
        }
        out->c = next;
        taken++;
        n = 0;
    }
}

void scenario_case_free(struct scenario_case *s)
{
    for (unsigned i = 0; i < ARRAY_LEN(s->rooms); i++) arena_free(&s->rooms[i]);
}
