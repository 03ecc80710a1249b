/* Opening, walking and closing: the file as a whole, its top-level keys, the items of a list.
 *
 * One document a file. A stream walks NEW → KEYS ⇄ VALUE (⇄ LIST) → END, and from anywhere to FAILED.
 */
#include "specs/yaml/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct yaml_stream *stream_new(const char *name, struct diag *d)
{
    struct yaml_stream *s = xcalloc(1, sizeof(*s));
    s->d = d;
    s->file = xstrdup(name);
    s->keep_anchors = true;
    s->in.fd = -1;
    if (!yaml_parser_initialize(&s->parser)) {
        diag_error(d, (struct pos){.file = name}, 0, "out of memory");
        free(s->file);
        free(s);
        return NULL;
    }
    yaml_parser_set_encoding(&s->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input(&s->parser, input_read, &s->in);
    return s;
}

struct yaml_stream *yaml_open(const char *path, struct diag *d)
{
    struct yaml_stream *s = stream_new(path, d);
    if (!s) return NULL;
    int err = input_open(&s->in, path);
    if (err) {
        diag_error(d, (struct pos){.file = path}, 0, "cannot read the file: %s", strerror(-err));
        yaml_close(s);
        return NULL;
    }
    return s;
}

struct yaml_stream *yaml_open_text(const char *name, const char *text, size_t len, struct diag *d)
{
    struct yaml_stream *s = stream_new(name, d);
    if (!s) return NULL;
    diag_source(d, name, text, len);
    input_text(&s->in, text, len);
    return s;
}

void yaml_close(struct yaml_stream *s)
{
    if (!s) return;
    if (s->ev.type != YAML_NO_EVENT) yaml_event_delete(&s->ev);
    yaml_parser_delete(&s->parser);
    input_close(&s->in);
    names_free(&s->anchors);
    names_free(&s->keys);
    names_free(&s->siblings);
    arena_free(&s->kept);
    arena_free(&s->scratch);
    free(s->file);
    free(s);
}

/* ---- the document around the tree ---- */

static bool empty(struct yaml_stream *s)
{
    return stream_error(s, (struct pos){s->file, 1, 1}, 0, "the file is empty; expected a map");
}

static bool skip_events(struct yaml_stream *s, int n)
{
    while (n > 0 && event_next(s)) n--;
    return n == 0;
}

/* To the first event of the top node. */
static bool document_begin(struct yaml_stream *s)
{
    if (!skip_events(s, 2)) return false; /* the stream's start, the document's */
    if (s->ev.type == YAML_STREAM_END_EVENT) return empty(s);
    if (!event_next(s)) return false;
    bool nothing = s->ev.type == YAML_SCALAR_EVENT && s->ev.data.scalar.length == 0 &&
                   s->ev.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    return nothing ? empty(s) : true;
}

/* From the last event of the top node: nothing may follow. */
static bool document_end(struct yaml_stream *s)
{
    if (!skip_events(s, 2)) return false; /* the document's end, then */
    if (s->ev.type == YAML_STREAM_END_EVENT) return true;
    return stream_error(s, event_pos(s), 3, "a second document starts here; expected one in a file");
}

/* ---- whole files ---- */

static struct ynode *load(struct yaml_stream *s, struct arena *a)
{
    if (!s) return NULL;
    s->keep_anchors = false;
    s->tree_file = arena_strdup(a, s->file);
    struct ynode *n = document_begin(s) ? tree_build(s, a, 0) : NULL;
    if (n && !document_end(s)) n = NULL;
    yaml_close(s);
    return n;
}

struct ynode *yaml_load(const char *path, struct arena *a, struct diag *d)
{
    return load(yaml_open(path, d), a);
}

struct ynode *yaml_load_text(const char *name, const char *text, size_t len, struct arena *a, struct diag *d)
{
    return load(yaml_open_text(name, text, len, d), a);
}

/* ---- streaming ---- */

/* One item, with budgets of its own, from s->ev on. */
static struct ynode *item_build(struct yaml_stream *s, struct arena *a, int depth)
{
    s->item = (struct budget){0};
    s->tree_file = arena_strdup(a, s->file);
    struct ynode *n = tree_build(s, a, depth);
    s->tree_file = NULL;
    return n;
}

static bool top_begin(struct yaml_stream *s)
{
    if (!document_begin(s)) return false;
    if (s->ev.type == YAML_MAPPING_START_EVENT) {
        if (!tree_enter(s)) return false;
        s->state = STREAM_KEYS;
        return true;
    }
    return stream_error(s, event_pos(s), 0, "%s at the top of the file; expected a map",
                        s->ev.type == YAML_SEQUENCE_START_EVENT ? "a list" : "text");
}

/* Reads over what the caller left of the last key's value. */
static bool skip_rest(struct yaml_stream *s)
{
    if (s->state == STREAM_VALUE) {
        if (!event_next(s)) return false;
        if (s->ev.type == YAML_SEQUENCE_START_EVENT) {
            if (!tree_enter(s)) return false;
            s->state = STREAM_LIST;
        } else {
            bool good = item_build(s, &s->scratch, 1) != NULL;
            arena_reset(&s->scratch);
            if (good) s->state = STREAM_KEYS;
        }
    }
    struct ynode *item;
    while (s->state == STREAM_LIST && yaml_next_item(s, &s->scratch, &item) == 1) arena_reset(&s->scratch);
    return s->state == STREAM_KEYS;
}

/* Top-level keys are few, but a hostile file may hold nothing else. */
static bool key_note(struct yaml_stream *s, const char *key, struct pos at)
{
    bool fresh;
    struct name *e = names_add(&s->keys, key, &fresh);
    if (!fresh) {
        stream_error(s, at, strlen(key), "duplicate key '%s'", key);
        diag_note(s->d, e->at, strlen(key), "first given here");
        return false;
    }
    e->at = at;
    if (s->keys.n > YAML_MAX_KEYS) {
        return stream_error(s, at, strlen(key), "more than %d keys at the top of the file", YAML_MAX_KEYS);
    }
    return true;
}

int yaml_next_key(struct yaml_stream *s, const char **key, struct pos *at)
{
    if (s->state == STREAM_END) return 0;
    if (s->state == STREAM_FAILED) return -1;
    if (s->state == STREAM_NEW ? !top_begin(s) : !skip_rest(s)) return -1;
    if (!event_next(s)) return -1;
    if (s->ev.type == YAML_MAPPING_END_EVENT) {
        if (!document_end(s)) return -1;
        s->state = STREAM_END;
        return 0;
    }
    *at = event_pos(s);
    if (!tree_key(s, &s->kept, key) || !key_note(s, *key, *at)) return -1;
    s->state = STREAM_VALUE;
    return 1;
}

struct ynode *yaml_value(struct yaml_stream *s, struct arena *a)
{
    if (s->state == STREAM_FAILED) return NULL;
    BUG_ON(s->state != STREAM_VALUE);
    struct ynode *n = event_next(s) ? item_build(s, a, 1) : NULL;
    if (n) s->state = STREAM_KEYS;
    return n;
}

int yaml_enter_list(struct yaml_stream *s)
{
    if (s->state == STREAM_FAILED) return -1;
    BUG_ON(s->state != STREAM_VALUE);
    if (!event_next(s)) return -1;
    if (s->ev.type != YAML_SEQUENCE_START_EVENT) {
        stream_error(s, event_pos(s), 0, "expected a list here");
        return -1;
    }
    if (!tree_enter(s)) return -1;
    s->state = STREAM_LIST;
    return 0;
}

int yaml_next_item(struct yaml_stream *s, struct arena *a, struct ynode **item)
{
    if (s->state == STREAM_FAILED) return -1;
    BUG_ON(s->state != STREAM_LIST);
    if (!event_next(s)) return -1;
    if (s->ev.type == YAML_SEQUENCE_END_EVENT) {
        s->state = STREAM_KEYS;
        return 0;
    }
    *item = item_build(s, a, 2);
    return *item ? 1 : -1;
}
