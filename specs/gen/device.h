/* Devices: a file of specs/devices → build/gen/devices. `gen device specs/devices/NAME.yaml OUT`.
 *
 *     device_load.c     the file; lists, groups, effects
 *     device_fields.c   fields: where they are, what their values are called
 *     device_rows.c     registers and structures
 *     device_check.c    what only the whole file shows: overlaps, guards, names of constants
 *     device_emit.c     struct device_gen → NAME.h, NAME.c (devices/device.h has their types)
 *
 * Everything lives in the arena of `s`; errors go through its diag, all of them, before anything is written.
 */
#ifndef SPECS_GEN_DEVICE_H
#define SPECS_GEN_DEVICE_H

#include "specs/gen/gen.h"

/* A name of a number that a field may hold. */
struct device_value {
    const char *name;          /* "S1_S2" */
    uint64_t value;            /* its number */
    struct pos at;             /* for messages */
    struct device_value *next; /* as in the file */
};

/* Names that several fields share. */
struct device_list {
    const char *name;            /* "CERROR" */
    struct device_value *values; /* as in the file */
    struct device_list *next;    /* as in the file */
};

struct device_field {
    const char *name;               /* "S1FMT" */
    unsigned lo, width;             /* bits */
    const char *kind;               /* of enum dev_field_kind: "RW" */
    bool has_reset;                 /* it is given */
    uint64_t reset;                 /* of registers */
    const struct device_list *list; /* names of its values, or NULL */
    struct device_value *values;    /* its own, or NULL */
    const char *guard;              /* as written, or NULL */
    unsigned guard_index;           /* in the list of guards; 0: none */
    const char *doc;                /* a few words, or "" */
    struct pos guard_at;            /* where the guard stands */
    struct device_field *next;      /* from low to high bits */
};

/* Fields that registers and structures name by `with`. */
struct device_group {
    const char *name;          /* "command" */
    struct ynode *fields;      /* the map */
    struct device_group *next; /* as in the file */
};

/* While any of these bits is set, writes do not count. */
struct device_guard {
    const char *text;                  /* "CR0.SMMUEN" */
    const struct device_register *reg; /* whose */
    uint64_t bits;                     /* which */
    unsigned index;                    /* from 1 */
    struct device_guard *next;         /* by index */
};

struct device_register {
    const char *name;             /* "CR0" */
    uint64_t offset, alias;       /* from the base; alias 0: none */
    unsigned size, index;         /* bytes; by offset */
    const char *effect;           /* or NULL */
    const char *needs;            /* the field that a write must set, or NULL */
    const char *ref, *doc;        /* the manual's section; a few words, or "" */
    struct device_field *fields;  /* from low to high bits */
    struct pos at;                /* for messages */
    struct device_register *next; /* by offset */
};

struct device_struct {
    const char *name;            /* "CMD_SYNC" */
    const char *family;          /* "command" */
    unsigned words;              /* of 64 bits */
    bool has_number;             /* it is given */
    uint64_t number;             /* of commands and events */
    const char *ref, *doc;       /* the manual's section; a few words, or "" */
    struct device_field *fields; /* from low to high bits */
    struct pos at;               /* for messages */
    struct device_struct *next;  /* as in the file */
};

struct device_gen {
    struct spec s;                     /* arena and diag; nothing else of it is used */
    const char *path, *name;           /* the file, its device: "smmuv3" */
    const char *prefix;                /* of constants: "SMMU" */
    const char **effects;              /* neffects names */
    unsigned neffects;                 /* how many */
    struct device_list *lists;         /* as in the file */
    struct device_group *groups;       /* as in the file */
    struct device_guard *guards;       /* by index */
    struct device_register *registers; /* by offset */
    struct device_struct *structs;     /* as in the file */
};

/* ---- device_load.c ---- */
bool device_load(struct device_gen *g, const char *path); /* false after reported errors */
int device_main(const char *path, const char *out);       /* exit status */
/* An error about a scalar, underlined; always false. */
bool device_wrong(struct device_gen *g, const struct ynode *n, const char *fmt, ...) PRINTF(3, 4);

/* ---- device_fields.c ---- */
/* What of a row's fields does not stand with the field itself. */
struct device_defaults {
    unsigned bits;       /* of the register or structure */
    const char *kind;    /* "RW" or "RO" */
    struct ynode *guard; /* of all fields that have none of their own, or NULL */
    bool is_register;    /* resets and guards may be given */
};
/* The fields of `row`: those of the groups under `with`, then its own; NULL may mean that there are none. */
struct device_field *device_fields(struct device_gen *g, struct ynode *row, const struct device_defaults *d);
/* A map of names and numbers of at most so many bits. */
struct device_value *device_values(struct device_gen *g, const struct ynode *map, unsigned width);
bool device_name_ok(struct device_gen *g, const struct ynode *n); /* of n's key: capitals, digits, _ */
struct device_field *device_field_find(struct device_field *fields, const char *name);

/* ---- device_rows.c ---- */
void device_registers(struct device_gen *g, const struct ynode *list);
void device_structs(struct device_gen *g, const struct ynode *list);

/* ---- device_check.c ---- */
void device_check(struct device_gen *g);

/* ---- device_emit.c ---- */
bool device_emit(struct device_gen *g, const char *dir);

#endif
