/* Packed corpora: cases as records of bytes in a folder with a manifest in YAML, made once from any corpora
 * and read as they are, without YAML, assembler or generator. A case comes out of it as it went in, field by
 * field. harness/FORMAT.md says what the files look like; format.h is the same for C.
 */
#ifndef HARNESS_PACKED_H
#define HARNESS_PACKED_H

#include "harness/harness.h"
#include "harness/corpus/schema.h"
#include "harness/packed/format.h"

#define PACKED_MANIFEST "manifest.yaml"
#define PACKED_DATA     "cases.zst"

/* ---- manifest.c ---- */

extern const struct schema schema_packed; /* top of a manifest */

/* Where cases are from. */
struct packed_source {
    const char *prefix; /* of their ids: "riscv64/m/" */
    const char *file;   /* the corpus file, or NULL: they were generated on the way */
    struct pos at;      /* reading: of the entry in the manifest */
};

struct packed_manifest {
    const struct guest *guest;     /* of all cases */
    const char *from;              /* the command that made it */
    uint64_t seed;                 /* of the generators */
    uint64_t cases;                /* how many */
    uint64_t records;              /* XXH64 of all blocks, uncompressed, one behind the other */
    uint64_t bytes;                /* of the file of records */
    const char *data;              /* its name; reading: with the manifest's folder */
    const char *zstd;              /* what compressed it */
    struct packed_source *sources; /* nsources of them */
    unsigned nsources;             /* at most PACKED_SOURCES_MAX */
};

/* What the records of a guest depend on: rows, registers and causes, as a hash. Not on what rows do. */
uint64_t packed_rows(const struct guest *g);
/* False: reported. All texts are in the arena. */
MUST_CHECK bool packed_manifest_load(const char *path, struct packed_manifest *m, struct arena *a,
                                     struct diag *d);
/* The same from memory. */
MUST_CHECK bool packed_manifest_text(const char *path, const char *text, size_t len,
                                     struct packed_manifest *m, struct arena *a, struct diag *d);
void packed_manifest_write(const struct packed_manifest *m, struct buf *out);
void packed_write_json(FILE *out); /* the manifest's format as JSON Schema, draft 2020-12 */

/* Registers counted through all files of a guest. */
struct packed_regs {
    struct guest_reg_ref *ref; /* by number */
    unsigned n;                /* how many */
    unsigned *base;            /* number of the first of each file, by index in guest->regs */
};
void packed_regs_make(const struct guest *g, struct packed_regs *r);
void packed_regs_free(struct packed_regs *r);

/* ---- writer.c ---- */

struct packer;
/* Into this folder, which is made if it is not there. `file`: the cases are from files; else their positions
 * mean nothing. NULL: a sentence in `why`. */
struct packer *packer_open(const char *dir, bool files, struct buf *why);
/* 0; -EINVAL: the case cannot be in this corpus; else -errno. With a sentence in `why`, and the end of it. */
MUST_CHECK int packer_add(struct packer *p, const struct test_case *c, struct buf *why);
/* Writes what is left, then the manifest; only now does the folder hold a corpus, and no longer the one that
 * it may have held before. m->from and seed are the caller's; guest, cases, records and bytes are filled in.
 * As packer_add. */
MUST_CHECK int packer_finish(struct packer *p, struct packed_manifest *m, struct buf *why);
void packer_close(struct packer *p); /* what was not finished leaves nothing behind; NULL is fine */

/* ---- reader.c ---- */

/* What a block's cases take of its pools, and where the next case begins in each. */
struct packed_cursor {
    const uint8_t *record, *reg, *value, *mem, *byte, *text; /* next of each */
    const uint8_t *text_end;                                 /* of all texts */
    uint32_t records, regs, values, mems, bytes;             /* what is left of each */
};

struct packed {
    struct packed_manifest m;   /* what it says */
    struct packed_regs regs;    /* of its guest */
    struct diag *diag;          /* where errors go */
    struct arena arena;         /* of the manifest */
    int fd;                     /* the records */
    uint64_t at;                /* offset of the next block */
    uint64_t number;            /* of the next case */
    bool whole;                 /* nothing was passed over so far, and `sum` is up to date */
    void *sum;                  /* XXH64_state_t: of all blocks so far */
    void *zstd;                 /* ZSTD_DCtx */
    uint8_t *packed, *raw;      /* the block at hand, as it stands and uncompressed; grow */
    size_t packed_cap, raw_cap; /* bytes of each */
    struct packed_cursor next;  /* within it */
    struct packed_cursor c;     /* where the parts of the case at hand begin */
    struct packed_record rec;   /* the case at hand */
    uint64_t *seen;             /* scratch: bit per register */
    uint64_t stem_hash;         /* of the last generated case's prefix and row */
    char stem[PACKED_ID_MAX];   /* its row */
    size_t stem_size;           /* bytes of that; 0: there was none */
    unsigned id_source;         /* whose prefix `id` begins with, plus 1; 0: it holds nothing yet */
    size_t prefix_size;         /* bytes of that */
    uint64_t hash;              /* of the id at hand, as select_id wants it */
    char id[PACKED_PREFIX_MAX + PACKED_ID_MAX + 24]; /* of the case at hand */
};

/* The manifest is at `path`. NULL: reported. */
struct packed *packed_open(const char *path, struct diag *d);
/* The next case, its id and hash: 1, 0 at the end, -1 reported. */
int packed_next(struct packed *p);
/* Passes over n cases, whole blocks by their heads alone: how many there were, or -1: reported. */
int64_t packed_skip(struct packed *p, uint64_t n);
void packed_close(struct packed *p); /* NULL is fine */
/* Reports what is wrong in the file of records. */
void packed_complain(struct packed *p, const char *fmt, ...) PRINTF(2, 3);

/* ---- decode.c ---- */

/* The case at hand; code, memory and texts stay until the next one. False: reported. */
MUST_CHECK bool packed_build(struct packed *p, struct arena *a, struct test_case *c);

#endif
