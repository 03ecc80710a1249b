/* Real programs: each of corpora/programs on every backend of ours, statically and dynamically linked,
 * against the same source built natively and against qemu-riscv64: the same output, the same status.
 *
 * A program's first lines may say `not native: REASON` or `not qemu: REASON`: what that one cannot be held
 * to. LOCKSTEP_PROGRAMS=GLOB runs some of them.
 */
#include "harness/glob.h"
#include "harness/testing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { SECONDS = 60, MAX_OUTPUT = 4 << 20 };

/* A program on a backend, linked one way. */
struct trial {
    const char *program; /* name of its source */
    const char *backend; /* ours */
    const char *linked;  /* "static", "dynamic" */
};

static char place[4096]; /* folder of the built program lockstep, with a slash */

struct outcome {
    struct buf output; /* standard output and error */
    int status;        /* as wait gives it */
    bool late;         /* it did not end in time and was killed */
};

/* Reads until the end or the deadline. */
static void collect(int fd, pid_t pid, struct outcome *o)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    time_t end = now.tv_sec + SECONDS;
    for (;;) {
        char chunk[65536];
        struct pollfd p = {fd, POLLIN, 0};
        clock_gettime(CLOCK_MONOTONIC, &now);
        o->late = now.tv_sec >= end || o->output.len > MAX_OUTPUT;
        if (o->late) break;
        if (poll(&p, 1, 1000) <= 0) continue;
        ssize_t n = read(fd, chunk, sizeof(chunk));
        if (n <= 0) break;
        buf_add(&o->output, chunk, (size_t)n);
    }
    if (o->late) kill(pid, SIGKILL);
}

static void run(const char *const *argv, struct outcome *o)
{
    posix_spawn_file_actions_t actions;
    int ends[2];
    pid_t pid;
    *o = (struct outcome){0};
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
    int err = posix_spawnp(&pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (err) fail_msg("%s cannot be started: %s", argv[0], strerror(err));
    collect(ends[0], pid, o);
    close(ends[0]);
    assert_int_equal(waitpid(pid, &o->status, 0), pid);
}

/* The reason behind `not WHO:` at the program's top, or NULL. */
static const char *excused(const char *program, const char *who, char *reason, size_t size)
{
    char path[256], line[256], mark[32];
    snprintf(path, sizeof(path), "corpora/programs/%s.c", program);
    snprintf(mark, sizeof(mark), "not %s:", who);
    FILE *f = fopen(path, "r");
    bool found = false;
    for (int i = 0; f && i < 3 && !found && fgets(line, sizeof(line), f); i++) {
        char *at = strstr(line, mark);
        found = at != NULL;
        if (found) snprintf(reason, size, "%s", at);
    }
    if (f) fclose(f);
    return found ? reason : NULL;
}

static void compare(const struct outcome *theirs, const char *who, const struct outcome *ours,
                    const char *what)
{
    size_t n = 0, line = 1, start = 0;
    if (ours->late) fail_msg("%s did not end within %d s", what, SECONDS);
    while (n < theirs->output.len && n < ours->output.len && theirs->output.p[n] == ours->output.p[n]) {
        if (theirs->output.p[n++] != '\n') continue;
        line++;
        start = n;
    }
    if (n < theirs->output.len || n < ours->output.len)
        fail_msg("%s differs from %s in line %zu:\n  %s: %.*s\n  ours: %.*s", what, who, line, who,
                 (int)strcspn(buf_cstr(&theirs->output) + start, "\n"), buf_cstr(&theirs->output) + start,
                 (int)strcspn(buf_cstr(&ours->output) + start, "\n"), buf_cstr(&ours->output) + start);
    if (theirs->status != ours->status)
        fail_msg("%s ends with status %#x, with %s %#x", what, ours->status, who, theirs->status);
}

static void against(const struct trial *t, const char *who, const char *const *argv,
                    const struct outcome *ours, const char *what)
{
    char reason[256];
    struct outcome theirs;
    if (excused(t->program, who, reason, sizeof(reason))) {
        print_message("%s: %s", t->program, reason);
        return;
    }
    run(argv, &theirs);
    compare(&theirs, who, ours, what);
    buf_free(&theirs.output);
}

static void test_program(void **state)
{
    const struct trial *t = *state;
    char lockstep[4200], path[4200], native[4200], what[300];
    struct outcome ours;
    snprintf(lockstep, sizeof(lockstep), "%slockstep", place);
    snprintf(path, sizeof(path), "%sprograms/%s.%s", place, t->program, t->linked);
    snprintf(native, sizeof(native), "%sprograms/%s.native", place, t->program);
    snprintf(what, sizeof(what), "%s.%s on %s", t->program, t->linked, t->backend);
    if (access(path, X_OK)) skip();
    const char *const us[] = {lockstep,    "exec",     "-L", "/usr/riscv64-linux-gnu",
                              "--backend", t->backend, path, NULL};
    const char *const qemu[] = {"qemu-riscv64", "-L", "/usr/riscv64-linux-gnu", path, NULL};
    const char *const host[] = {native, NULL};
    run(us, &ours);
    against(t, "native", host, &ours, what);
    against(t, "qemu", qemu, &ours, what);
    buf_free(&ours.output);
}

/* ---- which there are ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static unsigned find_programs(char **names, unsigned most)
{
    const char *glob = getenv("LOCKSTEP_PROGRAMS");
    DIR *d = opendir("corpora/programs");
    unsigned n = 0;
    for (struct dirent *e; d && (e = readdir(d)) && n < most;) {
        char *dot = strrchr(e->d_name, '.');
        if (!dot || strcmp(dot, ".c")) continue;
        *dot = 0;
        if (!glob || glob_match(glob, e->d_name)) names[n++] = xstrdup(e->d_name);
    }
    if (d) closedir(d);
    qsort(names, n, sizeof(names[0]), by_name);
    return n;
}

static bool find_place(void)
{
    ssize_t n = readlink("/proc/self/exe", place, sizeof(place) - 1);
    char *at = NULL;
    if (n > 0) place[n] = 0, at = strstr(place, "/test/harness/");
    if (at) at[1] = 0;
    return at != NULL;
}

int main(void)
{
    static const char *const linked[] = {"static", "dynamic"};
    enum { MOST = 200 };
    static char *names[MOST];
    static struct trial trials[MOST * 8];
    static struct CMUnitTest tests[MOST * 8];
    unsigned count = find_programs(names, MOST), n = 0;
    if (!find_place() || !count) return 1;
    for (unsigned i = 0; i < count; i++)
        for (unsigned b = 0; backend_all[b]; b++)
            for (unsigned k = 0; k < ARRAY_LEN(linked) && backend_all[b]->user; k++, n++) {
                struct buf name = {0};
                trials[n] = (struct trial){names[i], backend_all[b]->name, linked[k]};
                buf_printf(&name, "%s_%s_%s", names[i], trials[n].backend, linked[k]);
                tests[n] = (struct CMUnitTest){
                    .name = name.p, .test_func = test_program, .initial_state = &trials[n]};
            }
    return _cmocka_run_group_tests("programs", tests, n, NULL, NULL);
}
