/* Packed corpora as bytes: what stands in `cases.zst`, which is an ordinary zstd file.
 *
 * A file is blocks, each a skippable frame with a struct packed_head, which zstd passes over, and a zstd
 * frame. Uncompressed, a block is struct packed_counts, then its pools, one behind the other: records of a
 * fixed size, and what they take of the others, in the order of the cases. Nothing points anywhere. Numbers
 * are little-endian; nothing depends on the host. harness/FORMAT.md tells it to others.
 */
#ifndef HARNESS_PACKED_FORMAT_H
#define HARNESS_PACKED_FORMAT_H

#include "engine/base/base.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "records are read and written as they stand");

enum {
    PACKED_VERSION = 1,
    PACKED_CASES = 1024,        /* of a block, at most */
    PACKED_FULL = 256 << 10,    /* bytes of a block, after which it gets no more cases */
    PACKED_BLOCK_MAX = 4 << 20, /* bytes of a block, uncompressed or not */
    PACKED_SOURCES_MAX = 10000, /* files that the cases are from */
    PACKED_ID_MAX = 128,        /* bytes of what stands behind the prefix of an id */
    PACKED_PREFIX_MAX = 272,    /* bytes of such a prefix: "riscv64/" and the name of a file */
    PACKED_MAGIC = 0x184d2a5c,  /* of a skippable frame (RFC 8878, 3.1.2) */
    PACKED_PLAIN_EXIT = 0x80,   /* packed_record.exit: an exit_kind is added; below, a cause */
};

/* In front of a block. */
struct packed_head {
    uint32_t magic, size; /* PACKED_MAGIC; bytes behind these two */
    uint32_t cases;       /* of the block */
    uint32_t packed;      /* bytes of the zstd frame that follows */
    uint32_t raw;         /* the same uncompressed */
    uint32_t zero;        /* 0 */
    uint64_t sum;         /* XXH64 of the uncompressed bytes */
};
_Static_assert(sizeof(struct packed_head) == 32, "written as it stands");

/* How many of each a block holds; in this order they follow. */
struct packed_counts {
    uint32_t cases;  /* struct packed_record */
    uint32_t regs;   /* 2 bytes each: a register's number, all files of the guest counted through */
    uint32_t values; /* 8 bytes each: as many of them for a register as it has words */
    uint32_t mems;   /* struct packed_mem */
    uint32_t bytes;  /* code and memory */
    uint32_t texts;  /* bytes of texts, each of which ends with a zero */
};
_Static_assert(sizeof(struct packed_counts) == 24, "written as it stands");

enum packed_flag {
    PACKED_GENERATED = 1, /* the id ends with a number; replayable by it */
    PACKED_ROW = 2,       /* the case is about the row of its first instruction */
    PACKED_TRUTH = 4,
    PACKED_EXIT = 8,
    PACKED_VALUE = 16,
    PACKED_REST = 32, /* what the truth does not name is unchanged */
    PACKED_FLAGS = 63,
};

/* A case. */
struct packed_record {
    uint64_t code_at, steps; /* as in struct test_case */
    uint64_t number;         /* at the end of a generated case's id; else 0 */
    uint64_t value;          /* of the truth's exit */
    uint32_t line, col;      /* in the source's file */
    uint32_t why;            /* bytes of the text, without its zero */
    uint32_t bytes;          /* of the pool: the code's, then the memories' */
    uint16_t source;         /* entry of the manifest's list: begins the id, and says which file */
    uint16_t id;             /* bytes of the text behind that, without zero and number */
    uint16_t code;           /* bytes */
    uint16_t in, out;        /* registers before, and of the truth */
    uint16_t values;         /* of both */
    uint8_t mem, mem_out;    /* memories before, and of the truth */
    uint8_t flags;           /* enum packed_flag */
    uint8_t exit;            /* of the truth: a cause's number, or PACKED_PLAIN_EXIT and a kind */
};
_Static_assert(sizeof(struct packed_record) == 64, "written as it stands");

struct packed_mem {
    uint64_t at, size; /* as in struct case_mem */
    uint8_t perm;      /* likewise */
    uint8_t data;      /* 1: its bytes are in the pool; 0: zeroes */
    uint8_t zero[6];   /* 0 */
};
_Static_assert(sizeof(struct packed_mem) == 24, "written as it stands");

#endif
