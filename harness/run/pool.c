/* The parent of the workers: deals out pieces of the corpus (deal.c), looks after workers (hand.c), hands
 * their records on in order.
 */
#include "harness/run/pool.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

/* Cases; ten that take seconds each are for ten workers. Towards the end batches are small, or one worker
 * would be busy alone. */
enum { BATCH_MIN = 2, BATCH_LAST = 1024, BATCH_MAX = 2048, BATCH_SHARES = 8 };

double pool_now(const struct pool *p)
{
    if (p->cfg->clock) return p->cfg->clock();
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

/* Those that are ignored (nohup) stay so: blocked, the kernel would keep them for us. */
static void interrupting(sigset_t *set)
{
    static const int all[] = {SIGINT, SIGTERM, SIGHUP};
    sigemptyset(set);
    for (unsigned i = 0; i < ARRAY_LEN(all); i++) {
        struct sigaction now;
        sigaction(all[i], NULL, &now);
        if (now.sa_handler != SIG_IGN) sigaddset(set, all[i]);
    }
}

void pool_signals(sigset_t *set)
{
    interrupting(set);
    sigaddset(set, SIGUSR1);
}

void pool_block_signals(sigset_t *old)
{
    sigset_t set;
    pool_signals(&set);
    sigprocmask(SIG_BLOCK, &set, old);
}

void pool_finish(struct pool *p, enum pool_end end)
{
    if (p->over) return;
    p->over = true;
    p->res->end = end;
}

/* ---- handing on ---- */

typedef void record_fn(void *arg, const struct record *r);

/* Gives the records of a piece to `fn`, and what they cover to whom it concerns if `cover`. */
static void piece_hand_on(struct pool *p, const struct piece *piece, record_fn *fn, bool cover)
{
    uint64_t number = piece->first;
    size_t at = 0;
    while (at < piece->frames.len) {
        enum frame_kind kind;
        const char *body;
        size_t size;
        struct record r;
        long n = frame_next(piece->frames.p + at, piece->frames.len - at, &kind, &body, &size);
        BUG_ON(n <= 0); /* only whole frames were put there */
        at += (size_t)n;
        if (kind == FRAME_COVER) {
            if (cover) p->cfg->cover(p->cfg->arg, body, size);
            continue;
        }
        body += sizeof(uint32_t); /* the number's low half was looked at when it came */
        size -= sizeof(uint32_t);
        if (!record_hear(&p->heard, body, size, &r)) BUG("a record that was checked before");
        r.number = number++;
        r.told = body;
        r.told_size = size;
        fn(p->cfg->arg, &r);
    }
}

/* What is known of cases that were to run first; then whatever is next in the order of the cases. After an
 * early end (`rest`) that is all that came home. */
static void emit(struct pool *p, bool rest)
{
    for (struct piece *piece; (piece = deal_told(&p->deal));)
        if (p->cfg->told) piece_hand_on(p, piece, p->cfg->told, false);
    for (struct piece *piece; (piece = deal_emit(&p->deal, rest));) {
        piece_hand_on(p, piece, p->cfg->sink, true);
        buf_reset(&piece->frames);
    }
}

/* ---- the loop ---- */

static void answer(struct pool *p)
{
    struct buf text = {0};
    if (!p->cfg->asked) return;
    hands_check_clock(p);
    for (unsigned i = 0; i < p->njobs; i++) hand_describe(p, &p->hands[i], &text);
    p->cfg->asked(p->cfg->arg, buf_cstr(&text));
    buf_free(&text);
}

static void take_signal(struct pool *p)
{
    struct signalfd_siginfo info;
    if (read(p->sigfd, &info, sizeof(info)) != sizeof(info)) return;
    if (info.ssi_signo == SIGUSR1) {
        answer(p);
        return;
    }
    if (!p->over) p->res->signal = (int)info.ssi_signo;
    pool_finish(p, POOL_INTERRUPTED);
}

static int tick_ms(const struct pool *p)
{
    double quarter = p->cfg->timeout * 1000 / 4;
    if (p->cfg->timeout <= 0 || quarter > TICK_MS) return TICK_MS;
    return quarter < 5 ? 5 : (int)quarter;
}

static void deal(struct pool *p)
{
    for (unsigned i = 0; i < p->njobs && !p->over; i++) {
        struct hand *h = &p->hands[i];
        struct piece *piece = h->busy ? NULL : deal_next(&p->deal);
        if (piece) hand_give(p, h, piece);
    }
}

/* Waits for something to happen and deals with it. */
static void turn(struct pool *p, struct pollfd *fds)
{
    fds[0] = (struct pollfd){.fd = p->sigfd, .events = POLLIN};
    for (unsigned i = 0; i < p->njobs; i++)
        fds[i + 1] = (struct pollfd){.fd = p->hands[i].pid ? p->hands[i].fd : -1, .events = POLLIN};
    int n = poll(fds, p->njobs + 1, tick_ms(p));
    if (n > 0 && fds[0].revents) take_signal(p);
    for (unsigned i = 0; n > 0 && i < p->njobs && !p->over; i++)
        if (fds[i + 1].revents) hand_read(p, &p->hands[i]);
    hands_check_clock(p);
    emit(p, false);
    hands_tell_slowest(p);
    p->cfg->sink(p->cfg->arg, NULL);
}

static bool pool_open(struct pool *p)
{
    const struct pool_config *cfg = p->cfg;
    uint64_t cases = cfg->total - cfg->first, fair = cases / (cfg->jobs * (uint64_t)BATCH_SHARES);
    uint64_t batch = cfg->batch         ? cfg->batch
                     : fair < BATCH_MIN ? BATCH_MIN
                     : fair > BATCH_MAX ? BATCH_MAX
                                        : fair;
    uint64_t pieces = (cases + batch - 1) / batch + cfg->nearly;
    p->njobs = cfg->jobs < pieces ? cfg->jobs : (unsigned)pieces;
    deal_open(&p->deal, cfg->first, cfg->total, batch, 2 * p->njobs + 2, cfg->early_cases, cfg->nearly);
    if (!cfg->batch) deal_taper(&p->deal, p->njobs * BATCH_SHARES, BATCH_LAST);
    p->hands = xcalloc(p->njobs, sizeof(*p->hands));
    p->shared = activity_share(p->njobs);
    sigset_t set;
    pool_signals(&set);
    p->sigfd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (!p->shared || p->sigfd < 0) {
        buf_printf(&p->res->message, "cannot start workers: %s", strerror(errno));
        pool_finish(p, POOL_BROKEN);
        return false;
    }
    for (unsigned i = 0; i < p->njobs; i++) p->hands[i].act = activity_at(p->shared, i);
    return true;
}

static void pool_close(struct pool *p)
{
    for (unsigned i = 0; i < p->njobs; i++) buf_free(&p->hands[i].in);
    activity_unshare(p->shared, p->njobs);
    if (p->sigfd >= 0) close(p->sigfd);
    free(p->hands);
    deal_close(&p->deal);
    record_coder_free(&p->heard);
}

void pool_run(const struct pool_config *cfg, struct pool_result *res)
{
    struct pool p = {.cfg = cfg, .res = res, .clock = 1};
    sigset_t old;
    BUG_ON(!cfg->jobs);
    p.looked = pool_now(&p);
    *res = (struct pool_result){.end = POOL_DONE};
    if (cfg->first >= cfg->total) return;
    pool_block_signals(&old);
    if (pool_open(&p)) {
        struct pollfd *fds = xcalloc(p.njobs + 1ul, sizeof(*fds));
        while (!p.over && !deal_over(&p.deal)) {
            deal(&p);
            turn(&p, fds);
        }
        p.over = true;
        hands_dismiss(&p);
        emit(&p, true);
        free(fds);
    }
    pool_close(&p);
    sigprocmask(SIG_SETMASK, &old, NULL);
}
