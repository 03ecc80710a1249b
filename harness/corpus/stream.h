/* Inside the stream of cases: which files, which ids. */
#ifndef HARNESS_CORPUS_STREAM_H
#define HARNESS_CORPUS_STREAM_H

#include "harness/generate/generate.h"
#include "harness/harness.h"
#include "harness/corpus/matrix.h"
#include "harness/corpus/schema_kind.h"

#include <sys/types.h>

struct packed;

/* ---- paths.c: the files behind the given paths ---- */

/* A file that was read or is waiting. */
struct path_entry {
    char *path;   /* as given or found */
    dev_t dev;    /* which file it is, whatever it is called */
    ino_t ino;    /* likewise */
    uint64_t ids; /* hash of the prefix of its ids, 0 while not known or where there are several */
    bool found;   /* in a folder; else it was named */
    bool started; /* read, or being read */
};

/* What all ids of some cases begin with, and the file that said so. */
struct path_claim {
    uint64_t ids; /* hash of the prefix */
    size_t entry; /* of the file in paths->at */
};

struct paths {
    struct path_entry *at;     /* in order */
    size_t n, cap;             /* used, allocated */
    struct path_claim *claims; /* in order */
    size_t nclaims;            /* how many */
};

/* Adds a file, or all *.yaml of a folder. False: reported. */
bool paths_add(struct paths *p, const char *path, struct diag *d);
/* Index of a file's entry, new at the end if it is not there. -1: reported at `from`. */
long paths_file(struct paths *p, const char *path, struct pos from, struct diag *d);
/* The ids of this file's cases begin with `prefix`. NULL, or the file that said so before. */
const char *paths_claim(struct paths *p, long entry, const char *prefix);
/* Adds what a file holds to a hash. False: it cannot be read. */
bool paths_hash_file(const char *path, uint64_t *hash);
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
bool id_set_has(const struct id_set *s, uint64_t hash);
void id_set_clear(struct id_set *s);

/* ---- stream.c ---- */

enum { MAX_INCLUDES = 16 };

enum phase { PHASE_KEYS, PHASE_CASES, PHASE_MATRIX, PHASE_GENERATE, PHASE_INCLUDE, PHASE_PACKED };

struct frame {
    struct yaml_stream *yaml;         /* the file */
    char *path;                       /* as messages show it */
    long entry;                       /* in stream->paths, -1 for text in memory */
    bool versioned;                   /* `lockstep:` was met */
    const struct guest *guest;        /* once `isa:` was met */
    const struct case_kind *kind;     /* once `kind:` was met, of another kind than instructions; else NULL */
    const struct subject *subject;    /* then once it is known: what the cases are about */
    const struct schema *schema;      /* of the file: schema_corpus, or that of its kind */
    struct kind_schema kind_schema;   /* the latter */
    struct kind_generator maker;      /* GENERATE, of another kind: the open item */
    char *prefix;                     /* of its ids, likewise: "riscv64/m/" */
    enum phase phase;                 /* what the last key's value is */
    struct arena item;                /* the list item at hand */
    struct arena combination;         /* MATRIX: the template with the values of one combination */
    struct id_set ids;                /* of hand-written cases so far */
    bool in_item;                     /* MATRIX, GENERATE: an item is open */
    struct matrix matrix;             /* MATRIX: the open item; its `now` is the next combination */
    struct generator gen;             /* GENERATE: the open item */
    uint32_t *numbers;                /* GENERATE: cases of each row so far in this file */
    unsigned row;                     /* GENERATE: the row at hand */
    bool in_row;                      /* GENERATE: plan, number, end and prefix are of that row */
    struct gen_plan plan;             /* GENERATE: what its cases vary */
    struct gen_sequencer *sequencer;  /* GENERATE: of an item of sequences; else NULL */
    uint64_t number, end;             /* GENERATE: next case of the row, and the one after its last */
    uint64_t offset;                  /* GENERATE: from a number to the case's position */
    struct buf row_prefix;            /* GENERATE: "riscv64/gen/rv.add/" */
    uint64_t row_hash;                /* GENERATE: of row_prefix */
    enum select selected;             /* GENERATE: what the filter says of row_prefix */
    const struct ynode *include;      /* INCLUDE: the next one, in `item` */
    const struct ynode *include_list; /* INCLUDE: all of them */
    struct packed *packed;            /* PACKED: its cases */
};

enum { GUESTS_MAX = 8 /* in one list of corpora */ };

struct case_stream {
    struct case_filter filter;          /* what the run takes */
    struct diag *diag;                  /* where errors go */
    struct paths paths;                 /* files read, being read, to read */
    size_t next_path;                   /* the next of them */
    struct frame *frames[MAX_INCLUDES]; /* files being read, the last one first */
    unsigned depth;                     /* how many */
    bool failed;                        /* an error was reported: only look for more of them in this file */
    bool over;                          /* the end was given, or the error */
    uint64_t *absent[GUESTS_MAX];       /* bit per row, by guest as in guest_all: it was left out; or NULL */
    uint64_t kinds;                     /* bit per kind of the files met */
    struct subject *subjects;           /* nsubjects of them: of all kinds, once one is needed; else NULL */
    unsigned nsubjects;                 /* how many */
    struct arena about;                 /* these */
    uint64_t position;                  /* of the next case, wanted or not */
    uint64_t hash;                      /* of the id of the hand-written case at hand */
    struct arena arena;                 /* the hand-written case at hand */
    struct test_case c;                 /* likewise */
    struct gen_out out;                 /* the generated case at hand */
};

/* What advance() is to do with the next selected case. */
struct wish {
    bool build;                /* make it; else pass over it */
    uint64_t skip;             /* passing: how many at most at once */
    uint64_t passed;           /* passing: how many that were */
    struct case_wanted *find;  /* passing: nfind of them, ascending by hash; where they stand is noted */
    size_t nfind;              /* how many */
    const struct test_case *c; /* building: the case */
};

/* Passes over the selected ones, `count`, of the cases whose ids have the hashes [hash + from, hash + to). */
void stream_pass(const struct case_filter *f, struct wish *w, uint64_t hash, uint64_t from, uint64_t to,
                 uint64_t count);

/* ---- stream_lists.c: each does with the next selected case of the list what is wished. 1: done, 0: the list
 * is over, -1: an error that ends the file. Mistakes in an item only set s->failed. ---- */

int stream_cases(struct case_stream *s, struct frame *f, struct wish *w);
int stream_matrix(struct case_stream *s, struct frame *f, struct wish *w);
int stream_generate(struct case_stream *s, struct frame *f, struct wish *w);

/* ---- stream_kind.c: files of other kinds than instructions ---- */

/* The values of `kind:` and `subject:`. False: reported. */
bool stream_kind(struct case_stream *s, const struct ynode *v, struct frame *f);
bool stream_subject(struct case_stream *s, const struct ynode *v, struct frame *f);
/* A checked item becomes s->c. False: reported. */
bool stream_build_other(struct case_stream *s, const struct frame *f, const struct ynode *n);
/* An item of `generate:`, checked: the file's maker. False: reported. */
bool stream_open_maker(struct case_stream *s, struct frame *f, const struct ynode *item);
/* Its case of this number becomes s->c. */
void stream_make_other(struct case_stream *s, const struct frame *f, uint64_t n);
/* The frame's cases are called so and begin now: stream.c. False: reported. */
bool stream_prefix(struct case_stream *s, struct frame *f, const char *subject, struct pos at);

/* ---- stream_packed.c ---- */

/* The file is that of a packed corpus's records, and not YAML: reported. */
bool stream_is_records(struct case_stream *s, const char *path);

/* The file is the manifest of a packed corpus. False: reported. */
bool stream_open_packed(struct case_stream *s, struct frame *f, struct pos at);
int stream_packed(struct case_stream *s, struct frame *f, struct wish *w); /* like those above */

#endif
