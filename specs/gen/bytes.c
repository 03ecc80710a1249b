/* enc: of an ISA whose instructions are bytes (x86), in the notation of the SDM's opcode column (SDM
 * 2, 3.1.1.1):
 *
 *     [np|66|f2|f3|lock?|o16|o32|o64|w0] [rex.w] [0f|0f 38|0f 3a] opcode[+r] [/r|/0../7|byte] [immediates]
 *     vex.<lz|l0|l1|lig|128|256>.[np|66|f2|f3].<0f|0f38|0f3a>.[w0|w1|wig] opcode [/r|/0../7] [ib|is4]
 *
 * 66, f2 and f3 are mandatory prefixes here and exclude each other, np excludes all three. o16, o32 and o64
 * say the operand size, by 66 and REX.W together (SDM 1, table 3-4). What is not mentioned may be there or
 * not. Immediates: ib iw id io of 1 2 4 8 bytes, iz of the operand size up to 4, cb cd relative to the next
 * instruction, is4 a register.
 */
#include "specs/gen/parse.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* One parse. */
struct reader {
    struct source src;
    struct byte_enc *enc; /* so far */
    bool prefixes, rexw;  /* a legacy prefix, REX.W was seen */
    bool escape, opcode;  /* so was 0f; the opcode */
};

static bool fail(struct reader *r, const char *at, size_t n, const char *fmt, ...) PRINTF(4, 5);
static bool fail(struct reader *r, const char *at, size_t n, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    source_verror(&r->src, (size_t)(at - r->src.text), n, fmt, ap);
    va_end(ap);
    return false;
}

static bool is(const char *p, size_t n, const char *word)
{
    return strlen(word) == n && !memcmp(p, word, n);
}

/* The place of a word in a list, or -1. */
static int in(const char *p, size_t n, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (is(p, n, list[i])) return (int)i;
    return -1;
}
#define IN(p, n, ...) \
    in(p, n, (const char *const[]){__VA_ARGS__}, ARRAY_LEN(((const char *const[]){__VA_ARGS__})))

/* ---- prefixes ---- */

static bool prefix_set(struct reader *r, const char *p, size_t n, uint8_t *state, uint8_t value)
{
    if (value == BYTES_ANY) return true;
    if (*state != BYTES_ANY && *state != value)
        return fail(r, p, n, "'%.*s' contradicts an earlier prefix", (int)n, p);
    *state = value;
    return true;
}

/* What each prefix says of 66, f2, f3 and W. */
static const struct prefix {
    const char *name;
    uint8_t p66, pf2, pf3, w;
} prefixes[] = {
    {"np", BYTES_NOT, BYTES_NOT, BYTES_NOT, BYTES_ANY},
    {"66", BYTES_NEED, BYTES_NOT, BYTES_NOT, BYTES_ANY},
    {"f2", BYTES_ANY, BYTES_NEED, BYTES_NOT, BYTES_ANY},
    {"f3", BYTES_ANY, BYTES_NOT, BYTES_NEED, BYTES_ANY},
    {"o16", BYTES_NEED, BYTES_ANY, BYTES_ANY, 0},
    {"o32", BYTES_NOT, BYTES_ANY, BYTES_ANY, 0},
    {"o64", BYTES_ANY, BYTES_ANY, BYTES_ANY, 1},
    {"w0", BYTES_ANY, BYTES_ANY, BYTES_ANY, 0},
    {"lock?", BYTES_ANY, BYTES_ANY, BYTES_ANY, BYTES_ANY},
};

static const struct prefix *prefix_find(const char *p, size_t n)
{
    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
        if (is(p, n, prefixes[i].name)) return &prefixes[i];
    return NULL;
}

static bool prefix(struct reader *r, const char *p, size_t n, const struct prefix *says)
{
    struct byte_enc *e = r->enc;
    if (r->rexw)
        return fail(r, p, n, "'%s' must stand before rex.w: REX is the last prefix (SDM 2, 2.2.1)",
                    says->name);
    r->prefixes = true;
    e->lock |= is(p, n, "lock?");
    return prefix_set(r, p, n, &e->p66, says->p66) && prefix_set(r, p, n, &e->pf2, says->pf2) &&
           prefix_set(r, p, n, &e->pf3, says->pf3) && prefix_set(r, p, n, &e->w, says->w);
}

/* What the parts of "vex.128.66.0f3a.w0" have said. */
struct vex {
    bool l, pp, map, w;
};

static bool vex_once(struct reader *r, bool *seen, const char *p, size_t n, const char *what)
{
    if (*seen) return fail(r, p, n, "'%.*s': the %s is said twice", (int)n, p, what);
    *seen = true;
    return true;
}

static bool vex_part(struct reader *r, struct vex *v, const char *p, size_t n)
{
    static const uint8_t lengths[] = {0, 0, 1, BYTES_ANY, 0, 1}, ws[] = {0, 1, BYTES_ANY};
    struct byte_enc *e = r->enc;
    int i;
    if ((i = IN(p, n, "lz", "l0", "l1", "lig", "128", "256")) >= 0) {
        e->l = lengths[i];
        return vex_once(r, &v->l, p, n, "vector length");
    }
    if ((i = IN(p, n, "np", "66", "f2", "f3")) >= 0) {
        e->p66 = i == 1;
        e->pf2 = i == 2;
        e->pf3 = i == 3;
        return vex_once(r, &v->pp, p, n, "prefix");
    }
    if ((i = IN(p, n, "0f", "0f38", "0f3a")) >= 0) {
        e->map = (uint8_t)(i + 1);
        return vex_once(r, &v->map, p, n, "opcode map");
    }
    if ((i = IN(p, n, "w0", "w1", "wig")) >= 0) {
        e->w = ws[i];
        return vex_once(r, &v->w, p, n, "W bit");
    }
    if (is(p, n, "w?"))
        return fail(r, p, n, "'w?' stands for an operand width, but the row has no 'width' that says it");
    return fail(r, p, n,
                "'%.*s' is no part of a VEX prefix; expected lz l0 l1 lig 128 256, np 66 f2 f3, 0f 0f38 "
                "0f3a, w0 w1 wig",
                (int)n, p);
}

static bool vex_prefix(struct reader *r, const char *p, size_t n)
{
    struct vex v = {0};
    if (r->prefixes || r->rexw)
        return fail(r, p, n, "VEX holds its own prefix and W; nothing stands before it");
    r->enc->vex = r->prefixes = r->escape = true;
    r->enc->p66 = r->enc->pf2 = r->enc->pf3 = BYTES_NOT;
    for (const char *part = p + 3; part < p + n;) {
        size_t len = strcspn(++part, ". ");
        if (!vex_part(r, &v, part, len)) return false;
        part += len;
    }
    if (!v.l) return fail(r, p, n, "the VEX prefix says no vector length; expected lz l0 l1 lig 128 or 256");
    return v.map || fail(r, p, n, "the VEX prefix says no opcode map; expected 0f, 0f38 or 0f3a");
}

/* ---- opcode, ModRM, immediates ---- */

static int hex_byte(const char *p, size_t n)
{
    if (n < 2 || !isxdigit((unsigned char)p[0]) || !isxdigit((unsigned char)p[1])) return -1;
    return (int)strtoul((char[]){p[0], p[1], 0}, NULL, 16);
}

static bool opcode(struct reader *r, const char *p, size_t n, int byte)
{
    struct byte_enc *e = r->enc;
    if (byte == 0x0f && !r->escape && n == 2) {
        r->escape = true;
        e->map = 1;
        return true;
    }
    if (e->map == 1 && !e->vex && n == 2 && (byte == 0x38 || byte == 0x3a)) {
        e->map = byte == 0x38 ? 2 : 3;
        return true;
    }
    r->opcode = true;
    e->opcode = (uint8_t)byte;
    if (n == 2) return true;
    e->plus_r = is(p + 2, n - 2, "+r");
    if (!e->plus_r)
        return fail(r, p, n, "'%.*s' is not an opcode; expected two hexadecimal digits, perhaps with +r",
                    (int)n, p);
    return !(byte & 7) ||
           fail(r, p, n, "opcode %02x has no room for +r: its low three bits must be 0", (unsigned)byte);
}

static bool modrm(struct reader *r, const char *p, size_t n, int byte)
{
    struct byte_enc *e = r->enc;
    if (e->modrm || e->plus_r || e->nimms)
        return fail(r, p, n, "unexpected '%.*s'; a ModRM byte follows the opcode, once", (int)n, p);
    e->modrm = byte >= 0 ? MODRM_FIXED : p[1] == 'r' ? MODRM_REG : MODRM_DIGIT;
    e->modrm_value = (uint8_t)(byte >= 0 ? byte : p[1] - '0');
    bool ok = byte >= 0 ? n == 2 : n == 2 && (p[1] == 'r' || (p[1] >= '0' && p[1] <= '7'));
    return ok || fail(r, p, n, "'%.*s' is not a ModRM byte; expected /r, /0 to /7 or two hexadecimal digits",
                      (int)n, p);
}

static bool immediate(struct reader *r, const char *p, size_t n)
{
    struct byte_enc *e = r->enc;
    if (e->nimms == ARRAY_LEN(e->imms)) return fail(r, p, n, "more than two immediates");
    e->imms[e->nimms++] = arena_strndup(&r->src.spec->arena, p, n);
    return !is(p, n, "is4") || e->vex || fail(r, p, n, "'is4' exists with VEX only");
}

static bool token(struct reader *r, const char *p, size_t n)
{
    int byte = hex_byte(p, n);
    const struct prefix *known = prefix_find(p, n);
    if (n >= 3 && !memcmp(p, "vex", 3) && (n == 3 || p[3] == '.')) {
        if (r->opcode || r->escape) return fail(r, p, n, "a VEX prefix comes first");
        return vex_prefix(r, p, n);
    }
    if (known && !r->escape && !r->opcode) return prefix(r, p, n, known);
    if (is(p, n, "rex.w") && !r->escape && !r->opcode) {
        r->rexw = true;
        return prefix_set(r, p, n, &r->enc->w, 1);
    }
    if (is(p, n, "rex.w") || (known && byte < 0))
        return fail(r, p, n, "'%.*s' stands behind the opcode; prefixes come first", (int)n, p);
    if (byte >= 0 && !r->opcode) return opcode(r, p, n, byte);
    if (!r->opcode) return fail(r, p, n, "unexpected '%.*s'; expected a prefix or an opcode byte", (int)n, p);
    if (IN(p, n, "ib", "iw", "id", "iz", "io", "cb", "cd", "is4") >= 0) return immediate(r, p, n);
    if (byte >= 0 || *p == '/') return modrm(r, p, n, byte);
    return fail(r, p, n,
                "unexpected '%.*s'; expected /r, /0 to /7 or an immediate (ib iw id iz io cb cd is4)", (int)n,
                p);
}

bool bytes_parse(struct spec *s, struct row *row, const struct ynode *at)
{
    struct reader r = {.src = {.spec = s, .row = row, .node = at}, .enc = &row->bytes};
    const char *text = r.src.text = enc_expand(s, node_text(s, at), &row->how, &r.src.map);
    *r.enc = (struct byte_enc){
        .p66 = BYTES_ANY, .pf2 = BYTES_ANY, .pf3 = BYTES_ANY, .w = BYTES_ANY, .l = BYTES_ANY};
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, " ");
        if (n && !token(&r, p, n)) return false;
        p += n + (p[n] == ' ');
    }
    return r.opcode || fail(&r, text, strlen(text), "the encoding has no opcode");
}

/* ---- operands ---- */

static const struct field *operand_at(const struct row *r, enum place place, const char *imm)
{
    for (unsigned i = 0; i < r->nfields; i++) {
        const struct kind *k = r->fields[i].kind;
        if (k->place == place && (!imm || !strcmp(k->imm_token, imm))) return &r->fields[i];
    }
    return NULL;
}

static bool has_place(const struct byte_enc *e, const struct kind *k)
{
    switch (k->place) {
    case PLACE_REG: return e->modrm == MODRM_REG;
    case PLACE_RM: return e->modrm == MODRM_REG || e->modrm == MODRM_DIGIT;
    case PLACE_VVVV: return e->vex;
    case PLACE_OPCODE: return e->plus_r;
    case PLACE_IMM:
        for (unsigned i = 0; i < e->nimms; i++)
            if (!strcmp(e->imms[i], k->imm_token)) return true;
        return false;
    default: return k->fixed >= 0;
    }
}

static const char *const place_names[] = {
    "nowhere",     "in ModRM.reg (/r)",  "in ModRM.rm (/r, /0 to /7)",
    "in VEX.vvvv", "in the opcode (+r)", "an immediate",
};

static bool place_filled(struct spec *s, struct row *r, const struct ynode *at, enum place place,
                         const char *imm)
{
    if (operand_at(r, place, imm)) return true;
    row_error(s, r, at->at, at->len,
              "the encoding has room for an operand, %s%s%s, but the row has none there", place_names[place],
              imm ? " " : "", imm ? imm : "");
    return false;
}

bool bytes_operands(struct spec *s, struct row *r, const struct ynode *at)
{
    const struct byte_enc *e = &r->bytes;
    bool ok = true;
    for (unsigned i = 0; i < r->nfields; i++) {
        const struct field *f = &r->fields[i];
        if (f->base || has_place(e, f->kind)) continue;
        const struct ynode *o = ynode_get(ynode_get(r->node, "ops"), f->name);
        row_error(s, r, o->at, o->len, "operand '%s' would be %s%s%s, which this encoding does not have",
                  f->name, place_names[f->kind->place], f->kind->imm_token ? " " : "",
                  f->kind->imm_token ? f->kind->imm_token : "");
        ok = false;
    }
    if (!ok) return false;
    if (e->modrm == MODRM_REG) ok &= place_filled(s, r, at, PLACE_REG, NULL);
    if (e->modrm == MODRM_REG || e->modrm == MODRM_DIGIT) ok &= place_filled(s, r, at, PLACE_RM, NULL);
    if (e->plus_r) ok &= place_filled(s, r, at, PLACE_OPCODE, NULL);
    for (unsigned i = 0; i < e->nimms; i++) ok &= place_filled(s, r, at, PLACE_IMM, e->imms[i]);
    return ok;
}

/* ---- sets of encodings ---- */

static bool may_equal(uint8_t a, uint8_t b)
{
    return a == b || a == BYTES_ANY || b == BYTES_ANY;
}

/* The bits of the ModRM byte that are fixed. */
static uint8_t modrm_mask(const struct byte_enc *e)
{
    uint8_t digit = e->modrm == MODRM_FIXED ? 0xff : e->modrm == MODRM_DIGIT ? 0x38 : 0;
    return digit | (e->form == 'r' ? 0xc0 : 0);
}

static uint8_t modrm_match(const struct byte_enc *e)
{
    if (e->modrm == MODRM_FIXED) return e->modrm_value;
    return (uint8_t)((e->modrm == MODRM_DIGIT ? e->modrm_value << 3 : 0) | (e->form == 'r' ? 0xc0 : 0));
}

static bool is_register(const struct byte_enc *e)
{
    return (modrm_mask(e) & modrm_match(e)) >= 0xc0;
}

bool bytes_overlap(const struct byte_enc *a, const struct byte_enc *b)
{
    uint8_t open = (a->plus_r || b->plus_r) ? 7 : 0;
    if (a->vex != b->vex || a->map != b->map || ((a->opcode ^ b->opcode) & ~open)) return false;
    if (!may_equal(a->p66, b->p66) || !may_equal(a->pf2, b->pf2) || !may_equal(a->pf3, b->pf3)) return false;
    if (!may_equal(a->w, b->w) || !may_equal(a->l, b->l)) return false;
    if (!a->modrm || !b->modrm) return true;
    if ((a->form == 'm' && is_register(b)) || (b->form == 'm' && is_register(a))) return false;
    return !((modrm_match(a) ^ modrm_match(b)) & modrm_mask(a) & modrm_mask(b));
}

static bool holds(uint8_t special, uint8_t general)
{
    return general == BYTES_ANY || special == general;
}

bool bytes_within(const struct byte_enc *a, const struct byte_enc *b)
{
    if (!bytes_overlap(a, b) || (a->plus_r && !b->plus_r)) return false;
    if (!holds(a->p66, b->p66) || !holds(a->pf2, b->pf2) || !holds(a->pf3, b->pf3)) return false;
    if (!holds(a->w, b->w) || !holds(a->l, b->l)) return false;
    return !(modrm_mask(b) & ~modrm_mask(a)) && (b->form != 'm' || a->form == 'm');
}
