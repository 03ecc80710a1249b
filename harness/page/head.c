/* The verdict, the totals, and who checked how much. */
#include "harness/page/page.h"

#include <inttypes.h>
#include <string.h>

static const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

/* How a run ended, and how that looks (a class in style.css). */
static const struct headline {
    const char *key, *pill; /* class; what stands above the sentence */
} failed_run = {"bad", "Failed"}, cut_run = {"cut", "Not finished"}, idle_run = {"cut", "Nothing checked"},
  good_run = {"good", "Passed"};

static const struct headline *headline_of(const struct page *p)
{
    const uint64_t *v = p->tally->verdicts;
    if (tally_failed(p->tally)) return &failed_run;
    if (p->info->stopped) return &cut_run;
    return v[VERDICT_SKIP] == p->tally->total ? &idle_run : &good_run;
}

static void write_sentence(struct page *p, const struct headline *o)
{
    uint64_t causes = p->tally->clusters.n, passed = p->tally->verdicts[VERDICT_PASS];
    if (o == &failed_run) {
        page_count(p, tally_failed(p->tally));
        page_raw(p, " of ");
        page_count(p, p->tally->total);
        page_printf(p, " cases failed, of %" PRIu64 " cause%s%s", causes, plural(causes),
                    p->tally->clusters.others ? " and more" : "");
    } else if (o == &idle_run) {
        page_raw(p, "No case was checked: ");
        page_count(p, p->tally->total);
        page_raw(p, " skipped");
    } else {
        page_raw(p, p->tally->verdicts[VERDICT_SKIP] || o == &cut_run ? "" : "All ");
        page_count(p, passed);
        page_printf(p, " case%s passed", plural(passed));
    }
}

static void write_verdict(struct page *p)
{
    const struct headline *o = headline_of(p);
    page_printf(p, "<header>\n<p class=\"pill %s\">%s</p>\n<h1>", o->key, o->pill);
    write_sentence(p, o);
    page_raw(p, "</h1>\n");
    if (!p->info->stopped) return;
    page_raw(p, "<p class=\"cut\">The run did not finish: ");
    page_text(p, p->info->stopped);
    page_raw(p, ", after ");
    page_count(p, p->tally->total);
    page_raw(p, " of ");
    page_count(p, p->info->total);
    page_raw(p, " cases.</p>\n");
}

/* "interp, jit against unicorn; riscv64" */
static void write_lineup(struct page *p)
{
    const struct lineup *l = p->info->lineup;
    const char *comma = "<p class=\"lead\">";
    for (unsigned i = 0; i < l->n; i++) {
        page_raw(p, i && l->entries[i].oracle && !l->entries[i - 1].oracle ? " against " : comma);
        page_raw(p, "<b>");
        page_text(p, l->entries[i].backend->name);
        page_raw(p, "</b>");
        comma = ", ";
    }
    for (unsigned i = 0, said = 0; i < p->sums->n; i++)
        if (p->sums->subjects[i].cases) {
            page_raw(p, said++ ? ", " : " on ");
            page_text(p, p->sums->subjects[i].subject->title);
        }
    if (p->info->nshards) page_printf(p, ", shard %u of %u", p->info->shard + 1, p->info->nshards);
    page_raw(p, "</p>\n");
}

static void tile(struct page *p, const char *name, uint64_t n, const char *key)
{
    page_printf(p, "<div%s><dt>%s</dt><dd>", n ? key : "", name);
    page_count(p, n);
    page_raw(p, "</dd></div>\n");
}

static void write_tiles(struct page *p)
{
    const uint64_t *v = p->tally->verdicts;
    page_raw(p, "<dl class=\"tiles\">\n");
    tile(p, "Cases", p->tally->total, "");
    tile(p, "Passed", v[VERDICT_PASS], "");
    tile(p, "Failed", v[VERDICT_FAIL], " class=\"bad\"");
    if (v[VERDICT_CRASH]) tile(p, "Crashed", v[VERDICT_CRASH], " class=\"bad\"");
    if (v[VERDICT_TIMEOUT]) tile(p, "Timed out", v[VERDICT_TIMEOUT], " class=\"bad\"");
    tile(p, "Skipped", v[VERDICT_SKIP], "");
    if (v[VERDICT_XFAIL]) tile(p, "Failed as expected", v[VERDICT_XFAIL], "");
    if (v[VERDICT_XPASS]) tile(p, "Passed, unexpectedly", v[VERDICT_XPASS], "");
    page_raw(p, "</dl>\n");
}

/* ---- who checked ---- */

struct share {
    const char *key, *name; /* class in style.css, legend */
    uint64_t n;             /* cases */
};

static void write_checked(struct page *p)
{
    const struct tally *t = p->tally;
    const struct share shares[] = {{"c1", "an oracle", t->oracle},
                                   {"c2", "the manual and an oracle", t->both},
                                   {"c3", "the manual", t->manual},
                                   {"c4", "only our backends, against each other", t->peers}};
    double x = 0;
    page_raw(p,
             "<h3>Checked by</h3>\n<svg class=\"stack\" viewBox=\"0 0 1000 14\" preserveAspectRatio=\"none\" "
             "aria-hidden=\"true\">");
    for (size_t i = 0; i < ARRAY_LEN(shares) && t->total; i++) {
        double w = 1000.0 * (double)shares[i].n / (double)t->total;
        page_printf(p, "<rect class=\"%s\" x=\"%.2f\" width=\"%.2f\" height=\"14\"/>", shares[i].key, x,
                    w > 3 ? w - 2 : w); /* a gap keeps neighbours apart without colour */
        x += w;
    }
    page_raw(p, "</svg>\n<ul class=\"key\">\n");
    for (size_t i = 0; i < ARRAY_LEN(shares); i++) {
        if (!shares[i].n) continue;
        page_printf(p, "<li><i class=\"swatch %s\"></i>%s <b>", shares[i].key, shares[i].name);
        page_count(p, shares[i].n);
        page_raw(p, "</b></li>\n");
    }
    page_raw(p, "</ul>\n");
    if (t->flaky) {
        page_raw(p, "<p class=\"cut\">Flaky: <b>");
        page_count(p, t->flaky);
        page_printf(p, "</b> case%s failed before and passed now, though nothing has changed.</p>\n",
                    plural(t->flaky));
    }
    if (!t->dissent) return;
    page_raw(p, "<p>An oracle disagrees with the manual, and no quirk says so: <b>");
    page_count(p, t->dissent);
    page_printf(p, "</b> case%s.</p>\n", plural(t->dissent));
}

static void write_skipped(struct page *p)
{
    const struct tally_list *l = &p->tally->reasons;
    if (!l->n) return;
    page_raw(p, "<details><summary>Why cases were skipped</summary>\n<table class=\"plain\">\n");
    for (unsigned i = 0; i < l->n; i++) {
        page_raw(p, "<tr><td class=\"num\">");
        page_count(p, l->rows[i].n);
        page_raw(p, "</td><td>");
        page_text(p, l->rows[i].name);
        page_raw(p, "</td></tr>\n");
    }
    page_raw(p, "</table></details>\n");
}

void page_head(struct page *p)
{
    write_verdict(p);
    write_lineup(p);
    write_tiles(p);
    write_checked(p);
    write_skipped(p);
    if (p->info->remarks) {
        page_raw(p, "<h3>To be looked at</h3>\n<pre tabindex=\"0\">");
        page_text(p, p->info->remarks);
        page_raw(p, "</pre>\n");
    }
    page_raw(p, "</header>\n");
}
