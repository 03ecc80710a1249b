/* For the tests of run records: a small corpus that goes wrong, and what its runs leave, times aside. */
#ifndef HARNESS_RUN_RESUME_TEST_H
#define HARNESS_RUN_RESUME_TEST_H

#include "harness/cover/cover_test.h"
#include "harness/journal/journal.h"

#include <sys/stat.h>

enum { N = 120 };

/* Cases i = 0.. with the fault that faults[i] says. */
static UNUSED_OK void write_cases(const char *name, const enum fault *faults)
{
    struct buf b = {0};
    buf_str(&b, "lockstep: 1\nisa: riscv64\ncases:\n");
    for (unsigned i = 0; i < N; i++)
        buf_printf(&b, "  - {id: c%u, code: 'addi a0, a0, 1', in: {a0: %u, a7: %u}}\n", i, i,
                   faults ? faults[i] : 0);
    buf_str(&b, "generate:\n  - {rows: rv.x*, count: 7}\n");
    write_file(name, b.p);
    buf_free(&b);
}

#define RUN     "run|c.yaml|-b|faulty,interp|-O|reference|--quirks|none"
#define REPORTS "|-r|junit=r.xml|-r|jsonl=r.jsonl|-r|md=r.md"

static UNUSED_OK const enum fault usual[N] = {
    [7] = FAULT_WRONG, [8] = FAULT_ABORT, [20] = FAULT_UNSUPPORTED, [99] = FAULT_KILL};

/* Every entry of a record, with no times. */
static UNUSED_OK struct buf entries(const char *name)
{
    struct buf out = {0}, why = {0};
    struct journal_coder c = {0};
    struct record r;
    const uint8_t *body;
    size_t size;
    enum journal_got got;
    struct journal *j = journal_open(name, &why);
    assert_non_null(j);
    journal_begin(&c, j->header, &out);
    while ((got = journal_next(j, &r, &body, &size, &why)) == JOURNAL_GOT_RECORD) {
        r.micros = 0;
        r.told = NULL;
        journal_add(&c, &r, &out);
    }
    assert_int_equal(got, JOURNAL_OVER);
    assert_true(j->complete);
    assert_string_equal(buf_cstr(&why), "");
    journal_close(j);
    journal_coder_free(&c);
    return out;
}

/* All that a run left. */
struct left {
    char *xml, *jsonl, *md; /* its reports */
    struct buf record;      /* its record */
};

static UNUSED_OK struct left look(const char *record)
{
    return (struct left){timeless("r.xml"), timeless("r.jsonl"), timeless("r.md"), entries(record)};
}

static UNUSED_OK void left_free(struct left *l)
{
    free(l->xml);
    free(l->jsonl);
    free(l->md);
    buf_free(&l->record);
}

static UNUSED_OK void assert_same(const struct left *a, const struct left *b)
{
    assert_string_equal(a->xml, b->xml);
    assert_string_equal(a->jsonl, b->jsonl);
    assert_string_equal(a->md, b->md);
    assert_int_equal(a->record.len, b->record.len);
    assert_memory_equal(a->record.p, b->record.p, a->record.len);
}

static UNUSED_OK struct left whole_run(struct place *p)
{
    lockstep(p, RUN REPORTS "|-r|record=whole.rec");
    assert_true(p->status == STATUS_FAIL || p->status == STATUS_PASS);
    return look("whole.rec");
}

static UNUSED_OK void copy_part(const char *from, const char *to, long size)
{
    char command[128];
    snprintf(command, sizeof(command), "head -c %ld %s > %s", size, from, to);
    assert_int_equal(system(command), 0);
}

static UNUSED_OK uint64_t size_of(const char *name)
{
    struct stat st;
    return stat(name, &st) ? 0 : (uint64_t)st.st_size;
}

static UNUSED_OK void edit(const char *name, long at, char byte)
{
    FILE *f = fopen(name, "r+");
    assert_non_null(f);
    fseek(f, at, at < 0 ? SEEK_END : SEEK_SET);
    fputc(byte, f);
    fclose(f);
}

#endif
