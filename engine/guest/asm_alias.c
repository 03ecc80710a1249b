/* Aliases and pseudo-instructions: other mnemonics, whose text is put together from the user's operands. */
#include "engine/guest/asm_internal.h"

#include <string.h>

const struct asm_cursor *asm_bound(const struct asm_cursor *c, size_t *name_len)
{
    const struct asm_env *env = c->env;
    if (!env) return NULL;
    *name_len = asm_word(c, "");
    for (unsigned i = 0; i < env->n; i++)
        if (env->bind[i].len == *name_len && !memcmp(env->bind[i].name, c->p, *name_len))
            return &env->bind[i].text;
    return NULL;
}

/* ---- the pattern ---- */

/* What a name stands for: up to a comma or `stop` outside parentheses, without the blanks around it. */
static struct asm_cursor take_operand(struct asm_cursor *c, char stop)
{
    struct asm_cursor text = *c;
    int depth = 0;
    for (; c->p < c->end; c->p++) {
        if (depth == 0 && (*c->p == ',' || *c->p == stop)) break;
        depth += (*c->p == '(') - (*c->p == ')');
    }
    text.end = c->p;
    while (text.end > text.p && (text.end[-1] == ' ' || text.end[-1] == '\t')) text.end--;
    return text;
}

/* Matches the operands at c against those of `from` and notes what its names stand for. */
static bool match_pattern(const char *from, struct asm_cursor *c, struct asm_env *env)
{
    struct asm_cursor p = {from, from + strlen(from), NULL};
    for (;;) {
        asm_skip_blanks(&p);
        asm_skip_blanks(c);
        if (p.p == p.end) return c->p == c->end;
        size_t len = asm_word(&p, "");
        if (len == 0) {
            if (!asm_is(c, *p.p)) return false;
            p.p++;
            c->p++;
            continue;
        }
        BUG_ON(env->n == ASM_MAX_NAMES); /* an alias with more operands */
        struct asm_binding *b = &env->bind[env->n++];
        *b = (struct asm_binding){.name = p.p, .len = len};
        p.p += len;
        b->text = take_operand(c, p.p < p.end ? *p.p : ',');
        if (b->text.p == b->text.end) return false;
    }
}

/* ---- trying ---- */

/* The user wrote this mnemonic, but not these operands. */
static bool wrong_form(struct assembler *a, const struct asm_cursor *c, const char *from, bool known)
{
    size_t rest = (size_t)(c->end - c->p);
    if (known) return false; /* a row's own error says more */
    return asm_fail(a, c->p, rest ? rest : 1, "%s; the syntax is '%s'",
                    rest ? "unexpected operands" : "operands are missing", from);
}

static bool assemble_inside(struct assembler *a, const char *to, size_t len, struct asm_env *env)
{
    struct asm_cursor c = {to, to + len, env};
    size_t before = a->out->len;
    if (asm_statements(a, c, &env->here)) return true;
    a->out->len = before;
    return false;
}

static bool try_alias(struct assembler *a, struct asm_cursor c, const struct guest_alias *alias, size_t len,
                      bool known)
{
    struct asm_env env = {.depth = c.env ? c.env->depth + 1 : 1};
    const char *from = alias->from + len;
    c.p += len;
    if (!match_pattern(from, &c, &env)) return wrong_form(a, &c, alias->from, known);
    return assemble_inside(a, alias->to, strlen(alias->to), &env);
}

static bool pseudo_value(struct assembler *a, const struct guest_pseudo *p, struct asm_env *env,
                         uint64_t *value)
{
    struct asm_cursor c = {p->number, p->number + strlen(p->number), env};
    struct asm_value v;
    if (!asm_expr(a, &c, &v)) return false;
    *value = v.v;
    if (!v.unknown && v.addresses == 0) return true;
    size_t name;
    c.p = p->number;
    const struct asm_cursor *text = asm_bound(&c, &name);
    return asm_fail(a, text->p, (size_t)(text->end - text->p),
                    "expected a constant: how many instructions this is "
                    "depends on it");
}

static bool try_pseudo(struct assembler *a, struct asm_cursor c, const struct guest_pseudo *p, size_t len,
                       bool known)
{
    struct asm_env env = {.depth = c.env ? c.env->depth + 1 : 1};
    struct buf to = {0};
    uint64_t value;
    c.p += len;
    if (!match_pattern(p->from + len, &c, &env)) return wrong_form(a, &c, p->from, known);
    if (!pseudo_value(a, p, &env, &value)) return false;
    p->expand(value, &to);
    bool ok = assemble_inside(a, buf_cstr(&to), to.len, &env);
    buf_free(&to);
    return ok;
}

/* Names for registers stand in the same table. */
static bool is_register(const struct guest *g, const struct guest_alias *alias)
{
    return !strchr(alias->from, ' ') && guest_reg_find(g, alias->to).reg;
}

/* Is s[0..len) the mnemonic of `from`? */
static bool is_mnemonic(const char *from, const char *s, size_t len)
{
    return from[0] == s[0] && !strncmp(from, s, len) && (from[len] == ' ' || from[len] == 0);
}

bool asm_aliases(struct assembler *a, struct asm_cursor c, bool *known)
{
    const struct guest *g = a->g;
    size_t len = asm_word(&c, ".");
    if (c.env && c.env->depth >= ASM_MAX_DEPTH) return false;
    for (unsigned i = 0; i < g->naliases; i++) {
        if (!is_mnemonic(g->aliases[i].from, c.p, len) || is_register(g, &g->aliases[i])) continue;
        if (try_alias(a, c, &g->aliases[i], len, *known)) return true;
        *known = true;
    }
    for (const struct guest_pseudo *p = g->pseudos; p && p->from; p++) {
        if (!is_mnemonic(p->from, c.p, len)) continue;
        if (try_pseudo(a, c, p, len, *known)) return true;
        *known = true;
    }
    return false;
}

bool asm_unknown(struct assembler *a, struct asm_cursor c)
{
    const struct guest *g = a->g;
    size_t len = asm_word(&c, ".");
    if (len == 0) return asm_fail(a, c.p, 1, "expected an instruction");
    struct suggest s = suggest_start(c.p, len);
    for (unsigned i = 0; i < g->nrows; i++) {
        const struct guest_row *row = &g->rows[g->by_mnemonic[i]];
        suggest_offer(&s, row->mnemonic, guest_mnemonic_literal(row));
    }
    for (const struct guest_alias *i = g->aliases; i < g->aliases + g->naliases; i++)
        if (!is_register(g, i)) suggest_offer(&s, i->from, strcspn(i->from, " "));
    for (const struct guest_pseudo *p = g->pseudos; p && p->from; p++)
        suggest_offer(&s, p->from, strcspn(p->from, " "));
    if (!s.best) return asm_fail(a, c.p, len, "unknown mnemonic '%.*s'", (int)len, c.p);
    size_t best = s.best_len;
    if (s.best[best] == '{') best = strlen(s.best); /* "mop.r.{n}": show what may stand there */
    return asm_fail(a, c.p, len, "unknown mnemonic '%.*s'; did you mean '%.*s'?", (int)len, c.p, (int)best,
                    s.best);
}
