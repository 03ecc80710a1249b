/* Host code taken apart, by a library that is loaded when it is first needed. */
#ifndef HARNESS_CLOCK_CAPSTONE_H
#define HARNESS_CLOCK_CAPSTONE_H

#include <capstone/capstone.h>

struct capstone {
    __typeof__(cs_open) *open;     /* these four are the library's */
    __typeof__(cs_disasm) *disasm; /* all instructions of some bytes */
    __typeof__(cs_free) *free;     /* what disasm gave */
    __typeof__(cs_close) *close;   /* the handle */
    csh handle;                    /* for x86-64 */
};

/* NULL, or a sentence why it cannot be done; then there is nothing to close. */
const char *capstone_open(struct capstone *c);
void capstone_close(struct capstone *c);

#endif
