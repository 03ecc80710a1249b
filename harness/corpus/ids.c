/* A set of 64-bit hashes: eight bytes a case (twelve to sixteen with the free slots), which is all of a
 * corpus that stays in memory, and only while its file is read. Two different ids with one hash would be
 * called duplicates: for a million of them the chance is 1 in 37 million.
 */
#include "harness/corpus/stream.h"

#include <stdlib.h>
#include <string.h>

static bool insert(uint64_t *slots, size_t cap, uint64_t hash)
{
    size_t i = hash & (cap - 1);
    while (slots[i]) {
        if (slots[i] == hash) return false;
        i = (i + 1) & (cap - 1);
    }
    slots[i] = hash;
    return true;
}

static void grow(struct id_set *s)
{
    size_t cap = s->cap ? s->cap * 2 : 256;
    uint64_t *slots = xcalloc(cap, sizeof(*slots));
    for (size_t i = 0; i < s->cap; i++)
        if (s->slots[i]) insert(slots, cap, s->slots[i]);
    free(s->slots);
    s->slots = slots;
    s->cap = cap;
}

bool id_set_add(struct id_set *s, uint64_t hash)
{
    if (s->n * 4 >= s->cap * 3) grow(s);
    if (!hash) hash = 1;
    if (!insert(s->slots, s->cap, hash)) return false;
    s->n++;
    return true;
}

bool id_set_has(const struct id_set *s, uint64_t hash)
{
    if (!hash) hash = 1;
    for (size_t i = hash & (s->cap - 1); s->cap && s->slots[i]; i = (i + 1) & (s->cap - 1))
        if (s->slots[i] == hash) return true;
    return false;
}

void id_set_clear(struct id_set *s)
{
    free(s->slots);
    *s = (struct id_set){0};
}
