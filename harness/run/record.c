/* Records as bytes. Numbers are little-endian, seven bits a byte, the last one below 0x80 (LEB128). Texts are
 * told as how much they share with the last record's, and the rest.
 *
 * To add a field: in struct told and where it is put and read, or, for a text, a line in `texts`; and a new
 * version of run records (harness/journal).
 */
#include "harness/run/record.h"

#include <errno.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "lengths and sums are written as they stand");

enum { FLAG_DISSENT = 1, FLAG_GENERATED = 2, FLAG_AFRESH = 4 };

/* How a record begins. */
struct fixed {
    uint8_t verdict, checked, ran; /* as in struct record */
    uint8_t flags;                 /* FLAG_* */
    uint32_t micros;               /* always four bytes: two runs differ in nothing else */
    uint16_t texts;                /* bit per text that is not the last record's; those follow in the end */
} __attribute__((packed));
_Static_assert(RECORD_TEXTS <= 16, "a bit for each");

/* Where each text stands in struct record, and the most that is kept of it. */
static const struct {
    size_t offset; /* of the pointer */
    size_t max;    /* bytes */
} texts[] = {
    {offsetof(struct record, id), 512},     {offsetof(struct record, guest), 32},
    {offsetof(struct record, row), 128},    {offsetof(struct record, ext), 64},
    {offsetof(struct record, file), 1024},  {offsetof(struct record, exit), 128},
    {offsetof(struct record, reason), 512}, {offsetof(struct record, detail), RECORD_MAX_DETAIL},
    {offsetof(struct record, bins), 4096},
};

_Static_assert(ARRAY_LEN(texts) == RECORD_TEXTS, "record_text() counts them");

const char **record_text(struct record *r, unsigned i)
{
    return (const char **)((char *)r + texts[i].offset);
}

/* ---- telling ---- */

static const char cut_mark[] = "…";

/* Bytes of s that are kept: all, or what leaves room for the mark, and never half a UTF-8 character. */
static size_t text_size(const char *s, size_t max)
{
    size_t n = strnlen(s, max + 1);
    if (n <= max) return n;
    n = max - strlen(cut_mark);
    while (n && ((unsigned char)s[n] & 0xc0) == 0x80) n--;
    return n;
}

enum { PUT_MAX = 10 }; /* bytes of a number */

/* Where the next number goes. */
static uint8_t *put(uint8_t *at, uint64_t v)
{
    for (; v >= 0x80; v >>= 7) *at++ = (uint8_t)(v | 0x80);
    *at++ = (uint8_t)v;
    return at;
}

/* Bytes that both begin with; eight at a time, as ids are alike but for their ends. */
static size_t shared(const char *a, const char *b, size_t most)
{
    size_t n = 0;
    for (uint64_t x, y; most - n >= sizeof(x); n += sizeof(x)) {
        memcpy(&x, a + n, sizeof(x));
        memcpy(&y, b + n, sizeof(y));
        if (x != y) return n + (unsigned)__builtin_ctzll(x ^ y) / 8;
    }
    while (n < most && a[n] == b[n]) n++;
    return n;
}

static void put_text(struct buf *last, const char *text, size_t max, struct buf *out)
{
    size_t size = text_size(text, max), same = shared(last->p, text, last->len < size ? last->len : size);
    size_t rest = size - same, marked = text[size] ? strlen(cut_mark) : 0;
    uint8_t sizes[2 * PUT_MAX];
    buf_add(out, sizes, (size_t)(put(put(sizes, same), rest + marked) - sizes));
    buf_add(out, text + same, rest);
    last->len = same;
    buf_add(last, text + same, rest);
    if (!marked) return;
    buf_add(out, cut_mark, marked);
    buf_add(last, cut_mark, marked);
}

/* Asked of every text of every record; most that are the last one's are empty. */
static bool is_last(const struct buf *last, const char *text)
{
    if (!last->len || !*text) return !last->len && !*text;
    return !strcmp(last->p, text);
}

static uint64_t zigzag(int v)
{
    return ((uint64_t)v << 1) ^ (v < 0 ? UINT64_MAX : 0);
}

static void start_afresh(struct record_coder *c)
{
    for (unsigned i = 0; i < RECORD_TEXTS; i++) buf_reset(&c->texts[i]);
    c->position = 0;
    c->line = 0;
    c->afresh = false;
}

void record_tell(struct record_coder *c, const struct record *r, struct buf *out)
{
    const char *text[RECORD_TEXTS];
    unsigned afresh = c->afresh ? FLAG_AFRESH : 0;
    struct fixed f = {
        .verdict = (uint8_t)r->verdict,
        .checked = (uint8_t)r->checked,
        .ran = r->ran,
        .flags = (uint8_t)((r->dissent ? FLAG_DISSENT : 0) | (r->generated ? FLAG_GENERATED : 0) | afresh),
        .micros = r->micros,
    };
    BUG_ON(r->nquirks > JUDGE_MAX_QUIRKS);
    if (afresh) start_afresh(c);
    for (unsigned i = 0; i < RECORD_TEXTS; i++) {
        text[i] = *(const char *const *)((const char *)r + texts[i].offset);
        if (!text[i]) text[i] = "";
        f.texts |= (uint16_t)(!is_last(&c->texts[i], text[i]) << i);
    }
    uint8_t head[sizeof(f) + (3 + JUDGE_MAX_QUIRKS) * PUT_MAX], *end = head + sizeof(f);
    memcpy(head, &f, sizeof(f));
    end = put(end, r->position - c->position);
    end = put(end, zigzag(r->line - c->line));
    end = put(end, r->nquirks);
    for (unsigned i = 0; i < r->nquirks; i++) end = put(end, r->quirks[i]);
    buf_add(out, head, (size_t)(end - head));
    for (unsigned i = 0; i < RECORD_TEXTS; i++)
        if (f.texts >> i & 1) put_text(&c->texts[i], text[i], texts[i].max, out);
    c->position = r->position;
    c->line = r->line;
}

/* ---- hearing ---- */

/* What was told, not yet understood. */
struct told {
    struct fixed f;                     /* its beginning */
    uint64_t position;                  /* how far behind the last record's */
    int line;                           /* likewise */
    unsigned nquirks;                   /* as in struct record */
    unsigned quirks[JUDGE_MAX_QUIRKS];  /* likewise */
    uint64_t same[RECORD_TEXTS];        /* of a text that f.texts has: bytes that are the last one's */
    uint64_t rest[RECORD_TEXTS];        /* bytes that follow them */
    const uint8_t *texts[RECORD_TEXTS]; /* which are these */
};

struct cursor {
    const uint8_t *at, *end; /* what is left */
    bool bad;                /* more was wanted than there is */
};

static uint64_t get(struct cursor *k)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64 && k->at < k->end; shift += 7) {
        uint8_t byte = *k->at++;
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) return v;
    }
    k->bad = true;
    return 0;
}

static int unzigzag(uint64_t v)
{
    return (int)((v >> 1) ^ -(v & 1));
}

/* Takes bytes apart. False: they make no sense, whatever the last record is. */
static bool take_apart(const uint8_t *p, size_t size, struct told *t)
{
    struct cursor k = {p + sizeof(t->f), p + size, false};
    if (size < sizeof(t->f)) return false;
    memcpy(&t->f, p, sizeof(t->f));
    t->f.texts &= (1u << RECORD_TEXTS) - 1;
    t->position = get(&k);
    t->line = unzigzag(get(&k));
    uint64_t nquirks = get(&k);
    if (k.bad || t->f.verdict >= VERDICTS || nquirks > JUDGE_MAX_QUIRKS) return false;
    t->nquirks = (unsigned)nquirks;
    for (unsigned i = 0; i < t->nquirks; i++) t->quirks[i] = (unsigned)get(&k);
    for (unsigned m = t->f.texts; m; m &= m - 1) {
        unsigned i = (unsigned)__builtin_ctz(m);
        t->same[i] = get(&k);
        t->rest[i] = get(&k);
        if (k.bad || t->rest[i] > (uint64_t)(k.end - k.at) || memchr(k.at, 0, t->rest[i])) return false;
        t->texts[i] = k.at;
        k.at += t->rest[i];
    }
    return !k.bad && k.at == k.end;
}

bool record_check(struct record_listener *l, const void *told, size_t size)
{
    struct told t;
    if (!take_apart(told, size, &t)) return false;
    if (t.f.flags & FLAG_AFRESH) *l = (struct record_listener){.began = true};
    if (!l->began) return false;
    for (unsigned m = t.f.texts; m; m &= m - 1) {
        unsigned i = (unsigned)__builtin_ctz(m);
        if (t.same[i] > l->sizes[i]) return false;
        l->sizes[i] = t.same[i] + t.rest[i];
    }
    return true;
}

bool record_hear(struct record_coder *c, const void *told, size_t size, struct record *r)
{
    struct told t;
    if (!take_apart(told, size, &t)) return false;
    if (t.f.flags & FLAG_AFRESH) start_afresh(c);
    *r = (struct record){
        .verdict = (enum verdict)t.f.verdict,
        .checked = t.f.checked,
        .ran = t.f.ran,
        .dissent = t.f.flags & FLAG_DISSENT,
        .generated = t.f.flags & FLAG_GENERATED,
        .micros = t.f.micros,
        .position = c->position += t.position,
        .line = c->line += t.line,
        .nquirks = t.nquirks,
    };
    memcpy(r->quirks, t.quirks, t.nquirks * sizeof(*t.quirks));
    for (unsigned m = t.f.texts; m; m &= m - 1) {
        unsigned i = (unsigned)__builtin_ctz(m);
        struct buf *last = &c->texts[i];
        if (t.same[i] > last->len) return false;
        last->len = t.same[i];
        buf_add(last, t.texts[i], t.rest[i]);
    }
    for (unsigned i = 0; i < RECORD_TEXTS; i++) *record_text(r, i) = c->texts[i].p ? c->texts[i].p : "";
    return true;
}

void record_coder_free(struct record_coder *c)
{
    for (unsigned i = 0; i < RECORD_TEXTS; i++) buf_free(&c->texts[i]);
}

/* ---- frames ---- */

/* Room for the frame's length, filled in by frame_end. */
static size_t frame_begin(struct buf *out, enum frame_kind kind)
{
    size_t at = out->len;
    buf_add(out, (uint32_t[]){0}, sizeof(uint32_t));
    buf_char(out, (char)kind);
    return at;
}

static void frame_end(struct buf *out, size_t at)
{
    uint32_t size = (uint32_t)(out->len - at - sizeof(size));
    memcpy(out->p + at, &size, sizeof(size));
}

void record_encode(struct record_coder *c, const struct record *r, struct buf *out)
{
    struct {
        uint32_t size;   /* filled in by frame_end */
        uint8_t kind;    /* FRAME_RECORD */
        uint32_t number; /* its low half */
    } __attribute__((packed)) head = {.kind = FRAME_RECORD, .number = (uint32_t)r->number};
    size_t at = out->len;
    buf_add(out, &head, sizeof(head));
    record_tell(c, r, out);
    frame_end(out, at);
}

void frame_encode(enum frame_kind kind, const char *text, struct buf *out)
{
    size_t at = frame_begin(out, kind);
    size_t n = text_size(text, RECORD_MAX_DETAIL);
    buf_add(out, text, n);
    if (text[n]) buf_str(out, cut_mark);
    buf_char(out, 0);
    frame_end(out, at);
}

void frame_encode_bytes(enum frame_kind kind, const void *p, size_t n, struct buf *out)
{
    size_t at = frame_begin(out, kind);
    BUG_ON(n >= RECORD_MAX_FRAME);
    buf_add(out, p, n);
    frame_end(out, at);
}

long frame_next(const char *p, size_t n, enum frame_kind *kind, const char **body, size_t *size)
{
    uint32_t length;
    if (n < sizeof(length)) return 0;
    memcpy(&length, p, sizeof(length));
    if (length < 1 || length > RECORD_MAX_FRAME) return -EPROTO;
    if (n < sizeof(length) + length) return 0;
    *kind = (enum frame_kind)p[sizeof(length)];
    if (*kind < FRAME_RECORD || *kind > FRAME_COVER) return -EPROTO;
    *body = p + sizeof(length) + 1;
    *size = length - 1;
    return (long)(sizeof(length) + length);
}
