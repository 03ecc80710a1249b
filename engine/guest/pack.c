/* Instructions into predecoded records. */
#include "engine/guest/guest.h"

void guest_pack(const struct guest *g, unsigned row, uint32_t word, unsigned units, struct guest_op *o)
{
    const struct guest_packing *p = &g->packs[row];
    const struct guest_field *fields = g->rows[row].fields;
    for (int i = 0; i < 4; i++) {
        if (p->r[i].what == PACK_NONE)
            o->r[i] = 0;
        else if (p->r[i].what == PACK_PC)
            o->r[i] = (uint8_t)units;
        else {
            const struct guest_field *f = &fields[p->r[i].field];
            unsigned v = (unsigned)guest_field_get(f, word) + f->kind->add;
            o->r[i] = (uint8_t)(p->r[i].what == PACK_SINK && v == 0 ? f->kind->file->count : v);
        }
    }
    o->imm = p->imm == PACK_NO_IMM ? 0 : (int32_t)guest_field_get(&fields[p->imm], word);
}
