/* The text of an argument of a system call: "fd", "flags open", "out char[a2]", "in sockaddr[*a2]". */
#include "specs/gen/linux.h"

#include <ctype.h>
#include <string.h>

/* Kinds that are one word, with their names in enum call_kind. */
static const struct {
    const char *word, *kind;
} words[] = {
    {"int", "INT"},         {"uint", "UINT"}, {"long", "LONG"},     {"ulong", "ULONG"},
    {"hex", "HEX"},         {"mode", "MODE"}, {"signal", "SIGNAL"}, {"fd", "FD"},
    {"dirfd", "DIRFD"},     {"addr", "ADDR"}, {"string", "STRING"}, {"request", "REQUEST"},
    {"strings", "STRINGS"}, {"path", "PATH"},
};

/* Words that something follows. */
static const char *const leads[] = {"in", "out", "inout", "flags", "enum", "range"};

/* A text being read. */
struct reading {
    struct linux_spec *l;     /* where errors go */
    const struct ynode *node; /* the text's */
    size_t at, end;           /* what of its text is left */
};

static bool wrong(struct reading *r, size_t at, size_t span, const char *what, const char *hint)
{
    diag_error(&r->l->s.diag, ynode_text_pos(r->node, at), span, "%s '%.*s'%s", what, (int)span,
               r->node->text + at, hint);
    return false;
}

static void skip_space(struct reading *r)
{
    while (r->at < r->end && r->node->text[r->at] == ' ') r->at++;
}

/* The next word; its length may be 0. */
static const char *word(struct reading *r, size_t *len)
{
    skip_space(r);
    const char *p = r->node->text + r->at;
    size_t n = 0;
    while (r->at + n < r->end && (isalnum((unsigned char)p[n]) || p[n] == '_')) n++;
    *len = n;
    r->at += n;
    return p;
}

static bool take(struct reading *r, char c)
{
    if (r->at >= r->end || r->node->text[r->at] != c) return false;
    r->at++;
    return true;
}

static bool number(struct reading *r, unsigned *v)
{
    size_t len;
    const char *p = word(r, &len);
    uint64_t u;
    bool negative;
    if (!len || !number_parse(p, len, &u, &negative) || u > 4096) return false;
    *v = (unsigned)u;
    return true;
}

static bool is(const char *p, size_t len, const char *name)
{
    return strlen(name) == len && !memcmp(p, name, len);
}

/* "[a2]", "[a2+8]", "[*a2]", "[2]", or nothing. */
static bool count(struct reading *r, unsigned nargs, struct linux_arg *out)
{
    out->by = '1';
    out->plus = 1;
    if (!take(r, '[')) return true;
    size_t from = r->at;
    bool star = take(r, '*');
    bool ok = true;
    if (take(r, 'a')) {
        out->by = star ? '*' : 'a';
        out->plus = 0;
        ok = number(r, &out->arg) && out->arg < nargs;
        if (ok && take(r, '+')) ok = number(r, &out->plus);
    } else {
        ok = !star && number(r, &out->plus) && out->plus;
    }
    if (ok && take(r, ']')) return true;
    size_t to = from;
    while (to < r->end && r->node->text[to] != ']') to++;
    return wrong(r, from, to - from, "cannot read the size",
                 "; expected a number, or an argument as in [a2], [a2+8], [*a2]");
}

static bool data(struct reading *r, unsigned nargs, struct linux_arg *out)
{
    size_t len;
    const char *p = word(r, &len);
    out->kind = "DATA";
    out->to = linux_struct_find(r->l, p, len);
    if (!out->to)
        return wrong(
            r, (size_t)(p - r->node->text), len, "no struct",
            SUGGEST(&r->l->s, arena_strndup(&r->l->s.arena, p, len), r->l->structs, " in structs.yaml"));
    return count(r, nargs, out);
}

static bool set(struct reading *r, struct linux_arg *out)
{
    size_t len;
    const char *p = word(r, &len);
    out->kind = "SET";
    out->set = linux_set_find(r->l, p, len);
    if (out->set) return true;
    return wrong(r, (size_t)(p - r->node->text), len, "no set of names",
                 SUGGEST(&r->l->s, arena_strndup(&r->l->s.arena, p, len), r->l->sets, " in flags.yaml"));
}

static bool unknown(struct reading *r, const char *p, size_t len)
{
    const char *names[ARRAY_LEN(words) + ARRAY_LEN(leads)];
    size_t n = 0;
    for (size_t i = 0; i < ARRAY_LEN(words); i++) names[n++] = words[i].word;
    for (size_t i = 0; i < ARRAY_LEN(leads); i++) names[n++] = leads[i];
    return wrong(r, (size_t)(p - r->node->text), len ? len : 1, "unknown kind of argument",
                 suggest_of(&r->l->s, arena_strndup(&r->l->s.arena, p, len), names, n, ""));
}

static bool kind(struct reading *r, unsigned nargs, struct linux_arg *out)
{
    size_t len;
    const char *p = word(r, &len);
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (is(p, len, words[i].word)) {
            out->kind = words[i].kind;
            return true;
        }
    if (is(p, len, "flags") || is(p, len, "enum")) return set(r, out);
    out->in = is(p, len, "in") || is(p, len, "inout");
    out->out = is(p, len, "out") || is(p, len, "inout");
    if (out->in || out->out) return data(r, nargs, out);
    if (!is(p, len, "range")) return unknown(r, p, len);
    out->kind = "RANGE";
    return count(r, nargs, out);
}

bool linux_arg(struct linux_spec *l, const struct ynode *n, size_t at, size_t len, unsigned nargs,
               struct linux_arg *out)
{
    struct reading r = {.l = l, .node = n, .at = at, .end = at + len};
    *out = (struct linux_arg){0};
    if (!kind(&r, nargs, out)) return false;
    skip_space(&r);
    return r.at == r.end || wrong(&r, r.at, r.end - r.at, "unexpected", " after the argument");
}

int linux_args(struct linux_spec *l, const struct ynode *n, struct linux_arg *args, unsigned first)
{
    unsigned total = first + 1, got = first;
    bool ok = true;
    for (const char *p = node_text(&l->s, n); *p; p++) total += *p == ',';
    if (total > LINUX_ARGS) {
        diag_error(&l->s.diag, n->at, n->len, "%u arguments; a system call has at most %d", total,
                   LINUX_ARGS);
        return -1;
    }
    for (size_t at = 0; at <= n->len; got++) {
        size_t len = strcspn(n->text + at, ",");
        ok = linux_arg(l, n, at, len, total, &args[got]) && ok;
        at += len + 1;
    }
    return ok ? (int)got : -1;
}
