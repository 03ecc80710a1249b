/* The system and the process: limits, names, users, scheduling, /proc.
 * not qemu: it keeps no limits on memory, nor restart_syscall */
#include "calls.h"

#include <dirent.h>
#include <elf.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

static void limits(void)
{
    struct rlimit r = {0}, before;
    SAY(getrlimit(RLIMIT_NOFILE, &before));
    r = (struct rlimit){64, before.rlim_max};
    SAY(setrlimit(RLIMIT_NOFILE, &r));
    SAY(getrlimit(RLIMIT_NOFILE, &r));
    printf("%llu\n", (unsigned long long)r.rlim_cur);
    SAY(dup2(0, 64));
    SAY(setrlimit(RLIMIT_NOFILE, &before));
    r = (struct rlimit){64ull << 20, 128ull << 20};
    SAY(setrlimit(RLIMIT_AS, &r));
    SAY(getrlimit(RLIMIT_AS, &r));
    printf("%llu %llu\n", (unsigned long long)r.rlim_cur, (unsigned long long)r.rlim_max);
    r = (struct rlimit){1 << 20, 2 << 20};
    SAY(prlimit(0, RLIMIT_STACK, &r, NULL));
    SAY(prlimit(getpid(), RLIMIT_STACK, NULL, &r));
    printf("%llu %llu\n", (unsigned long long)r.rlim_cur, (unsigned long long)r.rlim_max);
    r.rlim_cur = 4 << 20;
    SAY(setrlimit(RLIMIT_STACK, &r));
    SAY(getrlimit(99, &r));
    r = (struct rlimit){5, 3};
    SAY(setrlimit(RLIMIT_CORE, &r));
}

static void names(void)
{
    struct utsname u;
    char name[17] = {0};
    struct sysinfo i;
    SAY(uname(&u));
    printf("%s\n", u.sysname);
#ifdef __riscv
    printf("%d\n", strcmp(u.machine, "riscv64"));
#else
    printf("%d\n", strcmp(u.machine, "x86_64"));
#endif
    SAY(prctl(PR_GET_NAME, name));
    printf("%.11s\n", name); /* of the file; how it is linked follows */
    SAY(prctl(PR_SET_NAME, "a rather long name"));
    SAY(prctl(PR_GET_NAME, name));
    printf("%s\n", name);
    SAY(prctl(PR_GET_DUMPABLE));
    SAY(prctl(PR_SET_DUMPABLE, 0));
    SAY(prctl(PR_GET_DUMPABLE));
    SAY(prctl(PR_SET_DUMPABLE, 5));
    SAY(prctl(PR_SET_DUMPABLE, 1));
    SAY(prctl(PR_SET_PDEATHSIG, 9));
    int sig = 0;
    SAY(prctl(PR_GET_PDEATHSIG, &sig));
    printf("%d\n", sig);
    SAY(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    SAY(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    SAY(prctl(12345));
    SAY(sysinfo(&i));
    printf("%d %d %u\n", i.totalram > 0, i.procs > 0, i.mem_unit);
    SAY(personality(0xffffffff));
    SAY(getpriority(PRIO_PROCESS, 0));
    SAY(getpriority(9, 0));
    SAY(syscall(999));
    SAY(syscall(SYS_restart_syscall));
}

static void users(void)
{
    uid_t a, b, c;
    gid_t g[100];
    SAY(getresuid(&a, &b, &c));
    printf("%d %d %d\n", a == getuid(), b == geteuid(), c == a);
    printf("%d\n", getgroups(0, NULL) == getgroups(100, g));
    SAY(getgroups(-1, g));
    SAY(getpgid(0) == getpgrp());
    SAY(getsid(0) > 0);
    SAY(getpgid(-1));
    struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct d[2];
    SAY(syscall(SYS_capget, &h, d));
    h.version = 1;
    SAY(syscall(SYS_capget, &h, NULL));
    printf("%x\n", h.version);
    cpu_set_t set;
    SAY(sched_getaffinity(0, sizeof(set), &set));
    printf("%d\n", CPU_COUNT(&set) > 0);
    SAY(sched_setaffinity(0, sizeof(set), &set));
    SAY(sched_getaffinity(0, 1, &set));
    SAY(sched_getscheduler(0));
    struct sched_param p;
    SAY(sched_getparam(0, &p));
    printf("%d\n", p.sched_priority);
    SAY(sched_get_priority_max(SCHED_FIFO));
    SAY(sched_yield());
    struct timespec t;
    SAY(sched_rr_get_interval(0, &t));
    unsigned cpu = 999;
    SAY(syscall(SYS_getcpu, &cpu, NULL, NULL));
    printf("%d\n", cpu < 999);
    char bytes[16] = {0};
    SAY(getrandom(bytes, 16, 0));
    SAY(getrandom(bytes, 16, 99));
}

static void proc(char *program)
{
    char buf[4096], own[4096];
    SAY(readlink("/proc/self/exe", buf, sizeof(buf)) > 0);
    buf[4095] = 0;
    snprintf(own, sizeof(own), "/proc/%d/exe", getpid());
    struct stat a, b;
    SAY(stat(own, &a));
    SAY(stat(program, &b));
    printf("%d\n", a.st_ino == b.st_ino);
    int fd = open("/proc/self/cmdline", O_RDONLY);
    ssize_t n = read(fd, buf, sizeof(buf));
    printf("%d %d\n", n == (ssize_t)strlen(program) + 1, !strcmp(buf, program));
    close(fd);
    FILE *f = fopen("/proc/self/maps", "r");
    int stack = 0, code = 0;
    while (fgets(buf, sizeof(buf), f)) {
        unsigned long from, to;
        char perm[5];
        sscanf(buf, "%lx-%lx %4s", &from, &to, perm);
        if ((uintptr_t)&from >= from && (uintptr_t)&from < to) stack += strstr(buf, "[stack]") != NULL;
        if ((uintptr_t)proc >= from && (uintptr_t)proc < to) code += perm[2] == 'x';
    }
    printf("stack %d code %d\n", stack, code);
    fclose(f);
    Elf64_auxv_t v;
    fd = open("/proc/self/auxv", O_RDONLY);
    while (read(fd, &v, sizeof(v)) == sizeof(v) && v.a_type)
        if (v.a_type == AT_ENTRY || v.a_type == AT_PHNUM) printf("%d\n", v.a_un.a_val == getauxval(v.a_type));
    close(fd);
    f = fopen("/proc/self/stat", "r");
    int pid, ppid;
    SAY(fscanf(f, "%d (%*[^)]) %*c %d", &pid, &ppid));
    printf("%d %d\n", pid == getpid(), ppid == getppid());
    fclose(f);
    SAY(access("/proc/self/fd/0", F_OK));
    fd = open("/dev/null", O_RDWR);
    snprintf(own, sizeof(own), "/proc/self/fd/%d", fd);
    n = readlink(own, buf, sizeof(buf));
    printf("%.*s\n", (int)n, buf);
    int count = 0;
    DIR *d = opendir("/proc/self/fd");
    while (readdir(d)) count++;
    printf("%d\n", count > 3);
    setenv("NEW", "1", 1);
    printf("%d\n", getauxval(AT_PAGESZ) == 4096 && getauxval(AT_RANDOM) && getauxval(AT_SECURE) == 0);
}

/* The number behind a name in one of the process's files. */
static unsigned long long told(const char *file, const char *name, int base)
{
    char line[512];
    FILE *f = fopen(file, "r");
    unsigned long long v = 0, n = strlen(name);
    while (f && fgets(line, sizeof(line), f))
        if (!strncmp(line, name, n) && line[n] == ':') v += strtoull(line + n + 1, NULL, base);
    if (f) fclose(f);
    return v;
}

/* What is told of memory, signals and threads is this program's: neither more than it can have, nor nothing.
 */
static void sizes(void)
{
    const char *status = "/proc/self/status", *smaps = "/proc/self/smaps";
    char *touched = malloc(3 << 20), name[32] = "";
    unsigned long pages = 0, resident = 0;
    memset(touched, 1, 3 << 20);
    unsigned long long size = told(status, "VmSize", 10), rss = told(status, "VmRSS", 10);
    printf("size %d, resident %d\n", size > 3072 && size<100 << 20, rss> 3072 && rss <= size);
    size = told(smaps, "Size", 10), rss = told(smaps, "Rss", 10);
    printf("areas %d, resident %d\n", size > 3072 && size<100 << 20, rss> 3072 && rss <= size);
    printf("parts %d\n", told(smaps, "Private_Dirty", 10) >= 3072 && told(smaps, "Anonymous", 10) >= 3072 &&
                             told(smaps, "Pss", 10) <= rss);
    printf("rollup %d\n", told("/proc/self/smaps_rollup", "Rss", 10) > 3072);
    FILE *f = fopen("/proc/self/statm", "r");
    SAY(fscanf(f, "%lu %lu", &pages, &resident));
    printf("statm %d\n", resident > 768 && resident <= pages && pages < 25 << 20);
    fclose(f);
    f = fopen("/proc/self/comm", "r");
    SAY(fscanf(f, "%31s", name));
    fclose(f);
    f = fopen(status, "r");
    char line[64] = "";
    SAY(fscanf(f, "Name: %63s", line));
    fclose(f);
    printf("name %d, threads %llu\n", !strcmp(name, line), told(status, "Threads", 10));
    sigset_t s;
    sigemptyset(&s);
    sigaddset(&s, SIGUSR1), sigaddset(&s, SIGSEGV);
    sigprocmask(SIG_BLOCK, &s, NULL);
    signal(SIGHUP, SIG_IGN);
    signal(SIGILL, SIG_IGN);
    printf("blocked %llx, ignored %llx, caught %llx\n", told(status, "SigBlk", 16),
           told(status, "SigIgn", 16), told(status, "SigCgt", 16));
    free(touched);
}

int main(int argc, char **argv)
{
    limits();
    names();
    users();
    proc(argv[0]);
    sizes();
    return 0;
}
