/* The scenario format: what is written down loads to the same plain steps, mistakes are told with their
 * place, events are sets, and what is smaller still fails.
 */
#include "harness/commands/place_test.h"
#include "harness/smmu/scenario.h"

#define HEAD "lockstep: 1\nkind: smmu\ncases:\n"

static char root[4096]; /* where the corpora are */

static void lockstep(struct place *p, const char *words, int status)
{
    static const struct backend *const none[] = {&faulty, &reference, NULL};
    place_run(p, words, NULL, none);
    if (p->status != status) fail_msg("%s: status %d\n%s%s", words, p->status, p->out, p->err);
}

/* ---- what is written loads to the same ---- */

static bool same_bytes(const struct scn_step *a, const struct scn_step *b)
{
    return !a->data == !b->data && (!a->data || !memcmp(a->data, b->data, a->size));
}

static bool same_step(const struct scn_step *a, const struct scn_step *b)
{
    bool same = a->kind == b->kind && a->expects == b->expects && a->end == b->end &&
                a->access == b->access && a->sid == b->sid && a->ssid == b->ssid && a->index == b->index &&
                a->value == b->value && (a->at == b->at || a->kind == SCN_WRITE) &&
                a->nevents == b->nevents && !memcmp(a->command, b->command, sizeof(a->command));
    bool sized = a->kind == SCN_STORE || a->kind == SCN_CHECK || a->kind == SCN_ACCESS;
    if (!same || (sized && (a->size != b->size || !same_bytes(a, b)))) return false;
    for (unsigned i = 0; i < a->nevents; i++)
        if (memcmp(&a->events[i], &b->events[i], sizeof(a->events[i])) != 0) return false;
    return true;
}

/* A case as text, read again. */
static void expect_round_trip(const struct test_case *c)
{
    struct buf text = {0};
    struct case_filter every = {0};
    struct diag d = {.out = stderr};
    const struct test_case *again = NULL;
    const struct scenario *a = c->scenario;
    buf_str(&text, HEAD);
    case_write(c, "again", &text);
    struct case_stream *s = case_stream_open_text("r.yaml", text.p, text.len, &every, &d);
    if (!s || case_stream_next(s, &again) != 1) {
        fail_msg("%s does not load:\n%s", c->id, text.p);
        return;
    }
    const struct scenario *b = again->scenario;
    assert_int_equal(a->nsteps, b->nsteps);
    for (unsigned i = 0; i < a->nsteps; i++)
        if (!same_step(&a->steps[i], &b->steps[i])) fail_msg("%s: step %u of\n%s", c->id, i + 1, text.p);
    assert_int_equal(c->has_truth, again->has_truth);
    case_stream_close(s);
    diag_free(&d);
    buf_free(&text);
}

static void test_round_trip(void **state)
{
    struct case_filter every = {0};
    struct diag d = {.out = stderr};
    const struct test_case *c;
    char path[sizeof(root) + 32];
    snprintf(path, sizeof(path), "%s/corpora/smmu", root);
    const char *paths[] = {path};
    struct case_stream *s = case_stream_open(paths, 1, &every, &d);
    unsigned n = 0;
    assert_non_null(s);
    for (; case_stream_next(s, &c) == 1; n++)
        if (!c->generated || n % 16 == 0) expect_round_trip(c);
    assert_int_equal(d.errors, 0);
    assert_in_range(n, 30, 1000000);
    case_stream_close(s);
    diag_free(&d);
}

/* ---- mistakes ---- */

static void test_mistakes(void **state)
{
    struct place *p = *state;
    static const struct {
        const char *item, *said; /* the rest of a case, and part of what is said about it */
    } rows[] = {
        {"streams: [{sid: 8, ste: {CONFG: 1}}], steps: []",
         "STE has no field 'CONFG'; did you mean 'CONFIG'?"},
        {"streams: [{sid: 8, ste: {CONFIG: 9}}], steps: []", "CONFIG has 3 bits"},
        {"streams: [{sid: 8, cd: {TTB0: 0x1001}}], steps: []", "TTB0 has no bits below 4"},
        {"streams: [{sid: 256}], steps: []", "stream 256 is beyond the table: it wants 'ste_at'"},
        {"streams: [{sid: 8, map: {iova: 0x5001, size: 4K}}], steps: []",
         "it is not whole pages of these tables"},
        {"streams: [{sid: 8, granule: 8K}], steps: []", "expected '4K', '16K' or '64K', not '8K'"},
        {"streams: [{sid: 8, map: {iova: 0, size: 4Q}}], steps: []", "expected a size: 4K, 2M, 0x1000"},
        {"streams: [{sid: 8, map: {iova: 0, size: 4K, stage: 2}}], steps: []",
         "there are no tables of this stage"},
        {"steps: [{write: {CR9: 1}}]", "no register 'CR9'; did you mean 'CR0'?"},
        {"steps: [{read: {CR0: {SMMUON: 1}}}]", "CR0 has no field 'SMMUON'; did you mean 'SMMUEN'?"},
        {"steps: [{command: CMD_SYN}]", "no command 'CMD_SYN'; did you mean 'CMD_SYNC'?"},
        {"steps: [{command: CMD_SYNC, with: {CS: NON}}]", "CS: expected a number or one of its names"},
        {"steps: [{raw: [1]}]", "a command is two words"},
        {"steps: [{load: 0, store: 0}]", "a step does one thing: this does several"},
        {"steps: [{sid: 8}]", "this step does nothing"},
        {"steps: [{store: 0}]", "'store' wants 'value' or 'data'"},
        {"steps: [{load: 0, end: don}]", "did you mean 'done'?"},
        {"steps: [{map: {iova: 0, size: 4K, sid: 9}}]", "there is no stream 9 with such tables"},
        {"steps: [{memory: {at: 0x1000, u64: 1}}]", "there is no such memory"},
        {"steps: [{check: {at: 0x41000000}}]", "no bytes"},
        {"steps: [{events: [{event: F_TRANSLATIO}]}]",
         "no event 'F_TRANSLATIO'; did you mean 'F_TRANSLATION'?"},
        {"steps: [{events: [{event: C_BAD_STE, S2: 1}]}]", "C_BAD_STE has no field 'S2'"},
        {"steps: [{count: {walk: 1}}]", "no statistic 'walk'"},
        {"steps: {}", "expected a list of steps"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char text[600];
        snprintf(text, sizeof(text), HEAD "  - {id: a, %s}\n", rows[i].item);
        write_file("m.yaml", text);
        lockstep(p, "run|m.yaml", STATUS_USAGE);
        expect_part(p->err, rows[i].said);
        expect_part(p->err, "m.yaml:4:");
    }
}

/* ---- events are sets ---- */

static void test_events(void **state)
{
    struct place *p = *state;
    static const char scenario[] =
        HEAD "  - id: a\n    streams: [{sid: 8}, {sid: 9}]\n    steps:\n"
             "      - {load: 0x1000, end: aborted}\n      - {load: 0x2000, sid: 9, end: aborted}\n"
             "      - {store: 0x3000, value: 1, end: aborted}\n      - events: [%s]\n";
    static const struct {
        const char *events; /* what is expected */
        int status;         /* of the run */
    } rows[] = {
        {"{event: F_TRANSLATION, SID: 9}, {event: F_TRANSLATION, SID: 8}, {event: F_TRANSLATION, RNW: 0}", 0},
        {"{event: F_TRANSLATION}, {event: F_TRANSLATION, SID: 8}, {event: F_TRANSLATION, RNW: 0}", 0},
        {"{event: F_TRANSLATION, SID: 8}, {event: F_TRANSLATION, SID: 8}, {event: F_TRANSLATION}", 0},
        {"{event: F_TRANSLATION, SID: 8}, {event: F_TRANSLATION, SID: 8}", 1},
        {"{event: F_TRANSLATION, SID: 9}, {event: F_TRANSLATION, SID: 9}, {event: F_TRANSLATION}", 1},
        {"{event: F_TRANSLATION}, {event: F_TRANSLATION}, {event: F_PERMISSION}", 1},
        {"", 1},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char text[900];
        snprintf(text, sizeof(text), scenario, rows[i].events);
        write_file("e.yaml", text);
        lockstep(p, "run|e.yaml|--quirks|none", rows[i].status);
    }
}

/* A record that nobody took is a failure, unless the scenario sets everything up by itself. */
static void test_left_behind(void **state)
{
    struct place *p = *state;
    write_file("l.yaml", HEAD "  - {id: a, streams: [{sid: 8}], steps: [{load: 0, end: aborted}]}\n");
    lockstep(p, "run|l.yaml|--quirks|none", STATUS_FAIL);
    expect_part(p->out, "  in the end, events: records\n    smmu          F_TRANSLATION SID 0x8");
    write_file("l.yaml", HEAD "  - {id: a, setup: none, steps: [{load: 0x41000000, value: 0}]}\n");
    lockstep(p, "run|l.yaml|--quirks|none", STATUS_PASS);
}

/* ---- random ones ---- */

/* The reference agrees; other seeds are other scenarios; written down they are what they were. */
static void test_random(void **state)
{
    struct place *p = *state;
    write_file("g.yaml", "lockstep: 1\nkind: smmu\ngenerate: [{count: 650}, {count: 50, plain: true}]\n");
    lockstep(p, "run|g.yaml|--quirks|none", STATUS_PASS);
    expect_part(p->out, "700 cases: smmu, smmu-reference\n");
    expect_part(p->out, "backends only against each other: 69");
    lockstep(p, "run|g.yaml|--quirks|none|--seed|9|--report|cover=c", STATUS_PASS);
    lockstep(p,
             "cover|c|F_TRANSLATION|F_PERMISSION|F_ACCESS|C_BAD_CD|C_BAD_STE|F_WALK_EABT|F_CD_FETCH|"
             "F_ADDR_SIZE|C_BAD_SUBSTREAMID|F_STREAM_DISABLED|--thresholds|none",
             STATUS_FAIL);
    expect_part(p->out, "checked by nobody outside");
    assert_null(strstr(p->out, "not executed on every backend"));
    lockstep(p, "gen|smmuv3|--count|20|--output|w.yaml", STATUS_PASS);
    lockstep(p, "run|w.yaml|--quirks|none", STATUS_PASS);
    expect_part(p->out, "backends only against each other: 19\n");
}

/* ---- the same anywhere ---- */

/* One scenario leaves nothing to the next: each alone, and all of them in any number of workers. */
static void test_apart(void **state)
{
    struct place *p = *state;
    write_file("a.yaml", HEAD
               "  - id: first\n    streams: [{sid: 8, map: {iova: 0x5000, to: 0x41000000, size: 4K}}]\n"
               "    steps: [{store: 0x5000, value: 5}, {raw: [0xff, 0]}, {read: {GERROR: 1}}]\n"
               "  - id: second\n    setup: none\n"
               "    steps: [{load: 0x41000000, sid: 8, value: 0}, {read: {GERROR: 0, CR0: 0, "
               "CMDQ_PROD: 0, CMDQ_CONS: 0}}, {check: {at: 0x40100000, u64: 0}}, {count: {commands: 0}}]\n"
               "matrix:\n  - {with: {n: [0, 1, 2, 3, 4, 5, 6, 7]}, id: m$n, streams: [{sid: $n, map: "
               "{iova: 0, to: 0x41000000, size: 4K}}], steps: [{load: 0, value: 0}, {count: {walks: 1}}]}\n");
    lockstep(p, "run|a.yaml|--jobs|1", STATUS_PASS);
    lockstep(p, "run|a.yaml|--jobs|3", STATUS_PASS);
    lockstep(p, "run|a.yaml|--filter|smmuv3/a/second", STATUS_PASS);
    lockstep(p, "run|a.yaml|--report|cover=c", STATUS_PASS);
    lockstep(p, "cover|c|CD.*|CMD_SYNC|--thresholds|none", STATUS_FAIL);
    expect_part(p->out, "CD           smmu");
    expect_part(p->out, "not executed on every backend: CMD_SYNC\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test_setup_teardown(test_mistakes, enter, leave),
        cmocka_unit_test_setup_teardown(test_events, enter, leave),
        cmocka_unit_test_setup_teardown(test_left_behind, enter, leave),
        cmocka_unit_test_setup_teardown(test_apart, enter, leave),
        cmocka_unit_test_setup_teardown(test_random, enter, leave),
    };
    if (!getcwd(root, sizeof(root))) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
