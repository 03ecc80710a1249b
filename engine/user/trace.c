/* --strace: a line for each system call, as strace writes it. */
#include "engine/user/call.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

/* The trace goes to a descriptor that the guest cannot close or redirect. */
static int trace_fd(struct user_process *p)
{
    int fd = __atomic_load_n(&p->strace_fd, __ATOMIC_RELAXED);
    if (fd) return fd;
    int copy = dup(fileno(p->opt->strace));
    fd = copy < 0 ? -1 : user_keep_fd(p, copy);
    if (fd < 0) fd = fileno(p->opt->strace);
    __atomic_store_n(&p->strace_fd, fd, __ATOMIC_RELAXED);
    return fd;
}

static void put(struct user_thread *t, struct buf *line)
{
    buf_char(line, '\n');
    /* one write, so that lines of threads and processes do not mix; nobody to tell when it fails */
    if (write(trace_fd(t->p), buf_cstr(line), line->len) < 0) buf_reset(line);
    buf_reset(line);
}

static void begin(struct user_thread *t, const char *name, struct buf *line)
{
    if (t->p->nthreads > 1 || t->p->forked) buf_printf(line, "[pid %d] ", t->tid);
    buf_printf(line, "%s(", name);
}

/* The first argument that is only known after the call. */
static unsigned first_out(const struct call_row *row)
{
    unsigned i = 0;
    while (i < row->nargs && (row->args[i].kind != CALL_DATA || row->args[i].dir != CALL_OUT)) i++;
    return i;
}

/* A mode that open does not look at is not shown: there need not be any. */
static bool is_idle(const struct call_row *row, const uint64_t a[6], unsigned i)
{
    return i && row->args[i].kind == CALL_MODE && row->args[i - 1].kind == CALL_SET && !(a[i - 1] & 0x400040);
}

static void args(struct user_thread *t, const struct call_row *row, const uint64_t a[6], unsigned from,
                 unsigned to, int64_t result, struct buf *line)
{
    for (unsigned i = from; i < to; i++) {
        if (is_idle(row, a, i)) continue;
        if (i) buf_str(line, ", ");
        trace_arg(t, row, &row->args[i], a, a[i], result, line);
    }
}

void trace_enter(struct user_thread *t, const struct call_row *row, const uint64_t a[6], struct buf *line)
{
    (void)trace_fd(t->p);
    begin(t, row->name, line);
    args(t, row, a, 0, first_out(row), 0, line);
    if (row->result != CALL_RESULT_NONE) return;
    /* it may never return */
    buf_str(line, ") = ?");
    put(t, line);
}

/* strace shows the number too. */
static void trace_result_set(struct user_thread *t, const struct call_row *row, int64_t result,
                             struct buf *line)
{
    buf_printf(line, result ? "0x%" PRIx64 : "%" PRIx64, (uint64_t)result);
    if (!result) return;
    buf_str(line, " (flags ");
    trace_set(&t->p->abi->calls->sets[row->of], (uint64_t)result, line);
    buf_char(line, ')');
}

static void result_text(struct user_thread *t, const struct call_row *row, int64_t result, struct buf *line)
{
    if (user_interrupted(result))
        buf_str(line, "? ERESTARTSYS (To be restarted)");
    else if (result < 0 && result > -4096)
        buf_printf(line, "-1 %s (%s)", strerrorname_np((int)-result) ?: "?", strerror((int)-result));
    else if (row->result == CALL_RESULT_HEX)
        buf_printf(line, "0x%" PRIx64, (uint64_t)result);
    else if (row->result == CALL_RESULT_SET)
        trace_result_set(t, row, result, line);
    else if (row->result == CALL_RESULT_OCTAL)
        buf_printf(line, "%#" PRIo64, (uint64_t)result);
    else
        buf_printf(line, "%" PRId64, result);
}

void trace_leave(struct user_thread *t, const struct call_row *row, const uint64_t a[6], int64_t result,
                 struct buf *line)
{
    bool told = row->result == CALL_RESULT_NONE; /* by trace_enter; all but a failure */
    if (told && result >= 0) return;
    if (told)
        buf_printf(line, "<... %s resumed>) = ", row->name);
    else
        args(t, row, a, first_out(row), row->nargs, result, line);
    if (!told) buf_str(line, ") = ");
    result_text(t, row, result, line);
    put(t, line);
}

void trace_unknown(struct user_thread *t, uint64_t number, const uint64_t a[6])
{
    struct user_process *p = t->p;
    const unsigned bits = 8 * sizeof(p->named_calls[0]);
    struct buf line = {0};
    if (number < bits * ARRAY_LEN(p->named_calls)) {
        unsigned long bit = 1ul << number % bits;
        if (__atomic_fetch_or(&p->named_calls[number / bits], bit, __ATOMIC_RELAXED) & bit) return;
    }
    if (p->nthreads > 1 || p->forked) buf_printf(&line, "[pid %d] ", t->tid);
    buf_printf(&line, "syscall_%" PRIu64 "(", number);
    for (unsigned i = 0; i < 6; i++) buf_printf(&line, "%s0x%" PRIx64, i ? ", " : "", a[i]);
    buf_str(&line, ") = -1 ENOSYS (unknown to lockstep)");
    put(t, &line);
    buf_free(&line);
}
