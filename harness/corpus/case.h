/* One case from its YAML node. Inside the harness's input half; others see struct test_case only. */
#ifndef HARNESS_CORPUS_CASE_H
#define HARNESS_CORPUS_CASE_H

#include "harness/harness.h"
#include "harness/corpus/schema.h"
#include "harness/generate/values.h"

enum {
    CASE_MAX_REGS = 1000,      /* keys of one map of registers */
    CASE_MAX_REGION = 1 << 20, /* bytes that one case may map */
    CASE_MAX_DATA = 1 << 16,   /* bytes of memory that one case may write down */
    CASE_MAX_STEPS = 1000000,  /* instructions that one case may execute */
};

/* What building needs to know besides the node. */
struct case_builder {
    const struct guest *guest; /* of the file */
    struct diag *diag;         /* where errors go */
    struct arena *arena;       /* the case's memory */
    const char *prefix;        /* of ids: "riscv64/m/" */
};

/* ---- case.c ---- */

/* A node that schema_case has checked becomes *c. False: reported. */
bool case_build(const struct case_builder *b, const struct ynode *n, struct test_case *c);
/* A register by name, or an error that suggests one. `keys` are other names that would do here, may be NULL.
 */
bool case_reg_ref(const struct case_builder *b, const struct ynode *n, const struct schema *keys,
                  struct guest_reg_ref *ref);
/* The registers of a map, those keys left out that `keys` knows; NULL for none. */
bool case_regs(const struct case_builder *b, const struct ynode *map, const struct schema *keys,
               struct case_reg **regs, unsigned *n);

/* The instructions of a piece of code, as far as they can be known without running it. */
struct code_walk {
    unsigned count; /* instructions met */
    unsigned end;   /* offset behind the last of them */
    unsigned last;  /* offset of the last */
    bool jumps;     /* one of them may jump */
    bool cut;       /* the last one is longer than what is left */
    int undecoded;  /* offset of the first that does not decode, or -1 */
};
/* Walks over at most `limit` instructions, in the order in which they stand. */
struct code_walk code_walk(const struct guest *g, const uint8_t *code, unsigned size, uint64_t limit);
/* The four bytes at an offset as the decoder wants them, zeroes beyond the end. */
uint32_t code_word(const uint8_t *code, unsigned size, unsigned offset);

/* ---- case_mem.c ---- */

/* `mem:` before: regions and bytes. */
bool case_mem_before(const struct case_builder *b, const struct ynode *list, struct test_case *c);
/* `out: mem:`: bytes only. */
bool case_mem_after(const struct case_builder *b, const struct ynode *list, struct test_case *c);
/* The code lies in executable memory. */
bool case_mem_code(const struct case_builder *b, const struct ynode *code, const struct test_case *c);

/* ---- case_check.c ---- */

/* A region that every case has. */
struct case_region {
    uint64_t base, size; /* where */
    unsigned perm;       /* CPU_* */
    const char *name;    /* for messages */
};
enum { CASE_LAYOUT = 3 };
extern const struct case_region case_layout[CASE_LAYOUT];

/* What is impossible about a case that did not come from YAML, as a sentence; NULL: nothing. */
const char *case_check(const struct test_case *c);

/* ---- case_write.c ---- */

/* Text in double quotes, as YAML and JSON both have it. */
void case_quote(const char *s, struct buf *out);

/* ---- truth.c ---- */

bool case_truth(const struct case_builder *b, const struct ynode *out, const struct code_walk *walk,
                struct test_case *c);

#endif
