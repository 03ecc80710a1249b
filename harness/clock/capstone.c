#include "harness/clock/capstone.h"

#include "harness/corpus/library.h"

const char *capstone_open(struct capstone *c)
{
    static const char *const wanted[] = {"cs_open", "cs_disasm", "cs_free", "cs_close"};
    void *functions[ARRAY_LEN(wanted)];
    const char *why = library_load("libcapstone.so.4", wanted, functions, ARRAY_LEN(wanted));
    if (why) return why;
    *c = (struct capstone){
        .open = (__typeof__(cs_open) *)functions[0],
        .disasm = (__typeof__(cs_disasm) *)functions[1],
        .free = (__typeof__(cs_free) *)functions[2],
        .close = (__typeof__(cs_close) *)functions[3],
    };
    return c->open(CS_ARCH_X86, CS_MODE_64, &c->handle) ? "Capstone knows no x86-64" : NULL;
}

void capstone_close(struct capstone *c)
{
    c->close(&c->handle);
}
