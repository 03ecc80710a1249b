/* A process of QEMU: the small program it runs, how it is started, and system calls in it.
 *
 * The program, assembled from the ISA's texts:
 *     start:  arguments of the mmap of the shared memory
 *     call:   a system call
 *     back:   notes its result; the signal handler of everything
 *     wait:   rt_sigreturn: takes all registers from the frame at QEMU_ASK, pc among them
 * It is held at `wait` until the next run (plugin/). A case is then a frame with its registers, and a signal
 * brings it back with a frame of its own; a system call is a frame with pc at `call`.
 */
#include "harness/oracle/qemu.h"

#include "engine/user/call.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    TICKS = 50,           /* a second: looks whether QEMU is still there */
    QEMU_GUEST_BITS = 44, /* of addresses in QEMU that may be the guest's */
};

/* ---- the program ---- */

static void assemble(const struct guest *g, const char *text, struct buf *out)
{
    struct asm_error err;
    if (!guest_asm(g, text, out, &err)) BUG("%s: %s", text, err.message);
}

/* An ELF file with one segment, which is all of the file. */
static void make_program(struct qemu_process *p, struct buf *file)
{
    const struct guest *g = p->guest;
    const struct qemu_isa *isa = p->isa;
    Elf64_Ehdr h = {
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_EXEC,
        .e_machine = (Elf64_Half)user_abi_of(g)->elf_machine,
        .e_version = EV_CURRENT,
        .e_phoff = sizeof(h),
        .e_ehsize = sizeof(h),
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = 1,
    };
    Elf64_Phdr ph = {.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = QEMU_PROGRAM, .p_align = CPU_PAGE};
    buf_add(file, &h, sizeof(h));
    buf_add(file, &ph, sizeof(ph));
    h.e_entry = QEMU_PROGRAM + file->len;
    assemble(g, isa->start, file);
    p->call = QEMU_PROGRAM + file->len;
    assemble(g, isa->call, file);
    p->back = QEMU_PROGRAM + file->len;
    assemble(g, isa->back, file);
    p->door->wait = QEMU_PROGRAM + file->len;
    assemble(g, isa->call, file);
    ph.p_filesz = ph.p_memsz = file->len;
    memcpy(file->p, &h, sizeof(h));
    memcpy(file->p + sizeof(h), &ph, sizeof(ph));
}

/* ---- starting it ---- */

/* What a start needs while it lasts. */
struct launch {
    int program, plugin, err;       /* files in memory; QEMU's messages go to the last */
    const struct qemu_model *model; /* how to start it */
    char name[32];                  /* of QEMU */
    char said[200];                 /* the first line of its messages */
};

static void child_main(const struct launch *l, int shared, pid_t parent)
{
    char base[32], path[32], plugin[48];
    const char *argv[] = {l->name, "-cpu", l->model->cpu, l->model->single, "-B", base, "-plugin",
                          plugin,  path,   NULL};
    char *env[] = {NULL}; /* QEMU takes options from there */
    sigset_t none;
    snprintf(base, sizeof(base), "%#llx", (unsigned long long)QEMU_GUEST_BASE);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", QEMU_PROGRAM_FD);
    snprintf(plugin, sizeof(plugin), "file=/proc/self/fd/%d", QEMU_PLUGIN_FD);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
    setsid(); /* what is typed at the terminal is not for it */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    int null = open("/dev/null", O_RDWR);
    int fds[] = {null, null, l->err, l->program, shared, l->plugin};
    _Static_assert(QEMU_PROGRAM_FD == 3 && QEMU_SHARED_FD == 4 && QEMU_PLUGIN_FD == 5, "places in fds");
    for (unsigned i = 0; i < ARRAY_LEN(fds); i++) fds[i] = fcntl(fds[i], F_DUPFD, 16);
    for (int i = 0; i < (int)ARRAY_LEN(fds); i++)
        if (dup2(fds[i], i) < 0) _exit(127);
    close_range(ARRAY_LEN(fds), ~0u, 0);
    execvpe(l->name, (char *const *)(uintptr_t)argv, env);
    dprintf(2, "%s: %s\n", l->name, strerror(errno));
    _exit(127);
}

static void read_said(struct launch *l)
{
    ssize_t n = l->err < 0 ? 0 : pread(l->err, l->said, sizeof(l->said) - 1, 0);
    l->said[n > 0 ? n : 0] = 0;
    l->said[strcspn(l->said, "\n")] = 0;
}

#ifndef MFD_EXEC
#define MFD_EXEC 16
#endif

/* Asks for a file that can be executed, which newer kernels may not give by themselves and older ones do not
 * know to ask for. */
static int memory_file(const char *name, const void *bytes, size_t n)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_EXEC);
    if (fd < 0) fd = memfd_create(name, MFD_CLOEXEC);
    if (fd < 0 || !n) return fd;
    if (write(fd, bytes, n) == (ssize_t)n) return fd;
    close(fd);
    return -1;
}

static bool share_memory(struct qemu_process *p)
{
    p->fd = memory_file("lockstep-shared", NULL, 0);
    if (p->fd < 0 || ftruncate(p->fd, QEMU_SIZE)) return false;
    p->shared = mmap(NULL, QEMU_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, p->fd, 0);
    if (p->shared == MAP_FAILED) p->shared = NULL;
    if (p->shared) p->door = (struct qemu_door *)(p->shared + QEMU_DOOR);
    return p->shared;
}

/* The plugin looks for instructions that call the system. */
static void name_calls(struct qemu_process *p)
{
    const struct guest *g = p->guest;
    for (unsigned i = 0; i < g->nrows; i++) {
        bool calls = false;
        for (unsigned k = 0; k < g->ncauses; k++)
            calls |= g->rows[i].raises >> k & 1 && g->causes[k].exit == EXIT_SYSCALL;
        if (!calls) continue;
        BUG_ON(p->door->ncalls == QEMU_CALLS);
        p->door->calls[p->door->ncalls].mask = g->rows[i].mask;
        p->door->calls[p->door->ncalls++].match = g->rows[i].match;
    }
}

static void futex(uint32_t *at, int op, uint32_t value, const struct timespec *limit)
{
    syscall(SYS_futex, at, op, value, limit, NULL, 0);
}

static bool ended(struct qemu_process *p)
{
    if (!p->pid) return true;
    if (waitpid(p->pid, NULL, WNOHANG) == 0) return false;
    p->pid = 0;
    return true;
}

static void end(struct qemu_process *p)
{
    if (!p->pid) return;
    kill(p->pid, SIGKILL);
    while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR) continue;
    p->pid = 0;
}

/* Until the plugin has answered. False: there is no QEMU any more. */
static bool await(struct qemu_process *p)
{
    const struct timespec tick = {.tv_nsec = 1000000000 / TICKS};
    uint32_t answered;
    for (int ticks = 0; ticks < QEMU_SECONDS * TICKS; ticks++) {
        bool over = ticks && ended(p); /* before the look at the answer, which may be its last */
        answered = __atomic_load_n(&p->door->answered, __ATOMIC_ACQUIRE);
        if (answered == p->door->asked) return true;
        p->lost = "QEMU died while it ran this case";
        if (over) return false;
        futex(&p->door->answered, FUTEX_WAIT, answered, &tick);
    }
    p->lost = "QEMU hung while it ran this case";
    end(p);
    return false;
}

bool qemu_resume(struct qemu_process *p, uint64_t budget)
{
    p->door->budget = budget;
    p->door->begun = 0;
    p->door->last = ~0ull;
    __atomic_fetch_add(&p->door->asked, 1, __ATOMIC_RELEASE);
    futex(&p->door->asked, FUTEX_WAKE, 1, NULL);
    if (!await(p)) return false;
    p->lost = NULL;
    if (p->door->refused) end(p); /* it ends itself */
    return !p->door->refused;
}

/* ---- setting it up ---- */

/* All signals that a case may raise come to `back`. A signal's frame is on the stack in the shared memory;
 * which that is, each rt_sigreturn says again. */
static bool catch_signals(struct qemu_process *p)
{
    static const int signals[] = {SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV, SIGUSR1};
    const uint64_t action[4] = {p->back,
                                SA_SIGINFO | SA_ONSTACK | SA_NODEFER}; /* no restorer, an empty mask */
    for (unsigned i = 0; i < ARRAY_LEN(signals); i++) {
        memcpy(p->shared + QEMU_SCRATCH, action, sizeof(action));
        if (qemu_call(p, "rt_sigaction",
                      (uint64_t[6]){(uint64_t)signals[i], QEMU_SHARED + QEMU_SCRATCH, 0, 8}))
            return false;
    }
    return true;
}

/* What Linux gives a program besides, its stack above all: a case could read and write it. */
static bool unmap_rest(struct qemu_process *p)
{
    char path[64], line[512];
    bool good = true;
    snprintf(path, sizeof(path), "/proc/%d/maps", (int)p->pid);
    FILE *maps = fopen(path, "re");
    while (maps && good && fgets(line, sizeof(line), maps)) {
        char *end;
        uint64_t from = strtoull(line, &end, 16) - QEMU_GUEST_BASE;
        uint64_t to = *end == '-' ? strtoull(end + 1, &end, 16) - QEMU_GUEST_BASE : from;
        bool ours = from - QEMU_PROGRAM < QEMU_SHARED + QEMU_SIZE - QEMU_PROGRAM;
        if (from >> QEMU_GUEST_BITS || ours) continue;
        good = !qemu_call(p, "munmap", (uint64_t[6]){from, to - from});
    }
    if (maps) fclose(maps);
    return maps && good;
}

static bool launch(struct qemu_process *p, const struct launch *l)
{
    pid_t self = getpid();
    if (l->program < 0 || l->plugin < 0 || l->err < 0) return false;
    p->pid = fork();
    if (!p->pid) child_main(l, p->fd, self);
    if (p->pid < 0) p->pid = 0;
    return p->pid && await(p) && catch_signals(p) && unmap_rest(p);
}

bool qemu_start(struct qemu_process *p, const struct guest *g, const struct qemu_isa *isa,
                const struct qemu_model *model, const char **why)
{
    static char sentence[256];
    struct buf program = {0};
    struct launch l = {.model = model};
    *p = (struct qemu_process){.guest = g, .isa = isa, .fd = -1};
    bool ready = share_memory(p);
    if (ready) {
        make_program(p, &program);
        name_calls(p);
        qemu_frame_init(p);
        p->door->asked = 1; /* answered when the program waits for the first time */
        l.program = memory_file("lockstep-program", program.p, program.len);
        l.plugin = memory_file("lockstep-plugin", qemu_plugin_bytes, qemu_plugin_size);
        l.err = memory_file("lockstep-messages", NULL, 0);
        snprintf(l.name, sizeof(l.name), "qemu-%s", isa->guest);
        ready = launch(p, &l);
        if (!ready) read_said(&l);
        close(l.program);
        close(l.plugin);
        close(l.err);
    }
    buf_free(&program);
    p->lost = NULL;
    if (ready) return true;
    snprintf(sentence, sizeof(sentence), "qemu-%s cannot be started: %s", isa->guest,
             *l.said ? l.said : "it does not answer");
    qemu_stop(p);
    *why = p->lost = sentence;
    return false;
}

void qemu_stop(struct qemu_process *p)
{
    end(p);
    if (p->fd >= 0) close(p->fd);
    if (p->shared) munmap(p->shared, QEMU_SIZE);
    free(p->words);
    *p = (struct qemu_process){.fd = -1};
}
