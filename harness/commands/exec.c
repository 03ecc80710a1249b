/* lockstep exec: a Linux program of a guest ISA, as if it were one of the host's. */
#include "engine/jit/jit.h"
#include "harness/exec/exec.h"
#include "harness/gdb/gdb.h"
#include "harness/run/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* As env(1), timeout(1) and shells have them. */
enum { STATUS_CANNOT = 125, STATUS_NOT_RUN = 126, STATUS_NOT_FOUND = 127 };

enum { STACK_LEAST = 16 << 10 };

/* One run, for the hooks. */
struct exec {
    struct program *program;
    struct user_options options;
    struct jit_options jit;       /* for when that is the backend */
    struct exec_trace *trace;     /* --trace, or NULL */
    struct gdb *gdb;              /* --gdb, or NULL */
    struct exec_state *state;     /* --state, or NULL */
    struct exec_names *names;     /* --perf, --trace; or NULL */
    struct exec_profile *profile; /* --profile, or NULL */
    struct timespec started;      /* just before it */
};

static uint64_t before(struct user_thread *t, void *data)
{
    struct exec *x = data;
    uint64_t n = x->gdb ? gdb_before_run(t, x->gdb) : UINT64_MAX;
    return x->trace ? exec_trace_before(x->trace, t) : n;
}

static void after(struct user_thread *t, void *data)
{
    struct exec *x = data;
    if (x->trace) exec_trace_after(x->trace, t);
    if (x->gdb) gdb_after_run(t, x->gdb);
}

static int signal_comes(struct user_thread *t, int sig, void *data)
{
    return gdb_signal(t, sig, ((struct exec *)data)->gdb);
}

static const char *executes(struct user_thread *t, bool failed, void *data)
{
    return gdb_executes(t, failed, ((struct exec *)data)->gdb);
}

static void thread_ends(struct user_thread *t, void *data)
{
    struct exec *x = data;
    if (x->state) exec_state_thread(x->state, t);
    if (x->profile) exec_profile_thread(x->profile, t);
}

static void at_end(struct user_process *p, void *data)
{
    struct exec *x = data;
    struct timespec now;
    if (x->gdb) gdb_at_end(p, x->gdb);
    clock_gettime(CLOCK_MONOTONIC, &now);
    double s = (double)(now.tv_sec - x->started.tv_sec) + (double)(now.tv_nsec - x->started.tv_nsec) / 1e9;
    if (x->profile) exec_profile_save(x->profile);
    if (x->state) exec_state_print(x->state, p, x->program->err);
    if (x->program->opt.stats) exec_stats_print(p, s, x->program->err);
}

/* "VAR=…" or "VAR": the same variable? */
static bool same_var(const char *a, const char *b)
{
    size_t n = strcspn(a, "=");
    return n == strcspn(b, "=") && !strncmp(a, b, n);
}

static bool has_var(const struct text_list *l, unsigned from, const char *var)
{
    for (unsigned i = from; i < l->n; i++)
        if (same_var(l->items[i], var)) return true;
    return false;
}

/* The host's environment without -U and with -E; of several -E for one variable the last counts. */
static int build_env(struct program *p, struct text_list *env)
{
    const struct text_list *set = &p->opt.set, *unset = &p->opt.unset;
    for (unsigned i = 0; i < unset->n; i++)
        if (!*unset->items[i] || strchr(unset->items[i], '='))
            return complain(p, STATUS_USAGE, "--unset wants VAR, not '%s'", unset->items[i]);
    for (char **v = environ; *v; v++)
        if (!has_var(set, 0, *v) && !has_var(unset, 0, *v)) list_add(p, env, *v);
    for (unsigned i = 0; i < set->n; i++) {
        const char *equals = strchr(set->items[i], '=');
        if (!equals || equals == set->items[i])
            return complain(p, STATUS_USAGE, "--env wants VAR=VALUE, not '%s'", set->items[i]);
        if (!has_var(set, i + 1, set->items[i])) list_add(p, env, set->items[i]);
    }
    list_add(p, env, NULL);
    return 0;
}

/* The named backend, or for "auto" the last in the table: it lists the slow ones first. NULL: complained. */
static const struct backend *choose_backend(struct program *p)
{
    const char *want = p->opt.runner, *names[16];
    const struct backend *best = NULL;
    size_t n = 0;
    bool any = !strcmp(want, "auto");
    names[n++] = "auto";
    for (unsigned i = 0; p->backends[i] && n < ARRAY_LEN(names); i++) {
        const struct backend *b = p->backends[i];
        if (!b->user) continue;
        names[n++] = b->name;
        if (any ? !backend_cannot_run(b) : !strcmp(b->name, want)) best = b;
    }
    if (!best && any)
        (void)complain(p, STATUS_CANNOT, "no backend can run programs here");
    else if (!best)
        (void)complain_name(p, "backend for programs", want, names, n);
    else if (backend_cannot_run(best))
        (void)complain(p, STATUS_CANNOT, "backend '%s' cannot be used: %s", want, backend_cannot_run(best));
    else
        return best;
    return NULL;
}

static int status_of(int err)
{
    if (err == -ENOENT || err == -ENOTDIR) return STATUS_NOT_FOUND;
    return err == -ENOTSUP || err == -ENOMEM ? STATUS_CANNOT : STATUS_NOT_RUN;
}

static int run(struct exec *x)
{
    struct program *p = x->program;
    struct buf why = {0};
    if (p->opt.perf || p->opt.trace) x->jit.data = x->names = exec_names_new();
    if (p->opt.perf) exec_perf_start();
    if (p->opt.trace) x->trace = exec_trace_new(x->names, p->err);
    if (p->opt.gdb && !(x->gdb = gdb_open(p->opt.gdb, p->err, &why))) {
        int bad = complain(p, STATUS_USAGE, "--gdb: %s", buf_cstr(&why));
        buf_free(&why);
        return bad;
    }
    if (p->opt.state) x->state = exec_state_new();
    if (p->opt.profile) x->profile = exec_profile_new(p->opt.profile, p->err);
    if (x->profile) x->jit.profile = exec_profile_of(x->profile);
    if (x->state || x->profile) x->options.thread_ends = thread_ends;
    if (x->trace || x->gdb) {
        x->options.before_run = before;
        x->options.after_run = after;
    }
    if (x->gdb) {
        x->options.signal_comes = signal_comes;
        x->options.executes = executes;
    }
    clock_gettime(CLOCK_MONOTONIC, &x->started);
    int status = user_exec(&x->options, &why);
    if (status < 0) status = complain(p, status_of(status), "%s", buf_cstr(&why));
    buf_free(&why);
    if (x->trace) exec_trace_free(x->trace);
    if (x->state) exec_state_free(x->state);
    if (x->names) exec_names_free(x->names);
    if (x->profile) exec_profile_free(x->profile);
    gdb_close(x->gdb);
    return status;
}

static void add_option(struct program *p, struct text_list *l, const char *name, const char *value)
{
    if (!value) return;
    list_add(p, l, name);
    list_add(p, l, value);
}

static void add_number(struct program *p, struct text_list *l, const char *name, uint64_t v)
{
    if (v) add_option(p, l, name, arena_printf(&p->arena, "%llu", (unsigned long long)v));
}

static bool given(const struct options *opt, enum option_id id)
{
    return opt->given[id];
}

/* How a program that this one executes is run: with the options that hold for it too. Its environment is what
 * it is given, and the limit was the first one's. The guest may change its working directory. */
static char *const *run_again(struct program *p)
{
    const struct options *opt = &p->opt;
    struct text_list l = {0};
    char *prefix = opt->prefix ? realpath(opt->prefix, NULL) : NULL;
    list_add(p, &l, "lockstep");
    list_add(p, &l, "exec");
    add_option(p, &l, "--backend", opt->runner);
    if (opt->prefix) add_option(p, &l, "--prefix", arena_strdup(&p->arena, prefix ? prefix : opt->prefix));
    add_number(p, &l, "--stack-size", opt->stack_size);
    if (given(opt, OPT_RANDOM))
        add_option(p, &l, "--seed", arena_printf(&p->arena, "%llu", (unsigned long long)opt->seed));
    add_number(p, &l, "--code-cache", opt->code_cache);
    add_number(p, &l, "--slice", opt->slice);
    add_number(p, &l, "--hot", opt->hot);
    if (opt->perf) list_add(p, &l, "--perf");
    if (opt->strace) list_add(p, &l, "--strace");
    if (opt->trace) list_add(p, &l, "--trace");
    if (opt->stats) list_add(p, &l, "--stats");
    list_add(p, &l, NULL);
    free(prefix);
    return (char *const *)l.items;
}

int cmd_exec(struct program *p)
{
    struct options *opt = &p->opt;
    struct text_list env = {0};
    const struct backend *backend = choose_backend(p);
    if (!backend) return STATUS_USAGE;
    int status = build_env(p, &env);
    if (status) return status;
    if (opt->stack_size && opt->stack_size < STACK_LEAST)
        return complain(p, STATUS_USAGE, "--stack-size wants %dK at least, for arguments and environment",
                        STACK_LEAST >> 10);
    if ((opt->perf || opt->profile) && backend != &backend_jit)
        return complain(p, STATUS_USAGE, "--%s: backend '%s' translates nothing",
                        opt->perf ? "perf" : "profile", backend->name);
    const char *program = opt->args.items[0];
    if (opt->argv0) opt->args.items[0] = opt->argv0;
    list_add(p, &opt->args, NULL);
    struct exec x = {
        .program = p,
        .options = {.program = program,
                    .argv = (char *const *)opt->args.items,
                    .envp = (char *const *)env.items,
                    .prefix = opt->prefix,
                    .backend = backend,
                    .stack_size = opt->stack_size,
                    .strace = opt->strace ? p->err : NULL,
                    .messages = p->err,
                    .limit = opt->limit,
                    .seeded = given(opt, OPT_RANDOM),
                    .seed = opt->seed,
                    .timed = opt->stats,
                    .at_end = at_end,
                    .again = run_again(p)},
    };
    x.options.data = &x;
    x.jit = (struct jit_options){.cache_size = opt->code_cache,
                                 .slice = (unsigned)opt->slice,
                                 .hot = (unsigned)opt->hot,
                                 .perf = opt->perf ? "/tmp" : NULL,
                                 .name = exec_perf_name,
                                 .timed = opt->stats};
    if (x.options.backend == &backend_jit) x.options.backend_options = &x.jit;
    fflush(p->out); /* the program writes to the same files, and its children must not write ours again */
    fflush(p->err);
    return run(&x);
}
