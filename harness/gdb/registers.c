/* Registers in the order of the target description (gdb manual, G.5), out of the guest's tables. */
#include "harness/gdb/gdb.h"

#include <string.h>

/* A file of registers that gdb gets to see. */
struct shown {
    const char *guest;   /* whose */
    const char *file;    /* in the guest's tables */
    const char *feature; /* standard feature of gdb it belongs to; those of one stand together */
    const char *type;    /* gdb's */
    const char *above;   /* another that stands above it, both being one for gdb, called.. */
    const char *name;    /* ..this; or NULL */
};

/* gdb knows an architecture by its name here, and its registers by feature and name. */
static const struct shown shown[] = {
    {"riscv64", "x", "org.gnu.gdb.riscv.cpu", "int", NULL, NULL},
    {"riscv64", "pc", "org.gnu.gdb.riscv.cpu", "code_ptr", NULL, NULL},
    {"riscv64", "f", "org.gnu.gdb.riscv.fpu", "ieee_double", NULL, NULL},
    {"riscv64", "fflags", "org.gnu.gdb.riscv.fpu", "int", NULL, NULL},
    {"riscv64", "frm", "org.gnu.gdb.riscv.fpu", "int", NULL, NULL},
    {"riscv64", "fflags", "org.gnu.gdb.riscv.fpu", "int", "frm", "fcsr"},
};
static const struct {
    const char *guest, *arch; /* our name, gdb's */
} arches[] = {{"riscv64", "riscv:rv64"}};

static const struct guest_reg *reg_of(const struct guest *g, const char *name)
{
    for (unsigned i = 0; i < g->nregs; i++)
        if (!strcmp(g->regs[i].name, name)) return &g->regs[i];
    return NULL;
}

static const struct guest_reg *file_of(const struct guest *g, const struct shown *s)
{
    return strcmp(s->guest, g->name) ? NULL : reg_of(g, s->file);
}

/* As gdb sees it: state registers narrower than a word have 32 bits. */
static unsigned size_of(const struct guest_reg *r)
{
    return r->width > 32 ? (r->width + 7) / 8 : 4;
}

void registers_xml(const struct guest *g, struct buf *out)
{
    const char *feature = NULL;
    buf_str(out,
            "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\"><target version=\"1.0\">");
    for (size_t i = 0; i < ARRAY_LEN(arches); i++)
        if (!strcmp(arches[i].guest, g->name))
            buf_printf(out, "<architecture>%s</architecture>", arches[i].arch);
    for (size_t i = 0; i < ARRAY_LEN(shown); i++) {
        const struct guest_reg *r = file_of(g, &shown[i]);
        if (!r) continue;
        if (!feature || strcmp(feature, shown[i].feature))
            buf_printf(out, "%s<feature name=\"%s\">", feature ? "</feature>" : "", shown[i].feature);
        feature = shown[i].feature;
        for (unsigned k = 0; k < r->count; k++)
            buf_printf(out, "<reg name=\"%s\" bitsize=\"%u\" type=\"%s\"/>",
                       shown[i].name ? shown[i].name : guest_reg_name(r, k), size_of(r) * 8, shown[i].type);
    }
    buf_printf(out, "%s</target>", feature ? "</feature>" : "");
}

/* One register of gdb's. */
struct place {
    struct guest_reg_ref ref;   /* of the guest */
    struct guest_reg_ref above; /* what stands above its bits, or .reg NULL */
    unsigned size;              /* bytes for gdb */
};

static bool find(const struct guest *g, unsigned n, struct place *p)
{
    for (size_t i = 0; i < ARRAY_LEN(shown); i++) {
        const struct guest_reg *r = file_of(g, &shown[i]);
        if (!r) continue;
        if (n < r->count) {
            *p = (struct place){.ref = {r, n}, .size = size_of(r)};
            if (shown[i].above) p->above.reg = reg_of(g, shown[i].above);
            return true;
        }
        n -= r->count;
    }
    return false;
}

bool registers_one(struct user_thread *t, unsigned n, struct buf *out)
{
    const struct guest *g = t->p->guest;
    struct place p;
    if (!find(g, n, &p)) return false;
    const uint64_t *words = guest_reg_words(g, t->cpu->state, p.ref);
    uint64_t both = *words;
    if (p.above.reg) both |= *guest_reg_words(g, t->cpu->state, p.above) << p.ref.reg->width;
    packet_hex(out, p.above.reg ? &both : words, p.size);
    return true;
}

bool registers_set_one(struct user_thread *t, unsigned n, const char *hex)
{
    const struct guest *g = t->p->guest;
    struct place p;
    uint64_t bytes[8] = {0};
    if (!find(g, n, &p) || packet_unhex(hex, bytes, p.size) != p.size) return false;
    if ((int)p.ref.index == p.ref.reg->zero) return true; /* always zero */
    unsigned width = p.ref.reg->width;
    if (p.above.reg)
        *guest_reg_words(g, t->cpu->state, p.above) = bytes[0] >> width & bits_mask(p.above.reg->width);
    if (width < 64) bytes[0] &= bits_mask(width);
    memcpy(guest_reg_words(g, t->cpu->state, p.ref), bytes, width < 64 ? sizeof(bytes[0]) : p.size);
    return true;
}

void registers_all(struct user_thread *t, struct buf *out)
{
    for (unsigned n = 0; registers_one(t, n, out); n++) continue;
}

bool registers_set_all(struct user_thread *t, const char *hex)
{
    struct place p;
    for (unsigned n = 0; find(t->p->guest, n, &p); n++, hex += (size_t)p.size * 2)
        if (!registers_set_one(t, n, hex)) return false;
    return true;
}
