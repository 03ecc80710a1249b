/* Conditions of quirks: "events but for CLASS, F_TRANSLATION.PNU": where event records differ, they differ in
 * nothing but these fields; "values but for 0xff000000": likewise registers that are read, and bits; "case
 * smmuv3/streams/span-*": it is one of these, where no row tells what a scenario is about.
 */
#include "harness/smmu/scenario.h"

#include "harness/corpus/glob.h"
#include "harness/generate/values.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { FIELDS = 16, RECORD = 4 };

struct condition {
    struct field {
        const char *event, *name; /* of one event, or of all (NULL) */
    } fields[FIELDS];             /* n of them */
    unsigned n;                   /* how many */
    const char *cases;            /* a pattern of ids instead, or NULL */
    bool values;                  /* it is about registers' values, */
    uint64_t bits;                /* which may differ here */
};

static const char start[] = "events but for ", of_values[] = "values but for ", of_cases[] = "case ";

static bool is_event_field(const char *event, const char *name)
{
    for (unsigned i = 0; i < smmu_spec.nstructs; i++) {
        const struct dev_struct *s = &smmu_spec.structs[i];
        if (strcmp(s->family, "event") || (event && strcmp(s->name, event))) continue;
        if (dev_field_find(s->fields, s->nfields, name)) return true;
    }
    return false;
}

/* The name from *at on, which goes behind it and the comma after it. */
static bool read_field(const char *text, size_t len, size_t *at, struct arena *a, struct field *f)
{
    size_t from = *at, n = 0;
    while (from + n < len && text[from + n] != ',') n++;
    *at = from + n + (from + n < len);
    while (*at < len && text[*at] == ' ') ++*at;
    while (n && text[from + n - 1] == ' ') n--;
    char *word = arena_strndup(a, text + from, n), *dot = strchr(word, '.');
    *f = (struct field){.name = dot ? dot + 1 : word};
    if (dot) {
        *dot = 0;
        f->event = word;
    }
    return is_event_field(f->event, f->name);
}

const void *scn_condition(const char *text, size_t len, struct arena *a, struct value_error *err)
{
    struct condition *c = arena_alloc(a, sizeof(*c));
    size_t at = sizeof(start) - 1, name = sizeof(of_cases) - 1, bits = sizeof(of_values) - 1;
    bool negative = true;
    if (len > name && !strncmp(text, of_cases, name)) {
        c->cases = arena_strndup(a, text + name, len - name);
        return c;
    }
    if (len > bits && !strncmp(text, of_values, bits)) {
        c->values = true;
        if (number_parse(text + bits, len - bits, &c->bits, &negative) && !negative && c->bits) return c;
        (void)value_refuse(err, bits, len - bits, "expected a number that has the bits which may differ");
        return NULL;
    }
    if (len <= at || strncmp(text, start, at) != 0) {
        (void)value_refuse(err, 0, len ? len : 1, "expected '%sFIELD, …', '%sBITS' or '%sPATTERN'", start,
                           of_values, of_cases);
        return NULL;
    }
    while (at < len) {
        size_t from = at;
        if (c->n == FIELDS) {
            (void)value_refuse(err, from, len - from, "more than %d fields", FIELDS);
            return NULL;
        }
        if (read_field(text, len, &at, a, &c->fields[c->n++])) continue;
        (void)value_refuse(err, from, at - from ? at - from : 1, "no event record has such a field");
        return NULL;
    }
    return c;
}

/* A record without these fields. */
static void strip(const struct condition *c, uint64_t words[RECORD])
{
    const struct dev_struct *s =
        dev_struct_numbered(&smmu_spec, "event", (uint32_t)dev_get(words, SMMU_EVENT_NUMBER));
    for (unsigned i = 0; s && i < c->n; i++) {
        const struct dev_field *f = dev_field_find(s->fields, s->nfields, c->fields[i].name);
        if (f && (!c->fields[i].event || !strcmp(c->fields[i].event, s->name))) dev_put(words, f->at, 0);
    }
}

static bool has(const struct condition *c, const uint64_t (*set)[RECORD], unsigned n,
                const uint64_t record[RECORD])
{
    for (unsigned i = 0; i < n; i++) {
        uint64_t words[RECORD];
        memcpy(words, set[i], sizeof(words));
        strip(c, words);
        if (!memcmp(words, record, sizeof(words))) return true;
    }
    return false;
}

/* All of a are in b, these fields aside. */
static bool within(const struct condition *c, const struct scn_said *a, const struct scn_said *b)
{
    for (unsigned i = 0; i < a->nevents; i++) {
        uint64_t words[RECORD];
        memcpy(words, a->events[i], sizeof(words));
        strip(c, words);
        if (!has(c, (const uint64_t(*)[RECORD])b->events, b->nevents, words)) return false;
    }
    return true;
}

/* Whether each record is expected, but for these fields, and each that is expected came. */
static bool as_expected(const struct condition *c, const struct scn_step *s, const struct scn_said *said)
{
    for (unsigned pass = 0; pass < 2; pass++)
        for (unsigned i = 0, n = pass ? s->nevents : said->nevents; i < n; i++) {
            bool found = false;
            for (unsigned k = 0, m = pass ? said->nevents : s->nevents; k < m && !found; k++) {
                const struct scn_event *want = &s->events[pass ? i : k];
                uint64_t have[RECORD], words[RECORD], mask[RECORD];
                memcpy(have, said->events[pass ? k : i], sizeof(have));
                memcpy(words, want->words, sizeof(words));
                memcpy(mask, want->mask, sizeof(mask));
                uint64_t ones[RECORD] = {~0ull, ~0ull, ~0ull, ~0ull};
                dev_put(ones, SMMU_EVENT_NUMBER, dev_get(words, SMMU_EVENT_NUMBER));
                strip(c, ones);
                dev_put(ones, SMMU_EVENT_NUMBER, ~0ull);
                found = true;
                for (unsigned w = 0; w < RECORD; w++) found &= !((have[w] ^ words[w]) & mask[w] & ones[w]);
            }
            if (!found) return false;
        }
    return true;
}

/* Of another unit's value, or the truth's. */
static bool value_holds(const struct condition *c, const struct scn_step *s, const struct scn_said *a,
                        const struct scn_said *b)
{
    uint64_t looked_at = s->expects ? s->at : b ? ~0ull : 0;
    return !((a->value ^ (b ? b->value : s->value)) & looked_at & ~c->bits);
}

bool scn_condition_holds(const void *condition, const struct test_case *test, const struct outcome *theirs,
                         const struct outcome *right)
{
    const struct scenario *s = test->scenario;
    const struct condition *c = condition;
    if (c->cases) return glob_match(c->cases, test->id);
    if (!theirs || !scn_result(theirs)) return false;
    for (unsigned i = 0; i < s->nsteps; i++) {
        const struct scn_said *a = &scn_result(theirs)->said[i];
        if (c->values && s->steps[i].kind == SCN_READ &&
            !value_holds(c, &s->steps[i], a, right ? &scn_result(right)->said[i] : NULL))
            return false;
        if (c->values) continue;
        if (s->steps[i].kind != SCN_TAKE) continue;
        if (right) {
            const struct scn_said *b = &scn_result(right)->said[i];
            if (!within(c, a, b) || !within(c, b, a)) return false;
        } else if (s->steps[i].expects && !as_expected(c, &s->steps[i], a)) {
            return false;
        }
    }
    return true;
}
