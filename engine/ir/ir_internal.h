/* What the files of engine/ir share: the scratch memory of the passes, how operations are written. */
#ifndef ENGINE_IR_INTERNAL_H
#define ENGINE_IR_INTERNAL_H

#include "engine/ir/ir.h"

/* What ir_forward knows of a value beyond the operation that made it. */
struct ir_fact {
    uint8_t zbits; /* it is below 2^zbits */
    uint8_t sbits; /* as a signed number it fits in sbits bits; its type's width: nothing is known */
    uint16_t word; /* the state word it was last got from or put into; IR_NO_WORD: none */
};
enum { IR_NO_WORD = 0xffff };

/* Where a state word's value is, as ir_forward and ir_backward see it in their walks. An entry counts only
 * while its stamp is the present one, so that a new block starts from nothing at no cost. */
enum ir_part { IR_PART_ALL, IR_PART_NARROW, IR_PART_LOW, IR_PART_HIGH };
struct ir_word {
    uint32_t stamp; /* when it was noted */
    uint32_t value; /* the node */
    uint32_t exits; /* ir_forward: nodes above that can leave */
    uint8_t part;   /* the word is all of it; its low bits are; it is the lower half of it; the upper half */
};

struct ir_scratch {
    struct ir_node *out;                /* ir_forward writes here, then changes places with block->nodes */
    uint32_t cap;                       /* of it */
    struct ir_fact *facts;              /* by node of `out` */
    uint32_t facts_cap;                 /* of it */
    uint32_t *map;                      /* by node as it was: its value now */
    uint32_t map_cap;                   /* of it */
    uint32_t uses_cap;                  /* of block->next and block->first */
    uint32_t stamp;                     /* the present one */
    struct ir_word words[IR_MAX_WORDS]; /* by state word */
};

/* ---- block.c ---- */
void ir_grow_out(struct ir_block *b, uint32_t n);  /* room for n nodes in scratch->out and ->facts */
void ir_grow_map(struct ir_block *b, uint32_t n);  /* in scratch->map */
void ir_grow_uses(struct ir_block *b, uint32_t n); /* in next and first */
uint32_t ir_new_stamp(struct ir_scratch *s,
                      uint32_t room); /* no entry has it, nor the `room` ones above it */

/* ---- verify.c ---- */
void ir_check(const struct ir_block *b, const char *after); /* debug builds: a breach is a bug of that pass */

/* ---- print.c ---- */
/* How the operation is written, a letter a thing:
 *     t  .type, of the value        r  [rounding mode]       h  [hint], none when there is none
 *     a  an argument                ?  an argument that may be missing
 *     i  imm                        w  imm as a state word   n  a[0] as a plain number
 *     L  .bits of a lane, the operation on it with its rounding mode, its arguments */
const char *ir_syntax(unsigned op);
extern const char *const ir_round_names[]; /* by enum fp_round; NULL at the end */
extern const char *const ir_hint_names[];  /* by enum ir_hint; NULL at the end */

#endif
