/* What is left of a case once it was judged: what a worker sends home, what reports are made of.
 *
 * Between processes and in files records are told in the same form (record.c), so that the parent need not do
 * again what workers did. On the wire a frame is its length (4 bytes, of all that follows), its kind (1 byte)
 * and a body.
 */
#ifndef HARNESS_RUN_RECORD_H
#define HARNESS_RUN_RECORD_H

#include "harness/harness.h"

enum frame_kind {
    FRAME_RECORD = 1, /* one case */
    FRAME_DONE,       /* the assignment is finished */
    FRAME_ERROR,      /* the stream reported errors: their text; nothing follows */
    FRAME_COVER,      /* what is new in the worker's ledger: cover/scribe.c */
};

enum {
    RECORD_MAX_DETAIL = 4096,            /* bytes of a difference kept; the rest is what `repro` is for */
    RECORD_MAX_FRAME = CASE_MAX_CODE * 8 /* a longer frame means that the pipe does not carry frames */
};

struct record {
    uint64_t number;                   /* of the case in this run, from 0 */
    enum verdict verdict;              /* what became of it */
    unsigned checked;                  /* enum checked_by bits */
    bool dissent;                      /* an oracle disagrees with the truth */
    uint8_t ran;                       /* bit per lineup entry: it gave a result */
    unsigned nquirks;                  /* how many of quirks[] */
    unsigned quirks[JUDGE_MAX_QUIRKS]; /* rows that masked something */
    int line;                          /* where the case stands */
    uint64_t position;                 /* of the case among all of the corpora, selected or not */
    uint32_t micros;                   /* how long it took */
    bool generated;                    /* its id is that of a row, and a number */
    const char *id;                    /* of the case */
    const char *guest;                 /* ISA */
    const char *row;                   /* row's id, or "" where the code does not decode */
    const char *ext;                   /* row's extension, or "" */
    const char *file;                  /* where the case stands */
    const char *exit;   /* how it ended under the first backend: "budget", "fault illegal"; "" if none ran */
    const char *reason; /* skip: why; crash, timeout, error: what happened; fail: the signature; else "" */
    const char *detail; /* what differs, or "" */
    const char
        *bins; /* of a failure: the row that goes wrong and the bins that it hit (condition.h), or "" */
    const void *told; /* how that was told after the record before, for who keeps it so; or NULL */
    size_t told_size; /* bytes of it */
};

enum { RECORD_TEXTS = 9 };
/* The i-th text of a record, from `id` on; the order is that of struct record. */
const char **record_text(struct record *r, unsigned i);

/* ---- told: as what differs from the record before; records of one run are much alike ---- */

struct record_coder {
    struct buf texts[RECORD_TEXTS]; /* of the last record */
    uint64_t position;              /* likewise */
    int line;                       /* likewise */
    bool afresh;                    /* what it holds is not the last record: the next one is told whole */
};

void record_tell(struct record_coder *c, const struct record *r,
                 struct buf *out); /* texts too long are cut */
/* What was told; its texts stay until the next call, its number is not known. False: that is no record. */
MUST_CHECK bool record_hear(struct record_coder *c, const void *told, size_t size, struct record *r);
void record_coder_free(struct record_coder *c);

/* Whether record_hear will take it all, without hearing it. */
struct record_listener {
    uint64_t sizes[RECORD_TEXTS]; /* of the last record's texts */
    bool began;                   /* there is a last record */
};
MUST_CHECK bool record_check(struct record_listener *l, const void *told, size_t size);

/* ---- frames ---- */

/* The frame of a record: the low half of its number, and what is told of it. */
void record_encode(struct record_coder *c, const struct record *r, struct buf *out);
/* Adds a frame of another kind. */
void frame_encode(enum frame_kind kind, const char *text, struct buf *out);
/* The same of bytes, at most RECORD_MAX_FRAME - 1 of them. */
void frame_encode_bytes(enum frame_kind kind, const void *p, size_t n, struct buf *out);
/* The first frame of p[0..n): its whole size, or 0 when it is not complete yet; *kind and *body describe it.
 * -EPROTO when this cannot be a frame. */
MUST_CHECK long frame_next(const char *p, size_t n, enum frame_kind *kind, const char **body, size_t *size);

#endif
