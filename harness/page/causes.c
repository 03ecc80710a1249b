/* Failures by cause, most cases first, each with its smallest case and what differs in it. */
#include "harness/page/page.h"

#include <string.h>

enum { SHOWN = 100 /* in full: each may be 4 KiB; the others have a line */, OPEN = 3 };

/* The cause, its row being a link to its anchor. */
static void write_cause(struct page *p, const char *cause)
{
    size_t len = strcspn(cause, ":");
    bool known = false;
    for (unsigned g = 0; g < p->sums->n && !known; g++)
        known = sums_cause_row(&p->sums->subjects[g], cause) >= 0;
    if (known) {
        page_printf(p, "<a href=\"#%.*s\">%.*s</a>", (int)len, cause, (int)len, cause); /* an id of ours */
        cause += len;
    }
    page_text(p, cause);
}

static void write_command(struct page *p, const struct record *example)
{
    struct buf command = {0};
    report_repro(p->info, example, &command);
    page_raw(p, "<pre class=\"cmd\" tabindex=\"0\"><code>");
    page_text(p, buf_cstr(&command));
    page_raw(p, "</code></pre>\n");
    buf_free(&command);
}

static void write_cluster(struct page *p, unsigned i)
{
    const struct cluster *c = &p->tally->clusters.items[i];
    struct record example = cluster_example(c);
    page_printf(p, "<article class=\"cause\" id=\"cause-%u\">\n<h3>", i + 1);
    write_cause(p, c->cause);
    page_raw(p, "</h3>\n");
    if (c->when && *c->when) {
        page_raw(p, "<p class=\"when\">");
        page_text(p, c->when);
        page_raw(p, "</p>\n");
    }
    page_raw(p, "<p class=\"share\"><span><b>");
    page_count(p, c->n);
    page_printf(p, "</b> case%s</span>", c->n == 1 ? "" : "s");
    plot_meter(p, "bad", c->n, tally_failed(p->tally));
    page_raw(p, "</p>\n");
    page_raw(p, "<p class=\"meta\">smallest: ");
    page_text(p, example.id);
    page_raw(p, " (");
    page_text(p, example.file);
    page_printf(p, ":%d)</p>\n", example.line);
    write_command(p, &example);
    if (*example.detail) {
        page_printf(p, "<details%s><summary>What differs</summary><pre class=\"diff\" tabindex=\"0\">",
                    i < OPEN ? " open" : "");
        page_text(p, example.detail);
        page_raw(p, "</pre></details>\n");
    }
    page_raw(p, "</article>\n");
}

static void write_rest(struct page *p)
{
    const struct clusters *c = &p->tally->clusters;
    if (c->n <= SHOWN) return;
    page_printf(p, "<details><summary>%u causes more</summary>\n<table class=\"plain\">\n", c->n - SHOWN);
    for (unsigned i = SHOWN; i < c->n; i++) {
        page_raw(p, "<tr><td class=\"num\">");
        page_count(p, c->items[i].n);
        page_printf(p, "</td><td id=\"cause-%u\">", i + 1);
        write_cause(p, c->items[i].cause);
        page_raw(p, " <span class=\"meta\">");
        page_text(p, c->items[i].id);
        page_raw(p, "</span></td></tr>\n");
    }
    page_raw(p, "</table></details>\n");
}

void page_causes(struct page *p)
{
    const struct clusters *c = &p->tally->clusters;
    for (unsigned i = 0; i < c->n && i < SHOWN; i++) write_cluster(p, i);
    write_rest(p);
    if (!c->others) return;
    page_raw(p, "<p>Failures of still other causes: <b>");
    page_count(p, c->others);
    page_raw(p, "</b>.</p>\n");
}
