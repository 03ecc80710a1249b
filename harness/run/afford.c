/* Whether backends can begin with the memory that workers get: else every case would fail, or be skipped, for
 * a reason that is none of its own. It is tried where memory is short only: starting them twice takes time.
 */
#include "harness/run/child.h"
#include "harness/run/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE = 60 /* seconds */ };
static const uint64_t PLENTY = 4ull << 30; /* bytes: the default of --memory */

static bool is_limited(int resource)
{
    struct rlimit r;
    return !getrlimit(resource, &r) && r.rlim_cur != RLIM_INFINITY;
}

/* In a child: every backend runs a case of nothing. Its end says whether it could. */
static _Noreturn void try_all(const struct lineup *l, uint64_t memory, struct activity *act)
{
    static const uint8_t nothing[4];
    struct outcome out[LINEUP_MAX];
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (null >= 0) dup2(null, STDERR_FILENO); /* what they say of it is said below */
    child_begin(memory);
    alarm(PATIENCE);
    struct panel *p = panel_open(l);
    for (unsigned g = 0; guest_all[g]; g++) {
        struct test_case c = {.id = "",
                              .why = "",
                              .at = {.file = ""},
                              .guest = guest_all[g],
                              .code = nothing,
                              .code_size = guest_all[g]->code_unit,
                              .code_at = LAYOUT_CODE,
                              .steps = 1};
        panel_run(p, &c, act, out);
        for (unsigned i = 0; i < l->n; i++) {
            act->doing = DOING_BACKEND + i;
            if (out[i].unsupported && !strcmp(out[i].unsupported, strerrordesc_np(ENOMEM)))
                _exit(BASE_NO_MEMORY);
        }
    }
    _exit(0);
}

/* What kept a backend from beginning: "unicorn exited with status 1". False: nothing did. */
static bool fails(const struct lineup *l, uint64_t memory, struct activity *act, char *text, size_t n)
{
    char end[64];
    int status = 0;
    pid_t pid = fork();
    if (pid < 0) return false; /* the run will say so */
    if (!pid) try_all(l, memory, act);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    child_end(status, end, sizeof(end));
    snprintf(text, n, "%s %s", child_doing(l, act->doing), end);
    return status != 0;
}

/* "100 MiB" */
static void print_size(uint64_t bytes, char *text, size_t n)
{
    if (bytes >> 20)
        snprintf(text, n, "%" PRIu64 " MiB", bytes >> 20);
    else
        snprintf(text, n, "%" PRIu64 " byte%s", bytes, bytes == 1 ? "" : "s");
}

int plan_afford(struct program *p, const struct plan *plan)
{
    bool little = plan->memory && plan->memory < PLENTY;
    char how[128], without[128], size[32];
    print_size(plan->memory, size, sizeof(size));
    if (!little && !is_limited(RLIMIT_AS) && !is_limited(RLIMIT_DATA)) return 0;
    struct activity *act = activity_share(1);
    if (!act) return complain(p, STATUS_HARNESS, "cannot start workers: %s", strerror(errno));
    int status = 0;
    fflush(NULL);
    if (!fails(&plan->lineup, plan->memory, act, how, sizeof(how)))
        status = 0;
    else if (plan->memory && !fails(&plan->lineup, 0, act, without, sizeof(without)))
        status =
            complain(p, STATUS_USAGE,
                     "a worker may allocate %s (--memory), which is too little to begin with: %s", size, how);
    else
        status = complain(p, STATUS_HARNESS,
                          "processes may allocate too little here (ulimit -v, -d) to begin with: %s", how);
    activity_unshare(act, 1);
    return status;
}
