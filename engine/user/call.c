/* A guest's system call: from its registers to its row of the table, and the result back. */
#include "engine/user/call.h"

#include <errno.h>

void user_call_result(struct user_thread *t, int64_t result)
{
    const struct user_abi *abi = t->p->abi;
    if (user_interrupted(result)) return;
    t->cpu->state[abi->reg_result] = (uint64_t)result;
    t->cpu->state[t->p->guest->pc_word] += abi->call_length;
}

const struct call_request *call_request_find(const struct call_requests *r, uint32_t code)
{
    unsigned from = 0, to = r->count;
    while (from < to) {
        unsigned at = (from + to) / 2;
        if (r->list[at].code == code) return &r->list[at];
        if (r->list[at].code < code)
            from = at + 1;
        else
            to = at;
    }
    return NULL;
}

/* The row that is meant: of a call with requests, the request's. */
static const struct call_row *row_of(const struct call_table *calls, uint64_t number, const uint64_t a[6])
{
    const struct call_row *row = number < calls->nrows ? calls->rows[number] : NULL;
    if (!row || !row->requests) return row;
    const struct call_request *r = call_request_find(row->requests, (uint32_t)a[row->requests->arg]);
    return r ? &r->row : row;
}

static int64_t serve(struct user_thread *t, const struct call_row *row, const uint64_t a[6])
{
    if (row->error) return -row->error;
    if (row->requests) return -row->requests->otherwise;
    int64_t result = row->serve ? row->serve(t, a) : call_host(t, row, a);
    if (row->result == CALL_RESULT_SET && result > 0)
        result = (int64_t)call_set_to_guest(&t->p->abi->calls->sets[row->of], (uint64_t)result);
    return call_interrupted(row, a, result);
}

static int64_t serve_traced(struct user_thread *t, const struct call_row *row, const uint64_t a[6])
{
    struct buf line = {0};
    trace_enter(t, row, a, &line);
    int64_t result = serve(t, row, a);
    trace_leave(t, row, a, result, &line);
    buf_free(&line);
    return result;
}

static int64_t dispatch(struct user_thread *t, const struct call_row *row, uint64_t number,
                        const uint64_t a[6])
{
    bool traced = t->p->opt->strace != NULL;
    if (unlikely(!row)) {
        if (traced) trace_unknown(t, number, a);
        return -ENOSYS;
    }
    return unlikely(traced) ? serve_traced(t, row, a) : serve(t, row, a);
}

void user_call(struct user_thread *t)
{
    const struct user_abi *abi = t->p->abi;
    const uint64_t *state = t->cpu->state;
    uint64_t a[6], number = state[abi->reg_number];
    for (unsigned i = 0; i < 6; i++) a[i] = state[abi->reg_args[i]];
    const struct call_row *row = row_of(abi->calls, number, a);
    int64_t result = dispatch(t, row, number, a);
    if (row && row->result == CALL_RESULT_REGS && result >= 0) return;
    if (user_interrupted(result))
        user_deliver(t, &result);
    else
        user_call_result(t, result);
}
