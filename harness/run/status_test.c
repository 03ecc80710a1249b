/* Progress on a terminal and elsewhere: a pseudo-terminal, and what comes out of its other end. */
#include "harness/commands/place_test.h"
#include "harness/run/status.h"

#include <fcntl.h>
#include <pty.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

/* What was written to the terminal; it is not empty. */
static char *read_terminal(int fd)
{
    struct buf b = {0};
    char chunk[4096];
    ssize_t n;
    while ((n = read(fd, chunk, sizeof(chunk))) > 0) buf_add(&b, chunk, (size_t)n);
    return b.p ? b.p : xstrdup("");
}

/* What one line of progress looks like on a terminal of this width. */
static char *tick(unsigned width, const char *term, const char *no_color, uint64_t failed)
{
    struct winsize size = {.ws_col = (unsigned short)width, .ws_row = 24};
    int far, near;
    struct status s;
    struct tally t = {
        .total = 500000,
        .verdicts = {[VERDICT_PASS] = 499990 - failed, [VERDICT_FAIL] = failed, [VERDICT_SKIP] = 10}};
    setenv("TERM", term, 1);
    if (no_color)
        setenv("NO_COLOR", no_color, 1);
    else
        unsetenv("NO_COLOR");
    assert_int_equal(openpty(&far, &near, NULL, NULL, &size), 0);
    assert_int_equal(fcntl(far, F_SETFL, O_NONBLOCK), 0);
    FILE *f = fdopen(near, "w");
    assert_non_null(f);
    status_start(&s, f, false, 500500);
    s.start -= 10000; /* so long that a pause of the machine changes no figure */
    s.last -= 100;
    status_slowest(&s, "riscv64/m/div", "jit", 0.3);
    status_tick(&s, &t);
    status_tick(&s, &t); /* too soon for another one */
    char *text = read_terminal(far);
    fclose(f);
    close(far);
    return text;
}

static void expect_tick(unsigned width, const char *term, const char *no_color, uint64_t failed,
                        const char *want)
{
    char *text = tick(width, term, no_color, failed);
    assert_string_equal(text, want);
    free(text);
}

static void test_live(void **state)
{
    expect_tick(
        120, "xterm", NULL, 0,
        "\r500000/500500 cases, 0 failed, 10 skipped, 50 a second, 0:10 left; slowest: riscv64/m/div on "
        "jit 0.3 s\033[K");
    expect_tick(
        120, "xterm", NULL, 3,
        "\r500000/500500 cases, \033[31m3 failed\033[0m, 10 skipped, 50 a second, 0:10 left; slowest: "
        "riscv64/m/div on jit "
        "0.3 s\033[K");
    expect_tick(44, "xterm", NULL, 0, "\r500000/500500 cases, 0 failed, 10 skipped, \033[K");
    expect_tick(25, "xterm", NULL, 3, "\r500000/500500 cases, 3 f\033[K"); /* no colour that does not end */
    expect_tick(
        120, "xterm", "1", 3,
        "\r500000/500500 cases, 3 failed, 10 skipped, 50 a second, 0:10 left; slowest: riscv64/m/div on "
        "jit 0.3 s\033[K");
    expect_tick(
        120, "dumb", NULL, 3,
        "500000/500500 cases, 3 failed, 10 skipped, 50 a second, 0:10 left; slowest: riscv64/m/div on jit "
        "0.3 s\r\n");
}

/* What is not slow is not named, and an end that is not near has hours. */
static void test_words(void **state)
{
    char *text = NULL;
    size_t n;
    struct status s;
    struct tally t = {.total = 10};
    FILE *f = open_memstream(&text, &n);
    status_start(&s, f, false, 1000000);
    s.start -= 10;
    status_slowest(&s, "riscv64/m/div", "jit", 0.1);
    status_show(&s, &t);
    s.start += 9.5;
    status_slowest(&s, "", "", 5);
    status_show(&s, &t);
    fflush(f);
    assert_non_null(strstr(text, "10/1000000 cases, 0 failed, 0 skipped, 1 a second, 277:4")); /* hours */
    assert_non_null(strstr(text, " left\n10/1000000 cases"));
    assert_null(strstr(strchr(text, '\n') + 1, "left")); /* too early to tell */
    assert_null(strstr(text, "slowest"));
    fclose(f);
    free(text);
}

/* A line of progress, a place behind another program, then the next line and the end of it. */
static void go_behind(void)
{
    struct status s;
    struct tally t = {.total = 10};
    status_start(&s, stdout, false, 100);
    s.last -= 100;
    status_tick(&s, &t);
    puts("|");
    signal(SIGTTOU, SIG_IGN);
    pid_t other = fork();
    if (!other) pause();
    setpgid(other, other);
    tcsetpgrp(1, other);
    s.last -= 100;
    status_tick(&s, &t);
    s.shown = true; /* as if that was before */
    status_clear(&s);
    fflush(stdout);
    kill(other, SIGKILL);
    _exit(s.shown);
}

static void test_background(void **state)
{
    int far, status;
    setenv("TERM", "xterm", 1);
    pid_t pid = forkpty(&far, NULL, NULL, NULL);
    assert_true(pid >= 0);
    if (!pid) go_behind();
    char *text = read_terminal(far);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_non_null(strstr(text, "10/100 cases"));
    assert_non_null(strchr(text, '|'));
    assert_string_equal(strchr(text, '|'), "|\r\n");
    free(text);
    close(far);
}

/* ---- the program ---- */

static const char *const faults[] = {"0", "5", "4"}; /* none, FAULT_WRONG, FAULT_HANG */

/* All that `lockstep run` prints in a terminal, or (`plain`) with a pipe for one. */
static char *run_program(bool plain, const char *no_color, const char *fault, int *status)
{
    char text[256];
    int far, ends[2];
    snprintf(text, sizeof(text),
             "lockstep: 1\nisa: riscv64\ncases:\n  - {id: a, code: 'addi a0, a0, 1', in: {a7: %s}}\n", fault);
    write_file("a.yaml", text);
    assert_int_equal(pipe(ends), 0);
    pid_t pid = forkpty(&far, NULL, NULL, NULL);
    assert_true(pid >= 0);
    if (!pid) {
        static const char *const argv[] = {"lockstep", "run",       "a.yaml",    "--backend",
                                           "faulty",   "--oracle",  "reference", "--quirks",
                                           "none",     "--timeout", "0.7"};
        if (plain) dup2(ends[1], 1);
        if (plain) dup2(ends[1], 2);
        setenv("TERM", "xterm", 1);
        if (no_color)
            setenv("NO_COLOR", no_color, 1);
        else
            unsetenv("NO_COLOR");
        int result = program_main(ARRAY_LEN(argv), argv, stdout, stderr, testing_backends);
        fflush(stdout);
        _exit(result);
    }
    close(ends[1]);
    char *out = read_terminal(plain ? ends[0] : far);
    waitpid(pid, status, 0);
    close(ends[0]);
    close(far);
    return out;
}

static void test_program(void **state)
{
    int status;
    char *text = run_program(false, NULL, faults[0], &status);
    expect_part(text, "\033[1;32m1 passed, 0 failed\033[0m");
    free(text);
    text = run_program(false, NULL, faults[1], &status);
    expect_part(text, "\033[31mFAIL\033[0m riscv64/a/a");
    expect_part(text, "\033[1;31m0 passed, 1 failed\033[0m");
    free(text);
    text = run_program(false, "1", faults[1], &status);
    expect_part(text, "FAIL riscv64/a/a");
    assert_null(strstr(text, "\033["));
    free(text);
    text = run_program(false, NULL, faults[2], &status);
    expect_part(text, "; slowest: riscv64/a/a on faulty 0.");
    free(text);
    text = run_program(true, NULL, faults[1], &status);
    expect_part(text, "FAIL riscv64/a/a");
    assert_null(strchr(text, '\033'));
    assert_null(strchr(text, '\r'));
    free(text);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_live),
        cmocka_unit_test(test_background),
        cmocka_unit_test(test_words),
        cmocka_unit_test_setup_teardown(test_program, enter, leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
