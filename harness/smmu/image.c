#include "harness/smmu/scenario.h"

#include <string.h>

static struct image_page *page_of(struct image *m, uint64_t at)
{
    uint64_t base = at & ~0xfffull;
    if (m->npages && m->pages[m->last]->at == base) return m->pages[m->last];
    for (m->last = 0; m->last < m->npages; m->last++)
        if (m->pages[m->last]->at == base) return m->pages[m->last];
    if ((m->npages & (m->npages - 1)) == 0) { /* full: sizes are powers of two */
        struct image_page **more =
            arena_alloc(m->arena, (m->npages ? 2 * m->npages : 1) * sizeof(struct image_page *));
        if (m->npages) memcpy(more, m->pages, m->npages * sizeof(struct image_page *));
        m->pages = more;
    }
    struct image_page *p = arena_alloc(m->arena, sizeof(*p));
    p->at = base;
    return m->pages[m->npages++] = p;
}

uint64_t *image_word(struct image *m, uint64_t at)
{
    return &page_of(m, at)->now[at % 4096 / 8];
}

uint64_t image_alloc(struct image *m, uint64_t size, uint64_t align)
{
    uint64_t at = (m->next + align - 1) & ~(align - 1);
    if (at + size > SCN_TABLES_END) return 0;
    m->next = at + size;
    return at;
}

/* Words [from, to) of a page. */
static void store(const struct image_page *p, unsigned from, unsigned to, struct steps *steps)
{
    struct scn_step *s = steps_add(steps, SCN_STORE);
    uint8_t *data = arena_alloc(steps->arena, (to - from) * 8ul);
    memcpy(data, &p->now[from], (to - from) * 8ul);
    s->at = p->at + from * 8ul;
    s->size = (to - from) * 8;
    s->data = data;
    s->made = true;
}

void image_store(struct image *m, struct steps *to)
{
    for (unsigned i = 0; i < m->npages; i++) {
        struct image_page *p = m->pages[i];
        if (!memcmp(p->now, p->stored, sizeof(p->now))) continue;
        for (unsigned w = 0; w < 512;) {
            unsigned from = w;
            while (w < 512 && p->now[w] != p->stored[w]) w++;
            if (w > from) store(p, from, w, to);
            w += w == from;
        }
        memcpy(p->stored, p->now, sizeof(p->now));
    }
}
