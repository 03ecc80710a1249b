/* What only the whole file shows: registers that lie over each other, guards, constants of one name. */
#include "specs/gen/device.h"

#include <stdlib.h>
#include <string.h>

/* ---- places ---- */

static bool over(uint64_t a, unsigned asize, uint64_t b, unsigned bsize)
{
    return a < b + bsize && b < a + asize;
}

static bool registers_over(const struct device_register *a, const struct device_register *b)
{
    return over(a->offset, a->size, b->offset, b->size) ||
           (a->alias && over(a->alias, a->size, b->offset, b->size)) ||
           (b->alias && over(a->offset, a->size, b->alias, b->size)) ||
           (a->alias && b->alias && over(a->alias, a->size, b->alias, b->size));
}

static void places(struct device_gen *g)
{
    for (const struct device_register *a = g->registers; a; a = a->next)
        for (const struct device_register *b = a->next; b; b = b->next)
            if (registers_over(a, b))
                diag_error(&g->s.diag, b->at, 1, "register '%s' lies over '%s'", b->name, a->name);
}

/* ---- guards: "CR0.SMMUEN", "CR0.PRIQEN|CMDQEN" ---- */

static bool guard_bits(struct device_gen *g, struct pos at, struct device_guard *guard, const char *p)
{
    size_t span = strlen(guard->text);
    while (*p) {
        size_t len = strcspn(p, "|");
        const char *name = arena_strndup(&g->s.arena, p, len);
        const struct device_field *f = device_field_find(guard->reg->fields, name);
        if (!f) {
            diag_error(&g->s.diag, at, span, "guard: '%s' has no field '%s'%s", guard->reg->name, name,
                       SUGGEST(&g->s, name, guard->reg->fields, ""));
            return false;
        }
        guard->bits |= bits_mask(f->width) << f->lo;
        p += len + (p[len] == '|');
    }
    return true;
}

static struct device_guard *guard_make(struct device_gen *g, struct pos at, const char *text)
{
    const char *dot = strchr(text, '.');
    const char *name = arena_strndup(&g->s.arena, text, dot ? (size_t)(dot - text) : strlen(text));
    struct device_guard *guard = arena_alloc(&g->s.arena, sizeof(*guard));
    guard->text = text;
    for (const struct device_register *r = g->registers; r; r = r->next)
        if (!strcmp(r->name, name)) guard->reg = r;
    if (!guard->reg || !dot) {
        diag_error(&g->s.diag, at, strlen(text), "guard '%s' is not REGISTER.FIELD%s", text,
                   guard->reg ? "" : SUGGEST(&g->s, name, g->registers, ""));
        return NULL;
    }
    return guard_bits(g, at, guard, dot + 1) ? guard : NULL;
}

static void guard_of(struct device_gen *g, struct device_field *f)
{
    unsigned index = 1;
    for (const struct device_guard *o = g->guards; o; o = o->next, index++)
        if (!strcmp(o->text, f->guard)) {
            f->guard_index = o->index;
            return;
        }
    struct device_guard *guard = guard_make(g, f->guard_at, f->guard);
    if (!guard) return;
    f->guard_index = guard->index = index;
    APPEND(g->guards, guard);
}

static void guards(struct device_gen *g)
{
    for (struct device_register *r = g->registers; r; r = r->next)
        for (struct device_field *f = r->fields; f; f = f->next)
            if (f->guard) guard_of(g, f);
}

/* ---- constants ---- */

struct constant {
    const char *name; /* without the prefix */
    struct pos at;    /* what makes it */
};

struct constants {
    struct constant *p; /* n of them */
    size_t n, cap;
};

static void constant_add(struct device_gen *g, struct constants *c, struct pos at, const char *a,
                         const char *b, const char *d)
{
    if (c->n == c->cap) {
        c->cap = c->cap ? c->cap * 2 : 256;
        c->p = xrealloc(c->p, c->cap * sizeof(*c->p));
    }
    c->p[c->n++] = (struct constant){
        arena_printf(&g->s.arena, "%s%s%s%s%s", a, b ? "_" : "", b ? b : "", d ? "_" : "", d ? d : ""), at};
}

static void field_constants(struct device_gen *g, struct constants *c, struct pos at, const char *of,
                            const struct device_field *fields)
{
    for (const struct device_field *f = fields; f; f = f->next) {
        constant_add(g, c, at, of, f->name, NULL);
        for (const struct device_value *v = f->values; v; v = v->next)
            constant_add(g, c, at, of, f->name, v->name);
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct constant *)a)->name, ((const struct constant *)b)->name);
}

static void constants(struct device_gen *g)
{
    struct constants c = {0};
    for (const struct device_list *l = g->lists; l; l = l->next)
        for (const struct device_value *v = l->values; v; v = v->next)
            constant_add(g, &c, v->at, l->name, v->name, NULL);
    for (const struct device_register *r = g->registers; r; r = r->next) {
        constant_add(g, &c, r->at, "REG", r->name, NULL);
        field_constants(g, &c, r->at, r->name, r->fields);
    }
    for (const struct device_struct *t = g->structs; t; t = t->next) {
        if (t->has_number) constant_add(g, &c, t->at, t->name, NULL, NULL);
        field_constants(g, &c, t->at, t->name, t->fields);
    }
    if (c.n) qsort(c.p, c.n, sizeof(*c.p), by_name);
    for (size_t i = 1; i < c.n; i++)
        if (!strcmp(c.p[i - 1].name, c.p[i].name))
            diag_error(&g->s.diag, c.p[i].at, 1, "constant %s_%s is there twice", g->prefix, c.p[i].name);
    free(c.p);
}

void device_check(struct device_gen *g)
{
    places(g);
    guards(g);
    constants(g);
}
