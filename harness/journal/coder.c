/* Entries of run records. Numbers are little-endian, seven bits a byte, the last one below 0x80 (LEB128).
 * Texts are told as how much they share with the last record's, and the rest. */
#include "harness/journal/journal.h"

#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "lengths and sums are written as they stand");

enum { FLAG_DISSENT = 1, FLAG_GENERATED = 2 };

/* How the body of a record begins. */
struct fixed {
    uint8_t verdict, checked, ran; /* as in struct record */
    uint8_t flags;                 /* FLAG_* */
    uint32_t micros;               /* always four bytes: two runs differ in nothing else */
    uint16_t texts;                /* bit per text that is not the last record's; those follow in the end */
} __attribute__((packed));
_Static_assert(RECORD_TEXTS <= 16, "a bit for each");

/* Eight bytes at a time: a record is short, and there are many. */
uint64_t journal_sum(uint64_t sum, const void *p, size_t n)
{
    const char *at = p;
    sum ^= n * 0x9e3779b97f4a7c15u;
    for (; n; at += n < 8 ? n : 8, n -= n < 8 ? n : 8) {
        uint64_t word = 0;
        memcpy(&word, at, n < 8 ? n : 8);
        sum = (sum ^ word) * 0xff51afd7ed558ccdu;
        sum ^= sum >> 32;
    }
    return sum;
}

/* ---- writing ---- */

/* Room for the length and the sum, filled in by entry_end. */
static size_t entry_begin(struct buf *out, enum journal_kind kind)
{
    size_t at = out->len;
    buf_add(out, (uint32_t[2]){0}, 2 * sizeof(uint32_t));
    buf_char(out, (char)kind);
    return at;
}

static void entry_end(struct journal_coder *c, struct buf *out, size_t at)
{
    size_t body = at + 2 * sizeof(uint32_t);
    uint32_t head[2] = {(uint32_t)(out->len - body)};
    c->sum = journal_sum(c->sum, out->p + body, head[0]);
    head[1] = (uint32_t)c->sum;
    memcpy(out->p + at, head, sizeof(head));
}

enum { PUT_MAX = 10 }; /* bytes of a number */

/* Where the next number goes. */
static uint8_t *put(uint8_t *at, uint64_t v)
{
    for (; v >= 0x80; v >>= 7) *at++ = (uint8_t)(v | 0x80);
    *at++ = (uint8_t)v;
    return at;
}

static size_t shared(const struct buf *last, const char *text)
{
    size_t n = 0;
    while (n < last->len && text[n] == last->p[n]) n++; /* text ends before or there: neither holds a NUL */
    return n;
}

static void put_text(struct buf *last, const char *text, struct buf *out)
{
    size_t same = shared(last, text), rest = strlen(text + same);
    uint8_t sizes[2 * PUT_MAX];
    buf_add(out, sizes, (size_t)(put(put(sizes, same), rest) - sizes));
    buf_add(out, text + same, rest);
    last->len = same;
    buf_add(last, text + same, rest);
}

static uint64_t zigzag(int v)
{
    return ((uint64_t)v << 1) ^ (v < 0 ? UINT64_MAX : 0);
}

void journal_begin(struct journal_coder *c, const json_t *header, struct buf *out)
{
    char *text = json_dumps(header, JSON_COMPACT);
    buf_printf(out, "lockstep record %d\n", JOURNAL_VERSION);
    size_t at = entry_begin(out, JOURNAL_HEADER);
    buf_str(out, text);
    entry_end(c, out, at);
    free(text);
}

void journal_add(struct journal_coder *c, const struct record *r, struct buf *out)
{
    struct record copy = *r;
    struct fixed f = {
        .verdict = (uint8_t)r->verdict,
        .checked = (uint8_t)r->checked,
        .ran = r->ran,
        .flags = (uint8_t)((r->dissent ? FLAG_DISSENT : 0) | (r->generated ? FLAG_GENERATED : 0)),
        .micros = r->micros,
    };
    for (unsigned i = 0; i < RECORD_TEXTS; i++) {
        const char **text = record_text(&copy, i);
        if (!*text) *text = "";
        f.texts |= (uint16_t)((strcmp(*text, buf_cstr(&c->texts[i])) != 0) << i);
    }
    size_t at = entry_begin(out, JOURNAL_RECORD);
    uint8_t head[sizeof(f) + (3 + JUDGE_MAX_QUIRKS) * PUT_MAX], *end = head + sizeof(f);
    memcpy(head, &f, sizeof(f));
    end = put(end, r->position - c->position);
    end = put(end, zigzag(r->line - c->line));
    end = put(end, r->nquirks);
    for (unsigned i = 0; i < r->nquirks; i++) end = put(end, r->quirks[i]);
    buf_add(out, head, (size_t)(end - head));
    for (unsigned i = 0; i < RECORD_TEXTS; i++)
        if (f.texts >> i & 1) put_text(&c->texts[i], *record_text(&copy, i), out);
    c->position = r->position;
    c->line = r->line;
    c->number++;
    entry_end(c, out, at);
}

void journal_add_cover(struct journal_coder *c, const void *body, size_t size, struct buf *out)
{
    size_t at = entry_begin(out, JOURNAL_COVER);
    buf_add(out, body, size);
    entry_end(c, out, at);
}

void journal_add_footer(struct journal_coder *c, const struct tally *t, struct buf *out)
{
    size_t at = entry_begin(out, JOURNAL_FOOTER);
    json_t *sums = json_object();
    json_object_set_new(sums, "cases", json_integer((json_int_t)t->total));
    for (unsigned v = 0; v < VERDICTS; v++)
        json_object_set_new(sums, verdict_name((enum verdict)v), json_integer((json_int_t)t->verdicts[v]));
    char *text = json_dumps(sums, JSON_COMPACT);
    buf_str(out, text);
    entry_end(c, out, at);
    free(text);
    json_decref(sums);
}

/* ---- reading ---- */

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

static void get_text(struct cursor *k, struct buf *last)
{
    uint64_t same = get(k), rest = get(k);
    if (k->bad || same > last->len || rest > (uint64_t)(k->end - k->at) || memchr(k->at, 0, rest)) {
        k->bad = true;
        return;
    }
    last->len = same;
    buf_add(last, k->at, rest);
    k->at += rest;
}

static int unzigzag(uint64_t v)
{
    return (int)((v >> 1) ^ -(v & 1));
}

bool journal_decode(struct journal_coder *c, const uint8_t *body, size_t size, struct record *r)
{
    struct fixed f;
    struct cursor k = {body + sizeof(f), body + size, false};
    if (size < sizeof(f)) return false;
    memcpy(&f, body, sizeof(f));
    if (f.verdict >= VERDICTS) return false;
    *r = (struct record){
        .number = c->number,
        .verdict = (enum verdict)f.verdict,
        .checked = f.checked,
        .ran = f.ran,
        .dissent = f.flags & FLAG_DISSENT,
        .generated = f.flags & FLAG_GENERATED,
        .micros = f.micros,
    };
    r->position = c->position += get(&k);
    r->line = c->line += unzigzag(get(&k));
    uint64_t nquirks = get(&k);
    if (k.bad || nquirks > JUDGE_MAX_QUIRKS) return false;
    r->nquirks = (unsigned)nquirks;
    for (unsigned i = 0; i < r->nquirks; i++) r->quirks[i] = (unsigned)get(&k);
    for (unsigned i = 0; i < RECORD_TEXTS; i++) {
        if (f.texts >> i & 1) get_text(&k, &c->texts[i]);
        *record_text(r, i) = buf_cstr(&c->texts[i]);
    }
    c->number++;
    return !k.bad && k.at == k.end;
}

void journal_coder_free(struct journal_coder *c)
{
    for (unsigned i = 0; i < RECORD_TEXTS; i++) buf_free(&c->texts[i]);
}
