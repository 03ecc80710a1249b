/* Registers in the order of the target description (gdb manual, G.5), out of the guest's tables. */
#include "harness/gdb/gdb.h"

#include <string.h>

/* A file of registers that gdb gets to see. */
struct shown {
    const char *guest;   /* whose */
    const char *file;    /* in the guest's tables */
    const char *feature; /* standard feature of gdb it belongs to; those of one stand together */
    const char *type;    /* gdb's */
};

/* gdb knows an architecture by its name here, and its registers by feature and name. */
static const struct shown shown[] = {
    {"riscv64", "x", "org.gnu.gdb.riscv.cpu", "int"},
    {"riscv64", "pc", "org.gnu.gdb.riscv.cpu", "code_ptr"},
    {"riscv64", "f", "org.gnu.gdb.riscv.fpu", "ieee_double"},
    {"riscv64", "fflags", "org.gnu.gdb.riscv.fpu", "int"},
    {"riscv64", "frm", "org.gnu.gdb.riscv.fpu", "int"},
};
static const struct {
    const char *guest, *arch; /* our name, gdb's */
} arches[] = {{"riscv64", "riscv:rv64"}};

static const struct guest_reg *file_of(const struct guest *g, const struct shown *s)
{
    if (strcmp(s->guest, g->name)) return NULL;
    for (unsigned i = 0; i < g->nregs; i++)
        if (!strcmp(g->regs[i].name, s->file)) return &g->regs[i];
    return NULL;
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
            buf_printf(out, "<reg name=\"%s\" bitsize=\"%u\" type=\"%s\"/>", guest_reg_name(r, k),
                       size_of(r) * 8, shown[i].type);
    }
    buf_printf(out, "%s</target>", feature ? "</feature>" : "");
}

/* Register number n: its words in the thread's state and its size for gdb. NULL: no such register. */
static uint64_t *find(struct user_thread *t, unsigned n, unsigned *size, const struct guest_reg **file)
{
    const struct guest *g = t->p->guest;
    for (size_t i = 0; i < ARRAY_LEN(shown); i++) {
        const struct guest_reg *r = file_of(g, &shown[i]);
        if (!r) continue;
        if (n < r->count) {
            *size = size_of(r);
            if (file) *file = r;
            if ((int)n == r->zero && file) *file = NULL;
            return guest_reg_words(g, t->cpu->state, (struct guest_reg_ref){r, n});
        }
        n -= r->count;
    }
    return NULL;
}

bool registers_one(struct user_thread *t, unsigned n, struct buf *out)
{
    unsigned size;
    const uint64_t *words = find(t, n, &size, NULL);
    if (words) packet_hex(out, words, size);
    return words != NULL;
}

bool registers_set_one(struct user_thread *t, unsigned n, const char *hex)
{
    unsigned size;
    const struct guest_reg *file;
    uint8_t bytes[64] = {0};
    uint64_t *words = find(t, n, &size, &file);
    if (!words || packet_unhex(hex, bytes, size) != size) return false;
    if (!file) return true; /* always zero */
    if (file->width < 64) {
        uint64_t v;
        memcpy(&v, bytes, 8);
        v &= bits_mask(file->width);
        memcpy(bytes, &v, 8);
        size = 8;
    }
    memcpy(words, bytes, size);
    return true;
}

void registers_all(struct user_thread *t, struct buf *out)
{
    for (unsigned n = 0; registers_one(t, n, out); n++) continue;
}

bool registers_set_all(struct user_thread *t, const char *hex)
{
    unsigned size;
    for (unsigned n = 0; find(t, n, &size, NULL); n++, hex += (size_t)size * 2)
        if (!registers_set_one(t, n, hex)) return false;
    return true;
}
