/* The signature of a failure: what two cases have in common that fail for the same cause. Shrinking keeps it,
 * clusters are made of it. "rv.fadd.s: rd, fflags[NX]: interp, jit differ from unicorn".
 */
#include "harness/judge/compare.h"

#include <string.h>

/* The operand of the instruction that a register is, one that it writes before one that it reads; NULL: none.
 */
static const char *role_of(const struct failure_place *at, struct guest_reg_ref ref)
{
    const char *role = NULL;
    for (unsigned i = 0; at->row && i < at->row->nfields; i++) {
        const struct guest_field *f = &at->row->fields[i];
        if (!f->kind || f->kind->print != PRINT_REG || f->kind->file != ref.reg) continue;
        uint64_t number = guest_field_get(f, at->word) + f->kind->add;
        if (ref.index != number && !(f->kind->pair && ref.index == number + 1)) continue;
        if (f->access & GUEST_WRITE) return f->name;
        role = f->name;
    }
    return role;
}

/* "fflags[NX OF]", or the plain name of a register without names for its bits. */
static void single_register(const struct diff *d, struct buf *out)
{
    const struct guest_reg *r = d->reg.reg;
    const char *space = "[";
    buf_str(out, guest_reg_name(r, d->reg.index));
    for (unsigned i = 0; r->bits && i < 64 && r->bits[i]; i++) {
        if (!(d->bits >> i & 1) || !*r->bits[i]) continue;
        buf_printf(out, "%s%s", space, r->bits[i]);
        space = " ";
    }
    if (*space == ' ') buf_char(out, ']');
}

/* How everybody ended, each way once. */
static void exits(const struct test_case *c, const struct outcome *o, unsigned n, struct buf *out)
{
    struct buf one = {0};
    size_t start = out->len;
    for (unsigned i = 0; i < n; i++) {
        if (!outcome_usable(&o[i])) continue;
        struct cpu_exit plain = o[i].exit;
        plain.value = 0; /* addresses differ between cases of the same cause */
        buf_reset(&one);
        describe_exit(c->guest, &plain, &one);
        if (out->len > start && strstr(out->p + start, buf_cstr(&one))) continue;
        buf_printf(out, "%s%s", out->len > start ? " or " : "", buf_cstr(&one));
    }
    buf_free(&one);
}

/* One finding in words that do not depend on numbers of registers, addresses or values. */
static void field(const struct test_case *c, const struct failure_place *at, const struct outcome *o,
                  unsigned n, const struct diff *d, struct buf *out)
{
    switch (d->what) {
    case DIFF_MEM: buf_str(out, "memory"); return;
    case DIFF_VALUE: buf_str(out, "the exit's value"); return;
    case DIFF_EXIT:
        buf_str(out, "exit ");
        exits(c, o, n, out);
        return;
    case DIFF_REG: break;
    case DIFF_ITEM: BUG("an instruction has no items");
    }
    const char *role = role_of(at, d->reg);
    if (role)
        buf_str(out, role);
    else if (d->reg.reg->count > 1)
        buf_printf(out, "another %s", d->reg.reg->name);
    else
        single_register(d, out);
}

const char *signature_vote(const char *signature)
{
    const char *at = strstr(signature, ": ");
    at = at ? strstr(at + 2, ": ") : NULL;
    return at ? at + 2 : NULL;
}

void signature_write(const struct test_case *c, const struct failure_place *at, const struct outcome *o,
                     unsigned n, const struct findings *f, const char *detail, char *out, size_t size)
{
    struct buf all = {0}, one = {0};
    const char *comma = "";
    detail += strspn(detail, " ");
    buf_printf(&all, "%s: ", at->row ? at->row->id : "(no instruction)");
    size_t start = all.len;
    for (unsigned i = 0; i < f->n; i++) {
        buf_reset(&one);
        field(c, at, o, n, &f->items[i], &one);
        if (all.len > start && strstr(all.p + start, buf_cstr(&one))) continue; /* memory in two places */
        buf_printf(&all, "%s%s", comma, buf_cstr(&one));
        comma = ", ";
    }
    buf_printf(&all, ": %.*s", (int)strcspn(detail, "\n"), detail);
    snprintf(out, size, "%s", buf_cstr(&all));
    buf_free(&all);
    buf_free(&one);
}
