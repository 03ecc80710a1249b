/* Faults of the program itself: which signal, which code, which address; going on after one by jumping out or
 * by moving the pc; a fault that is blocked or ignored kills. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#ifdef __riscv
#define PC(u)      ((u)->uc_mcontext.__gregs[0])
#define BREAK      ".option push\n.option norvc\nebreak\n.option pop\n"
#define ILLEGAL    ".4byte 0xffffffff\n"
#define AFTER_TRAP 4
#else
#define PC(u)      ((u)->uc_mcontext.gregs[REG_RIP])
#define BREAK      "int3\nnop\nnop\nnop\n"
#define ILLEGAL    "ud2\nnop\nnop\n"
#define AFTER_TRAP 0
#endif

static sigjmp_buf back;
static char *volatile nowhere; /* NULL, as far as the compiler cannot know */
static volatile int sig_seen, code_seen;
static void *volatile addr_seen;

static void jump(int sig, siginfo_t *info, void *context)
{
    (void)context;
    sig_seen = sig;
    code_seen = info->si_code;
    addr_seen = info->si_addr;
    siglongjmp(back, 1);
}

static void skip(int sig, siginfo_t *info, void *context)
{
    ucontext_t *u = context;
    sig_seen = sig;
    code_seen = info->si_code;
    addr_seen = info->si_addr;
    PC(u) += sig == SIGILL ? 4 : AFTER_TRAP;
}

static void report(const char *what, const void *expected)
{
    printf("%s: signal %d code %d address %s\n", what, sig_seen, code_seen,
           addr_seen == expected ? "right" : "wrong");
    sig_seen = code_seen = 0;
    addr_seen = NULL;
}

#define TRY(what, expected, statement)              \
    do {                                            \
        if (!sigsetjmp(back, 1)) {                  \
            statement;                              \
            printf("%s: nothing happened\n", what); \
        } else                                      \
            report(what, (const void *)(expected)); \
    } while (0)

static void child_fault(const char *what, void (*prepare)(void), volatile char *bad)
{
    int status = 0;
    fflush(stdout);
    pid_t pid = fork();
    if (!pid) {
        prepare();
        *bad = 1;
        _exit(0);
    }
    waitpid(pid, &status, 0);
    printf("%s: killed %d by %d\n", what, WIFSIGNALED(status), WTERMSIG(status));
}

static void block(void)
{
    sigset_t s;
    sigfillset(&s);
    sigprocmask(SIG_BLOCK, &s, NULL);
}

static void ignore(void)
{
    signal(SIGSEGV, SIG_IGN);
}

static void by_default(void)
{
    signal(SIGSEGV, SIG_DFL);
}

static void bad_handler(void)
{
    struct sigaction a = {.sa_handler = (void (*)(int))16};
    sigaction(SIGSEGV, &a, NULL);
}

static void memory(void)
{
    long page = sysconf(_SC_PAGESIZE);
    char *p = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(p + page, page);
    volatile char *q = p;
    TRY("write unmapped", p + page + 5, q[page + 5] = 1);
    TRY("read unmapped", p + page, printf("%d", q[page]));
    TRY("across", p + page, printf("%lx", *(volatile unsigned long *)(p + page - 4)));
    TRY("null", NULL, *nowhere = 1);
    TRY("low", 0x123, nowhere[0x123] = 1);
    mprotect(p, page, PROT_READ);
    TRY("write read-only", p + 9, q[9] = 1);
    mprotect(p, page, PROT_NONE);
    TRY("read none", p + 9, printf("%d", q[9]));
    TRY("jump to data", p, ((void (*)(void))p)());
    TRY("jump to nowhere", 0x5550, ((void (*)(void))0x5550)());
    char name[] = "/tmp/signal_fault_XXXXXX";
    int fd = mkstemp(name);
    unlink(name);
    if (ftruncate(fd, page)) return;
    char *f = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    volatile char *g = f;
    g[0] = 1;
    TRY("behind the file", f + page + 7, g[page + 7] = 1);
    TRY("read behind the file", f + 2 * page, printf("%d", g[2 * page]));
    if (ftruncate(fd, 0)) return;
    TRY("file cut", f, g[0] = 1);
    mprotect(p, page, PROT_READ | PROT_WRITE);
    q[0] = 42;
    printf("goes on: %d\n", q[0]);
}

int main(void)
{
    struct sigaction a = {.sa_sigaction = jump, .sa_flags = SA_SIGINFO},
                     s = {.sa_sigaction = skip, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &a, NULL);
    sigaction(SIGBUS, &a, NULL);
    memory();
    sigaction(SIGILL, &s, NULL);
    sigaction(SIGTRAP, &s, NULL);
    void *here;
#ifdef __riscv
    __asm__ volatile("la %0, 1f\n1:" ILLEGAL : "=r"(here));
#else
    __asm__ volatile("lea 1f(%%rip), %0\n1:" ILLEGAL : "=r"(here));
#endif
    printf("illegal: signal %d address %d\n", sig_seen, addr_seen == here);
    __asm__ volatile(BREAK);
    printf("break: signal %d\n", sig_seen);
    child_fault("blocked", block, nowhere);
    child_fault("ignored", ignore, nowhere);
    child_fault("default", by_default, nowhere);
    child_fault("handler nowhere", bad_handler, nowhere);
    return 0;
}
