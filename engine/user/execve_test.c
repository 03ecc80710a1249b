/* execve: which files are run by this program again, with which arguments, and what is refused before
 * anything has happened. What is executed again is this test, which then tells whether it was told the right
 * things. */
#include <unistd.h>

#include "engine/user/call_test.h"
#include "engine/user/elf_make.h"
#include "engine/user/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cmocka.h>

enum { NR_EXECVE = 221, NR_EXECVEAT = 281 };
enum { PATH = DATA, ARGV = DATA + 4096, ENVP = DATA + 5120, TEXT = DATA + 6144, END = DATA + DATA_SIZE };
enum { RIGHT = 42 };

#define CALL(c, number, ...) guest_call(c, number, (const uint64_t[6]){__VA_ARGS__})
#define NOWHERE              (1ull << 40)

static char place[] = "/tmp/execve_test_XXXXXX";

static const char *in_place(const char *name)
{
    static char path[PATH_MAX];
    snprintf(path, sizeof(path), "%s/%s", place, name);
    return path;
}

static void put_text(struct caller *c, uint64_t at, const char *text)
{
    assert_int_equal(user_write(&c->p, at, text, strlen(text) + 1), 0);
}

/* A vector of guest pointers to these strings. */
static void put_vector(struct caller *c, uint64_t at, const char *const *strings, uint64_t room)
{
    uint64_t v[16] = {0};
    for (unsigned i = 0; strings[i]; i++) {
        v[i] = room;
        put_text(c, room, strings[i]);
        room += strlen(strings[i]) + 1;
    }
    assert_int_equal(user_write(&c->p, at, v, sizeof(v)), 0);
}

static void open_with(struct caller *c)
{
    static char *const again[] = {(char *)"execve_test", (char *)"again", NULL};
    static const char *const args[] = {"its own name", "one", "", "three", NULL};
    static const char *const env[] = {"ONLY=this", NULL};
    caller_open(c);
    c->opt.again = again;
    put_vector(c, ARGV, args, TEXT);
    put_vector(c, ENVP, env, TEXT + 1024);
}

/* ---- what is executed again ---- */

static bool same(char *const *a, const char *const *b)
{
    while (*a && *b && !strcmp(*a, *b)) a++, b++;
    return !*a && !*b;
}

/* As open_with and run_in_child have it. */
static int told(char **argv, char **envp)
{
    const char *const env[] = {"ONLY=this", NULL};
    const char *const args[] = {"execve_test", "again", "--argv0", "its own name", "--",
                                argv[5],       "one",   "",        "three",        NULL};
    struct stat a, b;
    if (!same(argv, args) || !same(envp, env)) return 1;
    if (stat(argv[5], &a) || fstat(9, &b)) return 2; /* where run_in_child put the program */
    return a.st_dev == b.st_dev && a.st_ino == b.st_ino ? RIGHT : 3;
}

/* The status of a child that makes this call, with `program` open as 9. */
static int run_in_child(struct caller *c, const char *program, unsigned number, const uint64_t a[6])
{
    int st = 0;
    fflush(NULL);
    pid_t pid = fork();
    if (!pid) {
        int fd = open(program, O_PATH);
        if (fd >= 0) dup2(fd, 9);
        guest_call(c, number, a);
        _exit(99);
    }
    waitpid(pid, &st, 0);
    return WIFEXITED(st) ? WEXITSTATUS(st) : -WTERMSIG(st);
}

static void make_file(const char *name, const void *bytes, size_t n, mode_t mode)
{
    int fd = open(in_place(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, n), (ssize_t)n);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static int make_files(void **state)
{
    static struct elf_make m;
    char script[PATH_MAX];
    if (!mkdtemp(place)) return -1;
    m = elf_make_start(ET_EXEC);
    elf_make_add(&m, PT_LOAD, PF_R | PF_X, 0x10000, "code", 4, 4);
    size_t n = elf_make_bytes(&m);
    make_file("guest", m.bytes, n, 0755);
    make_file("secret", m.bytes, n, 0644);
    make_file("short", m.bytes, 10, 0755);
    snprintf(script, sizeof(script), "#! %s/guest -x\n", place);
    make_file("script", script, strlen(script), 0755);
    snprintf(script, sizeof(script), "#!%s/script\n", place);
    make_file("scripts", script, strlen(script), 0755);
    make_file("shell", "#!/bin/sh\nexit 17\n", 18, 0755);
    snprintf(script, sizeof(script), "#!%s/circle\n", place);
    make_file("circle", script, strlen(script), 0755);
    return symlink("guest", in_place("link"));
}

static int remove_files(void **state)
{
    static const char *const names[] = {"guest",   "secret", "short",  "script",
                                        "scripts", "shell",  "circle", "link"};
    for (unsigned i = 0; i < ARRAY_LEN(names); i++) unlink(in_place(names[i]));
    return rmdir(place);
}

/* ---- tests ---- */

static void test_again(void **state)
{
    static const char *const programs[] = {"guest", "script", "scripts", "link"};
    struct caller c;
    open_with(&c);
    for (unsigned i = 0; i < ARRAY_LEN(programs); i++) {
        const char *path = in_place(programs[i]);
        put_text(&c, PATH, path);
        assert_int_equal(run_in_child(&c, path, NR_EXECVE, (const uint64_t[6]){PATH, ARGV, ENVP}), RIGHT);
        assert_int_equal(
            run_in_child(&c, path, NR_EXECVEAT, (const uint64_t[6]){(uint64_t)AT_FDCWD, PATH, ARGV, ENVP}),
            RIGHT);
    }
    /* by descriptor alone */
    put_text(&c, PATH, "");
    assert_int_equal(run_in_child(&c, in_place("guest"), NR_EXECVEAT,
                                  (const uint64_t[6]){9, PATH, ARGV, ENVP, AT_EMPTY_PATH}),
                     RIGHT);
    /* from a folder */
    put_text(&c, PATH, "guest");
    int dir = open(place, O_RDONLY | O_DIRECTORY);
    assert_int_equal(run_in_child(&c, in_place("guest"), NR_EXECVEAT,
                                  (const uint64_t[6]){(uint64_t)dir, PATH, ARGV, ENVP}),
                     RIGHT);
    close(dir);
    caller_close(&c);
}

/* The host's own are the kernel's business. */
static void test_host(void **state)
{
    struct caller c;
    open_with(&c);
    put_text(&c, PATH, in_place("shell"));
    assert_int_equal(run_in_child(&c, "/", NR_EXECVE, (const uint64_t[6]){PATH, ARGV, ENVP}), 17);
    put_text(&c, PATH, "/bin/true");
    assert_int_equal(run_in_child(&c, "/", NR_EXECVE, (const uint64_t[6]){PATH, ARGV, ENVP}), 0);
    caller_close(&c);
}

static void test_paths(void **state)
{
    static const struct {
        const char *name;
        int err;
    } cases[] = {
        {"nothing", ENOENT}, {"guest/more", ENOTDIR}, {"secret", EACCES},
        {"", EACCES},        {"short", ENOEXEC},      {"circle", ELOOP},
    };
    struct caller c;
    char name[PATH_MAX + 2];
    open_with(&c);
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        put_text(&c, PATH, in_place(cases[i].name));
        assert_int_equal(CALL(&c, NR_EXECVE, PATH, ARGV, ENVP), -cases[i].err);
        char *const argv[] = {(char *)"x", NULL};
        assert_int_equal(execve(in_place(cases[i].name), argv, NULL), -1);
        assert_int_equal(errno, cases[i].err);
    }
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = 0;
    put_text(&c, DATA + 8192, name);
    assert_int_equal(CALL(&c, NR_EXECVE, DATA + 8192, ARGV, ENVP), -ENAMETOOLONG);
    put_text(&c, PATH, "");
    assert_int_equal(CALL(&c, NR_EXECVE, PATH, ARGV, ENVP), -ENOENT);
    caller_close(&c);
}

static void test_bad_addresses(void **state)
{
    static const uint64_t nowhere[] = {NOWHERE, ~0ull, ~7ull, END, END - 8};
    struct caller c;
    open_with(&c);
    memset(mem_host(&c.p.mem, END - 8), 'x', 8); /* no end, and no pointer */
    put_text(&c, PATH, in_place("guest"));
    for (unsigned i = 0; i < ARRAY_LEN(nowhere); i++) {
        uint64_t bad = nowhere[i], v[3] = {TEXT, bad, 0};
        assert_int_equal(CALL(&c, NR_EXECVE, bad, ARGV, ENVP), -EFAULT);
        assert_int_equal(CALL(&c, NR_EXECVE, PATH, bad, ENVP), -EFAULT);
        assert_int_equal(CALL(&c, NR_EXECVE, PATH, ARGV, bad), -EFAULT);
        assert_int_equal(user_write(&c.p, DATA + 8192, v, sizeof(v)), 0);
        assert_int_equal(CALL(&c, NR_EXECVE, PATH, DATA + 8192, ENVP), -EFAULT);
        assert_int_equal(CALL(&c, NR_EXECVE, PATH, ARGV, DATA + 8192), -EFAULT);
    }
    assert_int_equal(CALL(&c, NR_EXECVE, 0, ARGV, ENVP), -EFAULT);
    caller_close(&c);
}

static void test_execveat(void **state)
{
    struct caller c;
    open_with(&c);
    put_text(&c, PATH, "guest");
    assert_int_equal(CALL(&c, NR_EXECVEAT, (uint64_t)-1, PATH, ARGV, ENVP, 0), -EBADF);
    assert_int_equal(CALL(&c, NR_EXECVEAT, 0, PATH, ARGV, ENVP, 1), -EINVAL);
    assert_int_equal(CALL(&c, NR_EXECVEAT, 0, PATH, ARGV, ENVP, ~0ull), -EINVAL);
    put_text(&c, PATH, "");
    assert_int_equal(CALL(&c, NR_EXECVEAT, (uint64_t)-1, PATH, ARGV, ENVP, AT_EMPTY_PATH), -EBADF);
    assert_int_equal(CALL(&c, NR_EXECVEAT, 0, PATH, ARGV, ENVP, 0), -ENOENT);
    put_text(&c, PATH, in_place("link"));
    assert_int_equal(CALL(&c, NR_EXECVEAT, 0, PATH, ARGV, ENVP, AT_SYMLINK_NOFOLLOW), -ELOOP);
    caller_close(&c);
}

/* The next program inherits what is ignored, also of the signals that host code needs; one that could not be
 * executed has changed nothing. */
static void test_signals(void **state)
{
    struct caller c;
    struct sigaction now;
    open_with(&c);
    signal_set_mask(c.t, SIGNAL_BIT(SIGUSR1));
    c.p.handlers.of[SIGILL].handler = SIGNAL_IGNORE;
    signal_mirror(&c.p.handlers, SIGILL);
    put_text(&c, PATH, in_place("nothing"));
    assert_int_equal(CALL(&c, NR_EXECVE, PATH, ARGV, ENVP), -ENOENT);
    assert_int_equal(sigaction(SIGILL, NULL, &now), 0);
    assert_true(now.sa_flags & SA_SIGINFO && now.sa_handler != SIG_IGN);
    assert_int_equal(c.t->mask, SIGNAL_BIT(SIGUSR1));
    static const char *const sh[] = {"sh", "-c", "kill -ILL $$; kill -USR1 $$; exit 5", NULL};
    put_vector(&c, ARGV, sh, TEXT);
    put_text(&c, PATH, "/bin/sh");
    assert_int_equal(run_in_child(&c, "/", NR_EXECVE, (const uint64_t[6]){PATH, ARGV, ENVP}), 5);
    /* one that was taken in comes first */
    signal_set_mask(c.t, 0);
    syscall(SYS_tgkill, getpid(), gettid(), SIGUSR2);
    assert_int_equal(user_execve(c.t, (const uint64_t[6]){PATH, ARGV, ENVP}), USER_RESTART_ALWAYS);
    caller_close(&c);
}

int main(int argc, char **argv, char **envp)
{
    if (argc > 5 && !strcmp(argv[1], "again")) return told(argv, envp);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_again),         cmocka_unit_test(test_host),     cmocka_unit_test(test_paths),
        cmocka_unit_test(test_bad_addresses), cmocka_unit_test(test_execveat), cmocka_unit_test(test_signals),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
