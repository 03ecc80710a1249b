/* lockstep merge: the run records of all shards of a run as one run, with its reports and its exit status.
 *
 * Records are read side by side, and the case that comes first in the corpora is handed on: memory does not
 * depend on how many there are.
 */
#include "harness/kinds/kind.h"
#include "harness/journal/journal.h"
#include "harness/run/session.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* The record of one shard. */
struct part {
    const char *path;  /* of the file */
    struct journal *j; /* the file */
    struct record r;   /* its next case */
    bool more;         /* there is one */
};

struct merge {
    struct program *p;    /* the program */
    struct part *parts;   /* n of them, as given */
    unsigned n;           /* how many */
    uint64_t total;       /* cases of all of them */
    struct plan plan;     /* what they were told to do */
    struct run_info info; /* the run as a whole */
    struct session s;     /* who listens */
    struct buf why;       /* a sentence */
};

/* ---- do they belong together ---- */

static int open_part(struct merge *m, struct part *part)
{
    struct journal_extent e;
    bool good = journal_check(part->path, &e, &m->why);
    if (good) part->j = journal_open(part->path, &m->why);
    if (!part->j) return complain(m->p, STATUS_USAGE, "%s", buf_cstr(&m->why));
    if (!e.header)
        return complain(m->p, STATUS_USAGE, "%s is cut off before it says which run it is of", part->path);
    if (!e.complete)
        return complain(m->p, STATUS_USAGE,
                        "%s is incomplete, %" PRIu64 " of %" PRIu64
                        " cases; 'lockstep run --resume' goes on with it",
                        part->path, e.count, e.cases);
    m->total += e.cases;
    return 0;
}

/* The same run, and another shard than any before. */
static int check_part(struct merge *m, unsigned i)
{
    const struct part *first = &m->parts[0], *part = &m->parts[i];
    if (journal_differs(part->path, part->j->header, first->path, first->j->header, JOURNAL_FOR_MERGE,
                        &m->why))
        return complain(m->p, STATUS_USAGE, "%s", buf_cstr(&m->why));
    if (i && !journal_number(part->j->header, "shards"))
        return complain(m->p, STATUS_USAGE, "%s and %s are no shards: each is the whole run", first->path,
                        part->path);
    for (unsigned k = 0; k < i; k++)
        if (journal_number(m->parts[k].j->header, "shard") == journal_number(part->j->header, "shard"))
            return complain(m->p, STATUS_USAGE, "%s and %s are the same shard: %" PRIu64 " of %" PRIu64,
                            m->parts[k].path, part->path, journal_number(part->j->header, "shard"),
                            journal_number(part->j->header, "shards"));
    return 0;
}

/* Every shard is there; there is no more than one of each. */
static int check_missing(struct merge *m)
{
    uint64_t shards = journal_number(m->parts[0].j->header, "shards"), lost = 0;
    if (shards <= m->n) return 0;
    for (uint64_t want = shards; want; want--) {
        unsigned i = 0;
        while (i < m->n && journal_number(m->parts[i].j->header, "shard") != want) i++;
        if (i == m->n) lost = want;
    }
    return complain(m->p, STATUS_USAGE,
                    "%" PRIu64 " of %" PRIu64 " shards are missing, the first of them is %" PRIu64,
                    shards - m->n, shards, lost);
}

/* ---- the run as a whole ---- */

static int find_backends(struct merge *m, const json_t *list)
{
    size_t i;
    json_t *e;
    json_array_foreach(list, i, e)
    {
        const char *name = journal_text(e, "name");
        const struct case_kind *kind;
        const struct backend *b = plan_backend_named(m->p, name, &kind);
        if (!b || m->plan.lineup.n == LINEUP_MAX)
            return complain(m->p, STATUS_USAGE, "%s: there is no backend '%s' here", m->parts[0].path, name);
        m->plan.lineup.entries[m->plan.lineup.n++] = (struct lineup_entry){
            b, json_is_true(json_object_get(e, "oracle")), kind == &kind_instruction ? NULL : kind};
    }
    return 0;
}

static void add_texts(struct merge *m, struct text_list *l, const json_t *header, const char *key)
{
    const json_t *texts = json_object_get(header, key);
    for (size_t i = 0; i < json_array_size(texts); i++)
        list_add(m->p, l, json_string_value(json_array_get(texts, i)));
}

static uint64_t hash_in(const json_t *header, const char *key)
{
    return strtoull(journal_text(header, key), NULL, 16);
}

/* What `lockstep run` without --shard would have said about itself. */
static int describe_run(struct merge *m)
{
    const json_t *h = m->parts[0].j->header;
    int status = find_backends(m, json_object_get(h, "backends"));
    if (status) return status;
    add_texts(m, &m->plan.paths, h, "paths");
    add_texts(m, &m->plan.globs, h, "filter");
    m->plan.filter.seed = strtoull(journal_text(h, "seed"), NULL, 10);
    m->plan.jobs = 1;
    status = plan_given_reports(m->p, &m->plan);
    m->info = session_info(m->p, &m->plan, m->total);
    m->info.options = journal_text(h, "options");
    m->info.program = journal_program();
    m->info.corpus = hash_in(h, "corpus");
    m->info.quirks = hash_in(h, "quirks");
    m->info.choice = hash_in(h, "choice");
    m->info.watched = json_object_get(h, "watched");
    m->plan.whole = !m->plan.globs.n && !m->info.choice;
    m->info.absent = (unsigned)journal_number(h, "absent");
    bool covered = json_is_true(json_object_get(h, "cover")), needed = false;
    for (unsigned i = 0; i < m->plan.nreports; i++)
        needed |= m->plan.reports[i].kind->ledger == LEDGER_NEEDED;
    if (!status && needed && !covered)
        status = complain(m->p, STATUS_USAGE, "%s does not say what was covered: its run had no report cover",
                          m->parts[0].path);
    m->info.covered &= covered;
    return status;
}

/* Only the program that wrote the records knows for sure what they mean. */
static int check_program(struct merge *m)
{
    static const char *const keys[] = {"program", "backends"};
    json_t *ours = journal_header(&m->info);
    int status = 0;
    for (size_t i = 0; i < ARRAY_LEN(keys) && !status; i++)
        if (!json_equal(json_object_get(m->parts[0].j->header, keys[i]), json_object_get(ours, keys[i])))
            status = complain(m->p, STATUS_USAGE,
                              "%s was written by another build of lockstep, or with other oracles",
                              m->parts[0].path);
    json_decref(ours);
    return status;
}

/* ---- case by case ---- */

/* Goes to the part's next case, and hands on what stands before it. False: a sentence in m->why. */
static bool advance(struct merge *m, struct part *part)
{
    const uint8_t *body;
    size_t size;
    uint64_t before = part->more ? part->r.position : 0;
    enum journal_got got;
    while ((got = journal_next(part->j, &part->r, &body, &size, &m->why)) == JOURNAL_GOT_COVER) {
        if (!m->s.ledger) continue;
        if (!ledger_take(m->s.ledger, (const char *)body, size)) {
            buf_printf(&m->why, "%s is damaged: it covers what does not exist", part->path);
            return false;
        }
        session_cover(&m->s, body, size);
    }
    if (got == JOURNAL_GOT_RECORD && part->more && part->r.position <= before) {
        buf_printf(&m->why, "%s is damaged: its cases are not in order", part->path);
        return false;
    }
    part->more = got == JOURNAL_GOT_RECORD;
    return got != JOURNAL_DAMAGED;
}

/* The part whose next case comes first; NULL when there is none, or when two have the same one. */
static struct part *first_part(struct merge *m)
{
    struct part *first = NULL;
    for (unsigned i = 0; i < m->n; i++) {
        struct part *part = &m->parts[i];
        if (!part->more) continue;
        if (first && first->r.position == part->r.position) {
            buf_printf(&m->why, "%s and %s overlap: both have the case %s", first->path, part->path,
                       part->r.id);
            return NULL;
        }
        if (!first || part->r.position < first->r.position) first = part;
    }
    return first;
}

/* Now and then: true when somebody wants it to end. */
static bool pause_between(struct merge *m, struct pool_result *res)
{
    session_record(&m->s, NULL);
    for (int sig; (sig = session_signal());) {
        if (sig == SIGUSR1)
            session_asked(&m->s, "");
        else
            res->signal = sig;
    }
    return res->signal;
}

/* False: it came to an end too early, and m->why says why, or res->signal. */
static bool hand_on(struct merge *m, struct pool_result *res)
{
    uint64_t number = 0;
    for (unsigned i = 0; i < m->n; i++)
        if (!advance(m, &m->parts[i])) return false;
    for (struct part *part; (part = first_part(m));) {
        part->r.number = number++;
        if (!m->s.ledger) part->r.bins = ""; /* as in a run that keeps none */
        session_record(&m->s, &part->r);
        if (number % 4096 == 0 && pause_between(m, res)) return false;
        if (!advance(m, part)) return false;
    }
    return !m->why.len;
}

/* What is merged is not written over. */
static int check_reports(struct merge *m)
{
    for (unsigned r = 0; r < m->plan.nreports; r++)
        for (unsigned i = 0; i < m->n; i++)
            if (session_same_file(m->plan.reports[r].path, m->parts[i].path))
                return complain(m->p, STATUS_USAGE, "the %s report %s would overwrite the record %s",
                                m->plan.reports[r].kind->name, m->plan.reports[r].path, m->parts[i].path);
    return 0;
}

static int merge(struct merge *m)
{
    struct pool_result res = {.end = POOL_DONE};
    sigset_t old;
    pool_block_signals(&old);
    int status = session_begin(&m->s, m->p, &m->plan, &m->info, NULL);
    if (status) {
        (void)session_end(&m->s, NULL);
        sigprocmask(SIG_SETMASK, &old, NULL);
        return status;
    }
    if (!m->p->opt.quiet)
        fprintf(m->p->out, "%" PRIu64 " cases of %u record%s\n", m->total, m->n, m->n == 1 ? "" : "s");
    bool whole = hand_on(m, &res);
    if (!whole && res.signal) {
        res.end = POOL_INTERRUPTED;
    } else if (!whole) {
        res.end = POOL_BROKEN;
        buf_str(&res.message, buf_cstr(&m->why));
        (void)complain(m->p, STATUS_USAGE, "%s", buf_cstr(&m->why));
    }
    status = session_end(&m->s, &res);
    buf_free(&res.message);
    /* after an interruption the signals stay blocked: the program is on its way out already */
    if (res.end != POOL_INTERRUPTED) sigprocmask(SIG_SETMASK, &old, NULL);
    return res.end == POOL_BROKEN ? STATUS_USAGE : status;
}

static int merge_files(struct program *p)
{
    struct merge m = {.p = p, .n = p->opt.args.n};
    int status = 0;
    m.parts = xcalloc(m.n, sizeof(*m.parts));
    for (unsigned i = 0; i < m.n && !status; i++) {
        m.parts[i].path = p->opt.args.items[i];
        status = open_part(&m, &m.parts[i]);
        if (!status) status = check_part(&m, i);
    }
    if (!status) status = check_missing(&m);
    if (!status) status = describe_run(&m);
    if (!status) status = check_program(&m);
    if (!status) status = check_reports(&m);
    if (!status) status = merge(&m);
    for (unsigned i = 0; i < m.n; i++) journal_close(m.parts[i].j);
    buf_free(&m.why);
    free(m.parts);
    return status;
}

int cmd_merge(struct program *p)
{
    return session_asking(p, merge_files);
}
