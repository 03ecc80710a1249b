/* A case taken apart and put together again: jumps know the instruction they go to, not the distance. */
#include "harness/shrink/shrink.h"

#include <string.h>

const struct guest_row *draft_row(const struct draft *d, unsigned i)
{
    int row = d->guest->decode(d->insns[i].word);
    return row < 0 ? NULL : &d->guest->rows[row];
}

/* The field of a row that holds the distance of a jump, or -1. */
static int distance_field(const struct guest_row *row)
{
    for (unsigned i = 0; row && i < row->nfields; i++)
        if (row->fields[i].kind && row->fields[i].kind->print == PRINT_PCREL) return (int)i;
    return -1;
}

static void find_target(struct draft *d, unsigned i, const uint16_t *offsets)
{
    struct draft_insn *in = &d->insns[i];
    const struct guest_row *row = draft_row(d, i);
    int field = distance_field(row);
    in->target = DRAFT_TARGET_NONE;
    if (field < 0) return;
    uint64_t to = offsets[i] + guest_field_get(&row->fields[field], in->word);
    in->field = (uint8_t)field;
    for (unsigned k = 0; k <= d->ninsns; k++)
        if (offsets[k] == to) in->target = (int16_t)k;
}

bool draft_set_code(struct draft *d, const uint8_t *code, unsigned size)
{
    uint16_t offsets[DRAFT_INSNS + 1];
    unsigned at = 0;
    for (d->ninsns = 0; at < size; d->ninsns++) {
        if (d->ninsns == DRAFT_INSNS) return false;
        uint32_t word = code_word(code, size, at);
        unsigned n = d->guest->length(word);
        if (d->guest->decode(word) < 0 || n > size - at) n = d->guest->code_unit;
        if (n > size - at) return false;
        offsets[d->ninsns] = (uint16_t)at;
        d->insns[d->ninsns] =
            (struct draft_insn){.word = word & (uint32_t)bits_mask(n * 8), .length = (uint8_t)n};
        at += n;
    }
    offsets[d->ninsns] = (uint16_t)at;
    for (unsigned i = 0; i < d->ninsns; i++) find_target(d, i, offsets);
    return d->ninsns > 0;
}

static bool take_memory(struct draft *d, const struct test_case *c)
{
    d->nmem = c->nmem;
    d->ndata = 0;
    for (unsigned i = 0; i < c->nmem; i++) {
        d->mem[i] = c->mem[i];
        d->mem[i].data = NULL;
        d->bytes[i] = ~0u;
        if (!c->mem[i].data) continue;
        if (c->mem[i].size > sizeof(d->data) - d->ndata) return false;
        memcpy(d->data + d->ndata, c->mem[i].data, c->mem[i].size);
        d->bytes[i] = d->ndata;
        d->ndata += (unsigned)c->mem[i].size;
    }
    return true;
}

bool draft_take(struct draft *d, const struct test_case *c)
{
    d->guest = c->guest;
    d->at = c->code_at;
    d->steps = c->steps;
    if (c->nin > CASE_MAX_REGS || c->nmem > CASE_MAX_MEM || c->code_size > CASE_MAX_CODE) return false;
    if (c->nin) memcpy(d->regs, c->in, c->nin * sizeof(*d->regs));
    d->nregs = c->nin;
    return take_memory(d, c) && draft_set_code(d, c->code, c->code_size);
}

void draft_remove_insns(struct draft *d, unsigned first, unsigned n)
{
    memmove(&d->insns[first], &d->insns[first + n], (d->ninsns - first - n) * sizeof(*d->insns));
    d->ninsns -= n;
    for (unsigned i = 0; i < d->ninsns; i++) {
        int16_t *t = &d->insns[i].target;
        if (*t >= (int)(first + n))
            *t = (int16_t)(*t - (int)n);
        else if (*t > (int)first)
            *t = (int16_t)first;
    }
}

static bool place_code(const struct draft *d, struct draft_case *out)
{
    unsigned offsets[DRAFT_INSNS + 1], at = 0;
    for (unsigned i = 0; i < d->ninsns; i++) {
        offsets[i] = at;
        at += d->insns[i].length;
    }
    offsets[d->ninsns] = at;
    for (unsigned i = 0; i < d->ninsns; i++) {
        const struct draft_insn *in = &d->insns[i];
        uint32_t word = in->word;
        uint64_t distance = in->target >= 0 ? (uint64_t)offsets[in->target] - offsets[i] : 0;
        if (in->target >= 0 && !guest_field_put(&draft_row(d, i)->fields[in->field], distance, &word))
            return false;
        memcpy(out->code + offsets[i], &word, in->length);
    }
    out->c.code_size = at;
    return at > 0;
}

bool draft_case(const struct draft *d, const char *id, struct draft_case *out)
{
    int row = d->ninsns ? d->guest->decode(d->insns[0].word) : -1;
    out->c = (struct test_case){
        .id = id,
        .guest = d->guest,
        .row = row < 0 ? NULL : &d->guest->rows[row],
        .at = {.file = "", .line = 1},
        .why = "",
        .code_at = d->at,
        .code = out->code,
        .steps = d->steps,
        .in = d->regs,
        .nin = d->nregs,
        .mem = out->mem,
        .nmem = d->nmem,
    };
    for (unsigned i = 0; i < d->nmem; i++) {
        out->mem[i] = d->mem[i];
        out->mem[i].data = d->bytes[i] == ~0u ? NULL : d->data + d->bytes[i];
    }
    return place_code(d, out);
}
