/* What figures depend on, and what spoils them. */
#include "harness/clock/measure.h"

#include <ctype.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* The first line of a file, or "". */
static void read_line(const char *path, char *line, size_t size)
{
    FILE *f = fopen(path, "re");
    line[0] = 0;
    if (f && fgets(line, (int)size, f)) line[strcspn(line, "\n")] = 0;
    if (f) fclose(f);
}

/* From /proc/cpuinfo, of the first processor: "model name : AMD EPYC". "" when there is no such line. */
static void read_cpuinfo(const char *key, char *value, size_t size)
{
    char line[4096];
    FILE *f = fopen("/proc/cpuinfo", "re");
    value[0] = 0;
    while (f && !*value && fgets(line, sizeof(line), f)) {
        char *colon = strchr(line, ':');
        if (strncmp(line, key, strlen(key)) != 0 || !colon) continue;
        line[strcspn(line, "\n")] = 0;
        snprintf(value, size, "%s", colon + 1 + (colon[1] == ' '));
    }
    if (f) fclose(f);
}

static void read_hypervisor(struct environment *e)
{
    char flags[4096], vendor[64];
    read_cpuinfo("flags", flags, sizeof(flags));
    read_line("/sys/class/dmi/id/sys_vendor", vendor, sizeof(vendor));
    bool guest = strstr(flags, " hypervisor");
    snprintf(e->hypervisor, sizeof(e->hypervisor), "%.31s", !guest ? "none" : *vendor ? vendor : "unknown");
}

static int read_turbo(void)
{
    char line[16];
    read_line("/sys/devices/system/cpu/cpufreq/boost", line, sizeof(line));
    if (*line) return *line == '1';
    read_line("/sys/devices/system/cpu/intel_pstate/no_turbo", line, sizeof(line));
    return *line ? *line == '0' : -1;
}

/* The first line that a program writes, started in a folder; "" when it fails. */
static void ask(const char *folder, const char *const *argv, char *line, size_t size)
{
    posix_spawn_file_actions_t actions;
    int ends[2], status;
    pid_t pid;
    size_t n = 0;
    line[0] = 0;
    if (pipe2(ends, O_CLOEXEC)) return;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addchdir_np(&actions, folder);
    int err = posix_spawnp(&pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    for (ssize_t got; !err && n < size - 1 && (got = read(ends[0], line + n, size - 1 - n)) > 0;)
        n += (size_t)got;
    close(ends[0]);
    line[n] = 0;
    line[strcspn(line, "\n")] = 0;
    if (!err && (waitpid(pid, &status, 0) != pid || status)) line[0] = 0;
}

static void read_commit(struct environment *e, const char *root)
{
    static const char *const head[] = {"git", "log", "-1", "--format=%H %ct", NULL};
    static const char *const changes[] = {"git", "status", "--porcelain", "--untracked-files=no", NULL};
    char line[100];
    ask(root, head, line, sizeof(line));
    char *space = strchr(line, ' ');
    if (!space) return;
    *space = 0;
    e->commit_time = strtoll(space + 1, NULL, 10);
    snprintf(e->commit, sizeof(e->commit), "%.12s", line);
    ask(root, changes, line, sizeof(line));
    if (*line) strcat(e->commit, "-dirty");
}

void environment_read(struct environment *e, const char *root)
{
    struct utsname u;
    cpu_set_t set;
    *e = (struct environment){.turbo = read_turbo()};
    read_cpuinfo("model name", e->cpu, sizeof(e->cpu));
    e->cpus = sched_getaffinity(0, sizeof(set), &set) ? 0 : (unsigned)CPU_COUNT(&set);
    read_hypervisor(e);
    read_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", e->governor, sizeof(e->governor));
    if (!uname(&u)) snprintf(e->kernel, sizeof(e->kernel), "%.79s", u.release);
#ifdef __clang__
    snprintf(e->compiler, sizeof(e->compiler), "clang %.70s", __clang_version__);
#else
    snprintf(e->compiler, sizeof(e->compiler), "gcc %.70s", __VERSION__);
#endif
    if (getloadavg(&e->load, 1) != 1) e->load = 0;
    if (root) read_commit(e, root);
}

void environment_machine(const struct environment *e, struct buf *out)
{
    buf_printf(out, "%s, %u processors, hypervisor %s, Linux %s, %s", *e->cpu ? e->cpu : "unknown processor",
               e->cpus, e->hypervisor, e->kernel, e->compiler);
}

/* So much is done by others, before anything was measured, that it shows. */
static const double busy = 0.5;

void environment_warn(const struct environment *e, struct buf *out)
{
    if (e->load > busy) buf_printf(out, "the machine is busy: its load is %.2f\n", e->load);
    if (e->cpus < 2)
        buf_str(out, "there is only one processor: whatever else runs takes from what is measured\n");
    if (e->turbo == 1) buf_str(out, "turbo is on: the processor's frequency depends on its heat\n");
    if (*e->governor && strcmp(e->governor, "performance") != 0)
        buf_printf(out, "the governor is '%s': the frequency rises only under load\n", e->governor);
    if (strcmp(e->hypervisor, "none") != 0)
        buf_printf(out, "this is a virtual machine (%s): its neighbours cannot be seen\n", e->hypervisor);
    if (strstr(e->commit, "-dirty")) buf_str(out, "files differ from the commit\n");
}

void environment_print(const struct environment *e, FILE *out)
{
    struct buf machine = {0};
    environment_machine(e, &machine);
    fprintf(out, "machine: %s\n", buf_cstr(&machine));
    fprintf(out, "governor %s, turbo %s, load %.2f, commit %s\n", *e->governor ? e->governor : "unknown",
            e->turbo < 0 ? "unknown"
            : e->turbo   ? "on"
                         : "off",
            e->load, *e->commit ? e->commit : "unknown");
    buf_reset(&machine);
    environment_warn(e, &machine);
    for (char *line = strtok(machine.p, "\n"); line; line = strtok(NULL, "\n"))
        fprintf(out, "warning: %s\n", line);
    buf_free(&machine);
    fflush(out);
}
