/* Any text as assembly: an error with a position inside the text, or code whose disassembly assembles to
 * itself. */
#include "engine/guest/guest.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct guest *g = guest_find("riscv64");
    struct buf code = {0}, text = {0}, again = {0};
    struct asm_error err;
    char *s = xmalloc(size + 1);
    memcpy(s, data, size);
    s[size] = 0;
    if (!guest_asm(g, s, &code, &err)) {
        BUG_ON(err.offset > strlen(s) || !err.message[0]);
    } else {
        for (size_t at = 0; at < code.len;) {
            buf_reset(&text);
            buf_reset(&again);
            unsigned n = guest_disasm_bytes(g, (const uint8_t *)code.p + at, code.len - at, &text);
            BUG_ON(n == 0);
            if (text.p[0] != '<' && text.p[0] != '.')
                BUG_ON(!guest_asm(g, text.p, &again, &err) || again.len != n ||
                       memcmp(again.p, code.p + at, n) != 0);
            at += n;
        }
    }
    free(s);
    buf_free(&code);
    buf_free(&text);
    buf_free(&again);
    return 0;
}
