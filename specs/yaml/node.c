/* Looking into loaded trees. */
#include "specs/yaml/internal.h"

#include <string.h>

struct ynode *ynode_get(const struct ynode *map, const char *key)
{
    if (!map || map->kind != YNODE_MAP) return NULL;
    for (struct ynode *c = map->child; c; c = c->next) {
        if (strcmp(c->key, key) == 0) return c;
    }
    return NULL;
}

const char *ynode_kind_name(const struct ynode *n)
{
    if (!n) return "nothing";
    if (n->kind != YNODE_SCALAR) return n->kind == YNODE_MAP ? "a map" : "a list";
    return n->len || n->quoted || n->block ? "text" : "nothing";
}

/* In a literal block: the lines of the text are the lines after the |, each moved right by the indentation.
 */
static struct pos block_pos(const struct ynode *n, size_t offset)
{
    size_t end =
        n->len; /* without the final line breaks: a complaint about the end belongs to the last line */
    while (end > 0 && n->text[end - 1] == '\n') end--;
    if (offset > end) offset = end;
    size_t start = 0;
    struct pos at = {n->at.file, n->at.line + 1, 1};
    for (size_t i = 0; i < offset;) {
        size_t brk = utf8_break(n->text + i, n->len - i);
        i += brk ? brk : 1;
        if (brk) {
            at.line++;
            start = i;
        }
    }
    if (start > offset) start = offset; /* inside a line break of several bytes */
    at.col = n->indent + 1 + (int)utf8_count(n->text + start, offset - start);
    return at;
}

struct pos ynode_text_pos(const struct ynode *n, size_t offset)
{
    if (n->kind != YNODE_SCALAR || n->indent < 0 || n->at.line == 0 || n->at.col == 0) return n->at;
    if (n->block) return block_pos(n, offset);
    if (offset > n->len) offset = n->len;
    struct pos at = n->at;
    at.col += (int)utf8_count(n->text, offset) + n->indent;
    return at;
}

/* "; expected a, b or c" for a few names; nothing for many. */
static void expected(struct buf *b, const char *const *names, size_t n)
{
    if (n == 0 || n > 12) return;
    buf_str(b, "; expected ");
    for (size_t i = 0; i < n; i++) {
        buf_printf(b, "%s'%s'", i == 0 ? "" : i + 1 == n ? " or " : ", ", names[i]);
    }
}

static bool key_known(const char *key, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(key, names[i]) == 0) return true;
    }
    return false;
}

bool ynode_check_keys(const struct ynode *map, const char *const *names, size_t n, const char *what,
                      struct diag *d)
{
    if (map->kind != YNODE_MAP) {
        diag_error(d, map->at, 0, "%s; expected %s%sa map", ynode_kind_name(map), what ? what : "",
                   what ? " as " : "");
        return false;
    }
    bool good = true;
    for (const struct ynode *c = map->child; c; c = c->next) {
        if (key_known(c->key, names, n)) continue;
        good = false;
        struct buf hint = {0};
        const char *near = diag_suggest(c->key, names, n);
        if (near) {
            buf_printf(&hint, "; did you mean '%s'?", near);
        } else {
            expected(&hint, names, n);
        }
        diag_error(d, c->key_at, strlen(c->key), "unknown key '%s'%s%s%s", c->key, what ? " in " : "",
                   what ? what : "", buf_cstr(&hint));
        buf_free(&hint);
    }
    return good;
}
