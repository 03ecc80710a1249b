/* Days, and whose word on today counts. */
#include "harness/judge/date.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

static void test_days(void **state)
{
    static const struct {
        const char *text; /* a day, or what is none */
        int32_t day;      /* its number; -1: refused. Numbers are of `date -u -d DAY +%s` / 86400 */
    } rows[] = {
        {"1970-01-01", 0},
        {"1970-02-28", 58},
        {"1972-03-01", 790},
        {"2000-02-29", 11016},
        {"2027-03-31", 20908},
        {"2100-03-01", 47541},
        {"9999-12-31", 2932896},
        {"2027-02-29", -1},
        {"2100-02-29", -1},
        {"1969-12-31", -1},
        {"2027-00-01", -1},
        {"2027-13-01", -1},
        {"2027-04-31", -1},
        {"2027-3-31", -1},
        {"2027/03/31", -1},
        {"2027-03-311", -1},
        {"", -1},
        {"20x7-03-31", -1},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int32_t day = -1;
        bool good = date_parse(rows[i].text, &day);
        if (good != (rows[i].day >= 0) || (good && day != rows[i].day))
            fail_msg("'%s': %d, %d", rows[i].text, good, day);
    }
}

static void test_today(void **state)
{
    struct buf why = {0};
    int32_t day;
    (void)state;
    setenv("SOURCE_DATE_EPOCH", "86400", 1);
    assert_true(date_today("2027-03-31", &day, &why));
    assert_int_equal(day, 20908);
    assert_true(date_today(NULL, &day, &why));
    assert_int_equal(day, 1);
    assert_false(date_today("tomorrow", &day, &why));
    assert_string_equal(buf_cstr(&why), "a day is YYYY-MM-DD, not 'tomorrow'");
    buf_reset(&why);
    setenv("SOURCE_DATE_EPOCH", "soon", 1);
    assert_false(date_today(NULL, &day, &why));
    assert_string_equal(buf_cstr(&why), "SOURCE_DATE_EPOCH is seconds since 1970, not 'soon'");
    setenv("SOURCE_DATE_EPOCH", "", 1);
    assert_true(date_today(NULL, &day, &why));
    assert_true(llabs((long long)time(NULL) / 86400 - day) <= 1);
    buf_free(&why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_days), cmocka_unit_test(test_today)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
