/* Scenarios as YAML again, step by step, and smaller ones. The short forms are gone: what they made is
 * written as the stores and registers that it is.
 */
#include "harness/smmu/scenario.h"

#include <inttypes.h>
#include <string.h>

static void write_bytes(const uint8_t *p, unsigned n, struct buf *out)
{
    buf_char(out, '"');
    for (unsigned i = 0; i < n; i++) buf_printf(out, "%s%02x", i ? " " : "", p[i]);
    buf_char(out, '"');
}

/* "SID: 0x8, SSV: 0x1": fields of which the mask has all bits; those that are 0 only when `zeroes`. */
static void write_fields(const struct dev_field *fields, unsigned n, const uint64_t *words,
                         const uint64_t *mask, bool zeroes, const char *skip, const char *comma,
                         struct buf *out)
{
    for (unsigned i = 0; i < n; i++) {
        const struct dev_field *f = &fields[i];
        uint64_t v = dev_get(words, f->at);
        bool named = !mask || dev_get(mask, f->at) == bits_mask(f->at >> 16);
        if (!named || (!v && !zeroes) || (skip && !strcmp(f->name, skip))) continue;
        buf_printf(out, "%s%s: 0x%" PRIx64, comma, f->name, v << scn_field_shift(f));
        comma = ", ";
    }
}

/* By name where that says all of it. */
static void write_command(const struct scn_step *s, struct buf *out)
{
    const struct dev_struct *d = dev_struct_numbered(&smmu_spec, "command", (uint32_t)(s->command[0] & 0xff));
    uint64_t again[2] = {s->command[0] & 0xff};
    for (unsigned i = 0; d && i < d->nfields; i++)
        dev_put(again, d->fields[i].at, dev_get(s->command, d->fields[i].at));
    if (!d || memcmp(again, s->command, sizeof(again)) != 0) {
        buf_printf(out, "raw: [0x%" PRIx64 ", 0x%" PRIx64 "]", s->command[0], s->command[1]);
        return;
    }
    buf_printf(out, "command: %s", d->name);
    if (s->command[0] == d->number && !s->command[1]) return;
    buf_str(out, ", with: {");
    write_fields(d->fields, d->nfields, s->command, NULL, false, "OPCODE", "", out);
    buf_char(out, '}');
}

static void write_register(const struct scn_step *s, struct buf *out)
{
    bool read = s->kind == SCN_READ;
    buf_str(out, read ? "read: {" : "write: {");
    scn_register_name(s, out);
    buf_str(out, ": ");
    if (read && !s->expects) {
        buf_str(out, "any}");
    } else if (!read || s->at == bits_mask(s->size * 8)) {
        buf_printf(out, "0x%" PRIx64 "}", s->value);
    } else {
        const struct dev_register *r = &smmu_spec.registers[s->index];
        buf_char(out, '{');
        const uint64_t value[2] = {s->value}, mask[2] = {s->at};
        write_fields(r->fields, r->nfields, value, mask, true, NULL, "", out);
        buf_str(out, "}}");
    }
}

static void write_access(const struct scn_step *s, struct buf *out)
{
    buf_printf(out, "%s: 0x%" PRIx64 ", sid: %u", s->access & SMMU_WRITE ? "store" : "load", s->at, s->sid);
    if (s->access & SMMU_SUBSTREAM) buf_printf(out, ", ssid: %u", s->ssid);
    if (s->access & SMMU_PRIVILEGED) buf_str(out, ", privileged: true");
    if (s->access & SMMU_EXEC) buf_str(out, ", exec: true");
    if (s->access & SMMU_TRANSLATED) buf_str(out, ", translated: true");
    if (s->data) {
        buf_str(out, ", data: ");
        write_bytes(s->data, s->size, out);
    } else if (s->size != 8) {
        buf_printf(out, ", size: %u", s->size);
    }
    if (!s->expects || s->end != SMMU_DONE)
        buf_printf(out, ", end: %s", s->expects ? scn_end_name(s->end) : "any");
}

/* One expected record, in braces. */
static void write_record(const struct scn_step *s, unsigned i, struct buf *out)
{
    const struct scn_event *e = &s->events[i];
    const struct dev_struct *d = scn_record((enum scn_step_kind)s->kind, e->words);
    const char *comma = "";
    buf_char(out, '{');
    if (s->kind == SCN_TAKE || s->kind == SCN_TOLD) {
        buf_printf(out, "%s: %s", s->kind == SCN_TAKE ? "event" : "what", d->name);
        comma = ", ";
    }
    write_fields(d->fields, d->nfields, e->words, e->mask, true, "NUMBER", comma, out);
    buf_char(out, '}');
}

/* A translation or a page that is asked for. */
static void write_request(const struct scn_step *s, struct buf *out)
{
    bool page = s->kind == SCN_PAGE;
    buf_printf(out, "%s: 0x%" PRIx64 ", sid: %u", page ? "page" : "ats", s->at, s->sid);
    if (s->access & SMMU_SUBSTREAM) buf_printf(out, ", ssid: %u", s->ssid);
    buf_printf(out, ", wants: %s%s%s%s%s", s->access & SMMU_READ ? "r" : "",
               s->access & SMMU_WRITE ? "w" : "", s->access & SMMU_EXEC ? "x" : "",
               s->access & SMMU_PRIVILEGED ? "p" : "", s->access & ~(unsigned)SMMU_SUBSTREAM ? "" : "-");
    if (page) buf_printf(out, ", group: %u", s->size);
    if (s->value) buf_str(out, page ? ", last: true" : ", cached: true");
    if (!s->expects || s->end != SMMU_DONE)
        buf_printf(out, ", end: %s", s->expects ? scn_end_name(s->end) : "any");
    if (!s->nevents) return;
    buf_str(out, ", gives: ");
    write_record(s, 0, out);
}

static void write_events(const struct scn_step *s, const char *key, struct buf *out)
{
    buf_printf(out, s->expects ? "%s: [" : "%s: any", key);
    if (!s->expects) return;
    for (unsigned i = 0; i < s->nevents; i++) {
        if (i) buf_str(out, ", ");
        write_record(s, i, out);
    }
    buf_char(out, ']');
}

void scn_step_text(const struct scn_step *s, struct buf *out)
{
    switch ((enum scn_step_kind)s->kind) {
    case SCN_STORE:
    case SCN_CHECK:
        if (!s->data) {
            buf_printf(out, "check: {at: 0x%" PRIx64 ", any: %u}", s->at, s->size);
            break;
        }
        buf_printf(out, "%s: {at: 0x%" PRIx64 ", data: ", s->kind == SCN_STORE ? "memory" : "check", s->at);
        write_bytes(s->data, s->size, out);
        buf_char(out, '}');
        break;
    case SCN_WRITE:
    case SCN_READ: write_register(s, out); break;
    case SCN_COMMAND: write_command(s, out); break;
    case SCN_ACCESS: write_access(s, out); break;
    case SCN_TAKE: write_events(s, "events", out); break;
    case SCN_PAGES: write_events(s, "pages", out); break;
    case SCN_TOLD: write_events(s, "told", out); break;
    case SCN_ASK:
    case SCN_PAGE: write_request(s, out); break;
    case SCN_SIGNAL:
        buf_printf(out, "signals: {%s: %" PRIu64 "}", scn_signal_name(s->index), s->value);
        break;
    case SCN_COUNT: buf_printf(out, "count: {%s: %" PRIu64 "}", scn_stat_name(s->index), s->value); break;
    }
}

void scn_write(const struct test_case *c, struct buf *out)
{
    const struct scenario *s = c->scenario;
    const char *comma = "    ats: [";
    buf_str(out, "    setup: none\n");
    for (unsigned i = 0; i < s->nsids; i++) {
        if (!s->ats[i]) continue;
        buf_printf(out, "%s%u", comma, s->sids[i]);
        comma = ", ";
    }
    if (*comma == ',') buf_str(out, "]\n");
    buf_str(out, "    steps:\n");
    for (unsigned i = 0; i < s->nsteps; i++) {
        buf_str(out, "      - {");
        scn_step_text(&s->steps[i], out);
        buf_str(out, "}\n");
    }
}

/* Without one step, the last ones first; without what it expects, where the case itself expects nothing any
 * more. */
bool scn_simpler(const struct test_case *c, unsigned n, struct arena *a, struct test_case *out)
{
    const struct scenario *s = c->scenario;
    if (n >= s->nsteps || s->nsteps < 2) return false;
    struct scenario *less = arena_alloc(a, sizeof(*less));
    struct scn_step *steps = arena_alloc(a, s->nsteps * sizeof(*steps));
    unsigned gone = s->nsteps - 1 - n;
    memcpy(steps, s->steps, gone * sizeof(*steps));
    memcpy(steps + gone, s->steps + gone + 1, (s->nsteps - gone - 1) * sizeof(*steps));
    *less = *s;
    less->steps = steps;
    less->nsteps--;
    out->scenario = less;
    return true;
}
