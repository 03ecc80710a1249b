/* Google Benchmark from C. gbench.cc is the only C++ in the project; Debian's library has no C interface.
 *
 * A benchmark is a function that is called with a state and loops while bench_next() says so; each pass is
 * one iteration. Counters appear beside the times in the table and in the JSON.
 */
#ifndef BENCH_GBENCH_H
#define BENCH_GBENCH_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct bench_state;
typedef void (*bench_fn)(struct bench_state *s, const void *arg);

void bench_register(const char *name, bench_fn fn, const void *arg);
void bench_register_once(const char *name, bench_fn fn, const void *arg); /* long: one iteration, wall time */
void bench_register_others(const char *name, bench_fn fn,
                           const void *arg);             /* bench_spent says what it takes */
bool bench_next(struct bench_state *s);                  /* another iteration? */
void bench_spent(struct bench_state *s, double seconds); /* of CPU time, in this pass, by other processes */
void bench_items(struct bench_state *s, uint64_t items); /* done in all: gives items a second */
void bench_counter(struct bench_state *s, const char *name, double v); /* shown as it is */
void bench_skip(struct bench_state *s, const char *why);               /* cannot run: shown as an error */
/* So much work, and what is planted on top: LOCKSTEP_BENCH_PLANT percent more (lockstep compare --plant). */
uint64_t bench_work(uint64_t n);
uint64_t bench_now(void);              /* main.c: nanoseconds of this thread's CPU time */
int bench_main(int argc, char **argv); /* exit status of the program */

#ifdef __cplusplus
}
#endif

#endif
