/* Memory of a case: regions of its own, bytes before, bytes expected after. Everything must be mapped, and
 * nothing may be said twice.
 */
#include "harness/corpus/case.h"

#include <inttypes.h>
#include <string.h>

/* A stretch of addresses and who claimed it. */
struct span {
    uint64_t base, last;      /* first and last byte */
    const char *name;         /* "data", "the code", "this entry" */
    const struct ynode *node; /* where it was written; NULL: every case has it */
    unsigned perm;            /* of a region */
};

struct spans {
    struct span at[CASE_MAX_MEM + 4]; /* in the order found */
    unsigned n;                       /* how many */
};

/* The regions that every case has. */
static void begin(struct spans *s)
{
    for (s->n = 0; s->n < CASE_LAYOUT; s->n++) {
        const struct case_region *r = &case_layout[s->n];
        s->at[s->n] = (struct span){r->base, r->base + r->size - 1, r->name, NULL, r->perm};
    }
}

/* Adds a span unless it overlaps one that is there. */
static bool claim(const struct case_builder *b, struct spans *s, struct span add)
{
    for (unsigned i = 0; i < s->n; i++) {
        const struct span *o = &s->at[i];
        if (add.base > o->last || o->base > add.last) continue;
        diag_error(b->diag, add.node->at, 1,
                   "0x%" PRIx64 "..0x%" PRIx64 " overlaps %s%s at 0x%" PRIx64 "..0x%" PRIx64, add.base,
                   add.last, o->name, o->node ? "" : ", which every case has,", o->base, o->last);
        if (o->node) diag_note(b->diag, o->node->at, 1, "the other is here");
        return false;
    }
    s->at[s->n++] = add;
    return true;
}

/* The region that holds all of [base, last], or NULL. */
static const struct span *within(const struct spans *maps, uint64_t base, uint64_t last)
{
    for (unsigned i = 0; i < maps->n; i++)
        if (maps->at[i].base <= base && last <= maps->at[i].last) return &maps->at[i];
    return NULL;
}

static bool check_mapped(const struct case_builder *b, const struct spans *maps, const struct ynode *n,
                         uint64_t base, uint64_t last)
{
    if (within(maps, base, last)) return true;
    diag_error(b->diag, n->at, 1,
               "0x%" PRIx64 "..0x%" PRIx64 " is not within one region; perm and size map one", base, last);
    return false;
}

/* ---- contents ---- */

static bool number_list(const struct case_builder *b, const struct ynode *n, unsigned width, struct buf *out)
{
    for (const struct ynode *i = schema_first(n); i; i = schema_next(n, i)) {
        uint64_t v;
        bool negative;
        if (!ynode_u64(i, &v, &negative)) BUG("numbers were not checked");
        if (negative ? bits_sext(v, width) != (int64_t)v : v > bits_mask(width)) {
            diag_error(b->diag, i->at, i->len, "%.60s is too wide for %s", i->text, n->key);
            return false;
        }
        for (unsigned k = 0; k < width; k += 8) buf_char(out, (char)(v >> k));
    }
    return true;
}

static bool fill(const struct case_builder *b, const struct ynode *entry, const struct ynode *n,
                 struct buf *out)
{
    uint64_t size = schema_number(entry, "size", 0), byte = schema_number(entry, "fill", 0);
    if (!size || size > CASE_MAX_DATA) {
        diag_error(b->diag, n->key_at, 4, "'fill' needs a 'size' from 1 to %d", CASE_MAX_DATA);
        return false;
    }
    for (uint64_t i = 0; i < size; i++) buf_char(out, (char)byte);
    return true;
}

static bool hex(const struct case_builder *b, const struct ynode *n, struct buf *out)
{
    struct value_error err = {0};
    if (value_parse_bytes(n->text, n->len, out, &err)) return true;
    diag_error(b->diag, ynode_text_pos(n, err.offset), err.span, "%s", err.message);
    return false;
}

/* The bytes of an entry, and how many keys said so. */
static bool contents(const struct case_builder *b, const struct ynode *entry, struct buf *out,
                     unsigned *given)
{
    static const struct {
        const char *key; /* of an entry */
        unsigned width;  /* of a number; 0: hex text, 1: fill */
    } kinds[] = {{"data", 0}, {"fill", 1}, {"u8", 8}, {"u16", 16}, {"u32", 32}, {"u64", 64}};
    *given = 0;
    for (unsigned i = 0; i < ARRAY_LEN(kinds); i++) {
        const struct ynode *n = ynode_get(entry, kinds[i].key);
        if (!n) continue;
        if (++*given > 1) {
            diag_error(b->diag, n->key_at, strlen(n->key), "only one of data, fill, u8, u16, u32 and u64");
            return false;
        }
        if (kinds[i].width == 0 && !hex(b, n, out)) return false;
        if (kinds[i].width == 1 && !fill(b, entry, n, out)) return false;
        if (kinds[i].width >= 8 && !number_list(b, n, kinds[i].width, out)) return false;
        if (out->len > CASE_MAX_DATA) {
            diag_error(b->diag, n->at, 1, "%zu bytes; a case has at most %d", out->len, CASE_MAX_DATA);
            return false;
        }
    }
    return true;
}

/* An entry's bytes as the next of c->mem or of the truth's. */
static bool add_bytes(const struct case_builder *b, const struct ynode *entry, const struct spans *maps,
                      struct spans *taken, struct case_mem *m, bool *any)
{
    struct buf bytes = {0};
    unsigned given = 0;
    bool maps_one = ynode_get(entry, "perm") != NULL;
    uint64_t at = schema_number(entry, "at", 0);
    bool good = contents(b, entry, &bytes, &given);
    *any = false;
    if (good && ynode_get(entry, "size") && !maps_one && !ynode_get(entry, "fill")) {
        diag_error(b->diag, ynode_get(entry, "size")->key_at, 4, "'size' goes with 'fill' or 'perm'");
        good = false;
    } else if (good && !bytes.len && !(maps_one && !given)) {
        diag_error(b->diag, entry->at, 1, "no bytes: one of data, fill, u8, u16, u32 and u64 is needed");
        good = false;
    }
    if (good && bytes.len) {
        uint64_t last = at + bytes.len - 1;
        if (last < at) {
            diag_error(b->diag, entry->at, 1, "bytes beyond the end of the address space");
            good = false;
        }
        good = good && check_mapped(b, maps, entry, at, last) &&
               claim(b, taken, (struct span){at, last, "the entry", entry, 0});
        uint8_t *p = arena_alloc(b->arena, bytes.len);
        memcpy(p, bytes.p, bytes.len);
        *m = (struct case_mem){.at = at, .size = bytes.len, .data = p};
        *any = good;
    }
    buf_free(&bytes);
    return good;
}

/* ---- regions ---- */

static bool parse_perm(const struct case_builder *b, const struct ynode *n, unsigned *perm)
{
    static const char letters[] = "rwx";
    *perm = 0;
    for (size_t i = 0; i < n->len; i++) {
        const char *p = strchr(letters, n->text[i]);
        if (!p || *perm & 1u << (p - letters)) {
            diag_error(b->diag, n->at, n->len, "'%.20s' is not a set of rights: letters of rwx", n->text);
            return false;
        }
        *perm |= 1u << (p - letters);
    }
    return true;
}

static bool add_region(const struct case_builder *b, const struct ynode *entry, struct spans *maps,
                       uint64_t *total, struct case_mem *m)
{
    _Static_assert(CPU_READ == 1 && CPU_WRITE == 2 && CPU_EXEC == 4, "parse_perm's order");
    uint64_t at = schema_number(entry, "at", 0), size = schema_number(entry, "size", 0);
    unsigned perm;
    if (!parse_perm(b, ynode_get(entry, "perm"), &perm)) return false;
    if (!size || size % CPU_PAGE || at % CPU_PAGE) {
        diag_error(b->diag, entry->at, 1,
                   "a region needs a 'size', and both it and 'at' are multiples of 0x%x", CPU_PAGE);
        return false;
    }
    if (at + size - 1 < at) {
        diag_error(b->diag, entry->at, 1, "a region beyond the end of the address space");
        return false;
    }
    *total += size > CASE_MAX_REGION ? CASE_MAX_REGION + 1 : size;
    if (*total > CASE_MAX_REGION) {
        diag_error(b->diag, entry->at, 1, "a case maps at most 0x%x bytes of its own", CASE_MAX_REGION);
        return false;
    }
    *m = (struct case_mem){.at = at, .size = size, .perm = perm};
    return claim(b, maps, (struct span){at, at + size - 1, "the region", entry, perm});
}

static bool too_many(const struct case_builder *b, const struct ynode *list)
{
    diag_error(b->diag, list->at, 1, "%u memory entries; a case has at most %d", list->count,
               CASE_MAX_MEM / 2);
    return false;
}

/* Regions first, so that the bytes of any entry may go to the region of any other. */
bool case_mem_before(const struct case_builder *b, const struct ynode *list, struct test_case *c)
{
    if (!list) return true;
    if (list->count > CASE_MAX_MEM / 2) return too_many(b, list);
    struct spans maps, taken = {0};
    begin(&maps);
    struct case_mem *mem = arena_alloc(b->arena, 2 * list->count * sizeof(*mem));
    uint64_t total = 0, bytes = 0;
    bool any;
    c->mem = mem;
    for (const struct ynode *e = list->child; e; e = e->next)
        if (ynode_get(e, "perm") && !add_region(b, e, &maps, &total, &mem[c->nmem++])) return false;
    for (const struct ynode *e = list->child; e; e = e->next) {
        if (!add_bytes(b, e, &maps, &taken, &mem[c->nmem], &any)) return false;
        if (any) bytes += mem[c->nmem++].size;
    }
    if (bytes <= CASE_MAX_DATA) return true;
    diag_error(b->diag, list->at, 1, "%" PRIu64 " bytes of memory; a case has at most %d", bytes,
               CASE_MAX_DATA);
    return false;
}

static void collect_maps(const struct test_case *c, struct spans *maps)
{
    begin(maps);
    for (unsigned i = 0; i < c->nmem; i++) {
        const struct case_mem *m = &c->mem[i];
        if (m->perm)
            maps->at[maps->n++] = (struct span){m->at, m->at + m->size - 1, "the region", NULL, m->perm};
    }
}

bool case_mem_after(const struct case_builder *b, const struct ynode *list, struct test_case *c)
{
    if (!list) return true;
    if (list->count > CASE_MAX_MEM / 2) return too_many(b, list);
    struct spans maps, taken = {0};
    collect_maps(c, &maps);
    struct case_mem *mem = arena_alloc(b->arena, list->count * sizeof(*mem));
    c->truth.mem = mem;
    for (const struct ynode *e = list->child; e; e = e->next) {
        const struct ynode *perm = ynode_get(e, "perm");
        bool any;
        if (perm) {
            diag_error(b->diag, perm->key_at, 4, "memory is mapped in the case's own 'mem', not in 'out'");
            return false;
        }
        if (!add_bytes(b, e, &maps, &taken, &mem[c->truth.nmem], &any)) return false;
        c->truth.nmem += any;
    }
    return true;
}

bool case_mem_code(const struct case_builder *b, const struct ynode *code, const struct test_case *c)
{
    struct spans maps;
    collect_maps(c, &maps);
    uint64_t last = c->code_at + c->code_size - 1;
    const struct span *r = last < c->code_at ? NULL : within(&maps, c->code_at, last);
    if (!r || !(r->perm & CPU_EXEC)) {
        diag_error(b->diag, code->at, 1,
                   "the code at 0x%" PRIx64 "..0x%" PRIx64 " is not in executable memory", c->code_at, last);
        return false;
    }
    for (unsigned i = 0; i < c->nmem; i++) {
        const struct case_mem *m = &c->mem[i];
        if (m->perm || m->at > last || m->at + m->size - 1 < c->code_at) continue;
        diag_error(b->diag, code->at, 1,
                   "the code at 0x%" PRIx64 "..0x%" PRIx64 " overlaps the memory at 0x%" PRIx64, c->code_at,
                   last, m->at);
        return false;
    }
    return true;
}
