#include "harness/judge/date.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SECONDS = 24 * 60 * 60, YEAR = 365 };

static bool is_leap(int32_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static bool digits(const char *s, unsigned n, int32_t *v)
{
    *v = 0;
    for (unsigned i = 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9') return false;
        *v = *v * 10 + (s[i] - '0');
    }
    return true;
}

bool date_parse(const char *text, int32_t *day)
{
    static const uint8_t length[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int32_t y, m, d;
    if (strlen(text) != strlen("2027-03-31") || text[4] != '-' || text[7] != '-') return false;
    if (!digits(text, 4, &y) || !digits(text + 5, 2, &m) || !digits(text + 8, 2, &d)) return false;
    if (y < 1970 || m < 1 || m > 12 || d < 1 || d > length[m - 1] + (m == 2 && is_leap(y))) return false;
    int32_t before = y - 1;
    *day =
        (y - 1970) * YEAR + (before / 4 - before / 100 + before / 400) - (1969 / 4 - 1969 / 100 + 1969 / 400);
    for (int32_t k = 1; k < m; k++) *day += length[k - 1] + (k == 2 && is_leap(y));
    *day += d - 1;
    return true;
}

bool date_today(const char *given, int32_t *day, struct buf *why)
{
    const char *epoch = getenv("SOURCE_DATE_EPOCH");
    struct timespec now;
    if (given) {
        if (date_parse(given, day)) return true;
        buf_printf(why, "a day is YYYY-MM-DD, not '%s'", given);
        return false;
    }
    clock_gettime(CLOCK_REALTIME, &now);
    if (epoch && *epoch) {
        char *end;
        now.tv_sec = strtoll(epoch, &end, 10);
        if (*end || now.tv_sec < 0 || now.tv_sec / SECONDS > INT32_MAX) {
            buf_printf(why, "SOURCE_DATE_EPOCH is seconds since 1970, not '%s'", epoch);
            return false;
        }
    }
    *day = (int32_t)(now.tv_sec / SECONDS);
    return true;
}
