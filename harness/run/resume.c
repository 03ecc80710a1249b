/* Resumption: what a run record holds is handed to the session as if it had just happened, reports are
 * written anew, and the record itself goes on where its last whole entry ends. */
#include "harness/run/resume.h"

#include "harness/corpus/stream.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

/* Quirks decide verdicts, too. */
static uint64_t hash_quirks(const char *dir, struct diag *d)
{
    struct paths files = {0};
    uint64_t hash = 1;
    bool good = !dir || paths_add(&files, dir, d);
    for (size_t i = 0; i < files.n && good; i++) good = paths_hash_file(files.at[i].path, &hash);
    paths_free(&files);
    return good ? hash : 0;
}

int run_identify(struct program *p, const struct plan *plan, uint64_t corpus, struct run_info *info)
{
    struct diag d = {.out = p->err};
    info->program = journal_program();
    info->corpus = corpus;
    info->quirks = hash_quirks(plan->quirks_dir, &d);
    if (info->quirks && plan->quirks) info->quirks ^= quirks_ended_hash(plan->quirks);
    diag_free(&d);
    if (info->program && info->corpus && info->quirks) return 0;
    return complain(p, STATUS_HARNESS,
                    "the program or a corpus cannot be read again: no run record without that");
}

/* There is nothing in it yet: the run begins, and it becomes its record. */
static int begin_anew(struct program *p, struct plan *plan, struct resume *r)
{
    const char *path = r->path;
    r->path = NULL;
    if (!p->opt.quiet) fprintf(p->out, "nothing in %s yet: the run begins\n", path);
    for (unsigned i = 0; i < plan->nreports; i++)
        if (plan->reports[i].kind == &report_record_file && !strcmp(plan->reports[i].path, path)) return 0;
    if (plan->nreports == PLAN_MAX_REPORTS)
        return complain(p, STATUS_USAGE, "more than %d reports", PLAN_MAX_REPORTS);
    plan->reports[plan->nreports++] = (struct plan_report){&report_record_file, path, false};
    return 0;
}

/* Whether the file at r->path is of the run at hand. */
static bool fits(const struct resume *r, const struct run_info *info, struct buf *why)
{
    struct journal *j = journal_open(r->path, why);
    if (!j) return false;
    json_t *ours = journal_header(info);
    bool differs = journal_differs(r->path, j->header, NULL, ours, JOURNAL_FOR_RESUME, why);
    json_decref(ours);
    journal_close(j);
    return !differs;
}

int resume_open(struct program *p, struct plan *plan, const struct run_info *info, struct resume *r)
{
    struct buf why = {0};
    int status = 0;
    *r = (struct resume){.path = p->opt.resume};
    if (!r->path) return 0;
    if (access(r->path, F_OK) && errno == ENOENT) return begin_anew(p, plan, r);
    if (!journal_check(r->path, &r->has, &why))
        status = complain(p, STATUS_USAGE, "%s", buf_cstr(&why));
    else if (!r->has.header)
        status = begin_anew(p, plan, r);
    else if (!fits(r, info, &why))
        status = complain(p, STATUS_USAGE, "%s", buf_cstr(&why));
    buf_free(&why);
    return status;
}

/* What is in the file up to r->has.synced. */
static bool hand_on(const struct resume *r, struct journal *j, struct session *s, struct buf *why)
{
    struct record rec;
    const uint8_t *body;
    size_t size;
    while (j->end < r->has.synced) {
        enum journal_got got = journal_next(j, &rec, &body, &size, why);
        if (got == JOURNAL_DAMAGED) return false;
        if (got == JOURNAL_GOT_RECORD) session_record(s, &rec);
        if (got == JOURNAL_GOT_COVER && !(s->ledger && ledger_take(s->ledger, (const char *)body, size))) {
            buf_printf(why, "%s is damaged: it covers what does not exist", r->path);
            return false;
        }
        if (got == JOURNAL_GOT_COVER) session_cover(s, body, size);
    }
    return true;
}

int resume_replay(struct resume *r, struct session *s)
{
    struct buf why = {0};
    int status = 0;
    if (!r->path) return 0;
    struct journal *j = journal_open(r->path, &why);
    if (!j || !hand_on(r, j, s, &why)) {
        status = complain(s->p, STATUS_USAGE, "%s", buf_cstr(&why));
    } else {
        if (!s->p->opt.quiet)
            fprintf(s->p->out, "%" PRIu64 " of %" PRIu64 " cases are in %s already\n", j->count, j->cases,
                    r->path);
        r->has.count = s->status.before = j->count;
        status = r->has.complete ? 0 : session_continue(s, r->path, r->has.synced, &j->coder);
    }
    journal_close(j);
    buf_free(&why);
    return status;
}
