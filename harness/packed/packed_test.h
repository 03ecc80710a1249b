/* For tests of packed corpora: a folder to pack into, and what comes out. */
#ifndef HARNESS_PACKED_PACKED_TEST_H
#define HARNESS_PACKED_PACKED_TEST_H

#include "harness/packed/packed.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <unistd.h>

#include <cmocka.h>

#define HEAD "lockstep: 1\nisa: riscv64\n"

static char dir[] = "/tmp/packed_test.XXXXXX";

static inline int setup(void **state)
{
    return mkdtemp(dir) ? 0 : -1;
}

static inline int teardown(void **state)
{
    char command[100];
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    return system(command);
}

/* A path in the folder; the next call but three may overwrite it. */
static inline const char *at(const char *name)
{
    static char paths[4][200];
    static unsigned next;
    char *path = paths[next++ % ARRAY_LEN(paths)];
    snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
    return path;
}

static inline void put_bytes(const char *name, const void *bytes, size_t n)
{
    FILE *f = fopen(at(name), "w");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static inline void put(const char *name, const char *text)
{
    put_bytes(name, text, strlen(text));
}

static inline struct buf get_bytes(const char *name)
{
    struct buf b = {0};
    char chunk[4096];
    FILE *f = fopen(at(name), "r");
    assert_non_null(f);
    for (size_t n; (n = fread(chunk, 1, sizeof(chunk), f)) > 0;) buf_add(&b, chunk, n);
    fclose(f);
    return b;
}

/* Everything behind a path as a packed corpus in the folder `to`. */
static inline struct packed_manifest pack(const char *path, const char *to)
{
    struct case_filter all = {0};
    struct diag d = {.out = stderr};
    struct buf why = {0};
    struct packed_manifest m = {.from = "a test", .seed = 0};
    const struct test_case *c;
    int got;
    struct case_stream *s = case_stream_open(&path, 1, &all, &d);
    struct packer *p = packer_open(to, true, &why);
    if (!s || !p) fail_msg("%s", buf_cstr(&why));
    while ((got = case_stream_next(s, &c)) == 1)
        if (packer_add(p, c, &why)) fail_msg("%s", buf_cstr(&why));
    assert_int_equal(got, 0);
    if (packer_finish(p, &m, &why)) fail_msg("%s", buf_cstr(&why));
    packer_close(p);
    case_stream_close(s);
    diag_free(&d);
    buf_free(&why);
    return m;
}

#endif
