/* Packing: cases are collected into blocks; a full one is compressed and written. */
#include "harness/packed/packed.h"

#include "harness/corpus/case.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>
#include <zstd.h>

/* Half of what a case has is random numbers, which no level makes smaller: 12 takes twenty times as long for
 * 6 %. */
enum { LEVEL = 3 };

/* Pools of a block, in the order of struct packed_counts. */
enum { POOL_RECORDS, POOL_REGS, POOL_VALUES, POOL_MEMS, POOL_BYTES, POOL_TEXTS, POOLS };
static const unsigned pool_unit[POOLS] = {
    sizeof(struct packed_record), sizeof(uint16_t), sizeof(uint64_t), sizeof(struct packed_mem), 1, 1};

struct packer {
    int dir, file;                 /* the folder; the new file of records in it */
    bool files;                    /* cases are from files */
    bool made;                     /* the folder was made for this */
    char *path;                    /* of the folder */
    const struct guest *guest;     /* of the cases; NULL before the first */
    struct packed_regs regs;       /* of it */
    struct packed_source *sources; /* nsources of them; texts are owned */
    unsigned nsources;             /* so far */
    unsigned source;               /* of the last case */
    uint64_t cases, bytes;         /* so far, those of the open block left out */
    uint32_t open;                 /* cases in the open block */
    struct buf pools[POOLS];       /* of it */
    struct buf raw, packed;        /* the same as it is written */
    XXH64_state_t *sum;            /* of all blocks */
    ZSTD_CCtx *zstd;               /* compresses */
};

static const char new_data[] = PACKED_DATA ".new", new_manifest[] = PACKED_MANIFEST ".new";

/* ---- the folder ---- */

/* What is not ours in a folder stays ours alone: other corpora beside it would be read with it. */
static bool has_other_files(int dir)
{
    static const char *const ours[] = {".", "..", PACKED_DATA, PACKED_MANIFEST, new_data, new_manifest};
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = fd < 0 ? NULL : fdopendir(fd);
    bool other = false;
    if (!list && fd >= 0) close(fd);
    for (struct dirent *e; list && (e = readdir(list));) {
        bool known = false;
        for (size_t i = 0; i < ARRAY_LEN(ours); i++) known |= !strcmp(e->d_name, ours[i]);
        other |= !known;
    }
    if (list) closedir(list);
    return other;
}

static int cannot_write(struct packer *p, int err, struct buf *why)
{
    buf_printf(why, "cannot write %s: %s", p->path, strerror(err));
    return -err;
}

struct packer *packer_open(const char *dir, bool files, struct buf *why)
{
    struct packer *p = xcalloc(1, sizeof(*p));
    *p = (struct packer){.dir = -1, .file = -1, .files = files, .path = xstrdup(dir)};
    p->sum = XXH64_createState();
    p->zstd = ZSTD_createCCtx();
    if (!p->sum || !p->zstd) BUG("no memory for compressing");
    XXH64_reset(p->sum, 0);
    p->made = !mkdir(dir, 0777);
    if (!p->made && errno != EEXIST) {
        (void)cannot_write(p, errno, why);
    } else if ((p->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0) {
        (void)cannot_write(p, errno, why);
    } else if (has_other_files(p->dir)) {
        buf_printf(why, "%s holds other files; a packed corpus wants a folder of its own", dir);
    } else if ((p->file = openat(p->dir, new_data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) < 0) {
        (void)cannot_write(p, errno, why);
    } else {
        return p;
    }
    packer_close(p);
    return NULL;
}

void packer_close(struct packer *p)
{
    if (!p) return;
    if (p->file >= 0) close(p->file);
    if (p->dir >= 0) {
        unlinkat(p->dir, new_data, 0);
        unlinkat(p->dir, new_manifest, 0);
        close(p->dir);
    }
    if (p->made) rmdir(p->path); /* as long as it is empty */
    for (unsigned i = 0; i < POOLS; i++) buf_free(&p->pools[i]);
    for (unsigned i = 0; i < p->nsources; i++) {
        free((char *)(uintptr_t)p->sources[i].prefix);
        free((char *)(uintptr_t)p->sources[i].file);
    }
    free(p->sources);
    packed_regs_free(&p->regs);
    buf_free(&p->raw);
    buf_free(&p->packed);
    XXH64_freeState(p->sum);
    ZSTD_freeCCtx(p->zstd);
    free(p->path);
    free(p);
}

static int put(struct packer *p, int fd, const void *from, size_t n, struct buf *why)
{
    for (const char *at = from; n;) {
        ssize_t k = write(fd, at, n);
        if (k < 0 && errno == EINTR) continue;
        if (k < 0) return cannot_write(p, errno, why);
        at += k;
        n -= (size_t)k;
    }
    return 0;
}

/* ---- blocks ---- */

/* Writes the open block. */
static int flush(struct packer *p, struct buf *why)
{
    uint32_t counts[POOLS];
    if (!p->open) return 0;
    _Static_assert(sizeof(counts) == sizeof(struct packed_counts), "one for each pool");
    for (unsigned i = 0; i < POOLS; i++) counts[i] = (uint32_t)(p->pools[i].len / pool_unit[i]);
    buf_reset(&p->raw);
    buf_add(&p->raw, counts, sizeof(counts));
    for (unsigned i = 0; i < POOLS; i++) {
        if (p->pools[i].len) buf_add(&p->raw, p->pools[i].p, p->pools[i].len);
        buf_reset(&p->pools[i]);
    }
    size_t bound = ZSTD_compressBound(p->raw.len);
    if (p->packed.cap < bound) {
        buf_free(&p->packed);
        p->packed.p = xmalloc(p->packed.cap = bound);
    }
    size_t n = ZSTD_compressCCtx(p->zstd, p->packed.p, bound, p->raw.p, p->raw.len, LEVEL);
    if (ZSTD_isError(n)) BUG("zstd: %s", ZSTD_getErrorName(n));
    struct packed_head head = {
        .magic = PACKED_MAGIC,
        .size = sizeof(head) - 2 * sizeof(uint32_t),
        .cases = p->open,
        .packed = (uint32_t)n,
        .raw = (uint32_t)p->raw.len,
        .sum = XXH64(p->raw.p, p->raw.len, 0),
    };
    XXH64_update(p->sum, p->raw.p, p->raw.len);
    p->cases += p->open;
    p->bytes += sizeof(head) + n;
    p->open = 0;
    int err = put(p, p->file, &head, sizeof(head), why);
    return err ? err : put(p, p->file, p->packed.p, n, why);
}

/* ---- cases ---- */

/* The entry of the list that begins this id; new at its end if it is not there. -1: a sentence in `why`. */
static int source_of(struct packer *p, const struct test_case *c, size_t prefix, struct buf *why)
{
    const char *file = p->files ? c->at.file : NULL;
    for (unsigned i = 0; i < p->nsources; i++) {
        unsigned k = (p->source + i) % p->nsources; /* mostly that of the last case */
        const struct packed_source *s = &p->sources[k];
        if (!strncmp(s->prefix, c->id, prefix) && !s->prefix[prefix] && (!file || !strcmp(file, s->file))) {
            p->source = k;
            return (int)k;
        }
    }
    if (p->nsources == PACKED_SOURCES_MAX) {
        buf_printf(why, "the cases are from more than %d files", PACKED_SOURCES_MAX);
        return -1;
    }
    p->sources = xrealloc(p->sources, (p->nsources + 1) * sizeof(*p->sources));
    char *copy = xstrdup(c->id);
    copy[prefix] = 0;
    p->sources[p->nsources] = (struct packed_source){.prefix = copy, .file = file ? xstrdup(file) : NULL};
    return (int)(p->source = p->nsources++);
}

/* Takes an id apart: "riscv64/m/" is the source's, then a text, and behind a generated one a number. False:
 * it is no id of a corpus. */
static bool take_id(struct packer *p, const struct test_case *c, struct packed_record *r, struct buf *why)
{
    const char *isa = strchr(c->id, '/'), *file = isa ? strchr(isa + 1, '/') : NULL;
    const char *end = file && c->generated ? strrchr(file + 1, '/') : file ? file + strlen(file) : NULL;
    size_t prefix = file ? (size_t)(file + 1 - c->id) : 0, size = end ? (size_t)(end - file - 1) : 0;
    if (!end || prefix > PACKED_PREFIX_MAX || !size || size > PACKED_ID_MAX) {
        buf_printf(why, "the id of %s is too long", c->id);
        return false;
    }
    int source = source_of(p, c, prefix, why);
    r->source = (uint16_t)source;
    r->id = (uint16_t)size;
    if (c->generated) r->number = strtoull(end + 1, NULL, 10);
    buf_add(&p->pools[POOL_TEXTS], file + 1, size);
    buf_char(&p->pools[POOL_TEXTS], 0);
    return source >= 0;
}

static void take_regs(struct packer *p, const struct case_reg *regs, unsigned n, struct packed_record *r)
{
    for (unsigned i = 0; i < n; i++) {
        const struct guest_reg *g = regs[i].ref.reg;
        uint16_t number = (uint16_t)(p->regs.base[g - p->guest->regs] + regs[i].ref.index);
        buf_add(&p->pools[POOL_REGS], &number, sizeof(number));
        buf_add(&p->pools[POOL_VALUES], regs[i].value, g->words * sizeof(uint64_t));
        r->values = (uint16_t)(r->values + g->words);
    }
}

static void take_bytes(struct packer *p, const void *bytes, size_t n, struct packed_record *r)
{
    buf_add(&p->pools[POOL_BYTES], bytes, n);
    r->bytes += (uint32_t)n;
}

static void take_mem(struct packer *p, const struct case_mem *mem, unsigned n, struct packed_record *r)
{
    for (unsigned i = 0; i < n; i++) {
        struct packed_mem m = {mem[i].at, mem[i].size, (uint8_t)mem[i].perm, mem[i].data != NULL, {0}};
        buf_add(&p->pools[POOL_MEMS], &m, sizeof(m));
        if (m.data) take_bytes(p, mem[i].data, mem[i].size, r);
    }
}

static uint8_t exit_number(const struct test_case *c)
{
    const struct cpu_exit *e = &c->truth.exit;
    bool plain = e->kind == EXIT_BUDGET || e->kind == EXIT_HALT || e->kind == EXIT_SHUTDOWN;
    return (uint8_t)(plain ? PACKED_PLAIN_EXIT + (unsigned)e->kind : e->cause);
}

static struct packed_record record_of_case(const struct test_case *c)
{
    const struct case_truth *t = &c->truth;
    return (struct packed_record){
        .code_at = c->code_at,
        .steps = c->steps,
        .value = t->has_value ? t->exit.value : 0,
        .line = (uint32_t)c->at.line,
        .col = (uint32_t)c->at.col,
        .why = (uint32_t)strlen(c->why),
        .code = (uint16_t)c->code_size,
        .in = (uint16_t)c->nin,
        .out = (uint16_t)t->nregs,
        .mem = (uint8_t)c->nmem,
        .mem_out = (uint8_t)t->nmem,
        .flags = (uint8_t)((c->generated ? PACKED_GENERATED : 0) | (c->row ? PACKED_ROW : 0) |
                           (c->has_truth ? PACKED_TRUTH : 0) | (t->has_exit ? PACKED_EXIT : 0) |
                           (t->has_value ? PACKED_VALUE : 0) | (t->rest_unchanged ? PACKED_REST : 0)),
        .exit = t->has_exit ? exit_number(c) : 0,
    };
}

int packer_add(struct packer *p, const struct test_case *c, struct buf *why)
{
    const char *wrong = c->kind ? "packed corpora hold instructions only" : case_check(c);
    if (wrong) {
        buf_printf(why, "%s cannot be packed: %s", c->id, wrong);
        return -EINVAL;
    }
    if (!p->guest) packed_regs_make(p->guest = c->guest, &p->regs);
    if (c->guest != p->guest) {
        buf_printf(why, "a packed corpus is of one ISA; %s is not of %s", c->id, p->guest->name);
        return -EINVAL;
    }
    struct packed_record r = record_of_case(c);
    if (!take_id(p, c, &r, why)) return -EINVAL;
    buf_add(&p->pools[POOL_TEXTS], c->why, r.why + 1);
    take_regs(p, c->in, c->nin, &r);
    take_regs(p, c->truth.regs, c->truth.nregs, &r);
    take_bytes(p, c->code, c->code_size, &r);
    take_mem(p, c->mem, c->nmem, &r);
    take_mem(p, c->truth.mem, c->truth.nmem, &r);
    buf_add(&p->pools[POOL_RECORDS], &r, sizeof(r));
    size_t size = 0;
    for (unsigned i = 0; i < POOLS; i++) size += p->pools[i].len;
    return ++p->open < PACKED_CASES && size < PACKED_FULL ? 0 : flush(p, why);
}

/* The manifest, which must be one that will be read: names of files may be anything. */
static int check_manifest(struct packer *p, const struct buf *text, struct buf *why)
{
    struct packed_manifest again;
    struct arena a = {0};
    struct diag d = {0};
    bool good = packed_manifest_text(PACKED_MANIFEST, text->p, text->len, &again, &a, &d);
    if (!good) buf_printf(why, "cannot write %s: a name in its manifest is no text for YAML", p->path);
    arena_free(&a);
    diag_free(&d);
    return good ? 0 : -EINVAL;
}

/* Closes the new file, which may fail, too. */
static int put_whole(struct packer *p, int fd, const struct buf *text, struct buf *why)
{
    int err = fd < 0 ? cannot_write(p, errno, why) : text ? put(p, fd, text->p, text->len, why) : 0;
    if (fd >= 0 && close(fd) && !err) err = cannot_write(p, errno, why);
    return err;
}

static int write_manifest(struct packer *p, const struct packed_manifest *m, struct buf *why)
{
    struct buf text = {0};
    char at[PATH_MAX];
    snprintf(at, sizeof(at), "%s/%s", p->path, PACKED_MANIFEST);
    schema_line(at, "packed", &text);
    packed_manifest_write(m, &text);
    int err = check_manifest(p, &text, why);
    if (!err)
        err = put_whole(p, openat(p->dir, new_manifest, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666),
                        &text, why);
    buf_free(&text);
    return err;
}

int packer_finish(struct packer *p, struct packed_manifest *m, struct buf *why)
{
    char zstd[40];
    BUG_ON(!p->guest);
    int err = flush(p, why);
    if (!err) err = put_whole(p, p->file, NULL, why);
    p->file = -1;
    if (err) return err;
    snprintf(zstd, sizeof(zstd), "%s, level %d", ZSTD_versionString(), LEVEL);
    m->guest = p->guest;
    m->cases = p->cases;
    m->records = XXH64_digest(p->sum);
    m->bytes = p->bytes;
    struct packed_manifest whole = *m;
    whole.data = PACKED_DATA;
    whole.zstd = zstd;
    whole.sources = p->sources;
    whole.nsources = p->nsources;
    err = write_manifest(p, &whole, why);
    if (!err && (renameat(p->dir, new_data, p->dir, PACKED_DATA) ||
                 renameat(p->dir, new_manifest, p->dir, PACKED_MANIFEST)))
        err = cannot_write(p, errno, why);
    return err;
}
