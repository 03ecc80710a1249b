/* The cases of a packed corpus, as part of the stream: they stand where those of a YAML file would. */
#include "harness/corpus/stream.h"

#include "harness/packed/packed.h"

#include <string.h>

bool stream_is_records(struct case_stream *s, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (strcmp(slash ? slash + 1 : path, PACKED_DATA)) return false;
    diag_error(s->diag, (struct pos){.file = path}, 1,
               "these are the records of a packed corpus; name its folder, or " PACKED_MANIFEST " there");
    return true;
}

bool stream_open_packed(struct case_stream *s, struct frame *f, struct pos at)
{
    if (f->entry < 0) {
        diag_error(s->diag, at, 6, "only a file can be the manifest of a packed corpus");
        return false;
    }
    f->packed = packed_open(f->path, s->diag);
    if (!f->packed) return false;
    for (unsigned i = 0; i < f->packed->m.nsources; i++) {
        const struct packed_source *from = &f->packed->m.sources[i];
        const char *other = paths_claim(&s->paths, f->entry, from->prefix);
        if (!other) continue;
        diag_error(s->diag, from->at, 1, "the ids of these cases begin with '%s', and so do those of %s",
                   from->prefix, other);
        return false;
    }
    f->phase = PHASE_PACKED;
    s->kinds |= 1; /* instructions */
    return true;
}

/* Every case is wanted, and none of them need be looked at. */
static bool takes_all(const struct case_filter *f)
{
    return !f->nglobs && f->nshards <= 1 && !f->pick && !f->check;
}

/* Passes over as many cases as are wished, unseen. */
static int pass(struct case_stream *s, struct frame *f, struct wish *w)
{
    int64_t n = packed_skip(f->packed, w->skip);
    if (n <= 0) return (int)n;
    w->passed += (uint64_t)n;
    s->position += (uint64_t)n;
    return 1;
}

int stream_packed(struct case_stream *s, struct frame *f, struct wish *w)
{
    struct packed *p = f->packed;
    bool wanted = false;
    if (!w->build && !w->nfind && takes_all(&s->filter)) return pass(s, f, w);
    while (!wanted) {
        int got = packed_next(p);
        if (got <= 0) return got;
        wanted = select_id(&s->filter, p->id, p->hash);
        arena_reset(&s->arena);
        if (((wanted && w->build) || s->filter.check) && !packed_build(p, &s->arena, &s->c)) return -1;
        s->c.position = s->position++;
    }
    if (!w->build) stream_pass(&s->filter, w, p->hash, 0, 1, 1);
    w->c = &s->c;
    return 1;
}
