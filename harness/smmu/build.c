/* A scenario from YAML: streams become stream table entries, context descriptors and translation tables,
 * steps become plain steps. */
#include "harness/smmu/streams.h"

#include <string.h>

struct scn_step *steps_add(struct steps *s, enum scn_step_kind kind)
{
    struct scn_step step = {.kind = (uint8_t)kind};
    buf_add(&s->items, &step, sizeof(step));
    return (struct scn_step *)(void *)(s->items.p + s->items.len - sizeof(step));
}

/* ---- memory ---- */

static bool is_ram(uint64_t at, uint64_t size)
{
    return at >= SCN_RAM && at - SCN_RAM < SCN_RAM_SIZE && size <= SCN_RAM_SIZE - (at - SCN_RAM);
}

static bool read_numbers(const struct ynode *list, unsigned bytes, struct diag *d, struct buf *out)
{
    for (const struct ynode *n = list ? schema_first(list) : NULL; n; n = schema_next(list, n)) {
        uint64_t v = 0;
        bool negative;
        if (!ynode_u64(n, &v, &negative) || (!negative && bytes < 8 && v >> (bytes * 8))) {
            diag_error(d, n->at, n->len, "more than %u bits", bytes * 8);
            return false;
        }
        buf_add(out, &v, bytes);
    }
    return true;
}

/* Bytes of an entry of memory. */
static bool read_bytes(const struct ynode *n, struct diag *d, struct buf *out)
{
    const struct ynode *data = ynode_get(n, "data");
    struct value_error err = {0};
    if (data && !value_parse_hex_code(data->text, data->len, out, &err)) {
        diag_error(d, ynode_text_pos(data, err.offset), err.span, "%s", err.message);
        return false;
    }
    return read_numbers(ynode_get(n, "u32"), 4, d, out) && read_numbers(ynode_get(n, "u64"), 8, d, out);
}

/* Bytes that may be anything. */
static bool build_any(struct builder *b, const struct ynode *n)
{
    uint64_t at = schema_number(n, "at", 0), size = schema_number(n, "any", 0);
    if (!is_ram(at, size)) {
        diag_error(b->diag, n->at, 1, "there is no such memory");
        return false;
    }
    struct scn_step *s = steps_add(&b->steps, SCN_CHECK);
    s->at = at;
    s->size = (uint32_t)size;
    return true;
}

static bool build_memory(struct builder *b, const struct ynode *list, enum scn_step_kind kind)
{
    const struct ynode *first = list && list->kind == YNODE_LIST ? list->child : list;
    for (const struct ynode *n = first; n; n = list->kind == YNODE_LIST ? n->next : NULL) {
        struct buf bytes = {0};
        uint64_t at = schema_number(n, "at", 0);
        if (kind == SCN_CHECK && ynode_get(n, "any")) {
            if (!build_any(b, n)) return false;
            continue;
        }
        bool good = read_bytes(n, b->diag, &bytes);
        if (good && (!bytes.len || !is_ram(at, bytes.len) || (kind == SCN_CHECK && bytes.len > SCN_DATA))) {
            diag_error(b->diag, n->at, 1,
                       bytes.len ? "there is no such memory, or it is too much" : "no bytes");
            good = false;
        }
        if (good) {
            struct scn_step *s = steps_add(&b->steps, kind);
            uint8_t *data = arena_alloc(b->arena, bytes.len);
            memcpy(data, bytes.p, bytes.len);
            s->at = at;
            s->size = (uint32_t)bytes.len;
            s->data = data;
            s->expects = kind == SCN_CHECK;
        }
        buf_free(&bytes);
        if (!good) return false;
    }
    return true;
}

/* ---- registers ---- */

static const struct dev_register *find_register(struct builder *b, const struct ynode *n)
{
    const struct dev_register *r = dev_register_find(&smmu_spec, n->key);
    struct suggest near = suggest_start(n->key, strlen(n->key));
    if (r) return r;
    for (unsigned i = 0; i < smmu_spec.nregisters; i++)
        suggest_offer(&near, smmu_spec.registers[i].name, strlen(smmu_spec.registers[i].name));
    diag_error(b->diag, n->key_at, strlen(n->key), "no register '%s'%s%.*s%s", n->key,
               near.best ? "; did you mean '" : "", (int)near.best_len, near.best ? near.best : "",
               near.best ? "'?" : "");
    return NULL;
}

/* "0x84": 4 bytes at that offset; "0x80/8": 8 bytes. */
static bool offset_access(struct builder *b, const struct ynode *n, struct scn_step *s)
{
    size_t len = strlen(n->key);
    uint64_t offset;
    bool negative, wide = len > 2 && !strcmp(n->key + len - 2, "/8");
    if (!number_parse(n->key, wide ? len - 2 : len, &offset, &negative)) return false;
    *s = (struct scn_step){.index = SCN_NO_REGISTER, .offset = (uint32_t)offset, .size = wide ? 8 : 4};
    if (!negative && offset % s->size == 0 && offset < SMMU_MMIO_SIZE) return true;
    diag_error(b->diag, n->key_at, len, "registers are not accessed there, or not like that");
    s->size = 0;
    return true;
}

static bool register_access(struct builder *b, const struct ynode *n, struct scn_step *s)
{
    if (offset_access(b, n, s)) return s->size != 0;
    const struct dev_register *r = find_register(b, n);
    if (!r) return false;
    *s =
        (struct scn_step){.index = (uint16_t)(r - smmu_spec.registers), .offset = r->offset, .size = r->size};
    return true;
}

static bool register_value(struct builder *b, const struct dev_register *r, const struct ynode *n,
                           uint64_t *v, uint64_t *mask)
{
    const struct dev_struct fields = {
        .name = r->name, .words = 1, .fields = r->fields, .nfields = r->nfields};
    bool negative;
    *v = *mask = 0;
    if (n->kind == YNODE_MAP) return scn_fields(&fields, n, NULL, b->diag, v, mask);
    *mask = bits_mask(r->size * 8u);
    if (ynode_u64(n, v, &negative) && !negative && !(*v & ~*mask)) return true;
    diag_error(b->diag, n->at, n->len, "%s: expected a number of %u bits", r->name, r->size * 8u);
    return false;
}

static bool build_registers(struct builder *b, const struct ynode *map, enum scn_step_kind kind)
{
    for (const struct ynode *n = map->child; n; n = n->next) {
        struct scn_step where;
        if (!register_access(b, n, &where)) return false;
        const struct dev_register raw = {.name = n->key, .size = (uint8_t)where.size};
        bool any = kind == SCN_READ && n->kind == YNODE_SCALAR && !strcmp(n->text, "any");
        uint64_t v = 0, mask = 0;
        const struct dev_register *r =
            where.index == SCN_NO_REGISTER ? &raw : &smmu_spec.registers[where.index];
        if (!any && !register_value(b, r, n, &v, &mask)) return false;
        struct scn_step *s = steps_add(&b->steps, kind);
        s->index = where.index;
        s->offset = where.offset;
        s->size = where.size;
        s->value = v;
        s->at = mask;
        s->expects = kind == SCN_READ && !any;
    }
    return true;
}

static bool build_write(struct builder *b, const struct ynode *v, const struct ynode *step)
{
    return build_registers(b, v, SCN_WRITE);
}

static bool build_read(struct builder *b, const struct ynode *v, const struct ynode *step)
{
    return build_registers(b, v, SCN_READ);
}

/* ---- commands, events, statistics ---- */

/* A structure of a family by its name. */
static const struct dev_struct *find_struct(struct builder *b, const char *family, const struct ynode *n)
{
    struct suggest near = suggest_start(n->text, n->len);
    for (unsigned i = 0; i < smmu_spec.nstructs; i++) {
        const struct dev_struct *s = &smmu_spec.structs[i];
        if (strcmp(s->family, family)) continue;
        if (!strcmp(s->name, n->text)) return s;
        suggest_offer(&near, s->name, strlen(s->name));
    }
    diag_error(b->diag, n->at, n->len, "no %s '%.40s'%s%.*s%s", family, n->text,
               near.best ? "; did you mean '" : "", (int)near.best_len, near.best ? near.best : "",
               near.best ? "'?" : "");
    return NULL;
}

static bool build_command(struct builder *b, const struct ynode *v, const struct ynode *step)
{
    const struct dev_struct *d = find_struct(b, "command", v);
    uint64_t words[2] = {0};
    if (!d) return false;
    words[0] = d->number;
    if (!scn_fields(d, ynode_get(step, "with"), NULL, b->diag, words, NULL)) return false;
    memcpy(steps_add(&b->steps, SCN_COMMAND)->command, words, sizeof(words));
    return true;
}

static bool build_raw(struct builder *b, const struct ynode *v, const struct ynode *step)
{
    struct buf words = {0};
    bool good = read_numbers(v, 8, b->diag, &words) && words.len == 16;
    if (good)
        memcpy(steps_add(&b->steps, SCN_COMMAND)->command, words.p, 16);
    else
        diag_error(b->diag, v->at, 1, "a command is two words");
    buf_free(&words);
    return good;
}

static bool build_events(struct builder *b, const struct ynode *list, const struct ynode *step)
{
    static const struct schema_key name[] = {{"event", NULL, true, ""}};
    static const struct schema known = {.keys = name, .nkeys = 1};
    struct scn_event *events = arena_alloc(b->arena, (list->count + 1) * sizeof(*events));
    unsigned n = 0;
    for (const struct ynode *y = list->child; y; y = y->next) {
        struct scn_event *e = &events[n++];
        const struct dev_struct *s = find_struct(b, "event", ynode_get(y, "event"));
        if (n > SCN_EVENTS) diag_error(b->diag, list->at, 1, "more than %d records", SCN_EVENTS);
        if (!s || n > SCN_EVENTS || !scn_fields(s, y, &known, b->diag, e->words, e->mask)) return false;
        dev_put(e->words, SMMU_EVENT_NUMBER, s->number);
        dev_put(e->mask, SMMU_EVENT_NUMBER, ~0ull);
    }
    struct scn_step *s = steps_add(&b->steps, SCN_TAKE);
    s->events = events;
    s->nevents = n;
    s->expects = list->kind == YNODE_LIST;
    return true;
}

static bool build_count(struct builder *b, const struct ynode *map, const struct ynode *step)
{
    for (const struct ynode *n = map->child; n; n = n->next) {
        unsigned i = 0;
        while (scn_stat_name(i) && strcmp(scn_stat_name(i), n->key)) i++;
        if (!scn_stat_name(i)) {
            diag_error(b->diag, n->key_at, strlen(n->key), "no statistic '%s'", n->key);
            return false;
        }
        struct scn_step *s = steps_add(&b->steps, SCN_COUNT);
        s->index = (uint16_t)i;
        s->value = schema_number(map, n->key, 0);
        s->expects = true;
    }
    return true;
}

static bool build_signals(struct builder *b, const struct ynode *map, const struct ynode *step)
{
    for (const struct ynode *n = map->child; n; n = n->next) {
        unsigned i = 0;
        while (scn_signal_name(i) && strcmp(scn_signal_name(i), n->key)) i++;
        if (!scn_signal_name(i)) {
            diag_error(b->diag, n->key_at, strlen(n->key), "no signal '%s'", n->key);
            return false;
        }
        struct scn_step *s = steps_add(&b->steps, SCN_SIGNAL);
        s->index = (uint16_t)i;
        s->value = schema_number(map, n->key, 0);
        s->expects = true;
    }
    return true;
}

/* ---- accesses ---- */

static bool is_true(const struct ynode *step, const char *key)
{
    return !strcmp(schema_text(step, key, "false"), "true");
}

/* What is written or must be read; NULL: anything. */
static bool access_data(struct builder *b, const struct ynode *step, const uint8_t **data, uint32_t *size)
{
    const struct ynode *bytes = ynode_get(step, "data"), *value = ynode_get(step, "value");
    struct buf out = {0};
    struct value_error err = {0};
    bool good = true;
    *size = (uint32_t)schema_number(step, "size", 8);
    *data = NULL;
    if (bytes) {
        good = value_parse_hex_code(bytes->text, bytes->len, &out, &err) && out.len && out.len <= SCN_DATA;
        if (!good) diag_error(b->diag, bytes->at, bytes->len, "expected 1 to %d bytes in hex", SCN_DATA);
        *size = (uint32_t)out.len;
    } else if (value) {
        uint64_t v = schema_number(step, "value", 0);
        good = *size <= 8;
        if (!good) diag_error(b->diag, value->at, value->len, "more than 8 bytes are given by 'data'");
        buf_add(&out, &v, good ? *size : 0);
    }
    if (good && out.len) {
        uint8_t *p = arena_alloc(b->arena, out.len);
        memcpy(p, out.p, out.len);
        *data = p;
    }
    buf_free(&out);
    return good;
}

static bool build_access(struct builder *b, const struct ynode *step, const char *key, unsigned access)
{
    const char *end = schema_text(step, "end", "done");
    const uint8_t *data;
    uint32_t size, sid = (uint32_t)schema_number(step, "sid", b->nstreams ? b->streams[0].sid : 0);
    if (!access_data(b, step, &data, &size)) return false;
    if (access == SMMU_WRITE && !data) {
        diag_error(b->diag, step->at, 1, "'store' wants 'value' or 'data'");
        return false;
    }
    if (!scn_device(b, sid, step)) return false;
    struct scn_step *s = steps_add(&b->steps, SCN_ACCESS);
    s->access = (uint8_t)(access | (is_true(step, "exec") ? SMMU_EXEC : 0) |
                          (is_true(step, "privileged") ? SMMU_PRIVILEGED : 0) |
                          (is_true(step, "translated") ? SMMU_TRANSLATED : 0) |
                          (ynode_get(step, "ssid") ? SMMU_SUBSTREAM : 0));
    s->sid = sid;
    s->ssid = (uint32_t)schema_number(step, "ssid", 0);
    s->at = schema_number(step, key, 0);
    s->size = size;
    s->data = data;
    s->expects = strcmp(end, "any") != 0;
    for (unsigned i = 0; i < SCN_ENDS; i++)
        if (!strcmp(end, scn_end_name(i))) s->end = (uint8_t)i;
    return true;
}

static bool build_load(struct builder *b, const struct ynode *v, const struct ynode *step)
{
    return build_access(b, step, "load", SMMU_READ);
}

static bool build_store(struct builder *b, const struct ynode *v, const struct ynode *step)
{
    return build_access(b, step, "store", SMMU_WRITE);
}

static bool build_any_access(struct builder *b, const struct ynode *v, const struct ynode *step)
{
    return build_access(b, step, "at", !strcmp(v->text, "load") ? SMMU_READ : SMMU_WRITE);
}

/* ---- software's own writes ---- */

static bool build_memory_step(struct builder *b, const struct ynode *v, const struct ynode *step)
{
    return build_memory(b, v, SCN_STORE);
}

static bool build_check(struct builder *b, const struct ynode *v, const struct ynode *step)
{
    return build_memory(b, v, SCN_CHECK);
}

static bool build_descriptor(struct builder *b, const struct ynode *v, const struct ynode *step)
{
    return scn_stream_descriptor(b, v);
}

static bool build_stream(struct builder *b, const struct ynode *v, const struct ynode *step)
{
    if (!scn_stream(b, v)) return false;
    image_store(&b->image, &b->steps);
    return true;
}

static bool build_map(struct builder *b, const struct ynode *v, const struct ynode *step)
{
    if (!scn_stream_map(b, NULL, v, false)) return false;
    image_store(&b->image, &b->steps);
    return true;
}

static bool build_unmap(struct builder *b, const struct ynode *v, const struct ynode *step)
{
    if (!scn_stream_map(b, NULL, v, true)) return false;
    image_store(&b->image, &b->steps);
    return true;
}

/* ---- the whole ---- */

static const struct {
    const char *key; /* of a step */
    bool (*build)(struct builder *b, const struct ynode *v,
                  const struct ynode *step); /* adds what it means */
} actions[] = {
    {"write", build_write},
    {"read", build_read},
    {"command", build_command},
    {"raw", build_raw},
    {"load", build_load},
    {"store", build_store},
    {"map", build_map},
    {"unmap", build_unmap},
    {"stream", build_stream},
    {"memory", build_memory_step},
    {"check", build_check},
    {"events", build_events},
    {"count", build_count},
    {"signals", build_signals},
    {"descriptor", build_descriptor},
    {"ats", scn_build_ask},
    {"page", scn_build_page},
    {"pages", scn_build_pages},
    {"told", scn_build_told},
    {"access", build_any_access},
};

static bool build_step(struct builder *b, const struct ynode *n)
{
    unsigned found = 0, which = 0;
    for (unsigned i = 0; i < ARRAY_LEN(actions); i++) {
        if (!ynode_get(n, actions[i].key)) continue;
        found++;
        which = i;
    }
    if (found == 1) return actions[which].build(b, ynode_get(n, actions[which].key), n);
    diag_error(b->diag, n->at, 1,
               found ? "a step does one thing: this does several" : "this step does nothing");
    return false;
}

/* Streams whose devices have an address translation cache, where no stream says so. */
static bool build_ats(struct builder *b, const struct ynode *list)
{
    for (const struct ynode *n = list ? schema_first(list) : NULL; n; n = schema_next(list, n)) {
        uint64_t sid;
        bool negative;
        if (!ynode_u64(n, &sid, &negative) || !scn_device(b, (uint32_t)sid, n)) return false;
        for (unsigned i = 0; i < b->ndevices; i++) b->devices[i].ats |= b->devices[i].sid == sid;
    }
    return true;
}

static void write_register(struct builder *b, const char *name, uint64_t v)
{
    struct scn_step *s = steps_add(&b->steps, SCN_WRITE);
    const struct dev_register *r = dev_register_find(&smmu_spec, name);
    s->index = (uint16_t)(r - smmu_spec.registers);
    s->offset = r->offset;
    s->size = r->size;
    s->value = v;
    s->made = true;
}

/* As 6.3.9.7 has software do it: tables and queues, then what is on. */
static void build_setup(struct builder *b)
{
    enum { PAGES = 1 << 1, QUEUES = 1 << 3 | 1 << 2, ON = QUEUES | 1 };
    uint64_t pages = 0; /* who has ATS asks for pages, too */
    for (unsigned i = 0; i < b->ndevices; i++)
        if (b->devices[i].ats) pages = PAGES;
    write_register(b, "STRTAB_BASE", SCN_STRTAB);
    write_register(b, "STRTAB_BASE_CFG", SCN_STRTAB_LOG2);
    write_register(b, "CMDQ_BASE", SCN_CMDQ | SCN_QUEUE_LOG2);
    write_register(b, "EVENTQ_BASE", SCN_EVENTQ | SCN_QUEUE_LOG2);
    if (pages) write_register(b, "PRIQ_BASE", SCN_PRIQ | SCN_QUEUE_LOG2);
    write_register(b, "CR0", QUEUES | pages);
    write_register(b, "CR0", ON | pages);
}

static void finish(struct builder *b, bool setup, struct test_case *c)
{
    struct scenario *s = arena_alloc(b->arena, sizeof(*s));
    if (setup) {
        struct scn_step *last = steps_add(&b->steps, SCN_TAKE);
        last->expects = last->made = true;
    }
    struct scn_step *steps = arena_alloc(b->arena, b->steps.items.len);
    memcpy(steps, b->steps.items.p, b->steps.items.len);
    s->steps = steps;
    s->nsteps = (unsigned)(b->steps.items.len / sizeof(*steps));
    s->nsids = b->ndevices;
    for (unsigned i = 0; i < b->ndevices; i++) {
        s->sids[i] = b->devices[i].sid;
        s->ats[i] = b->devices[i].ats;
    }
    struct scn_entry *entries = arena_alloc(b->arena, b->entries.len + 1);
    memcpy(entries, b->entries.p ? b->entries.p : "", b->entries.len);
    s->entries = entries;
    s->nentries = (unsigned)(b->entries.len / sizeof(*entries));
    c->scenario = s;
    for (unsigned i = 0; i < s->nsteps; i++) c->has_truth |= steps[i].expects;
}

bool scn_build(const struct case_builder *cb, const struct ynode *n, struct test_case *c)
{
    struct builder b = {.diag = cb->diag, .arena = cb->arena};
    const struct ynode *streams = ynode_get(n, "streams"), *steps = ynode_get(n, "steps");
    bool setup = strcmp(schema_text(n, "setup", "all"), "none") != 0;
    b.steps.arena = b.image.arena = cb->arena;
    b.image.next = SCN_TABLES;
    bool good = true;
    for (const struct ynode *s = streams ? streams->child : NULL; s && good; s = s->next)
        good = scn_stream(&b, s);
    good = good && build_ats(&b, ynode_get(n, "ats"));
    image_store(&b.image, &b.steps);
    good = good && build_memory(&b, ynode_get(n, "memory"), SCN_STORE);
    if (setup) build_setup(&b);
    for (const struct ynode *s = steps->child; s && good; s = s->next) good = build_step(&b, s);
    if (good && b.steps.items.len / sizeof(struct scn_step) >= SCN_STEPS) {
        diag_error(b.diag, steps->at, 1, "more than %d plain steps", SCN_STEPS);
        good = false;
    }
    if (good) finish(&b, setup, c);
    buf_free(&b.steps.items);
    buf_free(&b.entries);
    return good;
}
