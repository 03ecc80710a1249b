/* The ISA's floating-point control as C: the policy and the rounding mode that the control register asks for,
 * and where exceptions go. */
#include "specs/gen/emit.h"

#include <string.h>

static const char *const exceptions[] = {"FP_NX", "FP_UF", "FP_OF", "FP_DZ", "FP_NV", "FP_ID"};

static void policy_function(struct spec *s, FILE *f)
{
    const struct fp_control *fp = &s->fp;
    fprintf(f, "\nstatic ALWAYS_INLINE struct fp_policy %s_fp_policy(const struct %s_state *s)\n{\n", s->isa,
            s->isa);
    fprintf(f, "    struct fp_policy p = %s;\n", fp->policy);
    for (const struct fp_set *set = fp->set; set; set = set->next)
        for (const struct ynode *m = set->members->child; m; m = m->next)
            fprintf(f, "    if (s->%s >> %u & 1) p.%s = %s;\n", fp->control->name, set->bit, m->key, m->text);
    fputs("    return p;\n}\n", f);
}

static void round_function(struct spec *s, FILE *f)
{
    const struct fp_control *fp = &s->fp;
    fprintf(f, "\nstatic ALWAYS_INLINE unsigned %s_fp_round(const struct %s_state *s)\n{\n", s->isa, s->isa);
    fprintf(f, "    static const uint8_t mode_of[] = {%d, %d, %d, %d};\n", fp->round[0], fp->round[1],
            fp->round[2], fp->round[3]);
    fprintf(f, "    return mode_of[s->%s >> %u & 3];\n}\n", fp->control->name, fp->round_lo);
}

/* The ISA's own places of the exceptions. */
static void flags_function(struct spec *s, FILE *f)
{
    const int *bits = s->fp.bits;
    bool same = true;
    for (int i = 0; i < (int)ARRAY_LEN(exceptions); i++) same &= bits[i] == i;
    fprintf(f, "\nstatic ALWAYS_INLINE uint64_t %s_fp_flags(unsigned ex)\n{\n", s->isa);
    if (same) fputs("    return ex;\n}\n", f);
    if (same) return;
    fputs("    uint64_t flags = 0;\n", f);
    for (size_t i = 0; i < ARRAY_LEN(exceptions); i++)
        if (bits[i] >= 0) fprintf(f, "    if (ex & %s) flags |= 1u << %d;\n", exceptions[i], bits[i]);
    fputs("    return flags;\n}\n", f);
}

/* False: an exception is unmasked. Its flag is set all the same (SDM 1, 11.5.2). */
static void done_function(struct spec *s, FILE *f)
{
    const struct fp_control *fp = &s->fp;
    fprintf(f,
            "\nstatic ALWAYS_INLINE bool %s_fp_done(struct vcpu *cpu, struct %s_state *s, unsigned ex)\n{\n",
            s->isa, s->isa);
    fprintf(f, "    uint64_t raised = %s_fp_flags(ex);\n    s->%s |= raised;\n", s->isa, fp->flags->name);
    fprintf(f, "    return likely(!(raised & ~(s->%s >> %d))) || cpu_fault(cpu, %u, 0); /* %s */\n}\n",
            fp->control->name, fp->trap_lo, fp->trap->index, fp->trap->name);
}

void emit_control(struct spec *s, FILE *f)
{
    if (!s->fp.policy) return;
    if (s->fp.set) policy_function(s, f);
    if (s->fp.round[0] >= 0) round_function(s, f);
    if (s->fp.flags) flags_function(s, f);
    if (s->fp.flags && s->fp.trap_lo >= 0) done_function(s, f);
}
