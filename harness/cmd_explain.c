/* lockstep explain: what an instruction is, where its row stands, and what it does. */
#include "harness/explain.h"
#include "harness/program.h"

#include <string.h>

/* The text with a mark under what is wrong with it. */
static int bad_code(struct program *p, const char *text, const struct asm_error *err)
{
    (void)complain(p, STATUS_USAGE, "%s", err->message);
    if (strchr(text, '\n') || err->offset > strlen(text)) return STATUS_USAGE;
    fprintf(p->err, "    %s\n    %*s^", text, (int)err->offset, "");
    for (size_t i = 1; i < err->span; i++) fputc('~', p->err);
    fputc('\n', p->err);
    return STATUS_USAGE;
}

int cmd_explain(struct program *p)
{
    const struct guest *g = program_guest(p, p->opt.args.items[0]);
    const char *text = p->opt.args.items[1];
    struct buf code = {0}, out = {0};
    struct asm_error err = {0};
    if (!g) return STATUS_USAGE;
    int status = STATUS_PASS;
    if (!code_parse(g, text, &code, &err)) {
        status = bad_code(p, text, &err);
    } else if (!code.len) {
        status = complain(p, STATUS_USAGE, "no code given");
    }
    for (size_t at = 0; at < code.len && !status;) {
        uint32_t word = 0;
        size_t left = code.len - at;
        memcpy(&word, code.p + at, left < sizeof(word) ? left : sizeof(word));
        unsigned n = g->length(word);
        if (n > left) {
            status = complain(p, STATUS_USAGE, "the code ends in the middle of an instruction");
            break;
        }
        if (at) buf_char(&out, '\n');
        explain_instruction(g, LAYOUT_CODE + at, word, &out);
        at += n;
    }
    fputs(buf_cstr(&out), p->out);
    buf_free(&out);
    buf_free(&code);
    return status;
}
