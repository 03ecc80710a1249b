/* Pieces of the range of cases. Those that run first are pieces of one case; what lies between them is cut
 * into batches. At most `window` batches are between dealt and handed on, so memory is bounded whatever the
 * corpus; early pieces keep their results until their turn comes, and there are not many of them.
 */
#include "harness/run/deal.h"

#include <stdlib.h>

static int by_first(const void *a, const void *b)
{
    const struct piece *const *x = a, *const *y = b;
    return ((*x)->first > (*y)->first) - ((*x)->first < (*y)->first);
}

void deal_open(struct deal *d, uint64_t first, uint64_t end, uint64_t batch, unsigned window,
               const uint64_t *early, size_t nearly)
{
    *d = (struct deal){
        .batch = batch, .next = first, .at = first, .end = end, .window = window, .nearly = nearly};
    d->ring = xcalloc(window, sizeof(*d->ring));
    d->early = xcalloc(nearly + 1, sizeof(*d->early));
    d->by_number = xcalloc(nearly + 1, sizeof(struct piece *));
    for (size_t i = 0; i < nearly; i++) {
        BUG_ON(early[i] < first || early[i] >= end);
        d->early[i] = (struct piece){.first = early[i], .count = 1};
        d->by_number[i] = &d->early[i];
    }
    qsort(d->by_number, nearly, sizeof(struct piece *), by_first);
    for (size_t i = 1; i < nearly; i++) BUG_ON(d->by_number[i]->first == d->by_number[i - 1]->first);
}

void deal_taper(struct deal *d, uint64_t shares, uint64_t least)
{
    d->shares = shares;
    d->least = least;
}

/* Cases of the next piece at most. */
static uint64_t batch_now(const struct deal *d)
{
    uint64_t fair = d->shares ? (d->end - d->next) / d->shares : d->batch;
    if (fair < d->least) fair = d->least;
    return fair < d->batch ? fair : d->batch;
}

void deal_close(struct deal *d)
{
    for (unsigned i = 0; i < d->window; i++) buf_free(&d->ring[i].frames);
    for (size_t i = 0; i < d->nearly; i++) buf_free(&d->early[i].frames);
    free(d->ring);
    free(d->early);
    free(d->by_number);
}

struct piece *deal_next(struct deal *d)
{
    if (d->early_dealt < d->nearly) return &d->early[d->early_dealt++];
    for (; d->passed < d->nearly && d->by_number[d->passed]->first == d->next; d->next++) d->passed++;
    if (d->next == d->end || d->ring_dealt - d->ring_emitted == d->window) return NULL;
    uint64_t until = d->passed < d->nearly ? d->by_number[d->passed]->first : d->end, left = until - d->next;
    struct piece *piece = &d->ring[d->ring_dealt++ % d->window];
    piece->first = d->next;
    piece->count = batch_now(d);
    if (left < piece->count) piece->count = left;
    piece->done = false;
    d->next += piece->count;
    return piece;
}

struct piece *deal_told(struct deal *d)
{
    if (d->early_told == d->nearly || !d->early[d->early_told].done) return NULL;
    return &d->early[d->early_told++];
}

/* The piece that holds the next case, dealt or not; NULL: nothing is under way. */
static struct piece *oldest(const struct deal *d)
{
    struct piece *early = d->emitted < d->nearly ? d->by_number[d->emitted] : NULL;
    struct piece *other = d->ring_emitted < d->ring_dealt ? &d->ring[d->ring_emitted % d->window] : NULL;
    if (early && (!other || early->first < other->first)) return early;
    return other;
}

struct piece *deal_emit(struct deal *d, bool rest)
{
    struct piece *piece = oldest(d);
    if (!piece || (!rest && (!piece->done || piece->first != d->at))) return NULL;
    if (d->emitted < d->nearly && piece == d->by_number[d->emitted])
        d->emitted++;
    else
        d->ring_emitted++;
    d->at = piece->first + piece->count;
    return piece;
}

bool deal_over(const struct deal *d)
{
    return d->at == d->end;
}
