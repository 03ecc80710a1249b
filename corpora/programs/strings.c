/* The C library's strings, searching and sorting; formatted input and output; character classes; multibyte
 * text. */
#include <ctype.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

static int by_length(const void *a, const void *b)
{
    size_t x = strlen(*(char *const *)a), y = strlen(*(char *const *)b);
    return x != y ? (x > y) - (x < y) : strcmp(*(char *const *)a, *(char *const *)b);
}

int main(void)
{
    char text[] = "It was the best of times, it was the worst of times; it was the age of wisdom", *words[32],
         *save = NULL;
    int n = 0;
    for (char *w = strtok_r(text, " ,;", &save); w; w = strtok_r(NULL, " ,;", &save)) words[n++] = w;
    qsort(words, (size_t)n, sizeof(words[0]), by_length);
    for (int i = 0; i < n; i++) printf("%s%c", words[i], i + 1 < n ? ' ' : '\n');
    char *key = words[5], **hit = bsearch(&key, words, (size_t)n, sizeof(words[0]), by_length);
    printf("%s\n", hit ? *hit : "none");

    char buffer[256], other[256];
    for (size_t len = 0; len < 70; len += 3) {
        memset(buffer, 0x5a, sizeof(buffer));
        for (size_t i = 0; i < len; i++) buffer[i + 1] = (char)('a' + i % 26);
        buffer[len + 1] = 0;
        memmove(buffer + 5, buffer + 1, len + 1);
        strcpy(other, buffer + 5);
        printf("%zu %d %d %s ", strlen(buffer + 5), strcmp(buffer + 5, other),
               memcmp(buffer + 1, buffer + 5, 4) > 0, strrchr(other, 'c') ? strrchr(other, 'c') : "-");
        printf("%td %zu %zu\n",
               memchr(buffer, 0, sizeof(buffer)) ? (char *)memchr(buffer, 0, sizeof(buffer)) - buffer : -1,
               strspn(other, "abc"), strcspn(other, "xyz"));
    }
    int a, b;
    double d;
    printf("%d ", sscanf("  42 0x1f 2.5e3 word", "%d %x %lf %15s", &a, (unsigned *)&b, &d, other));
    printf("%d %d %g %s\n", a, b, d, other);
    printf("[%5d][%-5d][%05d][%+d][%x][%#o][%10.3s][%-10s][%c][%%][%5.2f][%g][%p]\n", 42, 42, 42, 42, 255, 8,
           "abcdef", "xy", 'z', 3.14159, 1e10, (void *)0);
    printf("%ld %lu %ld %g\n", strtol("-123abc", NULL, 10), strtoul("ffff", NULL, 16),
           strtol("0777", NULL, 0), strtod("1e-5x", NULL));
    for (int c = 0; c < 128; c += 7) printf("%d", !!isalpha(c) + 2 * !!isdigit(c) + 4 * !!isspace(c));
    printf("\n");
    wchar_t wide[] = L"wide \x20ac text";
    printf("%zu %ls %d\n", wcslen(wide), L"plain", setlocale(LC_ALL, "C") != NULL);
    char *copy = strdup("freed");
    copy = realloc(copy, 100000);
    memset(copy + 5, '!', 10);
    copy[15] = 0;
    printf("%s\n", copy);
    free(copy);
    return n;
}
