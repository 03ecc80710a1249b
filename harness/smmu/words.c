/* Scenarios and what came of them, for people. */
#include "harness/smmu/scenario.h"

#include <inttypes.h>
#include <string.h>

enum { LINES = 16 };

const char *scn_end_name(unsigned end)
{
    static const char *const names[] = {[SMMU_DONE] = "done",
                                        [SMMU_ABORTED] = "aborted",
                                        [SMMU_STALLED] = "stalled",
                                        [SMMU_RETRY] = "retry",
                                        [SCN_ZERO] = "zero"};
    return end < ARRAY_LEN(names) ? names[end] : "?";
}

const char *scn_stat_name(unsigned i)
{
    static const char *const names[] = {
#define X(name, doc) #name,
        SMMU_STATS(X)
#undef X
    };
    return i < ARRAY_LEN(names) ? names[i] : NULL;
}

const char *scn_signal_name(unsigned i)
{
    static const char *const names[] = {[SMMU_IRQ_EVENTQ] = "EVENTQ",
                                        [SMMU_IRQ_PRIQ] = "PRIQ",
                                        [SMMU_IRQ_SYNC] = "SYNC",
                                        [SMMU_IRQ_GERROR] = "GERROR",
                                        [SCN_WAKE] = "WAKE"};
    return i < ARRAY_LEN(names) ? names[i] : NULL;
}

/* As a step names it. */
void scn_register_name(const struct scn_step *s, struct buf *out)
{
    if (s->index != SCN_NO_REGISTER)
        buf_str(out, smmu_spec.registers[s->index].name);
    else
        buf_printf(out, "0x%x%s", s->offset, s->size == 8 ? "/8" : "");
}

/* "F_TRANSLATION SID 0x8 INPUTADDR 0x9000" */
void scn_event_text(enum scn_step_kind kind, const uint64_t words[4], struct buf *out)
{
    const struct dev_struct *d = scn_record(kind, words);
    if (!d) {
        buf_printf(out, "record %#x, which there is not", (unsigned)dev_get(words, SMMU_EVENT_NUMBER));
        return;
    }
    buf_str(out, d->name);
    for (unsigned i = 0; i < d->nfields; i++) {
        const struct dev_field *f = &d->fields[i];
        uint64_t v = dev_get(words, f->at);
        if (v && strcmp(f->name, "NUMBER"))
            buf_printf(out, " %s %#" PRIx64, f->name, v << scn_field_shift(f));
    }
}

/* The number of a step among those that were written, or 0. */
static unsigned number_of(const struct scenario *s, uint64_t step)
{
    unsigned n = 0;
    for (uint64_t i = 0; i <= step; i++) n += !s->steps[i].made;
    return s->steps[step].made ? 0 : n;
}

void scn_item_name(const struct test_case *c, const struct diff *d, bool plain, struct buf *out)
{
    static const char *const kinds[] = {
        [SCN_STORE] = "memory",    [SCN_CHECK] = "memory",  [SCN_WRITE] = "write", [SCN_READ] = "read",
        [SCN_COMMAND] = "command", [SCN_ACCESS] = "access", [SCN_TAKE] = "events", [SCN_COUNT] = "count",
        [SCN_SIGNAL] = "signals",  [SCN_ASK] = "ats",       [SCN_PAGE] = "page",   [SCN_PAGES] = "pages",
        [SCN_TOLD] = "told"};
    static const char *const whats[] = {[SCN_ITEM_VALUE] = "value",
                                        [SCN_ITEM_END] = "end",
                                        [SCN_ITEM_DATA] = "data",
                                        [SCN_ITEM_EVENTS] = "records"};
    const struct scenario *s = c->scenario;
    const struct scn_step *step = &s->steps[d->at];
    unsigned number = number_of(s, d->at);
    if (!plain && number) buf_printf(out, "step %u, ", number);
    if (!plain && !number) buf_str(out, "in the end, ");
    if (step->kind == SCN_ACCESS)
        buf_str(out, step->access & SMMU_WRITE ? "store" : "load");
    else
        buf_str(out, kinds[step->kind]);
    if (step->kind == SCN_READ) {
        buf_char(out, ' ');
        scn_register_name(step, out);
    }
    if (!plain && (step->kind == SCN_ACCESS || step->kind == SCN_CHECK || step->kind == SCN_ASK ||
                   step->kind == SCN_PAGE))
        buf_printf(out, " %#" PRIx64, step->at);
    buf_printf(out, ": %s", whats[d->size]);
}

static void bytes_text(const uint8_t *p, unsigned n, struct buf *out)
{
    for (unsigned i = 0; i < n; i++) buf_printf(out, "%s%02x", i ? " " : "", p[i]);
}

/* What the truth expects there. */
static void expected_text(const struct scn_step *s, const struct diff *d, struct buf *out)
{
    switch ((enum scn_item_kind)d->size) {
    case SCN_ITEM_VALUE:
        buf_printf(out, "%#" PRIx64, s->value);
        if (s->kind == SCN_READ && s->at != bits_mask(s->size * 8))
            buf_printf(out, " in bits %#" PRIx64, s->at);
        break;
    case SCN_ITEM_END: buf_str(out, scn_end_name(s->end)); break;
    case SCN_ITEM_DATA: bytes_text(s->data, s->size, out); break;
    case SCN_ITEM_EVENTS: scn_step_text(s, out); break;
    }
}

static void said_text(const struct scn_step *s, const struct scn_said *said, enum scn_item_kind what,
                      struct buf *out)
{
    switch (what) {
    case SCN_ITEM_VALUE: buf_printf(out, "%#" PRIx64, said->value); break;
    case SCN_ITEM_END: buf_str(out, said->silent ? "not known" : scn_end_name(said->end)); break;
    case SCN_ITEM_DATA: bytes_text(said->data, s->size, out); break;
    case SCN_ITEM_EVENTS:
        if (!said->nevents) buf_str(out, "none");
        for (unsigned i = 0; i < said->nevents; i++) {
            if (i) buf_str(out, "; ");
            scn_event_text((enum scn_step_kind)s->kind, said->events[i], out);
        }
        break;
    }
}

void scn_item_value(const struct test_case *c, const struct outcome *o, const struct diff *d, struct buf *out)
{
    const struct scn_step *s = &((const struct scenario *)c->scenario)->steps[d->at];
    if (o)
        said_text(s, &scn_result(o)->said[d->at], (enum scn_item_kind)d->size, out);
    else
        expected_text(s, d, out);
}

/* The steps that were written, at most so many; 0: all. */
static void steps_text(const struct test_case *c, unsigned most, struct buf *out)
{
    const struct scenario *s = c->scenario;
    unsigned n = 0;
    for (unsigned i = 0; i < s->nsteps; i++) {
        if (s->steps[i].made) continue;
        if (most && n++ == most) {
            buf_str(out, "        …\n");
            break;
        }
        buf_printf(out, "  %-5s ", n == 1 || !most ? "step" : "");
        scn_step_text(&s->steps[i], out);
        buf_char(out, '\n');
    }
}

void scn_describe(const struct test_case *c, struct buf *out)
{
    steps_text(c, LINES, out);
}

/* All that is run, what the short forms make included. */
void scn_show(const struct test_case *c, struct buf *out)
{
    const struct scenario *s = c->scenario;
    buf_printf(out, "  in plain steps, %u\n", s->nsteps);
    for (unsigned i = 0; i < s->nsteps; i++) {
        if (s->steps[i].kind == SCN_STORE && s->steps[i].made) {
            buf_printf(out, "    memory: %u bytes at %#" PRIx64 "\n", s->steps[i].size, s->steps[i].at);
            continue;
        }
        buf_str(out, "    ");
        scn_step_text(&s->steps[i], out);
        buf_char(out, '\n');
    }
}

void scn_ended(const struct test_case *c, const struct outcome *o, struct buf *out)
{
    const struct scenario *s = c->scenario;
    unsigned done = 0, all = 0;
    for (unsigned i = 0; i < s->nsteps; i++) {
        if (s->steps[i].kind != SCN_ACCESS) continue;
        all++;
        done += scn_result(o)->said[i].end == SMMU_DONE;
    }
    buf_printf(out, "%u of %u accesses done, %u events", done, all, scn_result(o)->nevents);
}

void scn_results(const struct test_case *c, const struct outcome *o, struct buf *out)
{
    const struct scenario *s = c->scenario;
    for (unsigned i = 0; i < s->nsteps; i++) {
        const struct scn_step *step = &s->steps[i];
        const struct scn_said *said = &scn_result(o)->said[i];
        bool access = step->kind == SCN_ACCESS || step->kind == SCN_PAGE || step->kind == SCN_ASK;
        enum scn_item_kind what = access                    ? SCN_ITEM_END
                                  : step->kind == SCN_CHECK ? SCN_ITEM_DATA
                                  : scn_takes(step)         ? SCN_ITEM_EVENTS
                                                            : SCN_ITEM_VALUE;
        if (step->kind == SCN_STORE || step->kind == SCN_WRITE || step->kind == SCN_COMMAND || !said->known)
            continue;
        buf_str(out, "      ");
        scn_item_name(c, &(struct diff){.at = i, .size = what}, false, out);
        buf_char(out, ' ');
        said_text(step, said, what, out);
        if (step->kind == SCN_ASK && said->nevents) {
            buf_char(out, ' ');
            scn_event_text(SCN_ASK, said->events[0], out);
        }
        if (step->kind == SCN_ACCESS && !(step->access & SMMU_WRITE) && said->end == SMMU_DONE) {
            buf_char(out, ' ');
            bytes_text(said->data, step->size, out);
        }
        buf_char(out, '\n');
    }
}
