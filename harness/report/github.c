/* Annotations as GitHub's runner takes them from what a step prints: a line for each of the largest causes,
 * at the place of its smallest case. It shows ten errors a step.
 */
#include "harness/report/report.h"

#include <inttypes.h>
#include <string.h>

enum { SHOWN = 10, DETAIL_LINES = 12 };

/* The first lines of what differs; the rest is what the other reports are for. */
static void add_detail(struct buf *text, const char *detail)
{
    const char *end = detail;
    for (unsigned i = 0; i < DETAIL_LINES && *end; i++)
        end += strcspn(end, "\n") + (strchr(end, '\n') != NULL);
    buf_add(text, detail, (size_t)(end - detail));
}

static void add_cluster(struct buf *b, const struct run_info *info, const struct cluster *c)
{
    struct record example = cluster_example(c);
    struct buf text = {0};
    buf_str(b, "::error file=");
    text_github(b, example.file, true);
    if (example.line) buf_printf(b, ",line=%d", example.line);
    buf_str(b, ",title=");
    text_github(b, c->cause, true);
    buf_printf(&text, "%" PRIu64 " case%s; the smallest is %s\n", c->n, c->n == 1 ? "" : "s", example.id);
    if (c->when && *c->when) buf_printf(&text, "%s\n", c->when);
    add_detail(&text, example.detail);
    buf_str(&text, "reproduce: ");
    report_repro(info, &example, &text);
    buf_str(b, "::");
    text_github(b, buf_cstr(&text), false);
    buf_char(b, '\n');
    buf_free(&text);
}

static void github_end(struct report *r, const struct run_info *info, const struct tally *t)
{
    const struct clusters *c = &t->clusters;
    struct buf *b = &r->buf;
    for (unsigned i = 0; i < c->n && i < SHOWN; i++) add_cluster(b, info, &c->items[i]);
    if (info->stopped) {
        buf_str(b, "::error title=lockstep::the run did not finish: ");
        text_github(b, info->stopped, false);
        buf_char(b, '\n');
    }
    buf_str(b, "::notice title=lockstep::");
    tally_line(t, b);
    if (c->n > SHOWN) buf_printf(b, "; of %u causes more", c->n - SHOWN);
    buf_char(b, '\n');
    fwrite(b->p, 1, b->len, r->f);
    buf_reset(b);
}

const struct report_kind report_github = {
    .name = "github",
    .prints = true,
    .help = "annotations for GitHub: a line for each of the ten largest causes; - prints them",
    .end = github_end,
};
