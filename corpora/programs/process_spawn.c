/* not qemu: it executes no programs of the guest */
/* Starting programs: posix_spawn with actions and attributes, its errors, vfork, system, popen. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static volatile int borrowed;

static int handled;

static void handler(int sig)
{
    (void)sig;
    handled++;
}

static void spawn(const char *what, const char *path, char *const argv[], const posix_spawn_file_actions_t *a,
                  const posix_spawnattr_t *attr)
{
    pid_t pid = -1;
    int st = 0;
    fflush(stdout);
    int r = posix_spawn(&pid, path, a, attr, argv, environ);
    if (r) {
        printf("%s: %s\n", what, strerror(r));
        return;
    }
    waitpid(pid, &st, 0);
    printf("%s: %d %d\n", what, WIFEXITED(st) ? WEXITSTATUS(st) : -1, WIFSIGNALED(st) ? WTERMSIG(st) : -1);
}

static void actions(const char *self)
{
    posix_spawn_file_actions_t a;
    posix_spawnattr_t attr;
    sigset_t s;
    char name[] = "/tmp/process_spawn_XXXXXX", text[64] = "";
    int fd = mkstemp(name);
    char *echo[] = {(char *)"sh", (char *)"-c", (char *)"echo to a file; pwd", NULL};
    posix_spawn_file_actions_init(&a);
    posix_spawn_file_actions_addopen(&a, 1, name, O_WRONLY, 0);
    posix_spawn_file_actions_addchdir_np(&a, "/tmp");
    spawn("file actions", "/bin/sh", echo, &a, NULL);
    ssize_t n = read(fd, text, sizeof(text) - 1);
    printf("%ld bytes: %s", (long)n, text);
    unlink(name);
    posix_spawn_file_actions_addclose(&a, 987);
    posix_spawn_file_actions_adddup2(&a, 988, 5);
    spawn("bad action", "/bin/sh", echo, &a, NULL);
    posix_spawn_file_actions_destroy(&a);

    char *sig[] = {(char *)self, (char *)"signals", NULL};
    posix_spawnattr_init(&attr);
    sigemptyset(&s);
    sigaddset(&s, SIGHUP);
    posix_spawnattr_setsigmask(&attr, &s);
    sigemptyset(&s);
    sigaddset(&s, SIGUSR2);
    posix_spawnattr_setsigdefault(&attr, &s);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    spawn("attributes", self, sig, NULL, &attr);
    struct sigaction usr1, usr2;
    sigaction(SIGUSR1, NULL, &usr1);
    sigaction(SIGUSR2, NULL, &usr2);
    printf("parent's handlers: %d %d\n", usr1.sa_handler == handler, usr2.sa_handler == SIG_IGN);
}

static int signals(void)
{
    sigset_t s;
    struct sigaction usr1, usr2, term;
    sigprocmask(SIG_BLOCK, NULL, &s);
    sigaction(SIGUSR1, NULL, &usr1);
    sigaction(SIGUSR2, NULL, &usr2);
    sigaction(SIGTERM, NULL, &term);
    return sigismember(&s, SIGHUP) * 1 + (usr1.sa_handler == SIG_DFL) * 2 + (usr2.sa_handler == SIG_DFL) * 4 +
           (term.sa_handler == SIG_IGN) * 8 + (getpgrp() == getpid()) * 16;
}

__attribute__((noinline)) static void vforks(const char *self)
{
    int st;
    volatile int exits = 0;
    pid_t pid = vfork();
    if (!pid) {
        borrowed = 42;
        _exit(3);
    }
    waitpid(pid, &st, 0);
    printf("vfork: %d, memory %d\n", WEXITSTATUS(st), borrowed);
    pid = vfork();
    if (!pid) {
        borrowed++;
        execl(self, "self", "status", "17", NULL);
        _exit(1);
    }
    waitpid(pid, &st, 0);
    printf("vfork and exec: %d, memory %d\n", WEXITSTATUS(st), borrowed);
    pid = vfork();
    if (!pid) {
        execl("/no/such/file", "x", NULL);
        borrowed = errno;
        _exit(127);
    }
    waitpid(pid, &st, 0);
    printf("vfork and no exec: %d, %s\n", WEXITSTATUS(st), strerror(borrowed));
    pid = vfork();
    if (!pid) kill(getpid(), SIGKILL);
    waitpid(pid, &st, 0);
    printf("vfork killed: %d\n", WTERMSIG(st));
    for (volatile int i = 0; i < 100; i++) {
        pid = vfork();
        if (!pid) _exit(i);
        waitpid(pid, &st, 0);
        exits += WEXITSTATUS(st);
    }
    printf("many: %d\n", exits);
    /* a mapping that the child makes is the parent's too */
    static char *volatile made;
    pid = vfork();
    if (!pid) {
        made = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        strcpy(made, "made by the child");
        _exit(0);
    }
    waitpid(pid, &st, 0);
    printf("%s\n", made);
}

static void shells(void)
{
    char line[100];
    fflush(stdout);
    int r = system("echo from system; exit 9");
    printf("system: %d\n", WEXITSTATUS(r));
    r = system("kill -TERM $$");
    printf("system: signal %d\n", WTERMSIG(r));
    printf("system(NULL): %d\n", system(NULL) != 0);
    FILE *f = popen("echo one; echo two; exit 4", "r");
    while (fgets(line, sizeof(line), f)) printf("popen: %s", line);
    printf("pclose: %d\n", WEXITSTATUS(pclose(f)));
    fflush(stdout);
    f = popen("tr a-z A-Z", "w");
    fprintf(f, "written to a pipe\n");
    printf("pclose: %d\n", WEXITSTATUS(pclose(f)));
}

int main(int argc, char **argv)
{
    char self[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (n < 0) return 1;
    self[n] = 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc > 1 && !strcmp(argv[1], "status")) return atoi(argv[2]);
    if (argc > 1 && !strcmp(argv[1], "signals")) return signals();
    signal(SIGUSR1, handler);
    signal(SIGUSR2, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    char *status[] = {(char *)"x", (char *)"status", (char *)"23", NULL};
    spawn("spawn", self, status, NULL, NULL);
    spawn("missing", "/no/such/file", status, NULL, NULL);
    spawn("folder", "/tmp", status, NULL, NULL);
    actions(self);
    signal(SIGTERM, SIG_DFL);
    vforks(self);
    shells();
    return handled;
}
