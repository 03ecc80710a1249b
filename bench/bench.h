/* The benchmarks of each file register themselves by one function; main.c calls them all. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include "bench/gbench.h"

#include <stddef.h>
#include <stdint.h>

void bench_interp(void);    /* interp.c: the interpreter against a bare loop */
void bench_ir(void);        /* ir.c: the passes */
void bench_jit(void);       /* jit.c: what translated code spends on what */
void bench_translate(void); /* translate.c: the first tier's translation by stage; reclaiming */
void bench_cases(void);     /* cases.c: single-instruction cases a second */
void bench_corpus(void);    /* corpus.c: the default corpus, whole */
void bench_packed(void);    /* packed.c: reading and packing them */
void bench_exec(void);      /* exec.c: real programs against qemu-riscv64 */

bool bench_beside(char *path, size_t size,
                  const char *name); /* main.c: the file in the folder of this program */

/* bare.c: the same twelve instructions as the interpreter's loop, in the barest interpreter that computed
 * goto makes. Returns something that depends on all of them. */
uint64_t bare_loop(uint64_t instructions);

#endif
