/* Which part of a predecoded record (struct guest_op) carries which field of a row. */
#ifndef SPECS_GEN_SLOTS_H
#define SPECS_GEN_SLOTS_H

#include "specs/gen/row.h"

enum slot_use { SLOT_READ, SLOT_WRITE };
enum { SLOT_NONE = -1, SLOT_IMM = 4, SLOTS = 4 };

struct slot {
    const struct field *field; /* NULL: free, or the pc offset */
    bool sink;                 /* number 0 is replaced by the sink behind the file */
};

struct slots {
    struct slot r[SLOTS];    /* the bytes r[0..3] */
    const struct field *imm; /* the 32-bit immediate */
    int pc_slot;             /* byte that holds the distance from the block's start in code units, or -1 */
};

void slots_assign(struct spec *s, struct row *r, struct slots *sl);
int slot_of(const struct slots *sl, const struct field *f, enum slot_use use); /* 0..3, SLOT_IMM, SLOT_NONE */

#endif
