/* How a process that runs cases begins and ends. A case that wants all memory costs itself, not the machine.
 */
#include "harness/run/child.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* What counts against RLIMIT_DATA by now, in bytes: sanitizers alone map terabytes. */
static uint64_t data_now(void)
{
    char line[128];
    uint64_t kib = 0;
    FILE *f = fopen("/proc/self/status", "re");
    while (f && fgets(line, sizeof(line), f))
        if (!strncmp(line, "VmData:", 7)) kib = strtoull(line + 7, NULL, 10);
    if (f) fclose(f);
    return kib << 10;
}

static void limit_memory(uint64_t bytes)
{
    struct rlimit r;
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
        (void)!write(fd, "1000",
                     4); /* if the machine runs out all the same: rather this one than the parent */
        close(fd);
    }
    if (!bytes || getrlimit(RLIMIT_DATA, &r)) return;
    uint64_t most = data_now() + bytes;
    if (r.rlim_max != RLIM_INFINITY && most > r.rlim_max) return; /* it is held tighter already */
    r.rlim_cur = most;
    setrlimit(RLIMIT_DATA, &r);
}

/* A backend that calls exit(), as oracles do, must not write what the parent had in its buffers a second
 * time, nor move its files. */
static void leave_at_once(int status, void *arg)
{
    (void)arg;
    _exit(status);
}

void child_begin(uint64_t memory)
{
    on_exit(leave_at_once, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int sig = 1; sig < NSIG; sig++) signal(sig, SIG_DFL);
    limit_memory(memory);
}

void child_end(int status, char *text, size_t n)
{
    if (WIFSIGNALED(status)) {
        const char *name = sigabbrev_np(WTERMSIG(status));
        snprintf(text, n, "died of SIG%s", name ? name : "?");
    } else if (WEXITSTATUS(status) == BASE_NO_MEMORY) {
        snprintf(text, n, "ran out of memory");
    } else {
        snprintf(text, n, "exited with status %d", WEXITSTATUS(status));
    }
}

const char *child_doing(const struct lineup *l, uint32_t doing)
{
    if (doing >= DOING_BACKEND && doing - DOING_BACKEND < l->n)
        return l->entries[doing - DOING_BACKEND].backend->name;
    return "the judge";
}
