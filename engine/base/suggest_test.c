#include "engine/base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static const char *const words[] = {"add", "addi", "addiw", "and", "fence",
                                    "lui", NULL,   "x",     "sub", "mulhsu"};

static const char *near(const char *word)
{
    return base_suggest(word, words, ARRAY_LEN(words));
}

static void test_edits(void **state)
{
    assert_string_equal(near("adiw"), "addiw");    /* a letter missing */
    assert_string_equal(near("addd"), "add");      /* one too many */
    assert_string_equal(near("lua"), "lui");       /* a wrong one */
    assert_string_equal(near("sbu"), "sub");       /* two swapped count as one edit */
    assert_string_equal(near("FENCE"), "fence");   /* case does not count */
    assert_string_equal(near("mluhsv"), "mulhsu"); /* two edits in a longer word */
}

static void test_nothing_near(void **state)
{
    assert_null(near(""));
    assert_null(near("y")); /* "x" would be all new */
    assert_null(near("zzz"));
    assert_null(near("fnc"));
    assert_null(near("an instruction with far too many letters in it"));
    assert_null(base_suggest("add", NULL, 0));
}

static void test_first_of_equals(void **state)
{
    const char *const two[] = {"bad", "bed"};
    assert_string_equal(base_suggest("bd", two, 2), "bad");
    assert_string_equal(base_suggest("bid", two, 2), "bad");
}

static void test_spans(void **state)
{
    static const char text[] = "loop:end";
    struct suggest s = suggest_start("lop and more", 3);
    suggest_offer(&s, text + 5, 3);
    assert_null(s.best);
    suggest_offer(&s, text, 4);
    assert_ptr_equal(s.best, text);
    assert_int_equal(s.best_len, 4);
}

/* Words of the longest length that counts, and one above: nothing is written beyond the matrix. */
static void test_long(void **state)
{
    char a[42], b[42];
    memset(a, 'a', sizeof(a));
    memset(b, 'a', sizeof(b));
    b[7] = 'b';
    for (size_t len = 39; len <= 41; len++) {
        struct suggest s = suggest_start(a, len);
        suggest_offer(&s, b, len);
        assert_true((s.best != NULL) == (len <= 40));
        s = suggest_start(a, len - 1);
        suggest_offer(&s, a, len);
        assert_true((s.best != NULL) == (len <= 40));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_edits),
        cmocka_unit_test(test_nothing_near),
        cmocka_unit_test(test_first_of_equals),
        cmocka_unit_test(test_spans),
        cmocka_unit_test(test_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
