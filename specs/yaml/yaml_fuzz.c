/* libFuzzer target: any text, as a tree and as a stream, must give nodes within the bounds or at least one
 * error. */
#include "specs/yaml/internal.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct text {
    const char *p; /* the whole file */
    size_t len;    /* its bytes */
};

/* The character that stands at a position, found without the code under test; 0 when there is none. */
static uint32_t char_at(const struct text *t, struct pos at)
{
    size_t i = t->len >= 3 && memcmp(t->p, UTF8_BOM, 3) == 0 ? 3 : 0;
    for (int line = 1; line < at.line && i < t->len;) {
        size_t brk = utf8_break(t->p + i, t->len - i);
        line += brk != 0;
        i += brk ? brk : 1;
    }
    uint32_t cp = 0;
    for (int col = 1; col <= at.col && i < t->len; col++) {
        if (utf8_break(t->p + i, t->len - i)) return 0;
        i += utf8_next(t->p + i, t->len - i, &cp);
    }
    return cp;
}

static void check_scalar(const struct ynode *n, const struct text *t)
{
    BUG_ON(strlen(n->text) != n->len || n->len > YAML_MAX_SCALAR);
    struct pos end = ynode_text_pos(n, n->len);
    BUG_ON(n->at.line < 1 || n->at.col < 1 || end.line < n->at.line || end.col < 1);
    uint32_t cp;
    for (size_t i = 0, len; n->indent >= 0 && i < n->len && i < 200; i += len) {
        len = utf8_next(n->text + i, n->len - i, &cp);
        if (!utf8_break(n->text + i, n->len - i)) BUG_ON(char_at(t, ynode_text_pos(n, i)) != cp);
    }
    uint64_t v;
    bool negative;
    ynode_u64(n, &v, &negative);
}

/* Walks all a consumer may walk; returns the number of nodes. */
static unsigned walk(const struct ynode *n, const struct text *t, int depth)
{
    BUG_ON(depth > YAML_MAX_DEPTH);
    if (n->kind == YNODE_SCALAR) {
        check_scalar(n, t);
        return 1;
    }
    unsigned nodes = 1, count = 0;
    for (const struct ynode *c = n->child; c; c = c->next, count++) {
        BUG_ON((c->key != NULL) != (n->kind == YNODE_MAP));
        BUG_ON(c->key && !ynode_get(n, c->key));
        nodes += walk(c, t, depth + 1);
    }
    BUG_ON(count != n->count);
    return nodes;
}

static void as_tree(const struct text *t)
{
    struct diag d = {0};
    struct arena a = {0};
    const struct ynode *n = yaml_load_text("tree", t->p, t->len, &a, &d);
    BUG_ON((n == NULL) != (d.errors > 0));
    if (n) {
        static const char *const names[] = {"id", "code"};
        BUG_ON(walk(n, t, 0) > YAML_MAX_NODES);
        ynode_check_keys(n, names, ARRAY_LEN(names), "a row", &d);
    }
    arena_free(&a);
    diag_free(&d);
}

/* Lists piece by piece, other values whole, and by the key's first letter some not at all. */
static int as_stream(struct yaml_stream *s, const struct text *t, struct arena *a)
{
    const char *key;
    struct pos at;
    int got;
    while ((got = yaml_next_key(s, &key, &at)) == 1) {
        if (key[0] == 's') continue;
        if (key[0] == 'v') {
            const struct ynode *n = yaml_value(s, a);
            if (!n) return -1;
            BUG_ON(walk(n, t, 1) > YAML_MAX_NODES);
            continue;
        }
        if (yaml_enter_list(s)) return -1;
        struct ynode *item;
        while ((got = yaml_next_item(s, a, &item)) == 1) {
            BUG_ON(item->key || walk(item, t, 2) > YAML_MAX_NODES);
            arena_reset(a);
            if (key[0] == 'b') break;
        }
        if (got < 0) return -1;
    }
    return got;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct text t = {(const char *)data, size};
    as_tree(&t);
    struct diag d = {0};
    struct arena a = {0};
    struct yaml_stream *s = yaml_open_text("stream", t.p, t.len, &d);
    int end = as_stream(s, &t, &a);
    BUG_ON((end < 0) != (d.errors > 0));
    yaml_close(s);
    arena_free(&a);
    diag_free(&d);
    return 0;
}
