/* /proc/self as a guest sees it: which names are meant, and what stands in the files. */
#include <unistd.h>

#include "engine/user/call_test.h"
#include "engine/user/proc.h"
#include "engine/user/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include <cmocka.h>

enum { SOME = 0x400000 }; /* where the tests map things */

/* The text of a file of this process; NULL: it is the host's, or refused. */
static char *text_of(struct caller *c, const char *name)
{
    static char text[1 << 16];
    int fd = proc_open(c->t, name, O_RDONLY);
    if (fd < 0) return NULL;
    ssize_t n = read(fd, text, sizeof(text) - 1);
    close(fd);
    assert_true(n >= 0);
    text[n] = 0;
    return text;
}

/* The number behind a name, from `text` on. */
static uint64_t told(const char *text, const char *name, int base)
{
    char line[64];
    snprintf(line, sizeof(line), "\n%s:", name);
    const char *at = strstr(text, line);
    assert_non_null(at);
    return strtoull(at + strlen(line), NULL, base);
}

static void test_names(void **state)
{
    static const struct {
        const char *format, *own; /* its number stands for %d */
    } names[] = {
        {"/proc/self/maps", "maps"},
        {"/proc/self//fd/3", "fd/3"},
        {"/proc//self/exe", "exe"},
        {"/proc/thread-self/stat", "stat"},
        {"/proc/%d/status", "status"},
        {"/proc/%d/task/%d/status", "status"},
        {"/proc/self/task/1/status", "task/1/status"}, /* no thread of this process */
        {"/proc/self/task/%d", "task/%d"},
        {"/proc/%d9/maps", NULL},
        {"/proc/0/maps", NULL},
        {"/proc/1/maps", NULL},
        {"/proc/selfish/maps", NULL},
        {"/proc/self", NULL},
        {"/proc/", NULL},
        {"proc/self/maps", NULL},
        {"/sys/self/maps", NULL},
        {"", NULL},
    };
    struct caller c;
    caller_open(&c);
    for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
        char name[64], own[64];
        snprintf(name, sizeof(name), names[i].format, getpid(), gettid());
        snprintf(own, sizeof(own), names[i].own ? names[i].own : "", gettid());
        const char *got = proc_own(c.t, name);
        if (names[i].own)
            assert_string_equal(got, own);
        else
            assert_null(got);
    }
    caller_close(&c);
}

static void test_opening(void **state)
{
    static const struct {
        const char *name;
        int flags, err;
    } cases[] = {
        {"/proc/self/maps", O_WRONLY, EACCES},  {"/proc/self/status", O_RDWR, EACCES},
        {"/proc/self/mem", O_RDONLY, EACCES},   {"/proc/self/pagemap", O_RDONLY, EACCES},
        {"/proc/self/limits", O_RDONLY, ENXIO}, {"/proc/self/statmore", O_RDONLY, ENXIO},
        {"/proc/1/maps", O_RDONLY, ENXIO},      {"/etc/passwd", O_RDONLY, ENXIO},
    };
    struct caller c;
    caller_open(&c);
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(proc_open(c.t, cases[i].name, cases[i].flags), -cases[i].err);
    int fd = proc_open(c.t, "/proc/self/maps", O_RDONLY | O_CLOEXEC);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    close(fd);
    caller_close(&c);
}

static uint64_t map(struct caller *c, uint64_t addr, uint64_t pages, int prot, int flags)
{
    int64_t r =
        space_map(&c->p, addr, pages * CPU_PAGE, prot, flags | MAP_ANONYMOUS | MAP_FIXED, -1, 0, NULL);
    assert_int_equal(r, addr);
    return addr;
}

static void test_areas(void **state)
{
    struct caller c;
    char head[32];
    caller_open(&c);
    uint64_t own = map(&c, SOME, 5, PROT_READ | PROT_WRITE, MAP_PRIVATE);
    uint64_t shared = map(&c, own + 16 * CPU_PAGE, 3, PROT_READ | PROT_WRITE, MAP_SHARED);
    uint64_t none = map(&c, shared + 16 * CPU_PAGE, 7, PROT_NONE, MAP_PRIVATE);
    memset(mem_host(&c.p.mem, own + CPU_PAGE), 1, 2 * CPU_PAGE);
    memset(mem_host(&c.p.mem, shared), 1, CPU_PAGE);
    const struct {
        uint64_t at;
        const char *perms;
        unsigned size, rss, anonymous;
        const char *flags;
    } want[] = {
        {own, "rw-p", 20, 8, 8, "VmFlags: rd wr mr mw me \n"},
        {shared, "rw-s", 12, 4, 0, "VmFlags: rd wr sh mr mw me \n"},
        {none, "---p", 28, 0, 0, "VmFlags: mr mw me \n"},
    };
    for (unsigned i = 0; i < ARRAY_LEN(want); i++) {
        char *text = text_of(&c, "/proc/self/smaps");
        snprintf(head, sizeof(head), "%08lx-", want[i].at);
        const char *at = strstr(text, head);
        assert_non_null(at);
        assert_ptr_equal(strstr(at, want[i].perms), at + 18);
        assert_int_equal(told(at, "Size", 10), want[i].size);
        assert_int_equal(told(at, "Rss", 10), want[i].rss);
        assert_int_equal(told(at, "Pss", 10), want[i].rss);
        assert_int_equal(told(at, "Anonymous", 10), want[i].anonymous);
        assert_int_equal(told(at, "Private_Dirty", 10), want[i].anonymous);
        const char *flags = strstr(at, "VmFlags");
        assert_int_equal(strncmp(flags, want[i].flags, strlen(want[i].flags)), 0);
    }
    assert_true(told(text_of(&c, "/proc/self/smaps_rollup"), "Rss", 10) >= 12);
    caller_close(&c);
}

static void test_status(void **state)
{
    struct caller c;
    caller_open(&c);
    signal_set_mask(c.t, SIGNAL_BIT(SIGUSR1) | SIGNAL_BIT(SIGSEGV));
    c.p.handlers.of[SIGHUP].handler = SIGNAL_IGNORE;
    c.p.handlers.of[64].handler = 0x1000;
    uint64_t ignored = 0;
    for (int sig = 1; sig <= USER_SIGNALS; sig++)
        if (c.p.handlers.of[sig].handler == SIGNAL_IGNORE) ignored |= SIGNAL_BIT(sig);
    uint64_t before = told(text_of(&c, "/proc/self/status"), "VmSize", 10);
    uint64_t data = told(text_of(&c, "/proc/self/status"), "VmData", 10);
    map(&c, SOME, 8, PROT_READ | PROT_WRITE, MAP_PRIVATE);
    const char *text = text_of(&c, "/proc/self/status");
    assert_int_equal(told(text, "Pid", 10), getpid());
    assert_int_equal(told(text, "VmSize", 10), before + 32);
    assert_int_equal(told(text, "VmData", 10), data + 32);
    assert_true(told(text, "VmRSS", 10) <= told(text, "VmSize", 10));
    assert_int_equal(told(text, "Threads", 10), 1);
    assert_int_equal(told(text, "SigBlk", 16), SIGNAL_BIT(SIGUSR1) | SIGNAL_BIT(SIGSEGV));
    assert_int_equal(told(text, "SigIgn", 16), ignored);
    assert_int_equal(told(text, "SigCgt", 16), SIGNAL_BIT(64));
    caller_close(&c);
}

/* All 52 fields, whatever the name is, with a space between each two. */
static void test_stat(void **state)
{
    struct caller c;
    char was[16];
    caller_open(&c);
    assert_int_equal(prctl(PR_GET_NAME, was), 0);
    assert_int_equal(prctl(PR_SET_NAME, "a) R (b) 1 2"), 0);
    c.p.image.low = 12345;
    const char *text = text_of(&c, "/proc/self/stat"), *p = strstr(text, " (a) R (b) 1 2) ");
    assert_int_equal(prctl(PR_SET_NAME, was), 0);
    assert_non_null(p);
    assert_int_equal(strtol(text, NULL, 10), getpid());
    unsigned fields = 2;
    for (p += strlen(" (a) R (b) 1 2)"); *p == ' '; p += 1 + strcspn(p + 1, " \n"))
        if (++fields == 26) assert_int_equal(strtol(p, NULL, 10), 12345);
    assert_int_equal(fields, 52);
    assert_string_equal(p, "\n");
    assert_int_equal(strtoull(text_of(&c, "/proc/self/statm"), NULL, 10),
                     told(text_of(&c, "/proc/self/status"), "VmSize", 10) / 4);
    caller_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),  cmocka_unit_test(test_opening), cmocka_unit_test(test_areas),
        cmocka_unit_test(test_status), cmocka_unit_test(test_stat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
