/* Which instruction of a longer case kills a backend: each try runs in a process of its own, which the
 * backend may kill as well.
 *
 * A case that dies with a budget of n instructions and not with one less dies by instruction n. Backends that
 * translate see a whole block at once, unless the budget is shorter than a block: so the last instructions
 * are searched again, from where the first search came to. A search takes some dozens of forks, whatever the
 * case; which cases are searched does not depend on what else died, so that reports stay the same for any
 * number of jobs.
 */
#include "harness/run/lost.h"

#include "harness/run/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TRY_SECONDS = 2, NEAR = 100 /* instructions; fewer than a translated block may have */ };

/* What a try tells. */
struct told {
    struct failure_place at; /* the instruction that it came to */
    bool placed;             /* that is known */
    uint64_t state[];        /* and the state there */
};

struct search {
    const struct lineup *lineup;      /* whose */
    const struct lineup_entry *entry; /* who died */
    const struct test_case *c;        /* of what */
    struct told *told;                /* shared with the tries */
};

/* ---- a try ---- */

/* In a process of its own: `first` instructions, then `more`. */
static _Noreturn void try_steps(const struct search *s, uint64_t first, uint64_t more)
{
    const struct backend *b = s->entry->backend;
    struct test_case cut = *s->c;
    struct outcome o;
    const char *why;
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (null >= 0) dup2(null, STDERR_FILENO);
    child_begin(0); /* its parent is held tight already */
    alarm(TRY_SECONDS);
    struct runner *r = runner_open_with(b, b == &backend_jit ? s->lineup->jit : NULL, cut.guest, &why);
    if (!r) _exit(0);
    cut.steps = first ? first : more;
    cut.has_truth = false;
    runner_run(r, &cut, &o);
    if (first && more && o.exit.kind == EXIT_BUDGET) runner_go_on(r, more, &o);
    s->told->placed = !o.unsupported && divergence_place(s->c, &o, &s->told->at);
    memcpy(s->told->state, o.state, cut.guest->state_words * sizeof(uint64_t));
    _exit(0);
}

enum end { LIVES, DIES, UNKNOWN };

static enum end try_it(const struct search *s, uint64_t first, uint64_t more)
{
    int status = 0;
    s->told->placed = false;
    pid_t pid = fork();
    if (pid < 0) return UNKNOWN;
    if (!pid) try_steps(s, first, more);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGALRM || WTERMSIG(status) == SIGKILL)) return UNKNOWN;
    return status ? DIES : LIVES;
}

/* ---- the search ---- */

/* The fewest instructions after `first` that it dies of, at most *more, of which it does, as *more. The
 * sentence why that cannot be told, or NULL. */
static const char *fewest(const struct search *s, uint64_t first, uint64_t *more)
{
    static const char slow[] = "a try took too long";
    uint64_t good = 0;
    enum end begins = try_it(s, first, 0), ends = begins == LIVES ? try_it(s, first, *more) : UNKNOWN;
    if (begins == DIES) return "it dies before the first one, too";
    if (ends == LIVES) return "alone and once more it does not die";
    if (ends == UNKNOWN) return slow;
    while (*more - good > 1) {
        uint64_t middle = good + (*more - good) / 2;
        switch (try_it(s, first, middle)) {
        case LIVES: good = middle; break;
        case DIES: *more = middle; break;
        case UNKNOWN: return slow;
        }
    }
    return NULL;
}

static const char *search(const struct search *s, struct lost_place *place)
{
    uint64_t first = 0, n = s->c->steps;
    const char *why = fewest(s, 0, &n);
    if (!why && n > NEAR) {
        first = n - NEAR;
        n = NEAR;
        if (fewest(s, first, &n)) why = "it dies of many at once, and not of the last of them";
    }
    if (why) return why;
    if (try_it(s, first, n - 1) != LIVES || !s->told->placed) return "it does not come there again";
    place->step = first + n;
    place->at = s->told->at;
    memcpy(place->state, s->told->state, s->c->guest->state_words * sizeof(uint64_t));
    return NULL;
}

const char *lost_find(const struct lineup *l, unsigned entry, const struct test_case *c,
                      struct lost_place *place)
{
    size_t size = sizeof(struct told) + c->guest->state_words * sizeof(uint64_t);
    struct search s = {.lineup = l, .entry = &l->entries[entry], .c = c};
    if (!s.entry->backend->exact_budget) return "it stops at no exact number of instructions";
    s.told = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (s.told == MAP_FAILED) return "there is no memory to search with";
    const char *why = search(&s, place);
    munmap(s.told, size);
    return why;
}
