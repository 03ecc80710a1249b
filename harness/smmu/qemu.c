/* QEMU's SMMUv3 as an oracle of scenarios (qemu_board.h). What it has not got, its ID registers say, and
 * scenarios that need it are not for it. How an access ends does not show there: memory and events must tell.
 */
#include "harness/smmu/backends.h"
#include "harness/smmu/qemu_board.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(SCN_RAM == QEMU_BOARD_RAM && SCN_RAM_SIZE <= QEMU_BOARD_RAM_SIZE - QEMU_BOARD_OWN,
               "same memory");

struct seat {
    struct qemu_board *board; /* the process */
    uint32_t idr[6];          /* IDR0 to IDR5 */
    struct scn_result result; /* of the last one */
};

static const char *cannot_run(void)
{
    static int there = -1;
    if (there < 0) there = qemu_board_version()[0] != 0;
    return there ? NULL : "there is no qemu-system-aarch64 (Debian's qemu-system-arm)";
}

/* ---- the bus ---- */

static uint8_t *memory(struct seat *s, uint64_t at, size_t n)
{
    bool inside = at >= SCN_RAM && at - SCN_RAM <= SCN_RAM_SIZE && n <= SCN_RAM_SIZE - (at - SCN_RAM);
    return inside ? qemu_board_ram(s->board) + (at - SCN_RAM) : NULL;
}

static void bus_store(void *arg, uint64_t at, const void *p, size_t n)
{
    uint8_t *to = memory(arg, at, n);
    if (to) memcpy(to, p, n);
}

static void bus_load(void *arg, uint64_t at, void *p, size_t n)
{
    const uint8_t *from = memory(arg, at, n);
    if (from)
        memcpy(p, from, n);
    else
        memset(p, 0, n);
}

static void bus_write(void *arg, unsigned offset, unsigned size, uint64_t v)
{
    struct seat *s = arg;
    qemu_board_write(s->board, offset, size, v);
}

static uint64_t bus_read(void *arg, unsigned offset, unsigned size)
{
    struct seat *s = arg;
    return qemu_board_read(s->board, offset, size);
}

static void bus_access(void *arg, const struct scn_step *step, struct scn_said *said)
{
    struct seat *s = arg;
    bool write = step->access & SMMU_WRITE;
    uint8_t bytes[SCN_DATA] = {0};
    said->silent = true;
    if (write) memcpy(bytes, step->data, step->size);
    qemu_board_dma(s->board, (unsigned)qemu_board_device(step->sid), step->at, write, bytes, step->size);
    if (!write) memcpy(said->data, bytes, step->size);
}

/* It makes several accesses of one and tells each. Records that are alike but for the address within a page
 * may be merged (7.3.1), so that one of them is left here. */
static bool mergeable(const uint64_t a[4], const uint64_t b[4])
{
    const struct dev_struct *s =
        dev_struct_numbered(&smmu_spec, "event", (uint32_t)dev_get(a, SMMU_EVENT_NUMBER));
    const struct dev_field *address = s ? dev_field_find(s->fields, s->nfields, "INPUTADDR") : NULL;
    uint64_t x[4], y[4];
    memcpy(x, a, sizeof(x));
    memcpy(y, b, sizeof(y));
    if (address) {
        dev_put(x, address->at, dev_get(x, address->at) & ~bits_mask(CPU_PAGE_BITS));
        dev_put(y, address->at, dev_get(y, address->at) & ~bits_mask(CPU_PAGE_BITS));
    }
    return !memcmp(x, y, sizeof(x));
}

static void merge_events(struct scn_said *said)
{
    unsigned n = 0;
    for (unsigned i = 0; i < said->nevents; i++) {
        bool merged = false;
        for (unsigned k = 0; k < n && !merged; k++) merged = mergeable(said->events[k], said->events[i]);
        if (!merged) memmove(said->events[n++], said->events[i], sizeof(said->events[0]));
    }
    said->nevents = n;
}

/* ---- a seat ---- */

static void close_seat(void *seat)
{
    struct seat *s = seat;
    qemu_board_close(s->board);
    scn_result_free(&s->result);
    free(s);
}

static void *open_seat(const char **why)
{
    static const unsigned offsets[6] = {SMMU_REG_IDR0, SMMU_REG_IDR1, SMMU_REG_IDR2,
                                        SMMU_REG_IDR3, SMMU_REG_IDR4, SMMU_REG_IDR5};
    struct seat *s = xcalloc(1, sizeof(*s));
    s->board = qemu_board_open(why);
    if (!s->board) {
        free(s);
        return NULL;
    }
    for (unsigned i = 0; i < ARRAY_LEN(offsets); i++)
        s->idr[i] = (uint32_t)qemu_board_read(s->board, offsets[i], 4);
    return s;
}

/* What its devices cannot do. */
static const char *beyond_devices(const struct scenario *s)
{
    for (unsigned i = 0; i < s->nsteps; i++) {
        const struct scn_step *step = &s->steps[i];
        if (step->kind != SCN_ACCESS) continue;
        if (qemu_board_device(step->sid) < 0) return "QEMU's devices have the streams 8 to 23";
        if (step->access & ~(unsigned)(SMMU_READ | SMMU_WRITE))
            return "QEMU's devices make plain accesses, without substreams, privilege or instructions";
    }
    return NULL;
}

static void run(void *seat, const struct test_case *c, struct outcome *o)
{
    struct seat *s = seat;
    const struct scenario *scenario = c->scenario;
    const struct scn_bus bus = {.store = bus_store,
                                .load = bus_load,
                                .write = bus_write,
                                .read = bus_read,
                                .access = bus_access,
                                .arg = s};
    o->unsupported = beyond_devices(scenario);
    if (!o->unsupported) o->unsupported = scn_needs(scenario, s->idr);
    if (o->unsupported) return;
    qemu_board_reset(s->board);
    scn_drive(&bus, scenario, &s->result);
    for (unsigned i = 0; i < scenario->nsteps; i++)
        if (scenario->steps[i].kind == SCN_TAKE) merge_events(&s->result.said[i]);
    if (qemu_board_broken(s->board))
        o->exit =
            (struct cpu_exit){.kind = EXIT_UNSUPPORTED, .why = qemu_board_broken(s->board), .lost = true};
    else
        o->result = &s->result;
}

const struct scn_backend scn_qemu = {
    .backend = {.name = "qemu-smmu",
                .description = "QEMU's SMMUv3, led over qtest",
                .oracle = true,
                .on_request = true,
                .version = qemu_board_version},
    .cannot_run = cannot_run,
    .open = open_seat,
    .run = run,
    .close = close_seat,
};
