/* pairs.yaml: instructions that often follow each other, which the interpreter runs by one handler.
 *
 *     - rv.c.slli rv.c.add(rd)     the second takes its operand rd from the first
 */
#include "specs/gen/emit.h"

#include <string.h>
#include <unistd.h>

static void bad(struct spec *s, const struct ynode *n, const char *at, size_t span, const char *why)
{
    struct pos pos = n->at;
    pos.col += (int)(at - n->text);
    diag_error(&s->diag, pos, span, "%s", why);
}

/* A row's id, and in parentheses an operand that comes from the instruction before. */
static bool member(struct spec *s, const struct ynode *n, const char *word, size_t len, struct pair *p, int i)
{
    const char *open = memchr(word, '(', len);
    size_t id = open ? (size_t)(open - word) : len;
    const char *name = arena_strndup(&s->arena, word, id);
    struct row *r = row_find(s, name);
    if (!r || r->absent) {
        bad(s, n, word, id,
            arena_printf(&s->arena, "no row '%s'%s", name, SUGGEST(s, name, s->rows, " with semantics")));
        return false;
    }
    p->row[i] = r;
    if (open && word[len - 1] == ')') {
        p->from[i] = field_find(r, arena_strndup(&s->arena, open + 1, len - id - 2));
        if (p->from[i] && handler_from(s, r, p->from[i])) return true;
    }
    if (open) bad(s, n, open, len - id, "expected, in parentheses, a register operand that the row reads");
    return !open;
}

static void pair(struct spec *s, struct ynode *n, struct pair ***tail)
{
    const char *text = node_text(s, n), *space = strchr(text, ' ');
    struct pair *p = arena_alloc(&s->arena, sizeof(*p));
    if (!space) {
        bad(s, n, text, strlen(text), "expected two rows");
        return;
    }
    if (!member(s, n, text, (size_t)(space - text), p, 0) ||
        !member(s, n, space + 1, strlen(space + 1), p, 1))
        return;
    if (strcmp(handler_kind(p->row[0]), "PLAIN") || !strcmp(handler_kind(p->row[1]), "SYNC")) {
        bad(s, n, text, strlen(text), "a block ends between the two");
        return;
    }
    **tail = p;
    *tail = &p->next;
}

void pairs_load(struct spec *s, const char *path)
{
    struct pair **tail = &s->pairs;
    if (access(path, F_OK)) return;
    struct ynode *top = yaml_load(path, &s->arena, &s->diag);
    if (!top || !CHECK_KEYS(s, top, "a file of pairs", "pairs")) return;
    struct ynode *list = ynode_get(top, "pairs");
    if (!list || list->kind != YNODE_LIST) {
        diag_error(&s->diag, top->at, 1, "expected a list 'pairs'");
        return;
    }
    for (struct ynode *n = list->child; n; n = n->next) pair(s, n, &tail);
}
