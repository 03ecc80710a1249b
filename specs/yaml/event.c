/* One libyaml event at a time, and positions of them. */
#include "specs/yaml/internal.h"

enum { POS_MAX = 1 << 30 }; /* lines and columns beyond are unknown, so that sums with them fit an int */

struct pos mark_pos(const struct yaml_stream *s, const yaml_mark_t *m)
{
    return (struct pos){
        .file = s->tree_file ? s->tree_file : s->file,
        .line = m->line < POS_MAX ? (int)m->line + 1 : 0,
        .col = m->column < POS_MAX ? (int)m->column + 1 : 0,
    };
}

/* libyaml starts an event at its anchor or tag; for a scalar we want the value itself. Its token was just
 * taken from the head of the queue, and stays readable there until the next event. */
static yaml_mark_t scalar_mark(const struct yaml_stream *s)
{
    const yaml_parser_t *p = &s->parser;
    if (p->tokens.head > p->tokens.start) {
        const yaml_token_t *t = p->tokens.head - 1;
        if (t->type == YAML_SCALAR_TOKEN && t->end_mark.index == s->ev.end_mark.index) return t->start_mark;
    }
    return s->ev.start_mark;
}

struct pos event_pos(const struct yaml_stream *s)
{
    return mark_pos(s, &s->ev.start_mark);
}

bool event_next(struct yaml_stream *s)
{
    if (s->state == STREAM_FAILED) return false;
    if (s->ev.type != YAML_NO_EVENT) yaml_event_delete(&s->ev);
    if (!yaml_parser_parse(&s->parser, &s->ev)) {
        problem_report(s);
        return false;
    }
    yaml_event_t *ev = &s->ev;
    s->properties = ev->start_mark;
    s->after = ev->end_mark;
    if (ev->type == YAML_SCALAR_EVENT && (ev->data.scalar.anchor || ev->data.scalar.tag)) {
        ev->start_mark = scalar_mark(s);
    }
    s->in.run = 0;
    if (ev->type == YAML_DOCUMENT_START_EVENT) {
        s->in.bound = INPUT_RUN;
        if (ev->data.document_start.tag_directives.start != ev->data.document_start.tag_directives.end) {
            return stream_error(s, event_pos(s), 0, "%%TAG directives are not supported; expected none");
        }
    }
    s->in.keep = ev->start_mark.line;
    return true;
}

bool stream_error(struct yaml_stream *s, struct pos at, size_t span, const char *fmt, ...)
{
    struct buf b = {0};
    va_list ap;
    va_start(ap, fmt);
    buf_vprintf(&b, fmt, ap);
    va_end(ap);
    diag_error(s->d, at, span, "%s", buf_cstr(&b));
    buf_free(&b);
    s->state = STREAM_FAILED;
    return false;
}
