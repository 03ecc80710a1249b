#include "engine/base/base.h"

#include <stdlib.h>
#include <string.h>

enum { ARENA_CHUNK = 64 * 1024 };

struct arena_chunk {
    struct arena_chunk *next; /* older */
    size_t used, cap;         /* bytes of data[] */
    _Alignas(16) char data[]; /* the memory handed out */
};

void *arena_alloc(struct arena *a, size_t n)
{
    n = (n + 15) & ~(size_t)15;
    struct arena_chunk *c = a->head;
    if (!c || c->cap - c->used < n) {
        size_t cap = n > ARENA_CHUNK ? n : ARENA_CHUNK;
        c = xmalloc(sizeof(*c) + cap);
        *c = (struct arena_chunk){.next = a->head, .cap = cap};
        a->head = c;
    }
    void *p = c->data + c->used;
    c->used += n;
    a->total += n;
    return memset(p, 0, n);
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
    char *p = arena_alloc(a, n + 1);
    memcpy(p, s, n);
    return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
    return arena_strndup(a, s, strlen(s));
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    BUG_ON(n < 0);
    char *p = arena_alloc(a, (size_t)n + 1);
    vsnprintf(p, (size_t)n + 1, fmt, again);
    va_end(again);
    return p;
}

static void chunks_free(struct arena_chunk *c)
{
    while (c) {
        struct arena_chunk *next = c->next;
        free(c);
        c = next;
    }
}

void arena_reset(struct arena *a)
{
    a->total = 0;
    if (!a->head) return;
    chunks_free(a->head->next);
    a->head->next = NULL;
    a->head->used = 0;
    if (a->head->cap > ARENA_CHUNK) {
        free(a->head);
        a->head = NULL;
    }
}

void arena_free(struct arena *a)
{
    chunks_free(a->head);
    *a = (struct arena){0};
}
