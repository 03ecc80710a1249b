/* State that decides whether a row runs at all: the modes that its extension needs, the registers that its
 * conditions of raise(…) name, and registers that say themselves what cases put there (`test:` in
 * state.yaml: a reservation). Found in the tables and in the text of the semantics; a case sets each as reset
 * leaves it or otherwise, all of them crossed. */
#include "harness/generate/generate.h"

#include <stdlib.h>
#include <string.h>

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool gen_row_names(const struct guest_row *row, const char *name, bool assigned)
{
    size_t n = strlen(name);
    for (const char *s = row->sem ? strstr(row->sem, name) : NULL; s; s = strstr(s + 1, name)) {
        if (is_name_char(s[n]) || (s > row->sem && is_name_char(s[-1]))) continue;
        const char *next = s + n + strspn(s + n, " ");
        if ((*next == '=' && next[1] != '=') == assigned) return true;
    }
    return false;
}

static uint64_t slice(const struct gen_switch *w, uint64_t v)
{
    return v >> w->lo & bits_mask(w->width);
}

static void add_value(struct gen_switch *w, uint64_t v)
{
    v &= bits_mask(w->width);
    for (unsigned i = 0; i < w->n; i++)
        if (w->v[i] == v) return;
    if (w->n < GEN_SWITCH_VALUES) w->v[w->n++] = v;
}

/* These bits of the register: met before, or new, with what reset leaves as their first value. */
static struct gen_switch *add(struct gen_plan *p, const struct guest_reg *r, unsigned lo, unsigned width,
                              bool faults)
{
    for (unsigned i = 0; i < p->nswitches; i++)
        if (p->switches[i].reg == r && p->switches[i].lo == lo && p->switches[i].width == width)
            return &p->switches[i];
    if (p->nswitches == GEN_MAX_SWITCHES) return NULL;
    struct gen_switch *w = &p->switches[p->nswitches++];
    *w = (struct gen_switch){.reg = r, .lo = (uint8_t)lo, .width = (uint8_t)width, .faults = faults};
    add_value(w, slice(w, r->reset));
    return w;
}

/* A row of an extension that needs a mode, and of every mode one that accesses CSRs, for some of them need
 * one, too: the mode does not hold. */
static void find_modes(struct gen_plan *p)
{
    const struct guest *g = p->guest;
    for (unsigned i = 0; i < g->nmodes; i++) {
        const struct guest_mode *m = &g->modes[i];
        if (!(p->row->needs >> i & 1) && !(p->row->effects & EFFECT_CSR)) continue;
        struct gen_switch *w = add(p, m->reg, m->lo, m->width, true);
        if (w) add_value(w, m->equal ? m->number + 1 : m->number);
    }
}

/* "[7]", "[5:4]" or nothing behind a name. */
static const char *read_slice(const char *s, const struct guest_reg *r, unsigned *lo, unsigned *width)
{
    char *end;
    *lo = 0;
    *width = r->width;
    if (*s != '[') return s;
    unsigned hi = (unsigned)strtoul(s + 1, &end, 0);
    *lo = *end == ':' ? (unsigned)strtoul(end + 1, &end, 0) : hi;
    *width = hi - *lo + 1;
    return *end == ']' ? end + 1 : end;
}

/* A register at s in a condition: its bits none and all, and, where it is compared, what it is compared with.
 */
static const char *read_register(struct gen_plan *p, const struct guest_reg *r, const char *s)
{
    unsigned lo, width;
    s = read_slice(s, r, &lo, &width);
    struct gen_switch *w = width <= 64 ? add(p, r, lo, width, true) : NULL;
    if (!w) return s;
    s += strspn(s, " ");
    bool compares = (s[0] == '=' || s[0] == '!') && s[1] == '=';
    char *end;
    uint64_t v = compares ? strtoull(s + 2, &end, 0) : 0;
    if (compares && end > s + 2) {
        add_value(w, v);
    } else {
        add_value(w, 0);
        add_value(w, ~0ull);
    }
    return s;
}

static void read_condition(struct gen_plan *p, const char *s)
{
    for (int depth = 1; *s && depth;) {
        size_t n = 0;
        depth += (*s == '(') - (*s == ')');
        while (is_name_char(s[n])) n++;
        if (!n) {
            s++;
            continue;
        }
        struct guest_reg_ref r = guest_reg_find_span(p->guest, s, n);
        bool single = r.reg && r.reg->count == 1 && r.reg->words == 1 && r.reg->word != p->guest->pc_word;
        s = single ? read_register(p, r.reg, s + n) : s + n;
    }
}

void gen_find_switches(struct gen_plan *p)
{
    const char *raise = "raise(", *sem = p->row->sem ? p->row->sem : "";
    find_modes(p);
    for (const char *s = sem; (s = strstr(s, raise));) {
        s += strlen(raise);
        read_condition(p, s);
    }
    for (unsigned i = 0; i < p->guest->nregs; i++) {
        const struct guest_reg *r = &p->guest->regs[i];
        if (r->test == TEST_NONE || !gen_row_names(p->row, r->name, false)) continue;
        struct gen_switch *w = add(p, r, 0, r->width, false);
        if (!w) continue;
        w->test = r->test;
        w->n = 2;
    }
    p->settings = 1;
    for (unsigned i = 0; i < p->nswitches; i++) p->settings *= p->switches[i].n;
}

/* Mostly everything is as reset leaves it. */
enum { LEAST = 16, SELDOM = 4 };

void gen_switch_values(const struct gen_plan *p, uint64_t n, uint8_t which[GEN_MAX_SWITCHES])
{
    unsigned all = p->settings * SELDOM > LEAST ? p->settings * SELDOM : LEAST;
    unsigned setting = p->nswitches && !gen_crosses_classes(p, n) ? gen_dim(p, DIM_SWITCH, all, n) : 0;
    if (setting >= p->settings) setting = 0;
    for (unsigned i = 0; i < p->nswitches; i++) {
        which[i] = (uint8_t)(setting % p->switches[i].n);
        setting /= p->switches[i].n;
    }
}
