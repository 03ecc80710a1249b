/* For tests that write files: a name that nobody else has, and what stands there. */
#ifndef HARNESS_SCRATCH_TEST_H
#define HARNESS_SCRATCH_TEST_H

#include "engine/base/base.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* The file is there, and empty. */
static inline char *temporary(const char *ending)
{
    struct buf path = {0};
    buf_printf(&path, "/tmp/lockstep-test-XXXXXX%s", ending);
    int fd = mkstemps(path.p, (int)strlen(ending));
    assert_true(fd >= 0);
    close(fd);
    return path.p;
}

static inline char *read_file(const char *path)
{
    struct buf text = {0};
    char chunk[4096];
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    for (size_t n; (n = fread(chunk, 1, sizeof(chunk), f)) > 0;) buf_add(&text, chunk, n);
    fclose(f);
    return text.p ? text.p : xstrdup("");
}

#endif
