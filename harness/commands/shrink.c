/* lockstep shrink: the smallest case that still fails the same way, ready to be kept in a corpus. */
#include "harness/shrink/shrink.h"
#include "harness/kinds/kind.h"
#include "harness/run/status.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Runs at most. Cases that kill or hang the child cost a new one each, or a wait. */
enum { LONG = 5 /* instructions */, MOST_RUNS = 20000, MOST_CRASHES = 3000, MOST_HANGS = 300 };
static const double HANG = 0.4, PATIENCE = 5; /* a try hangs after so many seconds, or times the first run */

struct shrinking {
    struct program *p;          /* where to speak */
    struct plan *plan;          /* who runs */
    struct reducer r;           /* the work */
    unsigned insns, nregs;      /* of the last line of progress */
    struct draft_case written;  /* what comes of it */
    struct truth_case truthful; /* likewise, where the truth stays */
    struct scenario_case other; /* likewise, of another kind than instructions */
    char id[128];               /* its name */
    struct buf item, corpus;    /* as text: alone, and as a corpus of its own */
};

static void progress(void *arg, const struct reducer *r)
{
    struct shrinking *s = arg;
    if (r->best.ninsns == s->insns && r->best.nregs == s->nregs) return;
    s->insns = r->best.ninsns;
    s->nregs = r->best.nregs;
    if (isatty(fileno(s->p->err)))
        fprintf(s->p->err, "\r%u runs: %u instructions, %u steps, %u registers, %u entries of memory\033[K",
                trial_count(r->trial), r->best.ninsns, (unsigned)r->best.steps, r->best.nregs, r->best.nmem);
}

/* "rv.fadd.s: rd, fflags[NX]: …" is the name "rv.fadd.s-rd-fflags-NX". */
static void name_case(struct shrinking *s)
{
    size_t n = 0;
    unsigned colons = 0;
    for (const char *t = s->r.want; *t && n < 64; t++) {
        colons += *t == ':' && t[1] == ' ';
        if (colons == 2) break;
        if (isalnum((unsigned char)*t) || *t == '.' || *t == '_')
            s->id[n++] = *t;
        else if (n && s->id[n - 1] != '-')
            s->id[n++] = '-';
    }
    while (n && s->id[n - 1] == '-') n--;
    s->id[n] = 0;
}

/* The head of a corpus of one case. */
static void write_head(const struct test_case *c, struct buf *out)
{
    buf_str(out, "lockstep: 1\n");
    if (!c->kind) buf_printf(out, "isa: %s\n", c->guest->name);
    if (c->kind) buf_printf(out, "kind: %s\n", c->kind->name);
    if (c->kind && c->kind->subject_name(1)) buf_printf(out, "subject: %s\n", case_subject(c));
    buf_str(out, "cases:\n");
}

/* The case as text. Code that is no instruction needs a truth that says so. */
static void write_case(struct shrinking *s, struct test_case *c)
{
    const struct guest *g = c->guest;
    if (!c->kind && !c->has_truth && code_walk(g, c->code, c->code_size, ~0ull).undecoded >= 0) {
        c->has_truth = true;
        c->truth = (struct case_truth){.has_exit = true,
                                       .exit = {.kind = EXIT_FAULT, .cause = g->cause_of_access[0]}};
    }
    if (!*c->why) c->why = s->r.want;
    case_write(c, s->id, &s->item);
    schema_line(s->p->opt.output, "corpus", &s->corpus);
    write_head(c, &s->corpus);
    buf_str(&s->corpus, buf_cstr(&s->item));
}

/* Loads what was written and runs it: row and field of the signature are the same (who differs is not where
 * the manual's word had to be added). */
static bool still_fails(struct shrinking *s)
{
    struct case_filter every = {0};
    struct diag d = {.out = s->p->err};
    const struct test_case *c;
    struct case_stream *cs = case_stream_open_text("shrunk.yaml", s->corpus.p, s->corpus.len, &every, &d);
    bool same = false;
    if (cs && case_stream_next(cs, &c) == 1) {
        bool truth = c->has_truth;
        const char *got = trial_run(s->r.trial, c).signature;
        const char *end = strstr(s->r.want, ": ");
        end = end ? strstr(end + 2, ": ") : NULL;
        same = truth && end ? !strncmp(got, s->r.want, (size_t)(end - s->r.want)) : !strcmp(got, s->r.want);
    }
    case_stream_close(cs);
    diag_free(&d);
    return same;
}

/* ---- output ---- */

static bool read_file(FILE *f, struct buf *out)
{
    char chunk[4096];
    for (size_t n; (n = fread(chunk, 1, sizeof(chunk), f)) > 0;) buf_add(out, chunk, n);
    return !ferror(f);
}

/* The new file holds the case, and nothing in it is wrong. */
static bool corpus_loads(struct shrinking *s, const char *path)
{
    char *glob = arena_printf(&s->p->arena, "*/%s", s->id);
    const char *globs[] = {glob};
    struct case_filter only = {.globs = globs, .nglobs = 1};
    struct diag d = {.out = s->p->err};
    const struct test_case *c;
    struct case_stream *cs = case_stream_open(&path, 1, &only, &d);
    bool found = cs && case_stream_next(cs, &c) == 1 && case_stream_next(cs, &c) == 0;
    case_stream_close(cs);
    diag_free(&d);
    return found;
}

/* A corpus to append to, or nothing yet where it can be written: known before minutes of work. */
static int check_output(struct program *p, const char *path)
{
    struct stat st;
    char *dir = arena_printf(&p->arena, "%s", path), *slash = strrchr(dir, '/');
    if (slash) slash[slash == dir] = 0;
    if (!stat(path, &st)) {
        if (S_ISREG(st.st_mode)) return STATUS_PASS;
        return complain(p, STATUS_USAGE, "cannot append to %s: it is no regular file", path);
    }
    if (errno == ENOENT && !access(slash ? dir : ".", W_OK)) return STATUS_PASS;
    return complain(p, STATUS_USAGE, "cannot write %s: %s", path, strerror(errno));
}

/* Appends to a corpus, or makes one. The old file stays as it is unless the new one loads. */
static int write_file(struct shrinking *s, const char *path)
{
    struct buf text = {0};
    FILE *old = fopen(path, "re");
    bool good = old ? read_file(old, &text) : errno == ENOENT;
    if (old) fclose(old);
    if (text.len && text.p[text.len - 1] != '\n') buf_char(&text, '\n');
    buf_str(&text, text.len ? buf_cstr(&s->item) : buf_cstr(&s->corpus));
    char *fresh = arena_printf(&s->p->arena, "%s.new", path);
    FILE *f = good ? fopen(fresh, "we") : NULL;
    good = f && fwrite(text.p, 1, text.len, f) == text.len;
    if (f && fclose(f)) good = false;
    buf_free(&text);
    int status = STATUS_PASS, err;
    if (!good)
        status = complain(s->p, STATUS_HARNESS, "cannot write %s: %s", path, strerror(errno));
    else if (!corpus_loads(s, fresh))
        status =
            complain(s->p, STATUS_USAGE,
                     "the case cannot be appended to %s: 'cases:' must stand last there, and hold no '%s'",
                     path, s->id);
    else if ((err = file_replace(fresh, path)))
        status = complain(s->p, STATUS_HARNESS, "cannot write %s: %s", path, strerror(-err));
    if (status && f) unlink(fresh);
    return status;
}

/* ---- the work ---- */

/* `first`: seconds that the first run took, with what had to be started for it. */
static void limit(struct shrinking *s, double first)
{
    bool hangs = !strncmp(s->r.want, "timeout:", 8), dies = !strncmp(s->r.want, "crash:", 6);
    double wait = hangs || first * PATIENCE < HANG ? HANG : first * PATIENCE;
    s->r.most = hangs ? MOST_HANGS : dies ? MOST_CRASHES : MOST_RUNS;
    if (s->plan->timeout <= 0 || s->plan->timeout > wait) trial_set_timeout(s->r.trial, wait, !hangs);
}

/* The case without its truth, if that fails too; then smaller ones can be judged. */
static bool want_of(struct shrinking *s, const struct test_case *c, struct test_case *plain)
{
    double start = status_now();
    *plain = *c;
    snprintf(s->r.want, sizeof(s->r.want), "%s", trial_run(s->r.trial, c).signature);
    if (!*s->r.want) return false;
    limit(s, status_now() - start);
    if (!c->has_truth) return true;
    plain->has_truth = false;
    const char *without = trial_run(s->r.trial, plain).signature;
    if (*without)
        snprintf(s->r.want, sizeof(s->r.want), "%s", without);
    else
        *plain = *c;
    return true;
}

/* What shows may come from an error far before it, and keeps all of the way between: then the signature of
 * the cause is a better one, and whatever the same parties differ in is followed. */
static void reduce_loosely(struct shrinking *s)
{
    s->r.loose = true;
    s->r.most += trial_count(s->r.trial);
    reduce(&s->r);
    if (!draft_case(&s->r.best, s->id, &s->written)) BUG("a draft that failed as a case is none");
    const char *now = trial_run(s->r.trial, &s->written.c).signature;
    if (!*now) return; /* it does not fail every time, which is said in the end */
    if (strcmp(now, s->r.want) != 0)
        fprintf(s->p->err, "%s\n  comes from another difference between the same\n", s->r.want);
    snprintf(s->r.want, sizeof(s->r.want), "%s", now);
}

static void say_done(struct shrinking *s, const struct test_case *c, const struct test_case *result)
{
    unsigned runs = trial_count(s->r.trial);
    if (c->kind) {
        fprintf(s->p->err, "%s: in %u runs; it fails the same way: %s\n", s->id, runs, s->r.want);
        return;
    }
    unsigned n = code_walk(result->guest, result->code, result->code_size, ~0ull).count;
    unsigned had = code_walk(c->guest, c->code, c->code_size, ~0ull).count;
    fprintf(s->p->err, "%s: %u instruction%s of %u in %u runs; it fails the same way: %s\n", s->id, n,
            n == 1 ? "" : "s", had, runs, s->r.want);
}

static int shrink_case(struct shrinking *s, const struct test_case *c)
{
    struct test_case plain, *result;
    if (!want_of(s, c, &plain))
        return complain(s->p, STATUS_NOTHING, "%s does not fail: there is nothing to shrink", c->id);
    if (c->kind) {
        if (plain.has_truth)
            fprintf(s->p->err, "lockstep: only the manual's word in %s contradicts: it stays as it is\n",
                    c->id);
        reduce_scenario(s->r.trial, s->r.want, &plain, plain.has_truth ? 0 : s->r.most, &s->other);
        result = &s->other.c;
    } else if (plain.has_truth) {
        fprintf(
            s->p->err,
            "lockstep: only the manual's word in %s contradicts: instructions and operands stay as they are, "
            "since nobody knows what is true of others\n",
            c->id);
        reduce_keeping_truth(s->r.trial, s->r.want, &plain, &s->truthful);
        result = &s->truthful.c;
    } else if (!draft_take(&s->r.best, &plain)) {
        return complain(s->p, STATUS_USAGE, "%s is too large to be shrunk", c->id);
    } else {
        s->r.progress = progress;
        s->r.arg = s;
        reduce(&s->r);
        if (s->r.best.ninsns > LONG) reduce_loosely(s);
        if (!draft_case(&s->r.best, s->id, &s->written)) BUG("a draft that failed as a case is none");
        result = &s->written.c;
    }
    name_case(s);
    write_case(s, result);
    if (isatty(fileno(s->p->err))) fputs("\r\033[K", s->p->err);
    if (!still_fails(s))
        return complain(s->p, STATUS_HARNESS,
                        "%s does not fail the same way any more once it is written down:\n%s", c->id,
                        buf_cstr(&s->item));
    say_done(s, c, result);
    if (s->p->opt.output) return write_file(s, s->p->opt.output);
    fputs(buf_cstr(&s->corpus), s->p->out);
    if (!result->has_truth)
        fprintf(s->p->err, "to keep it: --output FILE, and in 'out:' what the manual says is right\n");
    return STATUS_PASS;
}

static int shrink(struct program *p, struct plan *plan, const struct test_case *c)
{
    int status = plan_afford(p, plan);
    if (status) return status;
    struct shrinking *s = xcalloc(1, sizeof(*s));
    s->p = p;
    s->plan = plan;
    s->r.trial = trial_open(plan, plan->timeout);
    status = s->r.trial ? shrink_case(s, c)
                        : complain(p, STATUS_HARNESS, "cannot start a process: %s", strerror(errno));
    trial_close(s->r.trial);
    scenario_case_free(&s->other);
    buf_free(&s->item);
    buf_free(&s->corpus);
    free(s);
    return status;
}

int cmd_shrink(struct program *p)
{
    int status = p->opt.output ? check_output(p, p->opt.output) : STATUS_PASS;
    return status ? status : plan_with_case(p, shrink);
}
