/* Symbols of a real program, this one; and of files that are cut short or hold nonsense. */
#include "harness/exec/symbols.h"

#include <elf.h>
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

/* Symbols of every kind of nesting, in a file of nothing else: each address gets what looking at all of them
 * gives. */
static void the_innermost_symbol_is_found(void **state)
{
    enum { N = 300, SPACE = 1000 };
    static struct {
        Elf64_Ehdr h;
        Elf64_Shdr sections[3];
        Elf64_Sym symbols[N];
        char names[N][8];
    } image;
    struct rng rng = {5};
    char path[] = "/tmp/lockstep-symbols-XXXXXX";
    memcpy(image.h.e_ident, ELFMAG, SELFMAG);
    image.h.e_ident[EI_CLASS] = ELFCLASS64;
    image.h.e_ident[EI_DATA] = ELFDATA2LSB;
    image.h.e_shoff = offsetof(__typeof__(image), sections);
    image.h.e_shnum = 3;
    image.sections[1] = (Elf64_Shdr){.sh_type = SHT_SYMTAB,
                                     .sh_offset = offsetof(__typeof__(image), symbols),
                                     .sh_size = sizeof(image.symbols),
                                     .sh_link = 2};
    image.sections[2] =
        (Elf64_Shdr){.sh_offset = offsetof(__typeof__(image), names), .sh_size = sizeof(image.names)};
    for (unsigned i = 0; i < N; i++) {
        snprintf(image.names[i], sizeof(image.names[i]), "s%u", i);
        image.symbols[i] = (Elf64_Sym){.st_name = (Elf64_Word)(i * sizeof(image.names[i])),
                                       .st_shndx = 1,
                                       .st_value = rng_below(&rng, SPACE),
                                       .st_size = rng_below(&rng, i % 10 ? 8 : SPACE)};
    }
    int fd = mkstemp(path);
    assert_int_equal(write(fd, &image, sizeof(image)), sizeof(image));
    close(fd);
    struct elf_file f;
    assert_null(elf_open(&f, path));
    unlink(path);
    for (uint64_t addr = 0; addr < SPACE * 2 + 10; addr++) {
        const Elf64_Sym *best = NULL;
        uint64_t offset;
        for (const Elf64_Sym *s = image.symbols; s < image.symbols + N; s++) {
            bool in = addr >= s->st_value && addr < s->st_value + (s->st_size ? s->st_size : 1);
            if (in && (!best || s->st_value > best->st_value)) best = s;
        }
        const char *name = elf_name_at(&f, addr, &offset);
        assert_int_equal(!name, !best);
        if (!best) continue;
        assert_string_equal(name, image.names[best - image.symbols]);
        assert_int_equal(offset, addr - best->st_value);
    }
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
        cmocka_unit_test(the_innermost_symbol_is_found),
        cmocka_unit_test(code_stands_where_the_file_says),
        cmocka_unit_test(nonsense_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
