/* The text of ir.h to a block, a line a node. Follows the same table as the printer; what is wrong is said in
 * a sentence with its line. Rules that need more than the line (types, the end) are the verifier's. */
#include "engine/ir/ir_internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct text {
    const char *p; /* begins here */
    size_t len;    /* how many characters */
};

struct value {
    struct text name; /* as written */
    uint32_t node;    /* its node */
};

struct parser {
    struct ir_block *b;           /* grows */
    const struct ir_names *names; /* of state words, or NULL */
    struct buf *err;              /* the sentence */
    const char *p;                /* the next character */
    unsigned line;                /* it stands in */
    struct value *values;         /* nvalues of them, in order */
    size_t nvalues, cap;          /* in use, allocated */
    bool headed;                  /* the line `block` was there */
};

/* Always false, so that `return wrong(…)` does. */
PRINTF(2, 3) static bool wrong(struct parser *ps, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    buf_printf(ps->err, "line %u: ", ps->line);
    buf_vprintf(ps->err, fmt, ap);
    va_end(ap);
    return false;
}

/* ---- tokens ---- */

static void blanks(struct parser *ps)
{
    while (*ps->p == ' ' || *ps->p == '\t' || *ps->p == '\r') ps->p++;
    if (*ps->p == ';')
        while (*ps->p && *ps->p != '\n') ps->p++;
}

static bool at_end(struct parser *ps)
{
    blanks(ps);
    return *ps->p == 0 || *ps->p == '\n';
}

static struct text token(struct parser *ps)
{
    blanks(ps);
    struct text t = {ps->p, 0};
    while (isalnum((unsigned char)*ps->p) || *ps->p == '_' || *ps->p == '.' || *ps->p == ':') ps->p++;
    t.len = (size_t)(ps->p - t.p);
    return t;
}

static bool is(struct text t, const char *s)
{
    return strlen(s) == t.len && memcmp(s, t.p, t.len) == 0;
}

static bool take(struct parser *ps, char c)
{
    blanks(ps);
    if (*ps->p != c) return false;
    ps->p++;
    return true;
}

/* The rest of the line as it is quoted in messages. */
static int quote(const struct parser *ps)
{
    size_t n = strcspn(ps->p, "\n;");
    return n > 20 ? 20 : (int)n;
}

static bool number(struct parser *ps, const char *what, uint64_t *out)
{
    bool negative = take(ps, '-');
    blanks(ps);
    const char *s = ps->p;
    unsigned base = s[0] == '0' && s[1] == 'x' ? 16 : 10;
    uint64_t v = 0;
    if (base == 16) s += 2;
    const char *digits = s;
    for (; isxdigit((unsigned char)*s); s++) {
        unsigned d = isdigit((unsigned char)*s) ? (unsigned)(*s - '0')
                                                : (unsigned)(tolower((unsigned char)*s) - 'a') + 10;
        if (d >= base) break;
        if (__builtin_mul_overflow(v, base, &v) || __builtin_add_overflow(v, d, &v))
            return wrong(ps, "%s does not fit in 64 bits", what);
    }
    if (s == digits) return wrong(ps, "%s is missing before '%.*s'", what, quote(ps), ps->p);
    ps->p = s;
    *out = negative ? 0 - v : v;
    return true;
}

/* Index of the name in a NULL-terminated list, else -1 with the sentence. */
static int choice(struct parser *ps, const char *what, struct text t, const char *const *names)
{
    struct suggest near = suggest_start(t.p, t.len);
    for (int i = 0; names[i]; i++) {
        if (is(t, names[i])) return i;
        suggest_offer(&near, names[i], strlen(names[i]));
    }
    wrong(ps, "unknown %s '%.*s'", what, (int)t.len, t.p);
    if (near.best) buf_printf(ps->err, "; did you mean '%.*s'?", (int)near.best_len, near.best);
    return -1;
}

/* ---- operands ---- */

static const struct value *find_value(const struct parser *ps, struct text name)
{
    for (size_t i = ps->nvalues; i-- > 0;) {
        const struct value *v = &ps->values[i];
        if (v->name.len == name.len && memcmp(v->name.p, name.p, name.len) == 0) return v;
    }
    return NULL;
}

static bool argument(struct parser *ps, uint32_t *out)
{
    struct text name = token(ps);
    if (name.len == 0) return wrong(ps, "an argument is missing before '%.*s'", quote(ps), ps->p);
    const struct value *v = find_value(ps, name);
    if (!v) return wrong(ps, "nothing above is called '%.*s'", (int)name.len, name.p);
    *out = v->node;
    return true;
}

static bool state_word(struct parser *ps, uint64_t *out)
{
    struct text t = token(ps);
    int w = ps->names ? ps->names->find(ps->names->ctx, t.p, t.len) : -1;
    if (w >= 0) {
        *out = (uint64_t)w;
        return true;
    }
    uint64_t v = 0;
    bool numbered = t.len > 1 && t.len < 8 && t.p[0] == 'w';
    for (size_t i = 1; i < t.len && numbered; i++) {
        numbered = isdigit((unsigned char)t.p[i]);
        v = v * 10 + (unsigned)(t.p[i] - '0');
    }
    if (!numbered) return wrong(ps, "'%.*s' is no state word", (int)t.len, t.p);
    *out = v;
    return true;
}

/* [name], one of the list; or nothing, where that is allowed. */
static bool bracket(struct parser *ps, const char *what, const char *const *names, bool optional,
                    uint8_t *out)
{
    if (!take(ps, '[')) return optional || wrong(ps, "a %s in brackets is missing", what);
    int i = choice(ps, what, token(ps), names);
    if (i < 0) return false;
    *out = (uint8_t)i;
    return take(ps, ']') || wrong(ps, "']' is missing before '%.*s'", quote(ps), ps->p);
}

static bool comma(struct parser *ps, bool *first)
{
    if (*first) {
        *first = false;
        return true;
    }
    return take(ps, ',') || wrong(ps, "',' is missing before '%.*s'", quote(ps), ps->p);
}

/* ---- operations ---- */

/* The operation of this name; *rest is what follows it: the type of a value, the width of a lane. */
static int find_op(struct parser *ps, struct text t, struct text *rest)
{
    const char *dot = memchr(t.p, '.', t.len);
    struct text head = {t.p, dot ? (size_t)(dot - t.p) : t.len};
    struct suggest near = suggest_start(t.p, t.len);
    for (int op = 0; op < IR_OPS; op++) {
        const char *name = ir_op_table[op].name;
        char tail = op < IR_FIRST_OP ? *ir_syntax((unsigned)op) : 0;
        bool typed = tail == 't' || tail == 'L';
        suggest_offer(&near, name, strlen(name));
        if (!is(typed ? head : t, name)) continue;
        *rest = typed && dot ? (struct text){dot + 1, t.len - head.len - 1} : (struct text){t.p + t.len, 0};
        return op;
    }
    wrong(ps, "unknown operation '%.*s'", (int)t.len, t.p);
    if (near.best) buf_printf(ps->err, "; did you mean '%.*s'?", (int)near.best_len, near.best);
    return -1;
}

/* What follows "lanes": the width of a lane in `rest`, then the operation and its arguments. */
static bool lanes(struct parser *ps, struct text rest, struct ir_node *n)
{
    uint64_t bits = 0;
    struct text tail;
    const char *after = ps->p;
    ps->p = rest.p;
    if (!number(ps, "the width of a lane", &bits)) return false;
    if (ps->p != rest.p + rest.len || bits > 128)
        return wrong(ps, "a lane of '%.*s' bits", (int)rest.len, rest.p);
    ps->p = after;
    int op = find_op(ps, token(ps), &tail);
    if (op < 0) return false;
    n->imm = bits << 16 | (unsigned)op;
    if (ir_op_table[op].flags & IR_OP_ROUND &&
        !bracket(ps, "rounding mode", ir_round_names, false, &n->round))
        return false;
    bool first = true;
    for (unsigned i = 0; i < IR_MAX_ARGS && !at_end(ps); i++)
        if (!comma(ps, &first) || !argument(ps, &n->a[i])) return false;
    return true;
}

static bool immediate(struct parser *ps, struct ir_node *n)
{
    blanks(ps);
    bool negative = *ps->p == '-';
    if (!number(ps, "a number", &n->imm)) return false;
    if (negative && n->type != IR_VOID) n->imm &= bits_mask(ir_type_bits[n->type]);
    return true;
}

static bool operands(struct parser *ps, struct text rest, struct ir_node *n)
{
    unsigned arg = 0;
    uint64_t number_of = 0;
    bool first = true;
    int type;
    for (const char *p = ir_syntax(n->op); *p; p++) {
        bool ok = true;
        switch (*p) {
        case 't':
            type = choice(ps, "type", rest, ir_type_names);
            ok = type >= 0;
            n->type = (uint8_t)type;
            break;
        case 'r': ok = bracket(ps, "rounding mode", ir_round_names, false, &n->round); break;
        case 'h': ok = bracket(ps, "kind of jump", ir_hint_names, true, &n->round); break;
        case '?':
            blanks(ps);
            if (isdigit((unsigned char)*ps->p)) break;
            ok = comma(ps, &first) && argument(ps, &n->a[arg++]);
            break;
        case 'a': ok = comma(ps, &first) && argument(ps, &n->a[arg++]); break;
        case 'w': ok = comma(ps, &first) && state_word(ps, &n->imm); break;
        case 'n':
            ok = number(ps, "the instruction's number", &number_of);
            n->a[arg++] = (uint32_t)number_of;
            break;
        case 'L': ok = lanes(ps, rest, n); break;
        default: ok = comma(ps, &first) && immediate(ps, n);
        }
        if (!ok) return false;
    }
    return true;
}

/* ---- lines ---- */

static bool define(struct parser *ps, struct text name)
{
    if (find_value(ps, name)) return wrong(ps, "'%.*s' is taken", (int)name.len, name.p);
    if (ps->nvalues == ps->cap) {
        ps->cap = ps->cap ? 2 * ps->cap : 64;
        ps->values = xrealloc(ps->values, ps->cap * sizeof(ps->values[0]));
    }
    ps->values[ps->nvalues++] = (struct value){name, ps->b->n - 1};
    return true;
}

/* An operation; `name` is empty when it has none to give. */
static bool node(struct parser *ps, struct text name, struct text text)
{
    struct ir_node n = {.a = {IR_NONE, IR_NONE, IR_NONE, IR_NONE, IR_NONE}};
    struct text rest;
    int op = find_op(ps, text, &rest);
    if (op < 0) return false;
    n.op = (uint16_t)op;
    n.type = ir_op_table[op].result == IR_TYPES ? IR_I64 : ir_op_table[op].result;
    if (!operands(ps, rest, &n)) return false;
    if (!at_end(ps)) return wrong(ps, "'%.*s' is too much", quote(ps), ps->p);
    if (name.len && n.type == IR_VOID) return wrong(ps, "'%s' gives no value", ir_op_table[op].name);
    if (!name.len && n.type != IR_VOID)
        return wrong(ps, "'%s' gives a value: write 'v = %s…'", ir_op_table[op].name, ir_op_table[op].name);
    ir_add_node(ps->b, &n);
    if (n.op == IR_INSN) ps->b->insns = n.a[0] + 1;
    return name.len == 0 || define(ps, name);
}

static bool block_line(struct parser *ps)
{
    uint8_t round = FP_RNE;
    if (ps->headed || ps->b->n) return wrong(ps, "'block' comes once, and first");
    ps->headed = true;
    if (!number(ps, "the block's address", &ps->b->pc)) return false;
    while (!at_end(ps)) {
        static const char *const keys[] = {"key", "round", NULL};
        int k = choice(ps, "word", token(ps), keys);
        if (k < 0 || (k == 0 && !number(ps, "the key", &ps->b->key))) return false;
        if (k == 1) {
            int r = choice(ps, "rounding mode", token(ps), ir_round_names);
            if (r < 0) return false;
            round = (uint8_t)r;
        }
    }
    ps->b->live_round = round;
    return true;
}

static bool line(struct parser *ps)
{
    if (at_end(ps)) return true;
    struct text first = token(ps);
    if (first.len == 0) return wrong(ps, "'%.*s' is no operation", quote(ps), ps->p);
    if (is(first, "block")) return block_line(ps);
    if (!take(ps, '=')) return node(ps, (struct text){first.p, 0}, first);
    struct text op = token(ps);
    if (op.len == 0) return wrong(ps, "an operation is missing after '='");
    return node(ps, first, op);
}

bool ir_parse(struct ir_block *b, const struct ir_names *names, const char *text, struct buf *err)
{
    struct parser ps = {.b = b, .names = names, .err = err, .p = text, .line = 1};
    bool ok;
    ir_block_reset(b, 0, 0);
    for (;;) {
        ok = line(&ps);
        if (!ok || *ps.p == 0) break;
        ps.p++;
        ps.line++;
    }
    if (ok && !ps.headed && b->n && b->nodes[0].op == IR_INSN) b->pc = b->nodes[0].imm;
    free(ps.values);
    return ok;
}
