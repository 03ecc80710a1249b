/* The files behind the paths of a command line: files as they are, folders searched in name order. */
#include "harness/corpus/stream.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_DEPTH = 32 };

static bool complain(const char *path, struct pos from, struct diag *d, const char *what, int err)
{
    if (from.line)
        diag_error(d, from, 1, "%s '%s': %s", what, path, strerror(err));
    else
        diag_error(d, (struct pos){.file = path}, 1, "%s: %s", what, strerror(err));
    return false;
}

static long add_file(struct paths *p, const char *path, const struct stat *st, bool found)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->at[i].dev == st->st_dev && p->at[i].ino == st->st_ino) return (long)i;
    if (p->n == p->cap) {
        p->cap = p->cap ? p->cap * 2 : 16;
        p->at = xrealloc(p->at, p->cap * sizeof(*p->at));
    }
    p->at[p->n] =
        (struct path_entry){.path = xstrdup(path), .dev = st->st_dev, .ino = st->st_ino, .found = found};
    return (long)p->n++;
}

/* Every worker reads the files for itself, from their beginning: a pipe has none. */
static bool is_pipe(const char *path, struct pos from, const struct stat *st, struct diag *d)
{
    if (S_ISREG(st->st_mode)) return false;
    diag_error(d, from.line ? from : (struct pos){.file = path}, 1,
               "'%s' is no regular file; it is read more than once: write it to a file first", path);
    return true;
}

long paths_file(struct paths *p, const char *path, struct pos from, struct diag *d)
{
    struct stat st;
    if (stat(path, &st)) {
        complain(path, from, d, "cannot read the file", errno);
        return -1;
    }
    if (S_ISDIR(st.st_mode)) {
        complain(path, from, d, "cannot read the file", EISDIR);
        return -1;
    }
    if (is_pipe(path, from, &st, d)) return -1;
    return add_file(p, path, &st, false);
}

/* Neither hidden entries nor folders of quirks, which are not cases. */
static int wanted(const struct dirent *e)
{
    return e->d_name[0] != '.' && strcmp(e->d_name, "quirks") != 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static bool is_yaml(const char *name)
{
    size_t n = strlen(name);
    return n > 5 && !strcmp(name + n - 5, ".yaml");
}

static bool add_folder(struct paths *p, const char *path, int depth, struct diag *d)
{
    struct dirent **names;
    int n = scandir(path, &names, wanted, by_name);
    if (n < 0) return complain(path, (struct pos){0}, d, "cannot read the folder", errno);
    bool good = true;
    for (int i = 0; i < n; i++) {
        struct buf full = {0};
        struct stat st;
        size_t len = strlen(path);
        buf_printf(&full, "%s%s%s", path, len && path[len - 1] == '/' ? "" : "/", names[i]->d_name);
        if (stat(full.p, &st)) {
            good &= complain(full.p, (struct pos){0}, d, "cannot read", errno);
        } else if (S_ISDIR(st.st_mode)) {
            if (depth == MAX_DEPTH)
                good = complain(full.p, (struct pos){0}, d, "cannot go deeper", ELOOP);
            else
                good &= add_folder(p, full.p, depth + 1, d);
        } else if (is_yaml(names[i]->d_name) && !is_pipe(full.p, (struct pos){0}, &st, d)) {
            add_file(p, full.p, &st, true);
        }
        buf_free(&full);
        free(names[i]);
    }
    free(names);
    return good;
}

bool paths_add(struct paths *p, const char *path, struct diag *d)
{
    struct stat st;
    if (stat(path, &st)) return complain(path, (struct pos){0}, d, "cannot read", errno);
    if (S_ISDIR(st.st_mode)) return add_folder(p, path, 0, d);
    if (is_pipe(path, (struct pos){0}, &st, d)) return false;
    add_file(p, path, &st, false);
    return true;
}

const char *paths_claim(struct paths *p, long entry, const char *prefix)
{
    uint64_t hash = hash_str(prefix, 0);
    for (size_t i = 0; i < p->nclaims; i++)
        if (p->claims[i].ids == hash) return p->at[p->claims[i].entry].path;
    if (!(p->nclaims & (p->nclaims - 1)))
        p->claims = xrealloc(p->claims, (p->nclaims ? 2 * p->nclaims : 1) * sizeof(*p->claims));
    p->claims[p->nclaims++] = (struct path_claim){hash, (size_t)entry};
    return NULL;
}

void paths_free(struct paths *p)
{
    free(p->claims);
    for (size_t i = 0; i < p->n; i++) free(p->at[i].path);
    free(p->at);
    *p = (struct paths){0};
}

bool paths_hash_file(const char *path, uint64_t *hash)
{
    char chunk[16 * 1024];
    FILE *f = fopen(path, "re");
    if (!f) return false;
    for (size_t n; (n = fread(chunk, 1, sizeof(chunk), f)) > 0;) *hash = hash_bytes(chunk, n, *hash);
    bool good = !ferror(f);
    fclose(f);
    return good;
}
