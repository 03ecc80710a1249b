/* Ledgers as files: JSON lines, one for the run, one for each ISA or other subject, one for each row that was
 * executed.
 *
 * Bins are bits of hexadecimal texts, eight to two digits, bin 0 the lowest of the first two: their names
 * follow from the row, and the hash in the subject's line says that it is the same row here and there. */
#include "harness/cover/ledger.h"
#include "harness/report/report.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* ---- writing ---- */

static void add_names(struct buf *b, const char *key, const char *const *names, unsigned n)
{
    buf_printf(b, ",\"%s\":[", key);
    for (unsigned i = 0; i < n; i++) {
        if (i) buf_char(b, ',');
        text_json(b, names[i]);
    }
    buf_char(b, ']');
}

/* ,"key":"bits": the bins whose cell has any of `mask`; nothing when there are none. */
static void add_bits(struct buf *b, const char *key, const uint16_t *cells, unsigned n, unsigned mask)
{
    unsigned last = 0;
    for (unsigned i = 0; i < n; i++)
        if (cells[i] & mask) last = i + 1;
    if (!last) return;
    buf_char(b, ',');
    text_json(b, key);
    buf_str(b, ":\"");
    for (unsigned i = 0; i < last; i += 8) {
        unsigned byte = 0;
        for (unsigned k = i; k < i + 8 && k < last; k++)
            byte |= (unsigned)((cells[k] & mask) != 0) << (k - i);
        buf_printf(b, "%02x", byte);
    }
    buf_char(b, '"');
}

/* What a line of it calls it. */
static const char *subject_key(const struct ledger_subject *g)
{
    return g->subject->guest ? "isa" : "subject";
}

/* The line of a row; false, and no line, when it did not run. */
static bool add_row(const struct ledger *l, unsigned subject, unsigned row, struct buf *b)
{
    const struct ledger_subject *g = &l->subjects[subject];
    bool any = false;
    buf_printf(b, "{\"type\":\"row\",\"%s\":\"%s\",\"row\":\"%s\",\"on\":{", subject_key(g), g->subject->name,
               ledger_row(g, row)->id);
    for (unsigned be = 0; be < l->nbackends; be++) {
        const uint16_t *cells = ledger_cells(l, subject, be, row);
        unsigned n = g->nbins[row];
        if (!g->cases[be][row]) continue;
        if (any) buf_char(b, ',');
        any = true;
        text_json(b, l->backends[be]);
        buf_printf(b, ":{\"cases\":%" PRIu64, g->cases[be][row]);
        add_bits(b, "executed", cells, n, CELL_EXECUTED);
        add_bits(b, "peer", cells, n, CELL_PEER);
        for (unsigned o = 0; o < l->noutsiders; o++) add_bits(b, l->outsiders[o], cells, n, 1u << o);
        buf_char(b, '}');
    }
    buf_str(b, "}}\n");
    if (!any) buf_reset(b);
    return any;
}

void ledger_write(const struct ledger *l, uint64_t cases, const char *stopped, FILE *f)
{
    struct buf b = {0};
    unsigned rows = 0;
    buf_printf(&b, "{\"type\":\"cover\",\"lockstep\":%d", LEDGER_VERSION);
    add_names(&b, "backends", l->backends, l->nbackends);
    add_names(&b, "outsiders", l->outsiders, l->noutsiders);
    buf_printf(&b, ",\"cases\":%" PRIu64, cases);
    if (stopped) {
        buf_str(&b, ",\"stopped\":");
        text_json(&b, stopped);
    }
    buf_str(&b, "}\n");
    for (unsigned i = 0; i < l->nsubjects; i++) {
        const struct ledger_subject *g = &l->subjects[i];
        if (!ledger_shows(l, i)) continue;
        buf_printf(&b, "{\"type\":\"%s\",\"%s\":\"%s\",\"bins\":\"%016" PRIx64 "\"}\n", subject_key(g),
                   subject_key(g), g->subject->name, ledger_hash(g));
        for (unsigned row = 0; row < ledger_rows(g); row++) {
            fwrite(b.p, 1, b.len, f);
            buf_reset(&b);
            rows += g->nbins[row] && add_row(l, i, row, &b);
        }
    }
    buf_printf(&b, "{\"type\":\"end\",\"rows\":%u}\n", rows);
    fwrite(b.p, 1, b.len, f);
    buf_free(&b);
}

/* ---- reading ---- */

/* A file on its way in. The whole of it is checked (add false) before any of it counts. */
struct reading {
    struct ledger *l;         /* where it goes */
    struct buf *why;          /* what is wrong */
    unsigned line;            /* where we are */
    bool known[SUBJECTS_MAX]; /* subjects whose bins are the same here */
    unsigned rows;            /* lines of rows so far */
    bool ended;               /* its last line was there */
    bool add;                 /* second pass */
};

static bool wrong(struct reading *r, const char *fmt, const char *text)
{
    if (!r->why->len) {
        if (r->line) buf_printf(r->why, "line %u: ", r->line);
        buf_printf(r->why, fmt, text);
    }
    return false;
}

static bool read_names(struct reading *r, const json_t *line, const char *key,
                       int (*add)(struct ledger *l, const char *name))
{
    const json_t *list = json_object_get(line, key), *name;
    size_t i;
    if (!json_is_array(list)) return wrong(r, "\"%s\" is missing", key);
    json_array_foreach(list, i, name)
    {
        if (!json_is_string(name)) return wrong(r, "\"%s\" must be names", key);
        if (add(r->l, json_string_value(name)) < 0)
            return wrong(r, "more \"%s\" than a ledger can hold", key);
    }
    return true;
}

static void note_run(struct ledger *l, const json_t *line)
{
    const char *stopped = json_string_value(json_object_get(line, "stopped"));
    l->cases += (uint64_t)json_integer_value(json_object_get(line, "cases"));
    if (stopped) l->stopped = arena_strdup(&l->arena, stopped);
}

static bool read_head(struct reading *r, const json_t *line)
{
    const json_t *version = json_object_get(line, "lockstep");
    const char *type = json_string_value(json_object_get(line, "type"));
    char shown[32];
    if (!type || strcmp(type, "cover") || !json_is_integer(version)) {
        r->line = 0;
        return wrong(r, "it is no coverage report%s", "");
    }
    snprintf(shown, sizeof(shown), "%lld", (long long)json_integer_value(version));
    r->line = 0;
    if (json_integer_value(version) != LEDGER_VERSION)
        return wrong(r, "it has version %s of the format, which this lockstep does not read", shown);
    r->line = 1;
    if (r->add) note_run(r->l, line);
    return read_names(r, line, "backends", ledger_backend) &&
           read_names(r, line, "outsiders", ledger_outsider);
}

static const char *subject_named(const json_t *line)
{
    const char *isa = json_string_value(json_object_get(line, "isa"));
    return isa ? isa : json_string_value(json_object_get(line, "subject"));
}

static int subject_index(const struct ledger *l, const json_t *line)
{
    const char *name = subject_named(line);
    for (unsigned i = 0; name && i < l->nsubjects; i++)
        if (!strcmp(l->subjects[i].subject->name, name)) return (int)i;
    return -1;
}

static bool read_subject(struct reading *r, const json_t *line)
{
    const char *name = subject_named(line);
    const char *hash = json_string_value(json_object_get(line, "bins"));
    int g = subject_index(r->l, line);
    char ours[17] = "";
    if (g >= 0) snprintf(ours, sizeof(ours), "%016" PRIx64, ledger_hash(&r->l->subjects[g]));
    if (!hash || strcmp(hash, ours)) {
        r->line = 0;
        return wrong(r, "its rows of %s are not those of this lockstep: run again", name ? name : "?");
    }
    r->known[g] = true;
    return true;
}

/* The bins of a hexadecimal text, with these bits. */
static bool read_bits(struct reading *r, const char *text, uint16_t *cells, unsigned n, unsigned bits)
{
    for (unsigned i = 0; text[i]; i++) {
        char digit[2] = {text[i]}, *end;
        unsigned long v = strtoul(digit, &end, 16);
        unsigned first = i / 2 * 8 + (i % 2 ? 0 : 4);
        if (end != digit + 1) return wrong(r, "'%s' is not hexadecimal", text);
        for (unsigned k = 0; k < 4; k++) {
            if (!(v >> k & 1)) continue;
            if (first + k >= n) return wrong(r, "'%s' has more bins than the row", text);
            if (r->add) cells[first + k] |= (uint16_t)bits;
        }
    }
    return true;
}

static bool read_backend(struct reading *r, const char *name, json_t *on, unsigned subject, unsigned row)
{
    struct ledger_subject *g = &r->l->subjects[subject];
    unsigned known = r->l->nbackends, outsiders = r->l->noutsiders;
    const char *key;
    json_t *value;
    int b = ledger_backend(r->l, name);
    if (b < 0 || (unsigned)b >= known) return wrong(r, "the first line has no backend %s", name);
    json_object_foreach(on, key, value)
    {
        if (!strcmp(key, "cases")) {
            if (!json_is_integer(value) || json_integer_value(value) < 0)
                return wrong(r, "\"%s\" must be a number", key);
            if (r->add) g->cases[b][row] += (uint64_t)json_integer_value(value);
            continue;
        }
        bool executed = !strcmp(key, "executed"), peer = !strcmp(key, "peer");
        int o = executed || peer ? 0 : ledger_outsider(r->l, key);
        if (o < 0 || (unsigned)o >= outsiders) return wrong(r, "the first line has no outsider %s", key);
        if (!json_is_string(value)) return wrong(r, "\"%s\" must be a text", key);
        if (!read_bits(r, json_string_value(value), ledger_cells(r->l, subject, (unsigned)b, row),
                       g->nbins[row],
                       executed ? CELL_EXECUTED
                       : peer   ? CELL_PEER
                                : 1u << o))
            return false;
    }
    return true;
}

/* Of a row that has bins, or -1. */
static int row_index(const struct ledger_subject *g, const char *id)
{
    int row = id ? subject_row_find(g->subject, id) : -1;
    if (row >= 0) return g->nbins[row] ? row : -1;
    for (unsigned r = g->subject->nrows; id && r < ledger_rows(g); r++)
        if (!strcmp(id, ledger_row(g, r)->id)) return (int)r;
    return -1;
}

static bool read_row(struct reading *r, const json_t *line)
{
    const char *id = json_string_value(json_object_get(line, "row")), *name;
    json_t *on = json_object_get(line, "on"), *value;
    int g = subject_index(r->l, line);
    r->rows++;
    if (g < 0 || !r->known[g]) return wrong(r, "a row before the line of its ISA%s", "");
    int row = row_index(&r->l->subjects[g], id);
    if (row < 0) return wrong(r, "no row %s", id ? id : "?");
    if (!json_is_object(on)) return wrong(r, "\"%s\" is missing", "on");
    json_object_foreach(on, name, value)
    {
        if (!read_backend(r, name, value, (unsigned)g, (unsigned)row)) return false;
    }
    return true;
}

static bool read_line(struct reading *r, const json_t *line)
{
    const char *type = json_string_value(json_object_get(line, "type"));
    if (r->line == 1) return read_head(r, line);
    if (type && (!strcmp(type, "isa") || !strcmp(type, "subject"))) return read_subject(r, line);
    if (type && !strcmp(type, "row")) return read_row(r, line);
    if (type && !strcmp(type, "end")) {
        r->ended = json_integer_value(json_object_get(line, "rows")) == r->rows;
        return true;
    }
    return wrong(r, "unknown type of line '%s'", type ? type : "?");
}

static bool cut_short(struct reading *r)
{
    r->line = 0;
    return wrong(r, "it is cut short%s", "");
}

/* All lines of the file. */
static bool read_pass(struct reading *r, FILE *f)
{
    char *text = NULL;
    size_t cap = 0;
    ssize_t n;
    bool good = true;
    rewind(f);
    r->rows = 0;
    r->ended = false;
    for (r->line = 1; good && (n = getline(&text, &cap, f)) > 0; r->line++) {
        json_error_t err;
        json_t *line = json_loadb(text, (size_t)n, JSON_REJECT_DUPLICATES, &err);
        bool report = r->line > 1 || line;
        if (!report) r->line = 0;
        good = line ? read_line(r, line) : wrong(r, report ? "%s" : "it is no coverage report", err.text);
        json_decref(line);
    }
    if (good && ferror(f)) good = wrong(r, "%s", strerror(errno));
    if (good && !r->ended) good = cut_short(r);
    free(text);
    return good;
}

bool ledger_read(struct ledger *l, const char *path, struct buf *why)
{
    struct reading r = {.l = l, .why = why};
    buf_reset(why);
    FILE *f = fopen(path, "re");
    if (!f) {
        buf_str(why, strerror(errno));
        return false;
    }
    bool good = read_pass(&r, f);
    r.add = true;
    good = good && read_pass(&r, f);
    fclose(f);
    return good;
}
