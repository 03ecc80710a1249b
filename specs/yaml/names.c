/* A hash table from names to something: keys of a map, top-level keys, anchors. */
#include "specs/yaml/internal.h"

#include <stdlib.h>
#include <string.h>

/* The slot that holds the name or would; the table is never full. */
static struct name *slot_of(const struct names *t, const char *text)
{
    size_t i = hash_str(text, 0) & (t->cap - 1);
    while (t->slots[i].text && strcmp(t->slots[i].text, text) != 0) i = (i + 1) & (t->cap - 1);
    return &t->slots[i];
}

static void grow(struct names *t)
{
    struct names old = *t;
    t->cap = old.cap ? old.cap * 2 : 32;
    t->slots = xcalloc(t->cap, sizeof(*t->slots));
    for (size_t i = 0; i < old.cap; i++) {
        if (old.slots[i].text) *slot_of(t, old.slots[i].text) = old.slots[i];
    }
    free(old.slots);
}

struct name *names_find(const struct names *t, const char *text)
{
    if (t->cap == 0) return NULL;
    struct name *slot = slot_of(t, text);
    return slot->text ? slot : NULL;
}

struct name *names_add(struct names *t, const char *text, bool *fresh)
{
    if (t->n * 2 >= t->cap) grow(t);
    struct name *slot = slot_of(t, text);
    *fresh = slot->text == NULL;
    if (*fresh) {
        *slot = (struct name){.text = text};
        t->n++;
    }
    return slot;
}

void names_free(struct names *t)
{
    free(t->slots);
    *t = (struct names){0};
}
