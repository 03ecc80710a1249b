/* For tests and fuzzing: files of records that no packer wrote, hashes and sizes being right. */
#ifndef HARNESS_PACKED_PACKED_FORGE_H
#define HARNESS_PACKED_PACKED_FORGE_H

#include "harness/packed/packed.h"

#include <string.h>
#include <xxhash.h>
#include <zstd.h>

/* Appends an uncompressed block to a file of records. */
static inline void forge_block(const void *raw, size_t n, uint32_t cases, struct buf *file)
{
    struct buf z = {0};
    buf_add(&z, "", 1);
    size_t bound = ZSTD_compressBound(n);
    struct packed_head h = {.magic = PACKED_MAGIC, .size = 24, .cases = cases, .raw = (uint32_t)n};
    z.p = xrealloc(z.p, z.cap = bound);
    size_t size = ZSTD_compress(z.p, bound, raw, n, 1);
    if (ZSTD_isError(size)) BUG("zstd: %s", ZSTD_getErrorName(size));
    h.packed = (uint32_t)size;
    h.sum = XXH64(raw, n, 0);
    buf_add(file, &h, sizeof(h));
    buf_add(file, z.p, size);
    buf_free(&z);
}

/* The first block of a file of records, uncompressed, into `raw`; how many cases it says it has. */
static inline uint32_t forge_open(const char *file, size_t n, struct buf *raw)
{
    struct packed_head h;
    BUG_ON(n < sizeof(h));
    memcpy(&h, file, sizeof(h));
    BUG_ON(h.magic != PACKED_MAGIC || n < sizeof(h) + h.packed);
    char *p = xmalloc(h.raw + 1);
    BUG_ON(ZSTD_decompress(p, h.raw, file + sizeof(h), h.packed) != h.raw);
    *raw = (struct buf){.p = p, .len = h.raw, .cap = h.raw + 1};
    return h.cases;
}

/* A manifest for a file of one such block, from one of another file. */
static inline void forge_manifest(struct packed_manifest *m, const struct buf *file, const struct buf *raw,
                                  struct buf *text)
{
    m->bytes = file->len;
    m->records = XXH64(raw->p, raw->len, 0);
    m->data = PACKED_DATA;
    packed_manifest_write(m, text);
}

#endif
