/* What two units say differently of a scenario, and what one says differently from its truth. */
#include "harness/smmu/scenario.h"

#include "harness/judge/compare.h"

#include <string.h>

static void differ(struct findings *f, unsigned step, enum scn_item_kind what)
{
    findings_add(f, &(struct diff){.what = DIFF_ITEM, .at = step, .size = what});
}

static bool reads(const struct scn_step *s)
{
    return s->kind == SCN_CHECK || (s->kind == SCN_ACCESS && !(s->access & SMMU_WRITE));
}

/* Records are compared as sets: how often an access that faults is told, the manual leaves open. */
static bool events_within(const struct scn_said *a, const struct scn_said *b)
{
    for (unsigned i = 0; i < a->nevents; i++) {
        bool found = false;
        for (unsigned k = 0; k < b->nevents && !found; k++)
            found = !memcmp(a->events[i], b->events[k], sizeof(*a->events));
        if (!found) return false;
    }
    return true;
}

static void compare_step(const struct scn_step *s, unsigned i, const struct scn_said *a,
                         const struct scn_said *b, struct findings *f)
{
    if (!a->known || !b->known) return;
    if (!a->silent && !b->silent && a->end != b->end) {
        differ(f, i, SCN_ITEM_END);
        return;
    }
    uint64_t bits = s->kind == SCN_READ && s->expects ? s->at : ~0ull;
    if ((a->value ^ b->value) & bits) differ(f, i, SCN_ITEM_VALUE);
    if (reads(s) && memcmp(a->data, b->data, s->size)) differ(f, i, SCN_ITEM_DATA);
    if (scn_takes(s) && !(events_within(a, b) && events_within(b, a))) differ(f, i, SCN_ITEM_EVENTS);
}

void scn_compare(const struct test_case *c, const struct outcome *a, const struct outcome *b,
                 struct findings *f)
{
    const struct scenario *s = c->scenario;
    for (unsigned i = 0; i < s->nsteps; i++)
        compare_step(&s->steps[i], i, &scn_result(a)->said[i], &scn_result(b)->said[i], f);
}

static bool is_event(const struct scn_event *want, const uint64_t have[4])
{
    for (unsigned w = 0; w < 4; w++)
        if ((have[w] ^ want->words[w]) & want->mask[w]) return false;
    return true;
}

/* Each expected record is one of those that came, and the other way round: a matching of records to
 * expectations, found by trying others for who stands in the way. */
static bool place_event(const struct scn_step *s, const struct scn_said *said, unsigned want,
                        int owner[SCN_EVENTS], uint64_t *tried)
{
    for (unsigned i = 0; i < said->nevents; i++) {
        if (*tried >> i & 1 || !is_event(&s->events[want], said->events[i])) continue;
        *tried |= 1ull << i;
        if (owner[i] >= 0 && !place_event(s, said, (unsigned)owner[i], owner, tried)) continue;
        owner[i] = (int)want;
        return true;
    }
    return false;
}

static bool same_events(const struct scn_step *s, const struct scn_said *said)
{
    int owner[SCN_EVENTS];
    if (s->nevents != said->nevents) return false;
    for (unsigned i = 0; i < SCN_EVENTS; i++) owner[i] = -1;
    for (unsigned i = 0; i < s->nevents; i++) {
        uint64_t tried = 0;
        if (!place_event(s, said, i, owner, &tried)) return false;
    }
    return true;
}

static void compare_expected(const struct scn_step *s, unsigned i, const struct scn_said *said,
                             struct findings *f)
{
    if (!s->expects || !said->known) return;
    switch ((enum scn_step_kind)s->kind) {
    case SCN_READ:
        if ((said->value ^ s->value) & s->at) differ(f, i, SCN_ITEM_VALUE);
        break;
    case SCN_COUNT:
    case SCN_SIGNAL:
        if (said->value != s->value) differ(f, i, SCN_ITEM_VALUE);
        break;
    case SCN_ACCESS:
        if (!said->silent && said->end != s->end) {
            differ(f, i, SCN_ITEM_END);
            break;
        }
        if (s->data && reads(s) && (s->end == SMMU_DONE || s->end == SCN_ZERO) &&
            memcmp(said->data, s->data, s->size))
            differ(f, i, SCN_ITEM_DATA);
        break;
    case SCN_CHECK:
        if (memcmp(said->data, s->data, s->size)) differ(f, i, SCN_ITEM_DATA);
        break;
    case SCN_ASK:
        if (said->end != s->end)
            differ(f, i, SCN_ITEM_END);
        else if (s->events && !same_events(s, said))
            differ(f, i, SCN_ITEM_EVENTS);
        break;
    case SCN_PAGE:
        if (said->end != s->end) differ(f, i, SCN_ITEM_END);
        break;
    case SCN_PAGES:
    case SCN_TOLD:
    case SCN_TAKE:
        if (!same_events(s, said)) differ(f, i, SCN_ITEM_EVENTS);
        break;
    case SCN_STORE:
    case SCN_WRITE:
    case SCN_COMMAND: break;
    }
}

void scn_compare_truth(const struct test_case *c, const struct outcome *o, struct findings *f)
{
    const struct scenario *s = c->scenario;
    for (unsigned i = 0; i < s->nsteps; i++) compare_expected(&s->steps[i], i, &scn_result(o)->said[i], f);
}

bool scn_truth_speaks(const struct test_case *c, const struct diff *d)
{
    const struct scn_step *s = &((const struct scenario *)c->scenario)->steps[d->at];
    return s->expects && (d->size != SCN_ITEM_DATA || s->data);
}

uint64_t scn_item_step(const struct test_case *c, const struct diff *d)
{
    return d->at + 1;
}
