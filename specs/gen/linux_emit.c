/* struct linux_spec → linux_calls.h and linux_calls.c, tables of the types in engine/user/call.h. */
#include "specs/gen/linux.h"
#include "specs/gen/emit.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- linux_calls.h ---- */

static void emit_enums(struct linux_spec *l, FILE *f)
{
    fprintf(f, "enum call_id {\n");
    for (const struct linux_call *c = l->calls; c; c = c->next) fprintf(f, "    CALL_%s,\n", c->name);
    fprintf(f, "    CALL_COUNT,\n};\n\nenum call_set_id {\n");
    for (const struct linux_set *s = l->sets; s; s = s->next) fprintf(f, "    CALL_SET_%s,\n", s->name);
    fprintf(f, "};\n\nenum call_struct_id {\n");
    for (const struct linux_struct *s = l->structs; s; s = s->next)
        fprintf(f, "    CALL_STRUCT_%s,\n", s->name);
    fprintf(f, "};\n\n");
}

static void emit_header(struct linux_spec *l, FILE *f)
{
    fprintf(f, "#ifndef LINUX_CALLS_H\n#define LINUX_CALLS_H\n\n#include \"engine/user/call.h\"\n\n");
    emit_enums(l, f);
    fprintf(f, "extern const struct call_row call_rows[]; /* by enum call_id */\n\n");
    for (const struct linux_call *c = l->calls; c; c = c->next)
        if (c->serve) fprintf(f, "int64_t %s(struct user_thread *t, const uint64_t a[6]);\n", c->serve);
    fprintf(f, "\n#endif\n");
}

/* ---- linux_calls.c ---- */

static void emit_arg(const struct linux_arg *a, FILE *f)
{
    fprintf(f, "{CALL_%s, %s%s%s, CALL_BY_%s, %u, %u, ", a->kind ? a->kind : "NOTHING",
            a->in ? "CALL_IN" : "", a->in && a->out ? " | " : "",
            a->out  ? "CALL_OUT"
            : a->in ? ""
                    : "0",
            a->by == 'a'   ? "ARG"
            : a->by == '*' ? "POINTED"
                           : "NUMBER",
            a->arg, a->plus);
    if (a->to)
        fprintf(f, "CALL_STRUCT_%s}", a->to->name);
    else if (a->set)
        fprintf(f, "CALL_SET_%s}", a->set->name);
    else
        fprintf(f, "0}");
}

/* A struct call_row of call `of`; c is that, or one of its requests. */
static void emit_row(const struct linux_call *of, const struct linux_call *c, FILE *f)
{
    fprintf(f, "{\"%s\", %s, %" PRId64 ", %s, %s, CALL_SET_%s, CALL_RESTART_%s, %u, {", of->name,
            c->serve ? c->serve : "NULL", c->host, c->error ? c->error : "0", c->result,
            c->set ? c->set->name : "open", c->restart, c->nargs);
    for (unsigned i = 0; i < c->nargs; i++) {
        if (i) fprintf(f, ", ");
        emit_arg(&c->args[i], f);
    }
    fprintf(f, "}");
}

static unsigned request_place(const struct linux_call *c)
{
    unsigned i = 0;
    while (strcmp(c->args[i].kind, "REQUEST") != 0) i++;
    return i;
}

static void emit_requests(const struct linux_call *c, FILE *f)
{
    unsigned n = 0;
    fprintf(f, "static const struct call_request requests_%s[] = {\n", c->name);
    for (const struct linux_call *r = c->requests; r; r = r->next, n++) {
        fprintf(f, "    {\"%s\", 0x%" PRIx64 ", ", r->name, r->code);
        emit_row(c, r, f);
        fprintf(f, ", NULL}},\n");
    }
    fprintf(f, "};\nstatic const struct call_requests %s_requests = {requests_%s, %u, %u, %s};\n\n", c->name,
            c->name, n, request_place(c), c->otherwise);
}

static void emit_rows(struct linux_spec *l, FILE *f)
{
    for (const struct linux_call *c = l->calls; c; c = c->next)
        if (c->otherwise) emit_requests(c, f);
    fprintf(f, "const struct call_row call_rows[] = {\n");
    for (const struct linux_call *c = l->calls; c; c = c->next) {
        fprintf(f, "    [CALL_%s] = ", c->name);
        emit_row(c, c, f);
        if (c->otherwise)
            fprintf(f, ", &%s_requests},\n", c->name);
        else
            fprintf(f, ", NULL},\n");
    }
    fprintf(f, "};\n\n");
}

static void emit_numbers(struct linux_spec *l, FILE *f, unsigned isa)
{
    fprintf(f, "static const struct call_row *const numbers_%s[] = {\n", l->isas[isa].name);
    for (const struct linux_call *c = l->calls; c; c = c->next)
        if (c->number.has[isa])
            fprintf(f, "    [%" PRIu64 "] = &call_rows[CALL_%s],\n", c->number.value[isa], c->name);
    fprintf(f, "};\n\n");
}

/* The host's member of that name, or NULL. */
static const struct linux_member *host_member(const struct linux_spec *l, const struct linux_struct *s,
                                              const char *name)
{
    const struct linux_member *m = s->layouts[l->isas[l->host].layout].members;
    while (m && strcmp(m->name, name) != 0) m = m->next;
    return m;
}

static bool hidden(const struct linux_member *m)
{
    return !strcmp(m->name, "_") && !m->is_ptr;
}

/* Same size, same places, and nothing to move. */
static bool same_layout(const struct linux_spec *l, const struct linux_struct *s, unsigned layout)
{
    if (s->layouts[layout].size != s->layouts[l->isas[l->host].layout].size) return false;
    for (const struct linux_member *m = s->layouts[layout].members; m; m = m->next) {
        const struct linux_member *h = host_member(l, s, m->name);
        if (m->is_ptr) return false;
        if (!hidden(m) && (!h || h->at != m->at || h->size != m->size || h->count != m->count)) return false;
    }
    return true;
}

static void emit_members(struct linux_spec *l, FILE *f, const struct linux_struct *s, unsigned layout)
{
    fprintf(f, "static const struct call_member %s_%s[] = {\n", s->name, l->layouts[layout]);
    for (const struct linux_member *m = s->layouts[layout].members; m; m = m->next) {
        const struct linux_member *h = host_member(l, s, m->name);
        if (hidden(m) || !h) continue;
        fprintf(f, "    {\"%s\", %u, %u, %u, %u, %u, %d, %d, ", m->name, m->at, h->at, m->size, h->size,
                m->count, m->is_signed, m->is_ptr);
        if (m->shown)
            emit_arg(&m->show, f);
        else
            fprintf(f, "{0}");
        fprintf(f, "},\n");
    }
    fprintf(f, "    {0},\n};\n");
}

static void emit_structs(struct linux_spec *l, FILE *f, unsigned layout)
{
    const unsigned host = l->isas[l->host].layout;
    for (const struct linux_struct *s = l->structs; s; s = s->next) emit_members(l, f, s, layout);
    fprintf(f, "\nstatic const struct call_struct structs_%s[] = {\n", l->layouts[layout]);
    for (const struct linux_struct *s = l->structs; s; s = s->next)
        fprintf(f, "    {\"%s\", %u, %u, %d, %s_%s},\n", s->name, s->layouts[layout].size,
                s->layouts[host].size, same_layout(l, s, layout), s->name, l->layouts[layout]);
    fprintf(f, "};\n\n");
}

static bool same_set(const struct linux_spec *l, const struct linux_set *s, unsigned isa)
{
    for (const struct linux_entry *e = s->entries; e; e = e->next)
        if (e->number.has[isa] && e->number.has[l->host] && e->number.value[isa] != e->number.value[l->host])
            return false;
    return true;
}

static void emit_entries(struct linux_spec *l, FILE *f, const struct linux_set *s, unsigned isa, bool bits)
{
    fprintf(f, "static const struct call_name %s_%s_%s[] = {\n", s->name, bits ? "bits" : "one",
            l->isas[isa].name);
    for (const struct linux_entry *e = s->entries; e; e = e->next)
        if (e->bit == bits && e->number.has[isa])
            fprintf(f, "    {\"%s\", 0x%" PRIx64 ", 0x%" PRIx64 "},\n", e->name, e->number.value[isa],
                    e->number.has[l->host] ? e->number.value[l->host] : 0);
    fprintf(f, "    {0},\n};\n");
}

static void emit_sets(struct linux_spec *l, FILE *f, unsigned isa)
{
    const char *name = l->isas[isa].name;
    for (const struct linux_set *s = l->sets; s; s = s->next) {
        emit_entries(l, f, s, isa, false);
        emit_entries(l, f, s, isa, true);
    }
    fprintf(f, "\nstatic const struct call_set sets_%s[] = {\n", name);
    for (const struct linux_set *s = l->sets; s; s = s->next)
        fprintf(f, "    {\"%s\", 0x%" PRIx64 ", %s_one_%s, %s_bits_%s, %d},\n", s->name, s->mask, s->name,
                name, s->name, name, same_set(l, s, isa));
    fprintf(f, "};\n\n");
}

static void emit_table(struct linux_spec *l, FILE *f, unsigned isa)
{
    const char *name = l->isas[isa].name;
    emit_numbers(l, f, isa);
    emit_sets(l, f, isa);
    fprintf(f,
            "const struct call_table call_table_%s = {\n    numbers_%s, sizeof(numbers_%s) / "
            "sizeof(*numbers_%s), "
            "structs_%s, sets_%s,\n};\n\n",
            name, name, name, name, l->layouts[l->isas[isa].layout], name);
}

static void emit_source(struct linux_spec *l, FILE *f)
{
    fprintf(f, "#include \"linux/linux_calls.h\"\n\n#include <errno.h>\n\n");
    emit_rows(l, f);
    for (unsigned i = 0; i < l->nlayouts; i++) emit_structs(l, f, i);
    for (unsigned i = 0; i < l->nisas; i++) emit_table(l, f, i);
}

static bool emit_one(struct linux_spec *l, const char *dir, const char *name,
                     void (*emit)(struct linux_spec *l, FILE *f))
{
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    BUG_ON(!f);
    fprintf(f, "/* Generated from specs/linux; do not edit. */\n");
    emit(l, f);
    fclose(f);
    bool ok = emit_text(&l->s, arena_printf(&l->s.arena, "%s/%s", dir, name), text, len);
    free(text);
    return ok;
}

bool linux_emit(struct linux_spec *l, const char *dir)
{
    return emit_one(l, dir, "linux_calls.h", emit_header) && emit_one(l, dir, "linux_calls.c", emit_source);
}
