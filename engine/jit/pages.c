/* Which blocks have guest code on which page: what a change of code costs grows with the translations that it
 * ends, not with all there are. Guests with a JIT of their own change code all the time. */
#include "engine/jit/internal.h"
#include "engine/jit/region.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    PAGE_LISTS = 4096, /* pages whose numbers differ by a multiple share a list */
    LONGEST = 16,      /* bytes of an instruction: its own length is not known any more */
};
_Static_assert(JIT_PAGES >= 2 * JIT_TRACE_INSNS && JIT_PAGES >= 2 * JIT_MAX_INSNS,
               "two pages an instruction");

int jit_pages_open(struct jit_cache *k)
{
    k->pages = calloc(PAGE_LISTS, sizeof(struct jit_on *));
    return k->pages ? 0 : -ENOMEM;
}

void jit_pages_forget(struct jit_cache *k, const struct jit_block *b)
{
    for (uint32_t i = 0; i < b->npages; i++) k->pages[b->on[i].page % PAGE_LISTS] = NULL;
}

static unsigned note_page(uint64_t *page, unsigned n, uint64_t number)
{
    for (unsigned i = n; i--;)
        if (page[i] == number) return n;
    BUG_ON(n == JIT_PAGES);
    page[n] = number;
    return n + 1;
}

unsigned jit_pages_of(const struct ir_block *b, uint64_t page[JIT_PAGES])
{
    unsigned n = note_page(page, 0, b->pc >> CPU_PAGE_BITS);
    for (uint32_t i = 0; i < b->n; i++) {
        const struct ir_node *node = &b->nodes[i];
        if (node->op != IR_INSN) continue;
        n = note_page(page, n, node->imm >> CPU_PAGE_BITS);
        n = note_page(page, n, (node->imm + LONGEST - 1) >> CPU_PAGE_BITS);
    }
    return n;
}

void jit_pages_join(struct jit_cache *k, struct jit_block *b)
{
    for (uint32_t i = 0; i < b->npages; i++) {
        struct jit_on *on = &b->on[i], **list = &k->pages[on->page % PAGE_LISTS];
        on->next = *list;
        on->at = list;
        if (on->next) on->next->at = &on->next;
        *list = on;
    }
}

void jit_pages_leave(struct jit_block *b)
{
    for (uint32_t i = 0; i < b->npages; i++) {
        struct jit_on *on = &b->on[i];
        *on->at = on->next;
        if (on->next) on->next->at = on->at;
    }
}

/* Dropping a block takes it out of its lists, but where its entries led to stays in them. */
static void drop_listed(struct jit *j, struct jit_on *on, uint64_t first, uint64_t last)
{
    while (on) {
        struct jit_on *next = on->next;
        if (on->page >= first && on->page <= last) jit_drop(j, on->block);
        on = next;
    }
}

void jit_drop_code(struct jit *j, uint64_t addr, uint64_t size)
{
    if (!size) return;
    uint64_t first = addr >> CPU_PAGE_BITS, last = (addr + size - 1) >> CPU_PAGE_BITS;
    uint64_t lists = last - first < PAGE_LISTS ? last - first + 1 : PAGE_LISTS;
    for (uint64_t i = 0; i < lists; i++)
        drop_listed(j, j->cache.pages[(first + i) % PAGE_LISTS], first, last);
}
