/* Runs cases in a child process: one child for many cases, a new one when it died or hung. What it is asked
 * and what it found are in memory that both share; pointers mean the same on both sides, since the child is a
 * fork.
 */
#include "harness/shrink/shrink.h"

#include "harness/judge/compare.h"
#include "harness/run/child.h"
#include "harness/run/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WAITS_MAX = 10 };
enum { STATE_WORDS = 4096, ASK_RUN = 'r', ASK_SKIP = 's', ANSWER_YES = 'y', ANSWER_NO = 'n' };

/* What both processes see. The case's parts are copied here. */
struct box {
    struct activity act;               /* what the child does */
    struct test_case c;                /* what is asked about */
    struct case_reg in[CASE_MAX_REGS]; /* of it */
    struct case_mem mem[CASE_MAX_MEM]; /* of it */
    uint8_t data[CASE_MAX_DATA];       /* bytes of its memory */
    uint8_t code[CASE_MAX_CODE];       /* its code */
    struct draft from, to;             /* ASK_SKIP: of what, and the answer */
    uint64_t skip;                     /* steps of it */
    char signature[TRIAL_TEXT];        /* ASK_RUN: the answer */
    uint64_t step;                     /* likewise */
};

struct trial {
    const struct plan *plan; /* who runs */
    double timeout;          /* seconds for a case; 0: none */
    bool patient;            /* it may wait for its turn some times as long */
    struct box *box;         /* shared with the child */
    pid_t pid;               /* the child; 0: none */
    int ask, answer;         /* pipes to it and from it */
    unsigned count;          /* runs so far */
};

/* ---- the child ---- */

static char run_case(struct panel *panel, struct box *b)
{
    struct outcome out[LINEUP_MAX];
    struct judgement j = {0};
    panel_forget(panel); /* each try stands for itself */
    panel_judge(panel, &b->c, &b->act, out, &j);
    const char *what = j.verdict == VERDICT_FAIL ? j.signature : j.verdict == VERDICT_CRASH ? j.skip : "";
    snprintf(b->signature, sizeof(b->signature), "%s", what);
    b->step = j.step;
    buf_free(&j.detail);
    return ANSWER_YES;
}

static unsigned first_usable(const struct outcome *out, unsigned n)
{
    unsigned i = 0;
    while (i < n && (!outcome_usable(&out[i]) || !out[i].state)) i++;
    return i;
}

static char skip_steps(struct panel *panel, const struct plan *plan, struct box *b)
{
    static struct draft_case made;
    static uint64_t blank[STATE_WORDS];
    struct outcome out[LINEUP_MAX];
    unsigned n = plan->lineup.n;
    if (b->from.guest->state_words > STATE_WORDS || !draft_case(&b->from, "skip", &made)) return ANSWER_NO;
    unsigned nin = made.c.nin;
    made.c.steps = made.c.nin = 0;
    panel_run(panel, &made.c, &b->act, out);
    unsigned i = first_usable(out, n);
    if (i == n) return ANSWER_NO;
    memcpy(blank, out[i].before, b->from.guest->state_words * sizeof(*blank));
    made.c.nin = nin;
    made.c.steps = b->skip;
    panel_forget(panel);
    panel_run(panel, &made.c, &b->act, out);
    i = first_usable(out, n);
    return i < n && snapshot_take(&b->from, &out[i], blank, &b->to) ? ANSWER_YES : ANSWER_NO;
}

static void serve(struct trial *t, int ask, int answer)
{
    struct panel *panel = panel_open(&t->plan->lineup);
    char what;
    panel_terse(panel);
    while (read(ask, &what, 1) == 1) {
        char said = what == ASK_RUN ? run_case(panel, t->box) : skip_steps(panel, t->plan, t->box);
        t->box->act.doing = DOING_NOTHING;
        if (write_all(answer, &said, 1)) break;
    }
    panel_close(panel);
}

/* ---- the parent ---- */

static void stop(struct trial *t, int *status)
{
    if (!t->pid) return;
    close(t->ask);
    close(t->answer);
    while (waitpid(t->pid, status, 0) < 0 && errno == EINTR) continue;
    t->pid = 0;
}

static bool start(struct trial *t)
{
    int to[2], from[2];
    if (pipe2(to, O_CLOEXEC)) return false;
    if (pipe2(from, O_CLOEXEC)) {
        close(to[0]);
        close(to[1]);
        return false;
    }
    pid_t pid = fork();
    if (!pid) {
        child_begin(t->plan->memory);
        close(to[1]);
        close(from[0]);
        serve(t, to[0], from[1]);
        _exit(0);
    }
    close(to[0]);
    close(from[1]);
    t->ask = to[1];
    t->answer = from[0];
    t->pid = pid < 0 ? 0 : pid;
    if (pid > 0) return true;
    close(to[1]);
    close(from[0]);
    return false;
}

struct trial *trial_open(const struct plan *plan, double timeout)
{
    struct trial *t = xcalloc(1, sizeof(*t));
    t->plan = plan;
    t->timeout = timeout;
    t->box = mmap(NULL, sizeof(*t->box), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (t->box != MAP_FAILED) return t;
    free(t);
    return NULL;
}

void trial_close(struct trial *t)
{
    int status;
    if (!t) return;
    stop(t, &status);
    munmap(t->box, sizeof(*t->box));
    free(t);
}

void trial_set_timeout(struct trial *t, double seconds, bool patient)
{
    t->timeout = seconds;
    t->patient = patient;
}

unsigned trial_count(const struct trial *t)
{
    return t->count;
}

/* Seconds of a processor that the child has used. */
static double cpu_used(const struct trial *t)
{
    clockid_t clock;
    struct timespec ts;
    if (clock_getcpuclockid(t->pid, &clock) || clock_gettime(clock, &ts)) return 0;
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

/* Waits for the child's answer: its letter, 0 when it died, -1 when it hangs. */
static int await(struct trial *t)
{
    struct pollfd p = {.fd = t->answer, .events = POLLIN};
    int ms = t->timeout > 0 ? (int)(t->timeout * 1000) + 1 : -1, got = 0;
    double before = cpu_used(t);
    char said = 0;
    for (int waits = t->patient ? WAITS_MAX : 1; !got && waits; waits--) {
        while ((got = poll(&p, 1, ms)) < 0 && errno == EINTR) continue;
        if (cpu_used(t) - before > t->timeout / 2) break;
    }
    if (got == 0) return -1;
    return read(t->answer, &said, 1) == 1 ? said : 0;
}

/* Asks; where the child is lost, says in `signature` how. */
static bool ask(struct trial *t, char what)
{
    struct box *b = t->box;
    int status = 0;
    t->count++;
    b->act.doing = DOING_NOTHING;
    if (!t->pid && !start(t)) BUG("cannot start a process: %s", strerror(errno));
    int said = write_all(t->ask, &what, 1) ? 0 : await(t);
    if (said > 0) return said == ANSWER_YES;
    if (said < 0) kill(t->pid, SIGKILL);
    uint32_t doing = b->act.doing;
    stop(t, &status);
    const char *who = child_doing(&t->plan->lineup, doing);
    char death[64];
    child_end(status, death, sizeof(death));
    if (said < 0)
        snprintf(b->signature, sizeof(b->signature), "timeout: %s", who);
    else
        snprintf(b->signature, sizeof(b->signature), "crash: %s %s", who, death);
    b->step = 0;
    return false;
}

/* The case into the box; its truth stays where it is, since nobody changes it. */
static void fill(struct box *b, const struct test_case *c)
{
    unsigned used = 0;
    b->c = *c;
    b->c.id = b->c.why = ""; /* theirs may be younger than the child */
    b->c.at = (struct pos){.file = ""};
    if (c->nin) memcpy(b->in, c->in, c->nin * sizeof(*b->in));
    if (c->code_size) memcpy(b->code, c->code, c->code_size);
    for (unsigned i = 0; i < c->nmem; i++) {
        b->mem[i] = c->mem[i];
        if (!c->mem[i].data) continue;
        memcpy(b->data + used, c->mem[i].data, c->mem[i].size);
        b->mem[i].data = b->data + used;
        used += (unsigned)c->mem[i].size;
    }
    b->c.in = b->in;
    b->c.mem = b->mem;
    b->c.code = b->code;
}

struct trial_result trial_run(struct trial *t, const struct test_case *c)
{
    int status;
    /* the child knows only what was there when it started: truths, and other kinds' cases, live outside the
     * box */
    if (c->has_truth || c->kind) stop(t, &status);
    fill(t->box, c);
    (void)ask(t, ASK_RUN);
    return (struct trial_result){t->box->signature, t->box->step};
}

bool trial_skip(struct trial *t, const struct draft *d, uint64_t skip, struct draft *out)
{
    t->box->from = *d;
    t->box->skip = skip;
    if (!ask(t, ASK_SKIP)) return false;
    *out = t->box->to;
    return true;
}
