/* The texts of /proc/self: what proc.c opens and who writes it. */
#ifndef ENGINE_USER_PROC_H
#define ENGINE_USER_PROC_H

#include "engine/user/call.h"

/* `name` is the path that was asked for. */
typedef void proc_make(struct user_thread *t, const char *name, struct buf *out);

/* ---- proc_maps.c ---- */
proc_make proc_maps, proc_smaps, proc_smaps_rollup;

/* What is mapped and what of it is in memory, in bytes. */
struct proc_sizes {
    uint64_t size;            /* all */
    uint64_t stack, data;     /* of the first thread; private and writable, without that */
    uint64_t code;            /* executable */
    uint64_t anon, file, shm; /* in memory: private, of files, shared without a file */
    uint64_t swap;            /* not in memory */
};
void proc_sizes(struct user_process *p, struct proc_sizes *to);

/* ---- proc_status.c ---- */
proc_make proc_stat, proc_status, proc_statm;

#endif
