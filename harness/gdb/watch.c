/* Watchpoints on writes (Z2), and breakpoints that are not in the code (Z1). While there is one, every thread
 * goes a step at a time, and what is watched is compared after each: also what a system call or another
 * thread wrote is seen, if it is another value. */
#include "harness/gdb/gdb.h"

#include <string.h>

static void look(struct gdb *d, const struct gdb_watch *w, uint8_t *to)
{
    memset(to, 0, GDB_WATCH_BYTES);
    if (user_read(d->p, w->addr, to, w->size)) memset(to, 0, GDB_WATCH_BYTES);
}

bool watch_set(struct gdb *d, bool code, uint64_t addr, uint64_t size)
{
    if (d->nwatches == GDB_WATCHES || size > GDB_WATCH_BYTES) return false;
    d->watches[d->nwatches++] = (struct gdb_watch){.addr = addr, .size = size, .code = code};
    return true;
}

bool watch_clear(struct gdb *d, bool code, uint64_t addr, uint64_t size)
{
    for (unsigned i = 0; i < d->nwatches; i++) {
        const struct gdb_watch *w = &d->watches[i];
        if (w->addr != addr || w->size != size || w->code != code) continue;
        d->watches[i] = d->watches[--d->nwatches];
        return true;
    }
    return false;
}

void watch_start(struct gdb *d)
{
    d->hit = false;
    for (unsigned i = 0; i < d->nwatches; i++) look(d, &d->watches[i], d->watches[i].seen);
}

bool watch_changed(struct gdb *d, uint64_t pc)
{
    uint8_t now[GDB_WATCH_BYTES];
    bool arrived = false;
    for (unsigned i = 0; i < d->nwatches && !d->hit; i++) {
        struct gdb_watch *w = &d->watches[i];
        arrived |= w->code && w->addr == pc;
        if (w->code) continue;
        look(d, w, now);
        if (!memcmp(now, w->seen, sizeof(now))) continue;
        d->hit = true;
        d->hit_addr = w->addr;
    }
    return d->hit || arrived;
}
