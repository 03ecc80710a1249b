/* The corpus and quirk formats: every key, its type and a sentence about it. What a table cannot say (a
 * register's width, which keys go together) is checked where the map is read: case.c, case_mem.c, truth.c,
 * generate.c, quirk.c.
 */
#include "harness/corpus/schema.h"

#include "harness/harness.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEYS(table) .keys = (table), .nkeys = ARRAY_LEN(table)

/* ---- scalars ---- */

const struct schema schema_version = {
    .what = "1", .accepts = SCHEMA_NUMBER, .version = true, .min = 1, .max = 1};
static const struct schema text = {.what = "text", .accepts = SCHEMA_TEXT};
static const struct schema word = {.what = "an id", .accepts = SCHEMA_TEXT, .word = true};
static const struct schema isa = {.what = "the name of an ISA", .accepts = SCHEMA_TEXT, .isa = true};
static const struct schema number = {.what = "a number", .accepts = SCHEMA_NUMBER};
static const struct schema byte = {.what = "a byte", .accepts = SCHEMA_NUMBER, .max = 0xff};
static const struct schema positive = {
    .what = "a number from 1 to 1000000", .accepts = SCHEMA_NUMBER, .min = 1, .max = 1000000};
static const struct schema code = {.what = "assembly text or hex bytes", .accepts = SCHEMA_TEXT};
static const struct schema value = {.what = "a register's value", .accepts = SCHEMA_TEXT};
static const struct schema hex = {.what = "hex bytes", .accepts = SCHEMA_TEXT};

static const struct schema numbers = {
    .what = "a number or a list of them", .accepts = SCHEMA_NUMBER | SCHEMA_LIST, .item = &number};
static const struct schema texts = {
    .what = "text or a list of it", .accepts = SCHEMA_TEXT | SCHEMA_LIST, .item = &text};

/* ---- memory ---- */

static const struct schema_key mem_keys[] = {
    {"at", &number, true, "Address of the first byte."},
    {"data", &hex, false, "The bytes, as pairs of hex digits in memory order."},
    {"u8", &numbers, false, "The bytes, as numbers."},
    {"u16", &numbers, false, "16-bit numbers, little endian."},
    {"u32", &numbers, false, "32-bit numbers, little endian."},
    {"u64", &numbers, false, "64-bit numbers, little endian."},
    {"fill", &byte, false, "One byte repeated `size` times."},
    {"size", &number, false, "Bytes to fill, or the size of the region that `perm` maps."},
    {"perm", &text, false, "Maps a region of its own with these rights: letters of rwx."},
};
static const struct schema mem_item = {.what = "a memory entry", .accepts = SCHEMA_MAP, KEYS(mem_keys)};
static const struct schema mem = {
    .what = "a list of memory entries", .accepts = SCHEMA_LIST, .item = &mem_item};

/* ---- registers before and after ---- */

static const struct schema in = {
    .what = "a map of registers to values", .accepts = SCHEMA_MAP | SCHEMA_EMPTY, .rest = &value};

static const struct schema_key exit_keys[] = {
    {"cause", &text, true, "Why it stopped: a cause of the ISA, or budget, halt, shutdown."},
    {"value", &number, false, "The faulting address, or the bits of an illegal instruction."},
};
static const struct schema exit_value = {
    .what = "a cause, or a map of cause and value", .accepts = SCHEMA_TEXT | SCHEMA_MAP, KEYS(exit_keys)};

static const char *const rest_choices[] = {"unchanged", "any", NULL};
static const struct schema rest_value = {
    .what = "'unchanged' or 'any'", .accepts = SCHEMA_TEXT, .choices = rest_choices};

static const struct schema_key out_keys[] = {
    {"exit", &exit_value, false, "How the case ends; without it, by spending its steps."},
    {"mem", &mem, false, "Bytes that memory holds afterwards."},
    {"rest", &rest_value, false,
     "What holds for everything not named here: `unchanged` (the default), or `any` for not checked."},
};
const struct schema schema_out = {.what = "a map of registers to values, exit, mem and rest",
                                  .accepts = SCHEMA_MAP | SCHEMA_EMPTY,
                                  KEYS(out_keys),
                                  .rest = &value};

/* ---- cases and templates of cases ---- */

#define CASE_KEYS                                                                                      \
    {"id", &word, true, "Unique in this file; the case is called ISA/FILE/ID."},                       \
        {"why", &text, false, "What is special about it, with the manual's section."},                 \
        {"code", &code, true, "Assembly text, or hex: '93 05 15 00' (memory order) or '0x00150593'."}, \
        {"at", &number, false, "Address of the code, 0x10000 if not given."},                          \
        {"in", &in, false, "Registers before; all others are as after reset."},                        \
        {"mem", &mem, false, "Memory before, and regions of its own."},                                \
        {"steps", &positive, false, "Instructions to execute; if not given, as many as `code` has."},  \
        {"out", &schema_out, false,                                                                    \
         "What is true afterwards, from the manual. Without it, oracles decide."},

static const struct schema_key case_keys[] = {CASE_KEYS};
const struct schema schema_case = {.what = "a case", .accepts = SCHEMA_MAP, KEYS(case_keys)};
static const struct schema cases = {.what = "a list of cases", .accepts = SCHEMA_LIST, .item = &schema_case};

static const struct schema with_map = {
    .what = "a map of names to text", .accepts = SCHEMA_MAP | SCHEMA_TEXT, .rest = &text};
static const struct schema with_list = {
    .what = "a list of values", .accepts = SCHEMA_LIST, .item = &with_map};
static const struct schema with = {
    .what = "a map of variables to lists", .accepts = SCHEMA_MAP, .rest = &with_list};

static const struct schema_key matrix_keys[] = {{"with", &with, true,
                                                 "Variables, each with a list of values: one case for every "
                                                 "combination. A value that is a map has parts, "
                                                 "`${name.part}`."},
                                                CASE_KEYS};
static const struct schema matrix_item = {
    .what = "a template of cases", .accepts = SCHEMA_MAP, KEYS(matrix_keys), .template = true};
static const struct schema matrix = {
    .what = "a list of templates", .accepts = SCHEMA_LIST, .item = &matrix_item};

/* ---- generated cases ---- */

static const char *const values_choices[] = {"all", "corners", "random", NULL};
static const struct schema values = {
    .what = "'all', 'corners' or 'random'", .accepts = SCHEMA_TEXT, .choices = values_choices};

static const char *const kind_choices[] = {"instruction", "sequence", NULL};
static const struct schema kind = {
    .what = "'instruction' or 'sequence'", .accepts = SCHEMA_TEXT, .choices = kind_choices};
static const char *const until_choices[] = {"count", "full", NULL};
static const struct schema until = {
    .what = "'count' or 'full'", .accepts = SCHEMA_TEXT, .choices = until_choices};
static const struct schema length = {
    .what = "a number from 1 to 400", .accepts = SCHEMA_NUMBER, .min = 1, .max = 400};
static const struct schema loops = {/* shapes put such a number anywhere, into five bits too */
                                    .what = "a number from 1 to 31",
                                    .accepts = SCHEMA_NUMBER,
                                    .min = 1,
                                    .max = 31};

static const struct schema_key generate_keys[] = {
    {"kind", &kind, false,
     "`instruction` (the default): cases of each row; `sequence`: cases of many instructions of these rows."},
    {"rows", &texts, true, "Ids of instruction rows, or patterns of them: rv.add, rv.c.*, ext:Zba"},
    {"values", &values, false,
     "Operand values: `corners` crossed with each other, `random`, or `all`, which is three of the first for "
     "each of the second."},
    {"count", &positive, false, "Cases for each row, or sequences; 100 if not given."},
    {"until", &until, false,
     "`full`: of each row only as many cases as fill its bins, or sequences as go through all flows; at most "
     "`count`, then 40000 if not given."},
    {"shortest", &length, false, "Sequences: the fewest instructions, 10 if not given."},
    {"longest", &length, false, "Sequences: the most instructions, 200 if not given."},
    {"loops", &loops, false, "Sequences: the most rounds of a loop, 6 if not given."},
    {"seed", &number, false, "Other seeds make other cases."},
};
static const struct schema generate_item = {
    .what = "a generator", .accepts = SCHEMA_MAP, KEYS(generate_keys)};
static const struct schema generate = {
    .what = "a list of generators", .accepts = SCHEMA_LIST, .item = &generate_item};

static const struct schema_key corpus_keys[] = {
    {"lockstep", &schema_version, true, "Version of this format: 1. Must be the first key."},
    {"kind", &text, false,
     "The kind of its cases where they are no instructions; `lockstep list kinds`. Then there is no `isa`."},
    {"isa", &isa, false, "The guest. Must come before any list of cases."},
    {"cases", &cases, false, "Cases written by hand."},
    {"matrix", &matrix, false, "Templates, each of which stands for many cases."},
    {"generate", &generate, false, "Cases made from the instruction rows."},
    {"include", &texts, false, "Corpus files that belong to this one, relative to it."},
};
const struct schema schema_corpus = {.what = "a corpus file", .accepts = SCHEMA_MAP, KEYS(corpus_keys)};

/* ---- quirks of oracles ---- */

static const struct schema boolean = {.what = "true or false", .accepts = SCHEMA_BOOL};

static const struct schema_key quirk_keys[] = {
    {"id", &word, true, "Unique among all quirks."},
    {"backend", &text, true,
     "Who is wrong: an oracle (unicorn, qemu); with `until`, a backend under test too."},
    {"versions", &text, false, "Versions it is wrong in: '<2.1.4', '>=2.0 <2.1'. All if not given."},
    {"rows", &texts, true,
     "Ids of the instruction rows, or patterns of them: rv.amo*, ext:Zba; `illegal` is code that is no "
     "instruction."},
    {"when", &text, false, "The condition under which it shows; see FORMAT.md."},
    {"mask", &texts, false, "What is not compared then: rd, rd[63:32], fflags, pc, mem, value, exit."},
    {"unsupported", &boolean, false,
     "The backend cannot run these cases at all; they are not held against it."},
    {"until", &text, false, "The last day that it counts: 2027-03-31. For ever if not given."},
    {"why", &text, true, "What the backend does and what would be right."},
    {"evidence", &text, true,
     "Where that is known from: the manual's section, its source, an upstream change."},
    {"case", &text, false, "Id of a case that shows it."},
};
static const struct schema quirk_item = {.what = "a quirk", .accepts = SCHEMA_MAP, KEYS(quirk_keys)};
static const struct schema quirks = {.what = "a list of quirks", .accepts = SCHEMA_LIST, .item = &quirk_item};
static const struct schema_key xfail_keys[] = {
    {"id", &word, true, "Unique among all quirks and expected failures."},
    {"case", &text, true, "Id of the case, or a pattern of ids: riscv64/f/fadd-*."},
    {"backend", &text, true, "Who fails: a backend under test, or an oracle."},
    {"until", &text, false, "The last day that it is expected: 2027-03-31. For ever if not given."},
    {"why", &text, true, "What is wrong, and where that is being mended."},
};
static const struct schema xfail_item = {
    .what = "an expected failure", .accepts = SCHEMA_MAP, KEYS(xfail_keys)};
static const struct schema xfails = {
    .what = "a list of expected failures", .accepts = SCHEMA_LIST, .item = &xfail_item};
static const struct schema_key quirks_keys[] = {
    {"lockstep", &schema_version, true, "Version of this format: 1. Must be the first key."},
    {"kind", &text, false,
     "The kind of case that the lists are about where they are no instructions. Then there is no `isa`."},
    {"subject", &text, false, "Of a kind whose cases are about several things: which."},
    {"isa", &isa, false, "The guest. Must come before the lists."},
    {"quirks", &quirks, false, "Known errors of oracles, and waivers."},
    {"xfail", &xfails, false, "Cases that are known to fail on one backend."},
};
const struct schema schema_quirks = {.what = "a quirk file", .accepts = SCHEMA_MAP, KEYS(quirks_keys)};

void schema_write_quirks_json(FILE *out)
{
    schema_write(&schema_quirks, "lockstep quirks", out);
}

/* ---- where editors find it ---- */

void schema_line(const char *path, const char *name, struct buf *out)
{
    const char *slash = path ? strrchr(path, '/') : NULL;
    char folder[PATH_MAX], tried[2 * PATH_MAX];
    if (!path || (size_t)(slash ? slash - path : 0) >= sizeof(tried)) return;
    snprintf(tried, sizeof(tried), "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
    if (!realpath(tried, folder)) return;
    for (unsigned up = 0;; up++) {
        snprintf(tried, sizeof(tried), "%s/build/schema/%s.json", folder, name);
        if (!access(tried, F_OK)) {
            buf_str(out, "# yaml-language-server: $schema=");
            while (up--) buf_str(out, "../");
            buf_printf(out, "build/schema/%s.json\n", name);
            return;
        }
        char *last = strrchr(folder, '/');
        if (!last || !*folder) return;
        *last = 0;
    }
}
