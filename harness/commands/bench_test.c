/* `lockstep bench` as its users meet it: a copy of this program is lockstep, and a script beside it plays
 * lockstep-bench. */
#include "harness/commands/place_test.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* `script` finds the file to write in $3, as lockstep-bench does behind --benchmark_out=. */
static void make_build(const char *script)
{
    char command[200];
    snprintf(command, sizeof(command), "mkdir bench; touch bench/module.mk; cp /proc/%d/exe lockstep",
             (int)getpid());
    assert_int_equal(system(command), 0);
    write_file("bench/x.yaml", "benchmarks: 1\nlist: [{name: a, kind: k}]\n");
    write_file("lockstep-bench", script);
    assert_int_equal(chmod("lockstep-bench", 0755), 0);
}

/* Exit status of a command line; what it said is in the file `said`. */
static int sh(const char *command)
{
    int status = system(command);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void expect_text(const char *part)
{
    char *said = read_file("said");
    expect_part(said, part);
    free(said);
}

static const char writes[] = "#!/bin/sh\necho '{\"benchmarks\": [{\"name\": \"a\", \"cpu_time\": 1}]}' "
                             "> ${3#*=}\n";

static void test_output(void **state)
{
    (void)state;
    make_build(writes);
    assert_int_equal(sh("./lockstep bench a -o f.json > said 2>&1"), STATUS_PASS);
    expect_text("figures: f.json\n");
    assert_int_equal(sh("./lockstep bench zzz > said 2>&1"), STATUS_NOTHING);
    assert_int_equal(sh("./lockstep bench a -o away/f.json > said 2>&1"), STATUS_USAGE);
    expect_text("lockstep: cannot write away/f.json: No such file or directory\n");
}

/* A device stays one, also for root. */
static void test_no_file(void **state)
{
    struct stat st;
    (void)state;
    make_build(writes);
    assert_int_equal(mkfifo("pipe", 0600), 0);
    assert_int_equal(sh("./lockstep bench a -o pipe > said 2>&1"), STATUS_USAGE);
    expect_text("lockstep: cannot write pipe: figures go to a file\n");
    assert_int_equal(stat("pipe", &st), 0);
    assert_true(S_ISFIFO(st.st_mode));
    assert_int_equal(sh("./lockstep bench a -o - > said 2>&1"), STATUS_USAGE);
    assert_int_not_equal(access("-", F_OK), 0);
}

static void test_interrupted(void **state)
{
    (void)state;
    make_build("#!/bin/sh\necho $$ > pid\nexec sleep 20\n");
    pid_t pid = fork();
    if (!pid) {
        (void)freopen("out", "w", stdout);
        (void)freopen("said", "w", stderr);
        execl("./lockstep", "./lockstep", "bench", "a", "-o", "f.json", NULL);
        _exit(9);
    }
    for (int i = 0; i < 500 && access("pid", F_OK); i++) usleep(10000);
    usleep(50000);
    kill(pid, SIGTERM);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), STATUS_HARNESS);
    expect_text("lockstep: interrupted by SIGTERM: nothing is recorded\n");
    assert_int_not_equal(access("f.json.new", F_OK), 0);
    assert_int_not_equal(sh("kill -0 $(cat pid) 2> said"), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_output, enter, leave),
        cmocka_unit_test_setup_teardown(test_no_file, enter, leave),
        cmocka_unit_test_setup_teardown(test_interrupted, enter, leave),
    };
    if (argc > 1) return program_main(argc, (const char *const *)argv, stdout, stderr, backend_all);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
