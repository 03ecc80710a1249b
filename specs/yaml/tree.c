/* Builds the tree of one item from events, and refuses what lockstep's YAML does not have: duplicate keys,
 * keys that are not text, merge keys, foreign tags, aliases without bounds.
 *
 * Aliases are deep copies. Their nodes, their text and their depth count like written ones, so that neither
 * loading nor walking a tree can cost more than the bounds in yaml.h.
 */
#include "specs/yaml/internal.h"

#include <stdlib.h>
#include <string.h>

/* Counts a node, and `text` bytes that were not in the file here, against the bounds; false after a reported
 * error. */
static bool spend(struct yaml_stream *s, struct budget *b, size_t text, struct pos at)
{
    const char *who = b == &s->keep ? "all anchors of a file together" : "one item";
    b->nodes++;
    b->text += text;
    if (b->nodes > YAML_MAX_NODES) {
        return stream_error(s, at, 0, "more than %d nodes in %s (aliases count as often as they are used)",
                            YAML_MAX_NODES, who);
    }
    if (b->text > YAML_MAX_ALIAS_TEXT) {
        return stream_error(s, at, 0, "more than %d bytes of text for aliases in %s", YAML_MAX_ALIAS_TEXT,
                            who);
    }
    return true;
}

static struct ynode *node_new(struct yaml_stream *s, struct arena *a, enum ynode_kind kind)
{
    struct pos at = event_pos(s);
    if (!spend(s, &s->item, 0, at)) return NULL;
    struct ynode *n = arena_alloc(a, sizeof(*n));
    n->kind = kind;
    n->at = at;
    return n;
}

/* ---- scalars ---- */

/* How the scalar of s->ev lies in the file; see ynode.indent. */
static int scalar_indent(const struct yaml_stream *s)
{
    const yaml_event_t *ev = &s->ev;
    const char *text = (const char *)ev->data.scalar.value;
    size_t len = ev->data.scalar.length;
    yaml_scalar_style_t style = ev->data.scalar.style;
    if (style == YAML_FOLDED_SCALAR_STYLE) return -1;
    if (style != YAML_LITERAL_SCALAR_STYLE) {
        /* an escape takes more characters in the file than in the text, so equal lengths mean equal text */
        unsigned quotes = style == YAML_PLAIN_SCALAR_STYLE ? 0 : 2;
        bool same = ev->start_mark.line == ev->end_mark.line &&
                    ev->end_mark.column - ev->start_mark.column == utf8_count(text, len) + quotes;
        return same ? (int)quotes / 2 : -1;
    }
    /* the first line that is not blank tells: in the file it has `indent` more spaces than in the text */
    size_t line = ev->start_mark.line + 1, i = 0;
    int spaces = 0;
    while (i < len) {
        size_t brk = utf8_break(text + i, len - i);
        if (!brk && text[i] != ' ') break;
        spaces = brk ? 0 : spaces + 1;
        line += brk != 0;
        i += brk ? brk : 1;
    }
    if (i == len) return 0;
    int lead = input_lead(&s->in, line);
    return lead < spaces ? -1 : lead - spaces;
}

static bool is_null(const char *text)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
    for (size_t i = 0; i < ARRAY_LEN(nulls); i++) {
        if (strcmp(text, nulls[i]) == 0) return true;
    }
    return false;
}

static bool scalar_check(struct yaml_stream *s)
{
    struct pos at = event_pos(s);
    const char *text = (const char *)s->ev.data.scalar.value;
    size_t len = s->ev.data.scalar.length;
    if (len > YAML_MAX_SCALAR) {
        return stream_error(s, at, 0, "a text of %zu bytes; expected at most %d", len, YAML_MAX_SCALAR);
    }
    if (memchr(text, 0, len)) return stream_error(s, at, 0, "a NUL character in a text; expected none");
    return true;
}

/* ---- tags ---- */

#define CORE "tag:yaml.org,2002:"

static bool is_float(const char *text)
{
    static const char *const words[] = {".nan", ".inf", "-.inf"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strcmp(text, words[i]) == 0) return true;
    }
    char *end = NULL;
    strtod(text, &end);
    return end != text && *end == 0 && strspn(text, "+-.0123456789eE") == strlen(text);
}

static bool is_bool(const char *text)
{
    return strcmp(text, "true") == 0 || strcmp(text, "false") == 0;
}

/* Whether the core tag `name` may stand on this node. */
static bool tag_fits(const struct ynode *n, const char *name)
{
    uint64_t v;
    bool negative;
    if (strcmp(name, "map") == 0) return n->kind == YNODE_MAP;
    if (strcmp(name, "seq") == 0) return n->kind == YNODE_LIST;
    if (n->kind != YNODE_SCALAR) return false;
    if (strcmp(name, "str") == 0) return true;
    if (strcmp(name, "int") == 0) return number_parse(n->text, n->len, &v, &negative);
    if (strcmp(name, "float") == 0) return is_float(n->text);
    if (strcmp(name, "bool") == 0) return is_bool(n->text);
    return is_null(n->text); /* null */
}

/* A tag may only repeat what the node is. `!!str 12` makes text of what would be a number. */
static bool tag_check(struct yaml_stream *s, struct ynode *n, const yaml_char_t *tag)
{
    static const char *const core[] = {"str", "int", "float", "bool", "null", "seq", "map"};
    if (!tag) return true;
    const char *t = (const char *)tag;
    struct pos at = mark_pos(s, &s->properties);
    const char *name = strncmp(t, CORE, strlen(CORE)) == 0 ? t + strlen(CORE) : NULL;
    for (size_t i = 0; name && i < ARRAY_LEN(core); i++) {
        if (strcmp(name, core[i]) != 0) continue;
        if (!tag_fits(n, name)) return stream_error(s, at, 0, "this is not what its tag !!%s says", name);
        if (i == 0) n->quoted = true;
        return true;
    }
    return stream_error(
        s, at, 0, "unknown tag '%s'; expected !!str, !!int, !!float, !!bool, !!null, !!seq, !!map or none",
        t);
}

static struct ynode *scalar_build(struct yaml_stream *s, struct arena *a)
{
    if (!scalar_check(s)) return NULL;
    struct ynode *n = node_new(s, a, YNODE_SCALAR);
    if (!n) return NULL;
    yaml_scalar_style_t style = s->ev.data.scalar.style;
    n->quoted = style == YAML_SINGLE_QUOTED_SCALAR_STYLE || style == YAML_DOUBLE_QUOTED_SCALAR_STYLE;
    n->block = style == YAML_LITERAL_SCALAR_STYLE || style == YAML_FOLDED_SCALAR_STYLE;
    n->indent = scalar_indent(s);
    n->len = s->ev.data.scalar.length;
    n->text = arena_strndup(a, (const char *)s->ev.data.scalar.value, n->len);
    if (!tag_check(s, n, s->ev.data.scalar.tag)) return NULL;
    if (!n->quoted && !n->block && is_null(n->text)) {
        n->text = "";
        n->len = 0;
    }
    return n;
}

/* ---- anchors and aliases ---- */

/* What a deep copy needs to know at every node. */
struct copying {
    struct yaml_stream *s;
    struct arena *to;      /* where the copy lives */
    const char *file;      /* the file's name there */
    struct budget *budget; /* what pays for it */
    struct pos why;        /* the alias or anchor, for errors */
};

/* NULL after a reported error. The caller sets the key, which is not the original's. */
static struct ynode *copy(const struct copying *c, const struct ynode *from, int depth)
{
    if (depth > YAML_MAX_DEPTH) {
        stream_error(c->s, c->why, 0, "nested deeper than %d levels when this alias is expanded",
                     YAML_MAX_DEPTH);
        return NULL;
    }
    if (!spend(c->s, c->budget, from->len + (from->key ? strlen(from->key) : 0), c->why)) return NULL;
    struct ynode *n = arena_alloc(c->to, sizeof(*n));
    *n = *from;
    n->next = NULL;
    n->child = NULL;
    n->at.file = n->key_at.file = c->file;
    if (from->text) n->text = arena_strndup(c->to, from->text, from->len);
    if (from->key) n->key = arena_strdup(c->to, from->key);
    struct ynode **tail = &n->child;
    for (const struct ynode *child = from->child; child; child = child->next) {
        *tail = copy(c, child, depth + 1);
        if (!*tail) return NULL;
        tail = &(*tail)->next;
    }
    return n;
}

/* Notes that an anchored node begins. Its entry has no node until it ends, so that an alias inside it is
 * refused. */
static const char *anchor_begin(struct yaml_stream *s, const yaml_char_t *anchor, bool *ok)
{
    *ok = true;
    if (!anchor) return NULL;
    const char *text = arena_strdup(&s->kept, (const char *)anchor);
    bool fresh;
    struct name *e = names_add(&s->anchors, text, &fresh);
    if (!fresh) {
        *ok = stream_error(s, mark_pos(s, &s->properties), 0, "the anchor '&%s' is set twice", text);
        diag_note(s->d, e->at, 0, "first set here");
        return NULL;
    }
    e->at = mark_pos(s, &s->properties);
    e->at.file = s->file; /* the item's copy of the name goes with the item */
    s->keep.text += strlen(text);
    return text;
}

static bool anchor_end(struct yaml_stream *s, const char *anchor, struct ynode *n)
{
    if (!anchor) return true;
    struct name *e = names_find(&s->anchors, anchor);
    BUG_ON(!e);
    /* when items come and go, what an alias may still name must outlive its item */
    struct copying c = {s, &s->kept, s->file, &s->keep, n->at};
    e->node = s->keep_anchors ? copy(&c, n, 0) : n;
    return e->node != NULL;
}

static struct ynode *alias_build(struct yaml_stream *s, struct arena *a, int depth)
{
    const char *anchor = (const char *)s->ev.data.alias.anchor;
    struct pos at = event_pos(s);
    const struct name *e = names_find(&s->anchors, anchor);
    if (!e) {
        stream_error(s, at, 1 + strlen(anchor), "unknown alias '*%s'; expected '&%s' before it", anchor,
                     anchor);
        return NULL;
    }
    if (!e->node) {
        stream_error(s, at, 1 + strlen(anchor), "the alias '*%s' stands inside what it names", anchor);
        diag_note(s->d, e->at, 0, "which starts here");
        return NULL;
    }
    struct copying c = {s, a, s->tree_file, &s->item, at};
    return copy(&c, e->node, depth);
}

/* ---- lists and maps ---- */

bool tree_key(struct yaml_stream *s, struct arena *a, const char **key)
{
    struct pos at = event_pos(s);
    const yaml_event_t *ev = &s->ev;
    if (ev->type == YAML_ALIAS_EVENT) return stream_error(s, at, 0, "an alias as a key; expected text");
    if (ev->type != YAML_SCALAR_EVENT) {
        return stream_error(s, at, 0, "a %s as a key; expected text",
                            ev->type == YAML_MAPPING_START_EVENT ? "map" : "list");
    }
    const char *text = (const char *)ev->data.scalar.value;
    bool plain = ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    if (ev->data.scalar.anchor) {
        return stream_error(s, mark_pos(s, &s->properties), 0,
                            "the anchor '&%s' names this key; to name the map, put it on the line above",
                            (const char *)ev->data.scalar.anchor);
    }
    if (ev->data.scalar.tag)
        return stream_error(s, mark_pos(s, &s->properties), 0, "a tag on a key; expected none");
    if (ev->data.scalar.length > YAML_MAX_KEY) {
        return stream_error(s, at, 0, "a key of %zu bytes; expected at most %d", ev->data.scalar.length,
                            YAML_MAX_KEY);
    }
    if (plain && ev->data.scalar.length == 0) return stream_error(s, at, 0, "an empty key; expected text");
    if (plain && strcmp(text, "<<") == 0) {
        return stream_error(s, at, 2, "merge keys ('<<') are not supported; expected the keys written out");
    }
    if (!scalar_check(s)) return false;
    *key = arena_strndup(a, text, ev->data.scalar.length);
    return true;
}

static bool duplicate(struct yaml_stream *s, const struct ynode *again, const struct ynode *first)
{
    stream_error(s, again->key_at, strlen(again->key), "duplicate key '%s'", again->key);
    diag_note(s->d, first->key_at, strlen(first->key), "first given here");
    return false;
}

/* Small maps, nearly all there are, are compared pair by pair; large ones through a hash table. */
static bool keys_differ(struct yaml_stream *s, const struct ynode *map)
{
    if (map->count <= 12) {
        for (const struct ynode *c = map->child; c; c = c->next) {
            for (const struct ynode *b = map->child; b != c; b = b->next) {
                if (b->key[0] == c->key[0] && strcmp(b->key, c->key) == 0) return duplicate(s, c, b);
            }
        }
        return true;
    }
    bool good = true;
    for (struct ynode *c = map->child; good && c; c = c->next) {
        bool fresh;
        struct name *e = names_add(&s->siblings, c->key, &fresh);
        if (fresh) {
            e->node = c;
        } else {
            good = duplicate(s, c, e->node);
        }
    }
    names_free(&s->siblings);
    return good;
}

static struct ynode *child_build(struct yaml_stream *s, struct arena *a, const struct ynode *parent,
                                 int depth)
{
    const char *key = NULL;
    struct pos key_at = {0};
    if (parent->kind == YNODE_MAP) {
        key_at = event_pos(s);
        if (!tree_key(s, a, &key) || !event_next(s)) return NULL;
    }
    struct ynode *c = tree_build(s, a, depth + 1);
    if (!c) return NULL;
    c->key = key;
    c->key_at = key_at;
    return c;
}

static struct ynode *collection_build(struct yaml_stream *s, struct arena *a, int depth)
{
    bool map = s->ev.type == YAML_MAPPING_START_EVENT;
    const yaml_char_t *tag = map ? s->ev.data.mapping_start.tag : s->ev.data.sequence_start.tag;
    yaml_event_type_t end = map ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT;
    struct ynode *n = node_new(s, a, map ? YNODE_MAP : YNODE_LIST);
    if (!n || !tag_check(s, n, tag)) return NULL;
    struct ynode **tail = &n->child;
    while (event_next(s)) {
        if (s->ev.type == end) return map && !keys_differ(s, n) ? NULL : n;
        struct ynode *c = child_build(s, a, n, depth);
        if (!c) return NULL;
        *tail = c;
        tail = &c->next;
        n->count++;
    }
    return NULL;
}

bool tree_enter(struct yaml_stream *s)
{
    const yaml_event_t *ev = &s->ev;
    bool map = ev->type == YAML_MAPPING_START_EVENT;
    const yaml_char_t *anchor = map ? ev->data.mapping_start.anchor : ev->data.sequence_start.anchor;
    struct ynode n = {.kind = map ? YNODE_MAP : YNODE_LIST, .at = event_pos(s)};
    if (anchor) {
        return stream_error(s, n.at, 0,
                            "the anchor '&%s' names what is read piece by piece; expected it on an item",
                            (const char *)anchor);
    }
    return tag_check(s, &n, map ? ev->data.mapping_start.tag : ev->data.sequence_start.tag);
}

struct ynode *tree_build(struct yaml_stream *s, struct arena *a, int depth)
{
    const yaml_event_t *ev = &s->ev;
    if (ev->type == YAML_ALIAS_EVENT) return alias_build(s, a, depth);
    if (depth > YAML_MAX_DEPTH) {
        stream_error(s, event_pos(s), 0, "nested deeper than %d levels", YAML_MAX_DEPTH);
        return NULL;
    }
    bool scalar = ev->type == YAML_SCALAR_EVENT, ok;
    const char *anchor = anchor_begin(s,
                                      scalar                                 ? ev->data.scalar.anchor
                                      : ev->type == YAML_MAPPING_START_EVENT ? ev->data.mapping_start.anchor
                                                                             : ev->data.sequence_start.anchor,
                                      &ok);
    if (!ok) return NULL;
    struct ynode *n = scalar ? scalar_build(s, a) : collection_build(s, a, depth);
    return n && anchor_end(s, anchor, n) ? n : NULL;
}
