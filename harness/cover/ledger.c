/* The ledger's memory: cells by backend, row and bin, made once for every subject. */
#include "harness/cover/ledger.h"

#include "harness/corpus/glob.h"
#include "harness/kinds/kind.h"

#include <stdlib.h>
#include <string.h>

/* How many bins a row has; those of instructions are made here. */
static unsigned count_bins(struct ledger *l, struct ledger_subject *g, unsigned row)
{
    const struct subject *s = g->subject;
    if (s->rows[row].absent) return 0;
    if (!s->guest) return s->kind->bins(s->number, row);
    g->bins[row] = row < s->nrows ? bins_make(s->guest, row, &l->arena) : flows_make(s->guest, &l->arena);
    return g->bins[row]->n;
}

static void subject_open(struct ledger *l, const struct subject *s)
{
    struct ledger_subject *g = &l->subjects[l->nsubjects++];
    g->subject = s;
    if (s->guest) g->bins = arena_alloc(&l->arena, ledger_rows(g) * sizeof(*g->bins));
    g->nbins = arena_alloc(&l->arena, ledger_rows(g) * sizeof(*g->nbins));
    g->first = arena_alloc(&l->arena, ledger_rows(g) * sizeof(*g->first));
    for (unsigned r = 0; r < ledger_rows(g); r++) {
        unsigned n = count_bins(l, g, r);
        BUG_ON(n > BINS_MAX);
        g->first[r] = g->ncells;
        g->nbins[r] = (uint16_t)n;
        g->ncells += n;
    }
}

void ledger_bin_name(const struct ledger_subject *g, unsigned row, unsigned bin, struct buf *out)
{
    if (g->bins)
        bins_name(g->bins[row], bin, out);
    else
        g->subject->kind->bin_name(g->subject->number, row, bin, out);
}

uint64_t ledger_hash(const struct ledger_subject *g)
{
    if (g->bins) return bins_hash(g->subject->guest, g->bins);
    struct buf name = {0};
    uint64_t hash = hash_str(g->subject->name, 0);
    for (unsigned r = 0; r < ledger_rows(g); r++) {
        hash = hash_str(g->subject->rows[r].id, hash);
        for (unsigned i = 0; i < g->nbins[r]; i++) {
            buf_reset(&name);
            ledger_bin_name(g, r, i, &name);
            hash = hash_str(buf_cstr(&name), hash);
        }
    }
    buf_free(&name);
    return hash;
}

bool ledger_shows(const struct ledger *l, unsigned subject)
{
    const struct ledger_subject *g = &l->subjects[subject];
    return g->serving || (!l->nbackends && g->subject->guest);
}

static int name_add(struct ledger *l, const char **names, unsigned *n, unsigned max, const char *name)
{
    for (unsigned i = 0; i < *n; i++)
        if (!strcmp(names[i], name)) return (int)i;
    if (*n == max) return -1;
    names[*n] = arena_strdup(&l->arena, name);
    return (int)(*n)++;
}

int ledger_backend(struct ledger *l, const char *name)
{
    unsigned before = l->nbackends;
    int b = name_add(l, l->backends, &l->nbackends, LEDGER_BACKENDS, name);
    const struct case_kind *kind = kind_of_name(name);
    for (unsigned i = 0; i < l->nsubjects && l->nbackends > before; i++) {
        struct ledger_subject *g = &l->subjects[i];
        g->serving |= (unsigned)(g->subject->kind == kind) << b;
        g->cells[b] = arena_alloc(&l->arena, g->ncells * sizeof(*g->cells[b]));
        g->cases[b] = arena_alloc(&l->arena, ledger_rows(g) * sizeof(*g->cases[b]));
    }
    return b;
}

int ledger_outsider(struct ledger *l, const char *name)
{
    return name_add(l, l->outsiders, &l->noutsiders, LEDGER_OUTSIDERS, name);
}

struct ledger *ledger_open(const struct lineup *lineup)
{
    struct ledger *l = xcalloc(1, sizeof(*l));
    struct subject *all = arena_alloc(&l->arena, SUBJECTS_MAX * sizeof(*all));
    unsigned n = subjects_make(&l->arena, all);
    for (unsigned i = 0; i < n; i++) subject_open(l, &all[i]);
    (void)ledger_outsider(l, "manual");
    for (unsigned i = 0; lineup && i < lineup->n; i++) {
        const struct lineup_entry *e = &lineup->entries[i];
        (void)(e->oracle ? ledger_outsider : ledger_backend)(l, e->backend->name);
    }
    return l;
}

unsigned ledger_select(const struct ledger_subject *g, const char *pattern, bool absent, uint64_t *rows)
{
    unsigned n = subject_select(g->subject, pattern, absent, rows);
    for (unsigned r = g->subject->nrows; r < ledger_rows(g); r++) {
        if (!glob_match(pattern, ledger_row(g, r)->id)) continue;
        rows[r / 64] |= 1ull << (r % 64);
        n++;
    }
    return n;
}

void ledger_free(struct ledger *l)
{
    if (!l) return;
    arena_free(&l->arena);
    free(l);
}
