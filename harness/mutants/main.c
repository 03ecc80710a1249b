/* mutants TABLE ROOT WORK [GLOB] [TREES] [JOBS]: plants the faults of a table, one at a time in each of TREES
 * copies of ROOT below WORK, where a lockstep was built, and says what caught them. See coverage/README.md.
 *
 * Exit status: 0 all were found and shrunk as far as the table wants, 1 not all, 2 the table is wrong, 3 this
 * could not be done, 4 no fault has such a name.
 */
#include "harness/mutants/mutants.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { TREES_MAX = 64, ALL_GOOD = 0, SOME_BAD = 1, BAD_TABLE = 2, NOT_DONE = 3, NOTHING = 4 };

struct shop {
    struct mutant_table table;     /* what to plant */
    struct mutant_result *results; /* of each */
    pthread_mutex_t lock;          /* over the next two and stderr */
    unsigned next, done;           /* the next fault, and how many are done */
};

/* A thread and its tree. */
struct bench {
    struct shop *shop;       /* what is done together */
    struct tree tree;        /* its own */
    pthread_t thread;        /* which works there */
    char dir[PATH_MAX + 16]; /* of the tree */
};

static void say(const struct shop *s, unsigned i)
{
    static const char *const ends[] = {"", "found", "NOT FOUND", "CANNOT BE TRIED"};
    const struct mutant_result *r = &s->results[i];
    fprintf(stderr, "[%u/%u] %s: %s", s->done, s->table.n, s->table.mutants[i].id, ends[r->end]);
    if (r->end == MUTANT_FOUND)
        fprintf(stderr, " by %s, %u of %u instructions left", r->run->plan, r->after, r->before);
    fprintf(stderr, ", %.1f s%s%s\n", r->seconds, r->cause ? ": " : "", r->cause ? r->cause : "");
}

static void *work(void *arg)
{
    struct bench *b = arg;
    struct shop *s = b->shop;
    pthread_mutex_lock(&s->lock);
    while (s->next < s->table.n) {
        unsigned i = s->next++;
        pthread_mutex_unlock(&s->lock);
        mutant_try(&b->tree, &s->table, &s->table.mutants[i], &s->results[i]);
        pthread_mutex_lock(&s->lock);
        s->done++;
        say(s, i);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

static bool run_all(struct shop *s, const char *root, const char *dir, unsigned trees, unsigned jobs)
{
    struct bench *benches = xcalloc(trees, sizeof(*benches));
    int err = 0;
    unsigned n = 0;
    for (; n < trees && !err; n++) {
        struct bench *b = &benches[n];
        snprintf(b->dir, sizeof(b->dir), "%s/tree%u", dir, n + 1);
        b->shop = s;
        b->tree = (struct tree){.dir = b->dir, .logs = dir, .jobs = jobs};
        err = tree_copy(root, b->dir);
        if (!err) err = -pthread_create(&b->thread, NULL, work, b);
        if (err) break;
    }
    for (unsigned i = 0; i < n; i++) {
        pthread_join(benches[i].thread, NULL);
        tree_free(&benches[i].tree);
    }
    if (err) fprintf(stderr, "mutants: cannot work in %s: %s\n", dir, strerror(-err));
    bool good =
        !err && mutant_control(&(struct tree){.dir = benches[0].dir, .logs = dir, .jobs = jobs * trees},
                               &s->table, s->results);
    free(benches);
    return good;
}

/* On stdout, and to be kept. */
static int report(const struct shop *s, const char *dir, double seconds)
{
    struct buf path = {0};
    buf_printf(&path, "%s/report.md", dir);
    FILE *f = fopen(buf_cstr(&path), "we");
    mutant_report(&s->table, s->results, seconds, stdout);
    if (f) mutant_report(&s->table, s->results, seconds, f);
    int err = !f || fclose(f) ? -errno : 0;
    if (err) fprintf(stderr, "mutants: cannot write %s: %s\n", buf_cstr(&path), strerror(-err));
    buf_free(&path);
    return err;
}

static int plant_all(struct shop *s, const char *root, const char *work_dir, unsigned trees, unsigned jobs)
{
    char dir[PATH_MAX];
    struct timespec start, end;
    if ((mkdir(work_dir, 0777) && errno != EEXIST) || !realpath(work_dir, dir)) {
        fprintf(stderr, "mutants: cannot work in %s: %s\n", work_dir, strerror(errno));
        return NOT_DONE;
    }
    clock_gettime(CLOCK_MONOTONIC, &start);
    s->results = xcalloc(s->table.n, sizeof(*s->results));
    bool done = run_all(s, root, dir, trees < s->table.n ? trees : s->table.n, jobs);
    clock_gettime(CLOCK_MONOTONIC, &end);
    if (report(s, dir, (double)(end.tv_sec - start.tv_sec)) || !done) return NOT_DONE;
    struct mutant_sums sums = mutant_sum(s->results, s->table.n);
    return mutant_sums_good(&sums, &s->table) ? ALL_GOOD : SOME_BAD;
}

static unsigned number(const char *text, unsigned most)
{
    unsigned long v = strtoul(text, NULL, 10);
    return v < 1 ? 1 : v < most ? (unsigned)v : most;
}

int main(int argc, char **argv)
{
    struct shop s = {.lock = PTHREAD_MUTEX_INITIALIZER};
    struct diag d = {.out = stderr};
    if (argc < 4 || argc > 7) {
        fprintf(stderr, "usage: mutants TABLE ROOT WORK [GLOB] [TREES] [JOBS]\n");
        return BAD_TABLE;
    }
    const char *glob = argc > 4 && *argv[4] ? argv[4] : "*";
    unsigned trees = number(argc > 5 ? argv[5] : "1", TREES_MAX), jobs = number(argc > 6 ? argv[6] : "1", 64);
    int status = BAD_TABLE;
    if (mutant_table_read(&s.table, argv[1], argv[2], glob, &d)) {
        status = s.table.n ? plant_all(&s, argv[2], argv[3], trees, jobs) : NOTHING;
        if (status == NOTHING) fprintf(stderr, "mutants: no fault is called %s\n", glob);
    }
    for (unsigned i = 0; s.results && i < s.table.n; i++) mutant_result_free(&s.results[i]);
    free(s.results);
    mutant_table_free(&s.table);
    diag_free(&d);
    return status;
}
