/* lockstep cover: what of the instruction rows was executed, what was checked, and by whom; and of the C
 * code. */
#include "harness/cover/view.h"
#include "harness/run/plan.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HOLES_SHOWN = 12, ROWS_SHOWN = 40 };

/* What the command line names. */
struct work {
    struct program *p;     /* the program */
    struct cover cover;    /* what is looked at */
    struct ledger *ledger; /* what was read */
    bool ledgers, rows;    /* a ledger was read; rows were named */
    char root[PATH_MAX];   /* the project's folder with a slash at its end; "" when it is not known */
};

/* The folder that specs/ stands in. */
static void find_root(struct work *w)
{
    const char *path = project_file(w->p, "specs");
    if (!path || !realpath(path, w->root)) w->root[0] = 0;
    char *slash = strrchr(w->root, '/');
    if (slash) slash[1] = 0;
}

static int read_file(struct work *w, const char *path)
{
    struct buf why = {0};
    bool info = code_is_info(path);
    bool good = info ? code_read(&w->cover, path, w->root, &why) : ledger_read(w->ledger, path, &why);
    int status = good ? STATUS_PASS : complain(w->p, STATUS_USAGE, "%s: %s", path, buf_cstr(&why));
    w->ledgers |= !info;
    buf_free(&why);
    return status;
}

/* Rows that a word names, in all ISAs; false when it names none. */
static bool show_rows(struct work *w, const char *pattern)
{
    unsigned n = 0;
    for (unsigned g = 0; g < w->ledger->nsubjects; g++)
        n += ledger_select(&w->ledger->subjects[g], pattern, true, w->cover.shown[g]);
    w->rows = true;
    return n > 0;
}

static int read_words(struct work *w)
{
    const struct text_list *words = &w->p->opt.args;
    int status = STATUS_PASS;
    bool files = false;
    for (unsigned i = 0; i < words->n && !status; i++) {
        const char *word = words->items[i];
        if (!access(word, F_OK)) {
            status = read_file(w, word);
            files = true;
        } else if (!show_rows(w, word)) {
            status = complain(w->p, STATUS_USAGE, "'%s' is neither a file nor a pattern of rows", word);
        }
    }
    if (!status && !files)
        status = complain(w->p, STATUS_USAGE,
                          "no coverage report given; 'lockstep run --report cover=FILE' writes one");
    return status;
}

static void show_all(struct work *w)
{
    w->cover.all = !w->rows;
    for (unsigned g = 0; g < w->ledger->nsubjects && w->cover.all; g++)
        memset(w->cover.shown[g], 0xff, (ledger_rows(&w->ledger->subjects[g]) + 63) / 64 * sizeof(uint64_t));
}

/* What coverage/ of the project says, or --thresholds. */
static int read_limits(struct work *w)
{
    struct program *p = w->p;
    struct diag d = {.out = p->err};
    const char *limits = p->opt.thresholds ? p->opt.thresholds : project_file(p, "coverage/thresholds.yaml");
    const char *never = project_file(p, "coverage/unreachable.yaml");
    bool good = true;
    if (limits && strcmp(limits, "none") != 0) {
        good = cover_read_thresholds(&w->cover, limits, &d);
        if (good && never) good = cover_read_unreachable(&w->cover, never, &p->arena, &d);
    }
    diag_free(&d);
    return good ? STATUS_PASS : STATUS_USAGE;
}

/* ---- files ---- */

static void write_merged(const struct work *w, FILE *f)
{
    ledger_write(w->ledger, w->ledger->cases, w->ledger->stopped, f);
}

static void write_lcov(const struct work *w, FILE *f)
{
    cover_write_lcov(&w->cover, w->root, f);
}

static void write_cobertura(const struct work *w, FILE *f)
{
    cover_write_cobertura(&w->cover, f);
}

static int write_to(const struct work *w, const char *path, void (*write)(const struct work *w, FILE *f))
{
    if (!path) return STATUS_PASS;
    FILE *f = fopen(path, "we");
    int err = f ? 0 : errno;
    if (f) {
        write(w, f);
        if (ferror(f)) err = errno ? errno : EIO;
        if (fclose(f) && !err) err = errno;
    }
    return err ? complain(w->p, STATUS_HARNESS, "cannot write %s: %s", path, strerror(err)) : STATUS_PASS;
}

static int write_files(const struct work *w)
{
    const struct options *o = &w->p->opt;
    int status = write_to(w, o->output, write_merged);
    if (!status) status = write_to(w, o->lcov, write_lcov);
    if (!status) status = write_to(w, o->cobertura, write_cobertura);
    return status;
}

/* ---- the command ---- */

static int show(struct work *w)
{
    const struct options *o = &w->p->opt;
    FILE *out = w->p->out;
    if (w->ledger->stopped) fprintf(out, "a run was stopped before its end: %s\n", w->ledger->stopped);
    if (w->ledgers && !o->quiet) cover_table(&w->cover, out);
    if (w->ledgers && o->holes) cover_holes(&w->cover, o->verbose ? 0 : HOLES_SHOWN, out);
    if (w->cover.any_code && !o->quiet) code_table(&w->cover, out);
    return cover_judge(&w->cover, o->verbose ? 0 : ROWS_SHOWN, out) ? STATUS_FAIL : STATUS_PASS;
}

int cmd_cover(struct program *p)
{
    struct work w = {.p = p, .ledger = ledger_open(NULL)};
    w.cover.ledger = w.ledger;
    for (unsigned g = 0; g < w.ledger->nsubjects; g++)
        w.cover.shown[g] =
            arena_alloc(&p->arena, (ledger_rows(&w.ledger->subjects[g]) + 63) / 64 * sizeof(uint64_t));
    find_root(&w);
    int status = read_limits(&w);
    if (!status) status = read_words(&w);
    show_all(&w);
    if (!status) status = write_files(&w);
    if (!status) status = show(&w);
    ledger_free(w.ledger);
    return status;
}
