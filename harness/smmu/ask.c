/* What devices do besides plain accesses, as steps: translations that they ask for (ATS), pages that they ask
 * for (PRI), and what they were told: accesses that go on, answers to page requests (IHI 0070 3.9, 3.12.2,
 * chapter 8). All of it is compared as records, of which this file has the layouts that the manual has not.
 */
#include "harness/smmu/streams.h"

#include <string.h>

static const struct dev_value ends[] = {
    {"RETRY", SCN_TOLD_RETRY}, {"ABORT", SCN_TOLD_ABORT}, {"ZERO", SCN_TOLD_ZERO}};
static const struct dev_value codes[] = {
    {"SUCCESS", SMMU_PAGE_SUCCESS}, {"INVALID", SMMU_PAGE_INVALID}, {"FAILURE", SMMU_PAGE_FAILURE}};

static const struct dev_field resumed[] = {
    {.name = "SID", .at = SCN_TOLD_SID},
    {.name = "STAG", .at = SCN_TOLD_STAG},
    {.name = "END", .at = SCN_TOLD_END, .values = ends, .nvalues = ARRAY_LEN(ends)},
};
static const struct dev_field answered[] = {
    {.name = "SID", .at = SCN_TOLD_SID},
    {.name = "SSV", .at = SCN_TOLD_SSV},
    {.name = "SSID", .at = SCN_TOLD_SSID},
    {.name = "GROUP", .at = SCN_TOLD_STAG},
    {.name = "CODE", .at = SCN_TOLD_END, .values = codes, .nvalues = ARRAY_LEN(codes)},
};
static const struct dev_field granted[] = {
    {.name = "ADDRESS", .at = SCN_GRANT_ADDRESS}, {.name = "SIZE", .at = SCN_GRANT_SIZE},
    {.name = "R", .at = SCN_GRANT_PERMS},         {.name = "W", .at = SCN_GRANT_PERMS + 1},
    {.name = "X", .at = SCN_GRANT_PERMS + 2},     {.name = "P", .at = SCN_GRANT_PERMS + 3},
};

static const struct dev_struct told[] = {
    {.name = "RESUMED",
     .words = 4,
     .number = SCN_TOLD_RESUMED,
     .fields = resumed,
     .nfields = ARRAY_LEN(resumed)},
    {.name = "ANSWERED",
     .words = 4,
     .number = SCN_TOLD_ANSWERED,
     .fields = answered,
     .nfields = ARRAY_LEN(answered)},
};
static const struct dev_struct grant = {
    .name = "GRANT", .words = 4, .fields = granted, .nfields = ARRAY_LEN(granted)};

bool scn_takes(const struct scn_step *s)
{
    return s->kind == SCN_TAKE || s->kind == SCN_PAGES || s->kind == SCN_TOLD || s->kind == SCN_ASK;
}

const struct dev_struct *scn_record(enum scn_step_kind kind, const uint64_t words[4])
{
    uint32_t number = (uint32_t)dev_get(words, SMMU_EVENT_NUMBER);
    if (kind == SCN_TAKE) return dev_struct_numbered(&smmu_spec, "event", number);
    if (kind == SCN_PAGES) return dev_struct_find(&smmu_spec, "PRIQ");
    if (kind == SCN_ASK) return &grant;
    return number - 1 < ARRAY_LEN(told) ? &told[number - 1] : NULL;
}

/* ---- from YAML ---- */

static unsigned wanted(const char *letters)
{
    return (strchr(letters, 'r') ? SMMU_READ : 0) | (strchr(letters, 'w') ? SMMU_WRITE : 0) |
           (strchr(letters, 'x') ? SMMU_EXEC : 0) | (strchr(letters, 'p') ? SMMU_PRIVILEGED : 0);
}

/* One of both. NULL: reported. */
static struct scn_step *request(struct builder *b, const struct ynode *step, const char *key,
                                enum scn_step_kind kind)
{
    const char *letters = schema_text(step, "wants", "r"), *end = schema_text(step, "end", "done");
    uint32_t sid = (uint32_t)schema_number(step, "sid", b->nstreams ? b->streams[0].sid : 0);
    if (strspn(letters, "rwxp-") != strlen(letters)) {
        diag_error(b->diag, step->at, 1, "'wants' are letters of r, w, x, p, or -");
        return NULL;
    }
    if (!scn_device(b, sid, step)) return NULL;
    struct scn_step *s = steps_add(&b->steps, kind);
    s->access = (uint8_t)(wanted(letters) | (ynode_get(step, "ssid") ? SMMU_SUBSTREAM : 0));
    s->sid = sid;
    s->ssid = (uint32_t)schema_number(step, "ssid", 0);
    s->at = schema_number(step, key, 0);
    s->expects = strcmp(end, "any") != 0;
    for (unsigned i = 0; i < SCN_ENDS; i++)
        if (!strcmp(end, scn_end_name(i))) s->end = (uint8_t)i;
    return s;
}

bool scn_build_ask(struct builder *b, const struct ynode *v, const struct ynode *step)
{
    const struct ynode *gives = ynode_get(step, "gives");
    struct scn_event *e = arena_alloc(b->arena, sizeof(*e));
    struct scn_step *s = request(b, step, "ats", SCN_ASK);
    if (!s) return false;
    s->value = !strcmp(schema_text(step, "cached", "false"), "true");
    s->size = 0x1000;
    s->events = gives ? e : NULL;
    s->nevents = gives != NULL;
    return !gives || scn_fields(&grant, gives, NULL, b->diag, e->words, e->mask);
}

bool scn_build_page(struct builder *b, const struct ynode *v, const struct ynode *step)
{
    struct scn_step *s = request(b, step, "page", SCN_PAGE);
    if (!s) return false;
    s->size = (uint32_t)schema_number(step, "group", 0);
    s->value = !strcmp(schema_text(step, "last", "false"), "true");
    return true;
}

static bool records(struct builder *b, const struct ynode *list, enum scn_step_kind kind)
{
    static const struct schema_key name[] = {{"what", NULL, true, ""}};
    static const struct schema known = {.keys = name, .nkeys = 1};
    struct scn_event *events = arena_alloc(b->arena, (list->count + 1) * sizeof(*events));
    unsigned n = 0;
    for (const struct ynode *y = list->child; y; y = y->next) {
        struct scn_event *e = &events[n++];
        if (n > SCN_EVENTS) {
            diag_error(b->diag, list->at, 1, "more than %d records", SCN_EVENTS);
            return false;
        }
        if (kind == SCN_TOLD) {
            bool answer = !strcmp(schema_text(y, "what", ""), told[1].name);
            dev_put(e->words, SMMU_EVENT_NUMBER, told[answer].number);
            dev_put(e->mask, SMMU_EVENT_NUMBER, ~0ull);
        }
        if (!scn_fields(scn_record(kind, e->words), y, &known, b->diag, e->words, e->mask)) return false;
    }
    struct scn_step *s = steps_add(&b->steps, kind);
    s->events = events;
    s->nevents = n;
    s->expects = true;
    return true;
}

bool scn_build_pages(struct builder *b, const struct ynode *v, const struct ynode *step)
{
    return records(b, v, SCN_PAGES);
}

bool scn_build_told(struct builder *b, const struct ynode *v, const struct ynode *step)
{
    return records(b, v, SCN_TOLD);
}
