/* Records as frames on a pipe. To add a text field: one line in `texts`; a number: one line in `struct
 * fixed`. */
#include "harness/run/record.h"

#include <errno.h>
#include <string.h>

/* The part of a record that has a fixed size. Texts follow, each with its NUL, in the order of `texts`. */
struct fixed {
    uint64_t number, position; /* the same as in struct record, to the end */
    uint32_t checked, micros;
    int32_t line;
    uint32_t quirks[JUDGE_MAX_QUIRKS];
    uint8_t verdict, dissent, ran, nquirks, generated;
    uint16_t sizes[RECORD_TEXTS]; /* of the texts, each with its NUL */
};

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

static const char cut_mark[] = "…";

/* At most `max` bytes of s, never half a UTF-8 character, and marked when cut. */
static void text_add(struct buf *out, const char *s, size_t max)
{
    size_t n = *s ? strlen(s) : 0; /* most are empty */
    if (n <= max) {
        buf_add(out, s, n + 1);
        return;
    }
    n = max - strlen(cut_mark);
    while (n && ((unsigned char)s[n] & 0xc0) == 0x80) n--;
    buf_add(out, s, n);
    buf_add(out, cut_mark, sizeof(cut_mark));
}

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

void record_encode(const struct record *r, struct buf *out)
{
    size_t at = frame_begin(out, FRAME_RECORD);
    struct fixed f = {
        .number = r->number,
        .position = r->position,
        .checked = r->checked,
        .micros = r->micros,
        .line = r->line,
        .verdict = (uint8_t)r->verdict,
        .dissent = r->dissent,
        .ran = r->ran,
        .nquirks = (uint8_t)r->nquirks,
        .generated = r->generated,
    };
    BUG_ON(r->nquirks > JUDGE_MAX_QUIRKS);
    for (unsigned i = 0; i < r->nquirks; i++) f.quirks[i] = r->quirks[i];
    size_t fixed = out->len;
    buf_add(out, &f, sizeof(f));
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        const char *s = *(const char *const *)((const char *)r + texts[i].offset);
        size_t before = out->len;
        text_add(out, s ? s : "", texts[i].max);
        f.sizes[i] = (uint16_t)(out->len - before);
    }
    memcpy(out->p + fixed, &f, sizeof(f));
    frame_end(out, at);
}

void frame_encode(enum frame_kind kind, const char *text, struct buf *out)
{
    size_t at = frame_begin(out, kind);
    text_add(out, text, RECORD_MAX_DETAIL);
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

/* Takes the fixed part out of a body; false: this is no record. */
static bool check(const char *body, size_t size, struct fixed *f)
{
    const char *p = body + sizeof(*f), *end = body + size;
    if (size < sizeof(*f)) return false;
    memcpy(f, body, sizeof(*f));
    if (f->verdict >= VERDICTS || f->nquirks > JUDGE_MAX_QUIRKS) return false;
    for (unsigned i = 0; i < RECORD_TEXTS; i++) {
        if (!f->sizes[i] || f->sizes[i] > end - p || p[f->sizes[i] - 1]) return false;
        p += f->sizes[i];
    }
    return p == end;
}

bool record_decode(const char *body, size_t size, struct record *r)
{
    struct fixed f;
    if (!check(body, size, &f)) return false;
    *r = (struct record){
        .number = f.number,
        .verdict = (enum verdict)f.verdict,
        .checked = f.checked,
        .dissent = f.dissent,
        .ran = f.ran,
        .nquirks = f.nquirks,
        .line = f.line,
        .position = f.position,
        .micros = f.micros,
        .generated = f.generated,
    };
    for (unsigned i = 0; i < f.nquirks; i++) r->quirks[i] = f.quirks[i];
    const char *p = body + sizeof(f);
    for (unsigned i = 0; i < RECORD_TEXTS; i++) {
        *record_text(r, i) = p;
        p += f.sizes[i];
    }
    return true;
}

bool record_check(const char *body, size_t size, uint64_t *number)
{
    struct fixed f;
    if (!check(body, size, &f)) return false;
    *number = f.number;
    return true;
}
