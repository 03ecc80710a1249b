/* Reports: each kind is a row of report_kinds and a file here.
 *
 * To add a kind: a file with its three functions, a declaration at the end of this header, a row in report.c.
 * Everything in a report but its last part depends on the cases alone, so that two runs compare byte for
 * byte.
 */
#ifndef HARNESS_REPORT_H
#define HARNESS_REPORT_H

#include "harness/cover/view.h"
#include "harness/run/lineup.h"
#include "harness/run/tally.h"

/* What is known about a run besides its cases. */
struct run_info {
    const char *const *paths;      /* corpora, as given */
    unsigned npaths;               /* how many */
    const struct lineup *lineup;   /* who takes part */
    uint64_t seed;                 /* of generators */
    unsigned shard, nshards;       /* as in struct case_filter */
    const char *const *globs;      /* of ids; only these cases */
    unsigned nglobs;               /* how many */
    bool covered;                  /* some report is about what was covered */
    uint64_t choice;               /* hash of what else decides which cases are run; 0: nothing */
    uint64_t deal;                 /* hash of what else decides which shard runs them, likewise */
    uint64_t program;              /* hash of this program; 0: no report wants it */
    uint64_t corpus;               /* hash of the corpora, likewise */
    uint64_t quirks;               /* hash of the quirks, likewise */
    struct json_t *watched;        /* the rows of quirks, as run/watch.h has them */
    uint64_t total;                /* cases selected */
    unsigned absent;               /* rows that the corpora name, and that are not done yet */
    unsigned jobs;                 /* workers */
    const struct ledger *ledger;   /* what was covered; NULL: no report wants it */
    const struct cover *cover;     /* the same, without what cannot be hit */
    const struct history *history; /* what to hold it against (harness/page); NULL: nothing */
    FILE *out;                     /* standard output */
    const char *options;           /* what `lockstep repro` needs besides id and file: " --seed 7", or "" */
    const struct record
        *then;           /* with a record: how this case failed before, though nothing has changed; or NULL */
    const char *stopped; /* at the end: why the run did not finish ("interrupted by SIGINT"), or NULL */
    double seconds;      /* at the end: how long it took */
    const char *remarks; /* at the end: lines about rows of quirks that somebody should look at, or NULL */
};

struct report;

/* Whether a report is about what was covered. */
enum ledger_want { LEDGER_NO, LEDGER_WELCOME /* it says so when that is not known */, LEDGER_NEEDED };

struct report_kind {
    const char *name;        /* as in --report NAME=FILE */
    enum ledger_want ledger; /* as it says */
    bool identity;           /* it wants program, corpus and quirks in struct run_info */
    bool prints;             /* the file may be -, standard output */
    const char *help;        /* what it is */
    void (*begin)(struct report *r, const struct run_info *info);
    void (*record)(struct report *r, const struct run_info *info, const struct record *rec);
    /* what the records since the last call cover, as struct pool_config's `cover` has it */
    void (*cover)(struct report *r, const void *body, size_t size);
    void (*flush)(struct report *r); /* called now and then: what is known should be in the file */
    void (*end)(struct report *r, const struct run_info *info, const struct tally *t);
    void (*close)(struct report *r); /* whatever happened before */
};

struct report {
    const struct report_kind *kind; /* which */
    const char *path;               /* of the file; not owned */
    FILE *f;                        /* the file */
    bool borrowed;                  /* it is standard output */
    FILE *spool;                    /* an unlinked file for what must stand behind something not known yet */
    struct buf buf;                 /* scratch */
    int error;                      /* -errno of the first write that failed, or 0 */
    long header;                    /* junit: where the current suite's header stands in the spool */
    char *suite;                    /* junit: name of the current suite, or NULL */
    uint64_t counts[3];             /* junit: tests, failures, skipped of the suite; md: failures listed */
    uint64_t errors;                /* junit: errors of the suite */
    struct journal_coder *coder;    /* record: what the next entry is told against */
    struct page_sums *sums;         /* html: what the records come to */
    bool gap;                       /* record: a case is missing before what comes now */
};

extern const struct report_kind *const report_kinds[]; /* NULL-terminated */
const struct report_kind *report_kind_find(const char *name);

/* Creates the file; `make_dirs` makes missing folders first. -errno: it cannot be written. */
MUST_CHECK int report_open(struct report *r, const struct report_kind *kind, const char *path, bool make_dirs,
                           const struct run_info *info);
/* Goes on with a run record: the first `size` bytes of the file stand, and `coder` (taken over) has read
 * them. */
MUST_CHECK int report_continue(struct report *r, const char *path, uint64_t size,
                               struct journal_coder *coder);
/* All say the first time that writing fails: -errno, once; 0 ever after. */
MUST_CHECK int report_record(struct report *r, const struct run_info *info, const struct record *rec);
MUST_CHECK int report_cover_news(struct report *r, const void *body, size_t size);
MUST_CHECK int report_flush(struct report *r);
MUST_CHECK int report_end(struct report *r, const struct run_info *info,
                          const struct tally *t); /* and closes */

/* Makes the folders that lead to a file. Errors show when the file is opened. */
void report_make_folders(const char *path);

/* ---- for the kinds ---- */
bool report_spool(struct report *r);   /* opens r->spool; false: r->error */
void report_unspool(struct report *r); /* copies the spool to the file */
void report_repro(const struct run_info *info, const struct record *rec, struct buf *out); /* the command */

/* ---- text.c: escaping; what is not valid UTF-8 becomes '?' ---- */
void text_json(struct buf *out, const char *s); /* with the quotes */
void text_xml(struct buf *out, const char *s);  /* for content and for attributes in double quotes */
void text_md(struct buf *out, const char *s);   /* for one cell of a table */
void text_tap(struct buf *out, const char *s);  /* for what stands behind "ok 1 - " */
void text_line(struct buf *out, const char *s); /* for a terminal, or a log that takes commands by lines */
void text_md_code(struct buf *out, const char *s, bool cell); /* as code; `cell`: in a table */
void text_word(struct buf *out,
               const char *s); /* for a command line of bash or zsh: one word, without control characters */
/* For a message of a workflow command, or one of its properties. */
void text_github(struct buf *out, const char *s, bool property);

extern const struct report_kind report_junit, report_jsonl, report_md, report_cover, report_record_file,
    report_html, report_tap, report_github;

#endif
