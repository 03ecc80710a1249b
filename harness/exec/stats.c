/* --stats: what a run took: counts, and where its threads' time went.
 *
 * The parts of a run are the backend's to tell (struct cpu_stat); between them lies what it needs to get from
 * one to the other. What is not in the backend is in system calls (waiting included), signals and loading.
 */
#include "engine/interp/interp.h"
#include "harness/exec/exec.h"

static void count(const struct cpu_stat *s, FILE *out)
{
    if (s->over)
        fprintf(out, "%s: %.1f\n", s->name, (double)s->value / (double)s->over);
    else
        fprintf(out, "%s: %llu\n", s->name, (unsigned long long)s->value);
}

static void part(const char *name, uint64_t ns, uint64_t all, FILE *out)
{
    fprintf(out, "  %-34s %10.6f s %5.1f %%\n", name, (double)ns / 1e9, 100 * (double)ns / (double)all);
}

static void times(const struct user_process *p, FILE *out)
{
    uint64_t all = p->thread_ns, left = p->run_ns;
    bool parts = false;
    fprintf(out, "time by tier, of %.6f s in %u thread%s (by the clock; code's is shared out by samples):\n",
            (double)all / 1e9, p->nrun, p->nrun == 1 ? "" : "s");
    if (!all) return;
    for (unsigned i = 0; i < p->nstats; i++) {
        const struct cpu_stat *s = &p->stats[i];
        if (!s->time) continue;
        part(s->name, s->value, all, out);
        left -= s->value < left ? s->value : left;
        parts = true;
    }
    const char *whole = p->opt->backend == &backend_interp ? "interpreter" : p->opt->backend->name;
    part(parts ? "finding and linking code" : whole, left, all, out);
    part("system calls, waiting, loading", all > p->run_ns ? all - p->run_ns : 0, all, out);
}

void exec_stats_print(const struct user_process *p, double seconds, FILE *out)
{
    fprintf(out, "backend: %s\nguest instructions: %llu\ntime: %.3f s (%.1f million a second)\n",
            p->opt->backend->name, (unsigned long long)p->executed, seconds,
            (double)p->executed / seconds / 1e6);
    for (unsigned i = 0; i < p->nstats; i++)
        if (!p->stats[i].time) count(&p->stats[i], out);
    times(p, out);
}
