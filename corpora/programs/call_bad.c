/* Addresses that are nowhere, lengths that run out, descriptors that are none.
 * not qemu: it crashes */
#include "calls.h"

#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <termios.h>

/* libc must not look at the arguments first. */
#define RAW(name, ...) SAY(syscall(SYS_##name, ##__VA_ARGS__))

/* Each call with an address that is nowhere. */
static void nowhere(int fd, int sock, int epoll, void *p)
{
    RAW(read, fd, p, 10);
    RAW(write, fd, p, 10);
    RAW(pread64, fd, p, 10, 0);
    RAW(readv, fd, p, 1);
    RAW(openat, AT_FDCWD, p, O_RDONLY);
    RAW(newfstatat, AT_FDCWD, p, p, 0);
    RAW(fstat, fd, p);
    RAW(statx, AT_FDCWD, "/", 0, 0x7ff, p);
    RAW(statfs, "/", p);
    RAW(faccessat, AT_FDCWD, p, 0);
    RAW(readlinkat, AT_FDCWD, "/proc/self/exe", p, 10);
    RAW(readlinkat, AT_FDCWD, p, p, 10);
    RAW(getcwd, p, 1000);
    RAW(mkdirat, AT_FDCWD, p, 0700);
    RAW(renameat2, AT_FDCWD, "/nothing", AT_FDCWD, p, 0);
    RAW(pipe2, p, 0);
    RAW(getdents64, fd, p, 1000);
    RAW(ppoll, p, 1, NULL, NULL, 8);
    RAW(ppoll, NULL, 0, p, NULL, 8);
    RAW(pselect6, 1, p, NULL, NULL, NULL, NULL);
    RAW(pselect6, 0, NULL, NULL, NULL, NULL, p);
    RAW(epoll_ctl, epoll, EPOLL_CTL_ADD, sock, p);
    RAW(clock_gettime, 0, p);
    RAW(clock_getres, 0, p);
    RAW(nanosleep, p, NULL);
    RAW(gettimeofday, p, NULL);
    RAW(setitimer, 0, p, NULL);
    RAW(getitimer, 0, p);
    RAW(uname, p);
    RAW(sysinfo, p);
    RAW(getrusage, 0, p);
    RAW(getrlimit, RLIMIT_STACK, p);
    RAW(setrlimit, RLIMIT_STACK, p);
    RAW(prlimit64, 0, RLIMIT_CORE, p, NULL);
    RAW(getrandom, p, 10, 0);
    RAW(getgroups, 100, p);
    RAW(getresuid, p, p, p);
    RAW(sched_getaffinity, 0, 128, p);
    RAW(rt_sigaction, SIGUSR1, p, NULL, 8);
    RAW(rt_sigaction, SIGUSR1, NULL, p, 8);
    RAW(rt_sigprocmask, 0, p, NULL, 8);
    RAW(rt_sigprocmask, 0, NULL, p, 8);
    RAW(sigaltstack, p, NULL);
    RAW(sigaltstack, NULL, p);
    RAW(bind, sock, p, 16);
    RAW(getsockname, sock, p, p);
    RAW(sendto, sock, p, 10, 0, NULL, 0);
    RAW(sendmsg, sock, p, 0);
    RAW(recvmsg, sock, p, MSG_DONTWAIT);
    RAW(recvmmsg, sock, p, 1, MSG_DONTWAIT, NULL);
    RAW(setsockopt, sock, SOL_SOCKET, SO_REUSEADDR, p, 4);
    RAW(setsockopt, sock, SOL_SOCKET, 26, p, 16);
    RAW(getsockopt, sock, SOL_SOCKET, SO_TYPE, p, p);
    RAW(socketpair, AF_UNIX, SOCK_STREAM, 0, p);
    RAW(ioctl, sock, FIONREAD, p);
    RAW(fcntl, fd, F_GETLK, p);
    RAW(memfd_create, p, 0);
    RAW(inotify_add_watch, fd, p, 1);
    RAW(execve, p, NULL, NULL);
    RAW(execve, "/bin/true", p, NULL);
    RAW(wait4, -1, p, 0, NULL);
    RAW(timer_create, 0, p, NULL);
    RAW(capget, p, NULL);
    RAW(prctl, 15, p);
    RAW(prctl, 16, p);
    RAW(mincore, fd, 1, p);
    RAW(semctl, 0, 0, 2, p);
    RAW(msgctl, 0, 2, p);
    RAW(set_robust_list, p, 3);
}

static void lengths(int fd, int sock, char *page)
{
    struct iovec v[2] = {{page, -1ul}, {page, 10}}, w[2] = {{page, 10}, {(void *)-1ul, 10}};
    struct msghdr m = {.msg_iov = v, .msg_iovlen = 2};
    RAW(read, fd, page, -1ul);
    RAW(read, fd, page, 1ul << 62);
    RAW(write, fd, page, -1ul);
    RAW(readv, fd, v, 2);
    RAW(writev, fd, v, 2);
    RAW(writev, fd, w, 2);
    RAW(readv, fd, v, 1025);
    RAW(readv, fd, v, 1ul << 60);
    RAW(readv, fd, NULL, 0);
    RAW(sendmsg, sock, &m, 0);
    m.msg_iov = NULL;
    RAW(sendmsg, sock, &m, 0);
    m.msg_iovlen = 0;
    m.msg_name = page;
    m.msg_namelen = -1;
    RAW(sendmsg, sock, &m, 0);
    m = (struct msghdr){.msg_control = page, .msg_controllen = 1ul << 40};
    RAW(sendmsg, sock, &m, 0);
    RAW(bind, sock, page, -1);
    RAW(bind, sock, page, 4096);
    RAW(connect, sock, page, 0);
    RAW(getgroups, -1, page);
    RAW(getgroups, 0x7fffffff, page);
    RAW(setgroups, -1, page);
    RAW(ppoll, page, -1, NULL, NULL, 8);
    RAW(ppoll, NULL, 0, NULL, page, 4);
    RAW(pselect6, 0x7fffffff, NULL, NULL, NULL, page + 4088, NULL);
    RAW(pselect6, -5, page, NULL, NULL, NULL, NULL);
    RAW(getdents64, fd, page, 0);
    RAW(getcwd, page, 0);
    RAW(readlinkat, AT_FDCWD, "/proc/self/exe", page, -1);
    RAW(getrandom, page + 4090, 100, 0);
    RAW(rt_sigprocmask, 0, page, NULL, 16);
    RAW(rt_sigaction, 65, NULL, page, 8);
    RAW(rt_sigaction, SIGKILL, page, NULL, 8);
    RAW(openat2, AT_FDCWD, "/", page, 3);
    RAW(openat2, AT_FDCWD, "/", page, 4096);
    RAW(setsockopt, sock, SOL_SOCKET, SO_REUSEADDR, page, -1);
    RAW(setsockopt, sock, SOL_SOCKET, 26, page, 3);
    int size = -1;
    RAW(getsockopt, sock, SOL_SOCKET, SO_TYPE, page, &size);
    RAW(epoll_pwait, sock, page, 0x7fffffff, 0, NULL, 8);
    RAW(close_range, 500, 400, 0);
    RAW(close_range, 500, 600, 77);
    RAW(splice, fd, NULL, fd, NULL, 1, 0);
    RAW(process_vm_readv, getpid(), w, 1, v + 1, 1, 0);
    RAW(process_vm_readv, getpid(), w, 1, v, 1, 1);
}

/* Names and structs at the end of a page with nothing after it. */
static void edges(char *page)
{
    struct stat *st = (struct stat *)(page + 4096 - sizeof(*st));
    char *name = page + 4096 - 2;
    memcpy(name, "/", 2);
    RAW(openat, AT_FDCWD, name, O_RDONLY | O_DIRECTORY);
    SAY(stat(name, st));
    RAW(fstat, 0, (char *)st + 1);
    name[1] = 'x';
    RAW(openat, AT_FDCWD, name, O_RDONLY);
    static char path[5000];
    memset(path, 'a', 4999);
    path[4999] = 0;
    RAW(openat, AT_FDCWD, path, O_RDONLY);
    path[300] = 0;
    RAW(openat, AT_FDCWD, path, O_RDONLY);
    RAW(openat, AT_FDCWD, "", O_RDONLY);
}

int main(void)
{
    char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(page + 4096, 4096);
    int fd = open("/dev/zero", O_RDWR), sock = socket(AF_INET, SOCK_DGRAM, 0), epoll = epoll_create1(0);
    nowhere(fd, sock, epoll, page + 4096);
    nowhere(fd, sock, epoll, (void *)0x10);
    nowhere(fd, sock, epoll, (void *)0xffff800000001000);
    lengths(fd, sock, page);
    edges(page);
    return 0;
}
