/* `lockstep exec --stats`: the time by tier is where it must be, in programs that are in one place. */
#include "engine/user/elf_make.h"
#include "harness/exec/outside.h"

#include <sys/stat.h>

enum { TEXT = 0x10000 };

static char lockstep[4200];

/* Loops until it is ended from outside. */
static const char loop[] = "loop: add a0, a0, a1; xor a1, a1, a0; slli a2, a0, 3; add a1, a1, a2; j loop";
/* The same with a system call after every 30 000 instructions. */
static const char calls[] = "again: li a4, 7500; loop: add a0, a0, a1; xor a1, a1, a0; addi a4, a4, -1;"
                            "bnez a4, loop; li a7, 173; ecall; j again";
/* Sleeps for 0.2 s, and ends. */
static const char sleeps[] = "addi sp, sp, -16; li a0, 200000000; sd zero, 0(sp); sd a0, 8(sp); mv a0, sp;"
                             "li a1, 0; li a7, 101; ecall; li a0, 0; li a7, 93; ecall";

static void write_program(const char *text)
{
    struct buf code = {0};
    struct asm_error err;
    struct elf_make m = elf_make_start(ET_EXEC);
    if (!guest_asm(guest_find("riscv64"), text, &code, &err)) fail_msg("%s: %s", text, err.message);
    elf_make_add(&m, PT_LOAD, PF_R | PF_X, TEXT, code.p, code.len, code.len);
    m.h.e_entry = TEXT;
    size_t n = elf_make_bytes(&m);
    FILE *f = fopen("program", "w");
    assert_non_null(f);
    assert_int_equal(fwrite(m.bytes, 1, n, f), n);
    fclose(f);
    assert_int_equal(chmod("program", 0755), 0);
    buf_free(&code);
}

/* The per cent of time that the line of this name has; all lines together are all of it. */
static double share(const struct outside *o, const char *name)
{
    const char *table = strstr(buf_cstr(&o->output), "time by tier, of ");
    double sum = 0, found = -1;
    for (const char *line = table ? strchr(table, '\n') + 1 : ""; *line; line = strchr(line, '\n') + 1) {
        char what[64];
        double seconds, percent;
        if (sscanf(line, "  %63[^0-9] %lf s %lf %%", what, &seconds, &percent) != 3)
            fail_msg("not a line of the table: %s", line);
        sum += percent;
        if (!strncmp(what, name, strlen(name))) found = percent;
    }
    if (found < 0) fail_msg("no line '%s' in\n%s", name, table);
    if (sum < 97 || sum > 103) fail_msg("%.1f per cent in all:\n%s", sum, table);
    return found;
}

static void expect_most(const char *text, const char *limit, const char *option, const char *value,
                        const char *name)
{
    const char *const argv[] = {lockstep, "exec", "--stats",   "--limit", limit,
                                option,   value,  "./program", NULL};
    struct outside o;
    write_program(text);
    outside_run(argv, &o);
    if (share(&o, name) < 60) fail_msg("not in '%s':\n%s", name, buf_cstr(&o.output));
    buf_free(&o.output);
}

static void test_tiers(void **state)
{
    expect_most(loop, "1000000000", "--backend", "jit", "second tier, its code");
    expect_most(loop, "1000000000", "--hot", "4294967295", "first tier, its code");
    expect_most(loop, "30000000", "--backend", "interp", "interpreter");
}

/* Slices are longer than what runs between two system calls. */
static void test_calls(void **state)
{
    expect_most(calls, "200000000", "--backend", "jit", "second tier, its code");
}

static void test_waiting(void **state)
{
    expect_most(sleeps, "1000", "--backend", "jit", "system calls");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tiers),
        cmocka_unit_test(test_calls),
        cmocka_unit_test(test_waiting),
    };
    char dir[] = "/tmp/lockstep-stats-XXXXXX", command[64];
    if (!outside_place(lockstep, sizeof(lockstep) - sizeof("lockstep")) || !mkdtemp(dir) || chdir(dir))
        return 1;
    strcat(lockstep, "lockstep");
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    snprintf(command, sizeof(command), "rm -r %s", dir);
    return failed | chdir("/") | system(command);
}
