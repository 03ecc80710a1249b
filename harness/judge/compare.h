/* Inside the judge: differences as a list, before anybody decided whether they matter. */
#ifndef HARNESS_JUDGE_COMPARE_H
#define HARNESS_JUDGE_COMPARE_H

#include "harness/harness.h"

enum { FINDINGS_MAX = 40 };

/* Differences between two results, in the order of the registers, then memory by address. */
struct findings {
    struct diff items[FINDINGS_MAX]; /* the first ones */
    unsigned n;                      /* how many of them */
    bool more;                       /* there were more than fit */
};

/* None yet. The list itself is left as it is: most of it is never used. */
static inline void findings_start(struct findings *f)
{
    f->n = 0;
    f->more = false;
}

/* ---- diff.c ---- */
/* The backend gave a result. */
static inline bool outcome_usable(const struct outcome *o)
{
    return !o->unsupported && o->exit.kind != EXIT_UNSUPPORTED;
}
/* What two backends say differently. A different exit is the only finding then: nothing else can be compared.
 */
void compare_outcomes(const struct test_case *c, const struct outcome *a, const struct outcome *b,
                      struct findings *f);
/* What a backend says differently from the truth that the case carries. */
void compare_truth(const struct test_case *c, const struct outcome *o, struct findings *f);
/* The truth of the case says something about the place of this difference. */
bool truth_speaks(const struct test_case *c, const struct outcome *o, const struct diff *d);
/* What the truth expects of one word of a register; false when it says nothing about it. */
bool truth_reg(const struct test_case *c, const struct outcome *o, struct guest_reg_ref ref, unsigned word,
               uint64_t *v);
/* What the truth expects memory to hold; false when it says nothing about that address. */
bool truth_byte(const struct test_case *c, uint64_t addr, uint8_t *byte);
/* Everything that a run changed, as findings. */
void compare_before(const struct test_case *c, const struct outcome *o, struct findings *f);
/* Adds a finding unless one of the same place is there. */
void findings_add(struct findings *f, const struct diff *d);

/* ---- vote.c ---- */
/* A sentence that says who differs from whom: "unicorn alone differs from interp, jit, qemu". */
void vote_describe(const struct test_case *c, const struct outcome *outcomes, unsigned n,
                   const struct quirks *q, struct buf *out);

/* Of such a sentence, who differs, without from whom: "unicorn". Nothing: it is none. */
void vote_odd(const char *sentence, struct buf *out);
/* One sentence for two in which the same differ, from all that they differ from in either. */
void vote_unite(const char *a, const char *b, struct buf *out);
/* What was put to the vote in the one, the manual decides in the other, and the other way round: "o alone
 * differs from a, b", but "a, b differ from the manual, o". */
bool vote_overruled(const char *vote, const char *by);

/* ---- signature.c ---- */
/* The part of a signature that is such a sentence; NULL: it has none. */
const char *signature_vote(const char *signature);
/* The first instruction after which results differ. */
struct failure_place {
    uint64_t step;               /* its number, from 1; 0: not known, and the rest is the case's first one */
    uint64_t from;               /* of the instruction below, which is to blame: the same, or one before it */
    uint64_t pc;                 /* where it stands */
    uint32_t word;               /* its bytes */
    const struct guest_row *row; /* NULL: it is no instruction */
};
/* The signature of a failure at that place, from what differs after it and the `detail` that judge() made of
 * it. */
void signature_write(const struct test_case *c, const struct failure_place *at, const struct outcome *o,
                     unsigned n, const struct findings *f, const char *detail, char *out, size_t size);

/* ---- describe.c ---- */

/* The text of a failure: a line saying who differs from whom, then the findings. */
void describe_failure(const struct test_case *c, const struct outcome *outcomes, unsigned n,
                      const struct quirks *q, const struct findings *f, struct buf *out);
/* Each finding with the value before, everybody's, and the manual's. */
void describe_table(const struct test_case *c, const struct outcome *outcomes, unsigned n,
                    const struct findings *f, struct buf *out);
/* Row, code and disassembly of a case, two or more lines. */
void describe_case(const struct test_case *c, struct buf *out);
/* A line: `what` is so of the instruction at the place. */
void describe_place(const struct test_case *c, const char *what, uint64_t step,
                    const struct failure_place *at, struct buf *detail);
/* An exit with its cause and value: "fault load-access at 0x1fff8". */
void describe_exit(const struct guest *g, const struct cpu_exit *e, struct buf *out);
/* One word of a register as people read it: flags by name, else hexadecimal. */
void describe_reg(struct guest_reg_ref ref, uint64_t value, struct buf *out);
/* What memory held at addr before the case ran; false where nothing was mapped. */
bool case_byte(const struct test_case *c, uint64_t addr, uint8_t *byte);
void case_page(const struct test_case *c, uint64_t page,
               uint8_t bytes[CPU_PAGE]); /* a mapped page likewise */

#endif
