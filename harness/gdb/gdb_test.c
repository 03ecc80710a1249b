/* gdb itself as the judge of the stub: it breaks on a symbol, steps, reads and writes, and lets the program
 * end; the registers it sees are those of the interpreter's trace. */
#include "engine/guest/guest.h"
#include "engine/user/elf_make.h"
#include "harness/exec/outside.h"

#include <stdlib.h>

enum { STEPS = 10, REGS = 33 };

static char place[4096];
static const char *const names[REGS] = {"pc", "ra", "sp", "gp", "tp",  "t0",  "t1", "t2", "s0", "s1", "a0",
                                        "a1", "a2", "a3", "a4", "a5",  "a6",  "a7", "s2", "s3", "s4", "s5",
                                        "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6", "zero"};

/* lockstep waiting for gdb. */
struct server {
    pid_t pid;     /* its process */
    int out;       /* what it writes */
    unsigned port; /* where it waits */
};

static void start(struct server *s, const char *backend, const char *program)
{
    char lockstep[4200], line[256];
    size_t n = 0;
    int ends[2];
    posix_spawn_file_actions_t actions;
    snprintf(lockstep, sizeof(lockstep), "%slockstep", place);
    const char *const argv[] = {lockstep, "exec", "--gdb", "0", "--backend", backend, program, NULL};
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
    assert_int_equal(posix_spawn(&s->pid, lockstep, &actions, NULL, (char *const *)(uintptr_t)argv, environ),
                     0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    s->out = ends[0];
    while (n < sizeof(line) - 1 && read(s->out, line + n, 1) == 1 && line[n] != '\n') n++;
    line[n] = 0;
    if (sscanf(line, "lockstep: waiting for gdb on 127.0.0.1:%u", &s->port) != 1)
        fail_msg("it says: %s", line);
}

/* Runs gdb over the script; what both wrote. */
static void debug(const char *backend, const char *program, const char *script, struct outside *gdb,
                  struct outside *us)
{
    struct server s;
    char path[] = "/tmp/lockstep-gdb-XXXXXX", connect[64];
    int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, script, strlen(script)) == (ssize_t)strlen(script));
    close(fd);
    start(&s, backend, program);
    snprintf(connect, sizeof(connect), "target remote 127.0.0.1:%u", s.port);
    const char *const argv[] = {"gdb-multiarch", "-q",    "-nx", "-batch", "-iex",  "set sysroot /",
                                "-ex",           connect, "-x",  path,     program, NULL};
    outside_run(argv, gdb);
    *us = (struct outside){0};
    outside_collect(s.out, s.pid, us);
    close(s.out);
    assert_int_equal(waitpid(s.pid, &us->status, 0), s.pid);
    unlink(path);
}

static bool have_gdb(const char *program)
{
    return !access("/usr/bin/gdb-multiarch", X_OK) && !access(program, X_OK);
}

/* The trace's states from the first time at pc on: regs[i] before step i. Registers count as known once
 * written. */
static void follow_trace(const char *program, uint64_t pc, uint64_t regs[STEPS][REGS],
                         bool known[STEPS][REGS])
{
    char lockstep[4200];
    struct outside o;
    uint64_t now[REGS] = {0};
    bool have[REGS] = {0};
    unsigned step = 0;
    bool found = false;
    snprintf(lockstep, sizeof(lockstep), "%slockstep", place);
    const char *const argv[] = {lockstep,  "exec",  "--backend", "interp", "--trace",
                                "--limit", "40000", program,     NULL};
    outside_run(argv, &o);
    for (char *line = o.output.p, *end; line && step < STEPS && (end = strchr(line, '\n')); line = end + 1) {
        char *rest;
        *end = 0;
        uint64_t at = strtoull(line, &rest, 16);
        if (rest == line) continue;
        found |= at == pc;
        now[0] = at;
        have[0] = true;
        if (found) {
            memcpy(regs[step], now, sizeof(now));
            memcpy(known[step++], have, sizeof(have));
        }
        for (unsigned i = 1; i < REGS; i++) {
            char pattern[16];
            snprintf(pattern, sizeof(pattern), " %s=", names[i]);
            const char *hit = strstr(line, pattern);
            if (!hit) continue;
            now[i] = strtoull(hit + strlen(pattern), NULL, 0);
            have[i] = true;
        }
    }
    buf_free(&o.output);
    assert_int_equal(step, STEPS);
}

static void test_steps(void **state)
{
    const char *backend = *state;
    char program[4200];
    struct buf script = {0};
    struct outside gdb, us;
    static uint64_t regs[STEPS][REGS];
    static bool known[STEPS][REGS];
    snprintf(program, sizeof(program), "%s../programs/control.static", place);
    if (!have_gdb(program)) skip();
    buf_str(&script, "set pagination off\nbreak *main\ncontinue\n");
    for (unsigned i = 0; i < STEPS; i++) {
        buf_str(&script, "printf \"STEP");
        for (unsigned r = 0; r < REGS; r++) buf_str(&script, " %lx");
        buf_str(&script, "\\n\"");
        for (unsigned r = 0; r < REGS; r++) buf_printf(&script, ", $%s", names[r]);
        buf_str(&script, "\nstepi\n");
    }
    buf_str(&script, "delete\ncontinue\n");
    debug(backend, program, script.p, &gdb, &us);
    const char *at = buf_cstr(&gdb.output);
    unsigned compared = 0;
    for (unsigned i = 0; i < STEPS; i++) {
        at = strstr(at, "STEP ");
        if (!at) fail_msg("gdb did not come to step %u:\n%s", i, gdb.output.p);
        at += 4;
        for (unsigned r = 0; r < REGS; r++) {
            char *end;
            uint64_t v = strtoull(at, &end, 16);
            at = end;
            if (i == 0 && r == 0) follow_trace(program, v, regs, known);
            if (!known[i][r]) continue;
            compared++;
            if (v != regs[i][r])
                fail_msg("step %u: %s is %#lx for gdb and %#lx in the trace", i, names[r], (unsigned long)v,
                         (unsigned long)regs[i][r]);
        }
    }
    assert_true(compared > STEPS * 15);
    assert_non_null(strstr(gdb.output.p, "exited with code 052")); /* 42 */
    assert_non_null(strstr(us.output.p, "bye\n"));
    assert_true(WIFEXITED(us.status) && WEXITSTATUS(us.status) == 42);
    buf_free(&script);
    buf_free(&gdb.output);
    buf_free(&us.output);
}

/* Memory and registers are written; a breakpoint in a loop counts; a conditional one and a watch by steps
 * hold. */
static void test_changes(void **state)
{
    const char *backend = *state;
    char program[4200];
    struct outside gdb, us;
    snprintf(program, sizeof(program), "%s../programs/control.static", place);
    if (!have_gdb(program)) skip();
    debug(backend, program,
          "set pagination off\ntbreak day if n == 5\ncontinue\nbacktrace\nset var $a0 = 100\n"
          "hbreak square\ncontinue\nprint v\nset var $fcsr = 0x62\nprint $frm\nset var $a0 = "
          "12\nfinish\ndelete\ncontinue\n",
          &gdb, &us);
    if (!strstr(gdb.output.p, "$1 = -3") || !strstr(gdb.output.p, "$2 = 3") ||
        !strstr(gdb.output.p, "in main ()") || !strstr(gdb.output.p, "day (n=n@entry=5)"))
        fail_msg("gdb says:\n%s", gdb.output.p);
    assert_non_null(strstr(us.output.p, " 144 "));           /* square(12) */
    assert_non_null(strstr(us.output.p, "thu hundred sat")); /* day(100) for day(5) */
    assert_true(WIFEXITED(us.status) && WEXITSTATUS(us.status) == 42);
    buf_free(&gdb.output);
    buf_free(&us.output);
}

/* Threads stop together and are told apart; a fault is seen before the guest sees it; killing ends the
 * program. */
static void test_threads(void **state)
{
    const char *backend = *state;
    char program[4200];
    struct outside gdb, us;
    snprintf(program, sizeof(program), "%s../programs/thread_basic.static", place);
    if (!have_gdb(program)) skip();
    debug(backend, program, "set pagination off\nbreak count\ncontinue\ninfo threads\nkill\n", &gdb, &us);
    if (!strstr(gdb.output.p, "hit Breakpoint 1, count") || !strstr(gdb.output.p, "* 2 "))
        fail_msg("gdb says:\n%s", gdb.output.p);
    assert_true(WIFSIGNALED(us.status) && WTERMSIG(us.status) == SIGKILL);
    buf_free(&gdb.output);
    buf_free(&us.output);
    snprintf(program, sizeof(program), "%s../programs/signal_fault.static", place);
    debug(backend, program, "set pagination off\ncontinue\nbacktrace 1\ncontinue\nkill\n", &gdb, &us);
    if (!strstr(gdb.output.p, "received signal SIGSEGV, Segmentation fault"))
        fail_msg("gdb says:\n%s", gdb.output.p);
    buf_free(&gdb.output);
    buf_free(&us.output);
}

/* A signal stops, a watched variable does, and what gdb passes on changes nothing in the program: it sends
 * itself every signal there is. */
static void test_signals(void **state)
{
    const char *backend = *state;
    char program[4200], lockstep[4200];
    struct outside gdb, us, alone;
    snprintf(program, sizeof(program), "%s../programs/signal_basic.static", place);
    snprintf(lockstep, sizeof(lockstep), "%slockstep", place);
    if (!have_gdb(program)) skip();
    debug(backend, program,
          "set pagination off\nset confirm off\ncontinue\nwatch seen\ncontinue\ndelete\n"
          "handle all nostop noprint pass\nhandle SIGINT nostop noprint pass\n"
          "continue\nsignal SIGTRAP\nsignal SIGTRAP\n",
          &gdb, &us);
    if (!strstr(gdb.output.p, "received signal SIGHUP, Hangup") || !strstr(gdb.output.p, "New value = 1") ||
        !strstr(gdb.output.p, "exited normally"))
        fail_msg("gdb says:\n%s", gdb.output.p);
    const char *const argv[] = {lockstep, "exec", "--backend", backend, program, NULL};
    outside_run(argv, &alone);
    outside_compare(&alone, "no gdb", &us, "it with gdb");
    buf_free(&gdb.output);
    buf_free(&us.output);
    buf_free(&alone.output);
}

static void write_program(const char *name, const char *text)
{
    struct buf code = {0};
    struct asm_error err;
    struct elf_make m = elf_make_start(ET_EXEC);
    if (!guest_asm(guest_find("riscv64"), text, &code, &err)) fail_msg("%s: %s", text, err.message);
    elf_make_add(&m, PT_LOAD, PF_R | PF_X, 0x10000, code.p, code.len, code.len);
    m.h.e_entry = 0x10000;
    size_t n = elf_make_bytes(&m);
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0755);
    assert_true(fd >= 0 && write(fd, m.bytes, n) == (ssize_t)n);
    close(fd);
    buf_free(&code);
}

/* gdb follows into the program that is executed. */
static void test_exec(void **state)
{
    const char *backend = *state;
    char dir[] = "/tmp/lockstep-gdb-XXXXXX", command[64];
    struct outside gdb, us;
    if (access("/usr/bin/gdb-multiarch", X_OK)) skip();
    assert_non_null(mkdtemp(dir));
    assert_int_equal(chdir(dir), 0);
    write_program("first", "la a0, name; addi sp, sp, -16; sd a0, 0(sp); sd zero, 8(sp); mv a1, sp; li a2, 0;"
                           "li a7, 221; ecall; ebreak; name: .4byte 0x6f636573; .4byte 0x646e");
    write_program("second", "li a0, 4; li s1, 0x123; addi a0, a0, 5; li a7, 93; ecall");
    debug(backend, "./first",
          "set pagination off\ncatch exec\ncontinue\nstepi\nstepi\nprint/x $s1\nset var $a0 = 6\ncontinue\n",
          &gdb, &us);
    if (!strstr(gdb.output.p, "/second)") || !strstr(gdb.output.p, "$1 = 0x123") ||
        !strstr(gdb.output.p, "exited with code 013"))
        fail_msg("gdb says:\n%s", gdb.output.p);
    assert_true(WIFEXITED(us.status) && WEXITSTATUS(us.status) == 11);
    snprintf(command, sizeof(command), "rm -r %s", dir);
    assert_int_equal(chdir("/") | system(command), 0);
    buf_free(&gdb.output);
    buf_free(&us.output);
}

/* gdb goes away, politely and not: the program runs on to its end. */
static void test_leaving(void **state)
{
    const char *backend = *state;
    char program[4200];
    struct outside gdb, us;
    snprintf(program, sizeof(program), "%s../programs/control.static", place);
    if (!have_gdb(program)) skip();
    debug(backend, program, "detach\n", &gdb, &us);
    assert_true(WIFEXITED(us.status) && WEXITSTATUS(us.status) == 42);
    buf_free(&gdb.output);
    buf_free(&us.output);
    debug(backend, program, "break day\ncontinue\nshell kill -9 $PPID\n", &gdb, &us);
    assert_true(WIFEXITED(us.status));
    buf_free(&gdb.output);
    buf_free(&us.output);
}

int main(void)
{
    static const struct {
        const char *name;           /* of the test */
        void (*test)(void **state); /* the test */
    } all[] = {{"steps", test_steps},     {"changes", test_changes}, {"threads", test_threads},
               {"signals", test_signals}, {"exec", test_exec},       {"leaving", test_leaving}};
    struct CMUnitTest tests[32];
    char titles[32][48];
    unsigned n = 0;
    if (!outside_place(place, sizeof(place))) return 1;
    for (unsigned b = 0; backend_all[b]; b++)
        for (unsigned i = 0; i < ARRAY_LEN(all) && backend_all[b]->user && n < ARRAY_LEN(tests); i++, n++) {
            snprintf(titles[n], sizeof(titles[n]), "%s_%s", all[i].name, backend_all[b]->name);
            tests[n] = (struct CMUnitTest){.name = titles[n],
                                           .test_func = all[i].test,
                                           .initial_state = (void *)(uintptr_t)backend_all[b]->name};
        }
    return _cmocka_run_group_tests("gdb", tests, n, NULL, NULL);
}
