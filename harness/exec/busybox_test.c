/* Debian's static busybox for the guest: a script of applets and of the shell itself gives the output that
 * the host's own busybox gives. Every applet is a new process, so this is fork, exec and wait as much as
 * anything. */
#include "harness/exec/outside.h"

#include <stdlib.h>

static char place[4096];

static void test_applets(void **state)
{
    const char *backend = *state;
    char lockstep[4200], what[100];
    char guest[4096] = "";
    struct outside ours, theirs;
    snprintf(lockstep, sizeof(lockstep), "%slockstep", place);
    snprintf(what, sizeof(what), "busybox on %s", backend);
    if (!realpath("build/guest/busybox-riscv64", guest) || access(guest, X_OK)) {
        struct outside why;
        outside_run((const char *[]){"cat", "build/guest/busybox-riscv64.why", NULL}, &why);
        print_message("no busybox: %s", buf_cstr(&why.output));
        buf_free(&why.output);
        skip();
    }
    const char *const us[] = {
        lockstep, "exec", "--backend", backend, guest, "sh", "corpora/busybox/applets.sh", guest, NULL};
    const char *const host[] = {"busybox", "sh", "corpora/busybox/applets.sh", "/bin/busybox", NULL};
    outside_run(us, &ours);
    outside_run(host, &theirs);
    outside_compare(&theirs, "the host's busybox", &ours, what);
    buf_free(&ours.output);
    buf_free(&theirs.output);
}

int main(void)
{
    struct CMUnitTest tests[8];
    unsigned n = 0;
    char names[8][32];
    if (!outside_place(place, sizeof(place))) return 1;
    for (unsigned b = 0; backend_all[b] && n < ARRAY_LEN(tests); b++) {
        if (!backend_all[b]->user) continue;
        snprintf(names[n], sizeof(names[n]), "busybox_%s", backend_all[b]->name);
        tests[n] = (struct CMUnitTest){.name = names[n],
                                       .test_func = test_applets,
                                       .initial_state = (void *)(uintptr_t)backend_all[b]->name};
        n++;
    }
    return _cmocka_run_group_tests("busybox", tests, n, NULL, NULL);
}
