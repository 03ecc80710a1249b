/* Two processes that work in turn. What they speak: a byte to work for a slice, a line with the nanoseconds
 * of a pass back (bench/gbench.cc); and in the end Google Benchmark's JSON, in which errors stand. */
#include "harness/clock/measure.h"

#include "harness/run/status.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { ANSWER_FD = 3, NAMES_LIMIT = 60 };

/* A benchmark that runs. */
struct worker {
    pid_t pid; /* 0: it was not started */
    int talk;  /* bytes to it, answers from it */
    int out;   /* its standard output */
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

/* Standard output goes to w->out; with `us` it talks, too. 0 or an errno. */
static int worker_start(struct worker *w, const struct build *b, const char *const *argv, unsigned us)
{
    posix_spawn_file_actions_t actions;
    char text[2][64], **env = make_environment(b, us, text);
    int out[2], talk[2];
    *w = (struct worker){.talk = -1, .out = -1};
    int err = pipe2(out, O_CLOEXEC) ? errno : 0;
    if (!err && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, talk)) {
        err = errno;
        close(out[0]);
        close(out[1]);
    }
    if (!err) {
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, talk[1], 0);
        posix_spawn_file_actions_adddup2(&actions, out[1], 1);
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
        posix_spawn_file_actions_adddup2(&actions, 0, ANSWER_FD);
        if (b->root) posix_spawn_file_actions_addchdir_np(&actions, b->root);
        err = posix_spawn(&w->pid, b->program, &actions, NULL, (char *const *)(uintptr_t)argv, env);
        posix_spawn_file_actions_destroy(&actions);
        close(talk[1]);
        close(out[1]);
        w->talk = talk[0];
        w->out = out[0];
        if (err) w->pid = 0;
    }
    free(env);
    return err;
}

/* All that it still writes goes into `out`. NULL, or how it ended. */
static const char *worker_end(struct worker *w, double limit, struct buf *out)
{
    char chunk[4096];
    int status;
    bool late = false;
    if (w->talk >= 0) shutdown(w->talk, SHUT_WR);
    while (w->out >= 0 && w->pid) {
        struct pollfd p = {.fd = w->out, .events = POLLIN};
        int ready = poll(&p, 1, (int)(limit * 1000));
        if (ready < 0 && errno == EINTR) continue;
        late = ready <= 0;
        ssize_t n = late ? 0 : read(w->out, chunk, sizeof(chunk));
        if (n <= 0) break;
        buf_add(out, chunk, (size_t)n);
    }
    if (late) kill(w->pid, SIGKILL);
    if (w->talk >= 0) close(w->talk);
    if (w->out >= 0) close(w->out);
    if (!w->pid) return "it was not started";
    if (waitpid(w->pid, &status, 0) != w->pid) return strerror(errno);
    if (late) return "it takes too long";
    if (WIFSIGNALED(status)) return sigdescr_np(WTERMSIG(status));
    return WEXITSTATUS(status) ? "it ends with an error" : NULL;
}

/* ---- a slice ---- */

/* One more slice. False: it gave no answer. */
static bool worker_slice(struct worker *w, double limit, double *ns)
{
    char line[64];
    size_t n = 0;
    if (send(w->talk, "g", 1, MSG_NOSIGNAL) != 1) return false;
    while (n < sizeof(line) - 1 && (!n || line[n - 1] != '\n')) {
        struct pollfd p = {.fd = w->talk, .events = POLLIN};
        int ready = poll(&p, 1, (int)(limit * 1000));
        if (ready < 0 && errno == EINTR) continue;
        ssize_t got = ready > 0 ? read(w->talk, line + n, sizeof(line) - 1 - n) : 0;
        if (got <= 0) return false;
        n += (size_t)got;
    }
    line[n] = 0;
    *ns = strtod(line, NULL);
    return *ns > 0;
}

/* What it was that gave no answer: Google Benchmark's message, or how the process ended. */
static void explain(struct worker *w, double limit, char why[WHY_SIZE])
{
    struct buf out = {0};
    const char *how = worker_end(w, limit, &out);
    json_t *all = json_loadb(buf_cstr(&out), out.len, JSON_DISABLE_EOF_CHECK, NULL);
    const json_t *bench = json_array_get(json_object_get(all, "benchmarks"), 0);
    const char *message = json_string_value(json_object_get(bench, "error_message"));
    if (!message && !how)
        how = bench ? "it knows no slices: it is older than lockstep compare" : "it was not run";
    snprintf(why, WHY_SIZE, "%s", message ? message : how);
    json_decref(all);
    buf_free(&out);
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

/* Seconds in all that slices may take, once there is one pair of them. */
static const double budget = 0.25;

/* A B, B A, A B, …: the first pair warms both up, and does not count unless it alone is long enough to. The
 * fastest slice of each goes into least: what neighbours do to a processor makes slices slower, and never
 * faster. Which side gave no answer; 2: none failed. */
static unsigned take_turns(struct worker w[2], const struct slices *o, double least[2])
{
    double spent = 0;
    least[0] = least[1] = INFINITY;
    for (unsigned i = 0; i <= o->pairs && (isinf(least[0]) || spent < budget); i++) {
        double ns[2], before = status_now();
        for (unsigned k = 0; k < 2; k++) {
            unsigned side = (i + k) % 2;
            if (!worker_slice(&w[side], o->limit, &ns[side])) return side;
        }
        spent += status_now() - before;
        for (unsigned k = 0; k < 2 && (i || spent >= budget); k++) least[k] = fmin(least[k], ns[k]);
    }
    return 2;
}

bool slices_take(const struct build *const side[2], const char *benchmark, const struct slices *o, double *v,
                 unsigned *bad, char why[WHY_SIZE])
{
    double least[2];
    struct worker w[2];
    struct buf filter = {0}, rest = {0};
    cpu_set_t before;
    int err[2];
    BUG_ON(!o->pairs);
    make_filter(benchmark, &filter);
    choose_cpu(o->cpu, &before);
    for (unsigned i = 0; i < 2; i++) {
        const char *const argv[] = {side[i]->program, buf_cstr(&filter), "--benchmark_min_time=0",
                                    "--benchmark_format=json", NULL};
        err[i] = worker_start(&w[i], side[i], argv, o->us);
    }
    if (o->cpu >= 0) (void)sched_setaffinity(0, sizeof(before), &before);
    *bad = err[0] ? 0 : err[1] ? 1 : take_turns(w, o, least);
    if (*bad == 2) *v = log(least[1] / least[0]);
    for (unsigned i = 0; i < 2; i++) {
        if (*bad == i && !err[i]) explain(&w[i], o->limit, why);
        if (*bad == i && err[i]) snprintf(why, WHY_SIZE, "%s", strerror(err[i]));
        if (*bad != i || err[i]) (void)worker_end(&w[i], o->limit, &rest);
    }
    buf_free(&rest);
    buf_free(&filter);
    return *bad == 2;
}

const char *slices_names(const struct build *b, const char ***names, struct arena *a)
{
    const char *const argv[] = {b->program, "--benchmark_list_tests", NULL};
    struct buf out = {0};
    struct worker w;
    unsigned n = 0, lines = 0;
    int err = worker_start(&w, b, argv, 0);
    const char *why = worker_end(&w, NAMES_LIMIT, &out);
    if (err) why = strerror(err);
    if (why) why = arena_printf(a, "%s does not start: %s", b->program, why);
    for (const char *c = buf_cstr(&out); *c; c++) lines += *c == '\n';
    *names = arena_alloc(a, (lines + 2) * sizeof(**names));
    for (const char *c = buf_cstr(&out); !why && *c;) {
        size_t len = strcspn(c, "\n");
        const char *name = arena_strndup(a, c, len);
        if (len && !strstr(name, "/real_time")) (*names)[n++] = name;
        c += len + (c[len] == '\n');
    }
    if (!why && !n) why = arena_printf(a, "%s has no benchmarks", b->program);
    buf_free(&out);
    return why;
}
