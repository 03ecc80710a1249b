/* Any text: what the parser and the verifier let pass, the passes take, and leave a block that keeps the
 * rules. Printed and read back it is the same. */
#include "engine/ir/ir.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct ir_block *b, const char *after)
{
    struct buf err = {0};
    if (ir_verify(b, &err)) BUG("after %s: %s", after, err.p);
    buf_free(&err);
}

/* Parsed again, the text must give itself: nodes that are gone number the values anew, so twice. */
static void read_back(const struct ir_block *b)
{
    struct ir_block again;
    struct buf text[3] = {0}, err = {0};
    ir_block_init(&again);
    ir_print(b, NULL, &text[0]);
    for (int i = 0; i < 2; i++) {
        if (!ir_parse(&again, NULL, text[i].p, &err)) BUG("%s in\n%s", err.p, text[i].p);
        check(&again, "reading back");
        ir_print(&again, NULL, &text[i + 1]);
    }
    if (strcmp(text[1].p, text[2].p)) BUG("\n%s is read as\n%s", text[1].p, text[2].p);
    for (int i = 0; i < 3; i++) buf_free(&text[i]);
    ir_block_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ir_block b;
    struct buf text = {0}, err = {0};
    buf_add(&text, data, size);
    buf_char(&text, '\n');
    ir_block_init(&b);
    if (ir_parse(&b, NULL, text.p, &err) && !ir_verify(&b, &err)) {
        ir_forward(&b);
        check(&b, "ir_forward");
        ir_backward(&b);
        check(&b, "ir_backward");
        read_back(&b);
        ir_forward(&b);
        check(&b, "the second ir_forward");
    }
    ir_block_free(&b);
    buf_free(&text);
    buf_free(&err);
    return 0;
}
