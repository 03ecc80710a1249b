/* What `lockstep exec` shows of a run: hooks for engine/user. */
#ifndef HARNESS_EXEC_EXEC_H
#define HARNESS_EXEC_EXEC_H

#include "engine/user/user.h"

/* ---- exec/names.c: symbols; --perf ---- */
struct exec_names;
struct exec_names *exec_names_new(void);
/* The symbol of the mapped file that pc is in, and how far; NULL: none. It lives as long as x. */
const char *exec_names_at(struct exec_names *x, struct user_process *p, uint64_t pc, uint64_t *offset);
void exec_names_free(struct exec_names *x);
void exec_perf_start(void);
void exec_perf_name(uint64_t pc, void *data,
                    struct buf *out); /* for jit_options; data is a struct exec_names */

/* ---- exec/trace.c: --trace ---- */
struct exec_trace;
struct exec_trace *exec_trace_new(struct exec_names *names, FILE *out);
uint64_t exec_trace_before(struct exec_trace *x, struct user_thread *t); /* the budget: one instruction */
void exec_trace_after(struct exec_trace *x, struct user_thread *t);
void exec_trace_free(struct exec_trace *x);

/* ---- exec/stats.c: --stats ---- */
void exec_stats_print(const struct user_process *p, double seconds, FILE *out); /* of a whole run */

/* ---- exec/state.c: --state ---- */
struct exec_state;
struct exec_state *exec_state_new(void);
void exec_state_thread(struct exec_state *x, const struct user_thread *t); /* as it ends */
/* When the process has ended: what was seen of its first thread, and its memory. */
void exec_state_print(struct exec_state *x, struct user_process *p, FILE *out);
void exec_state_free(struct exec_state *x);

/* ---- exec/profile.c: --profile ---- */
struct exec_profile;
struct exec_profile *exec_profile_new(const char *path, FILE *err);      /* reads it; complains on err */
struct jit_profile *exec_profile_of(struct exec_profile *x);             /* for jit_options */
void exec_profile_thread(struct exec_profile *x, struct user_thread *t); /* as it ends */
void exec_profile_save(struct exec_profile *x);                          /* when the process has ended */
void exec_profile_free(struct exec_profile *x);

#endif
