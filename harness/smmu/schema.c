/* What a scenario may say. */
#include "harness/smmu/scenario.h"

#define KEYS(table) .keys = (table), .nkeys = ARRAY_LEN(table)

static const struct schema text = {.what = "text", .accepts = SCHEMA_TEXT};
static const struct schema word = {.what = "an id", .accepts = SCHEMA_TEXT, .word = true};
static const struct schema number = {.what = "a number", .accepts = SCHEMA_NUMBER};
static const struct schema boolean = {.what = "true or false", .accepts = SCHEMA_BOOL};
static const struct schema hex = {.what = "hex bytes", .accepts = SCHEMA_TEXT};
static const struct schema numbers = {
    .what = "a number or a list of them", .accepts = SCHEMA_NUMBER | SCHEMA_LIST, .item = &number};
static const struct schema small_sid = {
    .what = "a stream id up to 65535", .accepts = SCHEMA_NUMBER, .max = 65535};
static const struct schema level = {.what = "a level up to 3", .accepts = SCHEMA_NUMBER, .max = 3};
static const struct schema bits = {
    .what = "a number from 16 to 52", .accepts = SCHEMA_NUMBER, .min = 16, .max = 52};
static const struct schema length = {
    .what = "a number from 1 to 64", .accepts = SCHEMA_NUMBER, .min = 1, .max = SCN_DATA};

static const struct schema ssid = {
    .what = "a substream from 1 to 4095", .accepts = SCHEMA_NUMBER, .min = 1, .max = 4095};

static const char *const granule_choices[] = {"4K", "16K", "64K", NULL};
static const struct schema granule = {
    .what = "'4K', '16K' or '64K'", .accepts = SCHEMA_TEXT, .choices = granule_choices};
static const char *const config_choices[] = {"abort", "bypass", "s1", "s2", "nested", NULL};
static const struct schema config = {
    .what = "'abort', 'bypass', 's1', 's2' or 'nested'", .accepts = SCHEMA_TEXT, .choices = config_choices};
static const char *const setup_choices[] = {"all", "none", NULL};
static const struct schema setup = {
    .what = "'all' or 'none'", .accepts = SCHEMA_TEXT, .choices = setup_choices};
static const char *const how_choices[] = {"load", "store", NULL};
static const struct schema how = {
    .what = "'load' or 'store'", .accepts = SCHEMA_TEXT, .choices = how_choices};
static const char *const end_choices[] = {"done", "aborted", "stalled", "retry", "zero", "any", NULL};
static const struct schema end = {.what = "'done', 'aborted', 'stalled', 'retry', 'zero' or 'any'",
                                  .accepts = SCHEMA_TEXT,
                                  .choices = end_choices};

static const struct schema fields = {
    .what = "a map of fields to values", .accepts = SCHEMA_MAP | SCHEMA_EMPTY, .rest = &text};
static const struct schema register_value = {
    .what = "a number, or a map of fields to values", .accepts = SCHEMA_TEXT | SCHEMA_MAP, .rest = &text};
static const struct schema registers = {
    .what = "a map of registers to values", .accepts = SCHEMA_MAP, .rest = &register_value};
static const struct schema signals = {
    .what = "a map of signals to numbers", .accepts = SCHEMA_MAP, .rest = &number};
static const struct schema counts = {
    .what = "a map of statistics to numbers", .accepts = SCHEMA_MAP, .rest = &number};

static const struct schema_key map_keys[] = {
    {"iova", &number, true, "Input address of the first byte (stage 2: the intermediate one)."},
    {"to", &number, false, "Output address; the input address if not given."},
    {"size", &text, false, "How much: 4K, 2M, a number; one page or block if not given."},
    {"perms", &text, false,
     "Letters of r, w, x, p (stage 1: privileged only), - for none of them; rw if not given."},
    {"stage", &level, false, "1 or 2; the stream's only one if not given, 1 where both are on."},
    {"level", &level, false, "Of its leaves; the largest that fit if not given."},
    {"set", &number, false, "Bits of its leaves, besides."},
    {"clear", &number, false, "Bits that its leaves do not have: 0x400 for the access flag."},
    {"table", &number, false, "Bits that the table descriptor at `level` has besides, and nothing else."},
    {"raw", &number, false, "The descriptor at `level`, as it is, and nothing else."},
    {"sid", &small_sid, false, "As a step: whose tables; the first stream's if not given."},
    {"ssid", &number, false, "Likewise: which substream's, where it has several."},
};
static const struct schema map = {.what = "a mapping", .accepts = SCHEMA_MAP, KEYS(map_keys)};
static const struct schema maps = {
    .what = "mappings", .accepts = SCHEMA_LIST | SCHEMA_MAP, KEYS(map_keys), .item = &map};

static const struct schema_key high_keys[] = {
    {"granule", &granule, false, "Of these tables; 4K if not given."},
    {"bits", &bits, false, "Of input addresses; 48 if not given."},
};
static const struct schema high = {.what = "tables", .accepts = SCHEMA_MAP | SCHEMA_EMPTY, KEYS(high_keys)};

static const struct schema_key substream_keys[] = {
    {"ssid", &ssid, true, "Which."},
    {"granule", &granule, false, "Of its tables; 4K if not given."},
    {"bits", &bits, false, "Of input addresses; 48 if not given."},
    {"high", &high, false, "It has tables for high addresses, too."},
    {"cd", &fields, false, "Fields of its context descriptor, over what the above makes."},
    {"map", &maps, false, "What its tables say."},
};
static const struct schema substream = {.what = "a substream", .accepts = SCHEMA_MAP, KEYS(substream_keys)};
static const struct schema substreams = {
    .what = "a list of substreams", .accepts = SCHEMA_LIST, .item = &substream};

static const struct schema_key descriptor_keys[] = {
    {"iova", &number, true, "Input address."},
    {"stage", &level, false, "As in `map`."},
    {"level", &level, false, "The one that a walk ends at if not given."},
    {"set", &number, false, "Bits that it has got since."},
    {"clear", &number, false, "Bits that it has lost since."},
    {"sid", &small_sid, false, "Whose tables; the first stream's if not given."},
    {"ssid", &number, false, "Likewise: which substream's, where it has several."},
};
static const struct schema descriptor = {
    .what = "a descriptor", .accepts = SCHEMA_MAP, KEYS(descriptor_keys)};

static const struct schema_key stream_keys[] = {
    {"sid", &small_sid, true, "The stream, and the device behind it."},
    {"config", &config, false, "What its entry says; s1 if not given."},
    {"granule", &granule, false, "Of its tables; 4K if not given."},
    {"bits", &bits, false, "Of input addresses; 48 if not given (stage 2 of 16K: 46)."},
    {"granule2", &granule, false, "Of stage 2's tables where both stages are on; as `granule` if not given."},
    {"bits2", &bits, false, "Likewise: of intermediate addresses."},
    {"start2", &level, false,
     "Stage 2's first level, of up to 16 tables side by side; one table's if not given."},
    {"high", &high, false, "Stage 1 has tables for high addresses (bit 55 is 1), too."},
    {"substreams", &substreams, false,
     "A linear table of context descriptors: those of these substreams, and the stream's own as number 0, "
     "which "
     "accesses without a substream use, too (S1DSS SSID0)."},
    {"ats", &boolean, false, "Its device has an address translation cache."},
    {"ste_at", &number, false,
     "Where its stream table entry is; in the table that setup makes, of 256 entries, if not given."},
    {"cd_at", &number, false, "Where its context descriptor is; a place of its own if not given."},
    {"ste", &fields, false, "Fields of its stream table entry, over what the above makes."},
    {"cd", &fields, false, "Fields of its context descriptor, likewise."},
    {"map", &maps, false, "What its tables say."},
};
static const struct schema stream = {.what = "a stream", .accepts = SCHEMA_MAP, KEYS(stream_keys)};
static const struct schema streams = {.what = "a list of streams", .accepts = SCHEMA_LIST, .item = &stream};

static const struct schema_key memory_keys[] = {
    {"at", &number, true, "Address of the first byte, from 0x40000000 to 0x42000000."},
    {"data", &hex, false, "The bytes, as pairs of hex digits in memory order."},
    {"u32", &numbers, false, "32-bit numbers, little endian."},
    {"u64", &numbers, false, "64-bit numbers, little endian."},
    {"any", &length, false, "Of check: so many bytes, which may be anything; who runs it must agree."},
};
static const struct schema memory = {.what = "bytes of memory", .accepts = SCHEMA_MAP, KEYS(memory_keys)};
static const struct schema memories = {
    .what = "bytes of memory", .accepts = SCHEMA_LIST | SCHEMA_MAP, KEYS(memory_keys), .item = &memory};

static const struct schema_key event_keys[] = {{"event", &text, true, "Its name: F_TRANSLATION."}};
static const struct schema event = {
    .what = "an event record", .accepts = SCHEMA_MAP, KEYS(event_keys), .rest = &text};
static const char *const any_choices[] = {"any", NULL};
static const struct schema events = {.what = "a list of event records, or 'any'",
                                     .accepts = SCHEMA_LIST | SCHEMA_TEXT,
                                     .choices = any_choices,
                                     .item = &event};

static const struct schema list_of_fields = {
    .what = "a list of records", .accepts = SCHEMA_LIST, .item = &fields};
static const char *const telling_choices[] = {"RESUMED", "ANSWERED", NULL};
static const struct schema telling_name = {
    .what = "'RESUMED' or 'ANSWERED'", .accepts = SCHEMA_TEXT, .choices = telling_choices};
static const struct schema_key telling_keys[] = {{"what", &telling_name, true, "Which."}};
static const struct schema telling = {
    .what = "what a device is told", .accepts = SCHEMA_MAP, KEYS(telling_keys), .rest = &text};
static const struct schema tellings = {
    .what = "a list of what devices are told", .accepts = SCHEMA_LIST, .item = &telling};

static const struct schema_key step_keys[] = {
    {"write", &registers, false,
     "Registers are written, in this order; a map of fields is over zero. OFFSET or OFFSET/8 in a name's "
     "place: "
     "4 or 8 bytes there."},
    {"read", &registers, false, "Registers hold this; of a map, those fields do. `any` only reads."},
    {"command", &text, false, "A command by name goes into the command queue."},
    {"with", &fields, false, "Of a command: its fields."},
    {"raw", &numbers, false, "A command as two 64-bit words."},
    {"load", &number, false, "A device reads at this address."},
    {"store", &number, false, "A device writes at this address."},
    {"access", &how, false, "A load or store at `at`: for templates, where this varies."},
    {"at", &number, false, "Of access: the address."},
    {"sid", &small_sid, false, "Of load and store: the device; the first stream's if not given."},
    {"ssid", &number, false, "Likewise: the substream; without, the access has none."},
    {"size", &length, false, "Likewise: bytes, 8 if not given."},
    {"value", &number, false, "Likewise: what is written, or must be read, little endian."},
    {"data", &hex, false, "The same as bytes; says the size, too."},
    {"privileged", &boolean, false, "Likewise."},
    {"translated", &boolean, false, "Likewise: the address is one that the device's cache was given (ATS)."},
    {"exec", &boolean, false, "Of load: an instruction fetch."},
    {"end", &end, false,
     "Of load and store: how it must end; done if not given. zero: it reads zeroes, or is not written."},
    {"map", &map, false, "Software changes tables, without invalidating anything."},
    {"unmap", &map, false, "Likewise: takes it away."},
    {"stream", &stream, false, "Software writes a stream's entry and descriptor anew, likewise."},
    {"memory", &memories, false, "Software writes memory."},
    {"check", &memories, false, "Memory holds this."},
    {"descriptor", &descriptor, false, "Tables hold this one as software wrote it, but for these bits."},
    {"events", &events, false,
     "All records since the last time, as a set; fields not named may be anything. `any`: they are only "
     "taken."},
    {"ats", &number, false, "A device asks for a translation of the page at this address."},
    {"cached", &boolean, false, "Of ats: it looks into its own cache; end: retry when it is not there."},
    {"gives", &fields, false, "Of ats: ADDRESS, SIZE, R, W, X, P of the answer."},
    {"page", &number, false, "A device asks for the page at this address; end: retry when it is not queued."},
    {"wants", &text, false, "Of ats and page: letters of r, w, x, p; r if not given."},
    {"group", &number, false, "Of page: the request's group."},
    {"last", &boolean, false, "Likewise: the last one of the group."},
    {"pages", &list_of_fields, false, "All page requests since the last time, as a set (8.3)."},
    {"told", &tellings, false,
     "What devices were told since the last time, as a set: RESUMED with SID, STAG, END; ANSWERED with SID, "
     "SSV, SSID, GROUP, CODE."},
    {"count", &counts, false, "Statistics of the model since reset."},
    {"signals", &signals, false,
     "How often the model signalled since reset: edges of EVENTQ, PRIQ, SYNC, GERROR; WAKE (SEV)."},
};
static const struct schema step = {.what = "a step", .accepts = SCHEMA_MAP, KEYS(step_keys)};
static const struct schema steps = {.what = "a list of steps", .accepts = SCHEMA_LIST, .item = &step};

static const struct schema_key item_keys[] = {
    {"id", &word, true, "Unique in this file; the case is called smmuv3/FILE/ID."},
    {"why", &text, false, "What is special about it, with the manual's section."},
    {"setup", &setup, false,
     "all (the default): stream table, queues and CR0 are written before the steps, and no event record is "
     "left behind "
     "them; none: nothing is."},
    {"streams", &streams, false, "Streams with their tables and devices."},
    {"ats", &numbers, false,
     "Stream ids whose devices have an address translation cache, besides those of `streams`."},
    {"memory", &memories, false, "Memory before."},
    {"steps", &steps, true, "What happens."},
};
static const struct schema_key generator_keys[] = {
    {"count", &number, false, "How many scenarios; 1000 if not given."},
    {"seed", &number, false, "Others with another."},
    {"plain", &boolean, false,
     "Stage 1 alone and plain accesses, of streams 8 to 23: what other SMMUs have, too; false if not given."},
};
const struct schema scn_generator = {
    .what = "a generator of scenarios", .accepts = SCHEMA_MAP, KEYS(generator_keys)};

const struct schema scn_item = {.what = "a scenario", .accepts = SCHEMA_MAP, KEYS(item_keys)};
