/* Processes that measure or build, and signals that are to stop us. */
#include "harness/clock/process.h"

#include "harness/run/status.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const int stopping[] = {SIGINT, SIGTERM, SIGHUP};

static const double patience = 3; /* seconds in which who is asked to end may clear up */

/* ---- signals ---- */

void stops_open(struct stops *s)
{
    sigset_t set;
    *s = (struct stops){0};
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    for (unsigned i = 0; i < ARRAY_LEN(stopping); i++) {
        struct sigaction now;
        sigaction(stopping[i], NULL, &now);
        if (now.sa_handler != SIG_IGN) sigaddset(&set, stopping[i]);
    }
    sigprocmask(SIG_BLOCK, &set, &s->before);
    s->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (s->fd < 0) sigprocmask(SIG_SETMASK, &s->before, NULL); /* as if there were no such thing */
}

/* Once it was said that we stop, there is no need to hear it again. */
void stops_close(struct stops *s)
{
    struct signalfd_siginfo info;
    while (s->signal && read(s->fd, &info, sizeof(info)) > 0) continue;
    if (s->fd >= 0) close(s->fd);
    s->fd = -1;
    sigprocmask(SIG_SETMASK, &s->before, NULL);
}

bool stops_wait(struct stops *s, double seconds)
{
    struct signalfd_siginfo info;
    struct pollfd p = {.fd = s->fd, .events = POLLIN};
    if (s->signal) return true;
    if (poll(&p, 1, (int)(seconds * 1000)) != 1) return false;
    while (!s->signal && read(s->fd, &info, sizeof(info)) == sizeof(info))
        if (info.ssi_signo != SIGCHLD) s->signal = (int)info.ssi_signo;
    return s->signal;
}

const char *stops_name(const struct stops *s)
{
    return s->signal == SIGINT ? "SIGINT" : s->signal == SIGTERM ? "SIGTERM" : "SIGHUP";
}

/* ---- processes ---- */

int process_start(pid_t *pid, const char *program, const char *const *argv, char *const *env,
                  const posix_spawn_file_actions_t *actions, const struct stops *s)
{
    posix_spawnattr_t attr;
    posix_spawnattr_init(&attr);
    posix_spawnattr_setsigmask(&attr, &s->before);
    posix_spawnattr_setpgroup(&attr, 0);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    int err = posix_spawnp(pid, program, actions, &attr, (char *const *)(uintptr_t)argv, env);
    posix_spawnattr_destroy(&attr);
    if (err) *pid = 0;
    return err;
}

int process_wait(pid_t pid, double seconds, struct stops *s, int *status)
{
    const double end = status_now() + seconds;
    for (;;) {
        pid_t done = waitpid(pid, status, WNOHANG);
        if (done) return done == pid ? 0 : -errno;
        double left = end - status_now();
        if (left <= 0) return -ETIME;
        if (stops_wait(s, fmin(left, 1))) return -EINTR;
    }
}

/* Is it over? Its number stays its own until it is waited for. */
static bool has_ended(pid_t pid)
{
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) || info.si_pid == pid;
}

int process_end(pid_t pid)
{
    const double end = status_now() + patience;
    const struct timespec soon = {.tv_nsec = 5000000};
    int status = 0;
    kill(-pid, SIGTERM);
    while (!has_ended(pid) && status_now() < end) nanosleep(&soon, NULL);
    kill(-pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    return status;
}

const char *process_words(int status, char text[64])
{
    if (WIFEXITED(status) && !WEXITSTATUS(status)) return NULL;
    const char *name = WIFSIGNALED(status) ? sigabbrev_np(WTERMSIG(status)) : NULL;
    if (name)
        snprintf(text, 64, "it was killed by SIG%s", name);
    else if (WIFSIGNALED(status))
        snprintf(text, 64, "it was killed by signal %d", WTERMSIG(status));
    else
        snprintf(text, 64, "it ends with status %d", WEXITSTATUS(status));
    return text;
}

/* ---- standard error ---- */

void tail_read(struct tail *t)
{
    char chunk[4096];
    ssize_t n = read(t->fd, chunk, sizeof(chunk));
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (n <= 0) {
        close(t->fd);
        t->fd = -1;
        return;
    }
    size_t more = (size_t)n < TAIL_SIZE ? (size_t)n : TAIL_SIZE;
    size_t kept = t->n + more < TAIL_SIZE ? t->n : TAIL_SIZE - more;
    memmove(t->text, t->text + t->n - kept, kept);
    memcpy(t->text + kept, chunk + n - more, more);
    t->n = kept + more;
}

void tail_write(const struct tail *t, struct buf *out)
{
    enum { LINES = 3 };
    size_t end = t->n, from;
    while (end && t->text[end - 1] == '\n') end--;
    from = end;
    for (unsigned lines = 0; from; from--)
        if (t->text[from - 1] == '\n' && ++lines == LINES) break;
    for (bool begins = true; from < end; from++) {
        unsigned char c = (unsigned char)t->text[from];
        if (begins) buf_str(out, "\n    | ");
        begins = c == '\n';
        if (!begins) buf_char(out, c == '\t' ? ' ' : c < 0x20 || c > 0x7e ? '?' : (char)c);
    }
}
