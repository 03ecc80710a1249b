/* not qemu: it executes no programs of the guest */
/* execve: arguments, environment, what is kept (descriptors, mask, ignored signals) and what is not, scripts,
 * by descriptor, the errors. The program executes itself. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static const char *self;

static void handler(int sig)
{
    (void)sig;
}

static int show(int argc, char **argv)
{
    sigset_t s, p;
    struct sigaction usr1, usr2, ill;
    printf("argv[0] %s, %d:", strcmp(argv[0], self) ? argv[0] : "itself", argc);
    for (int i = 2; i < argc; i++) printf(" [%s]", argv[i]);
    printf("\nenvironment:");
    for (char **e = environ; *e; e++) printf(" [%s]", *e);
    sigprocmask(SIG_BLOCK, NULL, &s);
    sigpending(&p);
    sigaction(SIGUSR1, NULL, &usr1);
    sigaction(SIGUSR2, NULL, &usr2);
    sigaction(SIGILL, NULL, &ill);
    printf("\nhandler gone %d, ignored %d %d, blocked %d %d, pending %d\n", usr1.sa_handler == SIG_DFL,
           usr2.sa_handler == SIG_IGN, ill.sa_handler == SIG_IGN, sigismember(&s, SIGHUP),
           sigismember(&s, SIGFPE), sigismember(&p, SIGHUP));
    printf("descriptors: kept %d, closed %d\n", fcntl(30, F_GETFD) >= 0, fcntl(31, F_GETFD) < 0);
    return 40 + argc;
}

static void run(const char *what, int (*exec)(void *), void *arg)
{
    int st;
    printf("-- %s\n", what);
    fflush(stdout);
    pid_t pid = fork();
    if (!pid) {
        exec(arg);
        printf("%s: %s\n", what, strerror(errno));
        exit(1);
    }
    waitpid(pid, &st, 0);
    if (WIFEXITED(st))
        printf("status %d\n", WEXITSTATUS(st));
    else
        printf("signal %d\n", WTERMSIG(st));
}

static int plain(void *path)
{
    char *argv[] = {(char *)self, (char *)"show", (char *)"a b", (char *)"", (char *)"--x", NULL};
    char *envp[] = {(char *)"A=1", (char *)"EMPTY=", (char *)"B=two words", NULL};
    return execve(path, argv, envp);
}

static int by_name(void *path)
{
    setenv("ONLY", "this", 1);
    return execl(path, "another name", "show", "x", NULL);
}

static int with_state(void *path)
{
    sigset_t s;
    signal(SIGUSR1, handler);
    signal(SIGUSR2, SIG_IGN);
    signal(SIGILL, SIG_IGN);
    sigemptyset(&s);
    sigaddset(&s, SIGHUP);
    sigaddset(&s, SIGFPE);
    sigprocmask(SIG_BLOCK, &s, NULL);
    raise(SIGHUP);
    dup2(0, 30);
    dup2(0, 31);
    fcntl(31, F_SETFD, FD_CLOEXEC);
    char *argv[] = {(char *)self, (char *)"show", NULL}, *envp[] = {NULL};
    return execve(path, argv, envp);
}

static int by_descriptor(void *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *argv[] = {(char *)self, (char *)"show", (char *)"fd", NULL}, *envp[] = {NULL};
    return fexecve(fd, argv, envp);
}

/* A file in memory has no path. */
static int from_memory(void *path)
{
    int from = open(path, O_RDONLY), fd = memfd_create("program", 0);
    char buf[65536];
    for (long n; (n = read(from, buf, sizeof(buf))) > 0;)
        if (write(fd, buf, (size_t)n) != n) return -1;
    char *argv[] = {(char *)"from memory", (char *)"show", NULL}, *envp[] = {NULL};
    return fexecve(fd, argv, envp);
}

static void *exec_in(void *path)
{
    plain(path);
    return NULL;
}

static void *wait_in(void *arg)
{
    for (;;) pause();
    return arg;
}

static int in_thread(void *path)
{
    pthread_t t;
    for (int i = 0; i < 3; i++) pthread_create(&t, NULL, wait_in, NULL);
    pthread_create(&t, NULL, exec_in, path);
    return pthread_join(t, NULL);
}

static void file(const char *name, const char *text, int mode)
{
    FILE *f = fopen(name, "w");
    if (!f) exit(1);
    fputs(text, f);
    fclose(f);
    chmod(name, (mode_t)mode);
}

static int chain(void *name)
{
    char *argv[] = {(char *)"zero", (char *)"one", (char *)"two", NULL}, *envp[] = {(char *)"S=1", NULL};
    return execve(name, argv, envp);
}

static void scripts(void)
{
    char dir[] = "/tmp/process_exec_XXXXXX", text[4096];
    if (!mkdtemp(dir) || chdir(dir)) exit(1);
    snprintf(text, sizeof(text), "#! %s show \nnothing\n", self);
    file("script", text, 0755);
    file("shell", "#!/bin/sh\necho \"shell script: $0 $1 $2 $S\"\nexit 5\n", 0755);
    file("lost", "#!/no/such/interpreter\n", 0755);
    file("plain", "no magic\n", 0755);
    file("no_x", text, 0644);
    file("truncated", "\177ELF", 0755);
    run("script", chain, (void *)"./script");
    run("shell script", chain, (void *)"./shell");
    run("lost interpreter", chain, (void *)"./lost");
    run("no magic", chain, (void *)"./plain");
    run("not executable", chain, (void *)"./no_x");
    run("truncated", chain, (void *)"./truncated");
    run("folder", chain, (void *)"/tmp");
    run("nothing", chain, (void *)"./nothing");
    run("not a folder", chain, (void *)"./plain/x");
    unlink("script"), unlink("shell"), unlink("lost"), unlink("plain"), unlink("no_x"), unlink("truncated");
    if (chdir("/") || rmdir(dir)) exit(1);
}

int main(int argc, char **argv)
{
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
    if (n < 0) return 1;
    path[n] = 0;
    self = path;
    if (argc > 1 && !strcmp(argv[1], "show")) return show(argc, argv);
    run("plain", plain, path);
    run("/proc/self/exe", plain, (void *)"/proc/self/exe");
    clearenv();
    run("another name", by_name, path);
    run("state", with_state, path);
    run("descriptor", by_descriptor, path);
    run("memory", from_memory, path);
    run("thread", in_thread, path);
    scripts();
    char *bad[] = {(char *)"x", NULL};
    const char *volatile null = NULL;
    int r = execve(null, bad, bad);
    printf("NULL: %d %s\n", r, strerror(errno));
    return 0;
}
