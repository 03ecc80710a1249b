/* What the generator makes of a device's YAML (specs/devices/), as tables: its registers, the structures that
 * it shares with its driver in memory, and lists of named numbers. Decoding, reset values, access checks,
 * scenarios, snapshots and coverage all go through these; no register is known by hand.
 */
#ifndef DEVICES_DEVICE_H
#define DEVICES_DEVICE_H

#include "engine/base/base.h"

/* Bits of a structure or register: the position of the lowest in the low half, how many in the high half. A
 * field spans at most 64 bits, never three words. */
#define DEV_FIELD(lo, width) ((uint32_t)(width) << 16 | (lo))

/* A field of a structure of 64-bit words, in the host's order. With a constant field this is a shift and a
 * mask. */
static ALWAYS_INLINE uint64_t dev_get(const uint64_t *words, uint32_t field)
{
    unsigned lo = field & 0xffff, width = field >> 16, in = lo % 64;
    uint64_t v = words[lo / 64] >> in;
    if (in + width > 64) v |= words[lo / 64 + 1] << (64 - in);
    return v & bits_mask(width);
}

static ALWAYS_INLINE void dev_put(uint64_t *words, uint32_t field, uint64_t v)
{
    unsigned lo = field & 0xffff, width = field >> 16, in = lo % 64;
    uint64_t mask = bits_mask(width);
    words[lo / 64] = (words[lo / 64] & ~(mask << in)) | (v & mask) << in;
    if (in + width > 64) {
        mask >>= 64 - in;
        words[lo / 64 + 1] = (words[lo / 64 + 1] & ~mask) | ((v >> (64 - in)) & mask);
    }
}

/* The same for one word, such as a register's value: the bits that a field is, and what is in it. */
static ALWAYS_INLINE uint64_t dev_bits(uint32_t field)
{
    return bits_mask(field >> 16) << (field % 64);
}

static ALWAYS_INLINE uint64_t dev_of(uint64_t value, uint32_t field)
{
    return value >> (field % 64) & bits_mask(field >> 16);
}

struct dev_value {
    const char *name; /* "S1_S2" */
    uint64_t value;   /* its number */
};

enum dev_field_kind {
    DEV_RW,   /* writes change it */
    DEV_RO,   /* writes do not */
    DEV_RES0, /* reserved: reads as zero */
    DEV_W1,   /* writing 1 does something; reads as zero */
};

struct dev_field {
    const char *name;               /* "S1FMT" */
    uint32_t at;                    /* DEV_FIELD */
    uint8_t kind;                   /* enum dev_field_kind; of structures always DEV_RW or DEV_RES0 */
    uint8_t guard;                  /* of registers: index into guards; 0: writes always count */
    uint64_t reset;                 /* of registers */
    const struct dev_value *values; /* nvalues names of what it may hold, or NULL */
    unsigned nvalues;               /* how many */
    const char *doc;                /* a few words, or "" */
};

/* While any of these bits is set, writes to what it guards do not count. */
struct dev_guard {
    const char *name; /* "CR0.SMMUEN" */
    unsigned reg;     /* index of the register that they are in */
    uint64_t bits;    /* which */
};

struct dev_register {
    const char *name;               /* "CR0" */
    uint32_t offset;                /* from the base */
    uint32_t alias;                 /* where it is as well; 0: nowhere */
    uint8_t size;                   /* 4 or 8 */
    uint64_t reset, writable;       /* its value after reset; bits that writes change */
    uint64_t needs;                 /* bits that a write must set, or it does nothing */
    const struct dev_field *fields; /* nfields of them, from low to high bits */
    unsigned nfields;               /* how many */
    uint8_t effect;                 /* what a write does besides, as the device's own enum says; 0: nothing */
    const char *file;               /* where it stands: the YAML */
    int line;                       /* likewise */
    const char *ref;                /* the manual's section */
    const char *doc;                /* a few words, or "" */
};

/* A structure in memory: a table entry, a command, an event record. */
struct dev_struct {
    const char *name;               /* "STE", "CMD_TLBI_NH_VA", "F_TRANSLATION" */
    unsigned words;                 /* of 64 bits */
    uint32_t number;                /* of commands and events: their opcode; else 0 */
    const char *family;             /* "command", "event", "table", "any" */
    const struct dev_field *fields; /* nfields of them */
    unsigned nfields;               /* how many */
    const char *file;               /* where it stands: the YAML */
    int line;                       /* likewise */
    const char *ref;                /* the manual's section */
    const char *doc;                /* a few words, or "" */
};

struct dev_spec {
    const char *name;                     /* "smmuv3" */
    const struct dev_register *registers; /* by offset */
    unsigned nregisters;                  /* how many */
    const struct dev_struct *structs;     /* in the order of the file */
    unsigned nstructs;                    /* how many */
    const struct dev_guard *guards;       /* from 1; 0 is none */
    unsigned nguards;                     /* how many, none included */
};

/* ---- device.c ---- */
const struct dev_register *dev_register_find(const struct dev_spec *s, const char *name); /* or NULL */
const struct dev_register *dev_register_at(const struct dev_spec *s,
                                           uint64_t offset); /* it, or its alias, begins there; or NULL */
const struct dev_struct *dev_struct_find(const struct dev_spec *s, const char *name); /* or NULL */
const struct dev_struct *dev_struct_numbered(const struct dev_spec *s, const char *family,
                                             uint32_t number); /* or NULL */
const struct dev_field *dev_field_find(const struct dev_field *fields, unsigned n,
                                       const char *name); /* or NULL */

#endif
