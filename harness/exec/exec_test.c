/* `lockstep exec` with what goes wrong: what is no program, what has no room, and programs that do what no
 * program should. Each is a sentence and a status, or the signal that a kernel would send; lockstep itself
 * never crashes. The programs are assembled here, so that nothing but lockstep is needed.
 */
#include "engine/user/elf_make.h"
#include "harness/commands/program.h"
#include "harness/testing.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { TEXT = 0x10000, DATA = 0x20000 };

#define EXIT(status) "li a0, " #status "; li a7, 93; ecall;"

/* A folder for one test, and how the last command ended. */
struct place {
    char dir[64];        /* the current folder */
    char out[4096];      /* its standard output */
    char err[4096];      /* its standard error */
    int status, signal;  /* as waitpid has it; one of them is 0 */
    const char *backend; /* of the command */
    struct rlimit limit; /* RLIMIT_AS of the command, when rlim_cur is not 0 */
};

static int enter(void **state)
{
    struct place *p = xcalloc(1, sizeof(*p));
    snprintf(p->dir, sizeof(p->dir), "/tmp/lockstep-exec-XXXXXX");
    p->backend = "auto";
    if (!mkdtemp(p->dir) || chdir(p->dir)) return -1;
    *state = p;
    return 0;
}

static int leave(void **state)
{
    struct place *p = *state;
    char command[128];
    snprintf(command, sizeof(command), "rm -r %s", p->dir);
    int bad = chdir("/") | system(command);
    free(p);
    return bad;
}

static void write_file(const char *name, const void *bytes, size_t n, unsigned mode)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, n), n);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void write_elf(const char *name, struct elf_make *m)
{
    size_t n = elf_make_bytes(m);
    write_file(name, m->bytes, n, 0755);
}

/* Assembled code at TEXT, which can be written too, and 8 KiB of zeroes at DATA. */
static struct elf_make assembled(const char *text)
{
    struct buf code = {0};
    struct asm_error err;
    struct elf_make m = elf_make_start(ET_EXEC);
    if (!guest_asm(guest_find("riscv64"), text, &code, &err)) fail_msg("%s: %s", text, err.message);
    elf_make_add(&m, PT_LOAD, PF_R | PF_W | PF_X, TEXT, code.p, code.len, code.len);
    elf_make_add(&m, PT_LOAD, PF_R | PF_W, DATA, "", 0, 8192);
    m.h.e_entry = TEXT;
    buf_free(&code);
    return m;
}

static void write_program(const char *name, const char *text)
{
    struct elf_make m = assembled(text);
    write_elf(name, &m);
}

static void read_back(const char *name, char *to, size_t size)
{
    FILE *f = fopen(name, "r");
    assert_non_null(f);
    to[fread(to, 1, size - 1, f)] = 0;
    fclose(f);
}

/* Runs `lockstep exec` with words separated by '|', in a process of its own. */
static void exec(struct place *p, const char *words)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (!pid) {
        const char *argv[32] = {"lockstep", "exec", "--backend", p->backend};
        int argc = 4;
        for (char *w = strtok(xstrdup(words), "|"); w; w = strtok(NULL, "|")) argv[argc++] = w;
        if (!freopen("out", "w", stdout) || !freopen("err", "w", stderr)) _exit(99);
        setvbuf(stderr, NULL, _IONBF, 0);
        if (p->limit.rlim_cur) setrlimit(RLIMIT_AS, &p->limit);
        exit(program_main(argc, argv, stdout, stderr, backend_all));
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    p->status = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    p->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    read_back("out", p->out, sizeof(p->out));
    read_back("err", p->err, sizeof(p->err));
}

static const struct backend *const *next_user(const struct backend *const *b)
{
    while (*b && (!(*b)->user || backend_cannot_run(*b))) b++;
    return b;
}

#define EACH_BACKEND(p)                                                                              \
    for (const struct backend *const *b = next_user(backend_all); *b && ((p)->backend = (*b)->name); \
         b = next_user(b + 1))

static void expect(struct place *p, const char *words, int status, const char *err)
{
    EACH_BACKEND(p)
    {
        exec(p, words);
        if (p->status != status || p->signal || strcmp(p->err, err))
            fail_msg("%s on %s: status %d signal %d, expected %d\n%s--- expected:\n%s", words, p->backend,
                     p->status, p->signal, status, p->err, err);
    }
}

static void expect_signal(struct place *p, const char *words, int signal)
{
    EACH_BACKEND(p)
    {
        exec(p, words);
        if (p->signal != signal || *p->err)
            fail_msg("%s on %s: signal %d status %d, expected %d\n%s", words, p->backend, p->signal,
                     p->status, signal, p->err);
    }
}

static void test_runs(void **state)
{
    write_program("ok", EXIT(42));
    expect(*state, "ok", 42, "");
    expect(*state, "ok|--limit|x|--", 42, ""); /* what follows is the program's */
    expect(*state, "--|ok", 42, "");
    expect(*state, "--backend|interp|ok", 42, "");
    expect(*state, "--limit|1000|ok", 42, "");
    expect(*state, "-s|64K|ok", 42, "");
    write_program("stack", "addi sp, sp, -16; li a0, 0; li a1, 3; li a2, 0; mv a3, sp; li a7, 261; ecall;"
                           "ld a0, 0(sp); srli a0, a0, 16; li a7, 93; ecall");
    expect(*state, "-s|384K|stack", 6, ""); /* what prlimit64 says */
}

static void test_usage(void **state)
{
    static const char *const bad[][2] = {
        {"", "lockstep: usage: lockstep exec [OPTION...] PROGRAM [ARG...]\n"},
        {"--stacksize|1|ok", "lockstep: unknown option '--stacksize'; did you mean '--stack-size'?\n"},
        {"--stack-size|8Q|ok", "lockstep: --stack-size wants a number, not '8Q'\n"},
        {"--stack-size|99999999999G|ok", "lockstep: --stack-size wants a number, not '99999999999G'\n"},
        {"--stack-size|65G|ok", "lockstep: --stack-size wants a number from 0 to 68719476736, not '65G'\n"},
        {"--backend|inter|ok", "lockstep: unknown backend for programs 'inter'; did you mean 'interp'?\n"},
        {"--env|X|ok", "lockstep: --env wants VAR=VALUE, not 'X'\n"},
        {"--env|=X|ok", "lockstep: --env wants VAR=VALUE, not '=X'\n"},
        {"--unset|X=1|ok", "lockstep: --unset wants VAR, not 'X=1'\n"},
        {"--stack-size|1|ok", "lockstep: --stack-size wants 16K at least, for arguments and environment\n"},
        {"--gdb|x|ok", "lockstep: --gdb: 'x' is not PORT or ADDRESS:PORT\n"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) expect(*state, bad[i][0], STATUS_USAGE, bad[i][1]);
}

static void test_no_program(void **state)
{
    struct elf_make m = assembled(EXIT(0));
    m.h.e_machine = EM_X86_64;
    write_elf("x86", &m);
    m = assembled(EXIT(0));
    m.ph[1].p_vaddr = TEXT;
    write_elf("overlap", &m);
    m = assembled(EXIT(0));
    m.size = 30;
    write_elf("short", &m);
    write_file("text", "hello\n", 6, 0755);
    write_file("plain", "hello\n", 6, 0644);
    mkdir("dir", 0755);
    assert_int_equal(mkfifo("pipe", 0755), 0);
    expect(*state, "nothing", 127, "lockstep: nothing: No such file or directory\n");
    expect(*state, "plain/x", 127, "lockstep: plain/x: Not a directory\n");
    expect(*state, "plain", 126, "lockstep: plain: nobody may execute it (chmod +x?)\n");
    exec(*state, "dir");
    assert_int_equal(((struct place *)*state)->status, 126);
    assert_non_null(strstr(((struct place *)*state)->err, "/dir: is a folder\n"));
    static const char *const bad[][2] = {
        {"pipe", "/pipe: is not a regular file\n"},
        {"x86", "/x86: is for x86_64, not riscv64\n"},
        {"text", "/text: not an ELF file\n"},
        {"short", "/short: ends in the middle of its headers\n"},
        {"overlap", "/overlap: segment 1 overlaps the one before it, or stands below it\n"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct buf err = {0};
        buf_printf(&err, "lockstep: %s%s", ((struct place *)*state)->dir, bad[i][1]);
        expect(*state, bad[i][0], 126, err.p);
        buf_free(&err);
    }
}

static void test_interpreters(void **state)
{
    struct place *p = *state;
    struct buf err = {0};
    struct elf_make m = assembled(EXIT(0));
    elf_make_add(&m, PT_INTERP, PF_R, 0, "/lib/ld-no.so", 14, 14);
    write_elf("dynamic", &m);
    buf_printf(&err,
               "lockstep: %s/dynamic: needs the dynamic linker /lib/ld-no.so, which is not at /lib/ld-no.so; "
               "give its folder with -L\n",
               p->dir);
    expect(p, "dynamic", 127, err.p);
    buf_reset(&err);
    buf_printf(&err,
               "lockstep: %s/dynamic: needs the dynamic linker /lib/ld-no.so, which is not at "
               "root/lib/ld-no.so; give its folder with -L\n",
               p->dir);
    expect(p, "-L|root|dynamic", 127, err.p);
    mkdir("root", 0755);
    mkdir("root/lib", 0755);
    write_file("root/lib/ld-no.so", "hello\n", 6, 0755);
    buf_reset(&err);
    buf_printf(&err, "lockstep: root/lib/ld-no.so: not an ELF file (the dynamic linker of %s/dynamic)\n",
               p->dir);
    expect(p, "-L|root|dynamic", 126, err.p);
    m = assembled(EXIT(3)); /* any program can take the linker's place */
    m.h.e_type = ET_DYN;
    m.ph[0].p_vaddr = 0;
    m.ph[1].p_vaddr = 0x10000;
    m.h.e_entry = 0;
    write_elf("root/lib/ld-no.so", &m);
    expect(p, "-L|root|dynamic", 3, "");
    buf_free(&err);
}

static void test_scripts(void **state)
{
    struct place *p = *state;
    struct buf text = {0};
    write_program("count", "ld a0, (sp); li a7, 93; ecall"); /* argc */
    buf_printf(&text, "#! %s/count  two words \nrest\n", p->dir);
    write_file("script", text.p, text.len, 0755);
    expect(p, "script", 3, "");
    expect(p, "script|a|b", 5, "");
    write_file("none", "#!  \n", 5, 0755);
    expect(p, "none", 126, "lockstep: none: names no interpreter\n");
    write_file("gone", "#!/nowhere/sh\n", 14, 0755);
    expect(p, "gone", 127, "lockstep: /nowhere/sh: No such file or directory (the interpreter of gone)\n");
    buf_reset(&text);
    buf_printf(&text, "#!%s/self\n", p->dir);
    write_file("self", text.p, text.len, 0755);
    buf_reset(&text);
    buf_printf(&text, "lockstep: %s/self: too many interpreters of interpreters\n", p->dir);
    expect(p, "self", 126, text.p);
    buf_free(&text);
}

static void test_environment(void **state)
{
    struct place *p = *state;
    /* prints everything from argv[0]'s string up to the top of the stack */
    write_program("strings",
                  "ld a1, 8(sp); li a2, 0x3ffffff000; sub a2, a2, a1; li a0, 1; li a7, 64; ecall;" EXIT(0));
    setenv("LOCKSTEP_TEST", "host", 1);
    exec(p, "-E|NEW=1|-E|LOCKSTEP_TEST=guest|-E|NEW=2|-0|called|strings|-E|x");
    assert_int_equal(p->status, 0);
    assert_memory_equal(p->out, "called\0-E\0x\0", 12);
    struct buf all = {0};
    for (size_t i = 0; i < sizeof(p->out); i += strlen(p->out + i) + 1)
        if (p->out[i]) buf_printf(&all, "|%s|", p->out + i);
    assert_non_null(strstr(buf_cstr(&all), "|NEW=2|"));
    assert_null(strstr(buf_cstr(&all), "|NEW=1|"));
    assert_non_null(strstr(buf_cstr(&all), "|LOCKSTEP_TEST=guest|"));
    assert_null(strstr(buf_cstr(&all), "|LOCKSTEP_TEST=host|"));
    buf_free(&all);
    exec(p, "-U|LOCKSTEP_TEST|strings");
    assert_null(memmem(p->out, sizeof(p->out), "LOCKSTEP_TEST", 13));
}

static void test_signals(void **state)
{
    static const struct {
        const char *text;
        int signal;
    } bad[] = {
        {"li t0, 0x123456000; jr t0", SIGSEGV},    /* nowhere */
        {"li t0, 0x123456789000; jr t0", SIGSEGV}, /* outside of the address space */
        {"li t0, -4096; jr t0", SIGSEGV},
        {"jr zero", SIGSEGV},
        {"li t0, 0x20000; jr t0", SIGSEGV}, /* data */
        {"ld a0, (zero)", SIGSEGV},
        {"li a0, -8; ld a0, (a0)", SIGSEGV},
        {"li a0, 0x4000000000; sd a0, (a0)", SIGSEGV},
        {"li a0, 0x3ffffffffd; sd a0, (a0)", SIGSEGV}, /* across the end */
        {"li t0, 0x22000; sd t0, -4(t0)", SIGSEGV},    /* half of it */
        {".4byte 0", SIGILL},
        {".2byte 0", SIGILL},
        {"csrr a0, mstatus", SIGILL},
        {"ebreak", SIGTRAP},
        {"loop: addi sp, sp, -2048; sd zero, (sp); j loop", SIGSEGV}, /* out of stack */
        {"loop: addi sp, sp, -16; sd ra, (sp); jal ra, loop", SIGSEGV},
        {"li a7, 172; ecall; li a1, 15; li a7, 129; ecall; loop: j loop", SIGTERM}, /* by its own hand */
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        write_program("bad", bad[i].text);
        expect_signal(*state, "bad", bad[i].signal);
    }
}

/* Maps ever smaller pieces until the kernel gives nothing more; every one must be writable. */
static void test_maps_everything(void **state)
{
    write_program("greedy",
                  "li s0, 0x2000000000; li s2, 4096; li s4, 1000;"
                  "again: li a0, 0; mv a1, s0; li a2, 3; li a3, 0x4022; li a4, -1; li a5, 0; li a7, 222; "
                  "ecall;"
                  "li t0, -4096; bgeu a0, t0, smaller; sd s0, (a0); addi s4, s4, -1; bnez s4, again;"
                  "smaller: li s4, 1000; srli s0, s0, 1; bgeu s0, s2, again;"
                  "addi a0, a0, 12; li a7, 93; ecall");
    expect(*state, "greedy", 0, "");
    /* borders: every second page */
    write_program("borders",
                  "li s0, 0x40000000; li s1, 0x2000; li s3, 200000;"
                  "again: mv a0, s0; li a1, 4096; li a2, 1; li a3, 0x32; li a4, -1; li a5, 0; li a7, 222; "
                  "ecall; li t0, -4096; bgeu a0, t0, done; add s0, s0, s1; addi s3, s3, -1; bnez s3, again;"
                  "done: addi a0, a0, 12; li a7, 93; ecall");
    expect(*state, "borders", 0, "");
}

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

static void test_no_memory(void **state)
{
    struct place *p = *state;
#ifdef SANITIZED
    skip(); /* its own memory is in the way */
#endif
    write_program("ok", EXIT(0));
    p->limit = (struct rlimit){1ull << 30, 1ull << 30};
    expect(p, "ok", 125,
           "lockstep: the host does not give 256 GiB of address space for the guest (ulimit -v?)\n");
}

/* An instruction that lockstep has not got is a machine's that has not got it; and it is said, once. */
static void test_absent(void **state)
{
    struct place *p = *state;
    write_program("wait", "nop; wfi");
    /* a handler that goes on behind the instruction; si_code and si_addr are the status */
    /* a handler that goes on behind the instruction; what it was told becomes the status */
    write_program("probe", "li s0, 0x20000; la t0, handler; sd t0, (s0); li t0, 4; sd t0, 8(s0);"
                           "li a0, 4; mv a1, s0; li a2, 0; li a3, 8; li a7, 134; ecall; li s0, 3;"
                           "again: wfi; addi s0, s0, -1; bnez s0, again; mv a0, s1; li a7, 93; ecall;"
                           "handler: ld t0, 16(a1); ld t1, 176(a2); sub t0, t0, t1; lw t1, 8(a1);"
                           "addi t1, t1, 40; add s1, t0, t1; ld t0, 176(a2); addi t0, t0, 4; sd t0, 176(a2);"
                           "sd s1, 248(a2); li a7, 139; ecall");
    EACH_BACKEND(p)
    {
        exec(p, "wait");
        assert_int_equal(p->signal, SIGILL);
        assert_string_equal(p->err,
                            "lockstep: at 0x10004: 'wfi' (S) is not done yet: the program gets SIGILL\n");
        exec(p, "probe");
        assert_int_equal(p->status, 40 + ILL_ILLOPC);
        char *line = strchr(p->err, '\n');
        assert_true(line && !line[1]); /* one line for three times */
    }
}

static void test_limit(void **state)
{
    write_program("loop", "loop: addi a0, a0, 1; j loop");
    expect(*state, "--limit|100001|loop", 124, "");
    write_program("three", "li a0, 5; li a7, 93; ecall");
    expect(*state, "--limit|3|three", 5, "");
    expect(*state, "--limit|2|three", 124, "");
}

static void test_trace(void **state)
{
    struct place *p = *state;
    write_program("trace", "li a0, 5; c.li a1, 1; beq a1, zero, .+8; sd a0, (zero)");
    exec(p, "--trace|trace");
    assert_int_equal(p->signal, SIGSEGV);
    assert_string_equal(p->err, "   10000  00500513  addi a0, zero, 5                 a0=0x5\n"
                                "   10004  4585      c.li a1, 1                       a1=0x1\n"
                                "   10006  00058463  beq a1, zero, .+8\n"
                                "   1000a  00a03023  sd a0, 0(zero)                   store-access 0\n");
    EACH_BACKEND(p)
    {
        exec(p, "--stats|trace");
        assert_non_null(strstr(p->err, "guest instructions: 3\n"));
        assert_non_null(
            strstr(p->err, !strcmp(p->backend, "jit") ? "blocks translated: " : "blocks decoded: "));
    }
}

#define SHOW(n) "li a0, 1; li a1, 0x20000; li a2, " #n "; li a7, 64; ecall;"

/* With --seed, what the kernel gives at random is the same in every run; parent and child get their own. */
static void test_seed(void **state)
{
    struct place *p = *state;
    char first[sizeof(p->out)];
    write_program("random",
                  "li a0, 0x20000; li a1, 601; li a2, 0; li a7, 278; ecall; mv s0, a0;" SHOW(
                      601) "li a0, 1; mv a1, sp; li a2, 0x3ffffff000; sub a2, a2, sp; li a7, 64; ecall;"
                           "mv a0, s0; li a7, 93; ecall");
    EACH_BACKEND(p)
    {
        exec(p, "--seed|7|random");
        assert_int_equal(p->status, 601 & 255);
        memcpy(first, p->out, sizeof(first));
        exec(p, "--seed|7|random");
        assert_memory_equal(first, p->out, sizeof(first));
        exec(p, "--seed|8|random");
        assert_memory_not_equal(first, p->out, 601);
        assert_memory_not_equal(first + 601, p->out + 601, sizeof(first) - 601); /* AT_RANDOM's bytes */
        exec(p, "random");
        assert_memory_not_equal(first, p->out, 601);
        assert_memory_not_equal(first + 601, p->out + 601, sizeof(first) - 601);
    }
    write_program("flags",
                  "li a0, 0x20000; li a1, 8; li a2, 6; li a7, 278; ecall; neg a0, a0; li a7, 93; ecall");
    expect(p, "--seed|0|flags", EINVAL, "");
    write_program("edge",
                  "li a0, 0x21ff8; li a1, 800; li a2, 0; li a7, 278; ecall; neg a0, a0; li a7, 93; ecall");
    expect(p, "--seed|0|edge", EFAULT, "");
    write_program("family", "li a0, 17; li a1, 0; li a2, 0; li a3, 0; li a4, 0; li a7, 220; ecall; mv s0, a0;"
                            "beqz a0, draw; li a0, -1; li a1, 0; li a2, 0; li a3, 0; li a7, 260; ecall;"
                            "draw: li a0, 0x20000; li a1, 8; li a2, 0; li a7, 278; ecall;" SHOW(8) EXIT(0));
    exec(p, "--seed|1|family");
    memcpy(first, p->out, 16);
    assert_memory_not_equal(first, first + 8, 8);
    exec(p, "--seed|1|family");
    assert_memory_equal(first, p->out, 16);
}

/* What --state prints: registers, counters, each area; the same areas and contents have the same hash. */
static void test_state(void **state)
{
    struct place *p = *state;
    write_program("state", "li a0, 5; li t0, 0x20008; sd a0, (t0); .2byte 0");
    write_program("zero", "li a0, 0; li t0, 0x20008; sd a0, (t0); .2byte 0");
    EACH_BACKEND(p)
    {
        char line[128];
        exec(p, "--state|state");
        assert_int_equal(p->signal, SIGILL);
        assert_non_null(strstr(p->err, "instructions 4\n"));
        assert_non_null(strstr(p->err, "\na0 0x5\n"));
        assert_non_null(strstr(p->err, "\npc 0x10010\n"));
        assert_null(strstr(p->err, "mtvec"));
        char *data = strstr(p->err, "memory 0000020000-0000022000 rw-p ");
        assert_non_null(data);
        snprintf(line, sizeof(line), "%.*s", (int)strcspn(data, "\n"), data);
        exec(p, "--state|--limit|3|state");
        assert_int_equal(p->status, 124);
        assert_non_null(strstr(p->err, "memory 0000020000-0000022000 rw-p 0000000000000000\n"));
        exec(p, "--state|--limit|4|state");
        assert_non_null(strstr(p->err, line));
        exec(p, "--state|zero");
        assert_non_null(strstr(p->err, "memory 0000020000-0000022000 rw-p 0000000000000000\n"));
    }
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, enter, leave)
    const struct CMUnitTest tests[] = {
        TEST(test_runs),    TEST(test_usage),       TEST(test_no_program), TEST(test_interpreters),
        TEST(test_scripts), TEST(test_environment), TEST(test_signals),    TEST(test_maps_everything),
        TEST(test_seed),    TEST(test_state),       TEST(test_no_memory),  TEST(test_limit),
        TEST(test_absent),  TEST(test_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
