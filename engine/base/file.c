#include "engine/base/base.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int file_replace(const char *fresh, const char *path)
{
    struct stat st;
    if (!stat(path, &st) && !S_ISREG(st.st_mode)) return -ENOTSUP; /* root would lose a device by it */
    return rename(fresh, path) ? -errno : 0;
}

int file_save(const char *path, const void *bytes, size_t n)
{
    struct buf aside = {0};
    buf_printf(&aside, "%s.%d", path, (int)getpid());
    errno = 0;
    FILE *f = fopen(buf_cstr(&aside), "we");
    bool good = f && fwrite(bytes, 1, n, f) == n;
    if (f) good = !fclose(f) && good;
    int err = good ? file_replace(buf_cstr(&aside), path) : errno ? -errno : -EIO;
    if (f && err) unlink(buf_cstr(&aside));
    buf_free(&aside);
    return err;
}
