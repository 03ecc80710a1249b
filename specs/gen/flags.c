/* flags: a row's flag results, from expressions or from classes of isa.yaml over the row's own values. */
#include "specs/gen/check.h"

#include <string.h>

static const struct flag_class *class_find(const struct spec *s, const char *name)
{
    for (const struct flag_class *k = s->flag_classes; k; k = k->next)
        if (!strcmp(k->name, name)) return k;
    return NULL;
}

/* The expression of one letter in a class, with the parameters bound to the row's values. */
static int class_letter(struct checker *c, const struct flag_class *k, const struct expr *use,
                        const char *letter, const struct ynode *at)
{
    struct ynode *text = ynode_get(k->letters, letter);
    if (!text) {
        source_error(&c->src, use->offset, strlen(use->text), "class '%s' says nothing about flag %s",
                     k->name, letter);
        return -1;
    }
    if (use->nargs != (int)k->nparams) {
        source_error(&c->src, use->offset, strlen(use->text), "class '%s' takes %u values", k->name,
                     k->nparams);
        return -1;
    }
    for (int i = 0; i < use->nargs; i++)
        c->params[i] = (struct named_value){k->params[i], check_expr(c, use->args[i], (int)c->row->width)};
    struct source outer = c->src;
    c->src = (struct source){c->spec, c->row, text, text->text};
    c->nparams = use->nargs;
    struct expr *e = parse_expr(&c->src);
    int v = e ? check_expr(c, e, 1) : -1;
    c->nparams = 0;
    c->src = outer;
    return v;
}

static void flag(struct checker *c, const char *letter, const struct expr *e, const struct ynode *at)
{
    uint64_t bit;
    bool negative;
    struct ynode *place = ynode_get(c->spec->flag_bits, letter);
    if (!place || !ynode_u64(place, &bit, &negative)) {
        row_error(c->spec, c->row, at->key_at, strlen(at->key), "this ISA has no flag '%s'", letter);
        return;
    }
    const struct flag_class *k = e->kind == EX_CALL ? class_find(c->spec, e->text) : NULL;
    int v = k ? class_letter(c, k, e, letter, at) : check_expr(c, e, 1);
    if (v < 0) return;
    if (c->row->code[v].type != 1) {
        row_error(c->spec, c->row, at->at, at->len, "flag %s must be i1; this is %s", letter,
                  type_name(c->row->code[v].type));
        return;
    }
    check_emit(
        c, (struct code){.kind = CODE_FLAGS, .reg = c->spec->flag_reg, .u = bit, .args = {v}, .nargs = 1}, 0);
}

/* {SZ: logic(d), C: n >=u W, O: 0, undef: AP}: each letter of each key. */
void check_flags(struct checker *c)
{
    struct ynode *flags = ynode_get(c->row->node, "flags");
    struct source outer = c->src;
    for (struct ynode *n = flags->child; n; n = n->next) {
        if (!strcmp(n->key, "undef")) continue; /* the compare mask, not a result */
        c->src = (struct source){c->spec, c->row, n, n->text};
        const struct expr *e = n->kind == YNODE_SCALAR ? parse_expr(&c->src) : NULL;
        for (const char *p = n->key; e && *p; p++) flag(c, arena_strndup(&c->spec->arena, p, 1), e, n);
        c->src = outer;
    }
}
