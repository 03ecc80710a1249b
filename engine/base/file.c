#include "engine/base/base.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

int file_replace(const char *fresh, const char *path)
{
    struct stat st;
    if (!stat(path, &st) && !S_ISREG(st.st_mode)) return -ENOTSUP; /* root would lose a device by it */
    return rename(fresh, path) ? -errno : 0;
}
