/* What the files of specs/yaml share with each other; others include yaml.h only. */
#ifndef SPECS_YAML_INTERNAL_H
#define SPECS_YAML_INTERNAL_H

#include "specs/yaml/yaml.h"

#include <yaml.h>

/* ---- utf8.c ---- */

#define UTF8_BAD 0xffffffffu /* not a character: stands for one byte */
#define UTF8_BOM "\xef\xbb\xbf"

size_t utf8_next(const char *s, size_t n, uint32_t *cp); /* bytes of the first character; 0 only when n is */
size_t utf8_count(const char *s, size_t n);              /* characters of valid UTF-8 */
size_t utf8_break(const char *s, size_t n); /* bytes of the line break that s starts with, or 0 */
bool utf8_is_control(uint32_t cp);          /* must not reach a terminal */
int utf8_width(uint32_t cp);                /* columns on a terminal: 0, 1, 2 */

/* ---- source.c ---- */

/* The part of a source line that is worth showing around a column. */
struct source_line {
    struct buf text; /* its bytes, without the break */
    int first;       /* which character of the line text starts with, from 0 */
    bool cut_front;  /* something worth showing was left off before */
    bool cut_back;   /* … and after */
};

bool source_line_text(struct source_line *l, const char *text, size_t len, struct pos at);
bool source_line_file(struct source_line *l, struct pos at); /* false when the file cannot be read again */

/* ---- input.c: bytes on their way into libyaml ---- */

/* How far each line is indented, kept for the lines between the last event and the end of what was read:
 * libyaml does not tell the indentation of a block scalar. */
struct indents {
    uint32_t *lead;        /* leading spaces, one entry a line */
    size_t n, cap;         /* entries used, allocated */
    size_t first;          /* the line (from 0) of lead[0] */
    bool leading;          /* only spaces so far on the last line */
    unsigned char prev[2]; /* the last two bytes read, newest first: breaks may straddle reads */
};

/* Before the document stand comments and directives, whose handles libyaml compares each with each. In it, a
 * text of YAML_MAX_SCALAR may take more bytes in the file: indentation, or four for one in escapes. */
enum { INPUT_HEAD = 1 << 16, INPUT_RUN = 4 * YAML_MAX_SCALAR };

struct input {
    int fd;               /* the file, or -1 */
    const char *text;     /* memory when fd is -1 */
    size_t left;          /* its bytes not read yet */
    bool started;         /* the byte order mark was looked for */
    bool too_long;        /* refused: `run` went over its bound */
    int error;            /* refused: errno of a failed read */
    size_t run;           /* bytes read since the last event */
    size_t bound;         /* the most that may be: INPUT_HEAD before the document, INPUT_RUN in it */
    size_t keep;          /* the line (from 0) of the last event */
    struct indents lines; /* see there */
};

int input_open(struct input *in, const char *path); /* 0 or -errno */
void input_text(struct input *in, const char *text, size_t len);
void input_close(struct input *in);
int input_read(void *data, unsigned char *buffer, size_t size, size_t *got); /* a yaml_read_handler_t */
int input_lead(const struct input *in, size_t line); /* leading spaces; -1 when not kept */

/* ---- names.c: a hash table from names to something ---- */

struct name {
    const char *text;   /* NULL: a free slot. Belongs to the caller */
    struct pos at;      /* where it stood */
    struct ynode *node; /* what it stands for */
};

struct names {
    struct name *slots; /* open addressing, a power of two */
    size_t n, cap;      /* used, allocated */
};

/* The entry of that name, or NULL. names_add makes one (node NULL, *fresh true) when there was none. */
struct name *names_find(const struct names *t, const char *text);
struct name *names_add(struct names *t, const char *text, bool *fresh);
void names_free(struct names *t);

/* Keys at the top of a streamed file, which are all remembered, and bytes of any key (libyaml's own bound for
 * keys without '?'). */
enum { YAML_MAX_KEYS = 4096, YAML_MAX_KEY = 1024 };

/* ---- tree.c, event.c, problem.c, stream.c ---- */

/* What is bounded: YAML_MAX_NODES and YAML_MAX_ALIAS_TEXT. */
struct budget {
    unsigned nodes; /* aliases expanded */
    size_t text;    /* bytes copied because of an alias or an anchor */
};

enum stream_state {
    STREAM_NEW,    /* nothing parsed */
    STREAM_KEYS,   /* inside the top map, before a key */
    STREAM_VALUE,  /* a key was given; the parser stands before its value */
    STREAM_LIST,   /* inside the list that is a value, before an item */
    STREAM_END,    /* the top map ended, nothing followed */
    STREAM_FAILED, /* an error was reported */
};

struct yaml_stream {
    yaml_parser_t parser;    /* libyaml */
    yaml_event_t ev;         /* the current event; type 0 when none */
    struct input in;         /* what libyaml reads */
    struct diag *d;          /* where errors go */
    char *file;              /* the name in positions outside trees */
    const char *tree_file;   /* the same name in the arena of the tree being built */
    enum stream_state state; /* see above */
    bool keep_anchors;       /* items come and go, so anchored trees are copied to `kept` */
    struct arena kept;       /* top-level keys, anchor names and, with keep_anchors, anchored trees */
    struct arena scratch;    /* a value that the caller skips */
    struct names anchors;    /* what aliases may name; node is NULL while it is being read */
    struct names keys;       /* top-level keys so far */
    struct names siblings;   /* scratch of the duplicate check */
    struct budget item;      /* what the item being built used */
    struct budget keep;      /* what the anchored trees in `kept` use together */
    yaml_mark_t after;       /* where the last event ended: s->ev is gone when the next one fails */
    yaml_mark_t properties;  /* where the anchor or tag of s->ev is; the value itself when it has none */
};

/* event.c. The next event into s->ev; false after a reported error (then the stream has failed). */
bool event_next(struct yaml_stream *s);
struct pos event_pos(const struct yaml_stream *s); /* of s->ev, for a tree when one is being built */
struct pos mark_pos(const struct yaml_stream *s, const yaml_mark_t *m);
/* Reports and fails the stream; always false. */
bool stream_error(struct yaml_stream *s, struct pos at, size_t span, const char *fmt, ...) PRINTF(4, 5);

/* problem.c: says what libyaml found, in our words. */
void problem_report(struct yaml_stream *s);

/* tree.c. The tree that s->ev starts; on return s->ev is its last event. NULL after a reported error. */
struct ynode *tree_build(struct yaml_stream *s, struct arena *a, int depth);
/* Checks the list or map that s->ev starts and that is going to be read piece by piece. */
bool tree_enter(struct yaml_stream *s);
/* Reads the key that s->ev is; false after a reported error. */
bool tree_key(struct yaml_stream *s, struct arena *a, const char **key);

#endif
