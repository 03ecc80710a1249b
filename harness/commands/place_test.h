/* For tests of the program: a folder for each test, the program run in it, and what it said. */
#ifndef HARNESS_COMMANDS_PLACE_TEST_H
#define HARNESS_COMMANDS_PLACE_TEST_H

#include "harness/commands/program.h"
#include "harness/scratch_test.h"
#include "harness/testing.h"

#include <string.h>

/* A folder for one test, and what the last command said. */
struct place {
    char dir[64]; /* of the test's files; the current folder */
    char *out;    /* its standard output */
    char *err;    /* its standard error */
    int status;   /* its exit status */
};

static inline int enter(void **state)
{
    struct place *p = xcalloc(1, sizeof(*p));
    snprintf(p->dir, sizeof(p->dir), "/tmp/lockstep-test-XXXXXX");
    if (!mkdtemp(p->dir) || chdir(p->dir)) return -1;
    setenv("XDG_CACHE_HOME", p->dir, 1); /* what runs remember stays there, too */
    *state = p;
    return 0;
}

static inline int leave(void **state)
{
    struct place *p = *state;
    char command[128];
    snprintf(command, sizeof(command), "rm -r %s", p->dir);
    free(p->out);
    free(p->err);
    int bad = chdir("/") | system(command);
    free(p);
    return bad;
}

static inline void write_file(const char *name, const char *text)
{
    FILE *f = fopen(name, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

/* A report without what a run's speed decides. */
static inline char *timeless(const char *name)
{
    char *text = read_file(name), *jobs = strstr(text, ",\"jobs\""), *time = strstr(text, "| time |");
    if (jobs) *jobs = 0;
    if (time) memmove(time, strchr(time, '\n'), strlen(strchr(time, '\n')) + 1);
    return text;
}

/* Runs `lockstep` with words separated by '|'. Output goes to `to`, or is kept in p->out when that is NULL.
 */
static inline void place_run(struct place *p, const char *words, const char *to,
                             const struct backend *const *backends)
{
    const char *argv[32] = {"lockstep"};
    int argc = 1;
    size_t n;
    char *copy = xstrdup(words);
    for (char *w = strtok(copy, "|"); w; w = strtok(NULL, "|")) argv[argc++] = w;
    free(p->out);
    free(p->err);
    p->out = NULL;
    FILE *out = to ? fopen(to, "w") : open_memstream(&p->out, &n), *err = open_memstream(&p->err, &n);
    assert_non_null(out);
    p->status = program_main(argc, argv, out, err, backends);
    fclose(out);
    fclose(err);
    free(copy);
    if (!p->out) p->out = xstrdup("");
}

/* That the last command ended and said so. */
static inline void expect_said(const struct place *p, const char *words, int status, const char *err)
{
    if (p->status != status || strcmp(p->err, err))
        fail_msg("%s: status %d\n--- said ---\n%s%s--- expected %d ---\n%s", words, p->status, p->out, p->err,
                 status, err);
}

static inline void expect_part(const char *text, const char *part)
{
    if (!text || !strstr(text, part)) fail_msg("no '%s' in\n%s", part, text ? text : "nothing");
}

#endif
