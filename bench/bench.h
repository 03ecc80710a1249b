/* Kinds of benchmarks: the YAML files of bench defines benchmarks of them. Each file has a table of its
 * kinds; main.c lists the tables.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include "bench/gbench.h"
#include "harness/clock/define.h"

#include <stddef.h>
#include <stdint.h>

struct bench_kind {
    const char *name; /* as definitions say it; NULL ends a table */
    bench_fn run;     /* its argument is the struct benchmark */
    void (*add)(const char *name, bench_fn fn, const void *arg); /* bench_register or one of its kin */
    const struct schema_key *keys;                               /* of `with` */
    unsigned nkeys;                                              /* how many */
};

extern const struct bench_kind interp_kinds[];    /* interp.c: the interpreter against a bare loop */
extern const struct bench_kind ir_kinds[];        /* ir.c: the passes */
extern const struct bench_kind jit_kinds[];       /* jit.c: what translated code spends on what */
extern const struct bench_kind translate_kinds[]; /* translate.c: translation by stage; reclaiming */
extern const struct bench_kind cases_kinds[];     /* cases.c: single-instruction cases a second */
extern const struct bench_kind corpus_kinds[];    /* corpus.c: corpora, whole */
extern const struct bench_kind jobs_kinds[];      /* jobs.c: two jobs against one */
extern const struct bench_kind packed_kinds[];    /* packed.c: reading and packing them */
extern const struct bench_kind exec_kinds[];      /* exec.c: real programs, alone and against others */
extern const struct bench_kind smmu_kinds[];      /* smmu.c: accesses, walks, commands, events */
extern const struct bench_kind qemu_kinds[];      /* qemu.c: the same against QEMU's model */

/* ---- main.c ---- */
/* Types of values in `with`. */
extern const struct schema bench_text, bench_texts, bench_number, bench_yes_no;
/* What a definition says, or `absent`. */
const char *bench_get(const void *arg, const char *key, const char *absent);
uint64_t bench_get_number(const void *arg, const char *key, uint64_t absent);
/* The file in the folder of this program. */
bool bench_beside(char *path, size_t size, const char *name);

/* bare.c: the same twelve instructions as the interpreter's loop, in the barest interpreter that computed
 * goto makes. Returns something that depends on all of them. */
uint64_t bare_loop(uint64_t instructions);

#endif
