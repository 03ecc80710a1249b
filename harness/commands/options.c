/* The command line: one table of options and one of commands, from which parsing, help and suggestions come.
 */
#include "harness/commands/program.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CMD_CASES = CMD_RUN | CMD_REPRO | CMD_SHRINK };

/* How a value is read; the field at `offset` has the type in the comment. */
enum option_type {
    TYPE_FLAG,    /* bool; takes no value */
    TYPE_TEXT,    /* const char * */
    TYPE_LIST,    /* struct text_list; commas separate, repeating adds */
    TYPE_TEXTS,   /* struct text_list; repeating adds */
    TYPE_NUMBER,  /* uint64_t */
    TYPE_SIZE,    /* uint64_t; K, M or G may follow */
    TYPE_SECONDS, /* double */
    TYPE_SHARD,   /* shard and nshards */
};

struct option_row {
    const char *name;      /* without the dashes */
    char letter;           /* short form, or 0 */
    const char *arg;       /* what the value is called, or NULL */
    enum option_type type; /* how it is read */
    size_t offset;         /* of its field in struct options */
    unsigned commands;     /* enum command_id bits */
    uint64_t min, max;     /* TYPE_NUMBER: bounds; max 0: none */
    const char *initial;   /* value when it is not given, or NULL */
    const char *help;      /* one line */
};

#define FIELD(f) offsetof(struct options, f)

static const struct option_row option_rows[OPTIONS] = {
    [OPT_BACKEND] = {"backend", 'b', "NAME", TYPE_LIST, FIELD(backends), CMD_CASES, 0, 0, NULL,
                     "what to test (repeat, or separate by commas); default: interp"},
    [OPT_ORACLE] = {"oracle", 'O', "NAME", TYPE_LIST, FIELD(oracles), CMD_CASES, 0, 0, NULL,
                    "what to hold it against; 'none' for nothing; default: all that run here"},
    [OPT_FILTER] = {"filter", 'f', "GLOB", TYPE_TEXTS, FIELD(filters), CMD_RUN | CMD_LIST, 0, 0, NULL,
                    "only cases whose id matches (repeat for more)"},
    [OPT_SEED] = {"seed", 's', "N", TYPE_NUMBER, FIELD(seed), CMD_CASES | CMD_GEN | CMD_LIST, 0, 0, "0",
                  "other generated cases than with other seeds"},
    [OPT_JOBS] = {"jobs", 'j', "N", TYPE_NUMBER, FIELD(jobs), CMD_RUN, 0, 1024, "0",
                  "worker processes; default: one for each processor"},
    [OPT_SHARD] = {"shard", 0, "I/N", TYPE_SHARD, 0, CMD_RUN, 0, 0, NULL,
                   "only part I (from 1) of N disjoint parts"},
    [OPT_TIMEOUT] = {"timeout", 0, "SECONDS", TYPE_SECONDS, FIELD(timeout), CMD_CASES, 0, 0, "10",
                     "a case that takes longer has failed; 0: never"},
    [OPT_REPORT] = {"report", 'r', "KIND=FILE", TYPE_TEXTS, FIELD(reports), CMD_RUN | CMD_MERGE, 0, 0, NULL,
                    "write a report (junit, jsonl, md, cover, record); repeat for more"},
    [OPT_QUIRKS] = {"quirks", 0, "DIR", TYPE_TEXT, FIELD(quirks), CMD_CASES, 0, 0, NULL,
                    "known errors of oracles; 'none' for none; default: corpora/quirks"},
    [OPT_SHOW] = {"max-failures-shown", 0, "N", TYPE_NUMBER, FIELD(show), CMD_RUN | CMD_MERGE, 0, 0, "20",
                  "failures printed in full; reports have all of them"},
    [OPT_MAX_TIMEOUTS] = {"max-timeouts", 0, "N", TYPE_NUMBER, FIELD(max_timeouts), CMD_RUN, 0, 0, "100",
                          "give up after so many cases timed out; 0: never"},
    [OPT_QUIET] = {"quiet", 'q', NULL, TYPE_FLAG, FIELD(quiet), CMD_RUN | CMD_COVER | CMD_MERGE, 0, 0, NULL,
                   "no progress, no tables, and of each failure only its id"},
    [OPT_VERBOSE] = {"verbose", 'v', NULL, TYPE_FLAG, FIELD(verbose), CMD_RUN | CMD_LIST | CMD_COVER, 0, 0,
                     NULL, "say more about what is going on"},
    [OPT_ROWS] = {"rows", 0, "GLOB", TYPE_TEXT, FIELD(rows), CMD_GEN, 0, 0, "*", "ids of instruction rows"},
    [OPT_COUNT] = {"count", 'n', "N", TYPE_NUMBER, FIELD(count), CMD_GEN, 1, 1000000, "10",
                   "cases for each row, or sequences"},
    [OPT_UNTIL] = {"until", 0, "WHEN", TYPE_TEXT, FIELD(until), CMD_GEN, 0, 0, "count",
                   "count; full: of each row until its bins are, at most --count (40000)"},
    [OPT_BINS] = {"bins", 0, NULL, TYPE_FLAG, FIELD(bins), CMD_GEN, 0, 0, NULL,
                  "write no cases: say how many of each row fill its bins, and which bins stay open"},
    [OPT_VALUES] = {"values", 0, "KIND", TYPE_TEXT, FIELD(values), CMD_GEN, 0, 0, "all",
                    "operand values: all, corners or random"},
    [OPT_KIND] = {"kind", 0, "KIND", TYPE_TEXT, FIELD(kind), CMD_GEN, 0, 0, "instruction",
                  "instruction: cases of each row; sequence: cases of many instructions"},
    [OPT_OUTPUT] = {"output", 'o', "FILE", TYPE_TEXT, FIELD(output), CMD_GEN | CMD_SHRINK, 0, 0, NULL,
                    "where the corpus goes; shrink: a case more in it"},
    [OPT_FILE] = {"file", 0, "PROGRAM", TYPE_TEXT, FIELD(file), CMD_EXPLAIN, 0, 0, NULL,
                  "the block at --at of this program, instead of CODE"},
    [OPT_AT] = {"at", 0, "WHERE", TYPE_TEXT, FIELD(at), CMD_EXPLAIN, 0, 0, NULL,
                "of --file: an address, or SYMBOL, or SYMBOL+N; default: the program's entry"},
    [OPT_RUNNER] = {"backend", 'b', "NAME", TYPE_TEXT, FIELD(runner), CMD_EXEC, 0, 0, "auto",
                    "what runs the program; auto: the fastest that can"},
    [OPT_PREFIX] = {"prefix", 'L', "DIR", TYPE_TEXT, FIELD(prefix), CMD_EXEC, 0, 0, NULL,
                    "where the program's absolute paths (its libraries) are looked for first"},
    [OPT_SET] = {"env", 'E', "VAR=VALUE", TYPE_TEXTS, FIELD(set), CMD_EXEC, 0, 0, NULL,
                 "set a variable of the program's environment (repeat for more)"},
    [OPT_UNSET] = {"unset", 'U', "VAR", TYPE_TEXTS, FIELD(unset), CMD_EXEC, 0, 0, NULL,
                   "leave one out of it (repeat for more)"},
    [OPT_ARGV0] = {"argv0", '0', "NAME", TYPE_TEXT, FIELD(argv0), CMD_EXEC, 0, 0, NULL,
                   "what the program is told its name is; default: PROGRAM"},
    [OPT_STACK] = {"stack-size", 's', "BYTES", TYPE_SIZE, FIELD(stack_size), CMD_EXEC, 0, 1ull << 36, "0",
                   "of its first thread (K, M, G may follow); default: the host's limit, at most 64M"},
    [OPT_LIMIT] = {"limit", 0, "N", TYPE_NUMBER, FIELD(limit), CMD_EXEC, 0, 0, "0",
                   "end it after N instructions of its first thread, with status 124"},
    [OPT_RANDOM] = {"seed", 0, "N", TYPE_NUMBER, FIELD(seed), CMD_EXEC, 0, 0, NULL,
                    "what the kernel gives at random (AT_RANDOM, getrandom) is the same in every run with N"},
    [OPT_STRACE] = {"strace", 0, NULL, TYPE_FLAG, FIELD(strace), CMD_EXEC, 0, 0, NULL,
                    "a line for each system call"},
    [OPT_GDB] = {"gdb", 0, "PORT", TYPE_TEXT, FIELD(gdb), CMD_EXEC, 0, 0, NULL,
                 "wait for gdb on this port (of 127.0.0.1, or ADDRESS:PORT), and let it lead"},
    [OPT_TRACE] = {"trace", 0, NULL, TYPE_FLAG, FIELD(trace), CMD_EXEC, 0, 0, NULL,
                   "a line for each instruction, with the registers it changed, and what function it is in"},
    [OPT_STATS] = {"stats", 0, NULL, TYPE_FLAG, FIELD(stats), CMD_EXEC, 0, 0, NULL,
                   "in the end, what was done how often, and where the time went, by tier"},
    [OPT_STATE] = {"state", 0, NULL, TYPE_FLAG, FIELD(state), CMD_EXEC, 0, 0, NULL,
                   "in the end, the first thread's registers, and a hash of each area of memory"},
    [OPT_PERF] = {"perf", 0, NULL, TYPE_FLAG, FIELD(perf), CMD_EXEC, 0, 0, NULL,
                  "tell perf what translated code is: /tmp/perf-PID.map and /tmp/jit-PID.dump"},
    [OPT_CACHE] = {"code-cache", 0, "BYTES", TYPE_SIZE, FIELD(code_cache), CMD_EXEC, 0, 1ull << 30, "0",
                   "of translated code for each thread, from 64K on; default: 64M"},
    [OPT_SLICE] = {"slice", 0, "N", TYPE_NUMBER, FIELD(slice), CMD_CASES | CMD_EXEC, 0, 1 << 30, "0",
                   "of the JIT: instructions, at least, between two looks at what is hot; default: 32768"},
    [OPT_HOT] = {"hot", 0, "N", TYPE_NUMBER, FIELD(hot), CMD_CASES | CMD_EXEC, 0, UINT32_MAX, "0",
                 "of the JIT: looks that find code before it is made a region; default: 3"},
    [OPT_PROFILE] = {"profile", 0, "FILE", TYPE_TEXT, FIELD(profile), CMD_EXEC, 0, 0, NULL,
                     "what was hot is read from it, to start warm, and written to it in the end"},
    [OPT_HOLES] = {"holes", 0, NULL, TYPE_FLAG, FIELD(holes), CMD_COVER, 0, 0, NULL,
                   "of each row, what was never executed, or executed and never checked; -v: all of it"},
    [OPT_LCOV] = {"lcov", 0, "FILE", TYPE_TEXT, FIELD(lcov), CMD_COVER, 0, 0, NULL,
                  "write an lcov .info: spec files, rows as functions, bins as branches"},
    [OPT_COBERTURA] = {"cobertura", 0, "FILE", TYPE_TEXT, FIELD(cobertura), CMD_COVER, 0, 0, NULL,
                       "write the same as Cobertura XML"},
    [OPT_MERGED] = {"output", 'o', "FILE", TYPE_TEXT, FIELD(output), CMD_COVER, 0, 0, NULL,
                    "write the reports given as one"},
    [OPT_THRESHOLDS] = {"thresholds", 0, "FILE", TYPE_TEXT, FIELD(thresholds), CMD_COVER, 0, 0, NULL,
                        "how much must be covered; 'none' for nothing; default: coverage/thresholds.yaml"},
    [OPT_RESUME] = {"resume", 0, "FILE", TYPE_TEXT, FIELD(resume), CMD_RUN, 0, 0, NULL,
                    "go on with the run whose record (--report record=FILE) this is"},
    [OPT_RERUN] = {"rerun", 0, "FILE", TYPE_TEXT, FIELD(rerun), CMD_RUN, 0, 0, NULL,
                   "only what failed, crashed, timed out or never ran in the run whose record this is"},
    [OPT_BALANCE] = {"balance", 0, "FILE", TYPE_TEXT, FIELD(balance), CMD_RUN, 0, 0, NULL,
                     "deal cases to shards so that each takes as long, by the times in this record"},
    [OPT_HELP] = {"help", 'h', NULL, TYPE_FLAG, FIELD(help), ~0u, 0, 0, NULL, "this text"},
};

static const struct command commands[] = {
    {"run", CMD_RUN, "[PATH...]", 0, ~0u, false, "run plans or corpora",
     "Runs every case of the corpora (files, or folders of them) on each backend and holds the results "
     "against the\n"
     "manual's word where a case has it, and against each oracle. Without PATH, the plan "
     "corpora/default.yaml.\n"
     "Exit status: 0 all passed, 1 some failed, 2 bad usage or input, 3 the harness could not do its work,\n"
     "4 nothing selected. SIGUSR1: it says on stderr what each worker is at. Without --shard, "
     "TEST_TOTAL_SHARDS and\n"
     "TEST_SHARD_INDEX (from 0) of the environment do the same.\n",
     cmd_run},
    {"repro", CMD_REPRO, "ID [PATH...]", 1, ~0u, false, "run one case and show everything",
     "Runs the case of this id and shows its row, its state before, and what each backend made of it.\n",
     cmd_repro},
    {"shrink", CMD_SHRINK, "ID [PATH...]", 1, ~0u, false, "find the smallest case that fails the same way",
     "Takes instructions, registers and memory away from the case of this id and makes what is left simpler, "
     "as long\n"
     "as the same instruction goes wrong in the same way, and writes it as a corpus. Crashes and hangs too.\n"
     "Exit status: 0 it was written, 4 the case does not fail.\n",
     cmd_shrink},
    {"explain", CMD_EXPLAIN, "ISA [CODE...]", 1, ~0u, false, "show what an instruction is, does and becomes",
     "CODE is assembly text ('add a0, a1, a2') or hex: bytes in memory order ('33 85 c5 00') or a number as "
     "manuals\n"
     "print it ('0x00c58533'). Each instruction's row is shown, then what the JIT makes of them: IR, the "
     "same "
     "after the\n"
     "passes, host code. With --file the same for the block at --at of a program.\n",
     cmd_explain},
    {"list", CMD_LIST, "WHAT [NAME...]", 1, ~0u, false, "list what there is",
     "WHAT is one of\n"
     "  isas                 guests\n"
     "  backends             ways to run them, and whether they can here\n"
     "  rows ISA [GLOB]      instructions, with encoding and status\n"
     "  extensions ISA       with how many of their instructions are done\n"
     "  registers ISA        registers\n"
     "  csrs ISA             control and status registers\n"
     "  cases PATH...        ids of the cases of corpora\n"
     "  schema [NAME]        JSON Schema of a file format: corpus, plan, quirks, thresholds, unreachable\n",
     cmd_list},
    {"gen", CMD_GEN, "ISA", 1, 1, false, "write generated cases as a corpus",
     "Writes cases as `generate:` makes them, spelled out, so that they can be kept, edited and run.\n",
     cmd_gen},
    {"cover", CMD_COVER, "FILE... [ROW...]", 1, ~0u, false, "show what was executed, and who checked it",
     "FILE is a report of 'lockstep run --report cover=FILE'; several are added up. An lcov .info file of C "
     "code may "
     "stand\n"
     "beside them. ROW is a pattern of row ids, or ext: and a pattern of extensions; default: all rows.\n"
     "Exit status 1: a row was not executed on every backend, or not checked by an oracle or the manual; or "
     "less\n"
     "than the thresholds want was covered.\n",
     cmd_cover},
    {"merge", CMD_MERGE, "FILE...", 1, ~0u, false, "join the shards of a run",
     "FILE is the record ('lockstep run --shard I/N --report record=FILE') of each shard of one run. The "
     "reports are "
     "those of\n"
     "a run without --shard, and so is the exit status; 2: a shard is missing, incomplete, there twice, or "
     "of another "
     "run.\n",
     cmd_merge},
    {"exec", CMD_EXEC, "PROGRAM [ARG...]", 1, ~0u, true, "run a Linux program of a guest ISA",
     "Runs an ELF program, static or with shared libraries, with this machine's files, terminal and kernel. "
     "PROGRAM is a\n"
     "path (PATH is not searched); options stand before it, and all that follows is the program's.\n"
     "Its exit status is this one's, and a signal that kills it kills this process. Else: 127 there is no "
     "such "
     "program (or\n"
     "its dynamic linker), 126 it cannot be run, 125 lockstep cannot go on, 124 --limit, 2 bad usage.\n",
     cmd_exec},
};

/* ---- saying what is wrong ---- */

int complain(struct program *p, int status, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fputs("lockstep: ", p->err);
    vfprintf(p->err, fmt, ap);
    fputc('\n', p->err);
    va_end(ap);
    return status;
}

int complain_name(struct program *p, const char *what, const char *word, const char *const *names, size_t n)
{
    const char *near = base_suggest(word, names, n);
    if (near) return complain(p, STATUS_USAGE, "unknown %s '%s'; did you mean '%s'?", what, word, near);
    struct buf all = {0};
    for (size_t i = 0; i < n; i++) buf_printf(&all, "%s%s", i ? ", " : "", names[i]);
    (void)complain(p, STATUS_USAGE, "unknown %s '%s'; there %s %s", what, word, n == 1 ? "is" : "are",
                   buf_cstr(&all));
    buf_free(&all);
    return STATUS_USAGE;
}

const struct guest *program_guest(struct program *p, const char *name)
{
    const struct guest *g = guest_find(name);
    if (g) return g;
    const char *names[16];
    size_t n = 0;
    while (n < ARRAY_LEN(names) && guest_all[n]) {
        names[n] = guest_all[n]->name;
        n++;
    }
    (void)complain_name(p, "ISA", name, names, n);
    return NULL;
}

/* ---- help ---- */

static void help_program(struct program *p)
{
    fputs("lockstep: runs the same instructions on several machines and tells who is wrong\n\n"
          "usage: lockstep COMMAND [OPTION...] [ARGUMENT...]\n\ncommands:\n",
          p->out);
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        char synopsis[64];
        snprintf(synopsis, sizeof(synopsis), "%s %s", commands[i].name, commands[i].args);
        fprintf(p->out, "  %-24s %s\n", synopsis, commands[i].summary);
    }
    fputs("\n'lockstep COMMAND --help' says more.\n", p->out);
}

static void help_command(struct program *p, const struct command *c)
{
    fprintf(p->out, "usage: lockstep %s [OPTION...] %s\n\n%s\noptions:\n", c->name, c->args, c->text);
    for (size_t i = 0; i < OPTIONS; i++) {
        const struct option_row *o = &option_rows[i];
        char form[64], letter[8] = "    ";
        if (!(o->commands & c->id)) continue;
        if (o->letter) snprintf(letter, sizeof(letter), "-%c, ", o->letter);
        snprintf(form, sizeof(form), "%s--%s%s%s", letter, o->name, o->arg ? " " : "", o->arg ? o->arg : "");
        bool has_default = o->initial && strcmp(o->initial, "0") != 0;
        fprintf(p->out, "  %-30s %s%s%s\n", form, o->help, has_default ? "; default: " : "",
                has_default ? o->initial : "");
    }
}

/* ---- values ---- */

void list_add(struct program *p, struct text_list *l, const char *text)
{
    if (l->n % 16 == 0) {
        const char **items = arena_alloc(&p->arena, (l->n + 16) * sizeof(*items));
        if (l->n) memcpy(items, l->items, l->n * sizeof(*items));
        l->items = items;
    }
    l->items[l->n++] = text;
}

static void add_commas(struct program *p, struct text_list *l, const char *text)
{
    for (;;) {
        size_t n = strcspn(text, ",");
        if (n) list_add(p, l, arena_strndup(&p->arena, text, n));
        if (!text[n]) return;
        text += n + 1;
    }
}

/* A number whose last letter may be one of `units`, each 1024 times the one before. */
static int set_scaled(struct program *p, const struct option_row *o, const char *text, const char *units,
                      uint64_t *v)
{
    bool negative;
    size_t n = strlen(text);
    const char *unit = n > 1 ? strchr(units, text[n - 1]) : NULL;
    unsigned shift = unit && *unit ? 10 * (unsigned)(unit - units + 1) : 0;
    if (!number_parse(text, n - (shift > 0), v, &negative) || negative || *v << shift >> shift != *v)
        return complain(p, STATUS_USAGE, "--%s wants a number, not '%s'", o->name, text);
    *v <<= shift;
    if (*v < o->min || (o->max && *v > o->max))
        return complain(p, STATUS_USAGE, "--%s wants a number from %llu to %llu, not '%s'", o->name,
                        (unsigned long long)o->min, (unsigned long long)o->max, text);
    return 0;
}

static int set_number(struct program *p, const struct option_row *o, const char *text, uint64_t *v)
{
    return set_scaled(p, o, text, "", v);
}

static int set_size(struct program *p, const struct option_row *o, const char *text, uint64_t *v)
{
    return set_scaled(p, o, text, "KMG", v);
}

static int set_seconds(struct program *p, const struct option_row *o, const char *text, double *v)
{
    char *end;
    *v = strtod(text, &end);
    if (end == text || *end || !isfinite(*v) || *v < 0)
        return complain(p, STATUS_USAGE, "--%s wants seconds, not '%s'", o->name, text);
    return 0;
}

static int set_shard(struct program *p, const char *text)
{
    struct options *opt = &p->opt;
    const char *slash = strchr(text, '/');
    uint64_t i = 0, n = 0;
    bool negative;
    if (!slash || !number_parse(text, (size_t)(slash - text), &i, &negative) ||
        !number_parse(slash + 1, strlen(slash + 1), &n, &negative) || i < 1 || i > n || n > 1000000)
        return complain(p, STATUS_USAGE, "--shard wants I/N with I from 1 to N, not '%s'", text);
    opt->shard = i - 1;
    opt->nshards = n;
    return 0;
}

static int set_option(struct program *p, enum option_id id, const char *text)
{
    const struct option_row *o = &option_rows[id];
    void *field = (char *)&p->opt + o->offset;
    p->opt.given |= 1ull << id;
    switch (o->type) {
    case TYPE_FLAG: *(bool *)field = true; break;
    case TYPE_TEXT: *(const char **)field = text; break;
    case TYPE_LIST: add_commas(p, field, text); break;
    case TYPE_TEXTS: list_add(p, field, text); break;
    case TYPE_NUMBER: return set_number(p, o, text, field);
    case TYPE_SIZE: return set_size(p, o, text, field);
    case TYPE_SECONDS: return set_seconds(p, o, text, field);
    case TYPE_SHARD: return set_shard(p, text);
    }
    return 0;
}

static int set_defaults(struct program *p)
{
    int status = 0;
    for (unsigned i = 0; i < OPTIONS && !status; i++)
        if (option_rows[i].initial) status = set_option(p, (enum option_id)i, option_rows[i].initial);
    p->opt.given = 0;
    return status;
}

/* ---- words ---- */

static int unknown_option(struct program *p, const struct command *c, const char *shown, const char *name)
{
    const char *names[OPTIONS];
    size_t n = 0;
    for (unsigned i = 0; i < OPTIONS; i++)
        if (option_rows[i].commands & c->id) names[n++] = option_rows[i].name;
    const char *near = strlen(name) > 1 ? base_suggest(name, names, n) : NULL;
    if (near) return complain(p, STATUS_USAGE, "unknown option '%s'; did you mean '--%s'?", shown, near);
    return complain(p, STATUS_USAGE, "unknown option '%s'; 'lockstep %s --help' lists them", shown, c->name);
}

/* The option that argv[*i] is, moving *i over a value that stands in the next word. */
static int parse_option(struct program *p, const struct command *c, int argc, const char *const *argv, int *i)
{
    const char *word = argv[*i];
    bool is_long = word[1] == '-';
    const char *name = word + 1 + is_long;
    size_t len = is_long ? strcspn(name, "=") : 1;
    const char *value = name[len] ? name + len + is_long : NULL;
    unsigned id = 0;
    for (; id < OPTIONS; id++) {
        const struct option_row *o = &option_rows[id];
        if (!(o->commands & c->id)) continue;
        if (is_long ? strlen(o->name) == len && !strncmp(o->name, name, len) : o->letter == *name) break;
    }
    char *shown = arena_strndup(&p->arena, word, (size_t)(name - word) + len);
    if (id == OPTIONS) return unknown_option(p, c, shown, shown + (name - word));
    if (option_rows[id].type == TYPE_FLAG) {
        if (value) return complain(p, STATUS_USAGE, "'%s' takes no value", shown);
    } else if (!value) {
        if (*i + 1 >= argc) return complain(p, STATUS_USAGE, "'%s' wants %s", shown, option_rows[id].arg);
        value = argv[++*i];
    }
    return set_option(p, (enum option_id)id, value);
}

static int parse_words(struct program *p, const struct command *c, int argc, const char *const *argv)
{
    bool options = true;
    int status = set_defaults(p);
    for (int i = 2; i < argc && !status; i++) {
        const char *word = argv[i];
        if (options && !strcmp(word, "--"))
            options = false;
        else if (options && word[0] == '-' && word[1])
            status = parse_option(p, c, argc, argv, &i);
        else
            list_add(p, &p->opt.args, word);
        if (c->rest && p->opt.args.n) options = false;
    }
    return status;
}

static const struct command *command_find(struct program *p, const char *name)
{
    const char *names[ARRAY_LEN(commands)];
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (!strcmp(commands[i].name, name)) return &commands[i];
        names[i] = commands[i].name;
    }
    if (*name == '-') {
        (void)complain(p, STATUS_USAGE,
                       "unknown option '%s'; a command comes first: 'lockstep --help' lists them", name);
        return NULL;
    }
    (void)complain_name(p, "command", name, names, ARRAY_LEN(names));
    return NULL;
}

/* `help`, `help COMMAND`, --help. */
static int help(struct program *p, const char *name)
{
    const struct command *c = name ? command_find(p, name) : NULL;
    if (name && !c) return STATUS_USAGE;
    if (c)
        help_command(p, c);
    else
        help_program(p);
    return STATUS_PASS;
}

static int dispatch(struct program *p, int argc, const char *const *argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    if (!*name) return complain(p, STATUS_USAGE, "no command given; 'lockstep --help' lists them");
    if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help"))
        return help(p, argc > 2 ? argv[2] : NULL);
    const struct command *c = command_find(p, name);
    if (!c) return STATUS_USAGE;
    int status = parse_words(p, c, argc, argv);
    if (status) return status;
    if (p->opt.help) return help(p, c->name);
    if (p->opt.args.n < c->min_args || p->opt.args.n > c->max_args)
        return complain(p, STATUS_USAGE, "usage: lockstep %s [OPTION...] %s", c->name, c->args);
    return c->run(p);
}

int program_main(int argc, const char *const *argv, FILE *out, FILE *err,
                 const struct backend *const *backends)
{
    struct program p = {.out = out, .err = err, .backends = backends};
    int status = dispatch(&p, argc, argv);
    if (fflush(out) && !p.out_error) p.out_error = errno;
    if (p.out_error || ferror(out)) {
        const char *why = p.out_error ? strerror(p.out_error) : "output error";
        status = complain(&p, STATUS_HARNESS, "cannot write the results: %s", why);
        clearerr(out); /* said once, here */
    }
    arena_free(&p.arena);
    return status;
}
