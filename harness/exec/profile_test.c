/* `lockstep exec --profile`: the second start is warm; a profile of another program, of an older one, or no
 * profile at all is said and changes nothing else.
 */
#include "engine/guest/guest.h"
#include "engine/user/elf_make.h"
#include "harness/exec/outside.h"

#include <sys/stat.h>

static char lockstep[4200];

/* A folder for one test, which is the current one. */
struct place {
    char dir[64];
    struct outside o; /* the last run */
};

static int enter(void **state)
{
    struct place *p = xcalloc(1, sizeof(*p));
    snprintf(p->dir, sizeof(p->dir), "/tmp/lockstep-profile-XXXXXX");
    if (!mkdtemp(p->dir) || chdir(p->dir)) return -1;
    *state = p;
    return 0;
}

static int leave(void **state)
{
    struct place *p = *state;
    char command[128];
    snprintf(command, sizeof(command), "rm -r %s", p->dir);
    buf_free(&p->o.output);
    int bad = chdir("/") | system(command);
    free(p);
    return bad;
}

static void write_file(const char *name, const void *bytes, size_t n)
{
    unlink(name);
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0700);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, n), n);
    close(fd);
}

static char *read_file(const char *name)
{
    struct buf b = {0};
    char chunk[4096];
    size_t n;
    FILE *f = fopen(name, "r");
    assert_non_null(f);
    while ((n = fread(chunk, 1, sizeof(chunk), f))) buf_add(&b, chunk, n);
    fclose(f);
    char *text = xstrdup(buf_cstr(&b));
    buf_free(&b);
    return text;
}

/* A program that loops for a while, with `step` in the loop, and ends with 7. */
static void write_rounds(const char *name, unsigned rounds, const char *step)
{
    struct buf text = {0}, code = {0};
    struct asm_error err;
    struct elf_make m = elf_make_start(ET_EXEC);
    buf_printf(&text,
               "li s0, %u; li s1, 0; loop: %s; andi t0, s0, 3; bnez t0, over; addi s2, s2, 1;"
               "over: addi s0, s0, -1; bnez s0, loop; li a0, 7; li a7, 93; ecall",
               rounds, step);
    if (!guest_asm(guest_find("riscv64"), buf_cstr(&text), &code, &err)) fail_msg("%s", err.message);
    elf_make_add(&m, PT_LOAD, PF_R | PF_X, 0x10000, code.p, code.len, code.len);
    m.h.e_entry = 0x10000;
    size_t n = elf_make_bytes(&m);
    write_file(name, m.bytes, n);
    buf_free(&code);
    buf_free(&text);
}

static void write_program(const char *name, const char *step)
{
    write_rounds(name, 2000000, step);
}

static void run(struct place *p, const char *program)
{
    const char *const argv[] = {lockstep, "exec", "--profile", "profile", "--stats", program, NULL};
    buf_free(&p->o.output);
    outside_run(argv, &p->o);
    if (p->o.status != 7 << 8) fail_msg("%s: status %#x\n%s", program, p->o.status, buf_cstr(&p->o.output));
}

static unsigned long stat_of(struct place *p, const char *name)
{
    const char *at = strstr(buf_cstr(&p->o.output), name);
    assert_non_null(at);
    return strtoul(at + strlen(name), NULL, 10);
}

/* The first line, if it is a complaint. */
static const char *complaint(struct place *p)
{
    char *text = p->o.output.p, *end = strchr(text, '\n');
    if (strncmp(text, "lockstep: ", 10) != 0 || !end) return "";
    *end = 0;
    const char *sentence = strstr(text, "profile: ");
    if (!sentence) sentence = strstr(text, "profile:");
    return sentence ? sentence : text;
}

static void test_second_start_is_warm(void **state)
{
    struct place *p = *state;
    write_program("program", "addi s1, s1, 3");
    run(p, "program");
    unsigned long interpreted = stat_of(p, "instructions interpreted: "),
                  samples = stat_of(p, "samples in blocks: ");
    assert_int_equal(stat_of(p, "regions from the profile: "), 0);
    assert_true(stat_of(p, "regions translated: ") && samples && interpreted > 100);
    run(p, "program");
    assert_true(stat_of(p, "regions from the profile: "));
    assert_true(stat_of(p, "instructions interpreted: ") < interpreted / 10);
    assert_int_equal(stat_of(p, "samples in blocks: "), 0);
    assert_true(stat_of(p, "samples in regions: "));
}

/* What runs too short for a region to be worth it gets none, once that is known. */
static void test_short_runs_get_no_regions(void **state)
{
    struct place *p = *state;
    write_rounds("program", 120000, "addi s1, s1, 3");
    run(p, "program");
    assert_true(stat_of(p, "regions translated: "));
    run(p, "program");
    assert_int_equal(stat_of(p, "regions translated: "), 0);
    write_program("program", "addi s1, s1, 3"); /* differs in a number only, but is another file */
    run(p, "program");
    assert_true(stat_of(p, "regions translated: "));
}

static void test_stale(void **state)
{
    struct place *p = *state;
    write_program("program", "addi s1, s1, 3");
    run(p, "program");
    write_program("program", "addi s1, s1, 5; addi s3, s3, 1");
    run(p, "program");
    assert_int_equal(stat_of(p, "regions from the profile: "), 0);
    assert_non_null(strstr(complaint(p),
                           "/program is another file than it was; what the profile says of it is not used"));
    run(p, "program"); /* it was made anew */
    assert_string_equal(complaint(p), "");
    assert_true(stat_of(p, "regions from the profile: "));
}

static void test_foreign(void **state)
{
    struct place *p = *state;
    write_program("program", "addi s1, s1, 3");
    write_program("other", "addi s1, s1, 4");
    run(p, "program");
    char *before = read_file("profile");
    run(p, "other");
    char *after = read_file("profile");
    assert_string_equal(before, after);
    assert_int_equal(stat_of(p, "regions from the profile: "), 0);
    const char *said = complaint(p);
    assert_non_null(strstr(said, "profile: is a profile of "));
    assert_non_null(strstr(said, "/program; it is not used, and left as it is"));
    free(before);
    free(after);
}

#define HEAD      "lockstep profile 1\n"
#define FILE_LINE "file 1 /bin/true\n"

static void test_bad_files(void **state)
{
    static const struct {
        const char *text, *complaint;
    } bad[] = {
        {"", "profile:1: not a profile of lockstep's"},
        {"\n", "profile:1: not a profile of lockstep's"},
        {"lockstep profile 2\n", "profile:1: not a profile of lockstep's"},
        {"\x7f"
         "ELF",
         "profile:1: not a profile of lockstep's"},
        {HEAD "file 1 /bin/true", "profile:2: ends in the middle of a line"},
        {HEAD "\n", "profile:2: neither 'file' nor 'hot'"},
        {HEAD "file /bin/true\n", "profile:2: not 'file ID /PATH'"},
        {HEAD "file 1 true\n", "profile:2: not 'file ID /PATH'"},
        {HEAD "file 11111111111111111 /bin/true\n", "profile:2: not 'file ID /PATH'"},
        {HEAD "hot 1 0 0 0:0\n", "profile:2: not 'hot HEAT MODE CODE FILE:OFFSET …'"}, /* of no file */
        {HEAD FILE_LINE "hot 1 0 0 1:0\n", "profile:3: not 'hot HEAT MODE CODE FILE:OFFSET …'"},
        {HEAD FILE_LINE "hot 1 0 0 0:0 \n", "profile:3: not 'hot HEAT MODE CODE FILE:OFFSET …'"},
        {HEAD FILE_LINE "hot 1 0 0 0:0 0:0+0\n", "profile:3: not 'hot HEAT MODE CODE FILE:OFFSET …'"},
        {HEAD FILE_LINE "hot 1 0 0 0:0 0:0+65536\n", "profile:3: not 'hot HEAT MODE CODE FILE:OFFSET …'"},
        {HEAD FILE_LINE "hot 1 0 0 0:0 0:0+1*0\n", "profile:3: not 'hot HEAT MODE CODE FILE:OFFSET …'"},
        {HEAD FILE_LINE "hot -1 0 0 0:0\n", "profile:3: not 'hot HEAT MODE CODE FILE:OFFSET …'"},
        {HEAD FILE_LINE "hot 4294967296 0 0 0:0\n", "profile:3: not 'hot HEAT MODE CODE FILE:OFFSET …'"},
        {HEAD FILE_LINE "hot 1 0 0 0:0\nhot 2 0 0 0:0\n", "profile:5: two lines for one place"},
    };
    struct place *p = *state;
    write_program("program", "addi s1, s1, 3");
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        char expected[256];
        write_file("profile", bad[i].text, strlen(bad[i].text));
        run(p, "program");
        snprintf(expected, sizeof(expected), "%s; it is not used, and left as it is", bad[i].complaint);
        if (strcmp(complaint(p), expected))
            fail_msg("%s\n%s\nexpected: %s", bad[i].text, complaint(p), expected);
        char *after = read_file("profile");
        assert_string_equal(after, bad[i].text);
        free(after);
    }
    write_file("profile", HEAD "\0", sizeof(HEAD));
    run(p, "program");
    assert_string_equal(complaint(p),
                        "profile:1: there are zero bytes in it; it is not used, and left as it is");
    unlink("profile");
    assert_int_equal(mkdir("profile", 0755), 0);
    run(p, "program");
    assert_string_equal(complaint(p), "profile: not a file; it is not used, and left as it is");
}

/* Any byte of a good one changed: whatever it says then, the program does the same. */
static void test_changed_bytes(void **state)
{
    struct place *p = *state;
    struct rng rng = {5};
    write_program("program", "addi s1, s1, 3");
    run(p, "program");
    char *good = read_file("profile");
    size_t n = strlen(good);
    for (int i = 0; i < 100; i++) {
        char *text = xstrdup(good);
        for (uint64_t k = 1 + rng_below(&rng, 3); k; k--)
            text[rng_below(&rng, n)] = "0123456789abcdef:+* \n"[rng_below(&rng, 21)];
        write_file("profile", text, rng_below(&rng, 8) ? n : rng_below(&rng, n));
        run(p, "program");
        free(text);
    }
    free(good);
}

int main(void)
{
    char place[4096];
    if (!outside_place(place, sizeof(place))) return 1;
    snprintf(lockstep, sizeof(lockstep), "%slockstep", place);
#define TEST(t) cmocka_unit_test_setup_teardown(t, enter, leave)
    const struct CMUnitTest tests[] = {TEST(test_second_start_is_warm),
                                       TEST(test_short_runs_get_no_regions),
                                       TEST(test_stale),
                                       TEST(test_foreign),
                                       TEST(test_bad_files),
                                       TEST(test_changed_bytes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
