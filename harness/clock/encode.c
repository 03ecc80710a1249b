/* An instruction of a row to be looked at: ordinary operands, registers by where the JIT keeps them. */
#include "harness/clock/codegen.h"

#include "engine/ir/lift.h"
#include "engine/jit/jit.h"
#include "harness/generate/generate.h"

#include <string.h>

/* What immediates are tried, in this order: neither zero nor one, which are special to some instructions. */
static const int64_t immediates[] = {16, 8, 4, 5, 32, 2, 3, 64, 1, -16, -8, -1, 0, 4096, 1 << 20, 10, 11};

enum { ATTEMPTS = 32 }; /* immediates and, of CSRs, the first that there are */

/* Where the word stands among those that the JIT keeps in host registers; -1: it does not. */
static int rank(const struct guest_lift *l, unsigned word)
{
    for (unsigned i = 0; i < l->npins && i < JIT_PINS; i++)
        if (l->pins[i] == word) return (int)i;
    for (unsigned i = 0; i < l->nfp_pins && i < JIT_FP_PINS; i++)
        if (l->fp_pins[i] == word) return (int)i;
    return -1;
}

/* The registers that the fields of an instruction have so far. */
struct taken {
    const struct guest_reg *file[GEN_MAX_FIELDS]; /* NULL: not a register */
    unsigned number[GEN_MAX_FIELDS];              /* in it */
};

static bool is_taken(const struct taken *t, const struct guest_reg *file, unsigned number)
{
    for (unsigned i = 0; i < GEN_MAX_FIELDS; i++)
        if (t->file[i] == file && t->number[i] == number) return true;
    return false;
}

/* How good a register is for the field, best first; -1: it cannot be there. */
static int cost(const struct guest *g, const struct guest_field *f, const struct taken *t, unsigned number,
                bool pinned)
{
    const struct guest_reg *file = f->kind->file;
    int at = rank(g->lift, file->word + number * file->words);
    if (!gen_can_be(f, number)) return -1;
    int worse =
        ((int)number == file->zero) * 3000 + is_taken(t, file, number) * 2000 + ((at >= 0) != pinned) * 1000;
    return worse + (pinned && at >= 0 ? at : (int)(file->count - number));
}

static unsigned choose(const struct guest *g, const struct guest_field *f, const struct taken *t, bool pinned)
{
    unsigned best = 0;
    int least = -1;
    for (unsigned n = 0; n < f->kind->file->count; n++) {
        int c = cost(g, f, t, n, pinned);
        if (c < 0 || (least >= 0 && c >= least)) continue;
        least = c;
        best = n;
    }
    return best;
}

/* A value of a field that is no register; the usual one of enums and sets. */
static uint64_t plain_value(const struct guest *g, const struct guest_field *f, unsigned attempt)
{
    if (f->test == TEST_CSR && attempt < g->ncsrs) return g->csrs[attempt].number;
    if (f->kind->print == PRINT_ENUM) return f->kind->def >= 0 && !attempt ? (uint64_t)f->kind->def : attempt;
    if (f->kind->print == PRINT_SET) return 0;
    return (uint64_t)immediates[attempt % ARRAY_LEN(immediates)];
}

static bool attempt_one(const struct guest *g, unsigned row, bool pinned, unsigned attempt, uint32_t *word)
{
    const struct guest_row *r = &g->rows[row];
    struct taken t = {0};
    *word = r->match;
    for (unsigned i = 0; i < r->nfields && i < GEN_MAX_FIELDS; i++) {
        const struct guest_field *f = &r->fields[i];
        uint64_t v;
        if (f->kind->print == PRINT_REG) {
            t.number[i] = choose(g, f, &t, pinned);
            t.file[i] = f->kind->file;
            v = (uint64_t)t.number[i] - f->kind->add;
        } else {
            v = plain_value(g, f, attempt);
        }
        if (!guest_field_put(f, v, word)) return false;
    }
    return g->decode(*word) == (int)row;
}

bool codegen_encode(const struct guest *g, unsigned row, bool pinned, uint32_t *word)
{
    for (unsigned attempt = 0; attempt < ATTEMPTS; attempt++)
        if (attempt_one(g, row, pinned, attempt, word)) return true;
    return false;
}
