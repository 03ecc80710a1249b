#include "engine/base/base.h"

#include <stdlib.h>
#include <string.h>

void base_bug(const char *file, int line, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fprintf(stderr, "lockstep: bug at %s:%d: ", file, line);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    abort();
}

static void *or_die(void *p, size_t n)
{
    if (p) return p;
    fprintf(stderr, "lockstep: out of memory (%zu bytes)\n", n);
    exit(BASE_NO_MEMORY);
}

void *xmalloc(size_t n)
{
    return or_die(malloc(n ? n : 1), n);
}

void *xcalloc(size_t n, size_t size)
{
    return or_die(calloc(n ? n : 1, size ? size : 1), n * size);
}

void *xrealloc(void *p, size_t n)
{
    return or_die(realloc(p, n ? n : 1), n);
}

char *xstrdup(const char *s)
{
    size_t n = strlen(s) + 1;
    return memcpy(xmalloc(n), s, n);
}
