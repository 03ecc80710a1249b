/* calls.yaml and requests.yaml: the rows. */
#include "specs/gen/linux.h"

#include <string.h>

/* A word that stands for a constant of engine/user/call.h. */
static const struct {
    const char *word, *constant;
} results[] = {
    {"int", "CALL_RESULT_INT"},   {"hex", "CALL_RESULT_HEX"},   {"octal", "CALL_RESULT_OCTAL"},
    {"regs", "CALL_RESULT_REGS"}, {"none", "CALL_RESULT_NONE"},
};
static const char *const errors[] = {"ENOSYS", "EPERM", "EINTR", "EINVAL", "ENOTTY"};

/* The errno that a key holds, or NULL. */
static const char *error_of(struct linux_spec *l, struct ynode *n, const char *key)
{
    const char *text = node_str(&l->s, n, key, NULL);
    if (!text) return NULL;
    for (size_t i = 0; i < ARRAY_LEN(errors); i++)
        if (!strcmp(errors[i], text)) return text;
    diag_error(&l->s.diag, ynode_get(n, key)->at, strlen(text), "unknown errno '%s'%s", text,
               suggest_of(&l->s, text, errors, ARRAY_LEN(errors), ""));
    return text;
}

/* "hex", "flags open". */
static void result(struct linux_spec *l, struct ynode *n, struct linux_call *c)
{
    const char *names[ARRAY_LEN(results)], *text = node_str(&l->s, n, "result", "int");
    struct ynode *node = ynode_get(n, "result");
    struct linux_arg arg;
    c->result = "CALL_RESULT_SET";
    if (strchr(text, ' ')) {
        if (linux_arg(l, node, 0, strlen(text), 0, &arg)) c->set = arg.set;
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(results); i++) {
        names[i] = results[i].word;
        if (strcmp(names[i], text) != 0) continue;
        c->result = results[i].constant;
        return;
    }
    diag_error(&l->s.diag, node->at, strlen(text), "unknown result '%s'%s", text,
               suggest_of(&l->s, text, names, ARRAY_LEN(names), ""));
}

static void restart(struct linux_spec *l, struct ynode *n, struct linux_call *c)
{
    const char *text = node_str(&l->s, n, "restart", NULL);
    c->restart = "HANDLER";
    if (!text) return;
    c->restart = !strcmp(text, "never") ? "NEVER" : "TIMED";
    if (strcmp(text, "never") != 0 && strcmp(text, "timed") != 0)
        diag_error(&l->s.diag, ynode_get(n, "restart")->at, strlen(text),
                   "'restart' must be 'never' or 'timed'");
}

/* What calls and requests share: who serves it, how, its arguments after the first `first`. */
static bool row(struct linux_spec *l, struct ynode *n, struct linux_call *c, bool host, unsigned first)
{
    struct ynode *args = ynode_get(n, "args");
    c->at = n->at;
    c->serve = node_str(&l->s, n, "c", NULL);
    c->error = error_of(l, n, "errno");
    if (host + (c->serve != NULL) + (c->error != NULL) + (c->otherwise != NULL) != 1) {
        diag_error(&l->s.diag, n->at, 1, "%s needs exactly one of 'host: true', 'c', 'errno' and 'otherwise'",
                   c->name);
        return false;
    }
    if (host && c->host < 0) {
        diag_error(&l->s.diag, n->at, 1, "%s goes to the host, which has no number for it", c->name);
        return false;
    }
    result(l, n, c);
    restart(l, n, c);
    int got = args ? linux_args(l, args, c->args, first) : (int)first;
    c->nargs = got < 0 ? 0 : (unsigned)got;
    for (unsigned i = first; host && i < c->nargs; i++)
        if (!strcmp(c->args[i].kind, "STRINGS")) {
            diag_error(&l->s.diag, args->at, args->len, "%s: 'strings' are not converted; it needs 'c'",
                       c->name);
            return false;
        }
    return got >= 0;
}

/* A call whose number or name this one has too. */
static const struct linux_call *twin_of(const struct linux_spec *l, const struct linux_call *c)
{
    for (const struct linux_call *o = l->calls; o; o = o->next) {
        if (!strcmp(o->name, c->name)) return o;
        for (unsigned i = 0; i < l->nisas; i++)
            if (o->number.has[i] && c->number.has[i] && o->number.value[i] == c->number.value[i]) return o;
    }
    return NULL;
}

static bool twins(struct linux_spec *l, const struct linux_call *c, const struct linux_call *twin)
{
    if (twin)
        diag_error(&l->s.diag, c->at, 1, "%s has the name or a number of %s, at %s:%d", c->name, twin->name,
                   twin->at.file, twin->at.line);
    return twin != NULL;
}

/* Where the request stands among a call's arguments, or -1. */
static int request_place(const struct linux_call *c)
{
    for (unsigned i = 0; i < c->nargs; i++)
        if (!strcmp(c->args[i].kind, "REQUEST")) return (int)i;
    return -1;
}

static void call_add(struct linux_spec *l, struct ynode *n, struct linux_call ***tail)
{
    const char *keys[8 + LINUX_ISAS * LINUX_NAMES] = {"call",  "args",   "host",    "c",
                                                      "errno", "result", "restart", "otherwise"};
    if (!check_keys(&l->s, n, "a call", keys, 8 + linux_number_keys(l, keys + 8))) return;
    struct linux_call *c = arena_alloc(&l->s.arena, sizeof(*c));
    c->name = node_str(&l->s, n, "call", NULL);
    if (!c->name) {
        diag_error(&l->s.diag, n->at, 1, "a call needs 'call'");
        return;
    }
    if (!linux_numbers(l, n, &c->number)) return;
    c->host = c->number.has[l->host] ? (int64_t)c->number.value[l->host] : -1;
    c->otherwise = error_of(l, n, "otherwise");
    if (!row(l, n, c, node_bool(&l->s, n, "host"), 0) || twins(l, c, twin_of(l, c))) return;
    if ((c->otherwise != NULL) != (request_place(c) >= 0)) {
        diag_error(&l->s.diag, n->at, 1, "%s: an argument of kind 'request' and 'otherwise' belong together",
                   c->name);
        return;
    }
    **tail = c;
    *tail = &c->next;
}

static bool list_of(struct linux_spec *l, const struct ynode *at, const struct ynode *list, const char *key)
{
    if (list && list->kind == YNODE_LIST) return true;
    diag_error(&l->s.diag, list ? list->at : at->at, 1, "expected a list '%s'", key);
    return false;
}

bool linux_calls(struct linux_spec *l, struct ynode *top)
{
    struct linux_call **tail = &l->calls;
    const struct ynode *list = ynode_get(top, "calls");
    if (!list_of(l, top, list, "calls")) return false;
    for (struct ynode *n = list->child; n; n = n->next) call_add(l, n, &tail);
    return l->s.diag.errors == 0;
}

/* ---- requests ---- */

static void request_add(struct linux_spec *l, struct ynode *n, struct linux_call *of)
{
    if (!CHECK_KEYS(&l->s, n, "a request", "request", "code", "args", "c", "errno", "result", "restart"))
        return;
    struct linux_call *c = arena_alloc(&l->s.arena, sizeof(*c));
    c->name = node_str(&l->s, n, "request", NULL);
    if (!c->name || !node_u64(&l->s, n, "code", &c->code)) {
        diag_error(&l->s.diag, n->at, 1, "a request needs 'request' and a number 'code'");
        return;
    }
    c->host = of->host;
    memcpy(c->args, of->args, sizeof(c->args));
    if (!row(l, n, c, !ynode_get(n, "c") && !ynode_get(n, "errno"), of->nargs)) return;
    struct linux_call **p = &of->requests;
    while (*p && (*p)->code < c->code) p = &(*p)->next;
    if (*p && (*p)->code == c->code) {
        (void)twins(l, c, *p);
        return;
    }
    c->next = *p;
    *p = c;
}

bool linux_requests(struct linux_spec *l, struct ynode *top)
{
    const char *names[16];
    size_t count = 0;
    for (const struct linux_call *c = l->calls; c && count < ARRAY_LEN(names); c = c->next)
        if (c->otherwise) names[count++] = c->name;
    if (!check_keys(&l->s, top, "the calls with requests", names, count)) return false;
    for (struct linux_call *c = l->calls; c; c = c->next) {
        const struct ynode *list = ynode_get(top, c->name);
        if (!c->otherwise || !list_of(l, top, list, c->name)) continue;
        for (struct ynode *n = list->child; n; n = n->next) request_add(l, n, c);
    }
    return l->s.diag.errors == 0;
}
