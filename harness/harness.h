/* The judge: cases from YAML, backends that run them, verdicts, reports.
 *
 * The pipeline in one screen:
 *     plan (command line, plan file) → stream of cases (corpus/, generate/)
 *     → numbers of cases to worker processes (run/worker.c) → each backend's result (run/run.c)
 *     → verdict (judge/) → record → reports (report/)
 *
 * A stream gives the same cases in the same order for the same plan, so that any process can find case N.
 */
#ifndef HARNESS_H
#define HARNESS_H

#include "engine/guest/guest.h"
#include "specs/yaml/yaml.h"

/* ---- exit status of the program ---- */
enum { STATUS_PASS = 0, STATUS_FAIL = 1, STATUS_USAGE = 2, STATUS_HARNESS = 3, STATUS_NOTHING = 4 };

/* ---- corpus/case.c: one case ---- */

enum { CASE_MAX_CODE = 4096, CASE_MAX_MEM = 64 };

/* A value for one register before or after. */
struct case_reg {
    struct guest_reg_ref ref;
    uint64_t value[8]; /* low word first; reg->words of them */
};

/* Memory before, or expected after. */
struct case_mem {
    uint64_t at, size;   /* size: of the bytes, or of a whole region when `map` */
    unsigned perm;       /* CPU_* when it maps a region of its own, else 0: bytes of an existing one */
    const uint8_t *data; /* size bytes, or NULL: zeroes. Entries that map come first and have no data */
};

/* What is known to be true after, from the manual. */
struct case_truth {
    const struct case_reg *regs;
    unsigned nregs;
    const struct case_mem *mem;
    unsigned nmem;
    bool has_exit;        /* `exit:` was given; else the case ends by budget */
    struct cpu_exit exit; /* kind, cause, value when has_value, pc when has_pc */
    bool has_value, has_pc;
    bool rest_unchanged; /* every compared register not in `regs`, and all memory not in `mem`, is as before;
                            then `regs` always has pc, which the loader works out where `out:` does not name
                            it */
};

struct case_kind;
struct subject_row;

struct test_case {
    const struct case_kind *kind;    /* of other kinds than instructions (kinds/kind.h); NULL: an instruction,
                                        or a sequence of them */
    unsigned subject;                /* of other kinds: number of what it is about */
    const void *scenario;            /* of other kinds: all that is theirs; nothing from `guest` to `truth` is
                                        but steps (1) and has_truth */
    const struct subject_row *about; /* of other kinds: the row that it is about, or NULL */
    const char *id; /* stable: "riscv64/m/div-by-zero", "riscv64/gen/rv.add/17" (ISA, file, id or row/n) */
    const struct guest *guest;
    const struct guest_row
        *row;      /* of the first instruction (what the case is about), or NULL when it does not decode */
    struct pos at; /* where it was written */
    struct pos corpus;   /* the entry of the packed corpus that it was read from; file NULL: it was not */
    const char *why;     /* free text: what is special, manual section; or "" */
    uint64_t code_at;    /* address of the code */
    const uint8_t *code; /* its bytes */
    unsigned code_size;
    uint64_t steps;            /* budget */
    const struct case_reg *in; /* registers before; others at reset, pc at code_at */
    unsigned nin;
    const struct case_mem *mem;
    unsigned nmem;
    bool has_truth;
    struct case_truth truth;
    bool generated;    /* from `generate:`; replayable by id */
    uint64_t position; /* among all cases of the corpora, selected or not; ascending in the stream */
};

/* Where it is found again. */
static inline struct pos case_place(const struct test_case *c)
{
    return c->corpus.file ? c->corpus : c->at;
}

/* The memory every instruction case has, besides what it maps itself: see harness/README.md. Code beyond the
 * case's own bytes is zeroes; data and rom hold layout_byte() of each address, so that a load from a wrong
 * address shows. */
enum {
    LAYOUT_CODE = 0x10000,
    LAYOUT_CODE_SIZE = 0x1000, /* read, execute */
    LAYOUT_DATA = 0x20000,
    LAYOUT_DATA_SIZE = 0x2000, /* read, write; unmapped on both sides */
    LAYOUT_ROM = 0x30000,
    LAYOUT_ROM_SIZE = 0x1000, /* read only */
};

/* What memory holds at an address of data or rom before a case writes its own. */
static inline uint8_t layout_byte(uint64_t addr)
{
    return (uint8_t)(((uint32_t)addr * 0x9e3779b1u) >> 24);
}

/* Code as `code:` and the command line have it: assembly text, or hex (pairs of digits in memory order "93 05
 * 15 00", or numbers as manuals print instructions "0x00150593"). Appends bytes to out. */
bool code_parse(const struct guest *g, const char *text, struct buf *out, struct asm_error *err);

/* ---- corpus/case_write.c ---- */
/* The case as an item of a corpus file's `cases:`, which loads to the same case. `id`: what to call it there.
 */
void case_write(const struct test_case *c, const char *id, struct buf *out);

/* ---- corpus/stream.c: all cases of the given files and folders, in order ---- */

struct case_filter {
    const char *const *globs; /* on case ids; any may match */
    unsigned nglobs;
    uint64_t seed;           /* mixed into each generator's own */
    unsigned shard, nshards; /* this run takes the shard-th (from 0) of nshards disjoint parts; nshards 0:
                                all. Which part a case belongs to follows from its id alone */
    struct gen_fills *fills; /* answers to `until: full`, or NULL: looked for each time (generate/fill.h) */
    const struct case_pick *pick; /* what a run record says about them; NULL: nothing (pick.h) */
    bool check;                   /* of packed corpora, look at every record, also at those passed over */
};

struct case_stream;
/* Paths are files, or folders searched recursively for *.yaml in name order, folders called "quirks" and
 * plans left out; a manifest stands for its packed corpus. A file that is named or included several times is
 * read once. `f` must live as long as the stream. NULL after reported errors. */
struct case_stream *case_stream_open(const char *const *paths, unsigned npaths, const struct case_filter *f,
                                     struct diag *d);
/* The next case, valid until the following call: 1 case, 0 end, -1 error (the stream is over; what is wrong
 * in the rest of the file with the error has been reported too). */
int case_stream_next(struct case_stream *s, const struct test_case **c);
/* Passes over n selected cases cheaply (generated ones are not built): returns how many there were. */
uint64_t case_stream_skip(struct case_stream *s, uint64_t n);
/* A case that somebody looks for. */
struct case_wanted {
    uint64_t hash;   /* of its id; of a generated one, that of what stands before its number, plus that */
    uint64_t number; /* where it stands among the selected ones; ~0: not there */
};
/* Passes over all selected cases, and notes where those of wanted[0..n), which ascend by hash, stand. */
uint64_t case_stream_find(struct case_stream *s, struct case_wanted *wanted, size_t n);
/* A stream over one corpus file in memory, `name` standing for it in messages and ids; it cannot include
 * others. */
struct case_stream *case_stream_open_text(const char *name, const char *text, size_t len,
                                          const struct case_filter *f, struct diag *d);
/* Rows that a pattern under `generate:` named so far and that have no semantics yet (status: absent): no
 * cases. */
unsigned case_stream_absent(const struct case_stream *s);
/* Bit per kind of case (number in kind_all) that the files met so far are of. */
uint64_t case_stream_kinds(const struct case_stream *s);
/* What the cases met so far came from: a hash over the files that were read and the rows of every ISA. 0: a
 * file cannot be read. */
uint64_t case_stream_hash(const struct case_stream *s);
void case_stream_close(struct case_stream *s);

/* ---- corpus/schema.c: the one table that loader, JSON Schema and error messages come from ---- */
void schema_write_json(FILE *out);        /* the corpus format as JSON Schema, draft 2020-12 */
void schema_write_quirks_json(FILE *out); /* the same for corpora/quirks/ */

/* ---- run/run.c: one case on one backend ---- */

/* A backend opened for one guest, with its own memory, reused from case to case. */
struct runner;
struct runner *runner_open(const struct backend *b, const struct guest *g, const char **why); /* NULL: *why */
/* The same; `options` are for the backend's open (vcpu->options), and stay where they are. */
struct runner *runner_open_with(const struct backend *b, const void *options, const struct guest *g,
                                const char **why);
void runner_close(struct runner *r);

/* The instruction that a difference in a longer case comes from. */
struct spot {
    const struct guest_row *row; /* NULL: it is no instruction */
    uint32_t word;               /* its bits */
    uint64_t pc;                 /* where it stands */
    const uint64_t *state;       /* before it; guest->state_words words */
};

/* What a backend made of a case. Pointers are into the runner, valid until its next case. */
struct outcome {
    const struct backend *backend;
    bool oracle;             /* held against the others, not under test; set by whoever asks for a verdict */
    struct cpu_exit exit;    /* how the run ended */
    const uint64_t *before;  /* state before; guest->state_words words */
    const uint64_t *state;   /* state after */
    const struct mem *mem;   /* memory after; every page that changed is in its list of dirty pages */
    const char *unsupported; /* the backend cannot run this case: a sentence; else NULL */
    unsigned quirk;          /* 1 + number of the quirk row that says so, or that muted it; 0: none */
    bool muted;              /* an oracle that went wrong in the middle by a known error: it has no say */
    const struct spot *spot; /* where what it says comes from, for quirks; NULL: not known */
    const void *result;      /* of another kind of case: all that came out, in place of exit to mem */
    bool absent;             /* its backend is for other kinds of cases; then it is unsupported, too */
};
void runner_run(struct runner *r, const struct test_case *c, struct outcome *o);
/* Goes on where the last run ended, which was by its budget. `o` is of that run; only its exit changes. */
void runner_go_on(struct runner *r, uint64_t steps, struct outcome *o);
/* What the backend made of the last case's code is forgotten, so that the same code with another budget or
 * other registers does not run in the blocks of the last time. */
void runner_forget(struct runner *r);

/* ---- judge/quirk.c: known bugs of oracles, corpora/quirks/ ---- */

/* One thing in which what a backend says differs from what is held against it. */
enum diff_what {
    DIFF_REG,   /* bits of a register */
    DIFF_MEM,   /* a run of bytes */
    DIFF_EXIT,  /* kind or cause of the exit; then nothing else of the two can be compared */
    DIFF_VALUE, /* the exit's value: fault address, instruction bits */
    DIFF_ITEM,  /* anything of another kind of case */
};

struct diff {
    enum diff_what what;
    struct guest_reg_ref reg; /* DIFF_REG */
    unsigned word;            /* DIFF_REG: which 64 bits of it */
    uint64_t bits;            /* DIFF_REG: bits of that word that differ */
    uint64_t at, size;        /* DIFF_MEM: address and length; DIFF_ITEM: what its kind calls them */
};

struct quirks;
/* `today` (judge/date.h) decides which rows have ended; `asked` (NULL-terminated; NULL: everybody) is who
 * takes part: others are not asked for their versions, and their rows are not to be used. NULL after reported
 * errors. */
struct quirks *quirks_load(const char *dir, int32_t today, const struct backend *const *asked,
                           struct diag *d);
/* The same from one file in memory. */
struct quirks *quirks_load_text(const char *name, const char *text, size_t len, int32_t today,
                                struct diag *d);
void quirks_free(struct quirks *q);
/* Number of the quirk row that explains why `theirs->backend`, in the version at hand, says so on this case
 * while `right` (another backend's outcome, or NULL: the truth of the case) says otherwise; -1: none does. */
int quirk_find(const struct quirks *q, const struct test_case *c, const struct outcome *theirs,
               const struct outcome *right, const struct diff *d);
unsigned quirks_count(const struct quirks *q); /* rows, numbered from 0; expected failures come last */
const char *quirk_id(const struct quirks *q, unsigned i);
bool quirk_is_xfail(const struct quirks *q, unsigned i); /* no error of an oracle, but an expected failure */
const struct backend *quirk_backend(const struct quirks *q, unsigned i); /* whom it is about */
const char *quirk_case(const struct quirks *q, unsigned i); /* id of a case that shows it, or NULL */
/* Why this backend, in the version at hand, cannot run this case at all, as a quirk row says; NULL: it can.
 * *i is the row. */
const char *quirk_unsupported(const struct quirks *q, const struct backend *b, const struct test_case *c,
                              unsigned *i);
bool quirk_current(const struct quirks *q, unsigned i); /* concerns the version at hand, today */
/* The day after which it did not count any more, "2027-03-31"; NULL: it counts, or is of another version. */
const char *quirk_ended(const struct quirks *q, unsigned i);
/* Which rows have ended, as a number: it decides verdicts. */
uint64_t quirks_ended_hash(const struct quirks *q);
/* Number of the row that expects this case to fail on this backend, or -1; the reason for its record. */
int quirk_expects(const struct quirks *q, const char *id, const struct backend *b, const char **reason);
/* It masks upper bits of operands only, so that what it leaves still is a check of the instruction. */
bool quirk_is_minor(const struct quirks *q, unsigned i);

/* ---- judge/compare.c ---- */

enum verdict {
    VERDICT_PASS,
    VERDICT_FAIL,
    VERDICT_SKIP,
    VERDICT_CRASH,
    VERDICT_TIMEOUT,
    VERDICT_XFAIL, /* failed as expected */
    VERDICT_XPASS, /* passed, which was not expected; only where that is no failure */
    VERDICTS
};
const char *verdict_name(enum verdict v); /* "pass" */

/* Who held the results against what. */
/* CHECKED_PEER stands alone: nobody but another backend of ours. */
enum checked_by { CHECKED_NOBODY, CHECKED_MANUAL = 1, CHECKED_ORACLE = 2, CHECKED_PEER = 4 };

enum { JUDGE_MAX_QUIRKS = 4, SIGNATURE_SIZE = 256 };

struct findings;
struct judgement {
    enum verdict verdict;
    unsigned checked;   /* enum checked_by bits */
    uint64_t outsiders; /* bit per outcome: an oracle that was held against a backend under test, and had
                           nothing to be excused for but upper bits */
    const char *skip;  /* VERDICT_SKIP, CRASH, XFAIL, XPASS: the reason, of a small fixed set, for counting */
    bool dissent;      /* an oracle disagrees with the truth, and no quirk covers it */
    struct buf detail; /* VERDICT_FAIL or dissent: a line of who differs from whom, then what */
    unsigned quirks[JUDGE_MAX_QUIRKS]; /* rows that masked something, each once */
    unsigned nquirks;                  /* how many of them */
    struct findings *findings;         /* VERDICT_FAIL: what differs is left there; may be NULL */
    struct spot
        place; /* VERDICT_FAIL of a longer case: the instruction that goes wrong; no state: not known */
    uint64_t *before; /* room for the state before it, guest->state_words words; may be NULL */
    uint64_t step;    /* the first instruction after which results differ, from 1; 0: not known */
    char signature[SIGNATURE_SIZE]; /* VERDICT_FAIL: of the cause, see signature.c; set by panel_judge */
};
/* Outcomes of one case, under test and oracles in any order. `j` may be reused: its buffer is reset,
 * `findings` and `before` stay. */
void judge(const struct test_case *c, const struct outcome *outcomes, unsigned n, const struct quirks *q,
           struct judgement *j);

/* ---- judge/expect.c: expected failures ---- */
/* Where quirk rows expect somebody to fail in this case: changes the judgement that judge() came to.
 * `strict`: who does not fail makes the case fail. False: nothing is expected, or the case fails otherwise
 * too. */
bool judge_expected(const struct test_case *c, const struct outcome *outcomes, unsigned n,
                    const struct quirks *q, bool strict, struct judgement *j);

/* ---- run/backends.c ---- */
extern const struct backend *const backend_all[]; /* NULL-terminated; the slower ones first */
const struct backend *backend_find(const char *name);
const char *backend_cannot_run(const struct backend *b); /* no guest at all on this machine: why; or NULL */
extern const struct backend backend_interp;              /* engine/interp */
extern const struct backend backend_jit;                 /* engine/jit */
extern const struct backend backend_unicorn;             /* harness/oracle */
extern const struct backend backend_qemu;                /* harness/oracle */

#endif
