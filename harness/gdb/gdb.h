/* A debugger's way in: the remote serial protocol of gdb for programs under `lockstep exec --gdb PORT`.
 *
 *     packet.c      bytes on the connection to packets and back
 *     registers.c   registers by the guest's tables: the target description, reading, writing
 *     stub.c        who runs and who waits; what stops a thread
 *     serve.c       the packets
 *     signals.c     gdb's numbers of signals
 *     watch.c       what stops when memory changes
 *
 * Threads of the guest stop in gdb_before_run, where their state is whole; the one that has news talks to gdb
 * while the others wait. A breakpoint is what gdb writes into the guest's code, so the backend runs at full
 * speed; a step is a budget of one. Nothing here knows an ISA: to add one, name its registers in registers.c.
 */
#ifndef HARNESS_GDB_GDB_H
#define HARNESS_GDB_GDB_H

#include "engine/user/user.h"

/* ---- stub.c: for cmd_exec ---- */

struct gdb;
/* Listens on PORT or ADDRESS:PORT (127.0.0.1 if none), says so on `say`, and waits for gdb; or goes on with
 * the connection that gdb_executes told of. NULL: why says why. */
struct gdb *gdb_open(const char *where, FILE *say, struct buf *why);
void gdb_close(struct gdb *d);
/* The hooks of struct user_options, their data being the struct gdb. */
uint64_t gdb_before_run(struct user_thread *t, void *data);
void gdb_after_run(struct user_thread *t, void *data);
int gdb_signal(struct user_thread *t, int sig, void *data);
const char *gdb_executes(struct user_thread *t, bool failed, void *data);
void gdb_at_end(struct user_process *p, void *data);

/* ---- inside ---- */

enum { GDB_PACKET = 16384, GDB_TRAP = 5, GDB_INT = 2, GDB_WATCHES = 16, GDB_WATCH_BYTES = 64 };

/* A thread of the guest as gdb sees it. */
struct gdb_thread {
    struct user_thread *t; /* NULL: the place is free */
    bool steps;            /* runs one instruction, then stops */
    bool held;             /* does not run until gdb lets it */
    bool waits;            /* is in gdb_before_run, or talks to gdb */
    int news;              /* signal to report before it runs on; 0: none */
    int injected;          /* the guest's number of one that gdb sends: it does not want to hear of it */
    bool signalled;        /* a signal came to it, at.. */
    uint64_t pc;           /* ..this place */
};

/* Memory that gdb wants to know of when it changes. */
struct gdb_watch {
    uint64_t addr, size;           /* of it */
    bool code;                     /* not that, but when a thread comes there */
    uint8_t seen[GDB_WATCH_BYTES]; /* what was there */
};

struct gdb {
    int fd;                     /* the connection; -1: gdb is gone, and everything runs */
    bool no_ack;                /* packets are not acknowledged any more */
    pthread_mutex_t lock;       /* of all below; whoever talks to gdb holds it */
    pthread_cond_t changed;     /* a thread waits, or all may go on */
    struct user_process *p;     /* once the first thread is there */
    struct gdb_thread *threads; /* nthreads places */
    unsigned nthreads;          /* allocated */
    bool stopped;               /* nobody runs */
    bool interrupt;             /* gdb wants a stop */
    bool started;               /* the first thread came by */
    bool announced;             /* gdb knows of the first stop */
    bool exec_events;           /* gdb wants to know when another program is executed.. */
    bool executed;              /* ..and this is one, of which it does not know yet */
    char option[32];            /* for the next one */
    struct gdb_thread *current; /* whose registers g and p mean */
    int resume_signal;          /* that the stopped thread goes on with, the guest's number; 0: none */
    uint64_t passed;            /* bit sig - 1: signals that gdb need not hear of */
    struct gdb_watch watches[GDB_WATCHES]; /* nwatches of them */
    unsigned nwatches;                     /* in use */
    bool hit;                              /* the one at.. */
    uint64_t hit_addr;                     /* ..this address is why all stop */
    pthread_t watcher;                     /* waits for gdb's interrupt while the guest runs */
    bool watching;                         /* it was started */
    uint8_t in[4096];                      /* bytes that were read ahead */
    size_t in_at, in_end;                  /* where in them */
};

/* ---- packet.c ---- */
bool packet_read(struct gdb *d, struct buf *packet);       /* false: the connection is over */
void packet_send(struct gdb *d, const char *p, size_t n);  /* escapes; waits for the acknowledgement */
void packet_hex(struct buf *b, const void *p, size_t n);   /* two digits a byte */
size_t packet_unhex(const char *s, void *to, size_t most); /* bytes; stops at what is no digit */
uint64_t packet_number(const char **s);                    /* hexadecimal; moves past it */

/* ---- registers.c ---- */
void registers_xml(const struct guest *g, struct buf *out); /* the target description */
void registers_all(struct user_thread *t, struct buf *out); /* as g sends them */
bool registers_set_all(struct user_thread *t, const char *hex);
bool registers_one(struct user_thread *t, unsigned n, struct buf *out);
bool registers_set_one(struct user_thread *t, unsigned n, const char *hex);

/* ---- signals.c ---- */
int signals_gdb(int sig);                           /* the guest's number to gdb's */
int signals_guest(int number);                      /* and back; 0: none */
void signals_pass(struct gdb *d, const char *list); /* QPassSignals */
bool signals_silent(const struct gdb *d, int sig);  /* gdb does not hear of it */

/* ---- watch.c ---- */
bool watch_set(struct gdb *d, bool code, uint64_t addr, uint64_t size);   /* false: too many, or too large */
bool watch_clear(struct gdb *d, bool code, uint64_t addr, uint64_t size); /* false: there is none */
void watch_start(struct gdb *d);                /* the guest goes on: what is there now counts */
bool watch_changed(struct gdb *d, uint64_t pc); /* one did, or a thread came to pc, which is one */

/* ---- serve.c ---- */
void serve_stopped(struct gdb *d,
                   int sig); /* reports the stop of d->current and serves packets until gdb lets it run */
void serve_ended(struct gdb *d, struct user_process *p);

#endif
