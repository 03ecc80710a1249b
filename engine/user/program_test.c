/* Programs that make system calls (corpora/programs/calls), built for the guest and run here, against the
 * same source built for this machine and run by its own kernel: same output, same status. Skipped where there
 * is no cross compiler. What was built is kept in build/programs. */
#include "engine/interp/interp.h"
#include "engine/user/user.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define SOURCES "corpora/programs/calls/"
#define BUILT   "build/programs/"
#define CROSS   "riscv64-linux-gnu-gcc"

extern char **environ;

static const char *const programs[] = {"files",  "memory", "poll", "sockets", "timers",
                                       "system", "ioctls", "ipc",  "bad",     "code"};

static bool newer(const char *built, const char *source)
{
    struct stat a, b, common;
    if (stat(built, &a) || stat(source, &b) || stat(SOURCES "calls.h", &common)) return false;
    return a.st_mtime > b.st_mtime && a.st_mtime > common.st_mtime;
}

static bool build(const char *compiler, const char *name, const char *suffix, char *path, size_t size)
{
    char command[600], source[200];
    snprintf(path, size, BUILT "%s.%s", name, suffix);
    snprintf(source, sizeof(source), SOURCES "%s.c", name);
    if (newer(path, source)) return true;
    snprintf(command, sizeof(command), "%s -O1 -w -pthread -static -o %s.%d %s -lrt && mv %s.%d %s", compiler,
             path, getpid(), source, path, getpid(), path);
    return !system(command);
}

/* Runs one in a child, its output in `out`; gives its wait status. */
static int run(const char *path, bool guest, FILE *out)
{
    fflush(NULL);
    pid_t pid = fork();
    if (!pid) {
        char *const argv[] = {(char *)path, NULL};
        struct buf why = {0};
        const struct user_options o = {
            .program = path, .argv = argv, .envp = environ, .backend = &backend_interp};
        dup2(open("/dev/null", O_RDONLY), 0);
        dup2(fileno(out), 1);
        dup2(fileno(out), 2);
        if (!guest) execv(path, argv);
        _exit(guest ? user_exec(&o, &why) : 127);
    }
    int status = -1;
    assert_true(pid > 0 && waitpid(pid, &status, 0) == pid);
    return status;
}

static char *contents(FILE *f)
{
    struct buf b = {0};
    char chunk[4096];
    size_t n;
    rewind(f);
    while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0) buf_add(&b, chunk, n);
    fclose(f);
    return b.p ? b.p : xstrdup("");
}

/* The first line that differs, with its number. */
static void compare(const char *name, const char *want, const char *got)
{
    for (unsigned line = 1; *want || *got; line++) {
        size_t n = strcspn(want, "\n"), m = strcspn(got, "\n");
        if (n != m || memcmp(want, got, n) != 0)
            fail_msg("%s, line %u:\n    expected: %.*s\n    found:    %.*s", name, line, (int)n, want, (int)m,
                     got);
        want += n + (want[n] == '\n');
        got += m + (got[m] == '\n');
    }
}

static void one(void **state)
{
    const char *name = *state;
    char host[200], guest[200];
    FILE *want = tmpfile(), *got = tmpfile();
    if (system("command -v " CROSS " >/dev/null")) skip();
    assert_true(want && got);
    (void)mkdir("build", 0777);
    (void)mkdir("build/programs", 0777);
    assert_true(build("gcc", name, "host", host, sizeof(host)));
    assert_true(build(CROSS, name, "riscv64", guest, sizeof(guest)));
    int expected = run(host, false, want), found = run(guest, true, got);
    char *a = contents(want), *b = contents(got);
    compare(name, a, b);
    assert_int_equal(expected, found);
    free(a);
    free(b);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(programs)];
    for (size_t i = 0; i < ARRAY_LEN(programs); i++)
        tests[i] = (struct CMUnitTest){programs[i], one, NULL, NULL, (void *)programs[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
