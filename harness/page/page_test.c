/* The page: who is blamed, hostile texts, links that lead somewhere, contrasts; and what Chromium says to it.
 */
#include "harness/page/page_test.h"

#include <math.h>
#include <time.h>

/* ---- sums ---- */

static void test_blamed(void **state)
{
    static const struct {
        const char *cause; /* as signatures and reasons have it */
        unsigned who;      /* bits */
    } rows[] = {
        {"rv.add: rd: tested alone differs from other, oracle", 1},
        {"rv.add: rd, fflags[NX]: tested, other differ from oracle", 3},
        {"rv.add: exit a: b: oracle differs from the manual; other differs from the manual", 6},
        {"tested died of SIGSEGV", 1},
        {"rv.add: other died of SIGSEGV", 2},
        {"no result from other within 10 s", 2},
        {"testedx died", 0},
        {"the judge died of SIGSEGV", 0},
        {"", 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        unsigned who = sums_blamed(&lineup, rows[i].cause);
        if (who != rows[i].who) fail_msg("%s: %u, not %u", rows[i].cause, who, rows[i].who);
    }
}

static void test_rows(void **state)
{
    struct page_sums *s = sums_new();
    struct subject_sums *g = &s->subjects[0];
    for (unsigned r = 0; r < g->subject->nrows; r++)
        assert_int_equal(sums_row(g, g->subject->rows[r].id, strlen(g->subject->rows[r].id)), (int)r);
    assert_int_equal(sums_row(g, "rv.", 3), -1);
    int add = sums_row(g, "rv.add", 6);
    assert_int_equal(sums_cause_row(g, "rv.add: rd: a alone differs from b"), add);
    assert_int_equal(sums_cause_row(g, "(no instruction): pc: a"), -1);
    sums_free(s);
}

static void test_times(void **state)
{
    struct page_sums *s = sums_new();
    static const uint32_t micros[] = {1000000, 5, 7,   6, 1, 9,
                                      6,       8, 100, 6, 4, 5}; /* the middle half: 5 6 6 6 7 8 */
    for (unsigned i = 0; i + 1 < TIMES; i++) assert_true(times_least(i) < times_least(i + 1));
    for (size_t i = 0; i < ARRAY_LEN(micros); i++)
        sums_add(s, NULL,
                 &(struct record){.id = "x", .guest = "", .row = "", .reason = "", .micros = micros[i]});
    double middle = times_middle(&s->times);
    if (middle < 6.83 || middle > 6.84)
        fail_msg("%f", middle);            /* 6.33, and half a microsecond: they are cut */
    for (unsigned i = 0; i < TIMES; i++) { /* each least time is in its bin */
        s->times = (struct times){0};
        sums_add(s, NULL,
                 &(struct record){.id = "x", .guest = "", .row = "", .reason = "", .micros = times_least(i)});
        assert_int_equal(s->times.n[i], 1);
    }
    sums_free(s);
}

/* ---- a page ---- */

static void expect(const char *text, const char *part)
{
    if (!strstr(text, part)) fail_msg("no '%s'", part);
}

static void test_texts(void **state)
{
    char *path = temporary(".html"), *text = write_page(path, NULL, "interrupted by <SIGINT>");
    expect(text, "2 of 7 cases failed, of 2 causes");
    expect(text, "The run did not finish: interrupted by &lt;SIGINT&gt;, after 7 of 9 cases.");
    expect(text, "x &lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;z&quot;\n  ? ?'");
    expect(
        text,
        "lockstep repro 'g/a/&lt;3&gt;&amp;&quot;'\\''' $'caf\\351 &quot;x&quot; &lt;i&gt;.yaml' --seed 7");
    expect(text, "<a href=\"#rv.mul\">rv.mul</a>: rd: tested alone differs from &lt;other&gt;");
    expect(text, "<a href=\"#rv.div\">rv.div</a>: other died of SIGSEGV");
    expect(text, "1 &lt;beta&gt; &amp; &quot;'");
    expect(text, "<p class=\"when\">when &lt;rd=rs1&gt;</p>");
    expect(text, "no &lt;oracle&gt;");
    expect(text, "<a class=\"f\" href=\"#rv.mul\" title=\"rv.mul fails 1, 0 of ");
    expect(text, "<a class=\"f\" href=\"#rv.xor\" title=\"rv.xor fails 1\"></a>"); /* the oracle */
    expect(text, "<a class=\"p l1\" href=\"#rv.xor\" title=\"rv.xor passes, 0 of ");
    expect(text, "<a class=\"u\" href=\"#rv.sub\" title=\"rv.sub unchecked");
    expect(text, "<a class=\"n\" href=\"#rv.sh1add\" title=\"rv.sh1add unsupported");
    assert_null(strstr(text, "<script"));
    assert_null(strstr(text, "http:"));
    assert_null(strstr(text, "https:"));
    assert_null(strstr(text, "src="));
    assert_null(strstr(text, "url("));
    unlink(path);
    free(path);
    free(text);
}

/* Every row of every ISA that ran has an anchor, once; every link within the page leads to one. */
static void test_links(void **state)
{
    char *path = temporary(".html"), *text = write_page(path, NULL, NULL), want[160];
    unsigned links = 0;
    for (unsigned r = 0; r < guest_all[0]->nrows; r++) {
        snprintf(want, sizeof(want), " id=\"%s\"", guest_all[0]->rows[r].id);
        const char *at = strstr(text, want);
        if (!at || strstr(at + 1, want)) fail_msg("anchor of %s", guest_all[0]->rows[r].id);
    }
    for (const char *at = text; (at = strstr(at, "href=\"#")); links++) {
        at += strlen("href=\"#");
        snprintf(want, sizeof(want), " id=\"%.*s\"", (int)strcspn(at, "\""), at);
        if (!strstr(text, want)) fail_msg("a link to nowhere: %s", want);
    }
    assert_true(links > 3 * guest_all[0]->nrows);
    unlink(path);
    free(path);
    free(text);
}

/* Changes of the usual kind are marked where they are, first of all plots; a name can be anything. */
static void test_trends(void **state)
{
    struct history h = {0};
    struct arena a = {0};
    test_figures(&h, &a);
    char *path = temporary(".html"), *text = write_page(path, &h, NULL);
    expect(text, "<p><b>1</b> of 3 benchmarks changed in 30 runs on this machine, from <code>0ld</code> to "
                 "<code>n3w</code>. 2 others are of another machine: not shown.</p>");
    expect(text, "<h5>jit/steps <small>2.11 µs</small></h5>\n<svg viewBox=\"0 0 358 80\" role=\"img\" "
                 "aria-label=\"30 runs, 2 changes\">");
    expect(text, "<p class=\"bad\">slower by 10.0&nbsp;% at <code>c0ffee&lt;1&gt;</code>, after "
                 "<code>0ld</code></p>\n<p class=\"good\">faster by 9.1&nbsp;% at <code>c0ffee2</code>");
    expect(text, "<details><summary>2 without a change</summary>");
    assert_true(strstr(text, "<h5>jit/steps") < strstr(text, "<h5>jit/level"));
    h.nruns = 2;
    h.runs += RUNS - 2;
    free(text);
    text = write_page(path, &h, NULL);
    assert_null(strstr(text, "Over recorded runs"));
    unlink(path);
    free(path);
    free(text);
    arena_free(&a);
}

/* Names that end in sizes are points, three of them a line; anything may be in a name. */
static void test_sizes(void **state)
{
    static struct {
        char name[20];    /* of the benchmark */
        double ns, piece; /* what it says */
        char skipped[12]; /* why it says nothing */
    } what[] = {{"a/reach/p<1>/4K", 900, 8, ""},
                {"a/reach/p<1>/1M", 9000, 80, ""},
                {"a/reach/p<1>/64G", 0, 0, "no memory"},
                {"a/reach/p<1>/1G", 800, 0, ""},
                {"a/reach/two/4K", 1, 1, ""},
                {"a/reach/two/1M", 1, 1, ""},
                {"a/other/x", 1, 1, ""},
                {"64K", 1, 1, ""},
                {"/64K", 1, 1, ""},
                {"a/64K", 1, 1, ""}};
    struct bench items[ARRAY_LEN(what)] = {{0}};
    char none[] = "";
    for (unsigned i = 0; i < ARRAY_LEN(what); i++)
        items[i] = (struct bench){.name = what[i].name,
                                  .ns = what[i].ns,
                                  .piece = what[i].piece,
                                  .definition = none,
                                  .skipped = *what[i].skipped ? what[i].skipped : NULL};
    struct history h = {
        .now = {.path = "b.json", .items = items, .n = ARRAY_LEN(items), .host = none, .date = none}};
    char *path = temporary(".html"), *text = write_page(path, &h, NULL);
    expect(text, "<h4>a/reach: what it takes by size</h4>\n<ul class=\"key\"><li><span class=\"swatch "
                 "c1\"></span>p&lt;1&gt;</li></ul>");
    expect(text, "<title>p&lt;1&gt;/4K: 8 ns</title>");
    expect(text, "<title>p&lt;1&gt;/1G: 800 ns</title>");
    expect(text, ">500 ns</text>");
    assert_null(strstr(text, "<title>p&lt;1&gt;/64G"));
    assert_null(strstr(text, "<title>two"));
    assert_null(strstr(text, "a: what"));
    unlink(path);
    free(path);
    free(text);
}

/* However many failures there are, of however many causes, and however much there is to say of each. */
static void test_bounded(void **state)
{
    enum { FAILURES = 20000, MOST = 5 << 20 };
    static char detail[RECORD_MAX_DETAIL];
    struct report r;
    struct tally t;
    struct run_info info = {.lineup = &lineup, .total = FAILURES, .jobs = 1, .options = ""};
    char *path = temporary(".html"), reason[64];
    memset(detail, '<', sizeof(detail) - 1); /* four bytes each */
    tally_init(&t, 0);
    assert_int_equal(report_open(&r, &report_html, path, false, &info), 0);
    for (unsigned i = 0; i < FAILURES; i++) {
        snprintf(reason, sizeof(reason), "rv.add: x%u: tested alone differs from other", i);
        struct record rec = {.verdict = VERDICT_FAIL,
                             .id = "g/a/1",
                             .row = "rv.add",
                             .ext = "I",
                             .file = "a.yaml",
                             .guest = guest_all[0]->name,
                             .reason = reason,
                             .detail = detail,
                             .exit = "",
                             .bins = ""};
        tally_add(&t, &rec);
        assert_int_equal(report_record(&r, &info, &rec), 0);
    }
    clusters_sort(&t.clusters);
    clock_t start = clock();
    assert_int_equal(report_end(&r, &info, &t), 0);
    double took = (double)(clock() - start) / CLOCKS_PER_SEC;
    if (took > 2) fail_msg("%.1f s to write it", took);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    if (ftell(f) > MOST) fail_msg("%ld bytes", ftell(f));
    fclose(f);
    tally_free(&t);
    unlink(path);
    free(path);
}

/* ---- contrast: WCAG 2.1, 1.4.3 and 1.4.11 ---- */

static double linear(unsigned v)
{
    double c = v / 255.0;
    return c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
}

static double luminance(unsigned rgb)
{
    return 0.2126 * linear(rgb >> 16) + 0.7152 * linear(rgb >> 8 & 0xff) + 0.0722 * linear(rgb & 0xff);
}

/* The colour of a variable in a block of style.css. */
static unsigned colour(const char *block, const char *name)
{
    char want[32];
    unsigned rgb = 0;
    snprintf(want, sizeof(want), "--%s: #", name);
    const char *at = strstr(block, want);
    if (!at || sscanf(at + strlen(want), "%6x", &rgb) != 1) fail_msg("no colour %s", name);
    return rgb;
}

static void test_contrast(void **state)
{
    static const struct {
        const char *fore, *back; /* variables */
        double least;            /* 4.5 for text, 3 for shapes */
    } pairs[] = {
        {"ink", "bg", 7},      {"ink", "card", 7},  {"soft", "bg", 4.5},   {"soft", "card", 4.5},
        {"good", "bg", 4.5},   {"bad", "bg", 4.5},  {"bad", "card", 4.5},  {"warn", "bg", 4.5},
        {"warn", "card", 4.5}, {"link", "bg", 4.5}, {"link", "card", 4.5}, {"edge", "bg", 3},
        {"edge", "card", 3},   {"fail", "bg", 3},   {"fail", "card", 3},   {"fail", "onfail", 3},
        {"ring", "bg", 3},     {"ring", "card", 3}, {"hatch", "bg", 3},    {"hatch", "card", 3},
        {"dot", "bg", 3},      {"c1", "bg", 3},     {"c2", "bg", 3},       {"c3", "bg", 3},
        {"c4", "bg", 3},       {"l4", "bg", 3},
    };
    extern const char page_style[];
    const char *blocks[] = {page_style, strstr(page_style, "prefers-color-scheme: dark")};
    for (size_t b = 0; b < ARRAY_LEN(blocks); b++)
        for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
            double x = luminance(colour(blocks[b], pairs[i].fore)),
                   y = luminance(colour(blocks[b], pairs[i].back));
            double ratio = x > y ? (x + 0.05) / (y + 0.05) : (y + 0.05) / (x + 0.05);
            if (ratio < pairs[i].least)
                fail_msg("%s: %s on %s has %.2f, not %g", b ? "dark" : "light", pairs[i].fore, pairs[i].back,
                         ratio, pairs[i].least);
        }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blamed),  cmocka_unit_test(test_rows),   cmocka_unit_test(test_times),
        cmocka_unit_test(test_texts),   cmocka_unit_test(test_links),  cmocka_unit_test(test_contrast),
        cmocka_unit_test(test_bounded), cmocka_unit_test(test_trends), cmocka_unit_test(test_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
