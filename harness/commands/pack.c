/* lockstep pack, and gen --binary: cases as a packed corpus, a folder of their own. */
#include "harness/commands/program.h"
#include "harness/packed/packed.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Why a packer did not go on. */
static int refused(struct program *p, int err, const struct buf *why)
{
    return complain(p, err == -EINVAL ? STATUS_USAGE : STATUS_HARNESS, "%s", buf_cstr(why));
}

static int add_all(struct program *p, struct case_stream *s, struct packer *to, const char *from)
{
    struct packed_manifest m = {.from = from, .seed = p->opt.seed};
    struct buf why = {0};
    const struct test_case *c;
    uint64_t n = 0;
    int got, err = 0;
    for (; (got = case_stream_next(s, &c)) == 1 && !err; n++) err = packer_add(to, c, &why);
    int status = got < 0 ? STATUS_USAGE : 0;
    if (!status && !err && !n) status = complain(p, STATUS_NOTHING, "no case is selected");
    if (!status && !err) err = packer_finish(to, &m, &why);
    if (!status && err) status = refused(p, err, &why);
    if (!status)
        fprintf(p->out, "%" PRIu64 " cases in %s, %" PRIu64 " bytes; records 0x%016" PRIx64 "\n", m.cases,
                p->opt.output, m.bytes, m.records);
    buf_free(&why);
    return status;
}

int pack_stream(struct program *p, struct case_stream *s, bool files, const char *from)
{
    struct buf why = {0};
    struct packer *to = packer_open(p->opt.output, files, &why);
    int status = to ? add_all(p, s, to, from) : complain(p, STATUS_USAGE, "%s", buf_cstr(&why));
    packer_close(to);
    buf_free(&why);
    return status;
}

const char *pack_name(struct program *p)
{
    char *path = realpath(p->opt.output, NULL);
    char *name = arena_strdup(&p->arena, path ? path : p->opt.output);
    free(path);
    for (size_t n = strlen(name); n > 1 && name[n - 1] == '/'; n--) name[n - 1] = 0;
    const char *slash = strrchr(name, '/');
    return slash ? slash + 1 : name;
}

/* As typed, so that who finds the corpus knows what it is. */
static const char *command_line(struct program *p)
{
    const struct options *o = &p->opt;
    struct buf b = {0};
    buf_str(&b, "lockstep pack");
    for (unsigned i = 0; i < o->args.n; i++) buf_printf(&b, " %s", o->args.items[i]);
    for (unsigned i = 0; i < o->filters.n; i++) buf_printf(&b, " --filter '%s'", o->filters.items[i]);
    if (o->seed) buf_printf(&b, " --seed %" PRIu64, o->seed);
    const char *line = arena_strdup(&p->arena, b.p);
    buf_free(&b);
    return line;
}

int cmd_pack(struct program *p)
{
    const struct options *o = &p->opt;
    struct case_filter filter = {.globs = o->filters.items, .nglobs = o->filters.n, .seed = o->seed};
    struct diag d = {.out = p->err};
    if (!o->output) return complain(p, STATUS_USAGE, "pack wants -o DIR");
    struct case_stream *s = case_stream_open(o->args.items, o->args.n, &filter, &d);
    int status = s ? pack_stream(p, s, true, command_line(p)) : STATUS_USAGE;
    case_stream_close(s);
    diag_free(&d);
    return status;
}
