#include "harness/page/page.h"

#include <stdlib.h>
#include <string.h>

/* ---- rows by id ---- */

static void subject_begin(struct subject_sums *g, const struct subject *subject)
{
    g->subject = subject;
    g->rows = xcalloc(subject->nrows, sizeof(*g->rows));
    for (g->nslots = 16; g->nslots < 2 * subject->nrows;) g->nslots *= 2;
    g->slots = xcalloc(g->nslots, sizeof(*g->slots));
    for (unsigned r = 0; r < subject->nrows; r++) {
        uint64_t at = hash_str(subject->rows[r].id, 0) % g->nslots;
        while (g->slots[at]) at = (at + 1) % g->nslots;
        g->slots[at] = (uint16_t)(r + 1);
    }
}

static bool is_row(const struct subject_sums *g, unsigned row, const char *text, size_t len)
{
    const char *id = g->subject->rows[row].id;
    return !strncmp(id, text, len) && !id[len];
}

int sums_row(struct subject_sums *g, const char *text, size_t len)
{
    if (is_row(g, g->last, text, len)) return (int)g->last;
    uint64_t at = hash_bytes(text, len, 0) % g->nslots;
    for (; g->slots[at]; at = (at + 1) % g->nslots)
        if (is_row(g, g->slots[at] - 1u, text, len)) return (int)(g->last = g->slots[at] - 1u);
    return -1;
}

int sums_cause_row(struct subject_sums *g, const char *cause)
{
    const char *colon = strstr(cause, ": ");
    return colon ? sums_row(g, cause, (size_t)(colon - cause)) : -1;
}

/* ---- who is blamed ---- */

/* The entry whose name text begins with, as a word; its length into *len. */
static int entry_at(const struct lineup *l, const char *text, size_t *len)
{
    for (unsigned i = 0; i < l->n; i++) {
        *len = strlen(l->entries[i].backend->name);
        if (!strncmp(text, l->entries[i].backend->name, *len) && (!text[*len] || strchr(" ,", text[*len])))
            return (int)i;
    }
    return -1;
}

/* Names joined by ", " in front of " differ…", " alone differs…" (vote.c), or of how one died (pool.c). */
static unsigned parties(const struct lineup *l, const char *text)
{
    unsigned who = 0;
    size_t len;
    for (int i; (i = entry_at(l, text, &len)) >= 0;) {
        who |= 1u << i;
        text += len;
        if (strncmp(text, ", ", 2)) break;
        text += 2;
    }
    return who;
}

unsigned sums_blamed(const struct lineup *l, const char *cause)
{
    static const char hung[] = "no result from ";
    const char *last = cause;
    for (const char *colon = cause; (colon = strstr(colon, ": "));) last = colon += 2;
    if (!strncmp(last, hung, strlen(hung))) last += strlen(hung);
    unsigned who = parties(l, last);
    for (const char *also = last; (also = strstr(also, "; "));) who |= parties(l, also += 2);
    return who;
}

/* ---- sums ---- */

struct page_sums *sums_new(void)
{
    struct page_sums *s = xcalloc(1, sizeof(*s));
    struct subject *all = arena_alloc(&s->arena, SUBJECTS_MAX * sizeof(*all));
    s->n = subjects_make(&s->arena, all);
    for (unsigned i = 0; i < s->n; i++) subject_begin(&s->subjects[i], &all[i]);
    return s;
}

void sums_free(struct page_sums *s)
{
    for (unsigned i = 0; s && i < s->n; i++) {
        free(s->subjects[i].rows);
        free(s->subjects[i].slots);
    }
    if (s) arena_free(&s->arena);
    free(s);
}

static unsigned times_bin(uint32_t micros)
{
    if (micros < TIMES_EXACT) return micros;
    unsigned log = 31 - (unsigned)__builtin_clz(micros); /* from 4 on: TIMES_EXACT is 2^4 */
    unsigned bin = TIMES_EXACT + (log - 4) * TIMES_PER_DOUBLING + (micros >> (log - 2)) % TIMES_PER_DOUBLING;
    return bin < TIMES ? bin : TIMES - 1;
}

uint32_t times_least(unsigned bin)
{
    if (bin < TIMES_EXACT) return bin;
    unsigned doubling = (bin - TIMES_EXACT) / TIMES_PER_DOUBLING,
             quarter = (bin - TIMES_EXACT) % TIMES_PER_DOUBLING;
    return (TIMES_EXACT / TIMES_PER_DOUBLING * (TIMES_PER_DOUBLING + quarter)) << doubling;
}

double times_middle(const struct times *t)
{
    double all = 0, below = 0, sum = 0, weight = 0;
    for (unsigned i = 0; i < TIMES; i++) all += (double)t->n[i];
    for (unsigned i = 0; i < TIMES; i++) {
        double from = below > all / 4 ? below : all / 4, to = below + (double)t->n[i];
        below = to;
        if (to > all * 3 / 4) to = all * 3 / 4;
        if (to <= from) continue;
        sum += (to - from) * ((double)times_least(i) + (double)times_least(i + 1)) / 2;
        weight += to - from;
    }
    return weight > 0 ? sum / weight : 0;
}

/* Where nobody is named, everybody under test who ran is meant. */
static unsigned blamed(const struct lineup *l, const struct record *r)
{
    unsigned who = sums_blamed(l, r->reason);
    for (unsigned i = 0; !who && i < l->n; i++)
        if (!l->entries[i].oracle && (r->ran >> i & 1)) who |= 1u << i;
    return who;
}

static void add_failure(struct subject_sums *g, const struct lineup *l, const struct record *r, int first)
{
    int row = sums_cause_row(g, r->reason);
    if (row < 0) row = first;
    if (row < 0) return;
    unsigned who = l ? blamed(l, r) : 0;
    g->rows[row].failed++;
    for (unsigned i = 0; l && i < l->n; i++) g->rows[row].on[i].failed += who >> i & 1;
}

/* Oracles that stand against the manual, while the case passes: the first line of the detail names them. */
static unsigned dissenters(const struct lineup *l, const struct record *r)
{
    char line[256];
    const char *text = r->detail + strspn(r->detail, " ");
    unsigned oracles = 0;
    if (!r->dissent) return 0;
    snprintf(line, sizeof(line), "%.*s", (int)strcspn(text, "\n"), text);
    for (unsigned i = 0; i < l->n; i++) oracles |= (unsigned)l->entries[i].oracle << i;
    return sums_blamed(l, line) & oracles;
}

static void add_passed(struct row_sum *row, const struct lineup *l, const struct record *r)
{
    bool checked = r->checked & (CHECKED_MANUAL | CHECKED_ORACLE);
    unsigned against = verdict_is_failure(r->verdict) ? 0 : dissenters(l, r);
    for (unsigned i = 0; i < l->n; i++) {
        bool ran = r->ran >> i & 1;
        row->on[i].ran += ran;
        row->on[i].failed += against >> i & 1;
        row->on[i].checked += ran && checked && r->verdict == VERDICT_PASS;
    }
}

void sums_add(struct page_sums *s, const struct lineup *lineup, const struct record *r)
{
    bool failure = verdict_is_failure(r->verdict);
    s->cases++;
    s->failed += failure;
    s->times.n[times_bin(r->micros)]++;
    for (unsigned i = 0; i < s->n; i++) {
        struct subject_sums *g = &s->subjects[i];
        if (strcmp(g->subject->name, r->guest)) continue;
        int row = *r->row ? sums_row(g, r->row, strlen(r->row)) : -1;
        g->cases++;
        if (failure) add_failure(g, lineup, r, row);
        if (row < 0) continue;
        g->rows[row].cases++;
        g->rows[row].skipped += r->verdict == VERDICT_SKIP;
        g->rows[row].times.n[times_bin(r->micros)]++;
        if (lineup) add_passed(&g->rows[row], lineup, r);
    }
}
