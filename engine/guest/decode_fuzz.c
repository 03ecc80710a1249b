/* Any four bytes: what decodes matches its row, prints, and assembles back to the same bytes. */
#include "engine/guest/guest.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct guest *g = guest_find("riscv64");
    struct buf text = {0}, code = {0};
    struct asm_error err;
    for (; size >= 4; data += 4, size -= 4) {
        uint32_t word;
        memcpy(&word, data, 4);
        int row = g->decode(word);
        if (row < 0) continue;
        const struct guest_row *r = &g->rows[row];
        BUG_ON((word & r->mask) != r->match || r->length != g->length(word));
        buf_reset(&text);
        buf_reset(&code);
        guest_disasm(g, r, word, &text);
        if (!guest_asm(g, text.p, &code, &err)) BUG("%s: %s", text.p, err.message);
        if (code.len != r->length || memcmp(code.p, data, r->length) != 0) BUG("%08x: %s", word, text.p);
    }
    buf_free(&text);
    buf_free(&code);
    return 0;
}
