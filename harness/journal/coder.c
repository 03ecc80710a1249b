/* Entries of run records. Numbers are little-endian, seven bits a byte, the last one below 0x80 (LEB128).
 * Texts are told as how much they share with the last record's, and the rest. */
#include "harness/journal/journal.h"

#include <string.h>

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
    size_t at = entry_begin(out, JOURNAL_RECORD);
    if (r->told) {
        buf_add(out, r->told, r->told_size);
        c->last.afresh = true;
    } else {
        record_tell(&c->last, r, out);
    }
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

bool journal_decode(struct journal_coder *c, const uint8_t *body, size_t size, struct record *r)
{
    if (!record_hear(&c->last, body, size, r)) return false;
    r->number = c->number++;
    return true;
}

void journal_coder_free(struct journal_coder *c)
{
    record_coder_free(&c->last);
}
