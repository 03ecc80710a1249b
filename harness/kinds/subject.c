#include "harness/kinds/subject.h"

#include "harness/corpus/glob.h"
#include "harness/kinds/kind.h"

#include <string.h>

unsigned subjects_make(struct arena *a, struct subject out[SUBJECTS_MAX])
{
    unsigned n = 0;
    for (unsigned k = 0; kind_all[k]; k++) {
        const char *name;
        for (unsigned i = 0; (name = kind_all[k]->subject_name(i)); i++) {
            BUG_ON(n == SUBJECTS_MAX);
            struct subject *s = &out[n++];
            *s = (struct subject){.kind = kind_all[k], .number = i, .name = name};
            kind_all[k]->subject(i, a, s);
        }
    }
    return n;
}

const char *case_subject(const struct test_case *c)
{
    return c->kind ? c->kind->subject_name(c->subject) : c->guest->name;
}

static const char group_mark[] = "ext:";
enum { MARK = sizeof(group_mark) - 1 };

static bool names_group(const char *pattern)
{
    return !strncmp(pattern, group_mark, MARK);
}

unsigned subject_select(const struct subject *s, const char *pattern, bool absent, uint64_t *rows)
{
    bool group = names_group(pattern);
    unsigned n = 0;
    for (unsigned i = 0; i < s->nrows; i++) {
        const struct subject_row *r = &s->rows[i];
        if (!(group ? glob_match(pattern + MARK, r->group) : glob_match(pattern, r->id))) continue;
        n++;
        if (absent || !r->absent) rows[i / 64] |= 1ull << (i % 64);
    }
    return n;
}

int subject_row_find(const struct subject *s, const char *id)
{
    for (unsigned i = 0; i < s->nrows; i++)
        if (!strcmp(s->rows[i].id, id)) return (int)i;
    return -1;
}

void subject_no_row(const struct subject *s, const char *text, struct buf *out)
{
    bool group = names_group(text);
    size_t skip = group ? MARK : 0;
    struct suggest near = suggest_start(text + skip, strlen(text + skip));
    for (unsigned i = 0; group && i < s->ngroups; i++)
        suggest_offer(&near, s->groups[i].name, strlen(s->groups[i].name));
    for (unsigned i = 0; !group && i < s->nrows; i++)
        suggest_offer(&near, s->rows[i].id, strlen(s->rows[i].id));
    buf_printf(out, "%s has no row '%.80s'", s->name, text);
    if (near.best && glob_is_name(text))
        buf_printf(out, "; did you mean '%s%.*s'?", group ? group_mark : "", (int)near.best_len, near.best);
}
