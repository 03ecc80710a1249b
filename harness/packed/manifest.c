/* The manifest of a packed corpus: its schema, reading and writing; and what its `rows` stands for. */
#include "harness/packed/packed.h"

#include "harness/corpus/case.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- the format ---- */

static const struct schema text = {.what = "text", .accepts = SCHEMA_TEXT};
static const struct schema word = {.what = "the name of a file", .accepts = SCHEMA_TEXT, .word = true};
static const struct schema isa = {.what = "the name of an ISA", .accepts = SCHEMA_TEXT, .isa = true};
static const struct schema number = {.what = "a number", .accepts = SCHEMA_NUMBER};
static const struct schema count = {/* which JSON has, too */
                                    .what = "a number from 0 to 2^63 - 1",
                                    .accepts = SCHEMA_NUMBER,
                                    .max = INT64_MAX};

static const struct schema_key source_keys[] = {
    {"ids", &text, true, "What the ids of these cases begin with: ISA/FILE."},
    {"file", &text, false, "The corpus file they are from; if not given, they were generated for this."},
};
static const struct schema source = {
    .what = "a source", .accepts = SCHEMA_MAP, .keys = source_keys, .nkeys = ARRAY_LEN(source_keys)};
static const struct schema sources = {.what = "a list of sources", .accepts = SCHEMA_LIST, .item = &source};

static const struct schema_key manifest_keys[] = {
    {"packed", &count, true, "Version of this format: 1. Must be the first key."},
    {"isa", &isa, true, "The guest."},
    {"from", &text, true, "The command that made it."},
    {"seed", &number, true, "Of generated cases."},
    {"cases", &count, true, "How many there are."},
    {"records", &number, true, "XXH64 of all records, uncompressed: zstdcat cases.zst | xxhsum -H1"},
    {"rows", &number, true, "Hash of the rows, registers and causes of the ISA that the records are for."},
    {"data", &word, true, "The file of records, in the manifest's folder."},
    {"bytes", &count, true, "Size of that file."},
    {"zstd", &text, true, "What compressed it; other versions may make other bytes of the same records."},
    {"sources", &sources, true, "Where the cases are from."},
};
const struct schema schema_packed = {.what = "the manifest of a packed corpus",
                                     .accepts = SCHEMA_MAP,
                                     .keys = manifest_keys,
                                     .nkeys = ARRAY_LEN(manifest_keys)};

void packed_write_json(FILE *out)
{
    schema_write(&schema_packed, "lockstep packed corpus", out);
}

/* ---- what records depend on ---- */

static uint64_t hash_numbers(const uint64_t *v, size_t n, uint64_t hash)
{
    return hash_bytes(v, n * sizeof(*v), hash);
}

uint64_t packed_rows(const struct guest *g)
{
    uint64_t hash = hash_str(g->name, PACKED_VERSION);
    for (unsigned i = 0; i < g->nrows; i++) {
        const struct guest_row *r = &g->rows[i];
        hash = hash_str(r->id, hash);
        hash = hash_numbers((const uint64_t[]){r->mask, r->match, r->length}, 3, hash);
    }
    for (unsigned i = 0; i < g->nregs; i++) {
        const struct guest_reg *r = &g->regs[i];
        hash = hash_str(r->name, hash);
        hash = hash_numbers((const uint64_t[]){r->count, r->width, (uint64_t)r->zero}, 3, hash);
    }
    for (unsigned i = 0; i < g->ncauses; i++) {
        hash = hash_str(g->causes[i].name, hash);
        hash = hash_numbers((const uint64_t[]){g->causes[i].exit}, 1, hash);
    }
    return hash;
}

void packed_regs_make(const struct guest *g, struct packed_regs *r)
{
    r->n = 0;
    r->base = xcalloc(g->nregs, sizeof(*r->base));
    for (unsigned i = 0; i < g->nregs; i++) {
        r->base[i] = r->n;
        r->n += g->regs[i].count;
    }
    r->ref = xcalloc(r->n, sizeof(*r->ref));
    for (unsigned i = 0; i < g->nregs; i++)
        for (unsigned k = 0; k < g->regs[i].count; k++)
            r->ref[r->base[i] + k] = (struct guest_reg_ref){&g->regs[i], k};
}

void packed_regs_free(struct packed_regs *r)
{
    free(r->ref);
    free(r->base);
    *r = (struct packed_regs){0};
}

/* ---- reading ---- */

static bool check_version(const struct ynode *root, struct diag *d)
{
    const struct ynode *v = ynode_get(root, "packed");
    uint64_t n = schema_number(root, "packed", 0);
    if (n == PACKED_VERSION) return true;
    diag_error(d, v->at, v->len, "format %.40s; this lockstep reads format %d: pack it again", v->text,
               PACKED_VERSION);
    return false;
}

static bool check_rows(const struct ynode *root, const struct guest *g, struct diag *d)
{
    const struct ynode *v = ynode_get(root, "rows");
    if (schema_number(root, "rows", 0) == packed_rows(g)) return true;
    diag_error(d, v->at, v->len,
               "these records are for other rows or registers of %s than this lockstep has (0x%016" PRIx64
               "): pack it again",
               g->name, packed_rows(g));
    return false;
}

/* "ISA/FILE" without a further slash, as all ids begin. */
static bool read_source(const struct ynode *n, const struct guest *g, struct packed_source *s,
                        struct arena *a, struct diag *d)
{
    const struct ynode *ids = ynode_get(n, "ids"), *file = ynode_get(n, "file");
    size_t isa_size = strlen(g->name);
    const char *rest = ids->text + isa_size + 1;
    if (strncmp(ids->text, g->name, isa_size) || ids->text[isa_size] != '/' || !*rest || strchr(rest, '/') ||
        ids->len >= PACKED_PREFIX_MAX) {
        diag_error(d, ids->at, ids->len, "ids begin with '%s/' and a name without a slash, not '%.60s'",
                   g->name, ids->text);
        return false;
    }
    s->prefix = arena_printf(a, "%s/", ids->text);
    s->file = file ? file->text : NULL;
    s->at = n->at;
    return true;
}

static bool read_sources(const struct ynode *list, struct packed_manifest *m, struct arena *a, struct diag *d)
{
    if (!list->count || list->count > PACKED_SOURCES_MAX) {
        diag_error(d, list->at, 1, "%u sources; a packed corpus has 1 to %d", list->count,
                   PACKED_SOURCES_MAX);
        return false;
    }
    m->sources = arena_alloc(a, list->count * sizeof(*m->sources));
    for (const struct ynode *n = list->child; n; n = n->next)
        if (!read_source(n, m->guest, &m->sources[m->nsources++], a, d)) return false;
    return true;
}

/* The version first: of another one, the other keys mean nothing. */
static bool read_manifest(const char *path, const struct ynode *root, struct packed_manifest *m,
                          struct arena *a, struct diag *d)
{
    const struct ynode *v = ynode_get(root, "packed");
    const char *slash = strrchr(path, '/');
    if (root->kind != YNODE_MAP || !root->child || root->child != v) {
        diag_error(d, root->child ? root->child->key_at : root->at, 1,
                   "the first key of a packed corpus is 'packed: %d'", PACKED_VERSION);
        return false;
    }
    if (!schema_check(manifest_keys[0].type, v, d) || !check_version(root, d)) return false;
    if (!schema_check(&schema_packed, root, d)) return false;
    *m = (struct packed_manifest){
        .guest = guest_find(ynode_get(root, "isa")->text),
        .from = ynode_get(root, "from")->text,
        .seed = schema_number(root, "seed", 0),
        .cases = schema_number(root, "cases", 0),
        .records = schema_number(root, "records", 0),
        .bytes = schema_number(root, "bytes", 0),
        .zstd = ynode_get(root, "zstd")->text,
        .data = arena_printf(a, "%.*s%s", slash ? (int)(slash + 1 - path) : 0, path,
                             ynode_get(root, "data")->text),
    };
    return check_rows(root, m->guest, d) && read_sources(ynode_get(root, "sources"), m, a, d);
}

bool packed_manifest_load(const char *path, struct packed_manifest *m, struct arena *a, struct diag *d)
{
    const struct ynode *root = yaml_load(path, a, d);
    return root && read_manifest(path, root, m, a, d);
}

bool packed_manifest_text(const char *path, const char *content, size_t len, struct packed_manifest *m,
                          struct arena *a, struct diag *d)
{
    const struct ynode *root = yaml_load_text(path, content, len, a, d);
    return root && read_manifest(path, root, m, a, d);
}

/* ---- writing ---- */

static void write_text(const char *key, const char *value, struct buf *out)
{
    buf_printf(out, "%s: ", key);
    case_quote(value, out);
    buf_char(out, '\n');
}

void packed_manifest_write(const struct packed_manifest *m, struct buf *out)
{
    buf_printf(out, "packed: %d\nisa: %s\n", PACKED_VERSION, m->guest->name);
    write_text("from", m->from, out);
    buf_printf(out,
               "seed: %" PRIu64 "\ncases: %" PRIu64 "\nrecords: 0x%016" PRIx64 "\nrows: 0x%016" PRIx64
               "\ndata: %s\nbytes: %" PRIu64 "\n",
               m->seed, m->cases, m->records, packed_rows(m->guest), m->data, m->bytes);
    write_text("zstd", m->zstd, out);
    buf_str(out, "sources:\n");
    for (unsigned i = 0; i < m->nsources; i++) {
        const struct packed_source *s = &m->sources[i];
        buf_str(out, "  - ids: ");
        char *ids = xstrdup(s->prefix);
        ids[strlen(ids) - 1] = 0;
        case_quote(ids, out);
        free(ids);
        buf_char(out, '\n');
        if (s->file) write_text("    file", s->file, out);
    }
}
