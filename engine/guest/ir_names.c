/* State words of IR under the guest's names: "a0"; "v3:1" is the second word of a wide register. */
#include "engine/guest/guest.h"
#include "engine/ir/ir.h"

static void print_word(const void *ctx, unsigned word, struct buf *out)
{
    const struct guest *g = ctx;
    for (unsigned i = 0; i < g->nregs; i++) {
        const struct guest_reg *r = &g->regs[i];
        unsigned at = word - r->word;
        if (at >= r->count * r->words) continue;
        buf_str(out, guest_reg_name(r, at / r->words));
        if (at % r->words) buf_printf(out, ":%u", at % r->words);
        return;
    }
    buf_printf(out, "w%u", word); /* one that no register has: a sink, padding */
}

static int find_word(const void *ctx, const char *s, size_t len)
{
    const struct guest *g = ctx;
    unsigned part = 0;
    if (len > 2 && s[len - 2] == ':' && s[len - 1] > '0' && s[len - 1] <= '9') {
        part = (unsigned)(s[len - 1] - '0');
        len -= 2;
    }
    struct guest_reg_ref r = guest_reg_find_span(g, s, len);
    if (!r.reg || part >= r.reg->words) return -1;
    return (int)(r.reg->word + r.index * r.reg->words + part);
}

void guest_ir_names(const struct guest *g, struct ir_names *out)
{
    *out = (struct ir_names){print_word, find_word, g};
}
