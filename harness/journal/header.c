/* The header of a run record: everything that must be the same in two runs for their records to be of one. */
#include "harness/journal/journal.h"

#include <inttypes.h>
#include <string.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is compared, in the order in which people want to hear of it. */
static const struct {
    const char *key;  /* in the header */
    const char *what; /* in sentences */
    unsigned when;    /* enum journal_purpose bits */
} parts[] = {
    {"program", "engine", JOURNAL_FOR_RESUME | JOURNAL_FOR_MERGE},
    {"corpus", "corpus", JOURNAL_FOR_RESUME | JOURNAL_FOR_MERGE},
    {"paths", "list of corpora", JOURNAL_FOR_RESUME | JOURNAL_FOR_MERGE},
    {"seed", "seed", JOURNAL_FOR_RESUME | JOURNAL_FOR_MERGE | JOURNAL_FOR_RERUN},
    {"backends", "lineup", JOURNAL_FOR_RESUME | JOURNAL_FOR_MERGE},
    {"quirks", "set of quirks", JOURNAL_FOR_RESUME | JOURNAL_FOR_MERGE},
    {"filter", "filter", JOURNAL_FOR_RESUME | JOURNAL_FOR_MERGE | JOURNAL_FOR_RERUN},
    {"choice", "choice of cases", JOURNAL_FOR_RESUME | JOURNAL_FOR_MERGE},
    {"deal", "balance", JOURNAL_FOR_RESUME | JOURNAL_FOR_MERGE},
    {"shards", "number of shards", JOURNAL_FOR_RESUME | JOURNAL_FOR_MERGE | JOURNAL_FOR_RERUN},
    {"shard", "shard", JOURNAL_FOR_RESUME | JOURNAL_FOR_RERUN},
    {"cases", "number of cases", JOURNAL_FOR_RESUME},
    {"cover", "coverage", JOURNAL_FOR_RESUME | JOURNAL_FOR_MERGE},
};

uint64_t journal_program(void)
{
    struct stat st;
    uint64_t sum = 0;
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    void *p = fstat(fd, &st) ? MAP_FAILED : mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (p == MAP_FAILED) return 0;
    sum = journal_sum(0, p, (size_t)st.st_size);
    munmap(p, (size_t)st.st_size);
    return sum;
}

/* JSON wants UTF-8, paths may be anything. */
static json_t *text_of(const char *s)
{
    json_t *j = json_string(s);
    if (j) return j;
    struct buf hex = {0};
    buf_str(&hex, "hex:");
    for (; *s; s++) buf_printf(&hex, "%02x", (unsigned char)*s);
    j = json_string(hex.p);
    buf_free(&hex);
    return j;
}

static json_t *texts_of(const char *const *texts, unsigned n)
{
    json_t *l = json_array();
    for (unsigned i = 0; i < n; i++) json_array_append_new(l, text_of(texts[i]));
    return l;
}

static json_t *hash_of(uint64_t hash)
{
    return json_sprintf("%016" PRIx64, hash);
}

/* ["interp", "jit", "unicorn 2.0.1 (oracle)"] */
static json_t *lineup_of(const struct lineup *l)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < l->n; i++) {
        const struct backend *b = l->entries[i].backend;
        json_t *e = json_object();
        json_object_set_new(e, "name", json_string(b->name));
        json_object_set_new(e, "oracle", json_boolean(l->entries[i].oracle));
        if (b->version) json_object_set_new(e, "version", text_of(b->version()));
        json_array_append_new(list, e);
    }
    return list;
}

json_t *journal_header(const struct run_info *info)
{
    json_t *h = json_object();
    json_object_set_new(h, "program", hash_of(info->program));
    json_object_set_new(h, "corpus", hash_of(info->corpus));
    json_object_set_new(h, "paths", texts_of(info->paths, info->npaths));
    json_object_set_new(h, "seed", json_sprintf("%" PRIu64, info->seed)); /* JSON's numbers have 63 bits */
    json_object_set_new(h, "backends", lineup_of(info->lineup));
    json_object_set_new(h, "quirks", hash_of(info->quirks));
    json_object_set_new(h, "filter", texts_of(info->globs, info->nglobs));
    json_object_set_new(h, "choice", hash_of(info->choice));
    json_object_set_new(h, "deal", hash_of(info->deal));
    json_object_set_new(h, "shards", json_integer(info->nshards));
    json_object_set_new(h, "shard", json_integer(info->nshards ? info->shard + 1 : 0));
    json_object_set_new(h, "cases", json_integer((json_int_t)info->total));
    json_object_set_new(h, "absent", json_integer(info->absent));
    if (info->watched) json_object_set(h, "watched", info->watched);
    json_object_set_new(h, "cover", json_boolean(info->covered));
    json_object_set_new(h, "options", text_of(info->options));
    return h;
}

/* A value as a sentence has it. */
static void say(const json_t *v, struct buf *out)
{
    char *text = v && !json_is_string(v) ? json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    buf_str(out, text ? text : v ? json_string_value(v) : "none");
    free(text);
}

/* "another seed (7, in b.rec 8)" */
static void say_part(const char *what, const json_t *theirs, const char *than, const json_t *ours,
                     struct buf *out)
{
    buf_printf(out, " is of another run%s%s: another %s (", than ? " than " : "", than ? than : "", what);
    say(theirs, out);
    buf_printf(out, ", %s%s ", than ? "in " : "here", than ? than : "");
    say(ours, out);
    buf_char(out, ')');
}

bool journal_differs(const char *path, const json_t *theirs, const char *than, const json_t *ours,
                     enum journal_purpose purpose, struct buf *out)
{
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        const char *key = parts[i].key;
        const json_t *a = json_object_get(theirs, key), *b = json_object_get(ours, key);
        if (!(parts[i].when & purpose) || json_equal(a, b)) continue;
        uint64_t shards = journal_number(theirs, key);
        buf_str(out, path);
        if (strcmp(key, "shards") != 0 || (shards && journal_number(ours, key)))
            say_part(parts[i].what, a, than, b, out);
        else if (shards)
            buf_printf(out, " is the record of a shard, %" PRIu64 " of %" PRIu64 ", not of a whole run",
                       journal_number(theirs, "shard"), shards);
        else
            buf_str(out, " is the record of a whole run, not of a shard");
        return true;
    }
    return false;
}

uint64_t journal_number(const json_t *header, const char *key)
{
    json_int_t v = json_integer_value(json_object_get(header, key));
    return v < 0 ? 0 : (uint64_t)v;
}

const char *journal_text(const json_t *header, const char *key)
{
    const char *s = json_string_value(json_object_get(header, key));
    return s ? s : "";
}
