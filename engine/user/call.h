/* System calls as tables: what the generator makes of specs/linux, and what walks it.
 *
 * A call is a row of specs/linux/calls.yaml. `host: true` rows go to the host's call of the same name, their
 * arguments converted by kind; `c: user_x` rows to a function
 *
 *     int64_t user_x(struct user_thread *t, const uint64_t a[6])
 *
 * that gets the guest's arguments as they are and returns the result, -errno, or USER_RESTART…. The generated
 * linux/linux_calls.h declares all of those. A function that needs the conversion of its row, and then
 * something more, calls call_begin, call_make and call_end. A row with `result: regs` has set the registers
 * itself (rt_sigreturn).
 */
#ifndef ENGINE_USER_CALL_H
#define ENGINE_USER_CALL_H

#include "engine/user/user.h"

/* ---- the generated tables ---- */

enum call_kind {
    CALL_NOTHING, /* no argument */
    CALL_INT,     /* numbers, passed on as they are */
    CALL_UINT,
    CALL_LONG,
    CALL_ULONG,
    CALL_HEX,
    CALL_MODE,    /* of a file */
    CALL_SIGNAL,  /* its number */
    CALL_REQUEST, /* which of the call's requests */
    CALL_SET,     /* a value or bits with names */
    CALL_FD,      /* a descriptor; -EBADF when it is one of ours */
    CALL_DIRFD,   /* likewise, or AT_FDCWD */
    CALL_ADDR,    /* an address whose meaning the call knows */
    CALL_RANGE,   /* addresses of pages: -ENOMEM outside of the window */
    CALL_STRING,  /* NUL-terminated */
    CALL_STRINGS, /* an array of those that NULL ends */
    CALL_PATH,    /* a file's name, looked for under the prefix first (-L) */
    CALL_DATA,    /* structs that it points at */
};

enum { CALL_IN = 1, CALL_OUT = 2 };

/* How many structs (bytes, for a range). */
enum call_by {
    CALL_BY_NUMBER,  /* `plus` */
    CALL_BY_ARG,     /* argument `arg`, plus `plus` */
    CALL_BY_POINTED, /* the 32-bit number that argument `arg` points at */
};

struct call_arg {
    uint8_t kind; /* enum call_kind */
    uint8_t dir;  /* of data: CALL_IN | CALL_OUT */
    uint8_t by;   /* enum call_by */
    uint8_t arg;  /* see there */
    uint16_t plus;
    uint16_t of; /* DATA: index of the struct; SET: of the set */
};

enum call_result {
    CALL_RESULT_INT,
    CALL_RESULT_HEX,
    CALL_RESULT_OCTAL,
    CALL_RESULT_SET,  /* has names */
    CALL_RESULT_REGS, /* the call has set the registers itself */
    CALL_RESULT_NONE, /* it may not return */
};

/* When a handler interrupted it (signal(7)). */
enum call_restart {
    CALL_RESTART_HANDLER, /* SA_RESTART decides */
    CALL_RESTART_NEVER,   /* -EINTR */
    CALL_RESTART_TIMED,   /* that too, when the socket has a timeout */
};

struct call_requests;

struct call_row {
    const char *name; /* "openat" */
    /* c: serves it; or NULL */
    int64_t (*serve)(struct user_thread *t, const uint64_t a[6]);
    int host;    /* the host's number, or -1 */
    int error;   /* errno: what it gives always; or 0 */
    int result;  /* enum call_result */
    int of;      /* CALL_RESULT_SET: which */
    int restart; /* enum call_restart */
    uint8_t nargs;
    struct call_arg args[6];
    const struct call_requests *requests; /* this is many calls in one; or NULL */
};

/* One of those, by the value of an argument (ioctl, fcntl). */
struct call_request {
    const char *name;    /* "TCGETS" */
    uint32_t code;       /* that value */
    struct call_row row; /* all arguments */
};

struct call_requests {
    const struct call_request *list; /* by code */
    unsigned count;                  /* length of list */
    unsigned arg;                    /* which argument */
    int otherwise;                   /* errno of an unknown request */
};

/* A number's name. */
struct call_name {
    const char *name; /* NULL ends a list */
    uint64_t value;   /* the guest's */
    uint64_t host;    /* the host's */
};

struct call_set {
    const char *name;             /* of flags.yaml */
    uint64_t mask;                /* what is covered by `one` */
    const struct call_name *one;  /* values */
    const struct call_name *bits; /* the widest first */
    bool same;                    /* the host's numbers are the same */
};

struct call_member {
    const char *name;        /* NULL ends a list */
    uint16_t at, host_at;    /* offsets */
    uint8_t size, host_size; /* of one element: 1, 2, 4, 8 */
    uint16_t count;          /* elements */
    bool is_signed, is_ptr;  /* is_ptr: to be moved */
    struct call_arg show;    /* for --strace; CALL_NOTHING: not shown */
};

struct call_struct {
    const char *name;
    uint16_t size, host_size;
    bool same; /* the guest's bytes are the host's */
    const struct call_member *members;
};

struct call_table {
    const struct call_row *const *rows; /* by number; NULL entries are unknown */
    unsigned nrows;                     /* length of rows */
    const struct call_struct *structs;  /* by enum call_struct_id */
    const struct call_set *sets;        /* by enum call_set_id */
};
extern const struct call_table call_table_riscv64;

/* ---- call.c ---- */
const struct call_request *call_request_find(const struct call_requests *r, uint32_t code); /* or NULL */

/* ---- call_args.c: a call on its way to the host ---- */

/* The host's arguments for a row, and what has to be given back after the call. Lives on the stack. */
struct call_frame {
    struct user_thread *t;      /* who calls */
    const struct call_row *row; /* what */
    const uint64_t *a;          /* the guest's arguments */
    uint64_t host[6];           /* the host's */
    void *copy[6]; /* the host's structs where they are not the guest's bytes; or NULL: see there */
    void *blocks;  /* what did not fit into `room` */
    size_t used;   /* of room */
    _Alignas(16) unsigned char room[1024];
};

/* Converts the arguments. 0, or -errno and nothing to end. */
MUST_CHECK int call_begin(struct call_frame *f, struct user_thread *t, const struct call_row *row,
                          const uint64_t a[6]);
/* Makes the host call; again after -EFAULT when a page that the guest may write was held for its code. */
int64_t call_make(struct call_frame *f);
/* Gives back what the call wrote, and what the frame took. Returns the result, or -EFAULT. */
int64_t call_end(struct call_frame *f, int64_t result);
/* The result of a host call that a signal interrupted, by its row's rule; others as they are. */
int64_t call_interrupted(const struct call_row *row, const uint64_t a[6], int64_t result);
/* All three. */
int64_t call_host(struct user_thread *t, const struct call_row *row, const uint64_t a[6]);
/* Memory until call_end; NULL: none. */
void *call_scratch(struct call_frame *f, size_t n);
/* The host's address of guest memory [addr, addr + n) for a host call to read (CALL_IN) or write (CALL_OUT);
 * 0 for 0. An address outside of the window becomes one that gives EFAULT as soon as the host's kernel looks:
 * it alone knows what else is wrong with a call, and says that first. */
uint64_t call_move(struct user_thread *t, uint64_t addr, uint64_t n, unsigned dir);
uint64_t call_nowhere(uint64_t addr); /* such an address */
/* How many structs an argument points at; a negative count is 0, and the host's kernel judges it. */
uint64_t call_count(struct user_thread *t, const struct call_row *row, const struct call_arg *arg,
                    const uint64_t a[6]);

/* ---- call_struct.c ---- */
/* One struct, from the guest's layout to the host's and back. */
void call_to_host(const struct mem *m, const struct call_struct *s, const void *guest, void *host);
void call_to_guest(const struct mem *m, const struct call_struct *s, const void *host, void *guest);
uint64_t call_member_get(const void *at, unsigned size, bool is_signed);
/* Bits of a set, from the guest's numbers to the host's; what has no name stays. */
uint64_t call_set_to_host(const struct call_set *s, uint64_t guest);
uint64_t call_set_to_guest(const struct call_set *s, uint64_t host);

/* ---- call_vector.c: iovec arrays, msghdr ---- */
/* *copy is set to the host's array when there is one. */
MUST_CHECK int call_iovec(struct call_frame *f, uint64_t addr, uint64_t count, unsigned dir, uint64_t *host,
                          void **copy);
MUST_CHECK int call_msghdr(struct call_frame *f, unsigned i, uint64_t count); /* argument i, and mmsghdr */
MUST_CHECK int call_msghdr_back(struct call_frame *f, unsigned i, int64_t result);
bool call_vector_unwatch(const struct call_frame *f, unsigned i); /* as mem_unwatch, of all it points at */

/* ---- file_path.c ---- */
/* Copies a string of the guest into out[size]. Its length, -EFAULT or -ENAMETOOLONG. */
MUST_CHECK int call_string(struct user_thread *t, uint64_t addr, char *out, size_t size);
/* The file that the guest means by this name, in out[PATH_MAX]: under the prefix when it is there, the
 * program itself for /proc/self/exe. 0 or -errno. */
MUST_CHECK int call_path(struct user_thread *t, const char *name, char *out);

/* ---- file_own.c: descriptors of our own in the guest's process ---- */
bool user_kept_fd(const struct user_process *p, int fd);
uint64_t user_next_kept(const struct user_process *p,
                        uint64_t from); /* the lowest from there, or UINT64_MAX */

/* ---- proc.c: files of /proc that show the host's process ---- */
/* Opens such a file as the guest should see it: a descriptor, -errno, or -ENXIO when it is none of those. */
int proc_open(struct user_thread *t, const char *name, int flags);
/* The end of a name under /proc/<this process>: "exe", "fd/3"; or NULL. */
const char *proc_own(const struct user_thread *t, const char *name);

/* ---- system_<isa>.c ---- */
void cpuinfo_riscv64(const struct user_process *p, unsigned cpu, struct buf *out);

/* ---- trace.c: --strace ---- */
void trace_enter(struct user_thread *t, const struct call_row *row, const uint64_t a[6], struct buf *line);
void trace_leave(struct user_thread *t, const struct call_row *row, const uint64_t a[6], int64_t result,
                 struct buf *line);
void trace_unknown(struct user_thread *t, uint64_t number, const uint64_t a[6]);
/* trace_value.c: one argument, or one member of a struct. */
void trace_arg(struct user_thread *t, const struct call_row *row, const struct call_arg *arg,
               const uint64_t a[6], uint64_t value, int64_t result, struct buf *out);
void trace_set(const struct call_set *s, uint64_t value, struct buf *out);
void trace_text(struct user_thread *t, uint64_t addr, uint64_t len, bool string, struct buf *out);

#endif
