/* Symbols of a real program, this one; and of files that are cut short or hold nonsense. */
#include "harness/symbols.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void symbols_are_found_both_ways(void **state)
{
    struct elf_file f;
    uint64_t addr = 0, offset;
    assert_null(elf_open(&f, "/proc/self/exe"));
    assert_true(elf_symbol(&f, "main", &addr));
    assert_true(addr != 0);
    assert_string_equal(elf_name_at(&f, addr + 2, &offset), "main");
    assert_int_equal(offset, 2);
    assert_false(elf_symbol(&f, "no such symbol", &addr));
    assert_null(elf_name_at(&f, 1, &offset));
    elf_close(&f);
}

static void code_stands_where_the_file_says(void **state)
{
    struct elf_file f;
    struct mem m;
    uint64_t addr;
    uint8_t bytes[8];
    mem_init(&m);
    assert_int_equal(mem_window_open(&m), 0);
    assert_null(elf_open(&f, "/proc/self/exe"));
    assert_null(elf_map(&f, &m));
    assert_true(elf_symbol(&f, "main", &addr));
    assert_int_equal(mem_read(&m, addr, bytes, sizeof(bytes)), 0);
    assert_true(m.pages[addr >> CPU_PAGE_BITS] & CPU_EXEC);
    assert_int_equal(mem_read(&m, elf_entry(&f), bytes, sizeof(bytes)), 0);
    mem_free(&m);
    elf_close(&f);
}

static void look_at(const char *path)
{
    struct elf_file f;
    struct mem m;
    uint64_t addr, offset;
    if (elf_open(&f, path)) return;
    mem_init(&m);
    assert_int_equal(mem_window_open(&m), 0);
    (void)elf_map(&f, &m);
    (void)elf_symbol(&f, "main", &addr);
    (void)elf_name_at(&f, 0x1234, &offset);
    mem_free(&m);
    elf_close(&f);
}

/* Headers with random bytes in them, and files that end anywhere: no crash, whatever is said about them. */
static void nonsense_is_survived(void **state)
{
    struct rng rng = {3};
    char path[] = "/tmp/lockstep-symbols-XXXXXX";
    struct elf_file self;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_null(elf_open(&self, "/proc/self/exe"));
    size_t n = self.size < 1 << 16 ? self.size : 1 << 16;
    for (int i = 0; i < 400; i++) {
        uint8_t head[64];
        memcpy(head, self.p, sizeof(head));
        for (uint64_t k = rng_below(&rng, 4); k; k--)
            head[16 + rng_below(&rng, 48)] = (uint8_t)rng_next(&rng);
        assert_int_equal(ftruncate(fd, 0), 0);
        assert_true(pwrite(fd, self.p, rng_below(&rng, n), 0) >= 0);
        assert_true(pwrite(fd, head, rng_below(&rng, 3) ? sizeof(head) : rng_below(&rng, 64), 0) >= 0);
        look_at(path);
    }
    elf_close(&self);
    close(fd);
    unlink(path);
    assert_non_null(elf_open(&self, path));
    assert_string_equal(elf_open(&self, "/dev/null"), "it is not an ELF file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(symbols_are_found_both_ways),
        cmocka_unit_test(code_stands_where_the_file_says),
        cmocka_unit_test(nonsense_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
