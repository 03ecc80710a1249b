/* YAML as lockstep reads it everywhere: a stream of small trees with positions, and compiler-like errors.
 *
 * On top of libyaml's events. Duplicate keys, unknown tags, several documents and unbounded aliases are
 * errors. A file is never held whole: yaml_open + yaml_enter walk to a list and yaml_next loads one item at a
 * time, so memory is bounded by the largest item. yaml_load is for the small files under specs/.
 */
#ifndef SPECS_YAML_H
#define SPECS_YAML_H

#include "engine/base/base.h"

/* ---- diag.c ---- */

/* Where something was said. line and col count from 1; 0 means unknown. */
struct pos {
    const char *file;
    int line, col;
};

/* Collects or prints errors in the form
 *     corpora/riscv64/i.yaml:12:9: error: unknown key 'cod'; did you mean 'code'?
 *         - cod: add a0, a1, a2
 *           ^~~
 * The source line is re-read from the file and shown without its indentation; a line of over 200 characters
 * is cut around the caret. A missing file only loses the line. {0} is ready for use. */
struct diag {
    FILE *out;                   /* where errors go; NULL collects them in `text` only */
    struct buf text;             /* every message so far (for tests) */
    unsigned errors;             /* how many */
    unsigned limit;              /* stop printing after this many; 0 means 20 */
    struct diag_source *sources; /* texts that are not files; see diag_source */
};

/* `span` is how many bytes of the source line to underline, 0 and 1 both mean a bare caret; it ends with the
 * line. */
void diag_error(struct diag *d, struct pos at, size_t span, const char *fmt, ...) PRINTF(4, 5);
/* A second position that belongs to the error just reported. */
void diag_note(struct diag *d, struct pos at, size_t span, const char *fmt, ...) PRINTF(4, 5);
/* Positions in the file `name` are shown from a copy of this text (yaml_load_text and yaml_open_text call
 * it). */
void diag_source(struct diag *d, const char *name, const char *text, size_t len);
void diag_free(struct diag *d);

/* The entry of names[0..n) nearest to `word`, or NULL when none is near enough to suggest (base_suggest). */
const char *diag_suggest(const char *word, const char *const *names, size_t n);

/* ---- trees: event.c, tree.c ---- */

enum ynode_kind { YNODE_SCALAR, YNODE_LIST, YNODE_MAP };

/* One node of a loaded tree; lives, with all its strings, in the arena it was loaded into. What an alias
 * brought in is a copy whose positions are those of the original. Nothing, ~ and null are a scalar with len
 * 0, neither quoted nor block. !!str makes a scalar quoted. */
struct ynode {
    enum ynode_kind kind;
    struct pos at;    /* of the value */
    const char *text; /* scalar: NUL-terminated value ("" for null) */
    size_t len;       /* scalar: its length; embedded NULs are an error at load */
    bool quoted;      /* scalar: was '…' or "…" */
    bool block;      /* scalar: was | or >; its text starts on the line after `at`, which is where the | is */
    int indent;      /* scalar: columns that the file has before each line of a | block, or before text that
                      * stands on one line as it is (1 for the quote); -1: neither. For ynode_text_pos */
    const char *key; /* as a child of a map: its key; else NULL */
    struct pos key_at;   /* as a child of a map: where the key stands */
    struct ynode *child; /* list or map: the first */
    struct ynode *next;  /* the following sibling */
    unsigned count;      /* list or map: how many children */
};

/* Bounds that make hostile files cheap to refuse: nodes after alias expansion per item (a whole file is one
 * item to yaml_load), nesting, scalar size, and text that aliases may add to one item. */
enum {
    YAML_MAX_NODES = 1 << 18,
    YAML_MAX_DEPTH = 64,
    YAML_MAX_SCALAR = 1 << 20,
    YAML_MAX_ALIAS_TEXT = 1 << 20
};

/* The whole file as one tree; NULL after a reported error. */
struct ynode *yaml_load(const char *path, struct arena *a, struct diag *d);
/* The same from memory; `name` stands for the file in messages. */
struct ynode *yaml_load_text(const char *name, const char *text, size_t len, struct arena *a, struct diag *d);

/* ---- stream.c: the top of the file must be a map ---- */

struct yaml_stream;
struct yaml_stream *yaml_open(const char *path, struct diag *d); /* NULL after a reported error */
/* The text must live until yaml_close. */
struct yaml_stream *yaml_open_text(const char *name, const char *text, size_t len, struct diag *d);
/* The next top-level key: 1 found, 0 end of file, -1 error (reported). A key met twice is an error. What the
 * last key's value still held is read over (and checked). *key and at->file live until yaml_close. */
int yaml_next_key(struct yaml_stream *s, const char **key, struct pos *at);
/* After yaml_next_key: the whole value as one tree. */
struct ynode *yaml_value(struct yaml_stream *s, struct arena *a);
/* After yaml_next_key: the value must be a list; then yaml_next_item gives one item a call: 1 item, 0 end, -1
 * error. Anchors set in one item may be used in later ones (their trees are kept, bounded by YAML_MAX_NODES
 * and YAML_MAX_ALIAS_TEXT). yaml_enter_list is 0, or -1 after a reported error. The arena may be reset
 * between items. */
int yaml_enter_list(struct yaml_stream *s);
int yaml_next_item(struct yaml_stream *s, struct arena *a, struct ynode **item);
/* Every error is final: calls after it return the error again and report nothing. */
void yaml_close(struct yaml_stream *s); /* NULL is fine */

/* ---- node.c: access to trees ---- */

struct ynode *ynode_get(const struct ynode *map, const char *key); /* NULL when absent or not a map */
const char *ynode_kind_name(const struct ynode *n);                /* "a map", "a list", "text", "nothing" */

/* Where the byte `offset` of a scalar's text stands in its file. Exact for text on one line without escapes
 * and for | blocks (an offset in the final line breaks is the end of the last line); else where the scalar
 * starts. */
struct pos ynode_text_pos(const struct ynode *n, size_t offset);

/* Checks a map's keys against names[0..n): each unknown key is reported with a suggestion. `what` completes
 * "in …"
 * ("a row") and may be NULL. False when something was reported, also that `map` is not a map. */
bool ynode_check_keys(const struct ynode *map, const char *const *names, size_t n, const char *what,
                      struct diag *d);

/* ---- number.c ---- */

/* Numbers: decimal, 0x…, 0b…, 0o…, with '_' between digits and an optional leading '-'. True on success; no
 * report. The value is two's complement in 64 bits; a number needing more fails, and so does a decimal with a
 * leading 0, which some would read as octal. *negative says that the value is below 0. Quoted text is not a
 * number. */
bool ynode_u64(const struct ynode *n, uint64_t *v, bool *negative);
bool number_parse(const char *s, size_t len, uint64_t *v, bool *negative);

#endif
