/* Completion as people meet it: bash and zsh in a terminal, keys typed, and what the command is then called
 * with. */
#include "harness/commands/place_test.h"

#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define READY  "<ready> "
#define CALLED "<called>" /* before that; shells write their prompt anew when they list words */

static const struct shell {
    const char *name;    /* of its program, too */
    const char *argv[6]; /* reads no files of ours */
    const char *prepare; /* the file `script` is its completion */
} shells[] = {
    {"bash",
     {"bash", "--norc", "--noprofile", "-i"},
     "bind 'set bell-style none'; PS1='<''ready> '; . ./script"},
    {"zsh",
     {"zsh", "-f", "-i"},
     "PS1='<''ready> '; unsetopt beep; autoload -U compinit; compinit -D -u; . ./script"},
};

/* Typed, and what comes of it. Each word has its place between < and >. */
static const struct typing {
    const char *keys, *args;
} typings[] = {
    {"lockstep ru\t", "<run>"},
    {"lockstep he\tru\t", "<help><run>"},
    {"lockstep help comp\tl\t", "<help><completion>"},
    {"lockstep run --bala\t", "<run><--balance>"},
    {"lockstep run --balance pla\t", "<run><--balance><plain.yaml>"},
    {"lockstep merge --report jun\t", "<merge><--report><junit=>"},
    {"lockstep run -r junit=pla\t", "<run><-r><junit=plain.yaml>"},
    {"lockstep run --report=junit=pla\t", "<run><--report=junit=plain.yaml>"},
    {"lockstep run --oracle=ref\t", "<run><--oracle=reference>"},
    {"lockstep run -b faulty,ref\t", "<run><-b><faulty,reference>"},
    {"lockstep gen ris\t", "<gen><riscv64>"},
    {"lockstep gen riscv64 --until fu\t", "<gen><riscv64><--until><full>"},
    {"lockstep run ha\t", "<run><has blanks & 'quotes'.yaml>"},
    {"lockstep run --jobs 2 dir\tins\t", "<run><--jobs><2><dir/inside.yaml>"},
    {"lockstep repro an/id pla\t", "<repro><an/id><plain.yaml>"},
    {"lockstep list cases pla\t", "<list><cases><plain.yaml>"},
    {"lockstep completion z\t", "<completion><zsh>"},
};

/* Reads what the shell writes until it says this and is ready. False: it does not within ten seconds. */
static bool wait_for(int fd, const char *word, struct buf *seen)
{
    char chunk[1024];
    buf_reset(seen);
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, 10000) <= 0) return false;
        ssize_t n = read(fd, chunk, sizeof(chunk));
        if (n <= 0) return false;
        buf_add(seen, chunk, (size_t)n);
        const char *said = strstr(buf_cstr(seen), word);
        if (said && strstr(said, READY)) return true;
    }
}

static void type(int fd, const char *keys)
{
    assert_int_equal(write(fd, keys, strlen(keys)), (ssize_t)strlen(keys));
    assert_int_equal(write(fd, "\n", 1), 1);
}

static void try_typings(int fd, struct buf *seen)
{
    for (size_t i = 0; i < ARRAY_LEN(typings); i++) {
        write_file("args", "");
        type(fd, typings[i].keys);
        if (!wait_for(fd, CALLED, seen)) fail_msg("%s: the shell says %s", typings[i].keys, buf_cstr(seen));
        char *args = read_file("args");
        if (strcmp(args, typings[i].args))
            fail_msg("%s became %s, not %s; %s", typings[i].keys, args, typings[i].args, buf_cstr(seen));
        free(args);
    }
}

static bool is_there(const char *program)
{
    char command[64];
    snprintf(command, sizeof(command), "command -v %s >/dev/null", program);
    return !system(command);
}

static void try_shell(struct place *p, const struct shell *s)
{
    struct winsize size = {.ws_col = 200, .ws_row = 50};
    struct buf seen = {0}, words = {0};
    int fd, status;
    buf_printf(&words, "completion|%s", s->name);
    place_run(p, buf_cstr(&words), NULL, testing_backends);
    assert_int_equal(p->status, STATUS_PASS);
    write_file("script", p->out);
    pid_t pid = forkpty(&fd, NULL, NULL, &size);
    assert_true(pid >= 0);
    if (!pid) {
        setenv("TERM", "dumb", 1);
        setenv("HISTFILE", "", 1);
        setenv("HOME", p->dir, 1);
        execvp(s->name, (char *const *)(uintptr_t)s->argv);
        _exit(127);
    }
    type(fd, s->prepare);
    if (!wait_for(fd, READY, &seen)) fail_msg("%s does not start: %s", s->name, buf_cstr(&seen));
    type(fd, "lockstep() { printf '<%s>' \"$@\" >args; printf '<''called>'; }");
    assert_true(wait_for(fd, READY, &seen));
    try_typings(fd, &seen);
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    close(fd);
    buf_free(&seen);
    buf_free(&words);
}

static void test_shells(void **state)
{
    struct place *p = *state;
    write_file("plain.yaml", "");
    write_file("has blanks & 'quotes'.yaml", "");
    assert_int_equal(mkdir("dir", 0777), 0);
    write_file("dir/inside.yaml", "");
    for (size_t i = 0; i < ARRAY_LEN(shells); i++) {
        if (is_there(shells[i].name))
            try_shell(p, &shells[i]);
        else
            print_message("no %s here: its completion is not tried\n", shells[i].name);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_shells, enter, leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
