/* Programs that judge system calls: each prints results that depend on the kernel's interface alone, so that
 * a native build on the real kernel says what is right. */
#ifndef CALLS_H
#define CALLS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#pragma GCC diagnostic ignored "-Wunknown-pragmas"
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wstringop-overflow" /* wrong arguments are what is tested */
#pragma GCC diagnostic ignored "-Wstringop-overread"
#pragma GCC diagnostic ignored "-Wnonnull"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Calls, and prints the call with its result or errno. */
#define SAY(call)                                                  \
    do {                                                           \
        errno = 0;                                                 \
        long long say_ = (long long)(call);                        \
        if (say_ == -1)                                            \
            printf("%s = -1 %s\n", #call, strerrorname_np(errno)); \
        else                                                       \
            printf("%s = %lld\n", #call, say_);                    \
    } while (0)

#endif
