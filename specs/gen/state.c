/* state.yaml: registers and the CSRs that are windows onto them. */
#include "specs/gen/gen.h"

#include <string.h>

/* Names per index: one each, and none that another register has. */
static void reg_names(struct spec *s, struct reg *r, struct ynode *list)
{
    unsigned n, index;
    r->names = node_names(s, list, &n);
    if (!r->names) return;
    if (n != r->count)
        diag_error(&s->diag, list->at, 1, "'%s' has %u names for %u registers", r->name, n, r->count);
    for (struct ynode *c = list->child; c; c = c->next)
        if (c->len && reg_find(s, c->text, &index))
            diag_error(&s->diag, c->at, c->len, "'%s' is the name of another register already", c->text);
}

/* A bad shape is reported, then taken to be one word, so that what names the register is not reported. */
static void reg_shape(struct spec *s, struct reg *r, struct ynode *n)
{
    uint64_t v;
    r->count = 1;
    node_unsigned(s, n, "count", &r->count);
    node_unsigned(s, n, "width", &r->width);
    r->zero = node_u64(s, n, "zero", &v) ? (int)v : -1;
    r->reset = node_u64(s, n, "reset", &v) ? v : 0;
    if (r->width && r->width <= 512 && r->count && r->count <= 64) return;
    diag_error(&s->diag, n->at, 1, "register '%s': width must be 1 to 512 bits and count 1 to 64", r->name);
    r->width = 64;
    r->count = 1;
}

static void reg_test(struct spec *s, struct reg *r, struct ynode *n)
{
    const struct ynode *test = ynode_get(n, "test");
    r->test = node_str(s, n, "test", NULL);
    if (r->test && strcmp(r->test, "address") != 0 && strcmp(r->test, "memory") != 0)
        diag_error(&s->diag, test->at, test->len, "a register's 'test' is 'address' or 'memory', not '%s'",
                   r->test);
}

static void reg_add(struct spec *s, struct ynode *n)
{
    struct reg *r = arena_alloc(&s->arena, sizeof(*r));
    struct ynode *name = ynode_get(n, "name");
    if (!CHECK_KEYS(s, n, "a register", "name", "count", "width", "group", "zero", "names", "compare",
                    "reset", "bits", "counts", "test"))
        return;
    r->at = n->at;
    r->name = node_str(s, n, "name", NULL);
    r->group = node_str(s, n, "group", NULL);
    if (!r->name || !r->group) {
        diag_error(&s->diag, n->at, 1, "a register needs 'name' and 'group'");
        return;
    }
    if (reg_find(s, r->name, NULL)) {
        diag_error(&s->diag, name->at, name->len, "register '%s' is defined twice", r->name);
        return;
    }
    reg_shape(s, r, n);
    reg_names(s, r, ynode_get(n, "names"));
    r->bits = node_names(s, ynode_get(n, "bits"), &r->nbits);
    reg_test(s, r, n);
    r->compare = !ynode_get(n, "compare") || node_bool(s, n, "compare");
    r->words = (r->width + 63) / 64;
    r->word = s->state_words;
    /* a pair written to the zero register needs two words to vanish into */
    s->state_words += (r->count + (r->zero >= 0 ? 2 : 0)) * r->words;
    if (!strcmp(r->name, "pc")) s->pc = r;
    if (!strcmp(node_str(s, n, "counts", ""), "retired")) s->retired = r;
    s->nregs++;
    APPEND(s->regs, r);
}

static bool csr_part(struct spec *s, struct csr *c, struct ynode *name, unsigned lo)
{
    struct reg *r = name ? reg_find(s, name->text, NULL) : NULL;
    if (!r || c->nparts == ARRAY_LEN(c->parts)) {
        diag_error(&s->diag, name ? name->at : c->at, name ? name->len : 1, "CSR '%s': no register '%s'%s",
                   c->name, name ? name->text : "", name ? SUGGEST(s, name->text, s->regs, "") : "");
        return false;
    }
    c->parts[c->nparts++] = (struct csr_part){r, lo};
    return true;
}

/* Sorted by number; two at one address are an error. */
static void csr_insert(struct spec *s, struct csr *c)
{
    struct csr **tail = &s->csrs;
    const struct csr *twin = NULL;
    while (*tail && (*tail)->number < c->number) {
        if ((*tail)->number + (*tail)->count > c->number) twin = *tail;
        tail = &(*tail)->next;
    }
    if (*tail && (*tail)->number < c->number + c->count) twin = *tail;
    if (twin)
        diag_error(&s->diag, c->at, 1, "CSR '%s' overlaps '%s' at 0x%x", c->name, twin->name,
                   twin->number > c->number ? twin->number : c->number);
    c->next = *tail;
    *tail = c;
}

static void csr_add(struct spec *s, struct ynode *n)
{
    struct csr *c = arena_alloc(&s->arena, sizeof(*c));
    uint64_t v;
    if (!CHECK_KEYS(s, n, "a CSR", "name", "at", "reg", "parts", "value", "view", "mask", "gate", "needs",
                    "first", "count"))
        return;
    *c = (struct csr){.name = node_str(s, n, "name", NULL), .at = n->at, .count = 1, .needs = -1};
    if (!c->name || !node_unsigned(s, n, "at", &c->number) || c->number > 0xfff) {
        diag_error(&s->diag, n->at, 1, "a CSR needs 'name' and 'at', a number up to 0xfff");
        return;
    }
    node_unsigned(s, n, "count", &c->count);
    node_unsigned(s, n, "first", &c->first);
    node_u64(s, n, "value", &c->value);
    c->gate = node_u64(s, n, "gate", &v) ? (int)v : -1;
    c->needs_node = ynode_get(n, "needs"); /* resolved when the modes are known */
    if (ynode_get(n, "reg")) csr_part(s, c, ynode_get(n, "reg"), 0);
    struct ynode *parts = ynode_get(n, "parts");
    for (struct ynode *p = parts ? parts->child : NULL; p; p = p->next)
        csr_part(s, c, ynode_get(p, "reg"), node_u64(s, p, "lo", &v) ? (unsigned)v : 0);
    uint64_t all = 0;
    for (unsigned i = 0; i < c->nparts; i++) all |= bits_mask(c->parts[i].reg->width) << c->parts[i].lo;
    c->view = node_u64(s, n, "view", &v) ? v : all;
    c->mask = node_u64(s, n, "mask", &v) ? v : all;
    csr_insert(s, c);
}

bool state_load(struct spec *s, const char *path)
{
    struct ynode *top = yaml_load(path, &s->arena, &s->diag);
    if (!top || !CHECK_KEYS(s, top, "the state file", "state", "registers", "csrs")) return false;
    struct ynode *regs = ynode_get(top, "registers"), *csrs = ynode_get(top, "csrs");
    for (struct ynode *n = regs ? regs->child : NULL; n; n = n->next) reg_add(s, n);
    for (struct ynode *n = csrs ? csrs->child : NULL; n; n = n->next) csr_add(s, n);
    if (!s->pc) diag_error(&s->diag, top->at, 1, "there is no register 'pc'");
    return s->diag.errors == 0;
}

/* "x", "a0", "x10": a register by the name of its file, of the index, or file and number. */
struct reg *reg_find(const struct spec *s, const char *name, unsigned *index)
{
    for (struct reg *r = s->regs; r; r = r->next) {
        size_t n = strlen(r->name);
        if (index) *index = 0;
        if (!strcmp(r->name, name)) return r;
        if (!index || r->count == 1) continue;
        for (unsigned i = 0; i < r->count; i++) {
            char numbered[40];
            snprintf(numbered, sizeof(numbered), "%.*s%u", (int)(n < 20 ? n : 20), r->name, i);
            *index = i;
            if (!strcmp(numbered, name) || (r->names && r->names[i] && !strcmp(r->names[i], name))) return r;
        }
    }
    return NULL;
}

/* "CF": a register's bit that state.yaml names. */
struct reg *reg_bit_find(const struct spec *s, const char *name, unsigned *bit)
{
    for (struct reg *r = s->regs; r; r = r->next)
        for (*bit = 0; *bit < r->nbits; ++*bit)
            if (r->bits[*bit] && !strcmp(r->bits[*bit], name)) return r;
    return NULL;
}

struct reg *need_reg(struct spec *s, struct ynode *n)
{
    struct reg *r = reg_find(s, node_text(s, n), NULL);
    if (!r)
        diag_error(&s->diag, n->at, n->len, "no register '%s' in state.yaml%s", n->text,
                   SUGGEST(s, n->text, s->regs, ""));
    return r;
}
