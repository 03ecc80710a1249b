/* What a program finds on its stack, read as a program reads it. */
#include "engine/user/space.h"

#include <elf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

enum { SIZE = 1 << 20 };

struct fixture {
    struct user_abi abi;
    struct user_options opt;
    struct user_process p;
    struct user_thread t;
    struct buf why;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    f->abi = (struct user_abi){.hwcap = 0x112d, .reg_sp = 2, .sigframe_min = 1088, .platform = "plat"};
    f->opt.program = "./prog";
    f->p.guest = guest_find("riscv64");
    f->p.abi = &f->abi;
    f->p.opt = &f->opt;
    f->p.image = (struct user_image){.entry = 0x11110, .phdr = 0x10040, .phent = 56, .phnum = 3};
    if (space_open(&f->p, SIZE)) return -1;
    f->t = (struct user_thread){.p = &f->p, .cpu = vcpu_new(f->p.guest, &f->p.mem)};
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    vcpu_free(f->t.cpu);
    space_close(&f->p);
    buf_free(&f->why);
    free(f);
    return 0;
}

static int build(struct fixture *f, const char *const *argv, const char *const *envp)
{
    f->p.argv = (char **)argv;
    f->opt.envp = (char *const *)envp;
    return stack_build(&f->t, &f->why);
}

static uint64_t word(struct fixture *f, uint64_t *at)
{
    uint64_t v;
    memcpy(&v, mem_host(&f->p.mem, *at), sizeof(v));
    *at += sizeof(v);
    return v;
}

static void check_string(struct fixture *f, uint64_t at, const char *s)
{
    assert_in_range(at, f->p.space.stack_low, f->p.space.stack_top - 8);
    assert_string_equal((char *)mem_host(&f->p.mem, at), s);
}

static uint64_t aux(struct fixture *f, uint64_t type)
{
    for (uint64_t at = f->p.auxv;;) {
        uint64_t t = word(f, &at), v = word(f, &at);
        if (t == type) return v;
        if (t == AT_NULL) fail_msg("no %lu in the auxiliary vector", type);
    }
}

static void test_layout(void **state)
{
    struct fixture *f = *state;
    const char *argv[] = {"one", "", "three", NULL}, *envp[] = {"A=b", "C=", NULL};
    assert_int_equal(build(f, argv, envp), 0);
    uint64_t at = f->t.cpu->state[2];
    assert_int_equal(at % 16, 0);
    assert_int_equal(word(f, &at), 3);
    for (int i = 0; i < 3; i++) check_string(f, word(f, &at), argv[i]);
    assert_int_equal(word(f, &at), 0);
    for (int i = 0; i < 2; i++) check_string(f, word(f, &at), envp[i]);
    assert_int_equal(word(f, &at), 0);
    assert_int_equal(at, f->p.auxv);
    assert_int_equal(aux(f, AT_HWCAP), 0x112d);
    assert_int_equal(aux(f, AT_PAGESZ), 4096);
    assert_int_equal(aux(f, AT_PHDR), 0x10040);
    assert_int_equal(aux(f, AT_PHENT), 56);
    assert_int_equal(aux(f, AT_PHNUM), 3);
    assert_int_equal(aux(f, AT_ENTRY), 0x11110);
    assert_int_equal(aux(f, AT_BASE), 0);
    assert_int_equal(aux(f, AT_UID), getuid());
    assert_int_equal(aux(f, AT_SECURE), 0);
    assert_int_equal(aux(f, AT_MINSIGSTKSZ), 1088);
    check_string(f, aux(f, AT_EXECFN), "./prog");
    check_string(f, aux(f, AT_PLATFORM), "plat");
    const uint64_t *random = mem_host(&f->p.mem, aux(f, AT_RANDOM));
    assert_true(random[0] && random[1]);
    assert_int_equal(f->t.cpu->state[f->p.guest->pc_word], 0x11110);
    assert_true(space_mapped(&f->p, f->p.space.stack_low));
    assert_false(space_mapped(&f->p, f->p.space.stack_low - 1));
}

/* The dynamic linker runs first, and is told where it is and where the program begins. */
static void test_dynamic(void **state)
{
    struct fixture *f = *state;
    const char *none[] = {NULL};
    f->p.interp = (struct user_image){.base = 0x3000000, .entry = 0x3000100};
    f->p.image.exec_stack = true;
    assert_int_equal(build(f, none, none), 0);
    assert_int_equal(aux(f, AT_BASE), 0x3000000);
    assert_int_equal(aux(f, AT_ENTRY), 0x11110);
    assert_int_equal(f->t.cpu->state[f->p.guest->pc_word], 0x3000100);
    assert_true(f->p.mem.pages[f->p.space.stack_low >> CPU_PAGE_BITS] & CPU_EXEC);
}

/* A quarter of the stack is for strings and the pointers to them; one string is at most 128 KiB. */
static void test_too_long(void **state)
{
    struct fixture *f = *state;
    const char *none[] = {NULL}, *one[] = {NULL, NULL}, *many[SIZE / 4 / 16 + 1] = {NULL};
    char *x = calloc(1, 131073);
    one[0] = memset(x, 'x', 131071);
    assert_int_equal(build(f, one, none), 0);
    assert_int_equal(space_unmap(&f->p, 0, USER_SPACE), 0);
    x[131071] = 'x';
    assert_int_equal(build(f, one, none), -E2BIG);
    assert_string_equal(f->why.p, "the arguments and the environment are too long");
    assert_int_equal(space_unmap(&f->p, 0, USER_SPACE), 0);
    for (size_t i = 0; i < ARRAY_LEN(many) - 1; i++) many[i] = "1234567"; /* eight bytes and a pointer each */
    assert_int_equal(build(f, none, many), -E2BIG);                       /* the program's name is too much */
    assert_int_equal(space_unmap(&f->p, 0, USER_SPACE), 0);
    many[ARRAY_LEN(many) - 2] = NULL;
    assert_int_equal(build(f, none, many), 0);
    free(x);
}

static void test_no_place(void **state)
{
    struct fixture *f = *state;
    const char *none[] = {NULL};
    assert_true(space_map(&f->p, f->p.space.stack_low, CPU_PAGE, PROT_READ,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0, NULL) > 0);
    assert_int_equal(build(f, none, none), -EEXIST);
    assert_string_equal(f->why.p, "cannot map a stack of 1024 KiB: File exists");
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
    const struct CMUnitTest tests[] = {TEST(test_layout), TEST(test_dynamic), TEST(test_too_long),
                                       TEST(test_no_place)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
