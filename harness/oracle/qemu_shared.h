/* What we, the plugin inside QEMU, and the small program that QEMU runs have in common: a piece of memory. */
#ifndef HARNESS_ORACLE_QEMU_SHARED_H
#define HARNESS_ORACLE_QEMU_SHARED_H

#include <stdint.h>

/* Guest addresses of the program and of the shared memory: far from what cases use, and far from powers of
 * two. */
#define QEMU_PROGRAM 0x2a5a500000
#define QEMU_SHARED  0x2a5a600000
/* Where QEMU puts guest address 0 on the host. Not 0, so that cases can use the lowest pages, and so that a
 * fault without an address (see qemu_exit.c) cannot be mistaken for one at 0. */
#define QEMU_GUEST_BASE 0x100000000000

/* The shared memory, by offset; macros where assembly wants the number. */
#define QEMU_RESULT 0        /* of the latest system call */
#define QEMU_FRAME  8        /* guest address of the latest signal's frame */
#define QEMU_SPARE  16       /* a store-conditional's address */
#define QEMU_ASK    0x400    /* the frame that the next run starts from */
#define QEMU_SIZE   0x204000 /* all of it */
enum {
    QEMU_DOOR = 0x40,     /* struct qemu_door */
    QEMU_THEN = 0x1000,   /* a frame that goes to QEMU_ASK when the program waits again */
    QEMU_SCRATCH = 0x200, /* structs for system calls */
    QEMU_STACK = 0x2000,  /* where signals put their frames */
    QEMU_STACK_SIZE = 0x2000,
    QEMU_REGIONS = 0x4000, /* the cases' memory, up to the end */
};

/* Descriptors in QEMU's process. */
#define QEMU_SHARED_FD 4
enum { QEMU_PROGRAM_FD = 3, QEMU_PLUGIN_FD = 5 };

enum { QEMU_CALLS = 4 };

/* What we and the plugin say to each other. We write `asked` last, the plugin `answered`; both are futexes.
 */
struct qemu_door {
    uint32_t asked;    /* grows with each run that is wanted */
    uint32_t answered; /* follows when it is over */
    uint64_t budget;   /* instructions of the case to execute */
    uint64_t begun;    /* of those, the one that faulted included */
    uint64_t last;     /* guest address of the latest of them */
    uint64_t wait;     /* guest address where the program waits */
    uint32_t then;     /* bytes of the frame at QEMU_THEN; 0: there is none, and the run is over */
    uint32_t refused;  /* the case came to a system call, and QEMU is gone */
    uint32_t ncalls;   /* how many of calls[] */
    struct {
        uint32_t mask, match;
    } calls[QEMU_CALLS]; /* instructions that call the system */
};

#endif
