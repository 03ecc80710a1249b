/* Two processes that work in turn. What they speak: a byte to work for a slice, a line with the nanoseconds
 * of a pass back (bench/gbench.cc); and in the end Google Benchmark's JSON, in which errors stand. */
#include "harness/clock/measure.h"

#include "harness/clock/process.h"
#include "harness/clock/stats.h"
#include "harness/run/status.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

extern char **environ;

enum { ANSWER_FD = 3, NAMES_LIMIT = 60, LONGEST_NAME = 200, MOST_SAID = 1 << 20 };

/* Seconds that a process that has ended may leave standard error open to others. */
static const double last_words = 0.05;

/* A benchmark that runs. */
struct worker {
    pid_t pid;         /* 0: it was not started */
    int talk;          /* bytes to it, answers from it */
    int out;           /* its standard output */
    struct tail err;   /* its standard error */
    const char *wrong; /* what is, although it runs; or NULL */
};

/* ---- starting ---- */

/* The environment, with a variable for each thing that is asked for. */
static char **make_environment(const struct build *b, unsigned us, char text[2][64])
{
    static const char prefix[] = "LOCKSTEP_BENCH_";
    unsigned n = 0, kept = 0;
    while (environ[n]) n++;
    char **all = xcalloc(n + 3, sizeof(*all));
    for (unsigned i = 0; i < n; i++)
        if (strncmp(environ[i], prefix, sizeof(prefix) - 1) != 0) all[kept++] = environ[i];
    snprintf(text[0], 64, "%sPLANT=%u", prefix, b->plant);
    snprintf(text[1], 64, "%sSLICE=%u", prefix, us);
    if (b->plant) all[kept++] = text[0];
    if (us) all[kept++] = text[1];
    return all;
}

/* Pipes for its standard output and error, and a line to talk: first what we keep. False: errno says why. */
static bool open_ends(int out[2], int err[2], int talk[2])
{
    if (pipe2(out, O_CLOEXEC)) return false;
    if (!pipe2(err, O_CLOEXEC)) {
        fcntl(err[0], F_SETFL, O_NONBLOCK);
        if (!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, talk)) return true;
        close(err[0]);
        close(err[1]);
    }
    close(out[0]);
    close(out[1]);
    return false;
}

/* Standard output goes to w->out; with `us` it talks, too. 0 or an errno. */
static int worker_start(struct worker *w, const struct build *b, const char *const *argv, unsigned us,
                        const struct stops *stops)
{
    posix_spawn_file_actions_t actions;
    char text[2][64];
    int out[2], errors[2], talk[2];
    *w = (struct worker){.talk = -1, .out = -1, .err.fd = -1};
    if (!open_ends(out, errors, talk)) return errno;
    char **env = make_environment(b, us, text);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, talk[1], 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    posix_spawn_file_actions_adddup2(&actions, errors[1], 2);
    posix_spawn_file_actions_adddup2(&actions, 0, ANSWER_FD);
    if (b->root) posix_spawn_file_actions_addchdir_np(&actions, b->root);
    int err = process_start(&w->pid, b->program, argv, env, &actions, stops);
    posix_spawn_file_actions_destroy(&actions);
    close(talk[1]);
    close(out[1]);
    close(errors[1]);
    w->talk = talk[0];
    w->out = out[0];
    w->err.fd = errors[0];
    free(env);
    return err;
}

/* Can fd be read? False: it takes too long, or we are to stop. */
static bool worker_wait(struct worker *w, int fd, double end, struct stops *stops)
{
    for (double left; !stops->signal && (left = end - status_now()) > 0;) {
        struct pollfd p[] = {{.fd = fd, .events = POLLIN},
                             {.fd = w->err.fd, .events = POLLIN},
                             {.fd = stops->fd, .events = POLLIN}};
        if (poll(p, 3, (int)(fmin(left, 3600) * 1000) + 1) < 0) continue;
        if (p[2].revents && stops_wait(stops, 0)) break;
        if (p[1].revents) tail_read(&w->err);
        if (p[0].revents) return true;
    }
    return false;
}

/* All that it still writes goes into `out`. NULL, or how it ended (`text` has the room). */
static const char *worker_end(struct worker *w, double limit, struct stops *stops, struct buf *out,
                              char text[64])
{
    const double end = status_now() + limit;
    const char *why = w->pid ? NULL : "it was not started";
    char chunk[4096];
    int status = 0;
    ssize_t n = 1;
    if (w->talk >= 0) shutdown(w->talk, SHUT_WR);
    while (!why && n > 0) {
        if (!worker_wait(w, w->out, end, stops))
            why = "it takes too long";
        else if (out->len > MOST_SAID)
            why = "it says too much";
        else if ((n = read(w->out, chunk, sizeof(chunk))) > 0)
            buf_add(out, chunk, (size_t)n);
    }
    if (!why && process_wait(w->pid, fmax(0, end - status_now()), stops, &status)) why = "it takes too long";
    if (why && w->pid) (void)process_end(w->pid);
    while (w->err.fd >= 0 && worker_wait(w, w->err.fd, status_now() + last_words, stops)) continue;
    const int fds[] = {w->talk, w->out, w->err.fd};
    for (unsigned i = 0; i < ARRAY_LEN(fds); i++)
        if (fds[i] >= 0) close(fds[i]);
    return why ? why : process_words(status, text);
}

/* ---- a slice ---- */

/* One more slice. False: it is gone. */
static bool worker_go(struct worker *w)
{
    return send(w->talk, "g", 1, MSG_NOSIGNAL) == 1;
}

/* What the slice took. False: it gave no answer; w->wrong, if it still runs. */
static bool worker_answer(struct worker *w, double limit, struct stops *stops, double *ns)
{
    const double end = status_now() + limit;
    char line[64], *behind;
    size_t n = 0;
    while (n < sizeof(line) - 1 && (!n || line[n - 1] != '\n')) {
        bool ready = worker_wait(w, w->talk, end, stops);
        ssize_t got = ready ? read(w->talk, line + n, sizeof(line) - 1 - n) : 0;
        if (!ready) w->wrong = "it takes too long";
        if (got <= 0) return false;
        n += (size_t)got;
    }
    line[n] = 0;
    *ns = strtod(line, &behind);
    if (*ns > 0 && isfinite(*ns) && *behind == '\n') return true;
    w->wrong = "what it answers is no time";
    return false;
}

/* Ends it. False: it failed, and why: Google Benchmark's message, or how the process ended. `answered`: its
 * slices had answers, which are worth nothing when its checks fail behind them. */
static bool worker_finish(struct worker *w, bool answered, const struct slices *o, char why[WHY_SIZE])
{
    struct buf out = {0}, text = {0};
    char room[64];
    const char *how = worker_end(w, w->wrong ? 0 : o->limit, o->stops, &out, room);
    json_t *all = json_loadb(buf_cstr(&out), out.len, JSON_DISABLE_EOF_CHECK, NULL);
    const json_t *bench = json_array_get(json_object_get(all, "benchmarks"), 0);
    const char *message = json_string_value(json_object_get(bench, "error_message"));
    if (w->wrong) how = w->wrong;
    if (!answered && !message && !how)
        how = bench ? "it knows no slices: it is older than lockstep compare" : "it was not run";
    if (!message) message = how;
    if (message) {
        buf_str(&text, message);
        tail_write(&w->err, &text);
        snprintf(why, WHY_SIZE, "%s", buf_cstr(&text));
    }
    json_decref(all);
    buf_free(&out);
    buf_free(&text);
    return !message;
}

/* Children inherit it. */
static void choose_cpu(int number, cpu_set_t *before)
{
    cpu_set_t one;
    if (sched_getaffinity(0, sizeof(*before), before) || number < 0) return;
    int n = number % CPU_COUNT(before);
    CPU_ZERO(&one);
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, before) && n-- == 0) CPU_SET(i, &one);
    (void)sched_setaffinity(0, sizeof(one), &one);
}

/* A pattern that matches this name only. */
static void make_filter(const char *name, struct buf *filter)
{
    buf_str(filter, "--benchmark_filter=^");
    for (const char *c = name; *c; c++) buf_printf(filter, strchr(".+*?()[]{}|^$\\", *c) ? "\\%c" : "%c", *c);
    buf_char(filter, '$');
}

/* Seconds: all turns but the first may take so much; a slice is long, and the first turn counts, from so much
 * on. */
static const double budget = 0.35, long_slice = 0.01, long_turn = 0.1;

/* A slice of each, whose turn it is first. Both at once when they are long: then the kernel lets them work in
 * turn, every few milliseconds, which is what keeps neighbours the same for both. Which sides gave no answer,
 * a bit each. */
static unsigned take_turn(struct worker w[2], const struct slices *o, unsigned first, bool at_once,
                          double ns[2])
{
    unsigned bad = 0;
    for (unsigned k = 0; k < 2; k++) {
        unsigned side = (first + k) % 2;
        if (at_once && !k && !worker_go(&w[!side])) bad |= 1u << !side;
        if ((!at_once || !k) && !worker_go(&w[side])) bad |= 1u << side;
        if (!worker_answer(&w[side], o->limit, o->stops, &ns[side])) bad |= 1u << side;
    }
    return bad;
}

/* A B, B A, A B, …: the first turn warms both up. Which sides gave no answer, a bit each. */
static unsigned take_turns(struct worker w[2], const struct slices *o, double v[SLICES_WAYS])
{
    double spent = 0, least[2] = {INFINITY, INFINITY}, ratios[STATS_MAX];
    unsigned n = 0;
    bool at_once = true; /* nobody knows yet how long they are */
    for (unsigned i = 0; i <= o->turns && (!n || spent < budget); i++) {
        double ns[2], before = status_now();
        unsigned bad = take_turn(w, o, i % 2, at_once, ns);
        if (bad) return bad;
        /* the first one waits for what both set up, too */
        spent += i ? status_now() - before : (ns[0] + ns[1]) / 1e9;
        if (!i) at_once = spent > 2 * long_slice;
        if (!i && spent < long_turn) spent = 0;
        if (!i && spent <= 0) continue;
        for (unsigned k = 0; k < 2; k++) least[k] = fmin(least[k], ns[k]);
        ratios[n++] = log(ns[1] / ns[0]);
    }
    v[BY_FASTEST] = log(least[1] / least[0]);
    v[BY_TURNS] = stats_median(ratios, n);
    return 0;
}

bool slices_take(const struct build *const side[2], const char *benchmark, const struct slices *o,
                 double v[SLICES_WAYS], unsigned *bad, char why[WHY_SIZE])
{
    struct worker w[2];
    struct buf filter = {0};
    cpu_set_t before;
    BUG_ON(!o->turns || o->turns >= STATS_MAX);
    *bad = 0;
    make_filter(benchmark, &filter);
    choose_cpu(o->cpu, &before);
    for (unsigned i = 0; i < 2; i++) {
        const char *const argv[] = {side[i]->program, buf_cstr(&filter), "--benchmark_min_time=0",
                                    "--benchmark_format=json", NULL};
        int err = worker_start(&w[i], side[i], argv, o->us, o->stops);
        if (err) snprintf(why, WHY_SIZE, "%s", strerror(err));
        if (err) *bad |= 1u << i;
    }
    if (o->cpu >= 0) (void)sched_setaffinity(0, sizeof(before), &before);
    const unsigned unborn = *bad;
    if (!unborn) *bad = take_turns(w, o, v);
    for (unsigned i = 0; i < 2; i++) {
        bool answered = !(*bad & 1u << i);
        if (!(unborn & 1u << i) && !worker_finish(&w[i], answered && !unborn, o, why)) *bad |= 1u << i;
    }
    buf_free(&filter);
    return !*bad && !o->stops->signal;
}

/* A name stands in a line of a table, and is a word of a command. */
static bool is_name(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (text[i] <= ' ' || text[i] > '~') return false;
    return n > 0 && n <= LONGEST_NAME;
}

/* NULL, or why the lines are none. */
static const char *read_names(const char *text, const char **names, struct arena *a)
{
    unsigned n = 0;
    for (const char *c = text; *c;) {
        size_t len = strcspn(c, "\n");
        if (!is_name(c, len)) return "what it says are no names of benchmarks";
        const char *name = arena_strndup(a, c, len);
        if (!strstr(name, "/real_time")) names[n++] = name;
        c += len + (c[len] == '\n');
    }
    return n ? NULL : "it has no benchmarks";
}

const char *slices_names(const struct build *b, const char ***names, struct stops *stops, struct arena *a)
{
    const char *const argv[] = {b->program, "--benchmark_list_tests", NULL};
    struct buf out = {0}, text = {0};
    struct worker w;
    unsigned lines = 0;
    char room[64];
    int err = worker_start(&w, b, argv, 0, stops);
    const char *why = err ? strerror(err) : worker_end(&w, NAMES_LIMIT, stops, &out, room);
    for (const char *c = buf_cstr(&out); *c; c++) lines += *c == '\n';
    *names = arena_alloc(a, (lines + 2) * sizeof(**names));
    if (why)
        buf_printf(&text, "%s does not start: %s", b->program, why);
    else if ((why = read_names(buf_cstr(&out), *names, a)))
        buf_printf(&text, "%s is no lockstep-bench: %s", b->program, why);
    tail_write(&w.err, &text);
    if (why) why = arena_strdup(a, buf_cstr(&text));
    buf_free(&text);
    buf_free(&out);
    return why;
}
