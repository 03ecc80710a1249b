#include "harness/run/status.h"

#include "harness/report/report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

static const double live_every = 0.1, plain_every = 10; /* seconds between two lines */
static const double left_from = 1, slow_from = 0.2;     /* seconds before these say anything */

double status_now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

/* A stream without a descriptor, as tests have it, is no terminal. */
static bool is_terminal(FILE *f)
{
    int fd = fileno(f);
    return fd >= 0 && isatty(fd);
}

bool status_colour(FILE *f)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    return is_terminal(f) && !(no && *no) && !(term && !strcmp(term, "dumb"));
}

static unsigned terminal_width(FILE *f)
{
    struct winsize ws;
    return !ioctl(fileno(f), TIOCGWINSZ, &ws) && ws.ws_col ? ws.ws_col : 80;
}

void status_start(struct status *s, FILE *err, bool quiet, uint64_t total)
{
    const char *term = getenv("TERM");
    *s = (struct status){.err = err, .quiet = quiet, .total = total};
    s->live = is_terminal(err) && !(term && !strcmp(term, "dumb"));
    s->colour = status_colour(err);
    s->start = s->last = status_now();
}

/* The line at which a shell waits is not ours to write over (nor is it when a run was put behind). */
static bool in_background(FILE *f)
{
    pid_t front = tcgetpgrp(fileno(f));
    return front >= 0 && front != getpgrp();
}

void status_clear(struct status *s)
{
    if (!s->shown) return;
    s->shown = false;
    if (in_background(s->err)) return;
    fputs("\r\033[K", s->err);
    fflush(s->err);
}

void status_slowest(struct status *s, const char *id, const char *on, double seconds)
{
    struct buf b = {0};
    s->slow[0] = 0;
    if (!*id || seconds < slow_from) return;
    text_line(&b, id);
    snprintf(s->slow, sizeof(s->slow), "%s on %s %.1f s", buf_cstr(&b), on, seconds);
    buf_free(&b);
}

/* "0:07", "12:34", "1:00:00" */
static void print_duration(double seconds, char *text, size_t size)
{
    uint64_t t = seconds < 1e9 ? (uint64_t)(seconds + 0.5) : 1000000000;
    if (t >= 3600)
        snprintf(text, size, "%" PRIu64 ":%02u:%02u", t / 3600, (unsigned)(t / 60 % 60), (unsigned)(t % 60));
    else
        snprintf(text, size, "%u:%02u", (unsigned)(t / 60), (unsigned)(t % 60));
}

/* A line of progress, and where in it the failures stand. */
struct progress {
    char text[512];     /* without its end */
    size_t failed, end; /* "3 failed" is text[failed..end) */
};

/* Cases that were there before the run began (--resume) say nothing about its speed. */
static void describe(const struct status *s, const struct tally *t, struct progress *line)
{
    double took = status_now() - s->start, rate = took > 0 ? (double)(t->total - s->before) / took : 0;
    char left[32] = "";
    int n = snprintf(line->text, sizeof(line->text), "%" PRIu64 "/%" PRIu64 " cases, ", t->total, s->total);
    line->failed = (size_t)n;
    n += snprintf(line->text + n, sizeof(line->text) - (size_t)n, "%" PRIu64 " failed", tally_failed(t));
    line->end = (size_t)n;
    if (rate > 0 && took >= left_from && t->total < s->total)
        print_duration((double)(s->total - t->total) / rate, left, sizeof(left));
    snprintf(line->text + n, sizeof(line->text) - (size_t)n, ", %" PRIu64 " skipped, %.0f a second%s%s%s%s%s",
             t->verdicts[VERDICT_SKIP], rate, *left ? ", " : "", left, *left ? " left" : "",
             *s->slow ? "; slowest: " : "", s->slow);
}

void status_show(const struct status *s, const struct tally *t)
{
    struct progress line;
    describe(s, t, &line);
    fprintf(s->err, "%s\n", line.text);
}

/* Over the line that is there, as much as the terminal has room for: a line that wraps could not be taken
 * back. */
static void show_live(struct status *s, struct progress *line, bool failed)
{
    unsigned width = terminal_width(s->err);
    line->text[width - 1 < sizeof(line->text) ? width - 1 : sizeof(line->text) - 1] = 0;
    if (failed && s->colour && strlen(line->text) >= line->end)
        fprintf(s->err, "\r%.*s\033[31m%.*s\033[0m%s\033[K", (int)line->failed, line->text,
                (int)(line->end - line->failed), line->text + line->failed, line->text + line->end);
    else
        fprintf(s->err, "\r%s\033[K", line->text);
    s->shown = true;
}

void status_tick(struct status *s, const struct tally *t)
{
    struct progress line;
    double t_now = status_now();
    if (s->quiet || t_now - s->last < (s->live ? live_every : plain_every)) return;
    s->last = t_now;
    if (s->live && in_background(s->err)) return;
    describe(s, t, &line);
    if (s->live)
        show_live(s, &line, tally_failed(t) > 0);
    else
        fprintf(s->err, "%s\n", line.text);
    fflush(s->err);
}

/* Failures often have few causes; the rows say where to look first. */
static void print_rows(const struct tally_list *l, FILE *out)
{
    enum { SHOWN = 8 };
    if (!l->n) return;
    fputs("failures by row:", out);
    for (unsigned i = 0; i < l->n && i < SHOWN; i++)
        fprintf(out, "%s %s %" PRIu64, i ? "," : "", l->rows[i].name, l->rows[i].n);
    if (l->n > SHOWN) fprintf(out, ", and %u rows more", l->n - SHOWN);
    fputc('\n', out);
}

void status_sums(const struct tally *t, FILE *out)
{
    print_rows(&t->rows, out);
    for (unsigned i = 0; i < t->reasons.n; i++)
        fprintf(out, "skipped %" PRIu64 ": %s\n", t->reasons.rows[i].n, t->reasons.rows[i].name);
    for (unsigned i = 0; i < t->xfails.n; i++)
        fprintf(out, "%s: %" PRIu64 "\n", t->xfails.rows[i].name, t->xfails.rows[i].n);
    fprintf(out,
            "checked against an oracle: %" PRIu64 "; checked against the manual: %" PRIu64
            "; against both: %" PRIu64 "\n",
            t->oracle, t->manual, t->both);
    if (t->peers) fprintf(out, "backends only against each other: %" PRIu64 "\n", t->peers);
    if (t->flaky)
        fprintf(out, "flaky, passed now and failed before, though nothing has changed: %" PRIu64 "\n",
                t->flaky);
    if (t->dissent)
        fprintf(out, "an oracle disagrees with the manual, and no quirk says so: %" PRIu64 " cases\n",
                t->dissent);
}
