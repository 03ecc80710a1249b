/* Templates of cases. `$name` or `${name}` in any key or value stands for the variable's value,
 * `${name.part}` for a part of a value that is a map, `$$` for a dollar sign.
 */
#include "harness/corpus/matrix.h"

#include <inttypes.h>
#include <string.h>

static uint64_t count_nodes(const struct ynode *n)
{
    uint64_t count = 1;
    for (const struct ynode *c = n->child; c; c = c->next) count += count_nodes(c);
    return count;
}

bool matrix_open(struct matrix *m, const struct ynode *item, struct diag *d)
{
    const struct ynode *with = ynode_get(item, "with");
    *m = (struct matrix){.template = item, .total = 1};
    if (with->count > MATRIX_MAX_VARS) {
        diag_error(d, with->at, 1, "%u variables; a template has at most %d", with->count, MATRIX_MAX_VARS);
        return false;
    }
    for (const struct ynode *v = with->child; v; v = v->next) {
        if (!v->count) {
            diag_error(d, v->at, 1, "'%s' has no values, so there are no cases", v->key);
            return false;
        }
        m->total *= v->count;
        if (m->total > MATRIX_MAX_CASES) {
            diag_error(d, with->at, 1, "more than %d combinations", MATRIX_MAX_CASES);
            return false;
        }
        m->vars[m->nvars++] = v;
    }
    if (m->total * count_nodes(item) > MATRIX_MAX_NODES) {
        diag_error(d, item->at, 1, "a template of this size with %" PRIu64 " combinations is too much",
                   m->total);
        return false;
    }
    matrix_seek(m, 0);
    return true;
}

void matrix_seek(struct matrix *m, uint64_t i)
{
    m->now = i;
    for (unsigned v = m->nvars; v-- > 0; i /= m->vars[v]->count) {
        const struct ynode *value = m->vars[v]->child;
        for (uint64_t k = i % m->vars[v]->count; k > 0; k--) value = value->next;
        m->values[v] = value;
    }
}

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Where a substitution is taking place, for messages. */
struct place {
    const struct matrix *m;   /* the template */
    const struct ynode *node; /* with the text */
    bool key;                 /* the text is its key */
    struct diag *d;           /* where errors go */
};

static bool complain(const struct place *p, size_t offset, size_t span, const char *fmt, ...) PRINTF(4, 5);

static bool complain(const struct place *p, size_t offset, size_t span, const char *fmt, ...)
{
    va_list ap;
    struct buf b = {0};
    va_start(ap, fmt);
    buf_vprintf(&b, fmt, ap);
    va_end(ap);
    if (p->key)
        diag_error(p->d, p->node->key_at, span, "%s", b.p);
    else
        diag_error(p->d, ynode_text_pos(p->node, offset), span, "%s", b.p);
    buf_free(&b);
    return false;
}

static bool unknown(const struct place *p, size_t offset, const char *name, size_t len)
{
    struct suggest near = suggest_start(name, len);
    for (unsigned i = 0; i < p->m->nvars; i++)
        suggest_offer(&near, p->m->vars[i]->key, strlen(p->m->vars[i]->key));
    return complain(p, offset, len, "no variable '%.*s' under 'with'%s%.*s%s", (int)len, name,
                    near.best ? "; did you mean '" : "", (int)near.best_len, near.best ? near.best : "",
                    near.best ? "'?" : "");
}

/* The value of "name" or "name.part". */
static bool lookup(const struct place *p, size_t offset, const char *name, size_t len, struct buf *out)
{
    const char *dot = memchr(name, '.', len);
    size_t base = dot ? (size_t)(dot - name) : len;
    const struct ynode *value = NULL;
    for (unsigned i = 0; i < p->m->nvars; i++) {
        const char *key = p->m->vars[i]->key;
        if (strlen(key) == base && !memcmp(key, name, base)) value = p->m->values[i];
    }
    if (!value) return unknown(p, offset, name, base);
    if (dot && value->kind == YNODE_MAP) {
        const struct ynode *part = value->child;
        while (part && (strlen(part->key) != len - base - 1 || memcmp(part->key, dot + 1, len - base - 1)))
            part = part->next;
        if (!part)
            return complain(p, offset, len, "this value of '%.*s' has no part '%.*s'", (int)base, name,
                            (int)(len - base - 1), dot + 1);
        value = part;
    } else if (dot) {
        return complain(p, offset, len, "this value of '%.*s' is text and has no parts", (int)base, name);
    }
    if (value->kind != YNODE_SCALAR)
        return complain(p, offset, len, "this value of '%.*s' is a map; name a part of it: ${%.*s.%s}",
                        (int)base, name, (int)base, name, value->child ? value->child->key : "part");
    buf_add(out, value->text, value->len);
    return true;
}

static bool substitute(const struct place *p, const char *s, size_t len, struct buf *out)
{
    for (size_t i = 0; i < len;) {
        if (s[i] != '$') {
            buf_char(out, s[i++]);
            continue;
        }
        if (i + 1 < len && s[i + 1] == '$') {
            buf_char(out, '$');
            i += 2;
            continue;
        }
        bool braces = i + 1 < len && s[i + 1] == '{';
        size_t start = i + 1 + braces, end = start;
        while (end < len && (braces ? s[end] != '}' : is_name(s[end]))) end++;
        if (end == start || (braces && end == len))
            return complain(p, i, 1,
                            "expected a variable: $name, ${name} or ${name.part}; '$$' is a dollar sign");
        if (!lookup(p, start, s + start, end - start, out)) return false;
        if (out->len > YAML_MAX_SCALAR) return complain(p, i, 1, "the text becomes too long");
        i = end + braces;
    }
    return true;
}

static struct ynode *expand(const struct matrix *m, const struct ynode *n, struct arena *a, struct diag *d);

/* A key of this map has variables in it, so keys may turn out equal. */
static bool keys_vary(const struct ynode *map)
{
    for (const struct ynode *c = map->child; c; c = c->next)
        if (c->key && strchr(c->key, '$')) return true;
    return false;
}

/* A map or list out of its children; `with:` of the template itself stays behind. */
static bool expand_children(const struct matrix *m, const struct ynode *n, struct ynode *out, struct arena *a,
                            struct diag *d)
{
    struct ynode **tail = &out->child;
    bool vary = keys_vary(n);
    if (vary && n->count > MATRIX_MAX_KEYS) {
        diag_error(d, n->at, 1, "a map with variables in its keys has at most %d of them", MATRIX_MAX_KEYS);
        return false;
    }
    out->child = NULL;
    out->count = 0;
    for (const struct ynode *c = n->child; c; c = c->next) {
        if (n == m->template && !strcmp(c->key, "with")) continue;
        struct ynode *e = expand(m, c, a, d);
        if (!e) return false;
        if (vary && ynode_get(out, e->key)) {
            diag_error(d, c->key_at, strlen(c->key), "'%s' is in this map twice", e->key);
            return false;
        }
        e->next = NULL;
        *tail = e;
        tail = &e->next;
        out->count++;
    }
    return true;
}

static struct ynode *expand(const struct matrix *m, const struct ynode *n, struct arena *a, struct diag *d)
{
    struct ynode *out = arena_alloc(a, sizeof(*out));
    *out = *n;
    struct buf b = {0};
    struct place place = {m, n, true, d};
    bool good = true;
    if (n->key && strchr(n->key, '$')) {
        good = substitute(&place, n->key, strlen(n->key), &b);
        out->key = arena_strndup(a, buf_cstr(&b), b.len);
    }
    if (good && n->kind != YNODE_SCALAR) {
        good = expand_children(m, n, out, a, d);
    } else if (good && memchr(n->text, '$', n->len)) {
        place.key = false;
        buf_reset(&b);
        good = substitute(&place, n->text, n->len, &b);
        out->text = arena_strndup(a, buf_cstr(&b), b.len);
        out->len = b.len;
        out->indent = -1;    /* the text is not what stands in the file */
        out->quoted = false; /* "$n" may become a number */
    }
    buf_free(&b);
    return good ? out : NULL;
}

struct ynode *matrix_expand(const struct matrix *m, const struct ynode *n, struct arena *a, struct diag *d)
{
    return expand(m, n, a, d);
}

void matrix_describe(const struct matrix *m, struct buf *out)
{
    for (unsigned i = 0; i < m->nvars; i++) {
        const struct ynode *v = m->values[i];
        buf_printf(out, "%s%s=", i ? ", " : "", m->vars[i]->key);
        if (v->kind == YNODE_SCALAR) buf_printf(out, "%.40s", v->text);
        for (const struct ynode *c = v->child; c; c = c->next)
            buf_printf(out, "%s%s: %.40s%s", c == v->child ? "{" : ", ", c->key, c->text, c->next ? "" : "}");
    }
}
