/* Scenarios: what software does with an SMMU, step by step, and what must come of it (harness/FORMAT.md).
 *
 * However short a scenario is written, what is run is a list of plain steps: stores to memory, accesses to
 * registers, commands, accesses of devices, looks at the event queue. Anything that has memory, registers and
 * a device can run them (drive.c), so our model and somebody else's are asked the same.
 *
 *     schema.c     what may be written
 *     build.c      the case: streams, then steps; fields.c: fields by name; image.c tables.c: tables out of
 * `map:` drive.c      the steps, over a bus; model.c: our model as one judge.c      what two of them say;
 * words.c: all of it for people; rows.c: what is counted kind.c       the table
 */
#ifndef HARNESS_SMMU_SCENARIO_H
#define HARNESS_SMMU_SCENARIO_H

#include "devices/device.h"
#include "devices/smmu/smmu.h"
#include "devices/smmuv3.h"
#include "harness/corpus/case.h"
#include "harness/kinds/kind.h"

/* Guest memory of every scenario, zeroes at first; where things stand that the short forms make. */
enum {
    SCN_RAM = 0x40000000,       /* its first byte */
    SCN_RAM_SIZE = 0x2000000,   /* 32 MiB */
    SCN_STRTAB = 0x40000000,    /* linear stream table */
    SCN_STRTAB_LOG2 = 8,        /* of its entries */
    SCN_CMDQ = 0x40100000,      /* command queue */
    SCN_EVENTQ = 0x40110000,    /* event queue */
    SCN_PRIQ = 0x40120000,      /* page request queue */
    SCN_QUEUE_LOG2 = 8,         /* of their entries */
    SCN_TABLES = 0x40200000,    /* context descriptors and translation tables, one after the other */
    SCN_TABLES_END = 0x41000000 /* from here on memory is the scenario's own */
};

enum { SCN_NO_REGISTER = 0xffff /* an offset that was given as a number */ };

enum { SCN_DATA = 64, SCN_EVENTS = 32, SCN_STREAMS = 16, SCN_CONTEXTS = 64, SCN_STEPS = 4000 };

enum scn_step_kind {
    SCN_STORE,   /* bytes into memory */
    SCN_CHECK,   /* bytes that memory holds */
    SCN_WRITE,   /* a register */
    SCN_READ,    /* likewise */
    SCN_COMMAND, /* into the command queue, and PROD moves */
    SCN_ACCESS,  /* by a device */
    SCN_TAKE,    /* all event records are taken from their queue */
    SCN_COUNT,   /* a statistic of the model */
    SCN_SIGNAL,  /* how often it signalled: its wires and its event */
    SCN_ASK,     /* a device asks for a translation, or looks for one in its cache */
    SCN_PAGE,    /* a device asks for a page */
    SCN_PAGES,   /* all page requests are taken from their queue */
    SCN_TOLD,    /* what devices were told since the last time */
};

/* Records that the manual has no layout for: what devices are told, and what an answer of ATS grants. */
enum { SCN_TOLD_RESUMED = 1, SCN_TOLD_ANSWERED };
enum { SCN_TOLD_RETRY, SCN_TOLD_ABORT, SCN_TOLD_ZERO };
enum {
    SCN_TOLD_SID = DEV_FIELD(32, 32),
    SCN_TOLD_SSV = DEV_FIELD(11, 1),
    SCN_TOLD_SSID = DEV_FIELD(12, 20),
    SCN_TOLD_STAG = DEV_FIELD(64, 16), /* of page requests: their group */
    SCN_TOLD_END = DEV_FIELD(80, 4),   /* of page requests: the code */
    SCN_GRANT_ADDRESS = DEV_FIELD(64, 64),
    SCN_GRANT_SIZE = DEV_FIELD(128, 64),
    SCN_GRANT_PERMS = DEV_FIELD(192, 1) /* and the next ones: of SMMU_READ to SMMU_PRIVILEGED */
};

/* What a unit signals beside its memory: edges of wires (3.18), and events for processors that wait (SEV). */
enum scn_signal { SCN_WAKE = SMMU_LINES, SCN_SIGNALS };

/* How accesses end: enum smmu_end, and without an error, but also without a translation (CD.A is 0). */
enum { SCN_ZERO = SMMU_RETRY + 1, SCN_ENDS };

/* An event record that is expected: bits of it. */
struct scn_event {
    uint64_t words[4], mask[4]; /* those that are named */
};

struct scn_step {
    uint8_t kind;        /* enum scn_step_kind */
    bool expects;        /* the truth says what comes */
    uint8_t end;         /* ACCESS: enum smmu_end or SCN_ZERO, expected */
    uint8_t access;      /* ACCESS: SMMU_READ … */
    uint16_t index;      /* WRITE, READ: of the register; COUNT: of the statistic; SIGNAL: enum scn_signal */
    uint32_t sid, ssid;  /* ACCESS: whose */
    uint32_t offset;     /* WRITE, READ */
    uint32_t size;       /* bytes: STORE, CHECK, ACCESS, WRITE, READ, ASK; PAGE: the group */
    uint64_t at;         /* STORE, CHECK: address; ACCESS: iova; READ: bits that are expected */
    uint64_t value;      /* WRITE; READ, COUNT, SIGNAL: expected; ASK: in its cache; PAGE: the group's last */
    uint64_t command[2]; /* COMMAND */
    const uint8_t *data; /* STORE, ACCESS that writes; CHECK, ACCESS that reads: expected, or NULL */
    const struct scn_event *events; /* TAKE, PAGES, TOLD, ASK: expected; nevents of them */
    unsigned nevents;               /* how many */
    bool made;                      /* it comes from a short form */
};

/* A stream table entry or context descriptor. */
struct scn_entry {
    bool cd;           /* it is a CD */
    uint64_t words[8]; /* all of it */
};

struct scenario {
    const struct scn_step *steps;    /* nsteps of them */
    unsigned nsteps;                 /* how many */
    uint32_t sids[SCN_STREAMS];      /* devices: those that steps name */
    bool ats[SCN_STREAMS];           /* they have an address translation cache */
    unsigned nsids;                  /* how many */
    const struct scn_entry *entries; /* nentries of them: that its short forms made, for coverage */
    unsigned nentries;               /* how many */
};

/* What came of a step. */
struct scn_said {
    bool known;             /* who ran it can say something of this step */
    bool silent;            /* ACCESS: whether it went through shows by what it did alone */
    uint8_t end;            /* ACCESS, when not silent: enum smmu_end or SCN_ZERO */
    uint64_t value;         /* READ, COUNT, SIGNAL */
    uint8_t data[SCN_DATA]; /* CHECK, ACCESS that reads */
    uint64_t (*events)[4];  /* TAKE, PAGES, TOLD, ASK: in order of their bytes; nevents of them */
    unsigned nevents;       /* how many */
};

struct scn_result {
    struct scn_said *said;          /* by step */
    unsigned cap;                   /* room in it */
    uint64_t events[SCN_EVENTS][4]; /* all records that were taken */
    unsigned nevents;               /* how many; no more are kept */
};

/* ---- schema.c ---- */
extern const struct schema scn_item, scn_generator;

/* ---- fields.c ---- */
/* A field's value: a number, the whole address for fields that hold one, or one of its names. False:
 * reported. */
bool scn_field_value(const struct dev_field *f, const struct ynode *n, struct diag *d, uint64_t *v);
/* Puts the fields of a map, but for those keys that `keys` (or NULL) knows, into a structure; sets the same
 * bits of `mask`, if there is one. */
bool scn_fields(const struct dev_struct *s, const struct ynode *map, const struct schema *keys,
                struct diag *d, uint64_t *words, uint64_t *mask);
/* The bits that an address field leaves out below. */
unsigned scn_field_shift(const struct dev_field *f);

/* ---- image.c: memory as software is about to write it ---- */

struct image_page {
    uint64_t at;          /* its address */
    uint64_t now[512];    /* what it shall hold */
    uint64_t stored[512]; /* what steps so far stored */
};

struct image {
    struct image_page **pages; /* npages of them, in the order they were met */
    unsigned npages, last;     /* how many; found last time */
    uint64_t next;             /* of SCN_TABLES: not handed out yet */
    struct arena *arena;       /* all of it */
};

uint64_t *image_word(struct image *m, uint64_t at);                   /* aligned to 8 */
uint64_t image_alloc(struct image *m, uint64_t size, uint64_t align); /* 0: the room is used up */
struct steps;
void image_store(struct image *m, struct steps *to); /* steps for everything that has changed */

/* ---- tables.c ---- */

/* A stage's tables. */
struct scn_stage {
    uint64_t root;    /* 0: there are none */
    unsigned granule; /* bits of a page */
    unsigned start;   /* level */
    unsigned bits;    /* of input addresses */
    bool second;      /* stage 2's descriptors */
    bool big;         /* big-endian */
};
/* `start`: the first level, or -1: the one that takes a single table. False: there is no room, or no such
 * tables. */
bool scn_stage_make(struct image *m, unsigned granule, unsigned bits, int start, bool second,
                    struct scn_stage *s);
/* A piece of address space; perms letters of rwxp. `level`: of its leaves, or -1: the largest that fit. */
struct scn_map {
    uint64_t iova, to, size; /* from where, where to, how much */
    const char *perms;       /* NULL: rw; "": takes it away */
    int level;               /* see above */
    uint64_t set, clear;     /* bits of leaves, besides */
    uint64_t table;          /* bits of the table descriptor at `level`, and nothing else; 0: a mapping */
    uint64_t raw;            /* `has_raw`: what is written at `level`, whatever it means */
    bool has_raw;            /* see above */
};
/* NULL, or what is wrong with it. */
const char *scn_map_add(struct image *m, const struct scn_stage *s, const struct scn_map *map);
/* Where the descriptor of an address stands that a walk finds last, or that of a level; 0: there is no room.
 */
uint64_t scn_descriptor_at(struct image *m, const struct scn_stage *s, uint64_t iova, int level);

/* ---- build.c ---- */
struct steps {
    struct buf items;    /* struct scn_step */
    struct arena *arena; /* their data */
};
struct scn_step *steps_add(struct steps *s, enum scn_step_kind kind); /* until the next */
bool scn_build(const struct case_builder *b, const struct ynode *n, struct test_case *c);

/* ---- ask.c ---- */
bool scn_takes(const struct scn_step *s); /* records come of it */
/* The layout of a record that such a step took; NULL: there is none. */
const struct dev_struct *scn_record(enum scn_step_kind kind, const uint64_t words[4]);

/* ---- generate.c: random scenarios, written as one writes them by hand ---- */
extern const char *const scn_generators[];
bool scn_generator_open(const struct ynode *item, struct arena *a, struct diag *d, struct kind_generator *g);
void scn_make(const struct kind_generator *g, uint64_t n, struct arena *a, struct test_case *c);

/* ---- drive.c ---- */
/* A unit, a device and memory, whoever's they are. */
struct scn_bus {
    void (*store)(void *arg, uint64_t at, const void *p, size_t n);
    void (*load)(void *arg, uint64_t at, void *p, size_t n);
    void (*write)(void *arg, unsigned offset, unsigned size, uint64_t v);
    uint64_t (*read)(void *arg, unsigned offset, unsigned size);
    void (*access)(void *arg, const struct scn_step *s, struct scn_said *said);
    uint64_t (*count)(void *arg, unsigned statistic);
    /* what there may be in units that have ATS, PRI and stalls, or NULL: *ask leaves an answer's record */
    void (*ask)(void *arg, const struct scn_step *s, struct scn_said *said, uint64_t record[4]);
    void (*page)(void *arg, const struct scn_step *s, struct scn_said *said);
    unsigned (*told)(void *arg, uint64_t (*to)[4], unsigned max); /* how many */
    uint64_t (*signals)(void *arg, unsigned which);               /* since reset */
    void *arg;                                                    /* given to all of them */
};
void scn_drive(const struct scn_bus *bus, const struct scenario *s, struct scn_result *r);
void scn_result_free(struct scn_result *r);
/* A bus's store and load, where memory is a struct mem: nothing happens, and zeroes come, where it has none.
 */
void scn_memory_store(struct mem *m, uint64_t at, const void *p, size_t n);
void scn_memory_load(const struct mem *m, uint64_t at, void *p, size_t n);
void scn_memory_zero(struct mem *m); /* what was written is zeroes again */

/* ---- backends.c ---- */
extern const struct backend *const scn_backends[];
const char *scn_cannot_run(const struct backend *b);
void *scn_open(const struct backend *b, unsigned subject, const char **why);
void scn_run(void *seat, const struct test_case *c, struct outcome *o);
void scn_close(void *seat);

/* ---- judge.c ---- */
/* What of a step differs: struct diff's `size`. */
enum scn_item_kind { SCN_ITEM_VALUE, SCN_ITEM_END, SCN_ITEM_DATA, SCN_ITEM_EVENTS };
void scn_compare(const struct test_case *c, const struct outcome *a, const struct outcome *b,
                 struct findings *f);
void scn_compare_truth(const struct test_case *c, const struct outcome *o, struct findings *f);
bool scn_truth_speaks(const struct test_case *c, const struct diff *d);
uint64_t scn_item_step(const struct test_case *c, const struct diff *d);
static inline const struct scn_result *scn_result(const struct outcome *o)
{
    return o->result;
}

/* ---- condition.c: "events but for CLASS, PNU" ---- */
const void *scn_condition(const char *text, size_t len, struct arena *a, struct value_error *err);
bool scn_condition_holds(const void *condition, const struct test_case *c, const struct outcome *theirs,
                         const struct outcome *right);

/* ---- words.c ---- */
void scn_item_name(const struct test_case *c, const struct diff *d, bool plain, struct buf *out);
void scn_item_value(const struct test_case *c, const struct outcome *o, const struct diff *d,
                    struct buf *out);
void scn_describe(const struct test_case *c, struct buf *out);
void scn_show(const struct test_case *c, struct buf *out);
void scn_ended(const struct test_case *c, const struct outcome *o, struct buf *out);
void scn_results(const struct test_case *c, const struct outcome *o, struct buf *out);
const char *scn_end_name(unsigned end);
const char *scn_stat_name(unsigned i);   /* NULL: there are no more */
const char *scn_signal_name(unsigned i); /* likewise */
void scn_register_name(const struct scn_step *s, struct buf *out);
void scn_event_text(enum scn_step_kind kind, const uint64_t words[4], struct buf *out);

/* ---- write.c ---- */
/* A step as an item of `steps:`. */
void scn_step_text(const struct scn_step *s, struct buf *out);
void scn_write(const struct test_case *c, struct buf *out);
bool scn_simpler(const struct test_case *c, unsigned n, struct arena *a, struct test_case *out);

/* ---- rows.c ---- */
const char *scn_subject_name(unsigned i);
void scn_subject(unsigned i, struct arena *a, struct subject *s);
int scn_row(const struct test_case *c);
unsigned scn_bins(unsigned subject, unsigned row);
void scn_bin_name(unsigned subject, unsigned row, unsigned bin, struct buf *out);
void scn_observe(const struct test_case *c, const struct outcome *o,
                 void (*seen)(void *arg, unsigned row, const struct bin_hits *h), void *arg);

#endif
