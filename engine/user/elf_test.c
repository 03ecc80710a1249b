/* The ELF loader: what a good file becomes in memory, and the sentence for each bad one. */
#include "engine/user/elf_make.h"
#include "engine/user/space.h"

#include <errno.h>
#include <setjmp.h>
#include <cmocka.h>

static const struct user_abi abi = {.machine = "riscv64", .elf_machine = EM_RISCV};

enum { TEXT = 0x10000, DATA = 0x12010, BSS = 0x2000 };

struct fixture {
    struct user_process p;
    struct user_image image;
    struct buf why;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    f->p.abi = &abi;
    *state = f;
    return space_open(&f->p, 1 << 20);
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    space_close(&f->p);
    buf_free(&f->why);
    free(f);
    return 0;
}

/* Text, and data with a bss that begins in its last page. */
static struct elf_make good(unsigned type)
{
    uint8_t text[100], data[64];
    struct elf_make m = elf_make_start(type);
    memset(text, 0x13, sizeof(text));
    memset(data, 0xda, sizeof(data));
    elf_make_add(&m, PT_LOAD, PF_R | PF_X, TEXT, text, sizeof(text), sizeof(text));
    elf_make_add(&m, PT_LOAD, PF_R | PF_W, DATA, data, sizeof(data), BSS);
    m.h.e_entry = TEXT + 8;
    return m;
}

static int load(struct fixture *f, struct elf_make *m, bool is_interp)
{
    int fd = elf_make_fd(m);
    buf_reset(&f->why);
    int err = elf_load(&f->p, fd, "prog", is_interp, &f->image, &f->why);
    close(fd);
    return err;
}

static void expect(struct fixture *f, struct elf_make *m, int err, const char *why)
{
    int got = load(f, m, false);
    if (got != err || strcmp(buf_cstr(&f->why), why))
        fail_msg("%d '%s'\nexpected %d '%s'", got, buf_cstr(&f->why), err, why);
    assert_int_equal(space_unmap(&f->p, 0, USER_SPACE), 0);
}

static void maps(struct fixture *f, const char *expected)
{
    struct buf text = {0}, short_text = {0};
    space_maps(&f->p, &text);
    for (char *line = strtok(text.p, "\n"); line; line = strtok(NULL, "\n"))
        buf_printf(&short_text, "%.*s\n", (int)(strchr(line, ' ') + 5 - line), line);
    assert_string_equal(buf_cstr(&short_text), expected);
    buf_free(&text);
    buf_free(&short_text);
}

static uint8_t byte(struct fixture *f, uint64_t addr)
{
    return *(uint8_t *)mem_host(&f->p.mem, addr);
}

static void test_fixed(void **state)
{
    struct fixture *f = *state;
    struct elf_make m = good(ET_EXEC);
    memset(m.bytes + m.ph[1].p_offset + 64, 0xff, 32); /* of the file, behind the data */
    m.size = m.ph[1].p_offset + 96;
    assert_int_equal(load(f, &m, false), 0);
    maps(f, "00010000-00011000 r-xp\n00012000-00013000 rw-p\n00013000-00015000 rw-p\n");
    assert_int_equal(f->image.base, 0);
    assert_int_equal(f->image.entry, TEXT + 8);
    assert_int_equal(f->image.low, TEXT);
    assert_int_equal(f->image.high, 0x15000);
    assert_int_equal(f->image.phdr, 0); /* in no segment */
    assert_int_equal(byte(f, TEXT), 0x13);
    assert_int_equal(byte(f, DATA), 0xda);
    assert_int_equal(byte(f, DATA + 63), 0xda);
    assert_int_equal(byte(f, DATA + 64), 0); /* what the file has there is no data */
    assert_int_equal(byte(f, DATA + BSS - 1), 0);
    *(uint8_t *)mem_host(&f->p.mem, DATA + BSS - 1) = 1;
}

static void test_anywhere(void **state)
{
    struct fixture *f = *state;
    struct elf_make m = good(ET_DYN);
    m.h.e_phoff = m.ph[0].p_offset + 40; /* the headers stand within the text */
    elf_make_bytes(&m);
    memcpy(m.bytes + m.h.e_phoff, m.ph, 2 * sizeof(m.ph[0]));
    m.ph[0].p_filesz = m.ph[0].p_memsz = 40 + 2 * sizeof(m.ph[0]);
    memcpy(m.bytes + m.h.e_phoff, m.ph, 2 * sizeof(m.ph[0]));
    assert_int_equal(load(f, &m, false), 0);
    uint64_t base = f->image.base + TEXT;
    assert_int_equal(base, page_down(USER_SPACE / 3 * 2));
    assert_int_equal(f->image.phdr, base + 40);
    assert_int_equal(f->image.entry, base + 8);
    assert_int_equal(byte(f, base + 39), 0x13);
    /* a second one has to go elsewhere, a dynamic linker below the stack; 2 MiB is asked for */
    m.ph[0].p_align = 2 << 20;
    memcpy(m.bytes + m.h.e_phoff, m.ph, 2 * sizeof(m.ph[0]));
    assert_int_equal(load(f, &m, true), 0);
    assert_int_equal((f->image.base + TEXT) % (2 << 20), 0);
    assert_true(f->image.base + (4 << 20) > f->p.space.mmap_top);
}

/* Two segments in one page of the file and of memory, as small linkers make them; the later one wins. */
static void test_shared_page(void **state)
{
    struct fixture *f = *state;
    struct elf_make m = good(ET_EXEC);
    m.ph[1].p_vaddr = TEXT + 0x80;
    m.ph[1].p_offset = m.ph[0].p_offset + 0x80;
    m.ph[1].p_filesz = 4;
    m.ph[1].p_memsz = 0x2000;
    memset(m.bytes + m.ph[1].p_offset, 0x77, 200);
    assert_int_equal(load(f, &m, false), 0);
    maps(f, "00010000-00011000 rw-p\n00011000-00013000 rw-p\n");
    assert_int_equal(byte(f, TEXT), 0x13);
    assert_int_equal(byte(f, TEXT + 0x83), 0x77);
    assert_int_equal(byte(f, TEXT + 0x84), 0);
}

static void test_only_zeroes(void **state)
{
    struct fixture *f = *state;
    struct elf_make m = good(ET_EXEC);
    m.ph[1].p_filesz = 0;
    assert_int_equal(load(f, &m, false), 0);
    maps(f, "00010000-00011000 r-xp\n00012000-00015000 rw-p\n");
    m.ph[1].p_vaddr = TEXT + 0x100; /* begins in the page of the text */
    assert_int_equal(space_unmap(&f->p, 0, USER_SPACE), 0);
    assert_int_equal(load(f, &m, false), 0);
    maps(f, "00010000-00011000 r-xp\n00011000-00013000 rw-p\n");
}

static void test_interp(void **state)
{
    struct fixture *f = *state;
    struct elf_make m = good(ET_DYN);
    elf_make_add(&m, PT_INTERP, PF_R, 0, "/lib/ld.so", 11, 11);
    elf_make_add(&m, PT_GNU_STACK, PF_R | PF_W | PF_X, 0, "", 0, 0);
    assert_int_equal(load(f, &m, false), 0);
    assert_string_equal(f->image.interp, "/lib/ld.so");
    assert_true(f->image.exec_stack);
    assert_int_equal(load(f, &m, true), -ENOEXEC);
    assert_string_equal(f->why.p, "prog: a dynamic linker cannot need another");
    m.ph[2].p_filesz = 1;
    expect(f, &m, -ENOEXEC, "prog: the name of its dynamic linker is 1 bytes long");
    m.ph[2].p_filesz = 4097;
    expect(f, &m, -ENOEXEC, "prog: the name of its dynamic linker is 4097 bytes long");
    m.ph[2].p_filesz = 10;
    expect(f, &m, -ENOEXEC, "prog: the name of its dynamic linker does not end");
    m.ph[2].p_offset = m.size;
    expect(f, &m, -ENOEXEC, "prog: the name of its dynamic linker lies beyond the end of the file");
}

static void test_headers(void **state)
{
#define BAD(change, why)                   \
    do {                                   \
        struct elf_make m = good(ET_EXEC); \
        change;                            \
        expect(*state, &m, -ENOEXEC, why); \
    } while (0)
    BAD(m.h.e_ident[0] = 'E', "prog: not an ELF file");
    BAD(m.size = 0, "prog: not an ELF file");
    BAD(m.size = 3, "prog: not an ELF file");
    BAD(m.size = 63, "prog: ends in the middle of its headers");
    BAD(m.h.e_ident[EI_DATA] = ELFDATA2MSB, "prog: is big-endian");
    BAD(m.h.e_machine = EM_X86_64, "prog: is for x86_64, not riscv64");
    BAD(m.h.e_machine = EM_AARCH64, "prog: is for arm64, not riscv64");
    BAD(m.h.e_machine = 9999, "prog: is for machine 9999, not riscv64");
    BAD(m.h.e_ident[EI_CLASS] = ELFCLASS32, "prog: is a 32-bit program, and riscv64 is 64-bit");
    BAD(m.h.e_version = 2, "prog: is of an unknown ELF version");
    BAD(m.h.e_type = ET_REL, "prog: is an object file; link it first");
    BAD(m.h.e_type = ET_CORE, "prog: is no program (ELF type 4)");
    BAD(m.h.e_phentsize = 32, "prog: its program headers are 32 bytes each, not 56");
    BAD(m.h.e_phnum = 0, "prog: has no program headers");
    BAD(m.h.e_phnum = 1171, "prog: has too many program headers (1171)");
    BAD(m.h.e_phoff = m.size - 100, "prog: its program headers lie beyond the end of the file (truncated?)");
    BAD(m.h.e_phoff = ~0ull - 20, "prog: its program headers lie beyond the end of the file (truncated?)");
    BAD(m.ph[0].p_type = m.ph[1].p_type = PT_NOTE, "prog: has nothing to load");
}

static void test_segments(void **state)
{
    BAD(m.ph[0].p_filesz = 101, "prog: segment 0 is larger in the file than in memory");
    BAD(m.ph[1].p_vaddr = ~0xfefull,
        "prog: segment 1 (0x2000 bytes at 0xfffffffffffff010) does not fit in the address space");
    BAD(m.ph[1].p_memsz = ~0ull, "prog: segment 1 (0xffffffffffffffff bytes at 0x12010) does not fit in the "
                                 "address space");
    BAD(m.ph[1].p_vaddr = USER_SPACE - 0xff0,
        "prog: segment 1 (0x2000 bytes at 0x3ffffff010) does not fit in the address space");
    BAD(m.ph[1].p_offset++, "prog: segment 1: offset 0x2011 and address 0x12010 differ within a page");
    BAD(m.size = m.ph[1].p_offset + 63, "prog: segment 1 lies beyond the end of the file (truncated?)");
    BAD(m.ph[1].p_offset = ~0xfefull, "prog: segment 1 lies beyond the end of the file (truncated?)");
    BAD(m.ph[1].p_vaddr = TEXT + 0x10, "prog: segment 1 overlaps the one before it, or stands below it");
    BAD(m.ph[1].p_vaddr = 0x8010, "prog: segment 1 overlaps the one before it, or stands below it");
    struct fixture *f = *state;
    struct elf_make m = good(ET_EXEC);
    m.ph[0].p_vaddr = 0x1000;
    expect(f, &m, -EPERM, "prog: segment 0 stands below the lowest address, 0x10000");
    /* the stack's place is taken by nobody yet here */
    assert_int_equal(
        space_map(&f->p, 0x13000, CPU_PAGE, 1, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0, NULL),
        0x13000);
    m = good(ET_EXEC);
    expect(f, &m, -EEXIST, "prog: segment 1 (0x2000 bytes at 0x12010) is where something else is already");
    m = good(ET_DYN);
    m.ph[0].p_vaddr = 0;
    m.ph[1].p_memsz = USER_SPACE - DATA;
    expect(f, &m, -ENOMEM, "prog: needs 0x4000000000 bytes of address space, and that much is not free");
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_fixed),  TEST(test_anywhere), TEST(test_shared_page), TEST(test_only_zeroes),
        TEST(test_interp), TEST(test_headers),  TEST(test_segments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
