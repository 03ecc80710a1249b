/* `fp:` in isa.yaml: the control register that rounding and the NaN and flushing policy come from, where
 * exceptions gather and what an unmasked one raises. Data, so that no row ever names them. */
#include "specs/gen/gen.h"

#include <stdlib.h>
#include <string.h>

static const char *const rounding[] = {"rne", "rtz", "rdn", "rup", "rmm", "rodd"};
static const char *const exceptions[] = {"NX", "UF", "OF", "DZ", "NV", "ID"};

int fp_round_parse(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(rounding); i++)
        if (!strcmp(rounding[i], name)) return (int)i;
    return -1;
}

/* `set: {24: {flush_inputs: true}}`: what a bit of the control register makes of the policy. */
static void control_set(struct spec *s, struct ynode *n)
{
    for (struct ynode *c = n ? n->child : NULL; c; c = c->next) {
        struct fp_set *set = arena_alloc(&s->arena, sizeof(*set));
        *set = (struct fp_set){.bit = (unsigned)strtoul(c->key, NULL, 10), .members = c};
        if (c->kind != YNODE_MAP)
            diag_error(&s->diag, c->at, c->len,
                       "expected members of the policy and their values: {flush_inputs: true}");
        else
            APPEND(s->fp.set, set);
    }
}

/* `round: {lo: 22, modes: [rne, rup, rdn, rtz]}` */
static void control_round(struct spec *s, struct ynode *n)
{
    unsigned i = 0;
    if (!n || !CHECK_KEYS(s, n, "round", "lo", "modes")) return;
    struct ynode *modes = ynode_get(n, "modes");
    node_unsigned(s, n, "lo", &s->fp.round_lo);
    for (struct ynode *m = modes ? modes->child : NULL; m && i < 4; m = m->next) {
        s->fp.round[i] = fp_round_parse(node_text(s, m));
        if (s->fp.round[i++] < 0) diag_error(&s->diag, m->at, m->len, "unknown rounding mode '%s'", m->text);
    }
    if (i != 4) diag_error(&s->diag, n->at, 1, "'modes' names the four modes that two bits choose");
}

/* `bits: {NV: 0, DZ: 1}`: the ISA's places for the exceptions; without it they are engine/fp's own. */
static void control_bits(struct spec *s, struct ynode *n)
{
    for (size_t i = 0; i < ARRAY_LEN(exceptions); i++) {
        uint64_t bit;
        bool own = n && !ynode_get(n, exceptions[i]);
        s->fp.bits[i] = n && node_u64(s, n, exceptions[i], &bit) ? (int)bit : own ? -1 : (int)i;
    }
    if (n) CHECK_KEYS(s, n, "bits", "NX", "UF", "OF", "DZ", "NV", "ID");
}

/* `trap: {masks: 7, cause: xm}`: mask bits of the control register, in the order of the flags. */
static void control_trap(struct spec *s, struct ynode *n)
{
    uint64_t lo;
    s->fp.trap_lo = -1;
    if (!n || !CHECK_KEYS(s, n, "trap", "masks", "cause")) return;
    struct ynode *cause = ynode_get(n, "cause");
    if (node_u64(s, n, "masks", &lo)) s->fp.trap_lo = (int)lo;
    s->fp.trap = cause ? cause_find(s, node_text(s, cause)) : NULL;
    if (!s->fp.trap) diag_error(&s->diag, n->at, 1, "a trap needs 'masks' and a 'cause' of isa.yaml");
}

void fp_load(struct spec *s, struct ynode *n)
{
    struct ynode *control = ynode_get(n, "control"), *flags = ynode_get(n, "flags");
    s->fp.round[0] = -1;
    if (!CHECK_KEYS(s, n, "fp", "policy", "control", "set", "round", "flags", "bits", "trap")) return;
    s->fp.policy = node_str(s, n, "policy", NULL);
    if (!s->fp.policy)
        diag_error(&s->diag, n->key_at, strlen(n->key), "'fp' needs a 'policy', a constant of engine/fp");
    if (control) s->fp.control = need_reg(s, control);
    if (flags) s->fp.flags = need_reg(s, flags);
    control_set(s, ynode_get(n, "set"));
    control_round(s, ynode_get(n, "round"));
    control_bits(s, ynode_get(n, "bits"));
    control_trap(s, ynode_get(n, "trap"));
    if (!flags && s->fp.trap)
        diag_error(&s->diag, n->key_at, strlen(n->key), "a 'trap' needs 'flags', where exceptions gather");
    if (!control && (ynode_get(n, "set") || ynode_get(n, "round") || ynode_get(n, "trap")))
        diag_error(&s->diag, n->key_at, strlen(n->key),
                   "'set', 'round' and 'trap' need a 'control' register");
}
