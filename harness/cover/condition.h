/* The condition of a cause: the simplest thing that all of its failing cases have in common and no passing
 * case of the same row has: "rm=rup", "rs1=qnan or snan", "rd=rs1", "unless rs2=0". From the bins of the row.
 */
#ifndef HARNESS_COVER_CONDITION_H
#define HARNESS_COVER_CONDITION_H

#include "harness/cover/ledger.h"
#include "harness/judge/clusters.h"

/* What is worth knowing of a failing case, as struct record's `bins` has it: the id of the row that went
 * wrong, and the numbers of its bins. For a case of one instruction that ran; one that was lost with its
 * worker
 * (`outcomes` NULL); and a longer one whose first difference was found (j->place). Else "". */
void condition_note(const struct ledger *l, const struct test_case *c, const struct lineup *lineup,
                    const struct outcome *outcomes, const struct judgement *j, struct buf *out);
/* Appends the condition of a cause as a sentence's end: "when rm=rup"; nothing where nothing is known. */
void condition_of(const struct ledger *l, const struct cluster *k, struct buf *out);
/* Says so of each cause. */
void condition_of_all(const struct ledger *l, struct clusters *c);

#endif
