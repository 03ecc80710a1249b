#include "harness/run/status.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

static const double live_every = 0.1, plain_every = 10;

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
    s->width = s->live ? terminal_width(err) : 0;
    s->start = s->last = status_now();
}

void status_clear(struct status *s)
{
    if (!s->shown) return;
    fputs("\r\033[K", s->err);
    fflush(s->err);
    s->shown = false;
}

/* Cases that were there before the run began (--resume) say nothing about its speed. */
static void describe(const struct status *s, const struct tally *t, char *line, size_t size)
{
    double took = status_now() - s->start;
    snprintf(line, size,
             "%" PRIu64 "/%" PRIu64 " cases, %" PRIu64 " failed, %" PRIu64 " skipped, %.0f a second",
             t->total, s->total, tally_failed(t), t->verdicts[VERDICT_SKIP],
             took > 0 ? (double)(t->total - s->before) / took : 0);
}

void status_show(const struct status *s, const struct tally *t)
{
    char line[256];
    describe(s, t, line, sizeof(line));
    fprintf(s->err, "%s\n", line);
}

void status_tick(struct status *s, const struct tally *t)
{
    char line[256];
    double t_now = status_now();
    if (s->quiet || t_now - s->last < (s->live ? live_every : plain_every)) return;
    s->last = t_now;
    describe(s, t, line, sizeof(line));
    if (!s->live) {
        fprintf(s->err, "%s\n", line);
    } else {
        fprintf(s->err, "\r%.*s\033[K", (int)s->width - 1, line);
        s->shown = true;
    }
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
        fprintf(out, "flaky, passed now and failed before, though nothing has changed: %" PRIu64 " cases\n",
                t->flaky);
    if (t->dissent)
        fprintf(out, "an oracle disagrees with the manual, and no quirk says so: %" PRIu64 " cases\n",
                t->dissent);
}
