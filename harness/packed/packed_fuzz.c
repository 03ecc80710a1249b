/* Any bytes as the records of a packed corpus: as the file they stand in; as other bytes here and there in a
 * good file; and as other bytes in its records, with sizes and hashes that fit, so that they are looked at.
 */
#include "harness/packed/packed_fuzz.h"

/* Pairs of a place and a byte. */
static void patch(struct buf *b, const uint8_t *data, size_t size)
{
    for (; size >= 3 && b->len; data += 3, size -= 3)
        b->p[(data[0] | (size_t)data[1] << 8) % b->len] = (char)data[2];
}

static struct buf copy(const struct buf *b)
{
    struct buf c = {0};
    buf_add(&c, b->p, b->len);
    return c;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fuzz *f;
    if (!f) f = fuzz_setup();
    if (!size) return 0;
    struct packed_manifest m = f->m;
    struct buf file = {0}, raw = copy(&f->raw), text = {0};
    uint8_t how = data[0] % 3;
    data++, size--;
    if (how == 0) {
        buf_add(&file, data, size);
    } else if (how == 1) {
        file = copy(&f->file);
        patch(&file, data, size);
    } else {
        patch(&raw, data, size);
        forge_block(raw.p, raw.len, (uint32_t)m.cases, &file);
    }
    forge_manifest(&m, &file, &raw, &text);
    fuzz_write(f, PACKED_DATA, file.p ? file.p : "", file.len);
    fuzz_write(f, PACKED_MANIFEST, text.p, text.len);
    fuzz_try(f, 1);
    buf_free(&file);
    buf_free(&raw);
    buf_free(&text);
    return 0;
}
