/* isa.yaml: fields, extensions, causes, modes, widths, flags, helpers. Kinds: kind.c; `fp`: control.c. */
#include "specs/gen/parse.h"

#include <stdlib.h>
#include <string.h>

static void field_def_add(struct spec *s, struct ynode *n)
{
    struct field_def *f = arena_alloc(&s->arena, sizeof(*f));
    struct ynode *kind = ynode_get(n, "kind");
    if (!CHECK_KEYS(s, n, "a field", "width", "kind", "nonzero")) return;
    f->name = n->key;
    node_unsigned(s, n, "width", &f->width);
    f->nonzero = node_bool(s, n, "nonzero");
    f->kind = kind ? kind_find(s, node_text(s, kind)) : NULL;
    if (!kind)
        diag_error(&s->diag, n->key_at, strlen(n->key), "field '%s' needs a 'kind'", f->name);
    else if (!f->kind)
        diag_error(&s->diag, kind->at, kind->len, "field '%s': no operand kind '%s'%s", f->name, kind->text,
                   SUGGEST(s, kind->text, s->kinds, ""));
    APPEND(s->field_defs, f);
}

static void cause_add(struct spec *s, struct ynode *n)
{
    struct cause *c = arena_alloc(&s->arena, sizeof(*c));
    uint64_t u;
    if (!CHECK_KEYS(s, n, "a cause", "code", "exit", "access")) return;
    *c = (struct cause){.name = n->key,
                        .exit = node_str(s, n, "exit", "fault"),
                        .access = node_str(s, n, "access", NULL),
                        .code = node_u64(s, n, "code", &u) ? (unsigned)u : 0,
                        .index = s->ncauses++};
    APPEND(s->causes, c);
}

/* "register[hi:lo] == number", or != */
static bool mode_condition(struct spec *s, struct mode *m, const struct ynode *n)
{
    struct source src = source_of(s, NULL, n);
    const struct expr *e = parse_expr(&src);
    if (!e) return false;
    bool compare = e->kind == EX_BINARY && (!strcmp(e->text, "==") || !strcmp(e->text, "!="));
    const struct expr *slice = compare ? e->args[0] : NULL;
    if (!slice || slice->kind != EX_SLICE || slice->args[0]->kind != EX_NAME ||
        e->args[1]->kind != EX_NUMBER) {
        diag_error(&s->diag, n->at, n->len, "a mode is 'register[hi:lo] == number' or '!='");
        return false;
    }
    const char *name = slice->args[0]->text;
    m->reg = reg_find(s, name, NULL);
    if (!m->reg) {
        source_error(&src, slice->args[0]->offset, strlen(name), "no register '%s' in state.yaml%s", name,
                     SUGGEST(s, name, s->regs, ""));
        return false;
    }
    m->lo = slice->lo;
    m->width = slice->hi - slice->lo + 1;
    m->equal = e->text[0] == '=';
    m->number = e->args[1]->number;
    return true;
}

static void mode_add(struct spec *s, struct ynode *n)
{
    struct mode *m = arena_alloc(&s->arena, sizeof(*m));
    if (!CHECK_KEYS(s, n, "a mode", "when", "why")) return;
    struct ynode *when = ynode_get(n, "when");
    *m = (struct mode){.name = n->key, .why = node_str(s, n, "why", ""), .index = s->nmodes++};
    if (!when)
        diag_error(&s->diag, n->key_at, strlen(n->key), "a mode needs 'when', its condition");
    else if (mode_condition(s, m, when))
        APPEND(s->modes, m);
}

static int mode_index(struct spec *s, struct ynode *n)
{
    for (struct mode *m = s->modes; n && m; m = m->next)
        if (!strcmp(m->name, n->text)) return (int)m->index;
    if (n) diag_error(&s->diag, n->at, n->len, "no mode '%s' under 'modes'", n->text);
    return -1;
}

static void ext_add(struct spec *s, struct ynode *n)
{
    struct ext *e = arena_alloc(&s->arena, sizeof(*e));
    if (!CHECK_KEYS(s, n, "an extension", "title", "needs")) return;
    *e = (struct ext){.name = n->key,
                      .title = node_str(s, n, "title", ""),
                      .index = s->nexts++,
                      .needs = mode_index(s, ynode_get(n, "needs"))};
    APPEND(s->exts, e);
}

static void shape_add(struct spec *s, struct ynode *n)
{
    struct shape *shape = arena_alloc(&s->arena, sizeof(*shape));
    shape->text = node_text(s, n);
    if (*shape->text) APPEND(s->shapes, shape);
}

static void patch_add(struct spec *s, struct ynode *n)
{
    struct shape *patch = arena_alloc(&s->arena, sizeof(*patch));
    patch->text = node_text(s, n);
    if (*patch->text) APPEND(s->patches, patch);
}

static void alias_add(struct spec *s, struct ynode *n)
{
    struct alias *a = arena_alloc(&s->arena, sizeof(*a));
    if (!CHECK_KEYS(s, n, "an alias", "alias", "is")) return;
    *a = (struct alias){.from = node_str(s, n, "alias", NULL), .to = node_str(s, n, "is", NULL)};
    if (!a->from || !a->to)
        diag_error(&s->diag, n->at, 1, "an alias needs 'alias' and 'is'");
    else
        APPEND(s->aliases, a);
}

/* A list of types: `args: [i64, i32]`. */
static void helper_args(struct spec *s, struct helper *h, struct ynode *list)
{
    for (struct ynode *c = list ? list->child : NULL; c; c = c->next) {
        const char *text = node_text(s, c);
        int type = type_parse(text, strlen(text));
        if (type > 0 && h->nargs < OP_MAX_ARGS)
            h->args[h->nargs++] = type;
        else
            diag_error(&s->diag, c->at, c->len, "'%s' is not a type; expected up to %d of i1 i8 … v128", text,
                       OP_MAX_ARGS);
    }
}

/* `reads:` and `writes:` are 'nothing', 'memory' and registers; true when there is anything. */
static bool helper_places(struct spec *s, struct ynode *n)
{
    struct ynode *one = n->kind == YNODE_LIST ? n->child : n;
    if (n->kind == YNODE_SCALAR && !strcmp(n->text, "nothing")) return false;
    for (struct ynode *c = one; c; c = n->kind == YNODE_LIST ? c->next : NULL)
        if (strcmp(node_text(s, c), "memory") && !reg_find(s, c->text, &(unsigned){0}))
            diag_error(&s->diag, c->at, c->len, "'%s' is neither a register, 'memory' nor 'nothing'",
                       c->text);
    return true;
}

static void helper_raises(struct spec *s, struct helper *h, struct ynode *n)
{
    struct ynode *one = n->kind == YNODE_LIST ? n->child : n;
    if (n->kind == YNODE_SCALAR && !strcmp(n->text, "nothing")) return;
    for (struct ynode *c = one; c; c = n->kind == YNODE_LIST ? c->next : NULL) {
        struct cause *cause = cause_find(s, node_text(s, c));
        if (cause)
            h->raises |= 1u << cause->index;
        else
            diag_error(&s->diag, c->at, c->len, "unknown cause '%s'%s", c->text,
                       SUGGEST(s, c->text, s->causes, ""));
    }
}

static void helper_add(struct spec *s, struct ynode *n)
{
    struct helper *h = arena_alloc(&s->arena, sizeof(*h));
    if (!CHECK_KEYS(s, n, "a helper", "args", "result", "reads", "writes", "raises")) return;
    h->name = n->key;
    struct ynode *reads = ynode_get(n, "reads"), *writes = ynode_get(n, "writes"),
                 *raises = ynode_get(n, "raises");
    if (!reads || !writes || !raises) {
        diag_error(&s->diag, n->key_at, strlen(h->name),
                   "helper '%s' must say what it 'reads', 'writes' and 'raises'", h->name);
        return;
    }
    helper_args(s, h, ynode_get(n, "args"));
    const char *result = node_str(s, n, "result", "");
    h->result = type_parse(result, strlen(result));
    if (*result && h->result <= 0)
        diag_error(&s->diag, ynode_get(n, "result")->at, strlen(result), "'%s' is not a type", result);
    helper_places(s, reads);
    h->writes = helper_places(s, writes);
    helper_raises(s, h, raises);
    APPEND(s->helpers, h);
}

/* "logic(r)": the letters' expressions over parameters. */
static void flag_class_add(struct spec *s, struct ynode *n)
{
    struct flag_class *c = arena_alloc(&s->arena, sizeof(*c));
    const char *open = strchr(n->key, '(');
    c->letters = n;
    c->name = arena_strndup(&s->arena, n->key, open ? (size_t)(open - n->key) : strlen(n->key));
    if (op_find(s, c->name))
        diag_error(&s->diag, n->key_at, strlen(c->name), "flag class '%s' has the name of an operation",
                   c->name);
    for (const char *p = open ? open + 1 : ""; *p && *p != ')' && c->nparams < ARRAY_LEN(c->params);) {
        size_t len = strcspn(p, ", )");
        c->params[c->nparams++] = arena_strndup(&s->arena, p, len);
        p += len;
        p += strspn(p, ", ");
    }
    APPEND(s->flag_classes, c);
}

static void flags_load(struct spec *s, struct ynode *n)
{
    if (!CHECK_KEYS(s, n, "flags", "register", "bits", "classes")) return;
    struct ynode *reg = ynode_get(n, "register"), *bits = ynode_get(n, "bits"),
                 *classes = ynode_get(n, "classes");
    if (!reg || !bits || bits->kind != YNODE_MAP) {
        diag_error(&s->diag, n->key_at, strlen(n->key), "flags need a 'register' and its 'bits' by letter");
        return;
    }
    s->flag_reg = need_reg(s, reg);
    s->flag_bits = bits;
    for (struct ynode *c = classes ? classes->child : NULL; c; c = c->next) flag_class_add(s, c);
}

/* `widths: {sf: {at: sf, 32: "0", 64: "1"}}` */
static void width_set_add(struct spec *s, struct ynode *n)
{
    struct width_set *w = arena_alloc(&s->arena, sizeof(*w));
    w->name = n->key;
    for (struct ynode *c = n->child; c; c = c->next) {
        unsigned bits = (unsigned)strtoul(c->key, NULL, 10);
        if (!strcmp(c->key, "at"))
            w->at = node_text(s, c);
        else if (type_parse(arena_printf(&s->arena, "i%u", bits), strlen(c->key) + 1) <= 0 ||
                 w->nwidths == ARRAY_LEN(w->widths))
            diag_error(&s->diag, c->key_at, strlen(c->key),
                       "'%s' is not a width; expected 'at', 8, 16, 32, 64, 128", c->key);
        else
            w->widths[w->nwidths++] = (struct width){bits, node_text(s, c)};
    }
    APPEND(s->width_sets, w);
}

static void code_load(struct spec *s, struct ynode *n)
{
    struct ynode *l = ynode_get(n, "long");
    uint64_t u;
    if (!CHECK_KEYS(s, n, "code", "unit", "bytes", "long")) return;
    node_unsigned(s, n, "unit", &s->code_unit);
    s->bytes = node_bool(s, n, "bytes");
    if (l && node_u64(s, l, "mask", &u)) s->long_mask = (uint32_t)u;
    if (l && node_u64(s, l, "value", &u)) s->long_value = (uint32_t)u;
}

/* `address: {file: gpr, segments: [fs_base, gs_base]}` */
static void address_load(struct spec *s, struct ynode *n)
{
    if (!CHECK_KEYS(s, n, "address", "file", "segments")) return;
    struct ynode *file = ynode_get(n, "file"), *segments = ynode_get(n, "segments");
    unsigned i = 0;
    if (file) s->address_file = need_reg(s, file);
    for (struct ynode *c = segments ? segments->child : NULL; c && i < ARRAY_LEN(s->segments); c = c->next)
        s->segments[i++] = need_reg(s, c);
}

/* Registers by name, each once, as state words. */
static unsigned words_load(struct spec *s, const struct ynode *list, uint16_t *words)
{
    unsigned n = 0, index, i;
    for (struct ynode *c = list ? list->child : NULL; c; c = c->next) {
        struct reg *r = reg_find(s, node_text(s, c), &index);
        uint16_t word = r ? (uint16_t)(r->word + index * r->words) : 0;
        for (i = 0; i < n && words[i] != word; i++) continue;
        const char *wrong = !r                    ? "is no register"
                            : r->words > 1        ? "has more than 64 bits"
                            : i < n               ? "stands here already"
                            : n == SPEC_MAX_WORDS ? "is one too many"
                                                  : NULL;
        if (wrong)
            diag_error(&s->diag, c->at, c->len, "'%s' %s", c->text, wrong);
        else
            words[n++] = word;
    }
    return n;
}

/* `jit: {links: [ra, t0], pins: [sp, …], fp_pins: [fa0, …]}` */
static void jit_load(struct spec *s, struct ynode *n)
{
    if (!CHECK_KEYS(s, n, "jit", "links", "pins", "fp_pins")) return;
    s->nlinks = words_load(s, ynode_get(n, "links"), s->links);
    s->npins = words_load(s, ynode_get(n, "pins"), s->pins);
    s->nfp_pins = words_load(s, ynode_get(n, "fp_pins"), s->fp_pins);
}

static void each(struct spec *s, struct ynode *top, const char *key,
                 void (*add)(struct spec *, struct ynode *))
{
    struct ynode *n = ynode_get(top, key);
    for (struct ynode *c = n ? n->child : NULL; c; c = c->next) add(s, c);
}

/* A CSR's `needs` was read before the modes were known. */
static void csr_modes(struct spec *s)
{
    for (struct csr *c = s->csrs; c; c = c->next) c->needs = mode_index(s, c->needs_node);
}

bool isa_load(struct spec *s, const char *path)
{
    struct ynode *top = yaml_load(path, &s->arena, &s->diag);
    if (!top || !CHECK_KEYS(s, top, "the ISA file", "isa", "title", "prefix", "code", "address", "fields",
                            "kinds", "causes", "fp", "modes", "exts", "vary", "widths", "aliases", "shapes",
                            "patches", "spaces", "helpers", "flags", "jit"))
        return false;
    s->fp.round[0] = s->fp.trap_lo = -1;
    s->isa = node_str(s, top, "isa", "?");
    s->title = node_str(s, top, "title", s->isa);
    s->prefix = node_str(s, top, "prefix", s->isa);
    if (ynode_get(top, "code")) code_load(s, ynode_get(top, "code"));
    if (ynode_get(top, "address")) address_load(s, ynode_get(top, "address"));
    if (ynode_get(top, "jit")) jit_load(s, ynode_get(top, "jit"));
    if (ynode_get(top, "flags")) flags_load(s, ynode_get(top, "flags"));
    each(s, top, "kinds", kind_add);
    each(s, top, "fields", field_def_add);
    each(s, top, "causes", cause_add);
    each(s, top, "modes", mode_add);
    each(s, top, "exts", ext_add);
    each(s, top, "widths", width_set_add);
    each(s, top, "aliases", alias_add);
    each(s, top, "shapes", shape_add);
    each(s, top, "patches", patch_add);
    each(s, top, "helpers", helper_add);
    if (ynode_get(top, "fp")) fp_load(s, ynode_get(top, "fp"));
    s->vary = ynode_get(top, "vary");
    s->spaces = ynode_get(top, "spaces");
    csr_modes(s);
    return s->diag.errors == 0;
}

struct cause *cause_find(const struct spec *s, const char *name)
{
    for (struct cause *c = s->causes; c; c = c->next)
        if (!strcmp(c->name, name)) return c;
    return NULL;
}
