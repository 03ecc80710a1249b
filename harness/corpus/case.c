/* A case from its YAML node: id, code, registers before. Memory is in case_mem.c, what is true afterwards in
 * truth.c. */
#include "harness/corpus/case.h"

#include <inttypes.h>
#include <string.h>

uint32_t code_word(const uint8_t *code, unsigned size, unsigned offset)
{
    uint32_t w = 0;
    for (unsigned i = 0; i < 4 && offset + i < size; i++) w |= (uint32_t)code[offset + i] << (8 * i);
    return w;
}

struct code_walk code_walk(const struct guest *g, const uint8_t *code, unsigned size, uint64_t limit)
{
    struct code_walk w = {.undecoded = -1};
    while (w.end < size && w.count < limit) {
        uint32_t word = code_word(code, size, w.end);
        unsigned length = g->length(word);
        int row = g->decode(word);
        if (row < 0 && w.undecoded < 0) w.undecoded = (int)w.end;
        if (row >= 0 && g->rows[row].effects & EFFECT_JUMP) w.jumps = true;
        w.last = w.end;
        w.cut = size - w.end < length;
        w.end = w.cut ? size : w.end + length;
        w.count++;
    }
    return w;
}

/* ---- registers ---- */

static bool unknown_register(const struct case_builder *b, const struct ynode *n, const struct schema *keys)
{
    size_t len = strlen(n->key);
    struct suggest near = suggest_start(n->key, len);
    for (unsigned i = 0; keys && i < keys->nkeys; i++)
        suggest_offer(&near, keys->keys[i].name, strlen(keys->keys[i].name));
    for (unsigned i = 0; i < b->guest->nregs; i++) {
        const struct guest_reg *r = &b->guest->regs[i];
        for (unsigned k = 0; k < r->count; k++) {
            const char *name = guest_reg_name(r, k);
            suggest_offer(&near, name, strlen(name));
        }
    }
    diag_error(b->diag, n->key_at, len, "%s has no register '%s'%s%.*s%s", b->guest->name, n->key,
               near.best ? "; did you mean '" : "", (int)near.best_len, near.best ? near.best : "",
               near.best ? "'?" : "");
    return false;
}

bool case_reg_ref(const struct case_builder *b, const struct ynode *n, const struct schema *keys,
                  struct guest_reg_ref *ref)
{
    *ref = guest_reg_find(b->guest, n->key);
    return ref->reg ? true : unknown_register(b, n, keys);
}

static bool one_reg(const struct case_builder *b, const struct ynode *n, const struct schema *keys,
                    struct case_reg *r)
{
    struct value_error err = {0};
    if (!case_reg_ref(b, n, keys, &r->ref)) return false;
    if (!value_parse_reg(b->guest, r->ref, n->text, n->len, r->value, &err)) {
        diag_error(b->diag, ynode_text_pos(n, err.offset), err.span, "%s", err.message);
        return false;
    }
    if ((int)r->ref.index == r->ref.reg->zero && r->value[0]) {
        diag_error(b->diag, n->at, n->len, "%s always reads 0", n->key);
        return false;
    }
    return true;
}

bool case_regs(const struct case_builder *b, const struct ynode *map, const struct schema *keys,
               struct case_reg **regs, unsigned *n)
{
    *n = 0;
    *regs = NULL;
    if (!map || map->kind != YNODE_MAP) return true;
    if (map->count > CASE_MAX_REGS) {
        diag_error(b->diag, map->at, 1, "%u registers; at most %d", map->count, CASE_MAX_REGS);
        return false;
    }
    *regs = arena_alloc(b->arena, (map->count + 1) * sizeof(**regs)); /* one more: truth.c adds pc */
    bool good = true;
    for (const struct ynode *c = map->child; c; c = c->next) {
        if (keys && schema_key_find(keys, c->key)) continue;
        struct case_reg *r = &(*regs)[*n];
        if (!one_reg(b, c, keys, r)) {
            good = false;
            continue;
        }
        for (unsigned i = 0; i < *n; i++) {
            if ((*regs)[i].ref.reg != r->ref.reg || (*regs)[i].ref.index != r->ref.index) continue;
            diag_error(b->diag, c->key_at, strlen(c->key), "%s is given twice: '%s' is another name of it",
                       guest_reg_name(r->ref.reg, r->ref.index), c->key);
            good = false;
        }
        ++*n;
    }
    return good;
}

static bool build_in(const struct case_builder *b, const struct ynode *map, struct test_case *c)
{
    struct case_reg *regs;
    if (!case_regs(b, map, NULL, &regs, &c->nin)) return false;
    c->in = regs;
    for (unsigned i = 0; i < c->nin; i++) {
        if (regs[i].ref.reg->word != b->guest->pc_word) continue;
        diag_error(b->diag, map->at, 1, "pc cannot be set here: it starts at the code, which stands at 'at'");
        return false;
    }
    return true;
}

/* ---- code ---- */

bool code_parse(const struct guest *g, const char *text, struct buf *out, struct asm_error *err)
{
    size_t len = strlen(text);
    if (!value_is_hex_code(text, len)) return guest_asm(g, text, out, err);
    struct value_error v = {0};
    if (value_parse_hex_code(text, len, out, &v)) return true;
    *err = (struct asm_error){.offset = v.offset, .span = v.span};
    snprintf(err->message, sizeof(err->message), "%s", v.message);
    return false;
}

static bool build_code(const struct case_builder *b, const struct ynode *n, struct test_case *c)
{
    struct asm_error err = {0};
    struct buf bytes = {0};
    bool good = code_parse(b->guest, n->text, &bytes, &err);
    if (!good) {
        diag_error(b->diag, ynode_text_pos(n, err.offset), err.span, "%s", err.message);
    } else if (!bytes.len) {
        diag_error(b->diag, n->at, 1, "no code");
        good = false;
    } else if (bytes.len > CASE_MAX_CODE) {
        diag_error(b->diag, n->at, 1, "%zu bytes of code; a case has at most %d", bytes.len, CASE_MAX_CODE);
        good = false;
    } else if (bytes.len % b->guest->code_unit) {
        diag_error(b->diag, n->at, n->block ? 1 : n->len, "%zu byte%s of code, which is not a multiple of %u",
                   bytes.len, bytes.len == 1 ? "" : "s", b->guest->code_unit);
        good = false;
    } else {
        uint8_t *p = arena_alloc(b->arena, bytes.len);
        memcpy(p, bytes.p, bytes.len);
        c->code = p;
        c->code_size = (unsigned)bytes.len;
    }
    buf_free(&bytes);
    return good;
}

static bool build_at(const struct case_builder *b, const struct ynode *n, struct test_case *c)
{
    c->code_at = schema_number(n, "at", LAYOUT_CODE);
    if (c->code_at % b->guest->code_unit == 0) return true;
    diag_error(b->diag, ynode_get(n, "at")->at, ynode_get(n, "at")->len, "code starts at a multiple of %u",
               b->guest->code_unit);
    return false;
}

/* How many instructions run: all that are there, if `steps` does not say. */
static bool build_steps(const struct case_builder *b, const struct ynode *n, struct code_walk *walk,
                        struct test_case *c)
{
    const struct ynode *steps = ynode_get(n, "steps"), *code = ynode_get(n, "code");
    c->steps = schema_number(n, "steps", ~0ull);
    *walk = code_walk(b->guest, c->code, c->code_size, c->steps);
    if (steps) return true;
    c->steps = walk->count;
    if (!walk->cut || walk->undecoded == (int)walk->last) return true;
    diag_error(b->diag, code->at, 1,
               "the code ends within an instruction; say how many to execute with 'steps'");
    return false;
}

/* Code that does not decode is a mistake, unless that is what the case is about. */
static bool check_decodes(const struct case_builder *b, const struct ynode *code,
                          const struct code_walk *walk, const struct test_case *c)
{
    const struct guest *g = b->guest;
    const struct case_truth *t = &c->truth;
    if (walk->undecoded < 0) return true;
    if (c->has_truth && t->has_exit && t->exit.kind == EXIT_FAULT &&
        (t->exit.cause == g->cause_of_access[0] || t->exit.cause == g->cause_of_access[CPU_EXEC]))
        return true;
    uint32_t word = code_word(c->code, c->code_size, (unsigned)walk->undecoded);
    unsigned length = g->length(word);
    diag_error(b->diag, code->at, code->block ? 1 : code->len,
               "0x%0*" PRIx32
               " at offset %d is not an instruction; if that is the point, say out: {exit: %s}",
               (int)length * 2, length < 4 ? word & (uint32_t)bits_mask(length * 8) : word, walk->undecoded,
               g->causes[g->cause_of_access[0]].name);
    return false;
}

bool case_build(const struct case_builder *b, const struct ynode *n, struct test_case *c)
{
    const struct ynode *code = ynode_get(n, "code"), *out = ynode_get(n, "out");
    *c = (struct test_case){
        .id = arena_printf(b->arena, "%s%s", b->prefix, schema_text(n, "id", "")),
        .guest = b->guest,
        .at = n->at,
        .why = arena_strdup(b->arena, schema_text(n, "why", "")),
    };
    bool good = build_code(b, code, c);
    good &= build_at(b, n, c);
    good &= build_in(b, ynode_get(n, "in"), c);
    if (!good) return false;
    int row = b->guest->decode(code_word(c->code, c->code_size, 0));
    if (row >= 0) c->row = &b->guest->rows[row];
    struct code_walk walk;
    return build_steps(b, n, &walk, c) && case_mem_before(b, ynode_get(n, "mem"), c) &&
           case_mem_code(b, code, c) && (!out || case_truth(b, out, &walk, c)) &&
           check_decodes(b, code, &walk, c);
}
