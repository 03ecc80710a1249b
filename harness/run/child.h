/* What the processes that run cases have in common: how they begin, and words for how they ended. */
#ifndef HARNESS_RUN_CHILD_H
#define HARNESS_RUN_CHILD_H

#include "harness/run/lineup.h"

/* For a child after its fork: it ends with its parent; whatever the parent catches, here a signal is the end;
 * exit() in it touches no file of the parent; it may allocate so many bytes more (0: any), and is the first
 * to go when the machine has none left. */
void child_begin(uint64_t memory);
/* "died of SIGSEGV", "ran out of memory", "exited with status 5"; from waitpid's status. */
void child_end(int status, char *text, size_t n);
/* The backend that a process was on, or "the judge"; from struct activity. */
const char *child_doing(const struct lineup *l, uint32_t doing);

#endif
