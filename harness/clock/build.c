/* The builds that are compared: folders, programs, or commits. */
#include "harness/clock/measure.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { HOURS = 24 * 3600 };

static bool is_program(const char *path)
{
    struct stat st;
    return !stat(path, &st) && S_ISREG(st.st_mode) && !access(path, X_OK);
}

static bool is_folder(const char *path)
{
    struct stat st;
    return !stat(path, &st) && S_ISDIR(st.st_mode);
}

const char *build_root(const char *program, struct arena *a)
{
    char *path = arena_strdup(a, program);
    for (char *slash = strrchr(path, '/'); slash && slash != path; slash = strrchr(path, '/')) {
        *slash = 0;
        if (!access(arena_printf(a, "%s/bench/module.mk", path), F_OK)) return path;
    }
    return NULL;
}

/* Runs a shell's script; its words are $1 and so on. The first line of its output goes to `line`, everything
 * else to where `err` leads. Its exit status, or -1, also when we are to stop. */
static int shell(const char *script, const char *const *words, char *line, size_t size, int err,
                 struct stops *stops)
{
    const char *argv[8] = {"sh", "-c", script, "sh"};
    posix_spawn_file_actions_t actions;
    struct tail out;
    int ends[2], status = -1;
    pid_t pid;
    for (unsigned i = 0; words[i]; i++) argv[4 + i] = words[i];
    if (pipe2(ends, O_CLOEXEC)) return -1;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawn_file_actions_adddup2(&actions, err, 2);
    int bad = process_start(&pid, "sh", argv, environ, &actions, stops);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    while (!bad && (bad = process_wait(pid, HOURS, stops, &status)) == -ETIME) continue;
    if (bad == -EINTR) (void)process_end(pid);
    out = (struct tail){.fd = ends[0]};
    if (!bad) tail_read(&out);
    if (out.fd >= 0) close(out.fd);
    snprintf(line, size, "%.*s", (int)out.n, out.text);
    line[strcspn(line, "\n")] = 0;
    return bad || !WIFEXITED(status) ? -1 : WEXITSTATUS(status);
}

/* A commit's files are taken out of the repository, not checked out: nothing here changes. What was built
 * once is used again; what was begun and not ended is not. */
static const char *build_commit(const char *name, struct build *b, struct stops *stops, struct arena *a,
                                FILE *say)
{
    static const char find[] = "git rev-parse --verify --quiet \"$1^{commit}\"";
    static const char clear[] = "rm -rf \"$1\"";
    static const char make[] =
        "set -e; rm -rf \"$1\"; mkdir -p \"$1\"; git archive \"$2\" | tar -x -C \"$1\"; cd \"$1\"; "
        "make -s -j\"$(nproc)\" all build/rel/lockstep-bench $(ls bench/programs/*.c 2>/dev/null | "
        "sed 's|bench/programs/\\(.*\\)[.]c|build/rel/bench-programs/\\1|') >&2; touch built";
    char commit[80], line[80];
    const char *const ask[] = {name, NULL};
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    int status = shell(find, ask, commit, sizeof(commit), null, stops);
    close(null);
    if (status || strlen(commit) != 40) return "it is no build, no folder of one, and no commit";
    const char *folder = arena_printf(a, "build/compare/%.12s", commit),
               *log = arena_printf(a, "%s.log", folder);
    const char *const words[] = {folder, commit, NULL};
    if (access(arena_printf(a, "%s/built", folder), F_OK)) {
        fprintf(say, "building %s (%.12s) in %s\n", name, commit, folder);
        fflush(say);
        if ((mkdir("build", 0777) && errno != EEXIST) || (mkdir("build/compare", 0777) && errno != EEXIST))
            return arena_printf(a, "build/compare cannot be made: %s", strerror(errno));
        int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        if (fd < 0) return arena_printf(a, "%s cannot be written: %s", log, strerror(errno));
        status = shell(make, words, line, sizeof(line), fd, stops);
        if (stops->signal) {
            struct stops none = {.fd = -1, .before = stops->before};
            (void)shell(clear, words, line, sizeof(line), fd, &none);
            (void)unlink(log);
        }
        close(fd);
        if (status) return arena_printf(a, "it does not build; %s says why", log);
    }
    b->program = arena_printf(a, "%s/build/rel/lockstep-bench", folder);
    return NULL;
}

const char *build_find(const char *name, struct build *b, struct stops *stops, struct arena *a, FILE *say)
{
    static const char *const places[] = {"", "/lockstep-bench", "/build/rel/lockstep-bench"};
    char path[PATH_MAX];
    *b = (struct build){.name = name};
    for (unsigned i = 0; i < ARRAY_LEN(places) && !b->program; i++) {
        const char *there = arena_printf(a, "%s%s", name, places[i]);
        if (is_program(there)) b->program = there;
    }
    if (!b->program && is_folder(name))
        return "no lockstep-bench is in it, nor in build/rel there: 'make bench-build'";
    if (!b->program && !access(name, F_OK)) return "it is a file that cannot be executed";
    const char *why = b->program ? NULL : build_commit(name, b, stops, a, say);
    if (why) return why;
    if (!realpath(b->program, path)) return strerror(errno);
    b->program = arena_strdup(a, path);
    b->root = build_root(path, a);
    return NULL;
}
