/* Building and finding blocks. */
#include "engine/interp/interp.h"

#include "engine/guest/guest.h"

#include <string.h>

static struct interp_bucket *bucket_of(struct interp *in, uint64_t pc)
{
    return &in->buckets[(pc >> 1 ^ pc >> 13) % INTERP_BUCKETS];
}

/* Indirect jumps are rare enough in single cases that filling the table again costs them nothing. */
void interp_forget_jumps(struct interp *in)
{
    for (unsigned i = 0; i < INTERP_JUMPS; i++) in->jumps[i] = in->none;
    in->jumped = false;
}

void interp_flush(struct interp *in)
{
    in->generation++;
    in->flushed++;
    in->used = 0;
    if (in->jumped) interp_forget_jumps(in);
}

void interp_check_epochs(struct vcpu *c)
{
    struct interp *in = c->interp;
    uint64_t code_epoch = mem_code_epoch(c->mem);
    if (likely(in->code_epoch == code_epoch && in->map_epoch == c->mem->map_epoch)) return;
    if (in->used) interp_flush(in);
    in->code_epoch = code_epoch;
    in->map_epoch = c->mem->map_epoch;
}

/* Ends the block: a handler for what cannot become a record of its own. */
static void finish(const struct interp_isa *isa, struct interp_block *b, enum interp_synthetic what,
                   int32_t imm)
{
    struct guest_op *o = &b->ops[b->count];
    *o = (struct guest_op){.handler = isa->labels[isa->guest->nrows + what], .imm = imm};
}

/* The instruction's bits at pc; its length, or 0 with *missing the offset of the first unit that is not
 * executable. The page is watched before it is looked at, or a write between the two would go unseen. */
static unsigned fetch(struct vcpu *c, uint64_t pc, bool first, uint32_t *word, unsigned *missing)
{
    const struct guest *g = c->guest;
    unsigned got = 0;
    *word = 0;
    *missing = 0;
    if (first || pc % CPU_PAGE > CPU_PAGE - 8) cpu_watch_code(c, pc, 8);
    if (!cpu_fetch(c, pc, word, 4, &got)) return 0;
    unsigned need = g->length(*word);
    *missing = got;
    return got >= need ? need : 0;
}

/* The state's word that byte `slot` of the record names a register by. */
static int word_of(const struct guest *g, unsigned row, const struct guest_op *o, unsigned slot)
{
    const struct guest_field *f = &g->rows[row].fields[g->packs[row].r[slot].field];
    return (int)(f->kind->file->word + o->r[slot]);
}

/* What the end of a block under construction tells about it. */
struct block_tail {
    int last; /* the state's word that flow.last holds there, or -1 */
    int row;  /* of the last instruction, unless it is a pair's second; or -1 */
};

/* The handler that takes as much as possible from the instruction before. */
static const void *handler(const struct interp_isa *isa, unsigned row, const struct guest_op *o,
                           struct block_tail *t)
{
    const struct interp_relay *r = &isa->relays[row];
    const void *label = isa->labels[row];
    for (unsigned i = 0; i < ARRAY_LEN(r->label); i++)
        if (r->label[i] && word_of(isa->guest, row, o, i) == t->last) label = r->label[i];
    if (r->gives != INTERP_NONE)
        t->last = r->gives == INTERP_LOST ? -1 : word_of(isa->guest, row, o, (unsigned)r->gives);
    return label;
}

/* o and the record before it become a pair, if there is one for them. */
static void pair_up(const struct interp_isa *isa, unsigned row, struct interp_block *b, struct block_tail *t)
{
    struct guest_op *o = &b->ops[b->count];
    const struct interp_relay *r = t->row < 0 ? NULL : &isa->relays[t->row];
    t->row = (int)row;
    for (unsigned i = 0; r && i < r->pairs; i++) {
        const struct interp_pair *p = &isa->pairs[r->pair + i];
        if (p->first != o[-1].handler || p->second != o->handler) continue;
        o[-1].handler = p->both;
        b->pairs |= 1ull << (b->count - 1);
        t->row = -1;
        return;
    }
}

/* Adds the instruction at the block's end; false when the block is finished, its last record then in place.
 */
static bool extend(struct vcpu *c, const struct interp_isa *isa, struct interp_block *b, struct block_tail *t)
{
    struct guest_op *o = &b->ops[b->count];
    uint64_t pc = b->pc + b->bytes;
    uint32_t word;
    unsigned missing, length = 0;
    b->at[b->count] = (uint8_t)(b->bytes / isa->guest->code_unit);
    finish(isa, b, OP_END, 0);
    if (b->count == BLOCK_MAX) return false;
    length = fetch(c, pc, !b->count, &word, &missing);
    if (!length) {
        finish(isa, b, OP_FETCH, (int32_t)missing);
        return false;
    }
    int row = isa->guest->decode(word);
    const struct guest_row *r = row < 0 ? NULL : &isa->guest->rows[row];
    if (!r || (r->needs & ~b->mode)) {
        finish(isa, b, OP_ILLEGAL, 0);
        return false;
    }
    const struct guest_packing *p = &isa->guest->packs[row];
    if (p->absent) {
        finish(isa, b, OP_ABSENT, 0);
        return false;
    }
    if (p->alone && b->count) return false;
    guest_pack(isa->guest, (unsigned)row, word, b->bytes / isa->guest->code_unit, o);
    o->handler = handler(isa, (unsigned)row, o, t);
    pair_up(isa, (unsigned)row, b, t);
    b->count++;
    b->bytes = (uint16_t)(b->bytes + length);
    if (!p->ends) return true;
    b->at[b->count] = (uint8_t)(b->bytes / isa->guest->code_unit);
    finish(isa, b, OP_END, 0);
    return false;
}

static struct interp_block *build(struct vcpu *c, const struct interp_isa *isa, uint64_t pc, uint32_t mode)
{
    struct interp *in = c->interp;
    size_t most = sizeof(struct interp_block) + (BLOCK_MAX + 1) * sizeof(struct guest_op);
    if (INTERP_ARENA - in->used < most) interp_flush(in);
    struct interp_block *b = (void *)(in->arena + in->used);
    b->pc = pc;
    b->mode = mode;
    b->count = b->bytes = 0;
    b->pairs = 0;
    b->succ[0] = b->succ[1] = NULL;
    struct block_tail tail = {-1, -1};
    while (extend(c, isa, b, &tail)) continue;
    size_t size = sizeof(*b) + (b->count + 1u) * sizeof(struct guest_op);
    in->used += (size + 15) & ~(size_t)15;
    in->built++;
    return b;
}

struct interp_block *interp_lookup(struct vcpu *c, const struct interp_isa *isa, uint64_t pc)
{
    struct interp *in = c->interp;
    uint32_t mode = isa->guest->mode(c);
    struct interp_bucket *k = bucket_of(in, pc);
    if (unlikely(mode != in->mode)) {
        if (in->jumped) interp_forget_jumps(in);
        in->mode = mode;
    }
    if (k->generation == in->generation)
        for (struct interp_block *b = k->head; b; b = b->chain)
            if (b->pc == pc && b->mode == mode) return b;
    struct interp_block *b = build(c, isa, pc, mode);
    b->chain = k->generation == in->generation ? k->head : NULL;
    k->generation = in->generation;
    k->head = b;
    return b;
}

/* The front may end between the two of a pair. */
static const void *unpaired(const struct interp_isa *isa, const void *handler)
{
    for (const struct interp_pair *p = isa->pairs; p->both; p++)
        if (p->both == handler) return p->first;
    return handler;
}

struct interp_block *interp_front(struct interp *in, const struct interp_isa *isa,
                                  const struct interp_block *b, unsigned n)
{
    struct interp_block *f = in->front;
    memcpy(f, b, sizeof(*b) + n * sizeof(struct guest_op));
    f->count = (uint16_t)n;
    if (n && b->pairs >> (n - 1) & 1) f->ops[n - 1].handler = unpaired(isa, f->ops[n - 1].handler);
    f->bytes = (uint16_t)(b->at[n] * isa->guest->code_unit);
    f->succ[0] = f->succ[1] = NULL;
    finish(isa, f, OP_END, 0);
    return f;
}
