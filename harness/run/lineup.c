/* A lineup opened: one runner for each backend and guest, made when the first case needs it. */
#include "harness/run/lineup.h"

#include "harness/judge/compare.h"
#include "harness/kinds/scenario.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { PANEL_GUESTS = 4, PANEL_SUBJECTS = SUBJECTS_MAX, ACTIVITY_STRIDE = 128 };
_Static_assert(sizeof(struct activity) <= ACTIVITY_STRIDE, "two workers share no cache line");

struct seat {
    const struct guest *guest; /* NULL: not opened yet */
    struct runner *runner;     /* NULL: it cannot run this guest */
    const char *why;           /* the sentence why not */
};

/* A seat of another kind of case. */
struct kind_seat {
    bool opened;     /* it was tried */
    void *seat;      /* as the kind gave it; NULL: it cannot run here */
    const char *why; /* the sentence why not */
};

struct panel {
    const struct lineup *lineup;                 /* who sits here */
    bool terse;                                  /* no trace around a difference */
    unsigned muted[LINEUP_MAX];                  /* by entry: 1 + the quirk row that muted it; 0: it speaks */
    uint64_t deaf;                               /* bit per entry: nobody listens to it for now */
    struct seat seats[LINEUP_MAX][PANEL_GUESTS]; /* by entry, guests in the order they were met */
    struct kind_seat others[LINEUP_MAX][PANEL_SUBJECTS]; /* by entry of another kind and number of subject */
};

struct activity *activity_share(unsigned n)
{
    void *p =
        mmap(NULL, (size_t)n * ACTIVITY_STRIDE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

void activity_unshare(struct activity *first, unsigned n)
{
    if (first) munmap(first, (size_t)n * ACTIVITY_STRIDE);
}

struct activity *activity_at(struct activity *first, unsigned i)
{
    return (struct activity *)((char *)first + (size_t)i * ACTIVITY_STRIDE);
}

struct panel *panel_open(const struct lineup *l)
{
    BUG_ON(l->n > LINEUP_MAX);
    struct panel *p = xcalloc(1, sizeof(*p));
    p->lineup = l;
    return p;
}

void panel_terse(struct panel *p)
{
    p->terse = true;
}

void panel_close(struct panel *p)
{
    if (!p) return;
    for (unsigned i = 0; i < LINEUP_MAX; i++)
        for (unsigned k = 0; k < PANEL_GUESTS; k++) runner_close(p->seats[i][k].runner);
    for (unsigned i = 0; i < p->lineup->n; i++)
        for (unsigned k = 0; k < PANEL_SUBJECTS; k++)
            if (p->others[i][k].seat) p->lineup->entries[i].kind->close(p->others[i][k].seat);
    free(p);
}

static struct seat *seat_find(struct panel *p, unsigned entry, const struct guest *g)
{
    for (unsigned i = 0; i < PANEL_GUESTS; i++) {
        struct seat *s = &p->seats[entry][i];
        if (s->guest == g) return s;
        if (s->guest) continue;
        s->guest = g;
        const struct lineup_entry *e = &p->lineup->entries[entry];
        const void *options = e->backend == &backend_jit ? p->lineup->jit : NULL;
        s->runner = runner_open_with(e->backend, options, g, &s->why);
        return s;
    }
    BUG("more than %d guests", PANEL_GUESTS);
}

static void doing(struct activity *act, uint32_t what)
{
    if (act) act->doing = what;
}

static void run_other(struct panel *p, unsigned entry, const struct test_case *c, struct outcome *o)
{
    const struct lineup_entry *e = &p->lineup->entries[entry];
    struct kind_seat *s = &p->others[entry][c->subject];
    BUG_ON(!e->kind);
    if (!s->opened) {
        s->opened = true;
        s->why = "it cannot run here";
        s->seat = e->kind->open(e->backend, c->subject, &s->why);
    }
    *o = (struct outcome){.backend = e->backend, .unsupported = s->seat ? NULL : s->why};
    if (s->seat) e->kind->run(s->seat, c, o);
}

static void run_entry(struct panel *p, unsigned entry, const struct test_case *c, struct outcome *o)
{
    const struct lineup_entry *e = &p->lineup->entries[entry];
    if (unlikely(e->kind != c->kind)) {
        *o = (struct outcome){.backend = e->backend, .unsupported = "other kinds of cases", .absent = true};
        return;
    }
    unsigned quirk = 0;
    const char *why = p->lineup->quirks ? quirk_unsupported(p->lineup->quirks, e->backend, c, &quirk) : NULL;
    if (why) {
        *o = (struct outcome){.backend = e->backend, .unsupported = why, .quirk = quirk + 1};
        return;
    }
    if (unlikely(c->kind)) {
        run_other(p, entry, c, o);
        return;
    }
    struct seat *s = seat_find(p, entry, c->guest);
    if (s->runner)
        runner_run(s->runner, c, o);
    else
        *o = (struct outcome){.backend = e->backend, .unsupported = s->why};
}

void panel_mute(struct panel *p, unsigned entry, unsigned quirk)
{
    p->muted[entry] = quirk + 1;
}

void panel_hear(struct panel *p, uint64_t entries)
{
    p->deaf = ~entries;
}

void panel_forget(struct panel *p)
{
    for (unsigned i = 0; i < LINEUP_MAX; i++)
        for (unsigned k = 0; k < PANEL_GUESTS; k++)
            if (p->seats[i][k].runner) runner_forget(p->seats[i][k].runner);
}

void panel_run(struct panel *p, const struct test_case *c, struct activity *act,
               struct outcome out[LINEUP_MAX])
{
    for (unsigned i = 0; i < p->lineup->n; i++) {
        const struct lineup_entry *e = &p->lineup->entries[i];
        doing(act, DOING_BACKEND + i);
        run_entry(p, i, c, &out[i]);
        out[i].oracle = e->oracle;
        out[i].muted = p->muted[i] || p->deaf >> i & 1;
        if (p->muted[i]) out[i].quirk = p->muted[i];
    }
    doing(act, DOING_JUDGE);
}

/* The verdict after `steps`, quirks aside: some backend under test disagrees with another result. */
static enum verdict judge_after(struct panel *p, const struct test_case *c, uint64_t steps,
                                struct activity *act, struct outcome out[LINEUP_MAX], struct judgement *j)
{
    struct test_case cut = *c;
    cut.steps = steps;
    cut.has_truth = false; /* it speaks of the end only */
    panel_forget(p);
    panel_run(p, &cut, act, out);
    judge(&cut, out, p->lineup->n, p->lineup->quirks, j);
    return j->verdict;
}

/* The instruction to blame, with the state before it, for whoever wants to know more about it. */
static void keep_place(struct panel *p, const struct test_case *c, const struct failure_place *at,
                       struct activity *act, struct outcome out[LINEUP_MAX], struct judgement *j)
{
    struct judgement there = {0};
    unsigned i = 0;
    (void)judge_after(p, c, at->from - 1, act, out, &there);
    buf_free(&there.detail);
    while (i < p->lineup->n && (!outcome_usable(&out[i]) || !out[i].state)) i++;
    if (i == p->lineup->n) return;
    memcpy(j->before, out[i].state, c->guest->state_words * sizeof(*j->before));
    j->place = (struct spot){at->row, at->word, at->pc, j->before};
}

/* Finds the first instruction after which a longer case goes apart, and what it did. */
static void find_divergence(struct panel *p, const struct test_case *c, uint64_t step, struct activity *act,
                            struct judgement *j)
{
    struct outcome out[LINEUP_MAX];
    struct findings f = {0};
    struct judgement there = {.findings = &f};
    struct failure_place at = {.step = step, .from = step};
    unsigned i = 0;
    if (!at.step) return;
    (void)judge_after(p, c, at.step - 1, act, out, &there);
    while (i < p->lineup->n && !outcome_usable(&out[i])) i++;
    bool found = i < p->lineup->n && out[i].state && divergence_place(c, &out[i], &at);
    if (found && judge_after(p, c, at.step, act, out, &there) == VERDICT_FAIL) {
        describe_place(c, "first difference after", at.step, &at, &j->detail);
        if (!p->terse) divergence_show(p, c, at.step, p->lineup->n, act, &j->detail);
        struct findings cause;
        bool other = divergence_blame(p, c, p->lineup->n, act, &f, &at, &cause);
        if (j->before) keep_place(p, c, &at, act, out, j);
        (void)judge_after(p, c, at.step, act, out, &there);
        if (other) f = cause;
        signature_write(c, &at, out, p->lineup->n, &f, buf_cstr(&there.detail), j->signature,
                        sizeof(j->signature));
    }
    j->step = at.step;
    buf_free(&there.detail);
}

/* Only the manual contradicts a longer case, and it speaks of the end: the instruction that goes wrong is the
 * one that wrote last what differs, or the one that faulted. */
static void find_writer(struct panel *p, const struct test_case *c, const struct findings *f,
                        struct activity *act, struct outcome out[LINEUP_MAX], struct judgement *j)
{
    struct findings cause = *f;
    unsigned i = 0;
    while (i < p->lineup->n && (out[i].oracle || !outcome_usable(&out[i]) || !out[i].state)) i++;
    if (i == p->lineup->n) return;
    struct failure_place at = {.step = out[i].exit.executed + 1, .from = out[i].exit.executed + 1};
    bool ended = out[i].exit.kind == EXIT_BUDGET;
    bool found =
        ended ? divergence_blame(p, c, p->lineup->n, act, f, &at, &cause) : divergence_place(c, &out[i], &at);
    if (found)
        describe_place(c, ended ? "last to write what differs was" : "ended by", at.from, &at, &j->detail);
    if (found && j->before) keep_place(p, c, &at, act, out, j);
    panel_forget(p);
    panel_run(p, c, act, out);
    if (found)
        signature_write(c, &at, out, p->lineup->n, &cause, buf_cstr(&j->detail), j->signature,
                        sizeof(j->signature));
}

void panel_judge(struct panel *p, const struct test_case *c, struct activity *act,
                 struct outcome out[LINEUP_MAX], struct judgement *j)
{
    struct findings f;
    struct failure_place first = {.pc = c->code_at};
    if (c->row && c->row->absent) { /* nothing to learn from running it */
        judge(c, out, 0, p->lineup->quirks, j);
        return;
    }
    memset(p->muted, 0, sizeof(p->muted));
    p->deaf = 0;
    panel_run(p, c, act, out);
    j->findings = &f;
    judge(c, out, p->lineup->n, p->lineup->quirks, j);
    uint64_t step = 0;
    if (c->steps > 1 && (j->verdict == VERDICT_FAIL || j->dissent))
        step = panel_excuse(p, p->lineup, c, act, out, j);
    j->findings = NULL;
    if (judge_expected(c, out, p->lineup->n, p->lineup->quirks, !p->lineup->lenient, j)) return;
    if (j->verdict != VERDICT_FAIL) return;
    if (c->kind) {
        scenario_signature(c, &f, buf_cstr(&j->detail), j->signature, sizeof(j->signature));
        j->step = scenario_step(c, &f);
        return;
    }
    memcpy(&first.word, c->code, c->code_size < sizeof(first.word) ? c->code_size : sizeof(first.word));
    if (c->guest->decode(first.word) >= 0) first.row = &c->guest->rows[c->guest->decode(first.word)];
    signature_write(c, &first, out, p->lineup->n, &f, buf_cstr(&j->detail), j->signature,
                    sizeof(j->signature));
    if (c->steps < 2) {
        j->step = 1;
        return;
    }
    if (!step) {
        find_writer(p, c, &f, act, out, j);
        return;
    }
    find_divergence(p, c, step, act, j);
    panel_forget(p);
    panel_run(p, c, act, out); /* callers look at the whole case's results */
}

static bool differs_after(struct panel *p, const struct test_case *c, uint64_t steps, struct activity *act)
{
    struct outcome out[LINEUP_MAX];
    struct judgement j = {0};
    enum verdict v = judge_after(p, c, steps, act, out, &j);
    buf_free(&j.detail);
    return v == VERDICT_FAIL;
}

uint64_t panel_first_divergence(struct panel *p, const struct test_case *c, struct activity *act)
{
    for (unsigned i = 0; i < p->lineup->n; i++)
        if (!p->lineup->entries[i].backend->exact_budget) return 0;
    /* a difference stays once it is there, but for what later instructions overwrite: good enough to search
     * by */
    uint64_t good = 0, bad = c->steps;
    if (!differs_after(p, c, bad, act)) return 0;
    while (bad - good > 1) {
        uint64_t mid = good + (bad - good) / 2;
        if (differs_after(p, c, mid, act))
            bad = mid;
        else
            good = mid;
    }
    return bad;
}
