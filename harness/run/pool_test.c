/* Workers: the order of records, and what becomes of cases whose backend crashes, hangs or leaves. */
#include "harness/testing.h"
#include "harness/run/worker.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>

/* What a run left. */
struct seen {
    struct buf frames;  /* every record, encoded again */
    struct buf reasons; /* "c7: faulty died of SIGABRT\n" of those that did not pass */
    uint64_t n;         /* records */
    uint64_t interrupt; /* raise SIGINT after so many records; 0: never */
    bool in_order;      /* numbers without a gap from 0 */
};

static void sink(void *arg, const struct record *r)
{
    struct seen *s = arg;
    if (!r) return;
    if (r->number != s->n++) s->in_order = false;
    struct record timeless = *r;
    timeless.micros = 0;
    record_encode(&timeless, &s->frames);
    if (r->verdict != VERDICT_PASS)
        buf_printf(&s->reasons, "%s %s: %s\n", verdict_name(r->verdict), strrchr(r->id, '/') + 1, r->reason);
    if (s->n == s->interrupt) kill(getpid(), SIGINT);
}

static void seen_free(struct seen *s)
{
    buf_free(&s->frames);
    buf_free(&s->reasons);
}

/* ---- where cases come from: a text, and a case at which the source itself misbehaves ---- */

struct corpus {
    struct buf text; /* of the file */
    uint64_t die_at; /* next() aborts at this case; ~0: never */
    uint64_t end_at; /* the stream ends early here; ~0: never */
};

struct open_corpus {
    const struct corpus *corpus; /* which */
    struct case_stream *s;       /* opened */
    struct case_filter filter;   /* everything */
    uint64_t at;                 /* number of the next case */
};

static void *corpus_open(const void *arg, struct diag *d)
{
    const struct corpus *c = arg;
    struct open_corpus *o = xcalloc(1, sizeof(*o));
    *o = (struct open_corpus){.corpus = c};
    o->s = case_stream_open_text("t.yaml", c->text.p, c->text.len, &o->filter, d);
    if (o->s) return o;
    free(o);
    return NULL;
}

static int corpus_next(void *s, const struct test_case **c)
{
    struct open_corpus *o = s;
    if (o->at == o->corpus->die_at) abort();
    if (o->at++ == o->corpus->end_at) return 0;
    return case_stream_next(o->s, c);
}

static uint64_t corpus_skip(void *s, uint64_t n)
{
    struct open_corpus *o = s;
    uint64_t k = case_stream_skip(o->s, n);
    o->at += k;
    return k;
}

static void corpus_close(void *s)
{
    struct open_corpus *o = s;
    case_stream_close(o->s);
    free(o);
}

/* n cases; the case i has fault[i % period] where there is one. */
static struct corpus corpus_make(unsigned n, const enum fault *faults, unsigned nfaults)
{
    struct corpus c = {.die_at = ~0ull, .end_at = ~0ull};
    buf_str(&c.text, "lockstep: 1\nisa: riscv64\ncases:\n");
    for (unsigned i = 0; i < n; i++)
        buf_printf(&c.text, "  - {id: c%u, code: 'addi a0, a0, 1', in: {a0: %u, a7: %u}}\n", i, i * 3,
                   faults && i < nfaults ? (unsigned)faults[i] : 0);
    return c;
}

static const struct lineup lineup = {.entries = {{&faulty, false}, {&reference, true}}, .n = 2};

static struct pool_config config(const struct corpus *c, uint64_t total, unsigned jobs, unsigned batch,
                                 struct seen *s)
{
    *s = (struct seen){.in_order = true, .interrupt = s->interrupt};
    return (struct pool_config){
        .source = {corpus_open, corpus_next, corpus_skip, corpus_close, c},
        .lineup = &lineup,
        .total = total,
        .jobs = jobs,
        .batch = batch,
        .timeout = 20,
        .sink = sink,
        .arg = s,
    };
}

static void assert_nobody_left(void)
{
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

/* ---- tests ---- */

static void test_order(void **state)
{
    enum { N = 1500 };
    static const struct {
        unsigned jobs, batch; /* of one run */
    } ways[] = {{1, 0}, {1, 7}, {2, 0}, {3, 1}, {5, 64}, {2, 5000}};
    struct corpus c = corpus_make(N, NULL, 0);
    struct buf first = {0};
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        struct seen s = {0};
        struct pool_config cfg = config(&c, N, ways[i].jobs, ways[i].batch, &s);
        struct pool_result res;
        pool_run(&cfg, &res);
        assert_int_equal(res.end, POOL_DONE);
        assert_int_equal(s.n, N);
        assert_true(s.in_order);
        assert_string_equal(buf_cstr(&s.reasons), "");
        if (!i) buf_add(&first, s.frames.p, s.frames.len);
        assert_int_equal(s.frames.len, first.len);
        assert_memory_equal(s.frames.p, first.p, first.len);
        seen_free(&s);
    }
    buf_free(&first);
    buf_free(&c.text);
    assert_nobody_left();
}

static void test_crashes_cost_one_case_each(void **state)
{
    enum { N = 300 };
    enum fault faults[N] = {[0] = FAULT_ABORT,   [5] = FAULT_KILL,    [6] = FAULT_EXIT,
                            [100] = FAULT_ABORT, [101] = FAULT_ABORT, [N - 1] = FAULT_KILL};
    struct corpus c = corpus_make(N, faults, N);
    for (unsigned jobs = 1; jobs <= 3; jobs++) {
        struct seen s = {0};
        struct pool_config cfg = config(&c, N, jobs, 50, &s);
        struct pool_result res;
        pool_run(&cfg, &res);
        assert_int_equal(res.end, POOL_DONE);
        assert_int_equal(s.n, N);
        assert_true(s.in_order);
        assert_string_equal(buf_cstr(&s.reasons), "crash c0: faulty died of SIGABRT\n"
                                                  "crash c5: faulty died of SIGKILL\n"
                                                  "crash c6: faulty exited with status 5\n"
                                                  "crash c100: faulty died of SIGABRT\n"
                                                  "crash c101: faulty died of SIGABRT\n"
                                                  "crash c299: faulty died of SIGKILL\n");
        seen_free(&s);
    }
    buf_free(&c.text);
    assert_nobody_left();
}

static void test_hangs_cost_one_case_each(void **state)
{
    enum { N = 40 };
    enum fault faults[N] = {[3] = FAULT_HANG, [4] = FAULT_ABORT, [20] = FAULT_HANG, [30] = FAULT_SLOW};
    struct corpus c = corpus_make(N, faults, N);
    struct seen s = {0};
    struct pool_config cfg = config(&c, N, 2, 16, &s);
    struct pool_result res;
    cfg.timeout = 0.4;
    pool_run(&cfg, &res);
    assert_int_equal(res.end, POOL_DONE);
    assert_int_equal(s.n, N);
    assert_true(s.in_order);
    assert_string_equal(buf_cstr(&s.reasons), "timeout c3: no result from faulty within 0.4 s\n"
                                              "crash c4: faulty died of SIGABRT\n"
                                              "timeout c20: no result from faulty within 0.4 s\n");
    assert_int_equal(res.timeouts, 2);
    seen_free(&s);
    buf_free(&c.text);
    assert_nobody_left();
}

/* A backend that wrecks its process so that it sends nonsense: the parent believes none of it. */
static void test_nonsense_on_the_wire(void **state)
{
    enum { N = 40 };
    enum fault faults[N] = {[7] = FAULT_SCRIBBLE};
    struct corpus c = corpus_make(N, faults, N);
    struct seen s = {0};
    struct pool_config cfg = config(&c, N, 2, 16, &s);
    struct pool_result res;
    pool_run(&cfg, &res);
    assert_int_equal(res.end, POOL_DONE);
    assert_int_equal(s.n, N);
    assert_true(s.in_order);
    assert_string_equal(buf_cstr(&s.reasons), "crash c7: faulty died of SIGKILL\n");
    seen_free(&s);
    buf_free(&c.text);
    assert_nobody_left();
}

static void test_gives_up(void **state)
{
    enum { N = 20 };
    enum fault faults[N] = {[2] = FAULT_HANG, [3] = FAULT_HANG, [4] = FAULT_HANG, [5] = FAULT_HANG};
    struct corpus c = corpus_make(N, faults, N);
    struct seen s = {0};
    struct pool_config cfg = config(&c, N, 1, 0, &s);
    struct pool_result res;
    cfg.timeout = 0.2;
    cfg.max_timeouts = 2;
    pool_run(&cfg, &res);
    assert_int_equal(res.end, POOL_GAVE_UP);
    assert_string_equal(buf_cstr(&res.message), "2 cases timed out");
    assert_true(s.in_order);
    assert_string_equal(buf_cstr(&s.reasons), "timeout c2: no result from faulty within 0.2 s\n");
    buf_free(&res.message);
    seen_free(&s);
    buf_free(&c.text);
    assert_nobody_left();
}

static void test_interrupted(void **state)
{
    enum { N = 4000 };
    enum fault *faults = xcalloc(N, sizeof(*faults));
    for (unsigned i = 1000; i < N; i++) faults[i] = FAULT_SLOW;
    struct corpus c = corpus_make(N, faults, N);
    struct seen s = {.interrupt = 200};
    struct pool_config cfg = config(&c, N, 2, 100, &s);
    struct pool_result res;
    sigset_t before, after;
    sigprocmask(SIG_BLOCK, NULL, &before);
    pool_run(&cfg, &res);
    sigprocmask(SIG_BLOCK, NULL, &after);
    assert_int_equal(res.end, POOL_INTERRUPTED);
    assert_int_equal(res.signal, SIGINT);
    assert_in_range(s.n, 200, N - 1000);
    assert_int_equal(sigismember(&after, SIGINT), sigismember(&before, SIGINT));
    seen_free(&s);
    buf_free(&c.text);
    free(faults);
    assert_nobody_left();
}

/* An error in the stream is one message, whoever met it first, and nothing is run after it. */
static void test_bad_input(void **state)
{
    struct corpus c = corpus_make(50, NULL, 0);
    buf_str(&c.text, "  - {id: bad, code: 'addi a0, a0, 1', in: {b0: 1}}\n");
    struct seen s = {0};
    struct pool_config cfg = config(&c, 51, 2, 10, &s);
    struct pool_result res;
    pool_run(&cfg, &res);
    assert_int_equal(res.end, POOL_BAD_INPUT);
    assert_non_null(strstr(buf_cstr(&res.message), "t.yaml:54:"));
    assert_null(strstr(strstr(buf_cstr(&res.message), "t.yaml:54:") + 1, "t.yaml:54:"));
    assert_true(s.n <= 50);
    buf_free(&res.message);
    seen_free(&s);
    buf_free(&c.text);
    assert_nobody_left();
}

static void test_stream_ends_early(void **state)
{
    struct corpus c = corpus_make(50, NULL, 0);
    struct seen s = {0};
    struct pool_config cfg = config(&c, 50, 2, 10, &s);
    struct pool_result res;
    c.end_at = 33;
    pool_run(&cfg, &res);
    assert_int_equal(res.end, POOL_BAD_INPUT);
    assert_non_null(strstr(buf_cstr(&res.message), "changed while it was being read"));
    buf_free(&res.message);
    seen_free(&s);
    buf_free(&c.text);
}

/* Nobody can say which case it is when reading cases is what kills workers: the run ends, and says so. */
static void test_dies_while_reading(void **state)
{
    struct corpus c = corpus_make(50, NULL, 0);
    struct seen s = {0};
    struct pool_config cfg = config(&c, 50, 1, 10, &s);
    struct pool_result res;
    c.die_at = 33;
    pool_run(&cfg, &res);
    assert_int_equal(res.end, POOL_BROKEN);
    assert_non_null(strstr(buf_cstr(&res.message), "died of SIGABRT while it was reading cases"));
    assert_true(s.in_order);
    assert_true(s.n >= 30 && s.n <= 33);
    buf_free(&res.message);
    seen_free(&s);
    buf_free(&c.text);
    assert_nobody_left();
}

static void test_nothing(void **state)
{
    struct corpus c = corpus_make(1, NULL, 0);
    struct seen s = {0};
    struct pool_config cfg = config(&c, 0, 2, 0, &s);
    struct pool_result res;
    pool_run(&cfg, &res);
    assert_int_equal(res.end, POOL_DONE);
    assert_int_equal(s.n, 0);
    buf_free(&c.text);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_crashes_cost_one_case_each),
        cmocka_unit_test(test_hangs_cost_one_case_each),
        cmocka_unit_test(test_nonsense_on_the_wire),
        cmocka_unit_test(test_gives_up),
        cmocka_unit_test(test_interrupted),
        cmocka_unit_test(test_bad_input),
        cmocka_unit_test(test_stream_ends_early),
        cmocka_unit_test(test_dies_while_reading),
        cmocka_unit_test(test_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
