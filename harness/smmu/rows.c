/* What coverage counts of an SMMU: fields of registers, of stream table entries and context descriptors;
 * commands; events. All from the description of the device, in its order.
 */
#include "harness/smmu/scenario.h"

#include "harness/cover/bins.h"

#include <string.h>

/* What a row is of. */
enum row_kind {
    ROW_REGISTER /* a field of one */,
    ROW_TABLE /* likewise */,
    ROW_STRUCT /* a command, an event */
};

struct row {
    enum row_kind kind;           /* see above */
    const struct dev_register *r; /* REGISTER */
    const struct dev_struct *s;   /* TABLE, STRUCT */
    const struct dev_field *f;    /* REGISTER, TABLE */
};

/* Structures of which each field is a row. */
static bool is_table(const struct dev_struct *s)
{
    return !strcmp(s->name, "STE") || !strcmp(s->name, "CD");
}

static bool is_record(const struct dev_struct *s)
{
    return !strcmp(s->family, "command") || !strcmp(s->family, "event");
}

/* Row i; false: there are no more. */
static bool row_at(unsigned i, struct row *row)
{
    for (unsigned k = 0; k < smmu_spec.nregisters; k++) {
        const struct dev_register *r = &smmu_spec.registers[k];
        *row = (struct row){.kind = ROW_REGISTER, .r = r};
        if (i < r->nfields) {
            row->f = &r->fields[i];
            return true;
        }
        i -= r->nfields;
    }
    for (unsigned k = 0; k < smmu_spec.nstructs; k++) {
        const struct dev_struct *s = &smmu_spec.structs[k];
        unsigned n = is_table(s) ? s->nfields : is_record(s);
        *row = (struct row){.kind = is_table(s) ? ROW_TABLE : ROW_STRUCT, .s = s};
        if (i < n) {
            if (is_table(s)) row->f = &s->fields[i];
            return true;
        }
        i -= n;
    }
    return false;
}

/* The first row of a register or structure. */
static unsigned first_row(const struct dev_register *r, const struct dev_struct *s)
{
    unsigned n = 0;
    for (unsigned k = 0; k < smmu_spec.nregisters; k++) {
        if (r == &smmu_spec.registers[k]) return n;
        n += smmu_spec.registers[k].nfields;
    }
    for (unsigned k = 0; s && &smmu_spec.structs[k] != s; k++)
        n +=
            is_table(&smmu_spec.structs[k]) ? smmu_spec.structs[k].nfields : is_record(&smmu_spec.structs[k]);
    return n;
}

const char *scn_subject_name(unsigned i)
{
    return i ? NULL : smmu_spec.name;
}

static const struct subject_group groups[] = {
    {"registers", "Fields of registers"},
    {"STE", "Fields of stream table entries"},
    {"CD", "Fields of context descriptors"},
    {"commands", "Commands"},
    {"events", "Event records"},
};

static struct subject_row describe(const struct row *row, struct arena *a)
{
    const char *of = row->r ? row->r->name : row->s->name, *doc = row->f ? row->f->doc : row->s->doc;
    return (struct subject_row){
        .id = row->f ? arena_printf(a, "%s.%s", of, row->f->name) : of,
        .group = row->kind == ROW_REGISTER            ? "registers"
                 : row->kind == ROW_TABLE             ? of
                 : !strcmp(row->s->family, "command") ? "commands"
                                                      : "events",
        .text = doc && *doc ? doc : of,
        .ref = row->r ? row->r->ref : row->s->ref,
        .file = row->r ? row->r->file : row->s->file,
        .line = row->r ? row->r->line : row->s->line,
    };
}

void scn_subject(unsigned i, struct arena *a, struct subject *s)
{
    struct row row;
    unsigned n = 0;
    while (row_at(n, &row)) n++;
    struct subject_row *rows = arena_alloc(a, n * sizeof(*rows));
    for (unsigned k = 0; row_at(k, &row); k++) rows[k] = describe(&row, a);
    s->title = "Arm SMMUv3";
    s->rows = rows;
    s->nrows = n;
    s->groups = groups;
    s->ngroups = ARRAY_LEN(groups);
}

/* ---- bins: classes of a field's value ---- */

enum { CLASS_ZERO, CLASS_ONES, CLASS_OTHER };

/* Where each value has a name, there is no other. */
static unsigned classes(const struct dev_field *f)
{
    unsigned width = f->at >> 16;
    bool all = width < 8 && f->nvalues == 1u << width;
    return f->nvalues ? f->nvalues + !all : width == 1 ? 2 : 3;
}

static unsigned class_of_value(const struct dev_field *f, uint64_t v)
{
    for (unsigned i = 0; i < f->nvalues; i++)
        if (f->values[i].value == v) return i;
    if (f->nvalues) return f->nvalues;
    return !v ? CLASS_ZERO : v == bits_mask(f->at >> 16) ? CLASS_ONES : CLASS_OTHER;
}

static void class_name_of(const struct dev_field *f, unsigned class, struct buf *out)
{
    static const char *const plain[] = {"zero", "all ones", "another"};
    if (f->nvalues)
        buf_str(out, class < f->nvalues ? f->values[class].name : "another");
    else if (f->at >> 16 == 1)
        buf_char(out, (char)('0' + class));
    else
        buf_str(out, plain[class]);
}

enum { BIN_TOUCHED, BIN_READ, BIN_WRITTEN, REGISTER_BINS, TABLE_BINS = 1 };

/* Fields of a command or event that have bins. */
static bool counts(const struct dev_field *f)
{
    return strcmp(f->name, "OPCODE") != 0 && strcmp(f->name, "NUMBER") != 0;
}

unsigned scn_bins(unsigned subject, unsigned r)
{
    struct row row;
    if (!row_at(r, &row)) BUG("row %u", r);
    unsigned n = 1;
    if (row.kind == ROW_REGISTER) return REGISTER_BINS + classes(row.f);
    if (row.kind == ROW_TABLE) return TABLE_BINS + classes(row.f);
    for (unsigned i = 0; i < row.s->nfields; i++)
        n += counts(&row.s->fields[i]) ? classes(&row.s->fields[i]) : 0;
    return n;
}

void scn_bin_name(unsigned subject, unsigned r, unsigned bin, struct buf *out)
{
    static const char *const first[] = {"executed", "read", "written"};
    struct row row;
    if (!row_at(r, &row)) BUG("row %u", r);
    unsigned plain = row.kind == ROW_REGISTER ? REGISTER_BINS : 1;
    if (bin < plain) {
        buf_str(out, first[bin]);
        return;
    }
    bin -= plain;
    for (unsigned i = 0; row.kind == ROW_STRUCT; i++) {
        const struct dev_field *f = &row.s->fields[i];
        if (!counts(f)) continue;
        if (bin < classes(f)) {
            buf_printf(out, "%s=", f->name);
            class_name_of(f, bin, out);
            return;
        }
        bin -= classes(f);
    }
    BUG_ON(!row.f);
    class_name_of(row.f, bin, out);
}

/* ---- what a scenario hits ---- */

/* NULL: there is none at an offset that was given. */
static const struct dev_register *register_of(const struct scn_step *s)
{
    if (s->kind != SCN_READ && s->kind != SCN_WRITE) return NULL;
    return s->index == SCN_NO_REGISTER ? dev_register_at(&smmu_spec, s->offset)
                                       : &smmu_spec.registers[s->index];
}

struct observer {
    void (*seen)(void *arg, unsigned row, const struct bin_hits *h); /* who wants to know */
    void *arg;                                                       /* of seen */
};

static void see_register(const struct observer *o, const struct dev_register *r, uint64_t v, bool read)
{
    unsigned row = first_row(r, NULL);
    const uint64_t words[2] = {v}; /* a field of a structure may go on in the next word */
    for (unsigned i = 0; i < r->nfields; i++) {
        struct bin_hits h = {0};
        bin_hit(&h, BIN_TOUCHED);
        bin_hit(&h, read ? BIN_READ : BIN_WRITTEN);
        bin_hit(&h, REGISTER_BINS + class_of_value(&r->fields[i], dev_get(words, r->fields[i].at)));
        o->seen(o->arg, row + i, &h);
    }
}

static void see_table(const struct observer *o, const struct dev_struct *s, const uint64_t *words)
{
    unsigned row = first_row(NULL, s);
    for (unsigned i = 0; i < s->nfields; i++) {
        struct bin_hits h = {0};
        bin_hit(&h, BIN_TOUCHED);
        bin_hit(&h, TABLE_BINS + class_of_value(&s->fields[i], dev_get(words, s->fields[i].at)));
        o->seen(o->arg, row + i, &h);
    }
}

static void see_record(const struct observer *o, const char *family, uint64_t number, const uint64_t *words)
{
    const struct dev_struct *s = dev_struct_numbered(&smmu_spec, family, (uint32_t)number);
    struct bin_hits h = {0};
    unsigned bin = 1;
    if (!s) return;
    bin_hit(&h, BIN_TOUCHED);
    for (unsigned i = 0; i < s->nfields; i++) {
        if (!counts(&s->fields[i])) continue;
        bin_hit(&h, bin + class_of_value(&s->fields[i], dev_get(words, s->fields[i].at)));
        bin += classes(&s->fields[i]);
    }
    o->seen(o->arg, first_row(NULL, s), &h);
}

void scn_observe(const struct test_case *c, const struct outcome *out,
                 void (*seen)(void *arg, unsigned row, const struct bin_hits *h), void *arg)
{
    const struct scenario *s = c->scenario;
    const struct observer o = {seen, arg};
    for (unsigned i = 0; i < s->nentries; i++)
        see_table(&o, dev_struct_find(&smmu_spec, s->entries[i].cd ? "CD" : "STE"), s->entries[i].words);
    for (unsigned i = 0; i < s->nsteps; i++) {
        const struct scn_step *step = &s->steps[i];
        const struct scn_said *said = out ? &scn_result(out)->said[i] : NULL;
        const struct dev_register *r = register_of(step);
        if (step->kind == SCN_WRITE && r && r->size == step->size) see_register(&o, r, step->value, false);
        if (step->kind == SCN_READ && said && r && r->size == step->size)
            see_register(&o, r, said->value, true);
        if (step->kind == SCN_COMMAND) see_record(&o, "command", step->command[0] & 0xff, step->command);
        for (unsigned e = 0; step->kind == SCN_TAKE && said && e < said->nevents; e++)
            see_record(&o, "event", dev_get(said->events[e], SMMU_EVENT_NUMBER), said->events[e]);
    }
}

/* The first event that is expected, else the first command but CMD_SYNC, else the first register that is
 * looked at, else what the stream table entry says. */
int scn_row(const struct test_case *c)
{
    const struct scenario *s = c->scenario;
    int command = -1, reg = -1;
    for (unsigned i = 0; i < s->nsteps; i++) {
        const struct scn_step *step = &s->steps[i];
        const struct dev_struct *d = NULL;
        if (step->kind == SCN_TAKE && step->nevents)
            return (int)first_row(
                NULL, dev_struct_numbered(&smmu_spec, "event",
                                          (uint32_t)dev_get(step->events[0].words, SMMU_EVENT_NUMBER)));
        if (step->kind == SCN_COMMAND && command < 0)
            d = dev_struct_numbered(&smmu_spec, "command", (uint32_t)(step->command[0] & 0xff));
        if (d && strcmp(d->name, "CMD_SYNC")) command = (int)first_row(NULL, d);
        if (step->kind == SCN_READ && reg < 0 && register_of(step))
            reg = (int)first_row(register_of(step), NULL);
    }
    if (command >= 0) return command;
    if (reg >= 0) return reg;
    const struct dev_struct *ste = dev_struct_find(&smmu_spec, "STE");
    const struct dev_field *config = dev_field_find(ste->fields, ste->nfields, "CONFIG");
    return s->nentries ? (int)(first_row(NULL, ste) + (unsigned)(config - ste->fields)) : -1;
}
