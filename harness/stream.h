/* Inside the stream of cases: which files, which ids. */
#ifndef HARNESS_STREAM_H
#define HARNESS_STREAM_H

#include "harness/harness.h"

#include <sys/types.h>

/* ---- paths.c: the files behind the given paths ---- */

/* A file that was read or is waiting. */
struct path_entry {
    char *path;   /* as given or found */
    dev_t dev;    /* which file it is, whatever it is called */
    ino_t ino;    /* likewise */
    uint64_t ids; /* hash of the prefix of its ids, 0 while not known */
    bool found;   /* in a folder; else it was named */
    bool started; /* read, or being read */
};

struct paths {
    struct path_entry *at; /* in order */
    size_t n, cap;         /* used, allocated */
};

/* Adds a file, or all *.yaml of a folder. False: reported. */
bool paths_add(struct paths *p, const char *path, struct diag *d);
/* Index of a file's entry, new at the end if it is not there. -1: reported at `from`. */
long paths_file(struct paths *p, const char *path, struct pos from, struct diag *d);
void paths_free(struct paths *p);

/* ---- select.c: which ids a run takes ---- */

enum select { SELECT_NONE, SELECT_SOME, SELECT_ALL };

/* Of the generated cases whose ids are `prefix` and a number, whether the filter's patterns take them. */
enum select select_prefix(const struct case_filter *f, const char *prefix);
/* The same for one id, patterns and shard both. `hash`: of the id, or of a generated one's prefix plus its
 * number. */
bool select_id(const struct case_filter *f, const char *id, uint64_t hash);
bool select_glob(const struct case_filter *f, const char *id);
/* How many of the numbers [from, to) are in this shard, given that number n is in shard (hash + n) % nshards.
 */
uint64_t select_count(const struct case_filter *f, uint64_t hash, uint64_t from, uint64_t to);
/* The first number >= from in this shard after `skip` others. */
uint64_t select_nth(const struct case_filter *f, uint64_t hash, uint64_t from, uint64_t skip);

/* ---- ids.c: hashes of the ids of one file ---- */

struct id_set {
    uint64_t *slots; /* open addressing; 0: free */
    size_t n, cap;   /* used; a power of two */
};

bool id_set_add(struct id_set *s, uint64_t hash); /* false: was there already */
void id_set_clear(struct id_set *s);

#endif
