/* Any bytes as the manifest of a packed corpus whose records are good: as they are; or as some lines in place
 * of some of a good one's. */
#include "harness/packed/packed_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fuzz *f;
    static struct buf good;
    if (!f) f = fuzz_setup(), good = fuzz_read(f, PACKED_MANIFEST);
    struct buf text = {0};
    if (size < 3) return 0;
    size_t from = data[0] % 4 ? data[1] % good.len : 0, to = data[0] % 4 ? from + data[2] % 60 : good.len;
    if (to > good.len) to = good.len;
    buf_add(&text, good.p, from);
    buf_add(&text, data + 3, size - 3);
    buf_add(&text, good.p + to, good.len - to);
    fuzz_write(f, PACKED_MANIFEST, text.p, text.len);
    fuzz_try(f, UINT32_MAX);
    buf_free(&text);
    return 0;
}
