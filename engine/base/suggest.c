/* "did you mean": the known name nearest to one that is not known, by edit distance. */
#include "engine/base/base.h"

#include <string.h>

enum { SUGGEST_MAX = 40 }; /* longer words are never suggested for or suggested */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
    unsigned m = a < b ? a : b;
    return m < c ? m : c;
}

/* Insertions, deletions, substitutions and swaps of neighbours that turn a into b; case does not count. */
static unsigned distance(const char *a, size_t an, const char *b, size_t bn)
{
    unsigned rows[3][SUGGEST_MAX + 1]; /* of the matrix: two above the current one are enough for swaps */
    for (size_t j = 0; j <= bn; j++) rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= an; i++) {
        unsigned *now = rows[i % 3];
        const unsigned *up = rows[(i + 2) % 3];
        const unsigned *up2 = rows[(i + 1) % 3];
        now[0] = (unsigned)i;
        for (size_t j = 1; j <= bn; j++) {
            char x = lower(a[i - 1]), y = lower(b[j - 1]);
            now[j] = min3(up[j] + 1, now[j - 1] + 1, up[j - 1] + (x != y));
            bool swapped = i > 1 && j > 1 && x == lower(b[j - 2]) && lower(a[i - 2]) == y;
            if (swapped && up2[j - 2] + 1 < now[j]) now[j] = up2[j - 2] + 1;
        }
    }
    return rows[an % 3][bn];
}

struct suggest suggest_start(const char *word, size_t len)
{
    /* a third of the word may be wrong, so that "x" does not suggest "y" and "adi" does suggest "addi" */
    unsigned most = len <= 2 ? 1 : (unsigned)(len + 1) / 3;
    return (struct suggest){.word = word, .len = len, .distance = (len > SUGGEST_MAX ? 0 : most) + 1};
}

void suggest_offer(struct suggest *s, const char *name, size_t len)
{
    size_t apart = len > s->len ? len - s->len : s->len - len;
    if (len == 0 || len > SUGGEST_MAX || s->len > SUGGEST_MAX || apart >= s->distance) return;
    unsigned d = distance(s->word, s->len, name, len);
    if (d >= s->distance || d >= len) return;
    s->best = name;
    s->best_len = len;
    s->distance = d;
}

const char *base_suggest(const char *word, const char *const *names, size_t n)
{
    struct suggest s = suggest_start(word, strlen(word));
    for (size_t i = 0; i < n; i++)
        if (names[i]) suggest_offer(&s, names[i], strlen(names[i]));
    return s.best;
}
