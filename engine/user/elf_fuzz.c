/* Any bytes as an ELF file: loaded or refused with a sentence, and nothing is mapped outside of the window.
 *
 * The input's first byte says how: even, the rest is the file as it is; odd, the rest are changes to a good
 * file, four bytes each (offset, value), so that what lies behind the checks of headers is reached soon.
 */
#include "engine/user/elf_make.h"
#include "engine/user/space.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const struct user_abi abi = {.machine = "riscv64", .elf_machine = EM_RISCV};

static struct elf_make changed(const uint8_t *data, size_t n)
{
    struct elf_make m = elf_make_start(data[0] & 2 ? ET_DYN : ET_EXEC);
    elf_make_add(&m, PT_LOAD, PF_R | PF_X, 0x10000, "text", 4, 4);
    elf_make_add(&m, PT_LOAD, PF_R | PF_W, 0x12010, "data", 4, 0x3000);
    if (data[0] & 4) elf_make_add(&m, PT_INTERP, PF_R, 0, "/lib/ld.so", 11, 11);
    elf_make_bytes(&m);
    for (size_t i = 1; i + 4 <= n; i += 4)
        m.bytes[(data[i] | data[i + 1] << 8) % 0x200] = (uint8_t)(data[i + 2] ^ data[i + 3]);
    return m;
}

/* Everything that is mapped lies inside, in order, and belongs to the image. */
static void check(const struct user_process *p, const struct user_image *image, bool loaded)
{
    uint64_t last = 0;
    for (size_t i = 0; i < p->space.count; i++) {
        const struct user_area *a = &p->space.areas[i];
        BUG_ON(a->start < last || a->end <= a->start || !space_inside(a->start, a->end - a->start));
        BUG_ON(loaded && (a->start < image->low || a->end > image->high));
        last = a->end;
    }
    BUG_ON(loaded && !memchr(image->interp, 0, sizeof(image->interp)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct user_process *p;
    static struct user_image image;
    struct buf why = {0};
    if (!n) return 0;
    if (!p) {
        p = xcalloc(1, sizeof(*p));
        p->abi = &abi;
        if (space_open(p, 1 << 20)) abort();
    }
    struct elf_make m = changed(data, n);
    int fd = memfd_create("elf", MFD_CLOEXEC);
    const uint8_t *file = data[0] & 1 ? m.bytes : data + 1;
    size_t size = data[0] & 1 ? m.size : n - 1;
    if (fd < 0 || write(fd, file, size) != (ssize_t)size) abort();
    int err = elf_load(p, fd, "fuzz", data[0] & 8, &image, &why);
    BUG_ON((err == 0) != (why.len == 0));
    check(p, &image, !err);
    close(fd);
    if (space_unmap(p, 0, USER_SPACE)) abort();
    BUG_ON(p->space.count);
    buf_free(&why);
    return 0;
}
