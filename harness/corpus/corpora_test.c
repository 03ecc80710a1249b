/* The corpora keep their promise: every row that has semantics has a case written by hand with the manual's
 * answer, and one that somebody outside can check; none names a row that is absent. */
#include "harness/harness.h"
#include "harness/commands/program.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What the corpora hold for one row. */
struct seen {
    unsigned
        by_hand; /* cases with the manual's truth in which it is the instruction in question or in the code */
    unsigned generated; /* cases that oracles judge */
};

/* Every instruction of a case's code counts: an lr is shown by what the sc after it does. */
static void note(const struct guest *g, const struct test_case *c, struct seen *seen)
{
    for (unsigned at = 0; at + 2 <= c->code_size;) {
        uint32_t word = 0;
        memcpy(&word, c->code + at, c->code_size - at < 4 ? c->code_size - at : 4);
        int row = g->decode(word);
        if (row >= 0 && c->has_truth) seen[row].by_hand++;
        if (row >= 0 && c->generated) seen[row].generated++;
        at += g->length(word);
    }
}

static struct seen *corpora_read(const struct guest *g, const char *path)
{
    struct case_filter all = {.seed = 0};
    struct diag d = {.out = stderr};
    struct seen *seen = xcalloc(g->nrows, sizeof(*seen));
    const struct test_case *c;
    struct case_stream *s = case_stream_open(&path, 1, &all, &d);
    int more;
    assert_non_null(s);
    while ((more = case_stream_next(s, &c)) == 1) note(g, c, seen);
    assert_int_equal(more, 0);
    case_stream_close(s);
    diag_free(&d);
    return seen;
}

static void every_row_has_a_case_from_the_manual(void **state)
{
    const struct guest *g = guest_find("riscv64");
    struct seen *seen = corpora_read(g, "corpora/riscv64");
    unsigned missing = 0;
    for (unsigned i = 0; i < g->nrows; i++) {
        if (g->rows[i].absent || seen[i].by_hand) continue;
        print_error("no case from the manual: %s (%s:%d)\n", g->rows[i].id, g->rows[i].file, g->rows[i].line);
        missing++;
    }
    free(seen);
    assert_int_equal(missing, 0);
}

/* The extensions that Unicorn 2.0.1 runs (corpora/quirks says what it does not): their rows have generated
 * cases too. */
static void every_row_of_the_base_has_generated_cases(void **state)
{
    static const char *const base[] = {"I", "M", "A", "F", "D", "C", "CD", "Zicsr", "Zifencei"};
    const struct guest *g = guest_find("riscv64");
    struct seen *seen = corpora_read(g, "corpora/riscv64");
    unsigned missing = 0;
    for (unsigned i = 0; i < g->nrows; i++) {
        for (size_t k = 0; k < ARRAY_LEN(base); k++) {
            if (strcmp(g->rows[i].ext, base[k]) != 0 || seen[i].generated >= (g->rows[i].nfields ? 25u : 4u))
                continue;
            print_error("%u generated cases of %s\n", seen[i].generated, g->rows[i].id);
            missing++;
        }
    }
    free(seen);
    assert_int_equal(missing, 0);
}

/* The run that the README promises: everything on the interpreter, against Unicorn and the manual. */
static void the_interpreter_passes_them_all(void **state)
{
    const char *const argv[] = {"lockstep", "run",      "corpora/riscv64", "--backend",
                                "interp",   "--oracle", "unicorn"};
    char *text = NULL;
    size_t len = 0;
    unsigned long passed = 0, failed = 1;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    int status = program_main(ARRAY_LEN(argv), argv, out, out, backend_all);
    assert_int_equal(fclose(out), 0);
    if (status != STATUS_PASS) print_error("%s", text);
    char *last = strrchr(text, '\n');
    while (last && last > text && last[-1] != '\n') last--;
    assert_int_equal(sscanf(last, "%lu passed, %lu failed", &passed, &failed), 2);
    free(text);
    assert_int_equal(status, STATUS_PASS);
    assert_int_equal(failed, 0);
    assert_true(passed >= 150000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_has_a_case_from_the_manual),
        cmocka_unit_test(every_row_of_the_base_has_generated_cases),
        cmocka_unit_test(the_interpreter_passes_them_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
