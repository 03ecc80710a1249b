/* Copies of the sources, in which faults are planted and taken out again. */
#include "harness/mutants/mutants.h"

#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

extern char **environ;

/* Ends as the shell does; Ctrl-C reaches it and its children as it does us. */
static int run(const char *command)
{
    const char *argv[] = {"sh", "-c", command, NULL};
    pid_t pid;
    int status;
    if (posix_spawnp(&pid, "sh", NULL, NULL, (char *const *)argv, environ)) return -1;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Times are kept to the nanosecond, so that make finds everything built. Tests and other modes stay behind.
 */
int tree_copy(const char *from, const char *to)
{
    struct buf b = {0};
    buf_printf(
        &b,
        "set -e; rm -rf '%s'; mkdir -p '%s'; cd '%s'; to='%s'; [ \"${to#/}\" != \"$to\" ] || to=$OLDPWD/$to\n"
        "tar -c --format=posix --exclude='build/rel/test*' $(ls | grep -vx build)"
        " $(ls -d build/gen build/host build/rel 2>/dev/null) | tar -x -C \"$to\"",
        to, to, from, to);
    int status = run(buf_cstr(&b));
    buf_free(&b);
    return status ? -EIO : 0;
}

int tree_run(const struct tree *t, unsigned seconds, const char *log, const char *command)
{
    struct buf b = {0};
    /* a make above us has a word in make's variables; a build system may have one in sharding */
    buf_printf(&b,
               "unset MAKEFLAGS MFLAGS MAKELEVEL MODE TEST_TOTAL_SHARDS; exec >'%s/%s' 2>&1 </dev/null;"
               " cd '%s' && exec timeout --foreground -k 2 %u %s",
               t->logs, log, t->dir, seconds, command);
    int status = run(buf_cstr(&b));
    buf_free(&b);
    return status;
}

/* ---- planting ---- */

static int load(const char *path, struct buf *out)
{
    char chunk[16384];
    FILE *f = fopen(path, "re");
    if (!f) return -errno;
    buf_reset(out);
    for (size_t n; (n = fread(chunk, 1, sizeof(chunk), f)) > 0;) buf_add(out, chunk, n);
    int err = ferror(f) ? -EIO : 0;
    fclose(f);
    return err;
}

static int store(const char *path, const struct buf *text)
{
    FILE *f = fopen(path, "we");
    if (!f) return -errno;
    bool good = fwrite(text->p, 1, text->len, f) == text->len;
    return fclose(f) || !good ? -EIO : 0;
}

int tree_plant(struct tree *t, const struct mutant *m)
{
    struct buf path = {0}, after = {0};
    buf_printf(&path, "%s/%s", t->dir, m->file);
    int err = load(buf_cstr(&path), &t->before);
    const char *start = buf_cstr(&t->before), *at = err ? NULL : strstr(start, m->text);
    if (!err && !at) err = -ENOENT;
    if (!err) {
        buf_add(&after, start, (size_t)(at - start));
        buf_str(&after, m->becomes);
        buf_str(&after, at + strlen(m->text));
        t->planted = xstrdup(buf_cstr(&path));
        err = store(t->planted, &after);
    }
    buf_free(&path);
    buf_free(&after);
    return err;
}

int tree_restore(struct tree *t)
{
    int err = t->planted ? store(t->planted, &t->before) : 0;
    free(t->planted);
    t->planted = NULL;
    return err;
}

void tree_free(struct tree *t)
{
    free(t->planted);
    buf_free(&t->before);
}
