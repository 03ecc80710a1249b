/* flags: a row's flag results, from expressions or from classes of isa.yaml over the row's own values; undef:
 * what of its results the manual leaves open, and when. */
#include "specs/gen/check.h"

#include <string.h>

static const struct flag_class *class_find(const struct spec *s, const char *name)
{
    for (const struct flag_class *k = s->flag_classes; k; k = k->next)
        if (!strcmp(k->name, name)) return k;
    return NULL;
}

/* The expression of one letter in a class, with the parameters bound to the row's expressions. */
static int class_letter(struct checker *c, const struct flag_class *k, const struct expr *use,
                        const char *letter)
{
    struct ynode *text = ynode_get(k->letters, letter);
    if (!text) return check_error(c, use, "class '%s' says nothing about flag %s", k->name, letter);
    if (use->nargs != (int)k->nparams)
        return check_error(c, use, "class '%s' takes %u argument%s, not %d", k->name, k->nparams,
                           k->nparams == 1 ? "" : "s", use->nargs);
    for (int i = 0; i < use->nargs; i++) c->params[i] = (struct binding){k->params[i], use->args[i], c->src};
    struct source outer = c->src;
    c->src = (struct source){.spec = c->spec, .row = c->row, .node = text, .text = node_text(c->spec, text)};
    const struct expr *e = parse_expr(&c->src);
    c->nparams = use->nargs;
    int v = e ? check_expr(c, e, 1) : -1;
    if (v >= 0 && !check_type(c, e, v, 1)) v = -1;
    c->nparams = 0;
    c->src = outer;
    return v;
}

static int flag_value(struct checker *c, const struct expr *e, const char *letter)
{
    const struct flag_class *k =
        e->kind == EX_CALL && !op_find(c->spec, e->text) ? class_find(c->spec, e->text) : NULL;
    if (k) return class_letter(c, k, e, letter);
    if (e->kind == EX_CALL && !op_find(c->spec, e->text))
        return check_error(c, e, "no flag class and no operation '%s'%s", e->text,
                           SUGGEST(c->spec, e->text, c->spec->flag_classes, ""));
    int v = check_expr(c, e, 1);
    return v >= 0 && check_type(c, e, v, 1) ? v : -1;
}

/* The place of a flag, or -1 after a reported error. */
static int flag_bit(struct checker *c, const char *letter, struct pos pos, size_t len)
{
    uint64_t bit;
    bool negative;
    const struct ynode *place = c->spec->flag_bits ? ynode_get(c->spec->flag_bits, letter) : NULL;
    if (place && ynode_u64(place, &bit, &negative) && bit < 64) return (int)bit;
    row_error(c->spec, c->row, pos, len, "this ISA has no flag '%s'%s", letter,
              c->spec->flag_bits ? "" : "; isa.yaml declares none");
    return -1;
}

/* Where `when` does not hold, the flag stays as it is. */
static int keep_unless(struct checker *c, int when, int v, unsigned bit)
{
    const struct code reg = {.kind = CODE_REG, .type = 64, .reg = c->spec->flag_reg};
    const struct op *select = op_find(c->spec, "select");
    if (when < 0 || !select) return v;
    int word = check_emit(c, reg, 0);
    int old =
        check_emit(c, (struct code){.kind = CODE_SLICE, .type = 1, .u = bit, .args = {word}, .nargs = 1}, 0);
    struct code pick = {.kind = CODE_OP, .type = 1, .t = 1, .op = select, .args = {when, v, old}, .nargs = 3};
    return check_emit(c, pick, 0);
}

/* Everything in the text of one key, "SZ: logic(d)": the value for each letter. */
static void flag_key(struct checker *c, const struct ynode *n, int when)
{
    const struct expr *e = n->kind == YNODE_SCALAR ? parse_expr(&c->src) : NULL;
    for (const char *p = n->key; e && *p; p++) {
        const char *letter = arena_strndup(&c->spec->arena, p, 1);
        int bit = flag_bit(c, letter, n->key_at, strlen(n->key));
        int v = bit < 0 ? -1 : flag_value(c, e, letter);
        if (v < 0) return;
        for (int i = 0; i < c->row->ncode; i++)
            if (c->code[i].kind == CODE_FLAGS && c->code[i].u == (unsigned)bit)
                row_error(c->spec, c->row, n->key_at, strlen(n->key), "flag %s has a value already", letter);
        v = keep_unless(c, when, v, (unsigned)bit);
        struct code set = {
            .kind = CODE_FLAGS, .reg = c->spec->flag_reg, .u = (unsigned)bit, .args = {v}, .nargs = 1};
        check_emit(c, set, 0);
    }
}

/* `when: n != 0`: no flag changes otherwise. */
static int flags_when(struct checker *c, const struct ynode *n)
{
    if (!n) return -1;
    c->src = source_of(c->spec, c->row, n);
    const struct expr *e = parse_expr(&c->src);
    int v = e ? check_expr(c, e, 1) : -1;
    return e && check_type(c, e, v, 1) ? v : -1;
}

static void undef_flag(struct checker *c, const char *letter, struct pos pos, size_t len, int cond)
{
    int bit = flag_bit(c, letter, pos, len);
    struct code undef = {.kind = CODE_UNDEF, .reg = c->spec->flag_reg, .args = {cond}, .nargs = 1};
    if (bit < 0 || cond < 0) return;
    undef.u = (unsigned)bit;
    check_emit(c, undef, 0);
}

/* `undef: AP`, or `undef: {O: n != 1, AP: 1}`. */
static void flags_undef(struct checker *c, const struct ynode *n)
{
    struct arena *a = &c->spec->arena;
    if (n->kind == YNODE_SCALAR) {
        int always = check_const(c, 1, 1, 0);
        for (const char *p = n->text; *p; p++) undef_flag(c, arena_strndup(a, p, 1), n->at, n->len, always);
        return;
    }
    for (const struct ynode *l = n->child; l; l = l->next) {
        c->src = source_of(c->spec, c->row, l);
        const struct expr *e = parse_expr(&c->src);
        int v = e ? check_expr(c, e, 1) : -1;
        if (!e || !check_type(c, e, v, 1)) continue;
        for (const char *p = l->key; *p; p++)
            undef_flag(c, arena_strndup(a, p, 1), l->key_at, strlen(l->key), v);
    }
}

/* {SZ: logic(d), C: n >=u W, O: 0, undef: AP} */
void check_flags(struct checker *c)
{
    const struct ynode *flags = ynode_get(c->row->node, "flags"), *undef = ynode_get(flags, "undef");
    struct source outer = c->src;
    if (flags->kind != YNODE_MAP) {
        row_error(c->spec, c->row, flags->at, flags->len, "'flags' must be a map of letters to values");
        return;
    }
    int when = flags_when(c, ynode_get(flags, "when"));
    for (const struct ynode *n = flags->child; n; n = n->next) {
        if (n == undef || !strcmp(n->key, "when")) continue;
        c->src = source_of(c->spec, c->row, n);
        flag_key(c, n, when);
    }
    if (undef) flags_undef(c, undef);
    c->src = outer;
}

/* `undef: {d: s == 0}`: an operand's result. */
void check_undef(struct checker *c)
{
    const struct ynode *map = ynode_get(c->row->node, "undef");
    struct source outer = c->src;
    for (const struct ynode *n = map->child; n; n = n->next) {
        struct field *f = field_find(c->row, n->key);
        c->src = source_of(c->spec, c->row, n);
        if (!f || !f->written) {
            row_error(c->spec, c->row, n->key_at, strlen(n->key), "'%s' is no result of this row", n->key);
            continue;
        }
        const struct expr *e = parse_expr(&c->src);
        int v = e ? check_expr(c, e, 1) : -1;
        if (!e || !check_type(c, e, v, 1)) continue;
        check_emit(c, (struct code){.kind = CODE_UNDEF, .field = f, .args = {v}, .nargs = 1}, 0);
    }
    c->src = outer;
}
