/* lockstep repro: one case with everything that is known about it.
 *
 * The case runs in a child that sends its findings as it goes, so that a backend that dies or hangs leaves on
 * the screen what was known before.
 */
#include "harness/judge/compare.h"
#include "harness/kinds/kind.h"
#include "harness/commands/explain.h"
#include "harness/report/report.h"
#include "harness/run/child.h"
#include "harness/run/plan.h"
#include "harness/run/worker.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- what is shown ---- */

static void show_fields(const struct test_case *c, struct buf *out)
{
    uint32_t word = 0;
    if (!c->row) return;
    memcpy(&word, c->code, c->code_size < sizeof(word) ? c->code_size : sizeof(word));
    buf_str(out, "  fields\n");
    explain_fields(c->row, word, out);
    buf_str(out, "  semantics\n");
    for (const char *s = c->row->sem ? c->row->sem : ""; *s;) {
        size_t n = strcspn(s, "\n");
        buf_printf(out, "    %.*s\n", (int)n, s);
        s += n + (s[n] == '\n');
    }
}

static void show_memory(const struct case_mem *m, struct buf *out)
{
    enum { BYTES = 32 };
    buf_printf(out, "    %#" PRIx64 ", %" PRIu64 " bytes", m->at, m->size);
    if (m->perm)
        buf_printf(out, ", mapped %s%s%s", m->perm & CPU_READ ? "r" : "-", m->perm & CPU_WRITE ? "w" : "-",
                   m->perm & CPU_EXEC ? "x" : "-");
    if (m->data) buf_str(out, ":");
    for (uint64_t i = 0; m->data && i < m->size && i < BYTES; i++) buf_printf(out, " %02x", m->data[i]);
    buf_str(out, m->data && m->size > BYTES ? " …\n" : "\n");
}

static void show_before(const struct test_case *c, struct buf *out)
{
    if (c->kind) {
        c->kind->show(c, out);
        return;
    }
    buf_printf(out, "  before (%" PRIu64 " step%s)\n", c->steps, c->steps == 1 ? "" : "s");
    for (unsigned i = 0; i < c->nin; i++) {
        const struct case_reg *r = &c->in[i];
        buf_printf(out, "    %-8s=", guest_reg_name(r->ref.reg, r->ref.index));
        for (unsigned w = r->ref.reg->words; w-- > 0;) {
            buf_char(out, ' ');
            describe_reg(r->ref, r->value[w], out);
        }
        buf_char(out, '\n');
    }
    for (unsigned i = 0; i < c->nmem; i++) show_memory(&c->mem[i], out);
}

static void show_results(const struct test_case *c, const struct outcome *o, unsigned n, struct buf *out)
{
    struct findings f = {0};
    buf_str(out, "  results\n");
    for (unsigned i = 0; i < n; i++) {
        buf_printf(out, "    %s%s: ", o[i].backend->name, o[i].oracle ? " (oracle)" : "");
        if (outcome_usable(&o[i])) {
            describe_exit(c->guest, &o[i].exit, out);
            buf_printf(out, ", %" PRIu64 " executed", o[i].exit.executed);
            compare_before(c, &o[i], &f);
        } else {
            buf_printf(out, "cannot run it: %s", o[i].unsupported ? o[i].unsupported : "unsupported");
        }
        buf_char(out, '\n');
    }
    buf_str(out, "  what changed\n");
    describe_table(c, o, n, &f, out);
}

/* The same of another kind of case. */
static void show_other_results(const struct test_case *c, const struct outcome *o, unsigned n,
                               struct buf *out)
{
    buf_str(out, "  results\n");
    for (unsigned i = 0; i < n; i++) {
        if (o[i].absent) continue;
        buf_printf(out, "    %s%s: ", o[i].backend->name, o[i].oracle ? " (oracle)" : "");
        if (!outcome_usable(&o[i])) {
            buf_printf(out, "cannot run it: %s\n", o[i].unsupported ? o[i].unsupported : "unsupported");
            continue;
        }
        c->kind->ended(c, &o[i], out);
        buf_char(out, '\n');
        c->kind->results(c, &o[i], out);
    }
}

/* What somebody does who was sent here by a failing run. */
static void show_next(const struct judgement *j, const struct test_case *c, const char *shrink,
                      struct buf *out)
{
    struct buf text = {0};
    uint32_t word = 0;
    buf_printf(out, "cause: %s\nnext:\n", j->signature);
    buf_printf(out, "  %s\n      the smallest case that fails in this way, ready to be kept\n", shrink);
    if (c->kind) return;
    memcpy(&word, c->code, c->code_size < sizeof(word) ? c->code_size : sizeof(word));
    if (j->place.state) word = j->place.word;
    (void)guest_disasm_bytes(c->guest, (const uint8_t *)&word, sizeof(word), &text);
    buf_printf(out, "  lockstep explain %s '%s'\n      the instruction's row, its IR, its host code\n",
               c->guest->name, buf_cstr(&text));
    buf_free(&text);
}

static void show_verdict(const struct plan *plan, const struct judgement *j, struct buf *out)
{
    buf_printf(out, "%s", verdict_name(j->verdict));
    if (j->skip) buf_printf(out, ": %s", j->skip);
    if (j->checked)
        buf_printf(out, ", checked against %s%s%s", j->checked & CHECKED_ORACLE ? "an oracle" : "",
                   j->checked == (CHECKED_ORACLE | CHECKED_MANUAL) ? " and " : "",
                   j->checked & CHECKED_MANUAL ? "the manual"
                   : j->checked & CHECKED_PEER ? "each other"
                                               : "");
    for (unsigned i = 0; i < j->nquirks; i++)
        buf_printf(out, "%s%s", i ? ", " : "; quirks: ", quirk_id(plan->quirks, j->quirks[i]));
    buf_printf(out, "\n%s", buf_cstr(&j->detail));
}

/* ---- the child ---- */

static void send_text(int fd, struct buf *out)
{
    (void)write_all(fd, out->p, out->len);
    buf_reset(out);
}

/* `shrink` is the command that makes the case small. */
static int child(const struct plan *plan, const struct test_case *c, const char *shrink, struct activity *act,
                 int fd)
{
    struct buf out = {0};
    struct outcome outcomes[LINEUP_MAX];
    struct judgement j = {.before = c->kind ? NULL : xcalloc(c->guest->state_words, sizeof(*j.before))};
    struct panel *panel = panel_open(&plan->lineup);
    struct itimerval limit = {.it_value = {.tv_sec = (time_t)plan->timeout,
                                           .tv_usec = (suseconds_t)(plan->timeout * 1e6) % 1000000}};
    buf_printf(&out, "%s (%s:%d)\n", c->id, case_place(c).file, case_place(c).line);
    describe_case(c, &out);
    show_fields(c, &out);
    show_before(c, &out);
    send_text(fd, &out);
    setitimer(ITIMER_REAL, &limit, NULL); /* SIGALRM ends this process */
    panel_judge(panel, c, act, outcomes, &j);
    act->doing = DOING_NOTHING;
    if (!(c->row && c->row->absent))
        (c->kind ? show_other_results : show_results)(c, outcomes, plan->lineup.n, &out);
    show_verdict(plan, &j, &out);
    if (j.verdict == VERDICT_FAIL) show_next(&j, c, shrink, &out);
    send_text(fd, &out);
    panel_close(panel);
    buf_free(&j.detail);
    free(j.before);
    buf_free(&out);
    return j.verdict == VERDICT_FAIL ? STATUS_FAIL : STATUS_PASS;
}

/* How the child ended, as an exit status. */
static int child_status(struct program *p, const struct plan *plan, const struct activity *act,
                        const char *shrink, int status)
{
    const char *who = child_doing(&plan->lineup, act->doing);
    char death[64];
    if (WIFEXITED(status) && act->doing == DOING_NOTHING) return WEXITSTATUS(status);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
        fprintf(p->out, "timeout: no result from %s within %g s\n", who, plan->timeout);
    } else {
        child_end(status, death, sizeof(death));
        fprintf(p->out, "crash: %s %s\n", who, death);
    }
    fprintf(p->out, "next:\n  %s\n      the smallest case that ends so, ready to be kept\n", shrink);
    return STATUS_FAIL;
}

static int run_child(struct program *p, const struct plan *plan, const struct test_case *c,
                     const char *shrink, struct activity *act)
{
    int fds[2], status = 0;
    char chunk[4096];
    ssize_t n;
    if (pipe(fds)) return complain(p, STATUS_HARNESS, "cannot start a process: %s", strerror(errno));
    fflush(p->out);
    pid_t pid = fork();
    if (!pid) {
        close(fds[0]);
        child_begin(plan->memory);
        _exit(child(plan, c, shrink, act, fds[1]));
    }
    close(fds[1]);
    if (pid < 0) {
        close(fds[0]);
        return complain(p, STATUS_HARNESS, "cannot start a process: %s", strerror(errno));
    }
    while ((n = read(fds[0], chunk, sizeof(chunk))) > 0 || (n < 0 && errno == EINTR))
        if (n > 0) fwrite(chunk, 1, (size_t)n, p->out);
    close(fds[0]);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    return child_status(p, plan, act, shrink, status);
}

static const char *shrink_command(struct program *p, const struct plan *plan, const struct test_case *c)
{
    struct buf b = {0};
    buf_str(&b, "lockstep shrink ");
    text_word(&b, c->id);
    for (unsigned i = 1; i < p->opt.args.n; i++) {
        buf_char(&b, ' ');
        text_word(&b, p->opt.args.items[i]);
    }
    buf_str(&b, plan_repro_options(p, plan));
    const char *text = arena_strdup(&p->arena, buf_cstr(&b));
    buf_free(&b);
    return text;
}

static int repro(struct program *p, struct plan *plan, const struct test_case *c)
{
    struct activity *act = activity_share(1);
    if (!act) return complain(p, STATUS_HARNESS, "cannot start a process: %s", strerror(errno));
    int status = run_child(p, plan, c, shrink_command(p, plan, c), act);
    activity_unshare(act, 1);
    return status;
}

int cmd_repro(struct program *p)
{
    return plan_with_case(p, repro);
}
