/* What tests that start programs share: run one, take what it writes, kill it when it does not end. */
#ifndef HARNESS_EXEC_OUTSIDE_H
#define HARNESS_EXEC_OUTSIDE_H

#include "harness/testing.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { OUTSIDE_SECONDS = 60, OUTSIDE_OUTPUT = 4 << 20 };

struct outside {
    struct buf output; /* standard output and error */
    int status;        /* as wait gives it */
    bool late;         /* it did not end in time and was killed */
};

/* Reads until the end or the deadline. */
static inline void outside_collect(int fd, pid_t pid, struct outside *o)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    time_t end = now.tv_sec + OUTSIDE_SECONDS;
    for (;;) {
        char chunk[65536];
        struct pollfd p = {fd, POLLIN, 0};
        clock_gettime(CLOCK_MONOTONIC, &now);
        o->late = now.tv_sec >= end || o->output.len > OUTSIDE_OUTPUT;
        if (o->late) break;
        if (poll(&p, 1, 1000) <= 0) continue;
        ssize_t n = read(fd, chunk, sizeof(chunk));
        if (n <= 0) break;
        buf_add(&o->output, chunk, (size_t)n);
    }
    if (o->late) kill(pid, SIGKILL);
}

/* A program that was started and is to be waited for. */
struct outside_child {
    int from; /* what it writes */
    pid_t pid;
};

/* Starts argv; standard input is empty, standard output goes to a file instead when there is one. */
static inline struct outside_child outside_start(const char *const *argv, const char *out)
{
    posix_spawn_file_actions_t actions;
    struct outside_child c;
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    if (out)
        posix_spawn_file_actions_addopen(&actions, 1, out, O_WRONLY, 0);
    else
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
    int err = posix_spawnp(&c.pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (err) fail_msg("%s cannot be started: %s", argv[0], strerror(err));
    c.from = ends[0];
    return c;
}

static inline void outside_wait(struct outside_child c, struct outside *o)
{
    *o = (struct outside){0};
    outside_collect(c.from, c.pid, o);
    close(c.from);
    assert_int_equal(waitpid(c.pid, &o->status, 0), c.pid);
}

/* Runs argv to its end; standard input is empty. */
static inline void outside_run(const char *const *argv, struct outside *o)
{
    outside_wait(outside_start(argv, NULL), o);
}

/* Where the first bytes that differ stand, said in lines. */
static inline void outside_compare(const struct outside *theirs, const char *who, const struct outside *ours,
                                   const char *what)
{
    size_t n = 0, line = 1, start = 0;
    if (theirs->late) fail_msg("%s did not end within %d s with %s", what, OUTSIDE_SECONDS, who);
    if (ours->late) fail_msg("%s did not end within %d s", what, OUTSIDE_SECONDS);
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

/* The folder of the built programs, with a slash, from that of the test. */
static inline bool outside_place(char *place, size_t size)
{
    ssize_t n = readlink("/proc/self/exe", place, size - 1);
    char *at = NULL;
    if (n > 0) place[n] = 0, at = strstr(place, "/test/harness/");
    if (at) at[1] = 0;
    return at != NULL;
}

#endif
