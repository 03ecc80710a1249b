/* The passes' cases: engine/ir/cases/PASS/NAME.ir is a test. A file says in a comment what it shows, then has
 * a line `input` and a block, then a line `expect` and what must come of it. Names of values do not matter;
 * nodes that are gone do not show.
 *
 * `cases_test FILE…` prints what comes out, to be looked at and put behind `expect`. */
#include "engine/ir/ir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The first branch, which leads where the block's end does. */
static void join(struct ir_block *b)
{
    struct ir_node end = b->nodes[--b->n];
    uint32_t branch = 0;
    while (branch < b->n && b->nodes[branch].op != IR_EXIT_IF) branch++;
    assert_true(branch < b->n && b->nodes[branch].imm == end.imm);
    ir_join(b, branch);
    ir_add_node(b, &end);
}

static const struct pass {
    const char *name;               /* and folder */
    void (*run)(struct ir_block *); /* it */
} passes[] = {{"forward", ir_forward}, {"backward", ir_backward}, {"join", join}};

static char *read_file(const char *path)
{
    FILE *f = fopen(path, "r");
    struct buf text = {0};
    if (!f) {
        fail_msg("%s: %s", path, strerror(errno));
        return NULL;
    }
    char part[4096];
    for (size_t n; (n = fread(part, 1, sizeof(part), f)) > 0;) buf_add(&text, part, n);
    fclose(f);
    if (!text.p) fail_msg("%s is empty", path);
    return text.p;
}

/* The text behind the line `word`, which is made the end of what stands above it. */
static char *section(const char *path, char *text, const char *word)
{
    size_t len = strlen(word);
    for (char *p = text; p; p = strchr(p, '\n')) {
        if (*p == '\n') p++;
        if (strncmp(p, word, len) || p[len] != '\n') continue;
        *p = 0;
        return p + len + 1;
    }
    fail_msg("%s has no line '%s'", path, word);
    return NULL;
}

static void parse(const char *path, const char *part, const char *text, struct ir_block *b)
{
    struct buf err = {0};
    if (!ir_parse(b, NULL, text, &err)) fail_msg("%s, %s: %s", path, part, err.p);
    if (ir_verify(b, &err)) fail_msg("%s, %s: %s", path, part, err.p);
    buf_free(&err);
}

/* The block with nodes that are gone left out, so that values are numbered alike whatever was dropped. */
static void print_dense(const struct ir_block *b, struct buf *out)
{
    struct ir_block dense;
    uint32_t *map = xcalloc(b->n, sizeof(map[0]));
    ir_block_init(&dense);
    for (uint32_t i = 0; i < b->n; i++) {
        struct ir_node n = b->nodes[i];
        if (n.op == IR_NOP) continue;
        for (unsigned k = 0; k < ir_op_table[n.op].nargs && n.a[k] != IR_NONE; k++) n.a[k] = map[n.a[k]];
        map[i] = ir_add_node(&dense, &n);
        ir_print_node(&dense, map[i], NULL, out);
        buf_char(out, '\n');
    }
    free(map);
    ir_block_free(&dense);
}

static const struct pass *pass_of(const char *path)
{
    for (size_t i = 0; i < ARRAY_LEN(passes); i++) {
        struct buf folder = {0};
        buf_printf(&folder, "/%s/", passes[i].name);
        bool in = strstr(path, folder.p);
        buf_free(&folder);
        if (in) return &passes[i];
    }
    fail_msg("%s is in no pass's folder", path);
    return NULL;
}

/* What the file's pass makes of its input; *expect is what it should. */
static void run(const char *path, struct buf *got, struct buf *expect)
{
    struct ir_block b;
    struct buf err = {0};
    char *text = read_file(path);
    char *input = section(path, text, "input");
    char *wanted = expect ? section(path, input, "expect") : strstr(input, "\nexpect\n");
    if (!expect && wanted) *wanted = 0;
    ir_block_init(&b);
    if (expect) {
        parse(path, "expect", wanted, &b);
        print_dense(&b, expect);
    }
    parse(path, "input", input, &b);
    pass_of(path)->run(&b);
    print_dense(&b, got);
    if (ir_verify(&b, &err)) fail_msg("%s: %s, in\n%s", path, err.p, got->p);
    ir_block_free(&b);
    free(text);
}

static void check(void **state)
{
    const char *path = *state;
    struct buf got = {0}, expect = {0};
    run(path, &got, &expect);
    if (strcmp(got.p, expect.p)) fail_msg("%s gives\n%sin place of\n%s", path, got.p, expect.p);
    buf_free(&got);
    buf_free(&expect);
}

static int is_case(const struct dirent *d)
{
    size_t n = strlen(d->d_name);
    return n > 3 && !strcmp(d->d_name + n - 3, ".ir");
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[512] = {0};
    struct arena names = {0};
    size_t n = 0;
    for (int i = 1; i < argc; i++) {
        struct buf got = {0};
        run(argv[i], &got, NULL);
        printf("%s", got.p);
        buf_free(&got);
    }
    if (argc > 1) return 0;
    for (size_t i = 0; i < ARRAY_LEN(passes); i++) {
        struct dirent **found;
        char *folder = arena_printf(&names, "engine/ir/cases/%s", passes[i].name);
        int count = scandir(folder, &found, is_case, alphasort);
        for (int k = 0; k < count && n < ARRAY_LEN(tests); k++) {
            char *path = arena_printf(&names, "%s/%s", folder, found[k]->d_name);
            tests[n++] = (struct CMUnitTest){
                .name = path + strlen("engine/ir/cases/"), .test_func = check, .initial_state = path};
            free(found[k]);
        }
        if (count >= 0) free(found);
    }
    int failed = _cmocka_run_group_tests("cases", tests, n, NULL, NULL);
    arena_free(&names);
    return n ? failed : 1;
}
