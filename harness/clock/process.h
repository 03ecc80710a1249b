/* Processes that measure or build, and signals that are to stop us: what we started ends before we do, and
 * who stopped us is told so.
 */
#ifndef HARNESS_CLOCK_PROCESS_H
#define HARNESS_CLOCK_PROCESS_H

#include "engine/base/base.h"

#include <signal.h>
#include <spawn.h>
#include <sys/types.h>

/* ---- signals ---- */

/* While it is open, SIGINT, SIGTERM and SIGHUP do not end this process: whoever waits hears of them. Those
 * that were ignored before (nohup) still are. */
struct stops {
    int fd;          /* readable when there may be news */
    int signal;      /* that came; 0: none */
    sigset_t before; /* what was blocked before: children begin with that */
};

void stops_open(struct stops *s);
void stops_close(struct stops *s);
/* Did one come? Waits up to so many seconds for it, and not longer than until a child ends. */
bool stops_wait(struct stops *s, double seconds);
const char *stops_name(const struct stops *s); /* "SIGTERM" */

/* ---- processes ---- */

/* Starts it as a group of its own, so that it and all that it starts can be ended at once. 0 or an errno. */
int process_start(pid_t *pid, const char *program, const char *const *argv, char *const *env,
                  const posix_spawn_file_actions_t *actions, const struct stops *s);
/* Waits for it. 0; -ETIME: so many seconds are over; -EINTR: we are to stop; in both cases it still runs. */
int process_wait(pid_t pid, double seconds, struct stops *s, int *status);
/* Ends it and all that it started: first asks, then does. Its status, as wait gives it. */
int process_end(pid_t pid);
/* "it ends with status 2", "it was killed by SIGSEGV"; NULL: it ended well. `text` has the room. */
const char *process_words(int status, char text[64]);

/* ---- what they say on standard error: its last lines ---- */

enum { TAIL_SIZE = 400 };

struct tail {
    int fd;               /* where it comes from; -1: nothing more comes */
    size_t n;             /* bytes in use */
    char text[TAIL_SIZE]; /* the last of it */
};

/* Takes what is there; call it when fd is readable. */
void tail_read(struct tail *t);
/* Its last lines, each behind "\n    | ", go to out; what is no printable text becomes '?'. */
void tail_write(const struct tail *t, struct buf *out);

#endif
