/* Children that end in ways of their own leave the parent's files alone. */
#include "harness/run/child.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* An oracle calls exit() while the parent has half a line for a report, and has read ahead in another file.
 */
static void test_exit_in_child(void **state)
{
    (void)state;
    char text[64] = "", words[64];
    int status;
    FILE *report = tmpfile(), *read = tmpfile();
    assert_true(report && read);
    assert_true(fputs("one\ntwo\n", read) >= 0);
    rewind(read);
    assert_non_null(fgets(text, sizeof(text), read));
    long at = (long)lseek(fileno(read), 0, SEEK_CUR);
    assert_true(fputs("half a line", report) >= 0);

    pid_t pid = fork();
    if (!pid) {
        child_begin(0);
        exit(7);
    }
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    child_end(status, words, sizeof(words));
    assert_string_equal(words, "exited with status 7");

    assert_int_equal(lseek(fileno(read), 0, SEEK_CUR), at);
    assert_true(fputs(", the rest\n", report) >= 0);
    rewind(report);
    memset(text, 0, sizeof(text));
    assert_true(fread(text, 1, sizeof(text) - 1, report) > 0);
    assert_string_equal(text, "half a line, the rest\n");
    fclose(report);
    fclose(read);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exit_in_child),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
