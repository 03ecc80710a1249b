/* specs/linux against the headers of its ISAs: every number, layout and name that a header has too. The
 * compiler is the judge: a file of static assertions is made of the specs and compiled, never run. */
#include "specs/gen/linux.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char includes[] =
    "#define _GNU_SOURCE\n"
    "#define _ASM_GENERIC_FCNTL_H\n"
    "#include <stddef.h>\n#include <fcntl.h>\n#include <sched.h>\n#include <poll.h>\n#include <mqueue.h>\n"
    "#include <signal.h>\n#include <time.h>\n#include <asm/unistd.h>\n#include <sys/epoll.h>\n"
    "#include <sys/eventfd.h>\n#include <sys/file.h>\n#include <sys/inotify.h>\n#include <sys/ioctl.h>\n"
    "#include <sys/mman.h>\n#include <sys/mount.h>\n#include <sys/msg.h>\n#include <sys/prctl.h>\n"
    "#include <sys/random.h>\n#include <sys/resource.h>\n#include <sys/sem.h>\n#include <sys/shm.h>\n"
    "#include <sys/socket.h>\n#include <sys/stat.h>\n#include <sys/statfs.h>\n#include <sys/sysinfo.h>\n"
    "#include <sys/time.h>\n#include <sys/timerfd.h>\n#include <sys/times.h>\n#include <sys/timex.h>\n"
    "#include <sys/uio.h>\n#include <sys/utsname.h>\n#include <sys/wait.h>\n#include <sys/xattr.h>\n"
    "#include <net/if.h>\n#include <net/route.h>\n#include <netinet/in.h>\n#include <netinet/tcp.h>\n"
    "#include <unistd.h>\n#include <linux/capability.h>\n#include <linux/filter.h>\n#include <linux/fs.h>\n"
    "#include <linux/futex.h>\n#include <linux/if_tun.h>\n#include <linux/loop.h>\n#include <linux/nsfs.h>\n"
    "#include <linux/openat2.h>\n#include <linux/random.h>\n#include <linux/rtc.h>\n#include "
    "<linux/sockios.h>\n"
    "#include <linux/memfd.h>\n#include <linux/close_range.h>\n#include <linux/sched.h>\n"
    "struct kernel_termios { unsigned c_iflag, c_oflag, c_cflag, c_lflag; unsigned char c_line, c_cc[19]; "
    "};\n"
    "struct termios2 { unsigned c_iflag, c_oflag, c_cflag, c_lflag; unsigned char c_line, c_cc[19];\n"
    "    unsigned c_ispeed, c_ospeed; };\n"
    "struct sched_attr { unsigned size, sched_policy; unsigned long long sched_flags; int sched_nice;\n"
    "    unsigned sched_priority; unsigned long long sched_runtime, sched_deadline, sched_period;\n"
    "    unsigned sched_util_min, sched_util_max; };\n"
    "#undef sa_handler\nstruct kernel_sigaction { unsigned long sa_handler, sa_flags;\n"
    "#ifdef __x86_64__\n    unsigned long sa_restorer;\n#endif\n    unsigned long sa_mask; };\n"
    "struct char_ { unsigned char value; };\nstruct int_ { int value; };\nstruct uint_ { unsigned value; };\n"
    "struct long_ { long value; };\nstruct ulong_ { unsigned long value; };\n"
    "struct sigset { unsigned char bits; };\nstruct sockaddr_ { unsigned char sa_bytes; };\n"
    "struct fd_set_ { unsigned char bits; };\n";

/* What C calls a struct here. The kernel's termios is shorter than libc's. */
static const char *c_name(const char *name)
{
    static const char *const others[][2] = {
        {"char", "struct char_"},         {"int", "struct int_"},     {"uint", "struct uint_"},
        {"long", "struct long_"},         {"ulong", "struct ulong_"}, {"fd_set", "struct fd_set_"},
        {"sockaddr", "struct sockaddr_"}, {"stack_t", "stack_t"},     {"termios", "struct kernel_termios"},
    };
    static char text[64];
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        if (!strcmp(others[i][0], name)) return others[i][1];
    snprintf(text, sizeof(text), "struct %s", name);
    return text;
}

static void equal(FILE *f, const char *name, uint64_t value)
{
    /* the headers have such numbers signed, unsigned, and of either width: the low half is what counts */
    fprintf(f, "#ifdef %s\n_Static_assert((unsigned)(%s) == 0x%xu, \"%s\");\n#endif\n", name, name,
            (unsigned)value, name);
}

static void calls(const struct linux_spec *l, unsigned isa, FILE *f)
{
    for (const struct linux_call *c = l->calls; c; c = c->next) {
        char name[64];
        snprintf(name, sizeof(name), "__NR_%s", c->name);
        if (c->number.has[isa])
            equal(f, name, c->number.value[isa]);
        else
            fprintf(f, "#ifdef %s\n#error %s is a call, and has no number\n#endif\n", name, name);
        for (const struct linux_call *r = c->requests; r; r = r->next) equal(f, r->name, r->code);
    }
}

static void structs(const struct linux_spec *l, unsigned isa, FILE *f)
{
    for (const struct linux_struct *s = l->structs; s; s = s->next) {
        const struct linux_layout *y = &s->layouts[l->isas[isa].layout];
        const char *name = c_name(s->name);
        fprintf(f, "_Static_assert(sizeof(%s) == %u, \"%s\");\n", name, y->size, s->name);
        for (const struct linux_member *m = y->members; m; m = m->next) {
            if (!strcmp(m->name, "_")) continue;
            fprintf(f, "_Static_assert(offsetof(%s, %s) == %u, \"%s.%s\");\n", name, m->name, m->at, s->name,
                    m->name);
            fprintf(f, "_Static_assert(sizeof(((%s *)0)->%s) == %u, \"%s.%s\");\n", name, m->name,
                    m->size * m->count, s->name, m->name);
        }
    }
}

static void names(const struct linux_spec *l, unsigned isa, FILE *f)
{
    for (const struct linux_set *s = l->sets; s; s = s->next)
        for (const struct linux_entry *e = s->entries; e; e = e->next)
            /* libc says 0, because no 64-bit program need set it */
            if (e->number.has[isa] && strcmp(e->name, "O_LARGEFILE") != 0)
                equal(f, e->name, e->number.value[isa]);
}

static int isa_index(const struct linux_spec *l, const char *name)
{
    for (unsigned i = 0; i < l->nisas; i++)
        if (!strcmp(l->isas[i].name, name)) return (int)i;
    return -1;
}

static void judge(const char *isa, const char *compiler)
{
    struct linux_spec l = {.s.diag.out = stderr};
    char command[300], file[] = "/tmp/linux_testXXXXXX";
    snprintf(command, sizeof(command), "command -v %s >/dev/null", compiler);
    if (system(command)) skip();
    assert_true(linux_load(&l, "specs/linux"));
    int at = isa_index(&l, isa), fd = mkstemp(file);
    assert_true(at >= 0 && fd >= 0);
    FILE *f = fdopen(fd, "w");
    assert_non_null(f);
    fputs(includes, f);
    calls(&l, (unsigned)at, f);
    structs(&l, (unsigned)at, f);
    names(&l, (unsigned)at, f);
    fclose(f);
    snprintf(command, sizeof(command), "%s -std=gnu17 -fsyntax-only -x c %s", compiler, file);
    int wrong = system(command);
    unlink(file);
    linux_free(&l);
    assert_int_equal(wrong, 0);
}

/* Every call that the ISA's headers know has a row. */
static void complete(const char *isa, const char *compiler)
{
    struct linux_spec l = {.s.diag.out = stderr};
    char command[300], line[300], name[200];
    unsigned count = 0;
    snprintf(command, sizeof(command), "%s -E -dM -include asm/unistd.h -x c /dev/null 2>/dev/null",
             compiler);
    assert_true(linux_load(&l, "specs/linux"));
    FILE *f = popen(command, "r");
    assert_non_null(f);
    while (fgets(line, sizeof(line), f)) {
        if (sscanf(line, "#define __NR_%199s ", name) != 1 || !strcmp(name, "syscalls") ||
            strstr(name, "arch_spec"))
            continue;
        const struct linux_call *c = l.calls;
        while (c && strcmp(c->name, name) != 0) c = c->next;
        if (!c) fail_msg("%s: no row for %s", isa, name);
        count++;
    }
    int status = pclose(f);
    linux_free(&l);
    if (status) skip();
    assert_true(count > 250);
}

static void test_host(void **state)
{
    judge("x86_64", "gcc");
}

static void test_riscv64(void **state)
{
    judge("riscv64", "riscv64-linux-gnu-gcc");
    complete("riscv64", "riscv64-linux-gnu-gcc");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_host), cmocka_unit_test(test_riscv64)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
