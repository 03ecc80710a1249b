/* Operand kinds of isa.yaml: who owns an operand's load, width, merge and write-back. */
#include "specs/gen/gen.h"

#include <stdlib.h>
#include <string.h>

static int kind_default(struct spec *s, const struct kind *k, struct ynode *n)
{
    for (unsigned i = 0; n && i < k->nnames; i++)
        if (k->names[i] && !strcmp(k->names[i], n->text)) return (int)i;
    if (n) diag_error(&s->diag, n->at, n->len, "'%s' is not one of this kind's values", n->text);
    return -1;
}

/* The index of a node's text among names, or -1 after a reported error. */
static int choice(struct spec *s, struct ynode *n, const char *const *names, size_t count)
{
    const char *text = node_text(s, n);
    for (size_t i = 0; i < count; i++)
        if (!strcmp(names[i], text)) return (int)i;
    struct buf all = {0};
    for (size_t i = 0; i < count; i++) buf_printf(&all, "%s%s", i ? ", " : "", names[i]);
    diag_error(&s->diag, n->at, n->len, "'%s' is not one of %s", text, buf_cstr(&all));
    buf_free(&all);
    return -1;
}
#define CHOICE(s, n, ...) \
    choice(s, n, (const char *const[]){__VA_ARGS__}, ARRAY_LEN(((const char *const[]){__VA_ARGS__})))

static void kind_width(struct spec *s, struct kind *k, struct ynode *n)
{
    struct ynode *w = ynode_get(n, "width");
    k->open = w && !strcmp(node_text(s, w), "W");
    if (w && !k->open) node_unsigned(s, n, "width", &k->width);
    if (k->file && !w) diag_error(&s->diag, n->key_at, strlen(k->name), "a register kind needs 'width'");
}

/* `upper:` what becomes of a register's bits above a narrower result: one word for all, or by width. */
static void kind_upper(struct spec *s, struct kind *k, struct ynode *n)
{
    if (!n) return;
    if (n->kind != YNODE_MAP) {
        k->keep = CHOICE(s, n, "zero", "keep") == 1 ? ~0u : 0;
        return;
    }
    for (struct ynode *w = n->child; w; w = w->next)
        if (CHOICE(s, w, "zero", "keep") == 1) k->keep |= (unsigned)strtoul(w->key, NULL, 10);
}

/* `place:` of byte encodings; the immediates' are the tokens of `enc`. */
static void kind_place(struct spec *s, struct kind *k, struct ynode *n)
{
    if (!n) return;
    int p = CHOICE(s, n, "reg", "rm", "vvvv", "opcode", "ib", "iw", "id", "iz", "io", "cb", "cd", "is4");
    if (p >= 0) k->place = p < PLACE_IMM - 1 ? (enum place)(p + 1) : PLACE_IMM;
    if (k->place == PLACE_IMM) k->imm_token = n->text;
}

static void kind_memory(struct spec *s, struct kind *k, struct ynode *n)
{
    if (!n) return;
    k->memory = (enum memory)(CHOICE(s, n, "also", "only", "address") + 1);
    if (k->memory && k->place != PLACE_RM)
        diag_error(&s->diag, n->at, n->len, "only an operand with 'place: rm' may be memory");
}

static void kind_immediate(struct spec *s, struct kind *k, struct ynode *n)
{
    struct ynode *imm = ynode_get(n, "imm");
    if (!imm) return;
    k->is_imm = true;
    k->is_signed = CHOICE(s, imm, "unsigned", "signed") == 1;
}

static void kind_names(struct spec *s, struct kind *k, struct ynode *n)
{
    struct ynode *set = ynode_get(n, "set"), *round = ynode_get(n, "round");
    uint64_t u;
    k->set = set != NULL;
    k->names = node_names(s, set ? set : ynode_get(n, "enum"), &k->nnames);
    k->empty = node_str(s, n, "empty", NULL);
    k->def = kind_default(s, k, ynode_get(n, "default"));
    if (!round) return;
    k->round = need_reg(s, round);
    k->round_dynamic = node_u64(s, n, "dynamic", &u) ? (int)u : -1;
    k->round_max = node_u64(s, n, "max", &u) ? (int)u : 4;
}

void kind_add(struct spec *s, struct ynode *n)
{
    struct kind *k = arena_alloc(&s->arena, sizeof(*k));
    struct ynode *file;
    uint64_t u;
    if (!CHECK_KEYS(s, n, "an operand kind", "file", "width", "upper", "zero", "fixed", "box", "unboxed",
                    "add", "pair", "nonzero", "place", "memory", "imm", "print", "read", "write", "enum",
                    "set", "empty", "default", "round", "dynamic", "max"))
        return;
    *k = (struct kind){.name = n->key, .at = n->key_at, .index = s->nkinds++, .round_max = -1};
    if ((file = ynode_get(n, "file"))) k->file = need_reg(s, file);
    kind_width(s, k, n);
    kind_upper(s, k, ynode_get(n, "upper"));
    kind_place(s, k, ynode_get(n, "place"));
    kind_memory(s, k, ynode_get(n, "memory"));
    kind_immediate(s, k, n);
    kind_names(s, k, n);
    node_unsigned(s, n, "box", &k->box);
    node_u64(s, n, "unboxed", &k->unboxed);
    node_unsigned(s, n, "add", &k->add);
    k->zero = node_u64(s, n, "zero", &u) ? (int)u : -1;
    k->fixed = node_u64(s, n, "fixed", &u) ? (int)u : -1;
    k->pair = node_bool(s, n, "pair");
    k->nonzero = node_bool(s, n, "nonzero");
    k->print = node_str(s, n, "print", "imm");
    k->read = node_str(s, n, "read", NULL);
    k->write = node_str(s, n, "write", NULL);
    if (k->box && !k->unboxed)
        diag_error(&s->diag, n->key_at, strlen(k->name),
                   "a boxed kind needs 'unboxed', what a broken box reads as");
    APPEND(s->kinds, k);
}

struct kind *kind_find(const struct spec *s, const char *name)
{
    for (struct kind *k = s->kinds; k; k = k->next)
        if (!strcmp(k->name, name)) return k;
    return NULL;
}

struct kind *kind_of(struct spec *s, const char *name, unsigned w)
{
    const char *dot = strrchr(name, '.');
    struct kind *k = kind_find(s, name);
    if (k && (!k->open || !w)) return k->open ? NULL : k;
    if (!k && dot) {
        k = kind_find(s, arena_strndup(&s->arena, name, (size_t)(dot - name)));
        if (strcmp(dot + 1, "W")) w = (unsigned)strtoul(dot + 1, NULL, 10);
    }
    if (!k || !k->open || (w != 8 && w != 16 && w != 32 && w != 64 && w != 128)) return NULL;
    if (k->file && w > k->file->width) return NULL;
    const char *full = arena_printf(&s->arena, "%s.%u", k->name, w);
    struct kind *known = kind_find(s, full);
    if (known) return known;
    struct kind *made = arena_alloc(&s->arena, sizeof(*made));
    *made = *k;
    made->name = full;
    made->width = w;
    made->open = false;
    made->next = NULL;
    made->index = s->nkinds++;
    APPEND(s->kinds, made);
    return made;
}

int kind_type(const struct kind *k)
{
    if (k->memory == MEMORY_ADDRESS) return 64;
    return k->width == 128 && !k->pair ? TYPE_V128 : (int)k->width;
}
