/* A guest process from its start to its end, and the loop that each of its threads runs. */
#include "engine/user/user.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
    STACK_DEFAULT_MAX = 64 << 20, /* when the host's limit is larger, or there is none */
    SLICE = 1 << 26,              /* instructions, should a kick from another thread go unnoticed */
};

/* What the guest's counter of time shows: nanoseconds, so it runs at 1 GHz (system_<isa>.c says so, too). */
static uint64_t host_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* ---- threads ---- */

struct user_thread *user_thread_new(struct user_process *p)
{
    struct user_thread *t = calloc(1, sizeof(*t));
    if (!t) return NULL;
    t->p = p;
    t->handlers = &p->handlers;
    t->alt_flags = SS_DISABLE;
    t->inside = true; /* of whoever makes it, until it runs */
    t->cpu = vcpu_new(p->guest, &p->mem);
    if (!t->cpu) {
        free(t);
        return NULL;
    }
    t->cpu->clock = host_clock;
    t->born = host_clock();
    t->cpu->options = p->opt->backend_options;
    pthread_mutex_lock(&p->lock);
    t->next = p->threads;
    p->threads = t;
    p->nthreads++;
    pthread_mutex_unlock(&p->lock);
    return t;
}

/* All under the lock: the process's first host thread cannot be joined, and may be elsewhere by then. */
void user_thread_free(struct user_thread *t)
{
    struct user_process *p = t->p;
    pthread_mutex_lock(&p->lock);
    struct user_thread **at = &p->threads;
    while (*at != t) at = &(*at)->next;
    *at = t->next;
    p->nthreads--;
    p->executed += t->executed;
    vcpu_free(t->cpu);
    arena_free(&t->scratch);
    free(t);
    pthread_cond_broadcast(&p->gone);
    pthread_mutex_unlock(&p->lock);
}

void user_thread_close(struct user_thread *t)
{
    struct user_process *p = t->p;
    const struct backend *b = p->opt->backend;
    struct cpu_stat got[CPU_STATS];
    unsigned n = b->stats ? b->stats(t->cpu, got) : 0;
    pthread_mutex_lock(&p->lock);
    for (unsigned i = 0; i < n; i++) {
        struct cpu_stat *s = &p->stats[i];
        s->name = got[i].name;
        s->time = got[i].time;
        s->over += got[i].over;
        if (!got[i].largest) s->value += got[i].value;
        if (got[i].largest && s->value < got[i].value) s->value = got[i].value;
    }
    if (n) p->nstats = n;
    p->run_ns += t->run_ns;
    p->thread_ns += host_clock() - t->born;
    p->nrun++;
    pthread_mutex_unlock(&p->lock);
    b->close(t->cpu);
}

void user_stop(struct user_process *p, int status, int sig)
{
    pthread_mutex_lock(&p->lock);
    if (!p->exiting) {
        p->status = status;
        p->killed_by = sig;
        p->exiting = true;
        for (struct user_thread *t = p->threads; t; t = t->next) {
            t->wanted = true;
            if (t != user_self) signal_kick(t);
        }
    }
    pthread_mutex_unlock(&p->lock);
}

/* ---- the loop ---- */

/* Instructions that t may execute now; 0: none any more. */
static uint64_t budget(struct user_thread *t)
{
    const struct user_options *o = t->p->opt;
    uint64_t n = SLICE;
    if (o->limit && t->is_first) {
        uint64_t left = o->limit > t->executed ? o->limit - t->executed : 0;
        if (n > left) n = left;
    }
    if (o->before_run && n) {
        uint64_t wish = o->before_run(t, o->data);
        if (n > wish) n = wish;
    }
    return n;
}

/* All ends, a child of vfork too, which would otherwise go on by itself. */
static void stop(struct user_thread *t, int status)
{
    user_stop(t->p, status, 0);
    if (t->vfork_child) syscall(SYS_exit_group, status);
}

/* The backend gives up: nothing a guest could handle. */
static void unsupported(struct user_thread *t)
{
    struct user_process *p = t->p;
    pthread_mutex_lock(&p->lock);
    if (!p->unsupported) {
        p->unsupported = t->cpu->exit.why;
        p->unsupported_pc = t->cpu->exit.pc;
    }
    pthread_mutex_unlock(&p->lock);
    stop(t, 1);
}

static void act_on_exit(struct user_thread *t)
{
    const struct cpu_exit *e = &t->cpu->exit;
    switch (e->kind) {
    case EXIT_BUDGET:
    case EXIT_KICKED: break;
    case EXIT_SYSCALL:
        t->executed++; /* it is an instruction too, and is carried out here */
        user_call(t);
        break;
    case EXIT_FAULT:
    case EXIT_BREAKPOINT: signal_fault(t); break;
    case EXIT_UNSUPPORTED: unsupported(t); break;
    case EXIT_HALT:
    case EXIT_DEVICE:
    case EXIT_SHUTDOWN:
    case EXIT_KINDS: BUG("a program in user mode ended its run with '%s'", exit_kind_name(e->kind));
    }
}

void user_run(struct user_thread *t)
{
    struct user_process *p = t->p;
    const struct user_options *o = p->opt;
    while (!t->ended) {
        world_pass(t);
        if (t->wanted || t->restore_mask) {
            user_deliver(t, NULL);
            continue;
        }
        uint64_t n = budget(t);
        if (!n) {
            stop(t, USER_STATUS_LIMIT);
            continue;
        }
        uint64_t start = o->timed ? host_clock() : 0;
        o->backend->run(t->cpu, n);
        if (o->timed) t->run_ns += host_clock() - start;
        t->executed += t->cpu->exit.executed;
        if (t->cpu->exit.kind == EXIT_UNSUPPORTED) user_absent(t);
        if (o->after_run) o->after_run(t, o->data);
        act_on_exit(t);
    }
}

/* ---- the process ---- */

static uint64_t stack_size(const struct user_options *o)
{
    struct rlimit limit;
    if (o->stack_size) return o->stack_size;
    if (getrlimit(RLIMIT_STACK, &limit) || limit.rlim_cur > STACK_DEFAULT_MAX) return STACK_DEFAULT_MAX;
    return limit.rlim_cur > CPU_PAGE ? limit.rlim_cur : CPU_PAGE;
}

/* The guest knows of the stack that it was given, as after ulimit -s. */
static void limit_stack(struct user_process *p)
{
    struct rlimit host = {0, RLIM_INFINITY};
    uint64_t size = p->opt->stack_size;
    if (!size) return;
    (void)getrlimit(RLIMIT_STACK, &host);
    p->limits[RLIMIT_STACK] =
        (struct user_limit){.set = true, .soft = size, .hard = host.rlim_max > size ? host.rlim_max : size};
}

static int open_space(struct user_process *p, struct buf *why)
{
    int err = space_open(p, stack_size(p->opt));
    if (err == -ENOMEM)
        buf_printf(why, "the host does not give %llu GiB of address space for the guest (ulimit -v?)",
                   (1ull << MEM_WINDOW_BITS) >> 30);
    else if (err)
        buf_printf(why, "no address space for the guest: %s", strerror(-err));
    return err;
}

/* As execve does it: what ps and PR_GET_NAME say. */
static void name_thread(const char *program)
{
    const char *slash = strrchr(program, '/');
    (void)prctl(PR_SET_NAME, slash ? slash + 1 : program);
}

/* From the opened program to a thread that is ready to run. NULL: why says why, *err too. */
static struct user_thread *start(struct user_process *p, int fd, int *err, struct buf *why)
{
    struct user_thread *t = user_thread_new(p);
    *err = t ? 0 : -ENOMEM;
    if (!*err) *err = signal_start(p);
    if (!*err) *err = p->opt->backend->open(t->cpu);
    if (!*err && (*err = signal_adopt(t))) p->opt->backend->close(t->cpu);
    if (*err) {
        buf_printf(why, "the machine cannot be set up: %s", strerror(-*err));
    } else {
        t->is_first = true;
        name_thread(p->opt->program);
        *err = user_load(p, fd, why); /* its writes may fault as a guest's do: a file gets shorter */
        if (!*err) *err = stack_build(t, why);
        if (!*err) return t;
        signal_release(t);
        user_thread_close(t);
    }
    if (t) user_thread_free(t);
    return NULL;
}

static void process_free(struct user_process *p)
{
    for (char **arg = p->argv; arg && *arg; arg++) free(*arg);
    free(p->argv);
    free(p->exe);
    pthread_mutex_destroy(&p->lock);
    pthread_cond_destroy(&p->gone);
    pthread_cond_destroy(&p->goes_on);
    pthread_mutex_destroy(&p->handlers.lock);
    free(p);
}

/* Waits for the last thread; then, if a signal killed the guest, does not return. A thread that waits for its
 * child of vfork cannot be made to leave: exit_group does not wait for it, and p->over says so. */
static void finish(struct user_process *p)
{
    const struct user_options *o = p->opt;
    pthread_mutex_lock(&p->lock);
    while (p->nthreads > (p->exiting ? p->borrowers : 0)) pthread_cond_wait(&p->gone, &p->lock);
    p->over = p->nthreads;
    world_join(p);
    pthread_mutex_unlock(&p->lock);
    if (o->strace) fflush(o->strace);
    if (o->at_end && !p->forked) o->at_end(p, o->data);
    if (p->killed_by) signal_die(p->killed_by);
}

/* Not by exit(): what this program does there is the parent's, or a child still needs what it would free. */
static void leave(struct user_process *p) __attribute__((noreturn));
static void leave(struct user_process *p)
{
    FILE *say = p->opt->messages;
    if (say && p->unsupported) fprintf(say, "lockstep: at %#lx: %s\n", p->unsupported_pc, p->unsupported);
    if (say) fflush(say);
    for (;;) syscall(SYS_exit_group, p->status);
}

void user_end(struct user_process *p)
{
    finish(p);
    leave(p);
}

static int run_to_end(struct user_process *p, struct user_thread *t, struct buf *why)
{
    user_run(t);
    user_thread_end(t);
    if (p->forked) user_end(p);
    finish(p);
    if (p->over) leave(p); /* a child goes on in this memory */
    if (!p->unsupported) return p->status;
    buf_printf(why, "at %#lx: %s", p->unsupported_pc, p->unsupported);
    return -ENOTSUP;
}

struct exec {
    const struct user_options *o;
    struct buf *why;
};

static int exec(void *arg)
{
    const struct user_options *o = ((struct exec *)arg)->o;
    struct buf *why = ((struct exec *)arg)->why;
    struct user_process *p = xcalloc(1, sizeof(*p));
    *p = (struct user_process){.opt = o};
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->gone, NULL);
    pthread_cond_init(&p->goes_on, NULL);
    world_open(p);
    pthread_mutex_init(&p->handlers.lock, NULL);
    random_start(p);
    limit_stack(p);
    int fd = user_open_program(p, why), status = fd;
    if (fd >= 0 && !(status = open_space(p, why))) {
        struct user_thread *t = start(p, fd, &status, why);
        close(fd);
        fd = -1;
        if (t) status = run_to_end(p, t, why);
        space_close(p);
    }
    if (fd >= 0) close(fd);
    process_free(p);
    return status;
}

int user_exec(const struct user_options *o, struct buf *why)
{
    return user_on_host_stack(exec, &(struct exec){o, why});
}
