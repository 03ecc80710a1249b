/* lockstep bench: runs lockstep-bench, which is beside this program, and records what it says. */
#include "harness/clock/history.h"
#include "harness/clock/process.h"
#include "harness/commands/program.h"
#include "harness/corpus/glob.h"
#include "harness/run/plan.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

enum { HOURS = 24 * 3600 };

/* What is measured, with what, and where it goes. */
struct benching {
    const char *program;    /* lockstep-bench */
    const char *root;       /* the project's folder */
    struct benchmarks all;  /* that it defines */
    const char *to, *fresh; /* the file, and what becomes it */
};

static int find_program(struct program *p, struct benching *b)
{
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    self[n > 0 ? n : 0] = 0;
    char *slash = strrchr(self, '/');
    if (slash) *slash = 0;
    b->program = arena_printf(&p->arena, "%s/lockstep-bench", self);
    b->root = build_root(b->program, &p->arena);
    if (access(b->program, X_OK))
        return complain(p, STATUS_HARNESS, "%s is not there: 'make bench-build'", b->program);
    struct diag d = {.out = p->err};
    bool good =
        benchmarks_read(&b->all, arena_printf(&p->arena, "%s/bench", b->root ? b->root : "."), &p->arena, &d);
    diag_free(&d);
    return good ? STATUS_PASS : STATUS_USAGE;
}

/* A pattern of ours as a regular expression. */
static void add_pattern(const char *glob, struct buf *out)
{
    for (; *glob; glob++) {
        if (*glob == '*')
            buf_str(out, ".*");
        else if (*glob == '?')
            buf_char(out, '.');
        else
            buf_printf(out, strchr(".+(){}|^$\\", *glob) ? "\\%c" : "%c", *glob);
    }
}

static void add_alternative(const char *glob, struct buf *out, unsigned n)
{
    if (n) buf_char(out, '|');
    add_pattern(glob, out);
}

/* All patterns, or all names of the usual ones; Google Benchmark adds to the names. NULL after a complaint.
 */
static const char *make_filter(struct program *p, const struct benching *b)
{
    const struct text_list *args = &p->opt.args;
    struct buf filter = {0};
    unsigned n = 0, matches = 0;
    buf_str(&filter, "--benchmark_filter=^(");
    for (unsigned i = 0; i < args->n; i++) {
        for (unsigned k = 0; k < b->all.n; k++) matches += glob_match(args->items[i], b->all.all[k].name);
        add_alternative(args->items[i], &filter, n++);
    }
    for (unsigned k = 0; k < b->all.n && !args->n; k++)
        if (b->all.all[k].usual) add_alternative(b->all.all[k].name, &filter, n++);
    buf_str(&filter, ")(/iterations:[0-9]+)?(/(real|manual)_time)?$");
    const char *text = arena_strdup(&p->arena, buf_cstr(&filter));
    buf_free(&filter);
    if (n && (matches || !args->n)) return text;
    (void)complain(p, STATUS_NOTHING, "no benchmark matches");
    return NULL;
}

/* Is there room for the figures? Better asked before minutes of measuring than behind them. */
static int open_output(struct program *p, struct benching *b)
{
    b->to = p->opt.output ? p->opt.output : "build/bench/bench.json";
    b->fresh = arena_printf(&p->arena, "%s.new", b->to);
    struct stat st;
    if (!strcmp(b->to, "-") || (!stat(b->to, &st) && !S_ISREG(st.st_mode)))
        return complain(p, STATUS_USAGE, "cannot write %s: figures go to a file", b->to);
    if (!p->opt.output &&
        ((mkdir("build", 0777) && errno != EEXIST) || (mkdir("build/bench", 0777) && errno != EEXIST)))
        return complain(p, STATUS_USAGE, "build/bench cannot be made: %s", strerror(errno));
    FILE *f = fopen(b->fresh, "we");
    if (!f) return complain(p, STATUS_USAGE, "cannot write %s: %s", b->to, strerror(errno));
    fclose(f);
    return STATUS_PASS;
}

/* Its table goes where ours would. Who stops us stops the benchmarks, too, and hears from us what became of
 * the figures. */
static int run(struct program *p, const struct benching *b, const char *filter, struct stops *stops)
{
    const char *out = arena_printf(&p->arena, "--benchmark_out=%s", b->fresh);
    const char *time = arena_printf(&p->arena, "--benchmark_min_time=%g", p->opt.min_time);
    const char *const argv[] = {b->program, filter, time, out, "--benchmark_out_format=json", NULL};
    posix_spawn_file_actions_t actions;
    int status = 0;
    char room[64];
    pid_t pid;
    fflush(p->out);
    posix_spawn_file_actions_init(&actions);
    if (fileno(p->out) > 1) posix_spawn_file_actions_adddup2(&actions, fileno(p->out), 1);
    int err = process_start(&pid, b->program, argv, environ, &actions, stops);
    posix_spawn_file_actions_destroy(&actions);
    if (err) return complain(p, STATUS_HARNESS, "%s does not start: %s", b->program, strerror(err));
    while ((err = process_wait(pid, HOURS, stops, &status)) == -ETIME) continue;
    if (err == -EINTR) (void)process_end(pid);
    if (stops->signal)
        return complain(p, STATUS_HARNESS, "interrupted by %s: nothing is recorded", stops_name(stops));
    if (err) return complain(p, STATUS_HARNESS, "%s", strerror(-err));
    const char *how = process_words(status, room);
    return how ? complain(p, STATUS_HARNESS, "%s fails: %s", b->program, how) : STATUS_PASS;
}

static int record(struct program *p, const struct benching *b, const struct environment *e)
{
    unsigned failed = 0;
    const char *why = record_write(b->fresh, b->to, e, &b->all, &failed, p->err, &p->arena);
    if (why) return complain(p, STATUS_HARNESS, "%s", why);
    fprintf(p->out, "figures: %s\n", b->to);
    return failed ? complain(p, STATUS_FAIL, "%u benchmarks fail", failed) : STATUS_PASS;
}

int cmd_bench(struct program *p)
{
    struct benching b = {0};
    struct environment e;
    int status = find_program(p, &b);
    const char *filter = status ? NULL : make_filter(p, &b);
    if (!status && !filter) status = STATUS_NOTHING;
    if (!status) status = open_output(p, &b);
    if (status) return status;
    environment_read(&e, b.root ? b.root : ".");
    environment_print(&e, p->out);
    struct stops stops;
    stops_open(&stops);
    status = run(p, &b, filter, &stops);
    if (!status) status = record(p, &b, &e);
    if (status > STATUS_FAIL) unlink(b.fresh);
    stops_close(&stops);
    return status;
}
