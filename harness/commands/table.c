/* Every option and every command: a row each. */
#include "harness/commands/table.h"

enum { CMD_CASES = CMD_RUN | CMD_REPRO | CMD_SHRINK };

#define FIELD(f) offsetof(struct options, f)

const struct option_row option_rows[OPTIONS] = {
    [OPT_BACKEND] = {"backend", 'b', "BACKEND", TYPE_LIST, FIELD(backends), CMD_CASES, 0, 0, NULL,
                     "what to test (repeat, or separate by commas); default: all that are no oracle"},
    [OPT_ORACLE] = {"oracle", 'O', "ORACLE", TYPE_LIST, FIELD(oracles), CMD_CASES, 0, 0, NULL,
                    "what to hold it against; 'none' for nothing; default: all that run here"},
    [OPT_FILTER] = {"filter", 'f', "GLOB", TYPE_TEXTS, FIELD(filters), CMD_RUN | CMD_LIST | CMD_PACK, 0, 0,
                    NULL, "only cases whose id matches (repeat for more)"},
    [OPT_SEED] = {"seed", 's', "N", TYPE_NUMBER, FIELD(seed), CMD_CASES | CMD_GEN | CMD_LIST | CMD_PACK, 0, 0,
                  "0", "other generated cases than with other seeds"},
    [OPT_JOBS] = {"jobs", 'j', "N", TYPE_NUMBER, FIELD(jobs), CMD_RUN, 0, 1024, "0",
                  "worker processes; default: one for each processor"},
    [OPT_SHARD] = {"shard", 0, "I/N", TYPE_SHARD, 0, CMD_RUN, 0, 0, NULL,
                   "only part I (from 1) of N disjoint parts"},
    [OPT_TIMEOUT] = {"timeout", 0, "SECONDS", TYPE_SECONDS, FIELD(timeout), CMD_CASES, 0, 0, "10",
                     "a case that takes longer has failed; 0: never"},
    [OPT_REPORT] = {"report", 'r', "KIND=FILE", TYPE_TEXTS, FIELD(reports), CMD_RUN | CMD_MERGE, 0, 0, NULL,
                    "write a report ('lockstep list reports' has the kinds); repeat for more"},
    [OPT_QUIRKS] =
        {"quirks", 0, "DIR", TYPE_TEXT, FIELD(quirks), CMD_CASES | CMD_LIST, 0, 0, NULL,
         "known errors of oracles, waivers, expected failures; 'none' for none; default: corpora/quirks"},
    [OPT_TODAY] = {"today", 0, "DAY", TYPE_TEXT, FIELD(today), CMD_CASES | CMD_LIST, 0, 0, NULL,
                   "the day (YYYY-MM-DD) by which waivers end; default: SOURCE_DATE_EPOCH, else the clock's"},
    [OPT_SHOW] = {"max-failures-shown", 0, "N", TYPE_NUMBER, FIELD(show), CMD_RUN | CMD_MERGE, 0, 0, "20",
                  "failures printed in full; reports have all of them"},
    [OPT_MAX_TIMEOUTS] = {"max-timeouts", 0, "N", TYPE_NUMBER, FIELD(max_timeouts), CMD_RUN, 0, 0, "100",
                          "give up after so many cases timed out; 0: never"},
    [OPT_MEMORY] =
        {"memory", 0, "BYTES", TYPE_SIZE, FIELD(memory), CMD_CASES, 0, 0, "4G",
         "what a worker may allocate (K, M, G may follow): a case that wants more has failed; 0: any"},
    [OPT_QUIET] = {"quiet", 'q', NULL, TYPE_FLAG, FIELD(quiet), CMD_RUN | CMD_COVER | CMD_MERGE, 0, 0, NULL,
                   "no progress, no tables, and of each failure only its id"},
    [OPT_VERBOSE] = {"verbose", 'v', NULL, TYPE_FLAG, FIELD(verbose),
                     CMD_RUN | CMD_LIST | CMD_COVER | CMD_MERGE, 0, 0, NULL,
                     "say more about what is going on"},
    [OPT_ROWS] = {"rows", 0, "GLOB", TYPE_TEXT, FIELD(rows), CMD_GEN, 0, 0, "*", "ids of instruction rows"},
    [OPT_COUNT] = {"count", 'n', "N", TYPE_NUMBER, FIELD(count), CMD_GEN, 1, 1000000, "10",
                   "cases for each row, or sequences"},
    [OPT_UNTIL] = {"until", 0, "count|full", TYPE_CHOICE, FIELD(until), CMD_GEN, 0, 0, "count",
                   "count; full: until bins are, of each row, or of sequences, at most --count (40000)"},
    [OPT_BINS] =
        {"bins", 0, NULL, TYPE_FLAG, FIELD(bins), CMD_GEN, 0, 0, NULL,
         "write no cases: say how many fill the bins of each row, or of sequences, and which stay open"},
    [OPT_VALUES] = {"values", 0, "all|corners|random", TYPE_CHOICE, FIELD(values), CMD_GEN, 0, 0, "all",
                    "operand values"},
    [OPT_KIND] = {"kind", 0, "instruction|sequence", TYPE_CHOICE, FIELD(kind), CMD_GEN, 0, 0, "instruction",
                  "instruction: cases of each row; sequence: cases of many instructions"},
    [OPT_OUTPUT] = {"output", 'o', "FILE", TYPE_TEXT, FIELD(output), CMD_GEN | CMD_SHRINK, 0, 0, NULL,
                    "where the corpus goes; shrink: a case more in it"},
    [OPT_PACKED] = {"output", 'o', "DIR", TYPE_TEXT, FIELD(output), CMD_PACK, 0, 0, NULL,
                    "the folder that the packed corpus is to be"},
    [OPT_BINARY] = {"binary", 0, NULL, TYPE_FLAG, FIELD(binary), CMD_GEN, 0, 0, NULL,
                    "write a packed corpus, which reads fast and stays small; -o names its folder"},
    [OPT_FILE] = {"file", 0, "PROGRAM", TYPE_TEXT, FIELD(file), CMD_EXPLAIN, 0, 0, NULL,
                  "the block at --at of this program, instead of CODE"},
    [OPT_AT] = {"at", 0, "WHERE", TYPE_TEXT, FIELD(at), CMD_EXPLAIN, 0, 0, NULL,
                "of --file: an address, or SYMBOL, or SYMBOL+N; default: the program's entry"},
    [OPT_RUNNER] = {"backend", 'b', "BACKEND", TYPE_TEXT, FIELD(runner), CMD_EXEC, 0, 0, "auto",
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
    [OPT_BENCH] = {"bench", 0, "FILE", TYPE_TEXT, FIELD(bench), CMD_RUN | CMD_MERGE, 0, 0, NULL,
                   "what benchmarks measured (Google Benchmark's JSON), for the html report"},
    [OPT_BEFORE] =
        {"before", 0, "FILE", TYPE_TEXTS, FIELD(before), CMD_RUN | CMD_MERGE, 0, 0, NULL,
         "an earlier run's record, or such JSON of earlier days (a folder of it), for the html report"},
    [OPT_ORDER] = {"order", 0, "ORDER", TYPE_TEXT, FIELD(order), CMD_RUN, 0, 0, "first-failed",
                   "first-failed: cases that failed or took long last time run first; plain: they do not"},
    [OPT_HISTORY] = {"history", 0, "FILE", TYPE_TEXT, FIELD(history), CMD_RUN, 0, 0, NULL,
                     "what remembers those; 'none' for nothing; default: a file below ~/.cache/lockstep"},
    [OPT_PIN] = {"pin", 0, NULL, TYPE_FLAG, FIELD(pin), CMD_CODEGEN, 0, 0, NULL,
                 "what the JIT emits now is what it shall emit"},
    [OPT_WHY] = {"why", 0, "REASON", TYPE_TEXT, FIELD(why), CMD_CODEGEN, 0, 0, NULL,
                 "with --pin: of what grew; it is kept beside the numbers"},
    [OPT_PINS] = {"pins", 0, "DIR", TYPE_TEXT, FIELD(pins), CMD_CODEGEN, 0, 0, NULL,
                  "where the pins are; default: bench/codegen"},
    [OPT_BENCH_FILTER] = {"filter", 'f', "GLOB", TYPE_TEXTS, FIELD(filters), CMD_COMPARE, 0, 0, NULL,
                          "only benchmarks whose name matches (repeat for more)"},
    [OPT_PAIRS] = {"pairs", 0, "N", TYPE_NUMBER, FIELD(pairs), CMD_COMPARE, 6, 33, "16",
                   "of processes, one of each side; where noise hides the difference, three times as many"},
    [OPT_MIN_TIME] = {"min-time", 0, "SECONDS", TYPE_SECONDS, FIELD(min_time), CMD_BENCH, 0, 3600, "0.5",
                      "that a benchmark runs, at least"},
    [OPT_FIGURES] = {"output", 'o', "FILE", TYPE_TEXT, FIELD(output), CMD_BENCH, 0, 0, NULL,
                     "where the figures go; default: build/bench/bench.json"},
    [OPT_BENCH_VERBOSE] = {"verbose", 'v', NULL, TYPE_FLAG, FIELD(verbose), CMD_COMPARE, 0, 0, NULL,
                           "of recorded figures, name also what did not change"},
    [OPT_LEAST] = {"least", 0, "PERCENT", TYPE_PERCENT, FIELD(least), CMD_COMPARE, 0, 100, "1.5",
                   "smaller changes do not matter"},
    [OPT_PLANT] = {"plant", 0, "PERCENT", TYPE_NUMBER, FIELD(plant), CMD_COMPARE, 0, 100, "0",
                   "NEW does so much work more, to see whether it is found"},
    [OPT_SELFTEST] = {"selftest", 0, NULL, TYPE_FLAG, FIELD(selftest), CMD_COMPARE, 0, 0, NULL,
                      "how often it is wrong here: OLD against OLD, and with 3 % planted"},
    [OPT_BENCH_SEED] = {"seed", 0, "N", TYPE_NUMBER, FIELD(seed), CMD_COMPARE, 0, 0, "0",
                        "of the resampling behind the intervals"},
    [OPT_BENCH_QUIET] = {"quiet", 'q', NULL, TYPE_FLAG, FIELD(quiet), CMD_COMPARE, 0, 0, NULL, "no progress"},
    [OPT_HELP] = {"help", 'h', NULL, TYPE_FLAG, FIELD(help), ~0u, 0, 0, NULL, "this text"},
};

const struct command commands[] = {
    {"run", CMD_RUN, "[PATH...]", 0, ~0u, false, "run plans or corpora",
     "Runs every case of the corpora (files, or folders of them) on each backend and holds the results\n"
     "against the manual's word where a case has it, and against each oracle. Without PATH, the plan\n"
     "corpora/default.yaml.\n"
     "Exit status: 0 all passed, 1 some failed, 2 bad usage or input, 3 the harness could not do its\n"
     "work, 4 nothing selected. SIGUSR1: it says on stderr what each worker is at. Without --shard,\n"
     "TEST_TOTAL_SHARDS and TEST_SHARD_INDEX (from 0) of the environment do the same.\n",
     "  lockstep run\n"
     "  lockstep run corpora/riscv64/m.yaml --backend interp,jit --report junit=m.xml\n"
     "  lockstep run --shard 2/4 --report record=2.rec\n"
     "  lockstep run --resume 2.rec --report record=2.rec\n"
     "  lockstep run --report html=page.html --bench build/bench/bench.json --before last.rec\n"
     "  lockstep run --report html=page.html --bench history/$(git rev-parse HEAD).json --before history\n",
     cmd_run},
    {"repro", CMD_REPRO, "ID [PATH...]", 1, ~0u, false, "run one case and show everything",
     "Runs the case of this id and shows its row, its state before, and what each backend made of it.\n",
     "  lockstep repro riscv64/m/div-to-zero\n"
     "  lockstep repro riscv64/generated/rv.fadd.d/17 --backend jit\n",
     cmd_repro},
    {"shrink", CMD_SHRINK, "ID [PATH...]", 1, ~0u, false, "find the smallest case that fails the same way",
     "Takes instructions, registers and memory away from the case of this id and makes what is left\n"
     "simpler, as long as the same instruction goes wrong in the same way, and writes it as a corpus.\n"
     "Crashes and hangs too.\n"
     "Exit status: 0 it was written, 4 the case does not fail.\n",
     "  lockstep shrink riscv64/generated/rv.fadd.d/17 --output corpora/riscv64/found.yaml\n", cmd_shrink},
    {"explain", CMD_EXPLAIN, "ISA [CODE...]", 1, ~0u, false, "show what an instruction is, does and becomes",
     "CODE is assembly text ('add a0, a1, a2') or hex: bytes in memory order ('33 85 c5 00') or a\n"
     "number as manuals print it ('0x00c58533'). Each instruction's row is shown, then what the JIT\n"
     "makes of them: IR, the same after the passes, host code. With --file the same for the block at\n"
     "--at of a program.\n",
     "  lockstep explain riscv64 'add a0, a1, a2'\n"
     "  lockstep explain riscv64 0x00c58533\n"
     "  lockstep explain riscv64 --file a.out --at main\n",
     cmd_explain},
    {"list", CMD_LIST, "WHAT [NAME...]", 1, ~0u, false, "list what there is",
     "WHAT is one of\n"
     "  isas                 guests\n"
     "  backends             ways to run them, and whether they can here\n"
     "  rows ISA [GLOB]      instructions, with encoding and status; what other kinds of cases are\n"
     "                       about has rows, too\n"
     "  extensions ISA       with how many of their instructions are done\n"
     "  registers ISA        registers\n"
     "  csrs ISA             control and status registers\n"
     "  cases PATH...        ids of the cases of corpora\n"
     "  quirks               known errors of oracles, waivers and expected failures; -v: why\n"
     "  reports              kinds of reports, for --report KIND=FILE\n"
     "  schema [NAME]        JSON Schema of a file format: corpus, packed, plan, quirks, thresholds,\n"
     "                       unreachable, mutants, codegen, benchmarks\n"
     "  commands             what lockstep can do\n"
     "  kinds                kinds of cases, and what they are about\n",
     "  lockstep list rows riscv64 'rv.f*'\n"
     "  lockstep list cases corpora/riscv64 --filter '*div*'\n"
     "  lockstep list schema quirks\n",
     cmd_list},
    {"gen", CMD_GEN, "ISA", 1, 1, false, "write generated cases as a corpus",
     "Writes cases as `generate:` makes them, spelled out, so that they can be kept, edited and run.\n",
     "  lockstep gen riscv64 --rows 'rv.div*' --until full --output div.yaml\n"
     "  lockstep gen riscv64 --kind sequence --count 100 --seed 7\n"
     "  lockstep gen riscv64 --count 28000 --binary --output build/big\n",
     cmd_gen},
    {"pack", CMD_PACK, "PATH...", 1, ~0u, false, "pack corpora, to run them fast",
     "Writes all cases of the corpora (files, or folders of them) as records of bytes with a manifest,\n"
     "into a folder that can be named wherever a corpus can: the same cases with the same ids.\n",
     "  lockstep pack corpora/riscv64 --output build/packed\n"
     "  lockstep run build/packed\n",
     cmd_pack},
    {"cover", CMD_COVER, "FILE... [ROW...]", 1, ~0u, false, "show what was executed, and who checked it",
     "FILE is a report of 'lockstep run --report cover=FILE'; several are added up. An lcov .info file\n"
     "of C code may stand beside them. ROW is a pattern of row ids, or ext: and a pattern of\n"
     "extensions; default: all rows.\n"
     "Exit status 1: a row was not executed on every backend, or not checked by an oracle or the\n"
     "manual; or less than the thresholds want was covered.\n",
     "  lockstep cover build/report/cover.jsonl\n"
     "  lockstep cover --holes build/report/cover.jsonl ext:Zfa\n"
     "  lockstep cover --lcov isa.info build/report/cover.jsonl\n",
     cmd_cover},
    {"merge", CMD_MERGE, "FILE...", 1, ~0u, false, "join the shards of a run",
     "FILE is the record ('lockstep run --shard I/N --report record=FILE') of each shard of one run.\n"
     "The reports are those of a run without --shard, and so is the exit status; 2: a shard is\n"
     "missing, incomplete, there twice, or of another run.\n",
     "  lockstep merge 1.rec 2.rec 3.rec 4.rec --report junit=all.xml\n", cmd_merge},
    {"codegen", CMD_CODEGEN, "[ISA...]", 0, ~0u, false,
     "compare the host code of each row with what is pinned",
     "Counts the host instructions and bytes that the JIT emits for each instruction row, which no\n"
     "clock and no noise can change, and compares them with bench/codegen/ISA.yaml.\n"
     "Exit status 1: something is larger or smaller, or a row has no pin; 3: it was interrupted.\n",
     "  lockstep codegen\n"
     "  lockstep codegen --pin --why 'checks the tag, too'\n",
     cmd_codegen},
    {"bench", CMD_BENCH, "[FILTER...]", 0, ~0u, false, "run the benchmarks and record their figures",
     "FILTER is a pattern of names in bench/*.yaml; default: the usual ones, which take some minutes. A "
     "table\n"
     "appears as it goes; the figures are Google Benchmark's JSON, with the machine, its load, the commit\n"
     "and warnings about noise in it. Exit status: 0, 1 a benchmark fails, 2 bad usage, 3 they\n"
     "cannot be run or were interrupted, 4 none matches.\n",
     "  lockstep bench 'jit/*' 'translate/*'\n"
     "  lockstep bench --output history/$(git rev-parse HEAD).json\n",
     cmd_bench},
    {"compare", CMD_COMPARE, "OLD NEW | FILE.json...", 1, ~0u, false, "tell whether NEW is slower than OLD",
     "OLD and NEW are builds (folders with lockstep-bench in them or in build/rel there) or commits, which "
     "are\n"
     "built in build/compare. A process of each works in turn (A B, B A) for some milliseconds, and CPU\n"
     "time counts; then two others. A change is reported when the pairs' signed ranks say so at 5 % of\n"
     "false discoveries among all benchmarks, it matters, and others find it again.\n"
     "Of files that lockstep bench recorded, in the order of their commits, it tells for each machine at\n"
     "which commit a benchmark became slower or faster (E-divisive), from eight files on.\n"
     "Exit status: 0 nothing is slower, 1 something is, fails or is gone, 2 bad usage, 3 a build does not\n"
     "start, or it was interrupted, 4 no benchmark matches.\n",
     "  lockstep compare HEAD~1 build/rel\n"
     "  lockstep compare v1.0 HEAD --filter 'jit/*' --pairs 32\n",
     cmd_compare},
    {"exec", CMD_EXEC, "PROGRAM [ARG...]", 1, ~0u, true, "run a Linux program of a guest ISA",
     "Runs an ELF program, static or with shared libraries, with this machine's files, terminal and\n"
     "kernel. PROGRAM is a path (PATH is not searched); options stand before it, and all that follows\n"
     "is the program's. Its exit status is this one's, and a signal that kills it kills this process.\n"
     "Else: 127 there is no such program (or its dynamic linker), 126 it cannot be run, 125 lockstep\n"
     "cannot go on, 124 --limit, 2 bad usage.\n",
     "  lockstep exec -L /usr/riscv64-linux-gnu ./a.out --its-own-option\n"
     "  lockstep exec --gdb 1234 ./a.out\n",
     cmd_exec},
    {"manual", CMD_MANUAL, "[COMMAND]", 0, 1, false, "print a manual page",
     "Prints lockstep(1), or the page of a command, for man(1). 'make install' installs all of them.\n",
     "  lockstep manual run | man -l -\n", cmd_manual},
    {"completion", CMD_COMPLETION, "bash|zsh", 1, 1, false,
     "print what a shell needs to complete lockstep's words",
     "'make install' installs both where the shells look.\n", "  source <(lockstep completion bash)\n",
     cmd_completion},
    {0},
};

const struct variable variables[] = {
    {"NO_COLOR", "no colours, also on a terminal"},
    {"TERM", "of 'run': dumb means plain lines of progress"},
    {"TEST_TOTAL_SHARDS", "of 'run' without --shard: how many parts there are"},
    {"TEST_SHARD_INDEX", "likewise: which of them to run, from 0"},
    {"TEST_SHARD_STATUS_FILE", "likewise: touched, so that whoever set them knows that they were understood"},
    {0},
};

const char program_summary[] = "runs the same instructions on several machines and tells who is wrong";
const char program_text[] =
    "Cases of instructions, written as YAML or generated, are run on each backend of lockstep's engine (an "
    "interpreter, a just-in-time compiler) and held against what the architecture's manual says and against "
    "machines that others wrote. What was executed, who checked it, and which smallest case fails are "
    "reported.\n";
