/* What is written aside takes the place of files, and of nothing else. */
#include "engine/base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void make(const char *path)
{
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);
}

static void test_replace(void **state)
{
    char dir[] = "/tmp/lockstep-file-XXXXXX";
    struct stat st;
    assert_non_null(mkdtemp(dir));
    assert_int_equal(chdir(dir), 0);
    make("fresh");
    assert_int_equal(file_replace("fresh", "new"), 0);
    make("fresh");
    assert_int_equal(file_replace("fresh", "new"), 0);
    assert_int_equal(access("fresh", F_OK), -1);
    make("fresh");
    assert_int_equal(mkfifo("pipe", 0600), 0);
    assert_int_equal(file_replace("fresh", "pipe"), -ENOTSUP);
    assert_int_equal(stat("pipe", &st), 0);
    assert_true(S_ISFIFO(st.st_mode));
    assert_int_equal(file_replace("fresh", "none/x"), -ENOENT);
    unlink("fresh");
    unlink("new");
    unlink("pipe");
    assert_int_equal(chdir("/"), 0);
    rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_replace)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
