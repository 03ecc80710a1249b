/* Strings: splitting, searching, replacing, formatting and comparing, with the C library and without. */
#include "program.h"

#include <ctype.h>

enum { N = 1 << 14 };

static char text[N], line[256], out[N * 2];

static size_t replace(char *to, const char *from, const char *what, const char *with)
{
    char *start = to;
    size_t n = strlen(what), m = strlen(with);
    for (const char *hit; (hit = strstr(from, what)); from = hit + n) {
        memcpy(to, from, (size_t)(hit - from));
        to += hit - from;
        memcpy(to, with, m);
        to += m;
    }
    strcpy(to, from);
    return (size_t)(to - start) + strlen(to);
}

static unsigned distance(const char *a, const char *b)
{
    unsigned row[64], n = (unsigned)strlen(b);
    for (unsigned j = 0; j <= n; j++) row[j] = j;
    for (unsigned i = 1; *a; a++, i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (unsigned j = 1; j <= n; j++) {
            unsigned best = diagonal + (*a != b[j - 1]);
            diagonal = row[j];
            if (diagonal + 1 < best) best = diagonal + 1;
            if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[n];
}

static int palindrome(const char *s, size_t n)
{
    for (size_t i = 0, j = n; i < j;) {
        if (!isalpha((unsigned char)s[i]))
            i++;
        else if (!isalpha((unsigned char)s[j - 1]))
            j--;
        else if (tolower((unsigned char)s[i++]) != tolower((unsigned char)s[--j]))
            return 0;
    }
    return 1;
}

int main(int argc, char **argv)
{
    uint64_t seed = 11, sum = 0;
    for (unsigned round = program_rounds(argc, argv, 160); round; round--) {
        size_t n = 0;
        char previous[64] = "", *save = NULL;
        while (n < N - 24) {
            uint64_t r = program_random(&seed);
            for (unsigned len = 2 + r % 9; len; len--, r >>= 5) text[n++] = (char)('a' + (r >> 8) % 6);
            text[n++] = r & 0x100 ? ' ' : r & 0x200 ? ',' : '\n';
        }
        text[n] = 0;
        sum = program_mix(sum, replace(out, text, "ab", "xyz"));
        for (char *w = strtok_r(out, " ,\n", &save); w; w = strtok_r(NULL, " ,\n", &save)) {
            size_t len = strlen(w);
            if (len >= sizeof(previous)) continue;
            sum += distance(previous, w) + (unsigned)palindrome(w, len) + (strcmp(previous, w) < 0);
            if ((sum & 15) == 0) {
                int m = snprintf(line, sizeof(line), "%s:%zu %08llx %+d|%-12s|", w, len,
                                 (unsigned long long)sum, (int)(sum % 1000) - 500, previous);
                sum = program_mix(sum, (uint64_t)m + (unsigned char)line[m / 2]);
            }
            memcpy(previous, w, len + 1);
        }
    }
    return program_done("strings", sum);
}
