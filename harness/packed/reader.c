/* Reading a packed corpus: a block at a time, from its head to its cases. What is passed over block by block
 * is not even read.
 */
#include "harness/packed/packed.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>
#include <zstd.h>

void packed_complain(struct packed *p, const char *fmt, ...)
{
    struct buf why = {0};
    va_list ap;
    va_start(ap, fmt);
    buf_vprintf(&why, fmt, ap);
    va_end(ap);
    diag_error(p->diag, (struct pos){.file = p->m.data}, 1, "%s", buf_cstr(&why));
    buf_free(&why);
}

/* ---- the file ---- */

/* Bytes at p->at. False: reported. */
static bool get(struct packed *p, void *to, size_t n)
{
    for (size_t done = 0; done < n;) {
        ssize_t k = pread(p->fd, (char *)to + done, n - done, (off_t)(p->at + done));
        if (k < 0 && errno == EINTR) continue;
        if (k < 0) packed_complain(p, "cannot read: %s", strerror(errno));
        if (k == 0)
            packed_complain(p, "it ends at byte %" PRIu64 ", within a block of records", p->at + done);
        if (k <= 0) return false;
        done += (size_t)k;
    }
    p->at += n;
    return true;
}

static bool open_data(struct packed *p)
{
    struct stat st;
    p->fd = open(p->m.data, O_RDONLY | O_CLOEXEC);
    if (p->fd < 0 || fstat(p->fd, &st)) {
        packed_complain(p, "cannot read the records: %s", strerror(errno));
    } else if (!S_ISREG(st.st_mode)) {
        packed_complain(p, "cannot read the records: it is no file");
    } else if ((uint64_t)st.st_size != p->m.bytes) {
        packed_complain(p, "it has %lld bytes, and its manifest says %" PRIu64 ": %s", (long long)st.st_size,
                        p->m.bytes, (uint64_t)st.st_size < p->m.bytes ? "it was cut" : "it is another file");
    } else {
        return true;
    }
    return false;
}

struct packed *packed_open(const char *path, struct diag *d)
{
    struct packed *p = xcalloc(1, sizeof(*p));
    *p = (struct packed){.diag = d, .fd = -1, .whole = true};
    if (!packed_manifest_load(path, &p->m, &p->arena, d) || !open_data(p)) {
        packed_close(p);
        return NULL;
    }
    packed_regs_make(p->m.guest, &p->regs);
    p->seen = xcalloc(p->regs.n / 64 + 1, sizeof(*p->seen));
    p->zstd = ZSTD_createDCtx();
    p->sum = XXH64_createState();
    if (!p->zstd || !p->sum) BUG("no memory for uncompressing");
    XXH64_reset(p->sum, 0);
    return p;
}

void packed_close(struct packed *p)
{
    if (!p) return;
    if (p->fd >= 0) close(p->fd);
    ZSTD_freeDCtx(p->zstd);
    XXH64_freeState(p->sum);
    packed_regs_free(&p->regs);
    free(p->seen);
    free(p->packed);
    free(p->raw);
    arena_free(&p->arena);
    free(p);
}

/* ---- blocks ---- */

/* The head of the next block: 1, 0 behind the last one, -1 reported. */
static int next_head(struct packed *p, struct packed_head *h)
{
    uint64_t at = p->at;
    if (at == p->m.bytes) return 0;
    if (!get(p, h, sizeof(*h))) return -1;
    if (h->magic == PACKED_MAGIC && h->size == sizeof(*h) - 2 * sizeof(uint32_t) && !h->zero && h->cases &&
        h->cases <= PACKED_CASES && h->raw <= PACKED_BLOCK_MAX && h->packed <= PACKED_BLOCK_MAX &&
        h->packed <= p->m.bytes - p->at)
        return 1;
    packed_complain(p, "damaged at byte %" PRIu64 ": no block of records begins there", at);
    return -1;
}

static void grow(uint8_t **p, size_t *cap, size_t n)
{
    if (n <= *cap) return;
    free(*p);
    *p = xmalloc(*cap = n);
}

/* Where each pool of an uncompressed block begins. False: they do not fill it. */
static bool lay_out(struct packed_cursor *c, const uint8_t *raw, size_t size, uint32_t cases)
{
    struct packed_counts n;
    if (size < sizeof(n)) return false;
    memcpy(&n, raw, sizeof(n));
    uint64_t sum = sizeof(n) + (uint64_t)n.cases * sizeof(struct packed_record) + n.regs * 2ull +
                   n.values * 8ull + n.mems * (uint64_t)sizeof(struct packed_mem) + n.bytes + n.texts;
    if (n.cases != cases || sum != size) return false;
    c->record = raw + sizeof(n);
    c->reg = c->record + n.cases * sizeof(struct packed_record);
    c->value = c->reg + n.regs * sizeof(uint16_t);
    c->mem = c->value + n.values * sizeof(uint64_t);
    c->byte = c->mem + n.mems * sizeof(struct packed_mem);
    c->text = c->byte + n.bytes;
    c->text_end = c->text + n.texts;
    c->records = n.cases;
    c->regs = n.regs;
    c->values = n.values;
    c->mems = n.mems;
    c->bytes = n.bytes;
    return true;
}

static bool read_block(struct packed *p, const struct packed_head *h)
{
    uint64_t at = p->at;
    grow(&p->packed, &p->packed_cap, h->packed);
    grow(&p->raw, &p->raw_cap, h->raw);
    if (!get(p, p->packed, h->packed)) return false;
    size_t n = ZSTD_decompressDCtx(p->zstd, p->raw, h->raw, p->packed, h->packed);
    if (ZSTD_isError(n) || n != h->raw) {
        packed_complain(p, "damaged at byte %" PRIu64 ": records from %" PRIu64 " on do not uncompress: %s",
                        at, p->number, ZSTD_isError(n) ? ZSTD_getErrorName(n) : "too few bytes");
        return false;
    }
    if (XXH64(p->raw, n, 0) != h->sum) {
        packed_complain(p, "damaged at byte %" PRIu64 ": records from %" PRIu64 " on have another hash", at,
                        p->number);
        return false;
    }
    if (!lay_out(&p->next, p->raw, n, h->cases)) {
        packed_complain(p, "damaged at byte %" PRIu64 ": records from %" PRIu64 " on do not fill their block",
                        at, p->number);
        return false;
    }
    if (p->whole) XXH64_update(p->sum, p->raw, n);
    return true;
}

/* Nothing more comes: it must be what the manifest says. */
static int at_end(struct packed *p)
{
    uint64_t sum = XXH64_digest(p->sum);
    if (p->number != p->m.cases) {
        packed_complain(p, "it holds %" PRIu64 " cases, and its manifest says %" PRIu64, p->number,
                        p->m.cases);
        return -1;
    }
    if (p->whole && sum != p->m.records) {
        packed_complain(p, "its records' hash is 0x%016" PRIx64 ", and its manifest says 0x%016" PRIx64, sum,
                        p->m.records);
        return -1;
    }
    return 0;
}

/* ---- cases ---- */

static bool bad_record(struct packed *p)
{
    packed_complain(p, "record %" PRIu64 " makes no sense", p->number);
    return false;
}

/* Sets the parts of the next case apart, by what its record says and without looking at them. */
static bool take_record(struct packed *p)
{
    struct packed_cursor *n = &p->next;
    struct packed_record *r = &p->rec;
    memcpy(r, n->record, sizeof(*r));
    uint32_t regs = (uint32_t)r->in + r->out, mems = (uint32_t)r->mem + r->mem_out;
    uint64_t texts = (uint64_t)r->id + 1 + r->why + 1;
    if (regs > n->regs || r->values > n->values || mems > n->mems || r->bytes > n->bytes ||
        r->code > r->bytes || texts > (uint64_t)(n->text_end - n->text) || !r->id || r->id > PACKED_ID_MAX ||
        r->source >= p->m.nsources || r->flags & ~PACKED_FLAGS ||
        (n->records == 1 && (regs != n->regs || r->values != n->values || mems != n->mems ||
                             r->bytes != n->bytes || texts != (uint64_t)(n->text_end - n->text))))
        return bad_record(p);
    p->c = *n;
    n->record += sizeof(*r);
    n->reg += regs * sizeof(uint16_t);
    n->value += r->values * sizeof(uint64_t);
    n->mem += mems * sizeof(struct packed_mem);
    n->byte += r->bytes;
    n->text += texts;
    n->records--;
    n->regs -= regs;
    n->values -= r->values;
    n->mems -= mems;
    n->bytes -= r->bytes;
    return true;
}

/* What an id may have behind its prefix: no slash, no blank, nothing that a terminal would obey. */
static bool good_id(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (text[i] <= ' ' || text[i] == '/' || text[i] == 127) return false;
    return !text[n];
}

/* The id of the case at hand. Those of a row differ in their numbers only. */
static bool make_id(struct packed *p)
{
    const struct packed_record *r = &p->rec;
    const char *text = (const char *)p->c.text;
    bool generated = r->flags & PACKED_GENERATED;
    if (p->id_source != r->source + 1u) {
        p->prefix_size = strlen(p->m.sources[r->source].prefix);
        memcpy(p->id, p->m.sources[r->source].prefix, p->prefix_size);
        p->id_source = r->source + 1u;
        p->stem_size = 0;
    }
    char *at = p->id + p->prefix_size + r->id;
    if (!generated || p->stem_size != r->id || memcmp(p->stem, text, r->id) || text[r->id]) {
        if (!good_id(text, r->id)) return bad_record(p);
        memcpy(p->id + p->prefix_size, text, r->id);
        memcpy(p->stem, text, r->id);
        p->stem_size = generated ? r->id : 0;
        at[0] = generated ? '/' : 0;
        p->stem_hash = hash_bytes(p->id, p->prefix_size + r->id + generated, 0);
    }
    p->hash = p->stem_hash;
    if (!generated) return r->number ? bad_record(p) : true;
    char digits[24], *d = digits + sizeof(digits);
    uint64_t n = r->number;
    *--d = 0;
    do *--d = (char)('0' + n % 10);
    while (n /= 10);
    memcpy(at + 1, d, (size_t)(digits + sizeof(digits) - d));
    p->hash += r->number;
    return true;
}

int packed_next(struct packed *p)
{
    while (!p->next.records) {
        struct packed_head h;
        int got = next_head(p, &h);
        if (got <= 0) return got < 0 ? -1 : at_end(p);
        if (!read_block(p, &h)) return -1;
    }
    if (!take_record(p) || !make_id(p)) return -1;
    p->number++;
    return 1;
}

/* Passes over whole blocks, as many as *left cases have, unread; the one in which they end is read. 1: it is
 * at hand, 0: there are no more, or none need be passed, -1: reported. */
static int pass_blocks(struct packed *p, uint64_t *left)
{
    struct packed_head h;
    while (*left) {
        int got = next_head(p, &h);
        if (got <= 0) return got < 0 ? -1 : at_end(p);
        if (h.cases > *left) return read_block(p, &h) ? 1 : -1;
        *left -= h.cases;
        p->number += h.cases;
        p->at += h.packed;
        p->whole = false;
    }
    return 0;
}

/* The same within the block at hand. False: reported. */
static bool pass_records(struct packed *p, uint64_t *left)
{
    if (*left >= p->next.records) {
        *left -= p->next.records;
        p->number += p->next.records;
        p->next.records = 0;
        return true;
    }
    for (; *left; --*left, p->number++)
        if (!take_record(p)) return false;
    return true;
}

int64_t packed_skip(struct packed *p, uint64_t n)
{
    uint64_t left = n;
    if (!pass_records(p, &left)) return -1;
    int got = pass_blocks(p, &left);
    if (got < 0 || (got > 0 && !pass_records(p, &left))) return -1;
    return (int64_t)(n - left);
}
