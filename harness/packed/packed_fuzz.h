/* For fuzzing packed corpora: a folder with a good one, of which one file is replaced each time. */
#ifndef HARNESS_PACKED_PACKED_FUZZ_H
#define HARNESS_PACKED_PACKED_FUZZ_H

#include "harness/packed/packed_forge.h"

#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The good corpus. */
struct fuzz {
    const char *dir;          /* of it */
    char path[60];            /* of its manifest */
    struct packed_manifest m; /* what that says */
    struct arena arena;       /* holds the texts */
    struct buf file, raw;     /* its records, and those of their only block */
};

/* All kinds of what a record can hold. */
static const char fuzz_corpus[] =
    "lockstep: 1\nisa: riscv64\ncases:\n"
    "- id: one\n  code: sw a0, 0(a1)\n  in: {a0: 7, a1: 0x40000}\n  why: text\n"
    "  mem: [{at: 0x40000, size: 0x1000, perm: rwx}, {at: 0x20010, u32: 1}]\n"
    "  out: {mem: [{at: 0x40000, u32: 7}]}\n"
    "- id: two\n  code: lw a0, 0(a1)\n  in: {a1: 0x22000}\n"
    "  out: {exit: {cause: load-access, value: 0x22000}}\n"
    "- id: three\n  code: beqz a0, .\n  steps: 9\n  out: {pc: 0x10000, rest: any}\n"
    "generate:\n- {rows: [rv.add, rv.ld, rv.fadd.d], count: 4}\n";

static inline void fuzz_write(const struct fuzz *f, const char *name, const void *bytes, size_t n)
{
    char path[80];
    snprintf(path, sizeof(path), "%s/%s", f->dir, name);
    FILE *to = fopen(path, "w");
    if (!to || fwrite(bytes, 1, n, to) != n || fclose(to)) BUG("cannot write %s", path);
}

static inline struct buf fuzz_read(const struct fuzz *f, const char *name)
{
    char path[80], bytes[1 << 16];
    snprintf(path, sizeof(path), "%s/%s", f->dir, name);
    struct buf b = {0};
    FILE *from = fopen(path, "r");
    if (!from) BUG("cannot read %s", path);
    buf_add(&b, bytes, fread(bytes, 1, sizeof(bytes), from));
    fclose(from);
    return b;
}

static char fuzz_dir[] = "/tmp/lockstep-fuzz-XXXXXX";

static inline void fuzz_end(void)
{
    char command[64];
    snprintf(command, sizeof(command), "rm -rf %s", fuzz_dir);
    if (system(command)) perror(fuzz_dir);
}

static inline struct fuzz *fuzz_setup(void)
{
    struct case_filter all = {0};
    struct diag d = {.out = stderr};
    struct buf why = {0};
    const struct test_case *c;
    struct fuzz *f = xcalloc(1, sizeof(*f));
    *f = (struct fuzz){.dir = fuzz_dir, .m = {.from = "fuzz"}};
    if (!mkdtemp(fuzz_dir) || atexit(fuzz_end)) BUG("no folder");
    struct case_stream *s = case_stream_open_text("f.yaml", fuzz_corpus, sizeof(fuzz_corpus) - 1, &all, &d);
    struct packer *p = packer_open(f->dir, true, &why);
    BUG_ON(!s || !p);
    while (case_stream_next(s, &c) == 1)
        if (packer_add(p, c, &why)) BUG("%s", why.p);
    if (packer_finish(p, &f->m, &why)) BUG("%s", why.p);
    packer_close(p);
    case_stream_close(s);
    diag_free(&d);
    buf_free(&why);
    snprintf(f->path, sizeof(f->path), "%s/" PACKED_MANIFEST, f->dir);
    if (!packed_manifest_load(f->path, &f->m, &f->arena, &d)) BUG("%s", d.text.p);
    f->file = fuzz_read(f, PACKED_DATA);
    forge_open(f->file.p, f->file.len, &f->raw);
    return f;
}

/* Every way to read the folder: nothing but errors, at most so many, or cases that can be run come out of it.
 */
static inline void fuzz_try(const struct fuzz *f, unsigned most)
{
    struct buf text = {0};
    const char *path = f->dir, *no;
    struct runner *r = runner_open(backend_find("interp"), guest_find("riscv64"), &no);
    BUG_ON(!r);
    for (unsigned check = 0; check < 2; check++) {
        struct case_filter filter = {.check = check};
        struct diag d = {0};
        const struct test_case *c;
        struct outcome o;
        struct case_stream *s = case_stream_open(&path, 1, &filter, &d);
        if (s && check) case_stream_skip(s, 5);
        for (int i = 0; s && i < 300 && case_stream_next(s, &c) == 1; i++) {
            buf_reset(&text);
            case_write(c, "id", &text);
            if (c->steps < 1000) runner_run(r, c, &o);
        }
        if (s) case_stream_skip(s, UINT64_MAX);
        if (d.errors > most) BUG("%u errors: %s", d.errors, d.text.p);
        case_stream_close(s);
        diag_free(&d);
    }
    runner_close(r);
    buf_free(&text);
}

#endif
