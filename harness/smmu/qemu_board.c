#include "harness/smmu/qemu_board.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROGRAM "qemu-system-aarch64"

/* Where the `virt` board has things, with highmem=off. */
#define SMMU 0x09050000ull
#define ECAM 0x3f000000ull
#define BARS 0x10000000ull /* of the edu devices: ours to choose in the board's window for 32 bits */

enum {
    BAR_SIZE = 1 << 20,
    CONFIG_COMMAND = 4, /* PCI configuration: memory and bus master on */
    CONFIG_BAR0 = 0x10,
    EDU_SOURCE = 0x80, /* registers of edu */
    EDU_TARGET = 0x88,
    EDU_COUNT = 0x90,
    EDU_COMMAND = 0x98,
    EDU_RUN = 1, /* EDU_COMMAND; reads as 1 until it is done */
    EDU_TO_MEMORY = 2,
    EDU_BUFFER = 0x40000,                           /* as its registers name its buffer */
    FIRST_STREAM = 8,                               /* of the devices, which are functions side by side */
    DEVICES = 16,                                   /* how many */
    LOOP_AT = QEMU_BOARD_RAM_SIZE - QEMU_BOARD_OWN, /* in memory: what the guest runs */
    MAILBOX = LOOP_AT + 0x8000,                     /* a device's buffer goes there past the SMMU */
    QUEUE = LOOP_AT + 0x4000,                       /* a command queue for resets */
    LOOP = 0x14000000,                              /* AArch64: b . */
    RAM_FD = 3,
    ANSWER_SECONDS = 10, /* without one: it hangs */
    LINE = 256,
};

/* Registers that a reset needs (IHI 0070 chapter 6). */
enum {
    CR0 = 0x20,
    GBPA = 0x44,
    IRQ_CTRL = 0x50,
    GERROR = 0x60,
    GERRORN = 0x64,
    STRTAB_BASE = 0x80,
    STRTAB_BASE_CFG = 0x88,
    CMDQ_BASE = 0x90,
    CMDQ_PROD = 0x98,
    CMDQ_CONS = 0x9c,
    EVENTQ_BASE = 0xa0,
    EVENTQ_PROD = 0x100a8,
    EVENTQ_CONS = 0x100ac,
};

struct qemu_board {
    pid_t pid;         /* 0: it was not started */
    int to, from;      /* its standard input and output */
    int fd;            /* guest memory */
    uint8_t *ram;      /* likewise */
    char line[LINE];   /* bytes that came, `have` of them */
    size_t have;       /* likewise */
    char broken[LINE]; /* what went wrong, or "" */
    bool two_levels;   /* it has been told of a stream table of two levels, which it never forgets */
};

static void breaks(struct qemu_board *b, const char *what)
{
    if (!b->broken[0]) snprintf(b->broken, sizeof(b->broken), PROGRAM " %s", what);
}

const char *qemu_board_broken(const struct qemu_board *b)
{
    return b->broken[0] ? b->broken : NULL;
}

uint8_t *qemu_board_ram(struct qemu_board *b)
{
    return b->ram;
}

/* ---- qtest: a command is a line, and so is its answer ---- */

/* The next line from QEMU, without its end, in b->line. False: there is none. */
static bool read_line(struct qemu_board *b, char out[LINE])
{
    for (;;) {
        char *end = memchr(b->line, '\n', b->have);
        if (end) {
            size_t n = (size_t)(end - b->line);
            memcpy(out, b->line, n);
            out[n] = 0;
            b->have -= n + 1;
            memmove(b->line, end + 1, b->have);
            return true;
        }
        struct pollfd p = {.fd = b->from, .events = POLLIN};
        int ready = poll(&p, 1, ANSWER_SECONDS * 1000);
        if (ready < 0 && errno == EINTR) continue;
        ssize_t n = ready > 0 ? read(b->from, b->line + b->have, LINE - 1 - b->have) : 0;
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            breaks(b, ready ? "ended" : "does not answer");
            return false;
        }
        b->have += (size_t)n;
    }
}

/* Says a command; the number that is answered, 0 when there is none. */
static uint64_t ask(struct qemu_board *b, const char *format, ...) PRINTF(2, 3);
static uint64_t ask(struct qemu_board *b, const char *format, ...)
{
    char text[LINE];
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(text, sizeof(text), format, ap);
    va_end(ap);
    if (b->broken[0]) return 0;
    while (write(b->to, text, (size_t)n) < 0) {
        if (errno == EINTR) continue;
        breaks(b, "ended");
        return 0;
    }
    while (read_line(b, text)) {
        if (!strncmp(text, "OK", 2)) return strtoull(text + 2, NULL, 0);
        if (strncmp(text, "IRQ", 3) != 0) {
            breaks(b, "did not understand");
            return 0;
        }
    }
    return 0;
}

static uint64_t board_read(struct qemu_board *b, uint64_t at, unsigned size)
{
    return ask(b, "read%c %#" PRIx64 "\n", size == 8 ? 'q' : 'l', at);
}

static void board_write(struct qemu_board *b, uint64_t at, unsigned size, uint64_t value)
{
    (void)ask(b, "write%c %#" PRIx64 " %#" PRIx64 "\n", size == 8 ? 'q' : 'l', at, value);
}

uint64_t qemu_board_read(struct qemu_board *b, uint64_t offset, unsigned size)
{
    return board_read(b, SMMU + offset, size);
}

void qemu_board_write(struct qemu_board *b, uint64_t offset, unsigned size, uint64_t value)
{
    b->two_levels |= (offset & 0xffff) == STRTAB_BASE_CFG && (value >> 16 & 3) == 1;
    board_write(b, SMMU + offset, size, value);
}

/* ---- the devices ---- */

/* One DMA between a device's buffer and an address. It takes a tenth of a second of the guest's time, which
 * passes as fast as its loop runs. */
static void edu_run(struct qemu_board *b, unsigned device, uint64_t address, bool to_memory, unsigned n)
{
    uint64_t bar = BARS + (uint64_t)device * BAR_SIZE;
    board_write(b, bar + EDU_SOURCE, 8, to_memory ? EDU_BUFFER : address);
    board_write(b, bar + EDU_TARGET, 8, to_memory ? address : EDU_BUFFER);
    board_write(b, bar + EDU_COUNT, 8, n);
    board_write(b, bar + EDU_COMMAND, 8, EDU_RUN | (to_memory ? EDU_TO_MEMORY : 0));
    for (unsigned i = 0; i < ANSWER_SECONDS * 1000; i++) {
        if (!(board_read(b, bar + EDU_COMMAND, 8) & EDU_RUN) || b->broken[0]) return;
        nanosleep(&(struct timespec){.tv_nsec = i < 64 ? 250000 : 1000000}, NULL);
    }
    breaks(b, "does not end a device's DMA");
}

/* What a device's buffer holds, or gets, past the SMMU, which is off meanwhile; what it caches stays. */
static void edu_buffer(struct qemu_board *b, unsigned device, bool take, unsigned n)
{
    uint64_t cr0 = qemu_board_read(b, CR0, 4), gbpa = qemu_board_read(b, GBPA, 4);
    qemu_board_write(b, GBPA, 4, 0);
    qemu_board_write(b, CR0, 4, 0);
    edu_run(b, device, QEMU_BOARD_RAM + MAILBOX, take, n);
    qemu_board_write(b, GBPA, 4, gbpa);
    qemu_board_write(b, CR0, 4, cr0);
}

int qemu_board_device(uint32_t sid)
{
    return sid >= FIRST_STREAM && sid < FIRST_STREAM + DEVICES ? (int)(sid - FIRST_STREAM) : -1;
}

void qemu_board_dma(struct qemu_board *b, unsigned device, uint64_t iova, bool write, void *bytes, unsigned n)
{
    BUG_ON(device >= DEVICES || !n || n > QEMU_BOARD_DMA);
    if (write) {
        memcpy(b->ram + MAILBOX, bytes, n);
        edu_buffer(b, device, false, n);
    }
    edu_run(b, device, iova, write, n);
    if (write) return;
    edu_buffer(b, device, true, n);
    memcpy(bytes, b->ram + MAILBOX, n);
}

static void start_devices(struct qemu_board *b)
{
    for (unsigned i = 0; i < DEVICES; i++) {
        uint64_t config = ECAM + ((uint64_t)(FIRST_STREAM + i) << 12);
        board_write(b, config + CONFIG_BAR0, 4, BARS + (uint64_t)i * BAR_SIZE);
        board_write(b, config + CONFIG_COMMAND, 4, 6);
    }
}

/* ---- starting and ending ---- */

static void child_main(int in, int out, int ram, pid_t parent)
{
    static const char *const options[] = {
        PROGRAM, "-nodefaults", "-display", "none", "-machine",
        "virt,iommu=smmuv3,highmem=off,gic-version=2,memory-backend=ram", "-cpu", "cortex-a57", "-m", "256",
        "-object", "memory-backend-file,id=ram,size=256M,mem-path=/proc/self/fd/3,share=on",
        /* an instruction takes 128 ns of the guest's time: DMA ends soon */
        "-accel", "tcg", "-icount", "shift=7", "-qtest", "stdio", "-qtest-log", "/dev/null"};
    const char *argv[ARRAY_LEN(options) + 2 * DEVICES + 3];
    char loader[64], devices[DEVICES][80];
    unsigned n = 0;
    for (; n < ARRAY_LEN(options); n++) argv[n] = options[n];
    snprintf(loader, sizeof(loader), "loader,addr=%#llx,cpu-num=0", QEMU_BOARD_RAM + LOOP_AT);
    argv[n++] = "-device";
    argv[n++] = loader;
    for (unsigned i = 0; i < DEVICES; i++) {
        unsigned sid = FIRST_STREAM + i;
        snprintf(devices[i], sizeof(devices[i]),
                 "edu,addr=%x.%x,multifunction=on,dma_mask=0xffffffffffffffff", sid >> 3, sid & 7);
        argv[n++] = "-device";
        argv[n++] = devices[i];
    }
    argv[n] = NULL;
    sigset_t none;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
    setsid();
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    int fds[] = {in, out, open("/dev/null", O_WRONLY), ram};
    for (unsigned i = 0; i < ARRAY_LEN(fds); i++) fds[i] = fcntl(fds[i], F_DUPFD, 16);
    for (int i = 0; i < (int)ARRAY_LEN(fds); i++)
        if (dup2(fds[i], i) < 0) _exit(127);
    close_range(ARRAY_LEN(fds), ~0u, 0);
    execvp(PROGRAM, (char *const *)(uintptr_t)argv);
    _exit(127);
}

static bool start(struct qemu_board *b)
{
    int in[2], out[2];
    if (pipe2(in, O_CLOEXEC)) return false;
    if (pipe2(out, O_CLOEXEC)) {
        close(in[0]);
        close(in[1]);
        return false;
    }
    pid_t parent = getpid();
    b->pid = fork();
    if (b->pid == 0) child_main(in[0], out[1], b->fd, parent);
    close(in[0]);
    close(out[1]);
    b->to = in[1];
    b->from = out[0];
    return b->pid > 0;
}

struct qemu_board *qemu_board_open(const char **why)
{
    static char reason[LINE];
    struct qemu_board *b = xcalloc(1, sizeof(*b));
    b->to = b->from = -1;
    b->fd = memfd_create("lockstep-board", MFD_CLOEXEC);
    b->ram = MAP_FAILED;
    if (b->fd >= 0 && !ftruncate(b->fd, QEMU_BOARD_RAM_SIZE))
        b->ram = mmap(NULL, QEMU_BOARD_RAM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, b->fd, 0);
    if (b->ram == MAP_FAILED) {
        b->ram = NULL;
        breaks(b, "cannot get memory for its guest");
    } else {
        memcpy(b->ram + LOOP_AT, &(uint32_t){LOOP}, 4);
        if (!start(b)) breaks(b, "cannot be started");
    }
    if (!b->broken[0]) (void)board_read(b, SMMU, 4);
    if (b->broken[0]) {
        snprintf(reason, sizeof(reason), "%s", b->broken);
        qemu_board_close(b);
        *why = reason;
        return NULL;
    }
    start_devices(b);
    qemu_board_reset(b);
    return b;
}

static void stop(struct qemu_board *b)
{
    if (b->pid > 0) {
        kill(b->pid, SIGKILL);
        while (waitpid(b->pid, NULL, 0) < 0 && errno == EINTR) continue;
    }
    if (b->to >= 0) close(b->to);
    if (b->from >= 0) close(b->from);
}

/* Another process with the same memory. */
static void restart(struct qemu_board *b)
{
    stop(b);
    b->to = b->from = -1;
    b->have = 0;
    b->two_levels = false;
    if (!start(b)) breaks(b, "cannot be started");
    start_devices(b);
}

void qemu_board_close(struct qemu_board *b)
{
    if (!b) return;
    stop(b);
    if (b->ram) munmap(b->ram, QEMU_BOARD_RAM_SIZE);
    if (b->fd >= 0) close(b->fd);
    free(b);
}

/* n commands, from a queue of our own. */
static void run_commands(struct qemu_board *b, const uint64_t (*commands)[2], unsigned n)
{
    memcpy(b->ram + QUEUE, commands, n * sizeof(*commands));
    qemu_board_write(b, CMDQ_BASE, 8, (QEMU_BOARD_RAM + QUEUE) | 4);
    qemu_board_write(b, CMDQ_PROD, 4, 0);
    qemu_board_write(b, CMDQ_CONS, 4, 0);
    qemu_board_write(b, CR0, 4, 8);
    qemu_board_write(b, CMDQ_PROD, 4, n);
    qemu_board_write(b, CR0, 4, 0);
}

/* GERROR toggles with each error and cannot be written: after an odd number of command errors it takes one
 * more. */
static void even_errors(struct qemu_board *b)
{
    static const uint64_t illegal[][2] = {{0xff, 0}};
    qemu_board_write(b, GERRORN, 4, qemu_board_read(b, GERROR, 4));
    if (!(qemu_board_read(b, GERROR, 4) & 1)) return;
    run_commands(b, illegal, 1);
    qemu_board_write(b, GERRORN, 4, qemu_board_read(b, GERROR, 4));
}

/* What is cached goes by commands. */
static void forget_all(struct qemu_board *b)
{
    static const uint64_t commands[][2] = {
        {0x04, 31}, {0x30, 0}, {0x46, 0}}; /* CFGI_ALL, TLBI_NSNH_ALL, SYNC */
    run_commands(b, commands, ARRAY_LEN(commands));
}

void qemu_board_reset(struct qemu_board *b)
{
    static const struct {
        uint32_t offset; /* of the register */
        unsigned size;   /* its bytes */
    } zeroes[] = {{IRQ_CTRL, 4},  {STRTAB_BASE, 8}, {STRTAB_BASE_CFG, 4}, {CMDQ_BASE, 8},  {CMDQ_PROD, 4},
                  {CMDQ_CONS, 4}, {EVENTQ_BASE, 8}, {EVENTQ_PROD, 4},     {EVENTQ_CONS, 4}};
    /* errors stay in GERROR; those of commands are few enough to make them even */
    if (b->two_levels || qemu_board_read(b, GERROR, 4) & ~1u) restart(b);
    qemu_board_write(b, CR0, 4, 0);
    even_errors(b);
    forget_all(b);
    for (unsigned i = 0; i < ARRAY_LEN(zeroes); i++) qemu_board_write(b, zeroes[i].offset, zeroes[i].size, 0);
    if (fallocate(b->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, LOOP_AT)) memset(b->ram, 0, LOOP_AT);
}

const char *qemu_board_version(void)
{
    static char version[LINE];
    FILE *f = version[0] ? NULL : popen(PROGRAM " --version 2>/dev/null", "re");
    if (!f) return version;
    if (fgets(version, sizeof(version), f)) {
        char *from = strstr(version, "version ");
        if (from) memmove(version, from + 8, strlen(from + 8) + 1);
        version[strcspn(version, "\n")] = 0;
    }
    pclose(f);
    return version;
}
