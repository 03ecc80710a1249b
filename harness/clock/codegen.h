/* What the JIT makes of each row, counted: host instructions and bytes. No clock is asked, so the numbers are
 * the same on every machine and in every run, and may be pinned: bench/codegen/<isa>.yaml.
 *
 * A row is measured as a block of it alone, less what every block has around its instructions; on registers
 * that the JIT keeps in host registers, and on others.
 */
#ifndef HARNESS_CLOCK_CODEGEN_H
#define HARNESS_CLOCK_CODEGEN_H

#include "engine/guest/guest.h"
#include "specs/yaml/yaml.h"

struct codegen_size {
    int insns, bytes; /* of the host; below zero: less than nothing needs, where the way out is shorter */
};

/* ---- meter.c ---- */

struct codegen_meter;
/* NULL with *why: no JIT for this guest here, or nothing to count with. */
struct codegen_meter *codegen_meter_open(const struct guest *g, const char **why);
void codegen_meter_close(struct codegen_meter *m);
/* What every block has. */
struct codegen_size codegen_block(const struct codegen_meter *m);
/* The instruction in these bytes. 0 or -errno. */
MUST_CHECK int codegen_measure(struct codegen_meter *m, const void *code, size_t n,
                               struct codegen_size *size);

/* ---- encode.c ---- */

/* An instruction of the row whose registers the JIT keeps in host registers, as far as they can be, or does
 * not. The same whenever the row's encoding is. False: none was found. */
bool codegen_encode(const struct guest *g, unsigned row, bool pinned, uint32_t *word);

/* ---- pins.c: the file ---- */

struct codegen_pin {
    int row;                  /* index of the row; -1: every block */
    const char *code;         /* one instruction of the row, as text; of -1 "" */
    struct codegen_size size; /* that it should have */
    struct codegen_size now;  /* that it has */
    const char *why;          /* it may be larger than it was; or NULL */
    struct pos at;            /* in the file; .line 0: it is not there yet */
};

struct codegen_pins {
    const struct guest *guest; /* whose rows */
    struct codegen_pin *pins;  /* n of them: -1 first, then by row */
    unsigned n;                /* how many */
    struct arena *arena;       /* holds them */
};

void codegen_write_json(FILE *out); /* the file's JSON Schema */
/* False: reported. */
bool codegen_read(struct codegen_pins *p, const char *path, const struct guest *g, struct arena *a,
                  struct diag *d);
/* Pins for all rows that are done and have none, without a position in a file. False: reported. */
bool codegen_add_missing(struct codegen_pins *p, struct diag *d);
/* Fills `now` of each. False: reported. */
bool codegen_measure_all(struct codegen_pins *p, struct codegen_meter *m, struct diag *d);
/* With `now` as the sizes. */
void codegen_write(const struct codegen_pins *p, const char *path, FILE *out); /* of a file at `path` */

static inline bool codegen_grew(const struct codegen_pin *p)
{
    return p->at.line && (p->now.insns > p->size.insns || p->now.bytes > p->size.bytes);
}
static inline bool codegen_same(const struct codegen_pin *p)
{
    return p->at.line && p->now.insns == p->size.insns && p->now.bytes == p->size.bytes;
}

#endif
