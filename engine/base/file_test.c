/* What is written aside takes the place of files, and of nothing else. */
#include "engine/base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
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

static void expect_text(const char *path, const char *want)
{
    char text[16] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0 && read(fd, text, sizeof(text) - 1) >= 0);
    close(fd);
    assert_string_equal(text, want);
}

/* What cannot be saved changes nothing, and leaves nothing behind. */
static void test_save(void **state)
{
    char dir[] = "/tmp/lockstep-file-XXXXXX";
    assert_non_null(mkdtemp(dir));
    assert_int_equal(chdir(dir), 0);
    assert_int_equal(file_save("a", "old", 3), 0);
    assert_int_equal(file_save("a", "new one", 7), 0);
    expect_text("a", "new one");
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit all, few;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &all), 0);
    few = (struct rlimit){4, all.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &few), 0);
    assert_int_equal(file_save("a", "too long", 8), -EFBIG);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &all), 0);
    expect_text("a", "new one");
    assert_int_equal(file_save("none/a", "x", 1), -ENOENT);
    assert_int_equal(mkfifo("pipe", 0600), 0);
    assert_int_equal(file_save("pipe", "x", 1), -ENOTSUP);
    unlink("pipe");
    unlink("a");
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(rmdir(dir), 0); /* nothing is left in it */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_replace), cmocka_unit_test(test_save)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
