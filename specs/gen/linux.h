/* The system calls of Linux guests: specs/linux → build/gen/linux. `gen linux specs/linux OUT`.
 *
 *     linux_load.c    the files; the ISAs and their numbers
 *     linux_args.c    the text of an argument: "out char[a2]"
 *     linux_types.c   structs.yaml and flags.yaml: layouts, names of numbers
 *     linux_calls.c   rows of calls.yaml and requests.yaml
 *     linux_emit.c    struct linux_spec → linux_calls.h, linux_calls.c (engine/user/call.h has their types)
 *
 * Everything lives in the arena of `s`; errors go through its diag, all of them, before anything is written.
 */
#ifndef SPECS_GEN_LINUX_H
#define SPECS_GEN_LINUX_H

#include "specs/gen/gen.h"

enum { LINUX_ISAS = 4, LINUX_LAYOUTS = 3, LINUX_ARGS = 6, LINUX_NAMES = 4 };

/* An ISA of calls.yaml. */
struct linux_isa {
    const char *name;              /* "riscv64" */
    const char *keys[LINUX_NAMES]; /* where its numbers stand, first match wins; NULL ends */
    unsigned layout;               /* index into linux_spec.layouts */
};

/* A number that need not be the same for every ISA. */
struct linux_number {
    bool has[LINUX_ISAS];       /* it exists there */
    uint64_t value[LINUX_ISAS]; /* there */
};

/* A name of a number in a set. */
struct linux_entry {
    const char *name;           /* "O_CREAT" */
    struct linux_number number; /* its value */
    bool bit;                   /* under `bits`, not `one` */
    struct linux_entry *next;   /* as in the file */
};

struct linux_set {
    const char *name;            /* "open" */
    unsigned index;              /* in the order of the file */
    uint64_t mask;               /* of the bits that are one of `one` */
    struct linux_entry *entries; /* all */
    struct linux_set *next;      /* as in the file */
};

/* How an argument or a member of a struct is converted and shown: enum call_kind of engine/user/call.h. */
struct linux_arg {
    const char *kind;   /* "FD" */
    bool in, out;       /* of data that it points at */
    char by;            /* how many: '1' plus, 'a' argument + plus, '*' what an argument points at */
    unsigned arg, plus; /* see above */
    const struct linux_struct *to; /* DATA: what it points at */
    const struct linux_set *set;   /* SET: whose names it has */
};

struct linux_member {
    const char *name;       /* "st_size"; "_": nobody looks */
    unsigned at, size;      /* offset; bytes of one element */
    unsigned count;         /* elements */
    bool is_signed, is_ptr; /* of its type */
    bool shown;             /* --strace prints it */
    struct linux_arg show;  /* how */
    struct linux_member *next;
};

struct linux_layout {
    bool given;                   /* it stands in the file */
    unsigned size;                /* of the struct */
    struct linux_member *members; /* in order */
};

struct linux_struct {
    const char *name;                           /* "timespec" */
    unsigned index;                             /* in the order of the file */
    struct linux_layout layouts[LINUX_LAYOUTS]; /* by linux_spec.layouts */
    struct linux_struct *next;                  /* as in the file */
};

/* A row of calls.yaml, or of requests.yaml. */
struct linux_call {
    const char *name;            /* "openat"; of a request: "TCGETS" */
    struct pos at;               /* for messages */
    struct linux_number number;  /* by ISA */
    uint64_t code;               /* of a request */
    int64_t host;                /* number on the host, or -1 */
    const char *serve;           /* c: the function, or NULL */
    const char *error;           /* errno: "ENOSYS", or NULL */
    const char *result;          /* enum call_result */
    const struct linux_set *set; /* the names that a result has, or NULL */
    const char *restart;         /* enum call_restart */
    unsigned nargs;              /* in use */
    struct linux_arg args[LINUX_ARGS];
    const char *otherwise;       /* the errno of an unknown request; NULL: a call that has none */
    struct linux_call *requests; /* by code */
    struct linux_call *next;     /* as in the file */
};

struct linux_spec {
    struct spec s;                      /* arena and diag; nothing else of it is used */
    struct linux_isa isas[LINUX_ISAS];  /* of calls.yaml */
    unsigned nisas;                     /* in use */
    const char *layouts[LINUX_LAYOUTS]; /* their names */
    unsigned nlayouts;                  /* in use */
    unsigned host;                      /* index of the host's ISA */
    struct linux_set *sets;             /* flags.yaml */
    struct linux_struct *structs;       /* structs.yaml */
    struct linux_call *calls;           /* calls.yaml */
    struct linux_ioctl *ioctls;         /* ioctls.yaml */
};

/* ---- linux_load.c ---- */
/* Reads the files of a folder; false after reported errors. */
bool linux_load(struct linux_spec *l, const char *dir);
/* The same from named files. */
bool linux_load_files(struct linux_spec *l, const char *calls, const char *structs, const char *flags,
                      const char *requests);
void linux_free(struct linux_spec *l);
int linux_main(const char *dir, const char *out); /* exit status */
/* A number for all ISAs, or a map of them by the ISAs' keys. */
bool linux_number(struct linux_spec *l, struct ynode *n, struct linux_number *out);

/* That of a map's keys, each the name of an ISA's numbers. */
bool linux_numbers(struct linux_spec *l, const struct ynode *map, struct linux_number *out);
unsigned linux_number_keys(const struct linux_spec *l, const char **keys); /* those names */

/* ---- linux_calls.c ---- */
bool linux_calls(struct linux_spec *l, struct ynode *top);
bool linux_requests(struct linux_spec *l, struct ynode *top);

/* ---- linux_args.c ---- */
/* The arguments in a text, separated by commas, from args[first]; -1 after reported errors, else how many
 * there are then. */
int linux_args(struct linux_spec *l, const struct ynode *n, struct linux_arg *args, unsigned first);
/* One argument, text[at..at+len) of n. `count` are the arguments that a size may stand in. */
bool linux_arg(struct linux_spec *l, const struct ynode *n, size_t at, size_t len, unsigned count,
               struct linux_arg *out);

/* ---- linux_types.c ---- */
bool linux_sets(struct linux_spec *l, struct ynode *top);
bool linux_structs(struct linux_spec *l, struct ynode *top);
struct linux_struct *linux_struct_find(const struct linux_spec *l, const char *name, size_t len);
struct linux_set *linux_set_find(const struct linux_spec *l, const char *name, size_t len);

/* ---- linux_emit.c ---- */
bool linux_emit(struct linux_spec *l, const char *dir);

#endif
