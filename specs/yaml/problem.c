/* What libyaml found wrong, said in our words: what stands there and what was expected instead.
 *
 * The left column is libyaml 0.2.5's text; one that is not listed is passed on as it is.
 */
#include "specs/yaml/internal.h"

#include <string.h>

static const struct problem {
    const char *theirs; /* parser.problem */
    const char *ours;   /* the sentence */
    bool at_context;    /* the error is better shown where the thing began */
    const char *note;   /* what began at the context, to point at it, or NULL */
} problems[] = {
    {"could not find expected ':'", "expected ':' after this key", true, NULL},
    {"block sequence entries are not allowed in this context",
     "a list item cannot stand here; expected '- ' at the start of a line", false, NULL},
    {"mapping keys are not allowed in this context", "'? key' cannot stand here; expected a value", false,
     NULL},
    {"mapping values are not allowed in this context",
     "':' cannot stand here; expected one 'key: value' a line, or quotes around a text with ': '", false,
     NULL},
    {"found unexpected end of stream", "this quoted text is never closed; expected a closing quote", true,
     NULL},
    {"found unexpected document indicator",
     "a line of '---' or '...' inside quoted text; expected a closing quote", false, "the text starts here"},
    {"found unknown escape character",
     "unknown escape in a \"...\" text; expected \\n, \\t, \\\", \\\\, \\xNN or \\uNNNN, or '...' around the "
     "text",
     false, NULL},
    {"did not find expected hexdecimal number", "expected hexadecimal digits in this escape", false, NULL},
    {"found invalid Unicode character escape code", "this escape is not a Unicode character", false, NULL},
    {"did not find expected key", "expected 'key: value', aligned with the other keys of the map", false,
     "the map starts here"},
    {"did not find expected '-' indicator", "expected '- ', aligned with the other items of the list", false,
     "the list starts here"},
    {"did not find expected ',' or ']'", "expected ',' or ']'", false, "the list starts here"},
    {"did not find expected ',' or '}'", "expected ',' or '}'", false, "the map starts here"},
    {"did not find expected node content", "expected a value", false, NULL},
    {"did not find expected alphabetic or numeric character",
     "expected a name of letters and digits after '&' or '*', or quotes around the text", false, NULL},
    {"found a tab character that violates indentation", "a tab in the indentation; expected spaces", false,
     NULL},
    {"found a tab character where an indentation space is expected",
     "a tab in the indentation; expected spaces", false, NULL},
    {"found an indentation indicator equal to 0", "an indentation of 0 after '|' or '>'; expected 1 to 9",
     false, NULL},
    {"did not find expected comment or line break", "expected the end of the line or a comment", false, NULL},
    {"did not find expected <document start>",
     "expected the end of the file: this does not belong to what stands above (is its indentation right?)",
     false, NULL},
    {"found undefined tag handle",
     "unknown tag; expected !!str, !!int, !!float, !!bool, !!null, !!seq, !!map or none", false, NULL},
    {"found incompatible YAML document", "unsupported YAML version; expected 1.1 or 1.2", false, NULL},
    {"found unknown directive name", "unknown directive; expected %YAML or none", false, NULL},
};

/* Where libyaml stopped decoding: everything decoded but not scanned yet lies in its buffer, after the mark.
 */
static struct pos reader_pos(const struct yaml_stream *s)
{
    const yaml_parser_t *p = &s->parser;
    yaml_mark_t m = p->mark;
    const char *c = (const char *)p->buffer.pointer, *end = (const char *)p->buffer.last;
    while (c < end) {
        uint32_t cp;
        size_t n = (size_t)(end - c), brk = utf8_break(c, n);
        m.column = brk ? 0 : m.column + 1;
        m.line += brk != 0;
        c += brk ? brk : utf8_next(c, n, &cp);
    }
    return mark_pos(s, &m);
}

static void reader_problem(struct yaml_stream *s)
{
    const yaml_parser_t *p = &s->parser;
    struct pos file_only = {.file = s->file};
    if (s->in.error) {
        stream_error(s, file_only, 0, "cannot read the file: %s", strerror(s->in.error));
    } else if (s->in.too_long && s->in.bound == INPUT_HEAD) {
        stream_error(s, (struct pos){s->file, 1, 1}, 0, "no value in the first %d bytes; expected a map",
                     INPUT_HEAD);
    } else if (s->in.too_long) {
        stream_error(s, mark_pos(s, &s->after), 0,
                     "what starts here does not end within %d bytes; the longest text allowed is %d bytes",
                     INPUT_RUN, YAML_MAX_SCALAR);
    } else if (strcmp(p->problem, "control characters are not allowed") == 0) {
        stream_error(s, reader_pos(s), 0,
                     p->problem_value == 0 ? "a NUL byte; expected text (is this a binary file?)"
                                           : "the control character U+%04X; expected text",
                     (unsigned)p->problem_value);
    } else if (p->offset == 0 && (p->problem_value == 0xff || p->problem_value == 0xfe)) {
        stream_error(s, reader_pos(s), 0, "the file looks like UTF-16; expected UTF-8 text");
    } else if (strcmp(p->problem, "invalid leading UTF-8 octet") == 0) {
        stream_error(s, reader_pos(s), 0, "0x%02x is not valid UTF-8; expected UTF-8 text",
                     (unsigned)p->problem_value);
    } else if (strcmp(p->problem, "incomplete UTF-8 octet sequence") == 0) {
        stream_error(s, reader_pos(s), 0, "the file ends inside a character; expected UTF-8 text");
    } else {
        stream_error(s, reader_pos(s), 0, "a character that is not valid UTF-8; expected UTF-8 text");
    }
}

/* Some characters have a meaning or a future of their own and cannot start a text. */
static void bad_start(struct yaml_stream *s, struct pos at)
{
    const yaml_parser_t *p = &s->parser;
    unsigned char c = p->buffer.pointer < p->buffer.last ? *p->buffer.pointer : 0;
    if (c == '\t') {
        stream_error(s, at, 0, "a tab in the indentation; expected spaces");
    } else if (c > 0x20 && c < 0x7f) {
        stream_error(s, at, 0, "a text cannot start with '%c'; expected quotes around it", c);
    } else {
        stream_error(s, at, 0, "a text cannot start with this character; expected quotes around it");
    }
}

static const struct problem *problem_find(const char *theirs)
{
    for (size_t i = 0; i < ARRAY_LEN(problems); i++) {
        if (strcmp(problems[i].theirs, theirs) == 0) return &problems[i];
    }
    return NULL;
}

void problem_report(struct yaml_stream *s)
{
    const yaml_parser_t *p = &s->parser;
    if (p->error == YAML_READER_ERROR) {
        reader_problem(s);
        return;
    }
    if (p->error == YAML_MEMORY_ERROR || !p->problem) {
        stream_error(s, (struct pos){.file = s->file}, 0, "out of memory while reading");
        return;
    }
    struct pos at = mark_pos(s, &p->problem_mark), began = mark_pos(s, &p->context_mark);
    if (strcmp(p->problem, "found character that cannot start any token") == 0) {
        bad_start(s, at);
        return;
    }
    const struct problem *known = problem_find(p->problem);
    if (!known) {
        stream_error(s, at, 0, "not valid YAML: %s%s%s", p->problem, p->context ? " " : "",
                     p->context ? p->context : "");
        return;
    }
    bool has_context = p->context != NULL;
    stream_error(s, known->at_context && has_context ? began : at, 0, "%s", known->ours);
    if (known->note && has_context) diag_note(s->d, began, 0, "%s", known->note);
}
