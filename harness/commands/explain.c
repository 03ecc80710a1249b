/* lockstep explain: what an instruction is, where its row stands, what it does, and what the JIT makes of it.
 */
#include "engine/user/user.h"
#include "harness/commands/explain.h"
#include "harness/commands/program.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

enum { EXPLAIN_INSNS = 128 }; /* of a block of a file, at most */

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

/* Every instruction's row; *n: how many there are. */
static int explain_rows(struct program *p, const struct guest *g, const struct buf *code, unsigned *n,
                        struct buf *out)
{
    *n = 0;
    for (size_t at = 0; at < code->len; ++*n) {
        uint32_t word = 0;
        size_t left = code->len - at;
        memcpy(&word, code->p + at, left < sizeof(word) ? left : sizeof(word));
        unsigned length = g->length(word);
        if (length > left) return complain(p, STATUS_USAGE, "the code ends in the middle of an instruction");
        if (at) buf_char(out, '\n');
        explain_instruction(g, LAYOUT_CODE + at, word, out);
        at += length;
    }
    return STATUS_PASS;
}

/* What the JIT makes of the block that the code starts with. */
static int explain_code(struct program *p, const struct guest *g, const struct buf *code, unsigned n,
                        struct buf *out)
{
    struct mem m;
    uint64_t size = (code->len + CPU_PAGE - 1) & ~(uint64_t)(CPU_PAGE - 1);
    mem_init(&m);
    int err = mem_window_open(&m);
    if (!err && mmap(mem_host(&m, LAYOUT_CODE), size, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
        err = -errno;
    if (!err) {
        mem_pages(&m, LAYOUT_CODE, size, CPU_READ | CPU_EXEC);
        memcpy(mem_host(&m, LAYOUT_CODE), code->p, code->len);
        buf_char(out, '\n');
        err = explain_block(g, &m, NULL, LAYOUT_CODE, n, out);
    }
    mem_free(&m);
    return !err || err == -ENOTSUP ? STATUS_PASS : complain(p, STATUS_HARNESS, "%s", strerrordesc_np(-err));
}

/* "0x10400", "main", "main+8". */
static int parse_place(struct program *p, const struct guest *g, const struct elf_file *f, const char *text,
                       uint64_t *addr)
{
    bool negative;
    uint64_t more = 0;
    *addr = elf_entry(f);
    if (!text) return STATUS_PASS;
    if (!number_parse(text, strlen(text), addr, &negative) || negative) {
        size_t n = strcspn(text, "+");
        const char *name = arena_strndup(&p->arena, text, n), *plus = text + n + (text[n] == '+');
        if (text[n] && (!number_parse(plus, strlen(plus), &more, &negative) || negative))
            return complain(p, STATUS_USAGE, "'%s' is no address and no SYMBOL+N", text);
        if (!elf_symbol(f, name, addr)) return complain(p, STATUS_USAGE, "there is no symbol '%s'", name);
        *addr += more;
    }
    if (*addr % g->code_unit == 0) return STATUS_PASS;
    return complain(p, STATUS_USAGE, "%#" PRIx64 ": instructions stand at multiples of %u", *addr,
                    g->code_unit);
}

static int explain_file(struct program *p, const struct guest *g, struct buf *out)
{
    struct elf_file f;
    struct mem m;
    uint64_t pc = 0;
    const char *why = elf_open(&f, p->opt.file);
    if (why) return complain(p, STATUS_USAGE, "%s: %s", p->opt.file, why);
    const struct user_abi *abi = user_abi_of(g);
    if (abi && elf_machine(&f) != abi->elf_machine) {
        elf_close(&f);
        return complain(p, STATUS_USAGE, "%s: is for another machine, not %s", p->opt.file, g->name);
    }
    mem_init(&m);
    int err = mem_window_open(&m);
    why = err ? strerrordesc_np(-err) : elf_map(&f, &m);
    int status =
        why ? complain(p, STATUS_USAGE, "%s: %s", p->opt.file, why) : parse_place(p, g, &f, p->opt.at, &pc);
    if (!status) {
        err = explain_block(g, &m, &f, pc, EXPLAIN_INSNS, out);
        if (err == -EFAULT)
            status = complain(p, STATUS_USAGE, "%s: there is no code at %#" PRIx64, p->opt.file, pc);
        else if (err)
            status = complain(p, STATUS_HARNESS, "%s", strerrordesc_np(-err));
    }
    mem_free(&m);
    elf_close(&f);
    return status;
}

/* All words of the command line behind the ISA: who types bytes need not quote them. */
static const char *code_text(struct program *p)
{
    struct buf b = {0};
    for (unsigned i = 1; i < p->opt.args.n; i++)
        buf_printf(&b, "%s%s", i > 1 ? " " : "", p->opt.args.items[i]);
    const char *text = arena_strdup(&p->arena, buf_cstr(&b));
    buf_free(&b);
    return text;
}

static int explain_text(struct program *p, const struct guest *g, const char *text, struct buf *out)
{
    struct buf code = {0};
    struct asm_error err = {0};
    unsigned n;
    int status;
    if (strlen(text) > 4 && strspn(text, "0123456789abcdefABCDEF") == strlen(text))
        return complain(p, STATUS_USAGE, "hex is bytes ('33 85 c5 00') or a number ('0x00c58533'), not '%s'",
                        text);
    if (!code_parse(g, text, &code, &err))
        status = bad_code(p, text, &err);
    else if (!code.len)
        status = complain(p, STATUS_USAGE, "no code given");
    else if (!(status = explain_rows(p, g, &code, &n, out)))
        status = explain_code(p, g, &code, n, out);
    buf_free(&code);
    return status;
}

int cmd_explain(struct program *p)
{
    const struct guest *g = program_guest(p, p->opt.args.items[0]);
    struct buf out = {0};
    if (!g) return STATUS_USAGE;
    if (!p->opt.file == (p->opt.args.n == 1))
        return complain(p, STATUS_USAGE, "explain wants CODE or --file, one of them");
    if (p->opt.at && !p->opt.file) return complain(p, STATUS_USAGE, "--at is a place of --file");
    int status = p->opt.file ? explain_file(p, g, &out) : explain_text(p, g, code_text(p), &out);
    fputs(buf_cstr(&out), p->out);
    buf_free(&out);
    return status;
}
