/* For tests of reports: records of every kind, hostile texts among them, and what outsiders say to what is
 * written.
 */
#ifndef HARNESS_REPORT_TEST_H
#define HARNESS_REPORT_TEST_H

#include "harness/report/report.h"
#include "harness/scratch_test.h"

#include <errno.h>
#include <jansson.h>

static const char *version(void)
{
    return "1 <beta>";
}

static const struct backend tested = {.name = "tested"};
static const struct backend oracle = {.name = "oracle", .version = version};
static const struct lineup lineup = {.entries = {{&tested, false, NULL}, {&oracle, true, NULL}}, .n = 2};
static const char *const paths[] = {"a.yaml", "caf\xe9 \"x\".yaml"}; /* the second is not UTF-8 */

static inline struct run_info info_of(uint64_t total)
{
    return (struct run_info){.paths = paths,
                             .npaths = 2,
                             .lineup = &lineup,
                             .seed = 7,
                             .shard = 1,
                             .nshards = 3,
                             .total = total,
                             .jobs = 2,
                             .options = " --seed 7",
                             .seconds = 1.5};
}

static const struct record records[] = {
    {.verdict = VERDICT_PASS,
     .checked = CHECKED_ORACLE,
     .ran = 3,
     .id = "r/a/1",
     .row = "rv.add",
     .ext = "I",
     .file = "a.yaml",
     .exit = "budget"},
    {.verdict = VERDICT_FAIL,
     .checked = CHECKED_MANUAL,
     .ran = 1,
     .id = "r/a/2",
     .row = "rv.sub",
     .ext = "I",
     .file = "a.yaml",
     .exit = "budget",
     .detail = "  x differs from <y> & \"z\"\n  ]]> \x01 more\n",
     .line = 3},
    {.verdict = VERDICT_SKIP,
     .id = "r/a/3",
     .row = "",
     .ext = "",
     .file = "a.yaml",
     .reason = "no \"oracle\""},
    {.verdict = VERDICT_CRASH,
     .id = "r/b/1",
     .row = "rv.mul",
     .ext = "M",
     .file = "b \xff.yaml",
     .reason = "tested died of SIGSEGV"},
    {.verdict = VERDICT_TIMEOUT,
     .id = "r/b/2",
     .row = "rv.mul",
     .ext = "M",
     .file = "b \xff.yaml",
     .reason = "no result"},
    {.verdict = VERDICT_PASS,
     .checked = CHECKED_ORACLE | CHECKED_MANUAL,
     .ran = 3,
     .dissent = true,
     .nquirks = 1,
     .id = "r/b/3",
     .row = "rv.mul",
     .ext = "M",
     .file = "b \xff.yaml",
     .exit = "budget",
     .detail = "d\n"},
};

/* What the first and the fourth were before. */
static const struct record before = {
    .verdict = VERDICT_FAIL, .id = "r/a/1", .file = "a.yaml", .reason = "it was <wrong>", .detail = "  x\n"};

/* Writes a report of all records to `path` and gives its text back. */
static inline char *write_report(const struct report_kind *kind, const char *path, const char *stopped)
{
    struct report r;
    struct tally t;
    struct run_info info = info_of(ARRAY_LEN(records));
    tally_init(&t, 0);
    assert_int_equal(report_open(&r, kind, path, false, &info), 0);
    for (size_t i = 0; i < ARRAY_LEN(records); i++) {
        struct record rec = records[i];
        rec.number = i;
        rec.guest = "r";
        if (!rec.reason) rec.reason = "";
        if (!rec.detail) rec.detail = "";
        if (!rec.exit) rec.exit = "";
        tally_add(&t, &rec);
        info.then = i == 0 || i == 3 ? &before : NULL;
        assert_int_equal(report_record(&r, &info, &rec), 0);
    }
    info.stopped = stopped;
    assert_int_equal(report_end(&r, &info, &t), 0);
    tally_free(&t);
    return read_file(path);
}

/* What a command prints; NULL when it is not there or fails. */
static inline char *command_output(const char *fmt, const char *path)
{
    char command[512], line[256] = "";
    snprintf(command, sizeof(command), fmt, path);
    FILE *p = popen(command, "r");
    assert_non_null(p);
    char *got = fgets(line, sizeof(line), p);
    if (pclose(p)) return NULL;
    line[strcspn(line, "\n")] = 0;
    return xstrdup(got ? line : "");
}

#endif
