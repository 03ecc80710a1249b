/* What the kernel gives at random: sixteen bytes at a program's start (AT_RANDOM), and getrandom(2). With
 * --seed both are drawn from a generator of our own, so that two runs see the same bytes.
 *
 * All threads of a process draw from one sequence; who draws first is up to them. A child of fork goes on
 * with a sequence of its own: ids that parent and child make up must not be the same ones.
 */
#include "linux/linux_calls.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

enum { CHUNK = 256, GRND_INSECURE_BIT = 4 };

void random_start(struct user_process *p)
{
    p->random.state = hash_str("lockstep exec", p->opt->seed);
}

void random_fork(struct user_process *p, bool child)
{
    uint64_t drawn = rng_next(&p->random);
    if (child) p->random.state = drawn;
}

static void draw(struct user_process *p, uint8_t *to, size_t n)
{
    pthread_mutex_lock(&p->lock);
    for (size_t at = 0; at < n; at += sizeof(uint64_t)) {
        uint64_t v = rng_next(&p->random);
        size_t left = n - at;
        memcpy(to + at, &v, left < sizeof(v) ? left : sizeof(v));
    }
    pthread_mutex_unlock(&p->lock);
}

int random_bytes(struct user_process *p, void *to, size_t n)
{
    if (p->opt->seeded)
        draw(p, to, n);
    else if (getrandom(to, n, 0) != (ssize_t)n)
        return -EIO;
    return 0;
}

/* As the kernel answers: what was written before an address that is bad counts. */
static int64_t give(struct user_process *p, uint64_t to, uint64_t n)
{
    uint8_t chunk[CHUNK];
    uint64_t done = 0;
    if (n > INT32_MAX) n = INT32_MAX;
    while (done < n) {
        uint64_t now = n - done < CHUNK ? n - done : CHUNK;
        draw(p, chunk, now);
        if (user_write(p, to + done, chunk, now)) return done ? (int64_t)done : -EFAULT;
        done += now;
    }
    return (int64_t)done;
}

int64_t user_getrandom(struct user_thread *t, const uint64_t a[6])
{
    const unsigned known = GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE_BIT, both = known & ~GRND_NONBLOCK;
    unsigned flags = (unsigned)a[2];
    if (!t->p->opt->seeded) return call_host(t, &call_rows[CALL_getrandom], a);
    if (flags & ~known || (flags & both) == both) return -EINVAL;
    return give(t->p, a[0], a[1]);
}
