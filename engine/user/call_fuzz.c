/* Any arguments, over any memory, through the conversion of every row and through --strace; the host call
 * itself is left out. The input: a row, six arguments, then what stands in memory. */
#include <unistd.h>

#include "engine/user/call_test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct caller caller;
static bool ready;

static const struct call_row *row_of(uint16_t n)
{
    const struct call_row *row = &call_rows[n % CALL_COUNT];
    if (!row->requests) return row;
    return &row->requests->list[n / CALL_COUNT % row->requests->count].row;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct {
        uint64_t a[6];
        int64_t result;
        uint16_t row;
    } in = {0};
    struct call_frame f;
    struct buf line = {0};
    if (!ready) caller_open(&caller);
    ready = true;
    if (size < sizeof(in)) return 0;
    memcpy(&in, data, sizeof(in));
    data += sizeof(in);
    size -= sizeof(in);
    if (size > DATA_SIZE) size = DATA_SIZE;
    if (user_write(&caller.p, DATA, data, size)) return 0;
    /* addresses are rarely right by chance */
    for (unsigned i = 0; i < 6; i++)
        if (in.a[i] >> 56 == 0xda) in.a[i] = DATA + in.a[i] % DATA_SIZE;
    const struct call_row *row = row_of(in.row);
    caller.opt.strace = caller.opt.strace ? caller.opt.strace : fopen("/dev/null", "w");
    trace_enter(caller.t, row, in.a, &line);
    if (!call_begin(&f, caller.t, row, in.a)) (void)call_end(&f, in.result % 4096);
    trace_leave(caller.t, row, in.a, in.result, &line);
    buf_free(&line);
    return 0;
}
