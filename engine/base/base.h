/* What every folder may use: attributes, bits, a deterministic random source, growing buffers, an arena.
 *
 * Nothing here knows about guests. Host errors are 0 or -errno and must be checked; a bug is a BUG().
 */
#ifndef ENGINE_BASE_H
#define ENGINE_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define ARRAY_LEN(a)                  (sizeof(a) / sizeof((a)[0]))
#define MUST_CHECK                    __attribute__((warn_unused_result))
#define MAYBE_UNUSED                  __attribute__((unused))
#define PRINTF(fmt, arg)              __attribute__((format(printf, fmt, arg)))
#define ALWAYS_INLINE                 inline __attribute__((always_inline))
#define NOINLINE                      __attribute__((noinline))
#define COLD                          __attribute__((cold, noinline))
#define likely(x)                     __builtin_expect(!!(x), 1)
#define unlikely(x)                   __builtin_expect(!!(x), 0)
#define container_of(p, type, member) ((type *)((char *)(p)-offsetof(type, member)))

/* A broken invariant of our own: says what it knows and aborts. Never for what a guest or a file can cause.
 */
#define BUG(...)     base_bug(__FILE__, __LINE__, __VA_ARGS__)
#define BUG_ON(cond) ((void)(unlikely(cond) ? (BUG("%s", #cond), 0) : 0))
void base_bug(const char *file, int line, const char *fmt, ...) PRINTF(3, 4) __attribute__((noreturn));

/* ---- bits.c: all inline ---- */

/* The low `width` bits set; width 0..64. */
static ALWAYS_INLINE uint64_t bits_mask(unsigned width)
{
    return width >= 64 ? ~0ull : (1ull << width) - 1;
}

/* Bits hi..lo of v, moved down. */
static ALWAYS_INLINE uint64_t bits_get(uint64_t v, unsigned hi, unsigned lo)
{
    return (v >> lo) & bits_mask(hi - lo + 1);
}

/* v's low `width` bits as a signed number; width 1..64. */
static ALWAYS_INLINE int64_t bits_sext(uint64_t v, unsigned width)
{
    return (int64_t)(v << (64 - width)) >> (64 - width);
}

/* ---- rng.c ---- */

/* A small, fast, seedable generator (splitmix64): the same numbers for the same seed on every machine. */
struct rng {
    uint64_t state; /* any value is a good seed */
};

static ALWAYS_INLINE uint64_t rng_next(struct rng *r)
{
    /* splitmix64 (Steele, Lea, Flood 2014): every seed starts a full-period sequence. */
    uint64_t z = (r->state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint64_t rng_below(struct rng *r, uint64_t n);               /* 0..n-1; n > 0 */
uint64_t hash_bytes(const void *p, size_t n, uint64_t seed); /* stable across machines and versions */
uint64_t hash_str(const char *s, uint64_t seed);

/* ---- buf.c ---- */

/* A growing, always NUL-terminated string; {0} is empty. On no memory it aborts with a sentence. */
struct buf {
    char *p;    /* NULL while empty */
    size_t len; /* without the NUL */
    size_t cap; /* bytes allocated */
};

void buf_add(struct buf *b, const void *p, size_t n);
void buf_str(struct buf *b, const char *s);
void buf_char(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF(2, 3);
void buf_vprintf(struct buf *b, const char *fmt, va_list ap);
void buf_reset(struct buf *b); /* length 0, memory kept */
void buf_free(struct buf *b);
const char *buf_cstr(const struct buf *b); /* never NULL */

/* ---- arena.c ---- */

/* Memory that is freed all at once. Pointers stay valid until arena_reset or arena_free. */
struct arena {
    struct arena_chunk *head; /* newest chunk */
    size_t total;             /* bytes handed out since the last reset */
};

void *arena_alloc(struct arena *a, size_t n); /* zeroed, 16-byte aligned */
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_strdup(struct arena *a, const char *s);
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF(2, 3);
void arena_reset(struct arena *a); /* keeps one chunk for reuse */
void arena_free(struct arena *a);

/* ---- suggest.c ---- */

/* Looks for the known name nearest to a wrong one. Neither text is copied. */
struct suggest {
    const char *word;  /* what was written */
    size_t len;        /* its length */
    const char *best;  /* nearest so far, not NUL-terminated; NULL: none near enough */
    size_t best_len;   /* its length */
    unsigned distance; /* a name must be nearer than this */
};

struct suggest suggest_start(const char *word, size_t len);
void suggest_offer(struct suggest *s, const char *name, size_t len);
/* The entry of names[0..n) nearest to `word`, or NULL when none is near enough; NULL entries are skipped. */
const char *base_suggest(const char *word, const char *const *names, size_t n);

/* ---- alloc.c: checked allocation for host-side code; on no memory a sentence on stderr and exit ---- */

enum { BASE_NO_MEMORY = 3 }; /* exit status */

void *xmalloc(size_t n);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n);
char *xstrdup(const char *s);

/* ---- file.c ---- */
/* Puts a file that was written aside in the place of `path` in one step. 0 or -errno: -ENOTSUP: what stands
 * there is no regular file. */
int file_replace(const char *fresh, const char *path);
/* Makes `path` a file of these bytes in one step: whoever reads it sees all of the old ones, or of these. Of
 * two who do it at once, one stands. 0 or -errno, and then nothing has changed. */
int file_save(const char *path, const void *bytes, size_t n);

#endif
