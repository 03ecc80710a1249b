/* What a worker process does. It never prints: everything it has to say goes home as a frame. */
#include "harness/run/worker.h"

#include "harness/cover/condition.h"
#include "harness/judge/compare.h"
#include "harness/kinds/kind.h"
#include "harness/run/lost.h"
#include "harness/run/tally.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SEND_AT = 64 * 1024 }; /* bytes of records collected before they are sent */

/* Everything a worker holds. */
struct work {
    const struct case_source *src; /* where cases come from */
    const struct lineup *lineup;   /* who runs them */
    struct activity *act;          /* where the parent sees what is going on */
    struct panel *panel;           /* the lineup, opened */
    struct scribe *scribe;         /* notes what cases cover, or NULL */
    const struct ledger *ledger;   /* where, or NULL */
    void *stream;                  /* the source, opened */
    struct diag diag;              /* what the stream reports */
    uint64_t at;                   /* number of the stream's next case */
    uint64_t last;                 /* when the last case was done, in microseconds */
    struct judgement j;            /* of the current case */
    struct buf bins;               /* what of its row a failing case hit, as text */
    struct buf exit;               /* scratch */
    struct record_coder coder;     /* what the next record is told against: none in another assignment */
    struct buf frames;             /* records not sent yet */
    int in, out;                   /* assignments come, frames go */
};

int write_all(int fd, const void *p, size_t n)
{
    for (const char *at = p; n;) {
        ssize_t k = write(fd, at, n);
        if (k < 0 && errno == EINTR) continue;
        if (k < 0) return -errno;
        at += k;
        n -= (size_t)k;
    }
    return 0;
}

/* One whole assignment; false at the end. */
static bool read_assignment(int fd, struct assignment *a)
{
    char *p = (char *)a;
    for (size_t got = 0; got < sizeof(*a);) {
        ssize_t k = read(fd, p + got, sizeof(*a) - got);
        if (k < 0 && errno == EINTR) continue;
        if (k <= 0) return false;
        got += (size_t)k;
    }
    return true;
}

struct record record_of(const struct test_case *c, uint64_t number, const struct lineup *l,
                        const struct outcome *outcomes, const struct judgement *j, struct buf *exit)
{
    struct record r = {
        .number = number,
        .verdict = j->verdict,
        .checked = j->checked,
        .dissent = j->dissent,
        .nquirks = j->nquirks,
        .line = case_place(c).line,
        .position = c->position,
        .generated = c->generated,
        .id = c->id,
        .guest = case_subject(c),
        .row = c->row     ? c->row->id
               : c->about ? c->about->id
                          : "",
        .ext = c->row         ? c->row->ext
               : c->about     ? c->about->group
               : c->kind      ? "(all of it)"
               : c->steps > 1 ? "(sequences)"
                              : "",
        .file = case_place(c).file,
        .reason = j->verdict == VERDICT_FAIL ? j->signature : j->skip,
        .detail = buf_cstr(&j->detail),
    };
    for (unsigned i = 0; i < j->nquirks; i++) r.quirks[i] = j->quirks[i];
    buf_reset(exit);
    for (unsigned i = 0; outcomes && i < l->n; i++) {
        if (!outcome_usable(&outcomes[i])) continue;
        if (!r.ran) {
            struct cpu_exit plain = outcomes[i].exit;
            plain.value = 0; /* an address says nothing in a list */
            if (c->kind)
                c->kind->ended(c, &outcomes[i], exit);
            else
                describe_exit(c->guest, &plain, exit);
        }
        r.ran |= (uint8_t)(1u << i);
    }
    r.exit = buf_cstr(exit);
    return r;
}

/* The clock is looked at once a case: what it took to read the case is the case's too. */
static uint32_t micros_since(uint64_t *last)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    uint64_t now = (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000,
             took = now > *last ? now - *last : 0;
    *last = now;
    return took > UINT32_MAX ? UINT32_MAX : (uint32_t)took;
}

/* What was covered goes home with the records of the cases that did it: a crash loses both or neither. */
static bool send_frames(struct work *w)
{
    if (w->scribe) scribe_send(w->scribe, &w->frames);
    bool ok = !write_all(w->out, w->frames.p, w->frames.len);
    buf_reset(&w->frames);
    (void)micros_since(&w->last); /* a parent that is slow to listen is not the next case's fault */
    return ok;
}

/* Says what the stream reported, or that it ended early, and gives up. */
static bool stream_failed(struct work *w)
{
    if (!w->diag.errors)
        frame_encode(FRAME_ERROR, "lockstep: a corpus changed while it was being read\n", &w->frames);
    else
        frame_encode(FRAME_ERROR, buf_cstr(&w->diag.text), &w->frames);
    send_frames(w);
    return false;
}

/* Stands the stream before case number n. */
static bool stream_seek(struct work *w, uint64_t n)
{
    if (w->stream && w->at > n) {
        w->src->close(w->stream);
        w->stream = NULL;
    }
    if (!w->stream) {
        w->at = 0;
        w->stream = w->src->open(w->src->arg, &w->diag);
        if (!w->stream) return false;
    }
    if (w->at < n) w->at += w->src->skip(w->stream, n - w->at);
    return w->at == n;
}

/* What a failing case has in common with others is looked for later (cover/condition.h). */
static void note_bins(struct work *w, const struct test_case *c, const struct outcome *outcomes,
                      struct record *r)
{
    if (!w->ledger || !verdict_is_failure(r->verdict)) return;
    buf_reset(&w->bins);
    condition_note(w->ledger, c, w->lineup, outcomes, &w->j, &w->bins);
    r->bins = buf_cstr(&w->bins);
}

/* Which instruction of a longer case killed the backend, as far as that can be told: nobody knows whether it
 * was the first one. */
static void place_loss(struct work *w, const struct test_case *c, unsigned who, struct record *r,
                       struct buf *detail)
{
    struct lost_place place = {.state = xcalloc(c->guest->state_words, sizeof(*place.state))};
    const char *why =
        who < w->lineup->n ? lost_find(w->lineup, who, c, &place) : "it was none that a backend was at";
    r->row = "";
    if (!why) {
        r->row = place.at.row ? place.at.row->id : "(no instruction)";
        describe_place(c, "died in", place.step, &place.at, detail);
        w->j.place = (struct spot){place.at.row, place.at.word, place.at.pc, place.state};
        if (place.at.row) note_bins(w, c, NULL, r);
        w->j.place = (struct spot){0};
    } else {
        buf_printf(detail, "  which instruction it was cannot be told: %s\n", why);
    }
    r->detail = buf_cstr(detail);
    free(place.state);
}

/* The case that killed the worker before this one. */
static bool report_lost(struct work *w, const struct test_case *c, const struct assignment *a)
{
    struct judgement j = {.verdict = (enum verdict)a->verdict, .skip = a->reason};
    unsigned who = a->doing - DOING_BACKEND;
    int quirk = -1;
    if (a->doing >= DOING_BACKEND && who < w->lineup->n && w->lineup->quirks)
        quirk = quirk_expects(w->lineup->quirks, c->id, w->lineup->entries[who].backend, &j.skip);
    if (quirk >= 0) {
        j.verdict = VERDICT_XFAIL;
        j.quirks[j.nquirks++] = (unsigned)quirk;
    }
    struct record r = record_of(c, a->lost, w->lineup, NULL, &j, &w->exit);
    struct buf detail = {0};
    r.micros = a->micros;
    if (c->steps == 1)
        note_bins(w, c, NULL, &r);
    else if (a->verdict == VERDICT_CRASH)
        place_loss(w, c, who, &r, &detail);
    else
        r.row = ""; /* a hang is waited for once: nobody knows which of its instructions it was */
    record_encode(&w->coder, &r, &w->frames);
    buf_free(&detail);
    return send_frames(w); /* now: if a later case kills this worker too, this one must be home */
}

/* Puts what the case is between the first line of the detail and the rest. */
static void introduce(struct work *w, const struct test_case *c)
{
    struct buf whole = {0};
    const char *rest = strchr(w->j.detail.p, '\n') + 1;
    buf_add(&whole, w->j.detail.p, (size_t)(rest - w->j.detail.p));
    describe_case(c, &whole);
    buf_str(&whole, rest);
    buf_free(&w->j.detail);
    w->j.detail = whole;
}

static void show_id(struct activity *act, const char *id)
{
    size_t n = strnlen(id, sizeof(act->id) - 1);
    memcpy(act->id, id, n);
    act->id[n] = 0;
}

static bool run_case(struct work *w, const struct test_case *c)
{
    struct outcome outcomes[LINEUP_MAX];
    show_id(w->act, c->id);
    w->act->number = w->at;
    w->act->doing = DOING_JUDGE;
    panel_judge(w->panel, c, w->act, outcomes, &w->j);
    w->act->doing = DOING_NOTHING;
    bool ran = !(c->row && c->row->absent);
    if (w->j.detail.len) introduce(w, c);
    struct record r = record_of(c, w->at, w->lineup, ran ? outcomes : NULL, &w->j, &w->exit);
    r.micros = micros_since(&w->last);
    note_bins(w, c, outcomes, &r);
    record_encode(&w->coder, &r, &w->frames);
    if (w->scribe && ran) scribe_note(w->scribe, c, outcomes, &w->j);
    return w->frames.len < SEND_AT || send_frames(w);
}

static bool do_assignment(struct work *w, const struct assignment *a)
{
    w->coder.afresh = true;
    if (!stream_seek(w, a->first)) return stream_failed(w);
    (void)micros_since(&w->last);
    for (uint64_t end = a->first + a->count; w->at < end; w->at++) {
        const struct test_case *c;
        if (w->src->next(w->stream, &c) != 1) return stream_failed(w);
        if (!(w->at == a->lost ? report_lost(w, c, a) : run_case(w, c))) return false;
    }
    if (w->scribe) scribe_send(w->scribe, &w->frames); /* nothing may follow */
    frame_encode(FRAME_DONE, "", &w->frames);
    return send_frames(w);
}

void worker_main(const struct case_source *src, const struct lineup *l, struct ledger *ledger,
                 struct activity *act, int in, int out)
{
    struct work w = {
        .src = src, .lineup = l, .act = act, .panel = panel_open(l), .in = in, .out = out, .ledger = ledger};
    struct assignment a;
    unsigned words = 0; /* of the largest state */
    if (ledger) w.scribe = scribe_open(ledger, l);
    for (unsigned i = 0; guest_all[i]; i++)
        if (guest_all[i]->state_words > words) words = guest_all[i]->state_words;
    if (ledger) w.j.before = xcalloc(words, sizeof(*w.j.before));
    while (read_assignment(in, &a) && a.count)
        if (!do_assignment(&w, &a)) break;
    if (w.stream) src->close(w.stream);
    panel_close(w.panel);
    scribe_close(w.scribe);
    diag_free(&w.diag);
    buf_free(&w.j.detail);
    free(w.j.before);
    buf_free(&w.bins);
    buf_free(&w.exit);
    record_coder_free(&w.coder);
    buf_free(&w.frames);
}
