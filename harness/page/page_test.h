/* For tests of the page: records of every kind, hostile texts among them, and the page of them. */
#ifndef HARNESS_PAGE_TEST_H
#define HARNESS_PAGE_TEST_H

#include "harness/page/page.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char *version(void)
{
    return "1 <beta> & \"'";
}

static const struct backend tested = {.name = "tested"}, other = {.name = "other"};
static const struct backend oracle = {.name = "oracle", .oracle = true, .version = version};
static const struct lineup lineup = {.entries = {{&tested, false}, {&other, false}, {&oracle, true}}, .n = 3};
static const char *const paths[] = {"a.yaml", "caf\xe9 \"x\" <i>.yaml"}; /* the second is not UTF-8 */

static const struct record records[] = {
    {.verdict = VERDICT_PASS,
     .checked = CHECKED_ORACLE,
     .ran = 7,
     .id = "g/a/1",
     .row = "rv.add",
     .ext = "I",
     .micros = 3},
    {.verdict = VERDICT_PASS,
     .checked = CHECKED_PEER,
     .ran = 3,
     .id = "g/a/2",
     .row = "rv.sub",
     .ext = "I",
     .micros = 900},
    {.verdict = VERDICT_FAIL,
     .checked = CHECKED_MANUAL,
     .ran = 3,
     .id = "g/a/<3>&\"'",
     .row = "rv.add",
     .ext = "I",
     .reason = "rv.mul: rd: tested alone differs from <other>",
     .detail = "  x <script>alert(1)</script> & \"z\"\n  \x01 \xff'\n",
     .line = 3},
    {.verdict = VERDICT_SKIP, .id = "g/a/4", .row = "rv.sh1add", .ext = "Zba", .reason = "no <oracle>"},
    {.verdict = VERDICT_CRASH, .id = "g/a/5", .row = "rv.div", .ext = "M", .reason = "other died of SIGSEGV"},
    {.verdict = VERDICT_PASS,
     .checked = CHECKED_MANUAL,
     .dissent = true,
     .detail = "  oracle alone differs from the manual, tested\n  row: more; other differs\n",
     .ran = 7,
     .id = "g/a/7",
     .row = "rv.xor",
     .ext = "I"},
    {.verdict = VERDICT_PASS,
     .checked = CHECKED_ORACLE | CHECKED_MANUAL,
     .ran = 7,
     .id = "g/a/6",
     .row = "",
     .ext = ""},
};

/* The page of these records, at `path`, with a history or not. */
static inline char *write_page(const char *path, const struct history *h, const char *stopped)
{
    struct report r;
    struct tally t;
    struct ledger *ledger = ledger_open(&lineup);
    struct cover cover = {.ledger = ledger};
    struct run_info info = {.paths = paths,
                            .npaths = 2,
                            .lineup = &lineup,
                            .total = 9,
                            .jobs = 2,
                            .options = " --seed 7",
                            .seconds = 1.5,
                            .ledger = ledger,
                            .cover = &cover,
                            .history = h};
    tally_init(&t, 0);
    assert_int_equal(report_open(&r, &report_html, path, false, &info), 0);
    for (size_t i = 0; i < ARRAY_LEN(records); i++) {
        struct record rec = records[i];
        rec.guest = guest_all[0]->name;
        rec.file = paths[1];
        rec.exit = "";
        rec.bins = "";
        if (!rec.reason) rec.reason = "";
        if (!rec.detail) rec.detail = "";
        tally_add(&t, &rec);
        assert_int_equal(report_record(&r, &info, &rec), 0);
    }
    clusters_sort(&t.clusters);
    t.clusters.items[1].when = xstrdup("when <rd=rs1>");
    info.stopped = stopped;
    assert_int_equal(report_end(&r, &info, &t), 0);
    tally_free(&t);
    ledger_free(ledger);
    struct buf text = {0};
    char chunk[4096];
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    for (size_t n; (n = fread(chunk, 1, sizeof(chunk), f)) > 0;) buf_add(&text, chunk, n);
    fclose(f);
    return text.p;
}

static inline char *temporary(void)
{
    char *path = xstrdup("/tmp/lockstep-page-XXXXXX.html");
    int fd = mkstemps(path, 5);
    assert_true(fd >= 0);
    close(fd);
    return path;
}

#endif
