/* A loaded tree against its schema: every breach reported at its place. */
#include "harness/corpus/schema.h"

#include "engine/guest/guest.h"

#include <inttypes.h>
#include <string.h>

const struct schema_key *schema_key_find(const struct schema *s, const char *name)
{
    for (unsigned i = 0; i < s->nkeys; i++)
        if (!strcmp(s->keys[i].name, name)) return &s->keys[i];
    return NULL;
}

void schema_key_unknown(const struct schema *s, const char *key, struct pos at, struct diag *d)
{
    struct suggest near = suggest_start(key, strlen(key));
    struct buf all = {0};
    for (unsigned i = 0; i < s->nkeys; i++) {
        suggest_offer(&near, s->keys[i].name, strlen(s->keys[i].name));
        buf_printf(&all, "%s%s", i ? ", " : "", s->keys[i].name);
    }
    if (near.best)
        diag_error(d, at, strlen(key), "unknown key '%s' in %s; did you mean '%.*s'?", key, s->what,
                   (int)near.best_len, near.best);
    else
        diag_error(d, at, strlen(key), "unknown key '%s' in %s; its keys are %s", key, s->what,
                   buf_cstr(&all));
    buf_free(&all);
}

static bool is_empty(const struct ynode *n)
{
    return n->kind == YNODE_SCALAR && !n->len && !n->quoted && !n->block;
}

static bool is_word(const struct ynode *n)
{
    if (!n->len || n->len > SCHEMA_MAX_WORD) return false;
    for (size_t i = 0; i < n->len; i++) {
        char c = n->text[i];
        bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!alnum && !strchr("._+=,@-", c)) return false;
    }
    return true;
}

/* The end of an error about `n`: which key, and what was found. */
static bool complain(const struct schema *s, const struct ynode *n, struct diag *d)
{
    const char *found = ynode_kind_name(n);
    if (n->kind == YNODE_SCALAR && n->len)
        diag_error(d, n->at, n->len, "%s%s%sexpected %s, not '%.40s%s'", n->key ? "'" : "",
                   n->key ? n->key : "", n->key ? "': " : "", s->what, n->text, n->len > 40 ? "…" : "");
    else
        diag_error(d, n->at, 1, "%s%s%sexpected %s, not %s", n->key ? "'" : "", n->key ? n->key : "",
                   n->key ? "': " : "", s->what, found);
    return false;
}

static bool check_choice(const struct schema *s, const struct ynode *n, struct diag *d)
{
    size_t count = 0;
    for (; s->choices[count]; count++)
        if (!strcmp(s->choices[count], n->text)) return true;
    const char *near = base_suggest(n->text, s->choices, count);
    if (!near) return complain(s, n, d);
    diag_error(d, n->at, n->len, "'%s': expected %s, not '%s'; did you mean '%s'?", n->key, s->what, n->text,
               near);
    return false;
}

static bool check_isa(const struct ynode *n, struct diag *d)
{
    if (guest_find(n->text)) return true;
    struct suggest near = suggest_start(n->text, n->len);
    struct buf all = {0};
    for (unsigned i = 0; guest_all[i]; i++) {
        suggest_offer(&near, guest_all[i]->name, strlen(guest_all[i]->name));
        buf_printf(&all, "%s%s", i ? ", " : "", guest_all[i]->name);
    }
    if (near.best)
        diag_error(d, n->at, n->len, "unknown ISA '%s'; did you mean '%.*s'?", n->text, (int)near.best_len,
                   near.best);
    else
        diag_error(d, n->at, n->len, "unknown ISA '%s'; there is %s", n->text, buf_cstr(&all));
    buf_free(&all);
    return false;
}

static bool check_number(const struct schema *s, const struct ynode *n, struct diag *d)
{
    uint64_t v;
    bool negative;
    if (!ynode_u64(n, &v, &negative)) return complain(s, n, d);
    if (s->version && !negative && v != s->max) {
        diag_error(d, n->at, n->len, "format %.40s; this lockstep reads format %" PRIu64, n->text, s->max);
        return false;
    }
    if (s->max && (negative || v < s->min || v > s->max)) return complain(s, n, d);
    return true;
}

static bool check_scalar(const struct schema *s, const struct ynode *n, bool template, struct diag *d)
{
    if (is_empty(n)) return s->accepts & SCHEMA_EMPTY ? true : complain(s, n, d);
    bool scalar = s->accepts & (SCHEMA_TEXT | SCHEMA_NUMBER | SCHEMA_BOOL);
    if (template && scalar && memchr(n->text, '$', n->len)) return true;
    if (s->accepts & SCHEMA_NUMBER) return check_number(s, n, d);
    if (s->accepts & SCHEMA_BOOL)
        return !strcmp(n->text, "true") || !strcmp(n->text, "false") || complain(s, n, d);
    if (!(s->accepts & SCHEMA_TEXT)) return complain(s, n, d);
    if (s->choices) return check_choice(s, n, d);
    if (s->isa) return check_isa(n, d);
    if (s->word && !is_word(n)) {
        diag_error(d, n->at, n->len,
                   "'%s': an id has letters, digits and . _ + = , @ - only, at most %d of them", n->key,
                   SCHEMA_MAX_WORD);
        return false;
    }
    return true;
}

static bool check(const struct schema *s, const struct ynode *n, bool template, struct diag *d);

static bool check_map(const struct schema *s, const struct ynode *n, bool template, struct diag *d)
{
    bool good = true;
    for (const struct ynode *c = n->child; c; c = c->next) {
        const struct schema_key *k = schema_key_find(s, c->key);
        if (!k && !s->rest) {
            schema_key_unknown(s, c->key, c->key_at, d);
            good = false;
            continue;
        }
        const struct schema *type = k ? k->type : s->rest;
        bool fits = check(type, c, template, d);
        good &= fits;
        if (type->version && !fits) return false; /* what the other keys mean, only that version knows */
    }
    for (unsigned i = 0; i < s->nkeys; i++) {
        if (!s->keys[i].required || ynode_get(n, s->keys[i].name)) continue;
        diag_error(d, n->at, 1, "%s needs '%s': %s", s->what, s->keys[i].name, s->keys[i].doc);
        good = false;
    }
    return good;
}

static bool check(const struct schema *s, const struct ynode *n, bool template, struct diag *d)
{
    template |= s->template;
    if (n->kind == YNODE_SCALAR) return check_scalar(s, n, template, d);
    if (n->kind == YNODE_MAP)
        return s->accepts & SCHEMA_MAP ? check_map(s, n, template, d) : complain(s, n, d);
    if (!(s->accepts & SCHEMA_LIST)) return complain(s, n, d);
    bool good = true;
    for (const struct ynode *c = n->child; c; c = c->next) good &= check(s->item, c, template, d);
    return good;
}

bool schema_check(const struct schema *s, const struct ynode *n, struct diag *d)
{
    return check(s, n, false, d);
}

uint64_t schema_number(const struct ynode *map, const char *key, uint64_t absent)
{
    const struct ynode *n = ynode_get(map, key);
    uint64_t v = absent;
    bool negative;
    if (n && !ynode_u64(n, &v, &negative)) BUG("'%s' was not checked", key);
    return v;
}

const char *schema_text(const struct ynode *map, const char *key, const char *absent)
{
    const struct ynode *n = ynode_get(map, key);
    return n ? n->text : absent;
}

const struct ynode *schema_first(const struct ynode *n)
{
    return n && n->kind == YNODE_LIST ? n->child : n;
}

const struct ynode *schema_next(const struct ynode *list, const struct ynode *item)
{
    return list->kind == YNODE_LIST ? item->next : NULL;
}
