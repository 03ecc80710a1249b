/* System calls made by a thread that stands still: conversion, what is kept from the guest, what --strace
 * says. */
#include <unistd.h>

#include "engine/user/call_test.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cmocka.h>

extern const struct call_table call_table_arm64, call_table_x86_64;

/* Numbers of riscv64, as its manual page has them. */
enum {
    NR_DUP3 = 24,
    NR_IOCTL = 29,
    NR_FACCESSAT = 48,
    NR_OPENAT = 56,
    NR_CLOSE = 57,
    NR_READ = 63,
    NR_WRITE = 64,
    NR_READLINKAT = 78,
    NR_FSTAT = 80,
    NR_GETPID = 172,
    NR_SENDMSG = 211,
    NR_HWPROBE = 258,
    NR_CLOSE_RANGE = 436,
};

#define CALL(c, number, ...) guest_call(c, number, (const uint64_t[6]){__VA_ARGS__})

static void put_text(struct caller *c, uint64_t at, const char *text)
{
    assert_int_equal(user_write(&c->p, at, text, strlen(text) + 1), 0);
}

static uint64_t word(struct caller *c, uint64_t at, unsigned size)
{
    uint64_t v = 0;
    assert_int_equal(user_read(&c->p, at, &v, size), 0);
    return v;
}

static void test_result(void **state)
{
    struct caller c;
    caller_open(&c);
    uint64_t *regs = c.t->cpu->state, *pc = &regs[c.p.guest->pc_word];
    *pc = 0x1000;
    assert_int_equal(CALL(&c, NR_GETPID), getpid());
    assert_int_equal(*pc, 0x1004);
    assert_int_equal(CALL(&c, 5000), -ENOSYS);
    assert_int_equal(*pc, 0x1008);
    regs[c.p.abi->reg_result] = 77;
    user_call_result(c.t, USER_RESTART);
    user_call_result(c.t, USER_RESTART_NOHAND);
    user_call_result(c.t, USER_RESTART_ALWAYS);
    assert_int_equal(regs[c.p.abi->reg_result], 77);
    assert_int_equal(*pc, 0x1008);
    caller_close(&c);
}

/* struct stat of asm-generic, field by field. */
static void test_stat(void **state)
{
    struct caller c;
    struct stat st;
    caller_open(&c);
    int fd = open("/dev/null", O_RDONLY);
    assert_int_equal(fstat(fd, &st), 0);
    memset(mem_host(&c.p.mem, DATA), 0xee, 256);
    assert_int_equal(CALL(&c, NR_FSTAT, fd, DATA), 0);
    assert_int_equal(word(&c, DATA, 8), st.st_dev);
    assert_int_equal(word(&c, DATA + 8, 8), st.st_ino);
    assert_int_equal(word(&c, DATA + 16, 4), st.st_mode);
    assert_int_equal(word(&c, DATA + 20, 4), st.st_nlink);
    assert_int_equal(word(&c, DATA + 32, 8), st.st_rdev);
    assert_int_equal(word(&c, DATA + 56, 4), st.st_blksize);
    assert_int_equal(word(&c, DATA + 88, 8), st.st_mtim.tv_sec);
    assert_int_equal(word(&c, DATA + 96, 8), st.st_mtim.tv_nsec);
    assert_int_equal(word(&c, DATA + 128, 1), 0xee); /* 128 bytes, and not one more */
    assert_int_equal(CALL(&c, NR_FSTAT, fd, DATA + DATA_SIZE - 127), -EFAULT);
    assert_int_equal(CALL(&c, NR_FSTAT, fd, 0), -EFAULT);
    assert_int_equal(CALL(&c, NR_FSTAT, 999, 0), -EBADF);
    close(fd);
    caller_close(&c);
}

/* arm64 numbers some flags of open in its own way; what has no name stays. */
static void test_sets(void **state)
{
    const struct call_set *arm = &call_table_arm64.sets[CALL_SET_open];
    const struct call_set *riscv = &call_table_riscv64.sets[CALL_SET_open];
    assert_int_equal(call_set_to_host(arm, 040000 | 02 | 0100), O_DIRECTORY | O_RDWR | O_CREAT);
    assert_int_equal(call_set_to_host(arm, 0100000 | 0200000), O_NOFOLLOW | O_DIRECT);
    assert_int_equal(call_set_to_host(arm, 020040000 | 1), O_TMPFILE | O_WRONLY);
    assert_int_equal(call_set_to_guest(arm, O_DIRECTORY | O_APPEND), 040000 | O_APPEND);
    assert_int_equal(call_set_to_host(arm, 0x80000000), 0x80000000);
    assert_true(riscv->same && !arm->same && call_table_x86_64.sets[CALL_SET_open].same);
}

static void test_structs(void **state)
{
    struct mem m = {0};
    unsigned char guest[16] = {1, 0, 0, 0, 9, 9, 9, 9, 1, 2, 3, 4, 5, 6, 7, 8}, host[12], back[16];
    const struct call_struct *s = &call_table_riscv64.structs[CALL_STRUCT_epoll_event];
    assert_int_equal(s->size, 16);
    assert_int_equal(s->host_size, 12);
    call_to_host(&m, s, guest, host);
    assert_int_equal(host[0], 1);
    assert_memory_equal(host + 4, guest + 8, 8);
    call_to_guest(&m, s, host, back);
    memset(guest + 4, 0, 4); /* padding does not come through */
    assert_memory_equal(back, guest, 16);
    assert_true(call_table_riscv64.structs[CALL_STRUCT_timespec].same);
    assert_true(call_table_x86_64.structs[CALL_STRUCT_stat].same);
    assert_false(call_table_riscv64.structs[CALL_STRUCT_ifconf].same); /* a pointer has to be moved */
}

/* What the host fills in another layout never exceeds the copy, however much the guest has room for. */
static void test_copies(void **state)
{
    struct caller c;
    struct call_frame f;
    caller_open(&c);
    const uint64_t few[6] = {0, DATA, 10}, many[6] = {0, DATA + CPU_PAGE, 100000},
                   negative[6] = {0, DATA, (uint64_t)-1};
    const struct call_row *row = &call_rows[CALL_epoll_pwait];
    assert_int_equal(call_begin(&f, c.t, row, few), 0);
    assert_int_equal(f.host[2], 10);
    memset(f.copy[1], 1, 12);
    assert_int_equal(call_end(&f, 1), 1);
    assert_int_equal(word(&c, DATA, 8), 0x01010101);
    assert_int_equal(word(&c, DATA + 8, 8), 0x0101010101010101);
    assert_int_equal(call_begin(&f, c.t, row, many), 0);
    assert_true(f.host[2] <= 4096 && f.copy[1]);
    assert_int_equal(call_end(&f, 5000), -EFAULT); /* the memory ends before that */
    assert_int_equal(call_begin(&f, c.t, row, negative), 0);
    assert_int_equal((int)f.host[2], -1);
    assert_int_equal(call_end(&f, -EINVAL), -EINVAL);
    caller_close(&c);
}

/* Descriptors of our own. */
static void test_kept(void **state)
{
    struct caller c;
    caller_open(&c);
    int fd = open("/dev/null", O_WRONLY), other = open("/dev/null", O_WRONLY), s[2];
    int kept = user_keep_fd(&c.p, fd);
    assert_true(kept >= 1000);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    assert_int_equal(CALL(&c, NR_WRITE, kept, DATA, 1), -EBADF);
    assert_int_equal(CALL(&c, NR_CLOSE, kept), -EBADF);
    assert_int_equal(CALL(&c, NR_DUP3, other, kept, 0), -EBADF);
    assert_int_equal(CALL(&c, NR_CLOSE_RANGE, kept - 1, kept + 1, 0), 0);
    assert_int_equal(CALL(&c, NR_CLOSE_RANGE, kept, 0xffffffff, 0), 0);
    assert_int_equal(fcntl(kept, F_GETFD), FD_CLOEXEC);
    /* nor may it be sent away */
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, s), 0);
    const struct cmsghdr head = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
    const uint64_t iov[2] = {DATA, 1};
    const uint64_t msg[7] = {0, 0, DATA + 64, 1, DATA + 128, CMSG_SPACE(sizeof(int)), 0};
    assert_int_equal(user_write(&c.p, DATA + 64, iov, sizeof(iov)), 0);
    assert_int_equal(user_write(&c.p, DATA + 128, &head, sizeof(head)), 0);
    assert_int_equal(user_write(&c.p, DATA + 128 + CMSG_LEN(0), &kept, sizeof(kept)), 0);
    assert_int_equal(user_write(&c.p, DATA + 256, msg, sizeof(msg)), 0);
    assert_int_equal(CALL(&c, NR_SENDMSG, s[0], DATA + 256, 0), -EBADF);
    assert_int_equal(user_write(&c.p, DATA + 128 + CMSG_LEN(0), &other, sizeof(other)), 0);
    assert_int_equal(CALL(&c, NR_SENDMSG, s[0], DATA + 256, 0), 1);
    close(s[0]);
    close(s[1]);
    close(other);
    caller_close(&c);
}

/* -L: what is under the prefix comes first, what is not is the host's. */
static void test_prefix(void **state)
{
    char dir[] = "/tmp/call_testXXXXXX", file[64], text[16] = {0};
    struct caller c;
    caller_open(&c);
    assert_non_null(mkdtemp(dir));
    snprintf(file, sizeof(file), "%s/etc", dir);
    assert_int_equal(mkdir(file, 0700), 0);
    snprintf(file, sizeof(file), "%s/etc/passwd", dir);
    int fd = open(file, O_CREAT | O_WRONLY, 0600);
    assert_int_equal(write(fd, "the guest's", 11), 11);
    close(fd);
    c.opt.prefix = dir;
    put_text(&c, DATA, "/etc/passwd");
    int64_t guest = CALL(&c, NR_OPENAT, AT_FDCWD, DATA, O_RDONLY);
    assert_int_equal(CALL(&c, NR_READ, (uint64_t)guest, DATA + 64, 11), 11);
    assert_int_equal(user_read(&c.p, DATA + 64, text, 11), 0);
    assert_string_equal(text, "the guest's");
    close((int)guest);
    /* links of the prefix lead within it; what the kernel makes is never there */
    char link[64], own[64];
    snprintf(link, sizeof(link), "%s/etc/link", dir);
    assert_int_equal(symlink("/folder/passwd", link), 0);
    snprintf(own, sizeof(own), "%s/folder", dir);
    assert_int_equal(symlink("/etc", own), 0);
    put_text(&c, DATA, "/etc/link");
    guest = CALL(&c, NR_OPENAT, AT_FDCWD, DATA, O_RDONLY);
    assert_true(guest >= 0);
    close((int)guest);
    unlink(own);
    assert_int_equal(CALL(&c, NR_OPENAT, AT_FDCWD, DATA, O_RDONLY), -ENOENT);
    assert_true(CALL(&c, NR_READLINKAT, AT_FDCWD, DATA, DATA + 64, 20) > 0);
    unlink(link);
    snprintf(own, sizeof(own), "%s/proc", dir);
    assert_int_equal(mkdir(own, 0700), 0);
    put_text(&c, DATA, "/proc");
    guest = CALL(&c, NR_OPENAT, AT_FDCWD, DATA, O_RDONLY);
    put_text(&c, DATA, "uptime");
    assert_int_equal(CALL(&c, NR_FACCESSAT, (uint64_t)guest, DATA, R_OK), 0);
    close((int)guest);
    rmdir(own);
    put_text(&c, DATA, "/dev/null");
    int64_t host = CALL(&c, NR_OPENAT, AT_FDCWD, DATA, O_RDONLY);
    assert_true(host >= 0);
    close((int)host);
    unlink(file);
    *strrchr(file, '/') = 0;
    rmdir(file);
    rmdir(dir);
    caller_close(&c);
}

/* What tracing `number` with these arguments adds to the file. */
static void traced(struct caller *c, const char *want, unsigned number, const uint64_t a[6])
{
    char text[400] = {0};
    off_t from = lseek(c->p.strace_fd ? c->p.strace_fd : fileno(c->opt.strace), 0, SEEK_END);
    guest_call(c, number, a);
    assert_true(pread(fileno(c->opt.strace), text, sizeof(text) - 1, from) >= 0);
    assert_string_equal(text, want);
}

#define TRACED(c, want, number, ...) traced(c, want, number, (const uint64_t[6]){__VA_ARGS__})

static void test_trace(void **state)
{
    struct caller c;
    caller_open(&c);
    c.opt.strace = tmpfile();
    put_text(&c, DATA, "/dev/zero");
    put_text(&c, DATA + 64,
             "/no/\n\"\001"
             "1");
    put_text(&c, DATA + 128, "0123456789012345678901234567890123456789");
    TRACED(&c, "close(-1) = -1 EBADF (Bad file descriptor)\n", NR_CLOSE, (uint64_t)-1);
    TRACED(&c,
           "openat(AT_FDCWD, \"/no/\\n\\\"\\0011\", O_WRONLY|O_CREAT|O_CLOEXEC, 0644) = -1 ENOENT (No such "
           "file or "
           "directory)\n",
           NR_OPENAT, (uint64_t)AT_FDCWD, DATA + 64, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    TRACED(&c, "openat(7, NULL, O_RDONLY|O_DIRECTORY|0x80000000) = -1 EFAULT (Bad address)\n", NR_OPENAT, 7,
           0, O_DIRECTORY | 0x80000000);
    TRACED(&c, "write(-1, \"01234567890123456789012345678901\"..., 40) = -1 EBADF (Bad file descriptor)\n",
           NR_WRITE, (uint64_t)-1, DATA + 128, 40);
    TRACED(&c, "write(-1, 0x10, 40) = -1 EBADF (Bad file descriptor)\n", NR_WRITE, (uint64_t)-1, 16, 40);
    TRACED(&c, "ioctl(-1, TIOCGWINSZ, 0x100000) = -1 EBADF (Bad file descriptor)\n", NR_IOCTL, (uint64_t)-1,
           0x5413, DATA);
    TRACED(&c, "ioctl(-1, 0x12345) = -1 ENOTTY (Inappropriate ioctl for device)\n", NR_IOCTL, (uint64_t)-1,
           0x12345);
    TRACED(&c, "readlinkat(AT_FDCWD, \"/dev/zero\", 0x100100, 10) = -1 EINVAL (Invalid argument)\n",
           NR_READLINKAT, (uint64_t)AT_FDCWD, DATA, DATA + 256, 10);
    TRACED(&c, "syscall_999(0x1, 0x2, 0x0, 0x0, 0x0, 0x0) = -1 ENOSYS (unknown to lockstep)\n", 999, 1, 2);
    TRACED(&c, "", 999, 1, 2); /* named once */
    caller_close(&c);
    fclose(c.opt.strace);
}

/* What the engine has and what it has not; unknown keys become -1. */
static void test_hwprobe(void **state)
{
    struct caller c;
    caller_open(&c);
    const int64_t pairs[4][2] = {{3, 9}, {4, 9}, {6, 9}, {777, 9}};
    assert_int_equal(user_write(&c.p, DATA, pairs, sizeof(pairs)), 0);
    assert_int_equal(CALL(&c, NR_HWPROBE, DATA, 4, 0, 0, 0), 0);
    assert_int_equal(word(&c, DATA + 8, 8), 1);
    uint64_t exts = word(&c, DATA + 24, 8);
    assert_int_equal(exts & 3, 3);                   /* F and D, C */
    assert_int_equal(exts >> 3 & 7, 7);              /* Zba Zbb Zbs */
    assert_int_equal(exts >> 34 & 3, 3);             /* Zacas, Zicond */
    assert_int_equal(exts & (1 << 14 | 1 << 15), 0); /* Zksed, Zksh */
    assert_int_equal(word(&c, DATA + 40, 8), 64);
    assert_int_equal(word(&c, DATA + 48, 8), -1);
    assert_int_equal(word(&c, DATA + 56, 8), 0);
    assert_int_equal(CALL(&c, NR_HWPROBE, DATA, 4, 8, 0, 0), -EINVAL);
    assert_int_equal(CALL(&c, NR_HWPROBE, DATA, 4, 0, 0, 2), -EINVAL);
    assert_int_equal(CALL(&c, NR_HWPROBE, 8, 4, 0, 0, 0), -EFAULT);
    /* which processors have Zba? all; Zksed? none */
    uint64_t which[2] = {4, 1 << 3}, set = 5;
    assert_int_equal(user_write(&c.p, DATA, which, sizeof(which)), 0);
    assert_int_equal(user_write(&c.p, DATA + 64, &set, sizeof(set)), 0);
    assert_int_equal(CALL(&c, NR_HWPROBE, DATA, 1, 8, DATA + 64, 1), 0);
    assert_int_equal(word(&c, DATA + 64, 8), 5);
    which[1] = 1 << 14;
    assert_int_equal(user_write(&c.p, DATA, which, sizeof(which)), 0);
    assert_int_equal(CALL(&c, NR_HWPROBE, DATA, 1, 8, DATA + 64, 1), 0);
    assert_int_equal(word(&c, DATA + 64, 8), 0);
    caller_close(&c);
}

static void test_fuzz(void **state)
{
    struct caller c;
    struct rng r = {.state = 1};
    caller_open(&c);
    c.opt.strace = fopen("/dev/null", "w");
    for (unsigned i = 0; i < 20000; i++) {
        struct call_frame f;
        uint64_t a[6];
        const struct call_row *row = &call_rows[rng_below(&r, CALL_COUNT)];
        static const uint64_t corners[] = {
            0,     1,          8,          4096, DATA,      DATA + DATA_SIZE - 8, 0x3ffffffff8, 0x4000000000,
            ~0ull, 0x7fffffff, 0xffffffff, 1024, 1ull << 62};
        for (unsigned k = 0; k < 6; k++)
            a[k] = rng_below(&r, 3) ? corners[rng_below(&r, ARRAY_LEN(corners))]
                                    : DATA + rng_below(&r, DATA_SIZE);
        for (unsigned k = 0; k < 16; k++) {
            uint64_t v = rng_below(&r, 2) ? rng_next(&r) : corners[rng_below(&r, ARRAY_LEN(corners))];
            assert_int_equal(user_write(&c.p, DATA + rng_below(&r, DATA_SIZE - 8), &v, sizeof(v)), 0);
        }
        struct buf line = {0};
        trace_enter(c.t, row, a, &line);
        if (!call_begin(&f, c.t, row, a)) (void)call_end(&f, (int64_t)rng_below(&r, 5) - 1);
        trace_leave(c.t, row, a, (int64_t)rng_below(&r, 5000) - 100, &line);
        buf_free(&line);
    }
    caller_close(&c);
    fclose(c.opt.strace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_result),  cmocka_unit_test(test_stat),  cmocka_unit_test(test_sets),
        cmocka_unit_test(test_structs), cmocka_unit_test(test_kept),  cmocka_unit_test(test_copies),
        cmocka_unit_test(test_prefix),  cmocka_unit_test(test_trace), cmocka_unit_test(test_fuzz),
        cmocka_unit_test(test_hwprobe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
