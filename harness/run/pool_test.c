/* Workers: the order of records, and what becomes of cases whose backend crashes, hangs or leaves. */
#include "harness/testing.h"
#include "harness/run/status.h"
#include "harness/run/worker.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

/* What a run left. */
struct seen {
    struct buf frames;         /* every record, told again */
    struct record_coder coder; /* likewise */
    struct buf reasons;        /* "c7: faulty died of SIGABRT\n" of those that did not pass */
    uint64_t n;                /* records */
    uint64_t interrupt;        /* raise SIGINT after so many records; 0: never */
    uint64_t told[4];          /* numbers of cases that ran first, as they were told */
    unsigned ntold;            /* how many */
    unsigned kills;            /* workers still to be killed, as somebody outside does */
    bool in_order;             /* numbers without a gap from 0 */
};

static void sink(void *arg, const struct record *r)
{
    struct seen *s = arg;
    if (!r) return;
    if (r->number != s->n++) s->in_order = false;
    struct record timeless = *r;
    timeless.micros = 0;
    record_encode(&s->coder, &timeless, &s->frames);
    if (r->verdict != VERDICT_PASS)
        buf_printf(&s->reasons, "%s %s: %s\n", verdict_name(r->verdict), strrchr(r->id, '/') + 1, r->reason);
    if (s->n == s->interrupt) kill(getpid(), SIGINT);
}

static void told(void *arg, const struct record *r)
{
    struct seen *s = arg;
    assert_true(s->ntold < ARRAY_LEN(s->told));
    s->told[s->ntold++] = r->number;
}

/* "worker 1 (process 4711): riscv64/t/c7 on faulty, for 0.1 s" */
static void kill_the_first(void *arg, const char *text)
{
    struct seen *s = arg;
    const char *at = strstr(text, " on faulty");
    if (!at || !s->kills) return;
    while (at != text && at[-1] != '\n') at--;
    s->kills--;
    kill((pid_t)atoi(strstr(at, "(process ") + strlen("(process ")), SIGKILL);
}

static void sink_and_ask(void *arg, const struct record *r)
{
    struct seen *s = arg;
    sink(arg, r);
    if (!r && s->kills && s->n < 60) kill(getpid(), SIGUSR1); /* which somebody still takes */
}

static void seen_free(struct seen *s)
{
    buf_free(&s->frames);
    record_coder_free(&s->coder);
    buf_free(&s->reasons);
}

/* ---- where cases come from: a text, and a case at which the source itself misbehaves ---- */

struct corpus {
    struct buf text;  /* of the file */
    uint64_t die_at;  /* next() aborts at this case; ~0: never */
    uint64_t end_at;  /* the stream ends early here; ~0: never */
    uint64_t stop_at; /* next() stops its process here; ~0: never */
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
    if (o->at == o->corpus->stop_at) raise(SIGSTOP);
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
    struct corpus c = {.die_at = ~0ull, .end_at = ~0ull, .stop_at = ~0ull};
    buf_str(&c.text, "lockstep: 1\nisa: riscv64\ncases:\n");
    for (unsigned i = 0; i < n; i++)
        buf_printf(&c.text, "  - {id: c%u, code: 'addi a0, a0, 1', in: {a0: %u, a7: %u}}\n", i, i * 3,
                   faults && i < nfaults ? (unsigned)faults[i] : 0);
    return c;
}

static const struct lineup lineup = {.entries = {{&faulty, false, NULL}, {&reference, true, NULL}}, .n = 2};

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
    assert_string_equal(buf_cstr(&s.reasons), "timeout c2: no result from faulty within 0.2 s\n"
                                              "timeout c3: no result from faulty within 0.2 s\n");
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

/* Who ignores a signal (nohup) is not interrupted by it. */
static void test_ignored_signal(void **state)
{
    struct corpus c = corpus_make(400, NULL, 0);
    struct seen s = {0};
    struct pool_config cfg = config(&c, 400, 2, 20, &s);
    struct pool_result res;
    sigset_t old;
    void (*before)(int) = signal(SIGHUP, SIG_IGN);
    pool_block_signals(&old);
    raise(SIGHUP);
    pool_run(&cfg, &res);
    sigprocmask(SIG_SETMASK, &old, NULL);
    signal(SIGHUP, before);
    assert_int_equal(res.end, POOL_DONE);
    assert_int_equal(s.n, 400);
    seen_free(&s);
    buf_free(&c.text);
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

/* What runs first is known first, crashes and hangs too, and is handed on when its turn comes. */
static void test_early(void **state)
{
    enum { N = 300 };
    static const uint64_t early[] = {250, 3, 299, 77};
    enum fault faults[N] = {[3] = FAULT_HANG, [77] = FAULT_ABORT, [78] = FAULT_ABORT, [299] = FAULT_WRONG};
    struct corpus c = corpus_make(N, faults, N);
    for (unsigned jobs = 1; jobs <= 3; jobs += 2) {
        struct seen s = {0};
        struct pool_config cfg = config(&c, N, jobs, 0, &s);
        struct pool_result res;
        cfg.early_cases = early;
        cfg.nearly = ARRAY_LEN(early);
        cfg.told = told;
        cfg.timeout = 0.5;
        pool_run(&cfg, &res);
        assert_int_equal(res.end, POOL_DONE);
        assert_int_equal(s.n, N);
        assert_true(s.in_order);
        assert_int_equal(s.ntold, ARRAY_LEN(early));
        assert_memory_equal(s.told, early, sizeof(early));
        assert_string_equal(strstr(buf_cstr(&s.reasons), "crash"), "crash c77: faulty died of SIGABRT\n"
                                                                   "crash c78: faulty died of SIGABRT\n"
                                                                   "fail c299: rv.addi: rd: "
                                                                   "faulty differs from reference\n");
        seen_free(&s);
    }
    buf_free(&c.text);
    assert_nobody_left();
}

/* A case that wants all memory costs itself. */
static void test_out_of_memory(void **state)
{
#ifdef __SANITIZE_ADDRESS__
    skip(); /* its allocator ends the process in its own way */
#endif
    enum { N = 8 };
    enum fault faults[N] = {[3] = FAULT_EAT};
    struct corpus c = corpus_make(N, faults, N);
    struct seen s = {0};
    struct pool_config cfg = config(&c, N, 2, 4, &s);
    struct pool_result res;
    cfg.memory = 1 << 28;
    pool_run(&cfg, &res);
    assert_int_equal(res.end, POOL_DONE);
    assert_int_equal(s.n, N);
    assert_string_equal(buf_cstr(&s.reasons), "crash c3: faulty ran out of memory\n");
    seen_free(&s);
    buf_free(&c.text);
    assert_nobody_left();
}

/* A worker that somebody else kills costs no case: the one at hand runs again. */
static void test_killed_from_outside(void **state)
{
    enum { N = 64, KILLS = 5 };
    enum fault faults[N] = {[63] = FAULT_KILL};
    for (unsigned i = 0; i < 20; i++) faults[i] = FAULT_SLOW;
    struct corpus c = corpus_make(N, faults, N);
    struct seen s = {0};
    struct pool_config cfg = config(&c, N, 1, 16, &s);
    struct pool_result res;
    s.kills = KILLS;
    cfg.asked = kill_the_first;
    cfg.sink = sink_and_ask;
    cfg.timeout = 5;
    pool_run(&cfg, &res);
    assert_int_equal(res.end, POOL_DONE);
    assert_int_equal(s.n, N);
    assert_true(s.in_order);
    assert_int_equal(s.kills, 0);
    assert_in_range(res.killed, 1, KILLS);
    assert_string_equal(buf_cstr(&s.reasons), "crash c63: faulty died of SIGKILL\n");
    seen_free(&s);
    buf_free(&c.text);
    assert_nobody_left();
}

/* A worker that somebody stopped, in a case or between two, goes on, and has not timed out. */
static void test_stopped_worker(void **state)
{
    enum { N = 40 };
    enum fault faults[N] = {[7] = FAULT_STOP, [30] = FAULT_STOP};
    struct corpus c = corpus_make(N, faults, N);
    struct seen s = {0};
    struct pool_config cfg = config(&c, N, 2, 16, &s);
    struct pool_result res;
    c.stop_at = 20;
    cfg.timeout = 0.4;
    pool_run(&cfg, &res);
    assert_int_equal(res.end, POOL_DONE);
    assert_int_equal(s.n, N);
    assert_true(s.in_order);
    assert_string_equal(buf_cstr(&s.reasons), "");
    seen_free(&s);
    buf_free(&c.text);
    assert_nobody_left();
}

/* Goes an hour ahead soon after the start, and back again. */
static double jumpy(void)
{
    static double start;
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    double t = (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
    if (start <= 0) start = t;
    return t - start > 0.1 && t - start < 0.25 ? t + 3600 : t;
}

static void test_clock_that_jumps(void **state)
{
    enum { N = 60 };
    enum fault faults[N] = {0};
    for (unsigned i = 0; i < 26; i++) faults[i] = FAULT_SLOW; /* some are at work at each jump */
    faults[30] = FAULT_HANG;
    struct corpus c = corpus_make(N, faults, N);
    struct seen s = {0};
    struct pool_config cfg = config(&c, N, 2, 16, &s);
    struct pool_result res;
    cfg.timeout = 0.9;
    cfg.clock = jumpy;
    cfg.sink = sink_and_ask; /* so that it looks all the time */
    s.kills = 1;
    pool_run(&cfg, &res);
    assert_int_equal(res.end, POOL_DONE);
    assert_true(s.in_order);
    assert_int_equal(s.n, N);
    assert_string_equal(buf_cstr(&s.reasons), "timeout c30: no result from faulty within 0.9 s\n");
    seen_free(&s);
    buf_free(&c.text);
    assert_nobody_left();
}

/* A few cases that take their time are for all workers: done in less than they take one after the other,
 * which on a busy machine may need another try. */
static void test_few_slow_cases(void **state)
{
    enum { N = 15, JOBS = 8 };
    enum fault faults[N];
    for (unsigned i = 0; i < N; i++) faults[i] = FAULT_SLOW;
    struct corpus c = corpus_make(N, faults, N);
    double took = 1;
    for (unsigned tries = 0; tries < 20 && took > N * 0.02; tries++) {
        struct seen s = {0};
        struct pool_config cfg = config(&c, N, JOBS, 0, &s);
        struct pool_result res;
        double start = status_now();
        pool_run(&cfg, &res);
        took = status_now() - start;
        assert_int_equal(s.n, N);
        seen_free(&s);
    }
    assert_true(took < N * 0.02);
    buf_free(&c.text);
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
        cmocka_unit_test(test_ignored_signal),
        cmocka_unit_test(test_bad_input),
        cmocka_unit_test(test_stream_ends_early),
        cmocka_unit_test(test_dies_while_reading),
        cmocka_unit_test(test_early),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_killed_from_outside),
        cmocka_unit_test(test_clock_that_jumps),
        cmocka_unit_test(test_stopped_worker),
        cmocka_unit_test(test_few_slow_cases),
        cmocka_unit_test(test_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
