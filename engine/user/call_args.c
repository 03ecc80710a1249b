/* A system call on its way to the host: its arguments converted by kind, and back. */
#include "engine/user/call.h"
#include "linux/linux_calls.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

/* Memory beside the frame. */
struct block {
    struct block *next; /* older */
    _Alignas(16) unsigned char bytes[];
};

void *call_scratch(struct call_frame *f, size_t n)
{
    n = (n + 15) & ~(size_t)15;
    if (n <= sizeof(f->room) - f->used) {
        void *p = f->room + f->used;
        f->used += n;
        return p;
    }
    struct block *b = malloc(sizeof(*b) + n);
    if (!b) return NULL;
    b->next = f->blocks;
    f->blocks = b;
    return b->bytes;
}

static void scratch_free(struct call_frame *f)
{
    for (struct block *b = f->blocks, *next; b; b = next) {
        next = b->next;
        free(b);
    }
}

uint64_t call_nowhere(uint64_t addr)
{
    /* in the host kernel's half, aligned as the guest's is */
    return 0xffff800000000000 | (addr & (CPU_PAGE - 1));
}

uint64_t call_move(struct user_thread *t, uint64_t addr, uint64_t n, unsigned dir)
{
    struct mem *m = &t->p->mem;
    if (!addr) return 0;
    if (!space_inside(addr, 1)) return call_nowhere(addr);
    if (n > (1ull << MEM_WINDOW_BITS) - addr) n = (1ull << MEM_WINDOW_BITS) - addr;
    if (n && dir & CALL_OUT) (void)mem_unwatch(m, addr, n);
    return (uint64_t)(uintptr_t)mem_host(m, addr);
}

static const struct call_struct *struct_of(const struct call_frame *f, const struct call_arg *arg)
{
    return &f->t->p->abi->calls->structs[arg->of];
}

/* The number in an argument, as the host's kernel will read it; negative ones are for it to refuse. */
static uint64_t number_of(const struct call_arg *arg, uint64_t v)
{
    if (arg->kind == CALL_INT) return (int32_t)v < 0 ? 0 : (uint32_t)v;
    if (arg->kind == CALL_UINT) return (uint32_t)v;
    return v;
}

uint64_t call_count(struct user_thread *t, const struct call_row *row, const struct call_arg *arg,
                    const uint64_t a[6])
{
    int32_t pointed = 0;
    if (arg->by == CALL_BY_NUMBER) return arg->plus;
    if (arg->by == CALL_BY_ARG) return number_of(&row->args[arg->arg], a[arg->arg]) + arg->plus;
    if (user_read(t->p, a[arg->arg], &pointed, sizeof(pointed)) || pointed < 0) return 0;
    return (uint64_t)pointed;
}

/* Bytes of `count` structs, or more than there is room for. */
static uint64_t bytes_of(const struct call_struct *s, const struct call_arg *arg, uint64_t count)
{
    /* select's sets are words of 64 bits, and the kernel looks at no more descriptors than a process has */
    if (arg->of == CALL_STRUCT_fd_set) return ((count < 1 << 20 ? count : 1 << 20) + 63) / 64 * 8;
    return count > UINT64_MAX / 2 / s->size ? UINT64_MAX / 2 : count * s->size;
}

/* Structs in a copy; a call that may fill more of them is asked for no more, which it can always do. */
enum { COPY_MAX = 4096 };

/* Structs that the host lays out differently: all in a copy. */
static int copy_in(struct call_frame *f, unsigned i, uint64_t count)
{
    const struct call_arg *arg = &f->row->args[i];
    const struct call_struct *s = struct_of(f, arg);
    unsigned char one[512];
    uint64_t addr = f->a[i];
    BUG_ON(s->size > sizeof(one));
    f->host[i] = call_nowhere(addr);
    if (count > COPY_MAX) count = COPY_MAX;
    if (!space_inside(addr, count * s->size)) return 0;
    unsigned char *host = call_scratch(f, (size_t)count * s->host_size + 1);
    if (!host) return -ENOMEM;
    for (uint64_t k = 0; k < count && arg->dir & CALL_IN; k++) {
        if (user_read(f->t->p, addr + k * s->size, one, s->size)) return 0;
        call_to_host(&f->t->p->mem, s, one, host + k * s->host_size);
    }
    f->copy[i] = host;
    f->host[i] = (uint64_t)(uintptr_t)host;
    return 0;
}

/* The kernel refuses a size of 64 bits that runs out of the address space; it cuts smaller ones down first.
 */
static bool runs_out(const struct call_frame *f, const struct call_arg *arg, uint64_t addr, uint64_t n)
{
    return arg->by == CALL_BY_ARG && f->row->args[arg->arg].kind == CALL_ULONG && !space_inside(addr, n);
}

static int data_in(struct call_frame *f, unsigned i)
{
    const struct call_arg *arg = &f->row->args[i];
    uint64_t count = call_count(f->t, f->row, arg, f->a), addr = f->a[i];
    if (!addr) return 0;
    switch (arg->of) {
    case CALL_STRUCT_iovec: return call_iovec(f, addr, count, arg->dir, &f->host[i], &f->copy[i]);
    case CALL_STRUCT_msghdr:
    case CALL_STRUCT_mmsghdr: return call_msghdr(f, i, count);
    default: break;
    }
    if (!struct_of(f, arg)->same) return copy_in(f, i, count);
    uint64_t n = bytes_of(struct_of(f, arg), arg, count);
    f->host[i] = runs_out(f, arg, addr, n) ? call_nowhere(addr) : call_move(f->t, addr, n, arg->dir);
    return 0;
}

static int path_in(struct call_frame *f, unsigned i)
{
    char name[PATH_MAX];
    f->host[i] = call_move(f->t, f->a[i], 1, CALL_IN);
    if (!f->a[i] || call_string(f->t, f->a[i], name, sizeof(name)) < 0)
        return 0; /* the kernel says what is wrong */
    char *out = call_scratch(f, PATH_MAX);
    if (!out) return -ENOMEM;
    f->host[i] = (uint64_t)(uintptr_t)out;
    return call_path(f->t, name, out);
}

static int range_in(struct call_frame *f, unsigned i)
{
    uint64_t n = call_count(f->t, f->row, &f->row->args[i], f->a);
    if (!space_inside(f->a[i], n)) return -ENOMEM;
    f->host[i] = (uint64_t)(uintptr_t)mem_host(&f->t->p->mem, f->a[i]);
    return 0;
}

static int arg_in(struct call_frame *f, unsigned i)
{
    const struct call_arg *arg = &f->row->args[i];
    f->host[i] = f->a[i];
    switch (arg->kind) {
    case CALL_FD:
    case CALL_DIRFD: return user_kept_fd(f->t->p, (int)f->a[i]) ? -EBADF : 0;
    case CALL_SET: f->host[i] = call_set_to_host(&f->t->p->abi->calls->sets[arg->of], f->a[i]); return 0;
    case CALL_ADDR:
    case CALL_STRING: f->host[i] = call_move(f->t, f->a[i], 1, CALL_IN); return 0;
    case CALL_RANGE: return range_in(f, i);
    case CALL_PATH: return path_in(f, i);
    case CALL_DATA: return data_in(f, i);
    default: return 0;
    }
}

/* call_vector.c's. */
static bool is_vector(const struct call_arg *arg)
{
    return arg->of == CALL_STRUCT_iovec || arg->of == CALL_STRUCT_msghdr || arg->of == CALL_STRUCT_mmsghdr;
}

static void limit_copies(struct call_frame *f)
{
    for (unsigned i = 0; i < f->row->nargs; i++) {
        const struct call_arg *arg = &f->row->args[i];
        bool counted = arg->kind == CALL_DATA && arg->by == CALL_BY_ARG && !is_vector(arg);
        if (counted && f->copy[i] && number_of(&f->row->args[arg->arg], f->host[arg->arg]) > COPY_MAX)
            f->host[arg->arg] = COPY_MAX;
    }
}

int call_begin(struct call_frame *f, struct user_thread *t, const struct call_row *row, const uint64_t a[6])
{
    f->t = t;
    f->row = row;
    f->a = a;
    f->used = 0;
    f->blocks = NULL;
    memset(f->copy, 0, sizeof(f->copy));
    memset(f->host, 0, sizeof(f->host));
    for (unsigned i = 0; i < row->nargs; i++) {
        int err = arg_in(f, i);
        if (!err) continue;
        scratch_free(f);
        return err;
    }
    limit_copies(f);
    return 0;
}

/* Opens for the host's kernel what is held for translated code; false when nothing was. */
static bool unwatch(const struct call_frame *f)
{
    bool any = false;
    for (unsigned i = 0; i < f->row->nargs; i++) {
        const struct call_arg *arg = &f->row->args[i];
        if (arg->kind != CALL_DATA || !(arg->dir & CALL_OUT) || !f->a[i]) continue;
        uint64_t count = call_count(f->t, f->row, arg, f->a);
        uint64_t n = bytes_of(struct_of(f, arg), arg, count);
        if (is_vector(arg))
            any = call_vector_unwatch(f, i) || any;
        else if (space_inside(f->a[i], n))
            any = mem_unwatch(&f->t->p->mem, f->a[i], n) || any;
    }
    return any;
}

/* The socket gives up by itself after some time. */
static bool has_timeout(int fd)
{
    static const int options[] = {SO_RCVTIMEO, SO_SNDTIMEO};
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        struct timeval tv = {0};
        socklen_t len = sizeof(tv);
        if (!getsockopt(fd, SOL_SOCKET, options[i], &tv, &len) && (tv.tv_sec || tv.tv_usec)) return true;
    }
    return false;
}

int64_t call_interrupted(const struct call_row *row, const uint64_t a[6], int64_t result)
{
    if (result != USER_RESTART || row->restart == CALL_RESTART_HANDLER) return result;
    bool ends = row->restart == CALL_RESTART_NEVER || has_timeout((int)a[0]);
    return ends ? USER_RESTART_NOHAND : result;
}

int64_t call_make(struct call_frame *f)
{
    int64_t result = user_host_call(f->t, f->row->host, f->host);
    if (unlikely(result == -EFAULT) && unwatch(f)) result = user_host_call(f->t, f->row->host, f->host);
    return call_interrupted(f->row, f->a, result);
}

static int copy_out(struct call_frame *f, unsigned i, int64_t result)
{
    const struct call_arg *arg = &f->row->args[i];
    const struct call_struct *s = struct_of(f, arg);
    unsigned char one[512];
    uint64_t count = call_count(f->t, f->row, arg, f->a);
    /* of an array the call says how much it filled */
    if (arg->by != CALL_BY_NUMBER && count > (uint64_t)result) count = (uint64_t)result;
    if (count > COPY_MAX) count = COPY_MAX;
    for (uint64_t k = 0; k < count; k++) {
        call_to_guest(&f->t->p->mem, s, (unsigned char *)f->copy[i] + k * s->host_size, one);
        if (user_write(f->t->p, f->a[i] + k * s->size, one, s->size)) return -EFAULT;
    }
    return 0;
}

static int arg_out(struct call_frame *f, unsigned i, int64_t result)
{
    const struct call_arg *arg = &f->row->args[i];
    if (!f->copy[i] || arg->of == CALL_STRUCT_iovec) return 0;
    if (arg->of == CALL_STRUCT_msghdr || arg->of == CALL_STRUCT_mmsghdr)
        return call_msghdr_back(f, i, result);
    return arg->dir & CALL_OUT ? copy_out(f, i, result) : 0;
}

int64_t call_end(struct call_frame *f, int64_t result)
{
    for (unsigned i = 0; i < f->row->nargs && result >= 0; i++) {
        int err = arg_out(f, i, result);
        if (err) result = err;
    }
    scratch_free(f);
    return result;
}

int64_t call_host(struct user_thread *t, const struct call_row *row, const uint64_t a[6])
{
    struct call_frame f;
    int err = call_begin(&f, t, row, a);
    return err ? err : call_end(&f, call_make(&f));
}
