/* Run records: everything that a run found out, in a file that survives the run. It is what `--resume`,
 * `--rerun`, `--balance` and `lockstep merge` read, and what `--report record=FILE` writes.
 *
 * A line of text with the format's version, then entries (length, sum, body): a header that says which run it
 * is, the records in order, what they cover if a report is about that, the sums. Each sum covers all entries
 * up to its own. A file that was cut anywhere is a shorter record of the same run; harness/FORMAT.md.
 */
#ifndef HARNESS_JOURNAL_H
#define HARNESS_JOURNAL_H

#include "harness/report/report.h"

#include <jansson.h>

enum { JOURNAL_VERSION = 3 };

enum journal_kind {
    JOURNAL_HEADER = 1, /* JSON: which run this is */
    JOURNAL_RECORD,     /* a case */
    JOURNAL_COVER,      /* what the records since the last of these cover: the body of a FRAME_COVER */
    JOURNAL_FOOTER,     /* JSON: the sums; the run is complete */
};

/* Where writing or reading stands. */
struct journal_coder {
    struct record_coder last; /* what the next record is told against */
    uint64_t number;          /* of the next record */
    uint64_t sum;             /* of all entries so far */
};

/* ---- coder.c: entries ---- */

void journal_begin(struct journal_coder *c, const json_t *header, struct buf *out); /* version and header */
/* A record that brings how it was told is kept so: all before it must have been added, too. */
void journal_add(struct journal_coder *c, const struct record *r, struct buf *out);
void journal_add_cover(struct journal_coder *c, const void *body, size_t size, struct buf *out);
void journal_add_footer(struct journal_coder *c, const struct tally *t, struct buf *out);
/* A record out of an entry's body; its texts stay until the next one. False: it is none. */
MUST_CHECK bool journal_decode(struct journal_coder *c, const uint8_t *body, size_t size, struct record *r);
uint64_t journal_sum(uint64_t sum, const void *p, size_t n); /* continues a sum over n bytes */
void journal_coder_free(struct journal_coder *c);

/* ---- header.c: which run it is ---- */

uint64_t journal_program(void); /* a hash of the program that runs */
json_t *journal_header(const struct run_info *info);
/* What two records are compared for. */
enum journal_purpose { JOURNAL_FOR_RESUME = 1, JOURNAL_FOR_MERGE = 2, JOURNAL_FOR_RERUN = 4 };
/* Why the record at `path` does not go with another one, `than`, or with the run at hand (NULL), into `out`:
 * "a.rec is of another run: another seed (7, here 8)". False: nothing that matters differs. */
bool journal_differs(const char *path, const json_t *theirs, const char *than, const json_t *ours,
                     enum journal_purpose purpose, struct buf *out);
uint64_t journal_number(const json_t *header, const char *key);
const char *journal_text(const json_t *header, const char *key); /* never NULL */

/* ---- reader.c ---- */

struct journal {
    const char *path;            /* of the file; not owned */
    FILE *f;                     /* the file */
    json_t *header;              /* NULL: it was cut before its end */
    struct journal_coder coder;  /* where reading stands */
    uint64_t cases;              /* of the run */
    uint64_t count;              /* records read so far */
    uint64_t end;                /* bytes up to the last entry read */
    uint64_t synced;             /* bytes up to the last place where the run can go on */
    bool complete;               /* the footer was read */
    uint64_t verdicts[VERDICTS]; /* of each, so far */
    struct buf body;             /* of the entry at hand */
};

/* How far a file goes. */
struct journal_extent {
    uint64_t cases;  /* of the run */
    uint64_t count;  /* records that are there */
    uint64_t synced; /* bytes up to the last place where the run can go on */
    bool complete;   /* nothing is missing */
    bool header;     /* it is known which run it is of */
};

enum journal_got { JOURNAL_OVER, JOURNAL_GOT_RECORD, JOURNAL_GOT_COVER, JOURNAL_DAMAGED };

/* NULL: not a record, or one that cannot be read: a sentence in `why`. */
struct journal *journal_open(const char *path, struct buf *why);
/* The next entry: *r, or body[0..size) of what is covered. JOURNAL_OVER: there is no more, and j->complete
 * says whether that is all. JOURNAL_DAMAGED: a sentence in `why`. */
enum journal_got journal_next(struct journal *j, struct record *r, const uint8_t **body, size_t *size,
                              struct buf *why);
/* Reads all of a file. False: it is damaged, or no record at all; a sentence in `why`. */
MUST_CHECK bool journal_check(const char *path, struct journal_extent *e, struct buf *why);
void journal_close(struct journal *j);

/* ---- earlier.c: what the run of --rerun said ---- */

struct earlier;
/* NULL: the program, the corpora, the quirks or the lineup are others: what passes now was mended, not lucky.
 */
struct earlier *earlier_open(const char *path, const struct run_info *info);
/* How this case failed then, until the next call; NULL: it did not. Cases come in the order of the corpora.
 */
const struct record *earlier_of(struct earlier *e, const struct record *r);
void earlier_close(struct earlier *e); /* NULL is fine */
#endif
