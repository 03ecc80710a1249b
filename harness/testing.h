/* For tests only: backends that go wrong on purpose.
 *
 * `faulty` is the interpreter until a7 holds one of enum fault; `reference` is the interpreter as an oracle,
 * `liar` an oracle that is wrong when a7 is FAULT_LIE.
 */
#ifndef HARNESS_TESTING_H
#define HARNESS_TESTING_H

#include "harness/run/lineup.h"
#include "harness/run/record.h"

#include <setjmp.h> /* cmocka.h wants these before it */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum fault {
    FAULT_ABORT = 1,
    FAULT_KILL, /* SIGKILL, as the kernel does when memory runs out */
    FAULT_EXIT, /* leaves with status 5 */
    FAULT_HANG,
    FAULT_WRONG,       /* a0 comes out wrong */
    FAULT_UNSUPPORTED, /* says that it cannot go on */
    FAULT_SLOW,        /* 20 ms */
    FAULT_LIE,
    FAULT_WRITE,    /* memory comes out wrong */
    FAULT_FILE,     /* a0 comes out wrong while there is a file "wrong" */
    FAULT_EAT,      /* wants more and more memory */
    FAULT_SCRIBBLE, /* writes a record of a case that nobody asked for to every descriptor */
    FAULT_STOP,     /* stops until somebody lets it go on */
};

static uint64_t *testing_reg(struct vcpu *c, const char *name)
{
    return guest_reg_words(c->guest, c->state, guest_reg_find(c->guest, name));
}

static void scribble(void)
{
    struct buf frame = {0};
    record_encode(&(struct record_coder){.afresh = true},
                  &(struct record){.number = 999999, .id = "nobody's"}, &frame);
    for (int fd = 3; fd < 64; fd++)
        if (write(fd, frame.p, frame.len) < 0) continue;
    pause(); /* until the parent has seen it */
}

static void faulty_run(struct vcpu *c, uint64_t budget)
{
    enum fault fault = (enum fault) * testing_reg(c, "a7");
    switch (fault) {
    case FAULT_ABORT: abort();
    case FAULT_KILL: raise(SIGKILL); break;
    case FAULT_EXIT: _exit(5);
    case FAULT_HANG:
        for (;;) pause();
    case FAULT_SLOW: usleep(20000); break;
    case FAULT_SCRIBBLE: scribble(); break;
    case FAULT_STOP: raise(SIGSTOP); break;
    case FAULT_EAT:
        for (;;) memset(xmalloc(1 << 24), 1, 1 << 24);
    default: break;
    }
    backend_interp.run(c, budget);
    if (fault == FAULT_WRONG || (fault == FAULT_FILE && !access("wrong", F_OK)))
        *testing_reg(c, "a0") ^= 0x100;
    if (fault == FAULT_UNSUPPORTED)
        c->exit = (struct cpu_exit){.kind = EXIT_UNSUPPORTED, .why = "it is tired"};
    if (fault == FAULT_WRITE) assert_int_equal(mem_write(c->mem, LAYOUT_DATA + 0x123, "\x55\xaa", 2), 0);
}

static void liar_run(struct vcpu *c, uint64_t budget)
{
    bool lie = *testing_reg(c, "a7") == FAULT_LIE;
    backend_interp.run(c, budget);
    if (lie) *testing_reg(c, "a0") ^= 1;
}

static int testing_probe(const struct guest *g, const char **why)
{
    return backend_interp.probe(g, why);
}

static int testing_open(struct vcpu *c)
{
    return backend_interp.open(c);
}

static void testing_run(struct vcpu *c, uint64_t budget)
{
    backend_interp.run(c, budget);
}

static void testing_invalidate(struct vcpu *c, uint64_t addr, uint64_t size)
{
    backend_interp.invalidate(c, addr, size);
}

static void testing_close(struct vcpu *c)
{
    backend_interp.close(c);
}

static const char *testing_version(void)
{
    return "1.0";
}

#define TESTING_BACKEND(id, is_oracle, tracks, fn)             \
    __attribute__((unused)) static const struct backend id = { \
        .name = #id,                                           \
        .description = "for tests",                            \
        .oracle = is_oracle,                                   \
        .exact_budget = true,                                  \
        .tracks_writes = tracks,                               \
        .probe = testing_probe,                                \
        .open = testing_open,                                  \
        .run = fn,                                             \
        .invalidate = testing_invalidate,                      \
        .close = testing_close,                                \
        .version = testing_version,                            \
    }

TESTING_BACKEND(faulty, false, true, faulty_run);
TESTING_BACKEND(reference, true, true, testing_run);
TESTING_BACKEND(liar, true, false, liar_run);

/* The backends as the program takes them. */
__attribute__((unused)) static const struct backend *const testing_backends[] = {&faulty, &reference, &liar,
                                                                                 NULL};

#endif
