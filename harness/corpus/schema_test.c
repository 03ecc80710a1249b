/* The JSON Schema that editors get: well-formed, saying what the table says; and every corpus file names it.
 */
#include "harness/corpus/schema_kind.h"
#include "harness/corpus/corpus_test.h"
#include "harness/corpus/schema.h"
#include "harness/packed/packed.h"

#include <ftw.h>
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

static json_t *written(void (*write)(FILE *))
{
    char *text = NULL;
    size_t n = 0;
    json_error_t err;
    FILE *f = open_memstream(&text, &n);
    write(f);
    assert_int_equal(fclose(f), 0);
    json_t *j = json_loadb(text, n, JSON_REJECT_DUPLICATES, &err);
    if (!j) fail_msg("line %d: %s", err.line, err.text);
    free(text);
    return j;
}

/* The alternative of a type that has this kind ("object", "array"), or NULL. */
static json_t *alternative(json_t *type, const char *kind)
{
    json_t *a;
    size_t i;
    json_array_foreach(json_object_get(type, "anyOf"), i, a)
    {
        const char *t = json_string_value(json_object_get(a, "type"));
        if (t && !strcmp(t, kind)) return a;
    }
    return NULL;
}

/* Everything in the table is in the JSON, and nothing is required that the table does not require. */
static void compare_map(const struct schema *s, json_t *map)
{
    json_t *properties = json_object_get(map, "properties"), *required = json_object_get(map, "required");
    assert_int_equal(json_object_size(properties), s->nkeys);
    size_t needed = 0;
    for (unsigned i = 0; i < s->nkeys; i++) {
        json_t *p = json_object_get(properties, s->keys[i].name);
        assert_non_null(p);
        assert_string_equal(json_string_value(json_object_get(p, "description")), s->keys[i].doc);
        needed += s->keys[i].required;
        const struct schema *t = s->keys[i].type;
        assert_int_equal(alternative(p, "array") != NULL, (t->accepts & SCHEMA_LIST) != 0);
        assert_int_equal(alternative(p, "object") != NULL, (t->accepts & SCHEMA_MAP) != 0);
        if (t->accepts & SCHEMA_MAP && t->nkeys) compare_map(t, alternative(p, "object"));
        if (t->accepts & SCHEMA_LIST && t->item->nkeys)
            compare_map(t->item, alternative(json_object_get(alternative(p, "array"), "items"), "object"));
    }
    assert_int_equal(json_array_size(required), needed);
    assert_int_equal(json_is_false(json_object_get(map, "additionalProperties")), s->rest == NULL);
}

static void test_corpus(void **state)
{
    json_t *j = written(schema_write_json);
    assert_string_equal(json_string_value(json_object_get(j, "$schema")),
                        "https://json-schema.org/draft/2020-12/schema");
    json_t *o = json_array_get(json_object_get(j, "allOf"), 0);
    for (unsigned i = 1; kind_all[i];
         i++, o = json_object_get(o, "else")) { /* one other kind after another */
        struct kind_schema kind;
        kind_schema_make(kind_all[i], &kind);
        compare_map(&kind.corpus, json_object_get(o, "then"));
    }
    compare_map(&schema_corpus, o);
    json_decref(j);
}

static void test_quirks(void **state)
{
    json_t *j = written(schema_write_quirks_json);
    compare_map(&schema_quirks, json_array_get(json_object_get(j, "allOf"), 0));
    json_decref(j);
}

static void test_packed(void **state)
{
    json_t *j = written(packed_write_json);
    compare_map(&schema_packed, json_array_get(json_object_get(j, "allOf"), 0));
    json_decref(j);
}

/* ---- the corpora ---- */

static int nfiles;

/* "# yaml-language-server: $schema=../../build/schema/corpus.json", with as many .. as the file is deep. */
static int check_first_line(const char *path, const struct stat *st, int type, struct FTW *where)
{
    size_t n = strlen(path);
    if (type != FTW_F || n < 5 || strcmp(path + n - 5, ".yaml") != 0) return 0;
    char line[300] = "", expected[300] = "# yaml-language-server: $schema=";
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    if (!fgets(line, sizeof(line), f)) line[0] = 0;
    fclose(f);
    for (const char *p = path; (p = strchr(p, '/')); p++) strcat(expected, "../");
    strcat(expected, "build/schema/");
    line[strcspn(line, "\n")] = 0;
    if (strncmp(line, expected, strlen(expected)) != 0)
        fail_msg("%s:1: '%s', expected '%s…'", path, line, expected);
    nfiles++;
    return 0;
}

static void test_first_lines(void **state)
{
    assert_int_equal(nftw("corpora", check_first_line, 16, FTW_PHYS), 0);
    assert_true(nfiles > 0);
}

/* What is written inside a project finds its schema from where it is; elsewhere it says nothing. */
static void test_line(void **state)
{
    static const struct {
        const char *path, *line; /* of a file, and its first line */
    } rows[] = {
        {"x.yaml", "# yaml-language-server: $schema=build/schema/t.json\n"},
        {"./a/x.yaml", "# yaml-language-server: $schema=../build/schema/t.json\n"},
        {"a/b/c/x.yaml", "# yaml-language-server: $schema=../../../build/schema/t.json\n"},
        {"a/b/../x.yaml", "# yaml-language-server: $schema=../build/schema/t.json\n"},
        {"../outside.yaml", ""},
        {"/outside.yaml", ""},
        {"no/such/folder/x.yaml", ""},
        {NULL, ""},
    };
    char dir[] = "/tmp/lockstep-test-XXXXXX", command[128], before[PATH_MAX];
    struct buf b = {0};
    (void)state;
    assert_non_null(getcwd(before, sizeof(before)));
    assert_true(mkdtemp(dir) && !chdir(dir));
    assert_int_equal(system("mkdir -p p/build/schema p/a/b/c && echo {} > p/build/schema/t.json"), 0);
    assert_int_equal(chdir("p"), 0);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        buf_reset(&b);
        schema_line(rows[i].path, "t", &b);
        assert_string_equal(buf_cstr(&b), rows[i].line);
    }
    snprintf(command, sizeof(command), "rm -r %s", dir);
    assert_int_equal(chdir(before) | system(command), 0);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_corpus),      cmocka_unit_test(test_quirks), cmocka_unit_test(test_packed),
        cmocka_unit_test(test_first_lines), cmocka_unit_test(test_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
