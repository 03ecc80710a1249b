/* For the tests of coverage: the program in a folder of its own, and what it said. */
#ifndef HARNESS_COVER_TEST_H
#define HARNESS_COVER_TEST_H

#include "harness/commands/place_test.h"

#include <string.h>

#define UNUSED_OK __attribute__((unused))

/* Two to test, and oracles. */
static UNUSED_OK const struct backend *const backends[] = {&faulty, &backend_interp, &reference,
                                                           &backend_unicorn, NULL};

/* Words are separated by '|'. */
static UNUSED_OK void lockstep(struct place *p, const char *words)
{
    place_run(p, words, NULL, backends);
}

static UNUSED_OK void expect(struct place *p, const char *words, int status, const char *err)
{
    lockstep(p, words);
    expect_said(p, words, status, err);
}

static UNUSED_OK void expect_no_part(const char *text, const char *part)
{
    if (strstr(text, part)) fail_msg("'%s' in\n%s", part, text);
}

#endif
