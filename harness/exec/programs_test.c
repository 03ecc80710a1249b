/* Real programs: each of corpora/programs on every backend of ours, statically and dynamically linked,
 * against the same source built natively and against qemu-riscv64: the same output, the same status.
 *
 * A program's first lines may say `not native: REASON` or `not qemu: REASON`: what that one cannot be held
 * to. LOCKSTEP_PROGRAMS=GLOB runs some of them.
 */
#include "harness/corpus/glob.h"
#include "harness/exec/outside.h"

#include <dirent.h>
#include <stdlib.h>

/* What somebody else makes of a program: run once, however many of our ways are held against it. */
struct truth {
    struct outside outside; /* when it ran */
    bool ran;               /* it did */
};

/* A program on a backend, linked one way. */
struct trial {
    const char *program;         /* name of its source */
    const char *backend;         /* ours */
    const char *linked;          /* "static", "dynamic" */
    struct truth *native, *qemu; /* of this program, however linked; of this one linked this way */
};

static char place[4096]; /* folder of the built program lockstep, with a slash */

/* The reason behind `not WHO:` at the program's top, or NULL. */
static const char *excused(const char *program, const char *who, char *reason, size_t size)
{
    char path[256], line[256], mark[32];
    snprintf(path, sizeof(path), "corpora/programs/%s.c", program);
    snprintf(mark, sizeof(mark), "not %s:", who);
    FILE *f = fopen(path, "r");
    bool found = false;
    for (int i = 0; f && i < 3 && !found && fgets(line, sizeof(line), f); i++) {
        char *at = strstr(line, mark);
        found = at != NULL;
        if (found) snprintf(reason, size, "%s", at);
    }
    if (f) fclose(f);
    return found ? reason : NULL;
}

static void against(const struct trial *t, const char *who, struct truth *theirs, const char *const *argv,
                    const struct outside *ours, const char *what)
{
    char reason[256];
    if (excused(t->program, who, reason, sizeof(reason))) {
        print_message("%s: %s", t->program, reason);
        return;
    }
    if (!theirs->ran) outside_run(argv, &theirs->outside);
    theirs->ran = true;
    outside_compare(&theirs->outside, who, ours, what);
}

static void test_program(void **state)
{
    const struct trial *t = *state;
    char lockstep[4200], path[4200], native[4200], what[300];
    struct outside ours;
    snprintf(lockstep, sizeof(lockstep), "%slockstep", place);
    snprintf(path, sizeof(path), "%s../programs/%s.%s", place, t->program, t->linked);
    snprintf(native, sizeof(native), "%s../programs/%s.native", place, t->program);
    snprintf(what, sizeof(what), "%s.%s on %s", t->program, t->linked, t->backend);
    if (access(path, X_OK)) skip();
    const char *const us[] = {lockstep,    "exec",     "-L", "/usr/riscv64-linux-gnu",
                              "--backend", t->backend, path, NULL};
    const char *const qemu[] = {"qemu-riscv64", "-L", "/usr/riscv64-linux-gnu", path, NULL};
    const char *const host[] = {native, NULL};
    outside_run(us, &ours);
    against(t, "native", t->native, host, &ours, what);
    against(t, "qemu", t->qemu, qemu, &ours, what);
    buf_free(&ours.output);
}

/* ---- which there are ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static unsigned find_programs(char **names, unsigned most)
{
    const char *glob = getenv("LOCKSTEP_PROGRAMS");
    DIR *d = opendir("corpora/programs");
    unsigned n = 0;
    for (struct dirent *e; d && (e = readdir(d)) && n < most;) {
        char *dot = strrchr(e->d_name, '.');
        if (!dot || strcmp(dot, ".c")) continue;
        *dot = 0;
        if (!glob || glob_match(glob, e->d_name)) names[n++] = xstrdup(e->d_name);
    }
    if (d) closedir(d);
    qsort(names, n, sizeof(names[0]), by_name);
    return n;
}

int main(void)
{
    static const char *const linked[] = {"static", "dynamic"};
    enum { MOST = 200 };
    static char *names[MOST];
    static struct trial trials[MOST * 8];
    static struct truth truths[MOST][1 + ARRAY_LEN(linked)]; /* of each: native, qemu for each way to link */
    static struct CMUnitTest tests[MOST * 8];
    unsigned count = find_programs(names, MOST), n = 0;
    if (!outside_place(place, sizeof(place)) || !count) return 1;
    for (unsigned i = 0; i < count; i++)
        for (unsigned b = 0; backend_all[b]; b++)
            for (unsigned k = 0; k < ARRAY_LEN(linked) && backend_all[b]->user; k++, n++) {
                struct buf name = {0};
                trials[n] = (struct trial){names[i], backend_all[b]->name, linked[k], &truths[i][0],
                                           &truths[i][1 + k]};
                buf_printf(&name, "%s_%s_%s", names[i], trials[n].backend, linked[k]);
                tests[n] = (struct CMUnitTest){
                    .name = name.p, .test_func = test_program, .initial_state = &trials[n]};
            }
    int failed = _cmocka_run_group_tests("programs", tests, n, NULL, NULL);
    for (unsigned i = 0; i < count; i++)
        for (unsigned k = 0; k < ARRAY_LEN(truths[i]); k++) buf_free(&truths[i][k].outside.output);
    return failed;
}
