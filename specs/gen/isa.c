/* isa.yaml: fields, operand kinds, extensions, causes, modes, aliases, opcode spaces. */
#include "specs/gen/gen.h"

#include <string.h>

#define APPEND(list, item)                      \
    do {                                        \
        __typeof__(list) *tail_ = &(list);      \
        while (*tail_) tail_ = &(*tail_)->next; \
        *tail_ = (item);                        \
    } while (0)

static struct reg *need_reg(struct spec *s, struct ynode *n)
{
    struct reg *r = reg_find(s, n->text, NULL);
    if (!r) diag_error(&s->diag, n->at, n->len, "no register '%s' in state.yaml", n->text);
    return r;
}

static int kind_default(struct spec *s, const struct kind *k, struct ynode *n)
{
    for (unsigned i = 0; n && i < k->nnames; i++)
        if (k->names[i] && !strcmp(k->names[i], n->text)) return (int)i;
    if (n) diag_error(&s->diag, n->at, n->len, "'%s' is not one of this kind's values", n->text);
    return -1;
}

static void kind_add(struct spec *s, struct ynode *n)
{
    struct kind *k = arena_alloc(&s->arena, sizeof(*k));
    struct ynode *v;
    uint64_t u;
    if (!CHECK_KEYS(s, n, "an operand kind", "file", "width", "box", "unboxed", "add", "pair", "nonzero",
                    "imm", "print", "read", "write", "enum", "set", "empty", "default", "round", "dynamic",
                    "max"))
        return;
    *k = (struct kind){.name = n->key, .at = n->key_at, .index = s->nkinds++, .def = -1, .round_max = -1};
    if ((v = ynode_get(n, "file"))) k->file = need_reg(s, v);
    if (node_u64(s, n, "width", &u)) k->width = (unsigned)u;
    if (node_u64(s, n, "box", &u)) k->box = (unsigned)u;
    if (node_u64(s, n, "unboxed", &u)) k->unboxed = u;
    if (node_u64(s, n, "add", &u)) k->add = (unsigned)u;
    k->pair = node_bool(s, n, "pair");
    k->nonzero = node_bool(s, n, "nonzero");
    if ((v = ynode_get(n, "imm"))) {
        k->is_imm = true;
        k->is_signed = !strcmp(v->text, "signed");
        if (!k->is_signed && strcmp(v->text, "unsigned"))
            diag_error(&s->diag, v->at, v->len, "'imm' must be signed or unsigned");
    }
    k->print = node_str(s, n, "print", "imm");
    k->read = node_str(s, n, "read", NULL);
    k->write = node_str(s, n, "write", NULL);
    k->empty = node_str(s, n, "empty", NULL);
    k->names = node_names(s, ynode_get(n, "enum"), &k->nnames);
    if ((v = ynode_get(n, "set"))) {
        k->set = true;
        k->names = node_names(s, v, &k->nnames);
    }
    k->def = kind_default(s, k, ynode_get(n, "default"));
    if ((v = ynode_get(n, "round"))) {
        k->round = need_reg(s, v);
        k->round_dynamic = node_u64(s, n, "dynamic", &u) ? (int)u : -1;
        k->round_max = node_u64(s, n, "max", &u) ? (int)u : 4;
    }
    if (k->box && !k->unboxed)
        diag_error(&s->diag, n->at, 1, "a boxed kind needs 'unboxed', what a broken box reads as");
    if (k->file && !k->width) diag_error(&s->diag, n->at, 1, "a register kind needs 'width'");
    APPEND(s->kinds, k);
}

static void field_def_add(struct spec *s, struct ynode *n)
{
    struct field_def *f = arena_alloc(&s->arena, sizeof(*f));
    struct ynode *kind = ynode_get(n, "kind");
    uint64_t u;
    if (!CHECK_KEYS(s, n, "a field", "width", "kind", "nonzero")) return;
    f->name = n->key;
    f->width = node_u64(s, n, "width", &u) ? (unsigned)u : 0;
    f->nonzero = node_bool(s, n, "nonzero");
    f->kind = kind ? kind_find(s, kind->text) : NULL;
    if (!f->kind)
        diag_error(&s->diag, kind ? kind->at : n->at, kind ? kind->len : 1,
                   "field '%s': no operand kind '%s'", f->name, kind ? kind->text : "");
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

static void mode_add(struct spec *s, struct ynode *n)
{
    struct mode *m = arena_alloc(&s->arena, sizeof(*m));
    if (!CHECK_KEYS(s, n, "a mode", "when", "why")) return;
    *m = (struct mode){.name = n->key,
                       .when = node_str(s, n, "when", ""),
                       .why = node_str(s, n, "why", ""),
                       .node = ynode_get(n, "when"),
                       .index = s->nmodes++};
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

static void helper_add(struct spec *s, struct ynode *n)
{
    struct helper *h = arena_alloc(&s->arena, sizeof(*h));
    if (!CHECK_KEYS(s, n, "a helper", "args", "result", "reads", "writes", "raises")) return;
    *h = (struct helper){.name = n->key,
                         .reads = node_str(s, n, "reads", NULL),
                         .writes = node_str(s, n, "writes", NULL),
                         .raises = node_str(s, n, "raises", NULL)};
    uint64_t u;
    h->nargs = node_u64(s, n, "args", &u) ? (int)u : 0;
    h->result = node_u64(s, n, "result", &u) ? (int)u : TYPE_NONE;
    if (!h->reads || !h->writes || !h->raises)
        diag_error(&s->diag, n->key_at, strlen(h->name),
                   "helper '%s' must say what it 'reads', 'writes' and 'raises'", h->name);
    APPEND(s->helpers, h);
}

/* "logic(r)": the letters' expressions over parameters. */
static void flag_class_add(struct spec *s, struct ynode *n)
{
    struct flag_class *c = arena_alloc(&s->arena, sizeof(*c));
    const char *open = strchr(n->key, '(');
    c->letters = n;
    c->name = arena_strndup(&s->arena, n->key, open ? (size_t)(open - n->key) : strlen(n->key));
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
    struct ynode *reg = ynode_get(n, "register"), *classes = ynode_get(n, "classes");
    if (reg) s->flag_reg = need_reg(s, reg);
    s->flag_bits = ynode_get(n, "bits");
    for (struct ynode *c = classes ? classes->child : NULL; c; c = c->next) flag_class_add(s, c);
}

static void code_load(struct spec *s, struct ynode *n)
{
    struct ynode *l = ynode_get(n, "long");
    uint64_t u;
    if (!CHECK_KEYS(s, n, "code", "unit", "long")) return;
    if (node_u64(s, n, "unit", &u)) s->code_unit = (unsigned)u;
    if (l && node_u64(s, l, "mask", &u)) s->long_mask = (uint32_t)u;
    if (l && node_u64(s, l, "value", &u)) s->long_value = (uint32_t)u;
}

static void fp_load(struct spec *s, struct ynode *n)
{
    struct ynode *flags = ynode_get(n, "flags");
    if (!CHECK_KEYS(s, n, "fp", "policy", "flags")) return;
    s->fp_policy = node_str(s, n, "policy", "fp_policy_riscv");
    if (flags) s->fp_flags = need_reg(s, flags);
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
    if (!top ||
        !CHECK_KEYS(s, top, "the ISA file", "isa", "title", "prefix", "code", "fields", "kinds", "causes",
                    "fp", "modes", "exts", "vary", "aliases", "spaces", "helpers", "flags", "widths"))
        return false;
    s->isa = node_str(s, top, "isa", "?");
    s->title = node_str(s, top, "title", s->isa);
    s->prefix = node_str(s, top, "prefix", s->isa);
    if (ynode_get(top, "code")) code_load(s, ynode_get(top, "code"));
    if (ynode_get(top, "fp")) fp_load(s, ynode_get(top, "fp"));
    if (ynode_get(top, "flags")) flags_load(s, ynode_get(top, "flags"));
    each(s, top, "kinds", kind_add);
    each(s, top, "fields", field_def_add);
    each(s, top, "causes", cause_add);
    each(s, top, "modes", mode_add);
    each(s, top, "exts", ext_add);
    each(s, top, "aliases", alias_add);
    each(s, top, "helpers", helper_add);
    s->vary = ynode_get(top, "vary");
    s->spaces = ynode_get(top, "spaces");
    csr_modes(s);
    return s->diag.errors == 0;
}

struct kind *kind_find(const struct spec *s, const char *name)
{
    for (struct kind *k = s->kinds; k; k = k->next)
        if (!strcmp(k->name, name)) return k;
    return NULL;
}

struct cause *cause_find(const struct spec *s, const char *name)
{
    for (struct cause *c = s->causes; c; c = c->next)
        if (!strcmp(c->name, name)) return c;
    return NULL;
}
