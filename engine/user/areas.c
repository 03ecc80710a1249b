/* The list of a process's areas: sorted, disjoint; neighbours that are alike are one. */
#include "engine/user/space.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct user_file *file_new(const char *name)
{
    size_t n = strlen(name) + 1;
    struct user_file *f = malloc(sizeof(*f) + n);
    if (!f) return NULL;
    *f = (struct user_file){.refs = 1};
    memcpy(f->name, name, n);
    return f;
}

struct user_file *file_hold(struct user_file *f)
{
    if (f) f->refs++;
    return f;
}

void file_drop(struct user_file *f)
{
    if (f && !--f->refs) free(f);
}

static bool same_file(const struct user_file *a, const struct user_file *b)
{
    if (a == b) return true;
    return a && b && a->inode == b->inode && a->dev_major == b->dev_major && a->dev_minor == b->dev_minor &&
           !strcmp(a->name, b->name);
}

int areas_reserve(struct user_space *s, size_t n)
{
    if (s->count + n <= s->cap) return 0;
    size_t cap = s->cap < 64 ? 64 : s->cap * 2;
    struct user_area *p = reallocarray(s->areas, cap, sizeof(*p));
    if (!p) return -ENOMEM;
    s->areas = p;
    s->cap = cap;
    return 0;
}

size_t areas_at(const struct user_space *s, uint64_t addr)
{
    size_t lo = 0, hi = s->count;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (s->areas[mid].end <= addr)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

bool areas_free(const struct user_space *s, uint64_t start, uint64_t end)
{
    size_t i = areas_at(s, start);
    return i == s->count || s->areas[i].start >= end;
}

uint64_t areas_covered(const struct user_space *s, uint64_t start, uint64_t end)
{
    uint64_t at = start;
    for (size_t i = areas_at(s, start); i < s->count && at < end && s->areas[i].start <= at; i++)
        at = s->areas[i].end;
    return at < end ? at : end;
}

uint64_t areas_gap(const struct user_space *s, uint64_t size, uint64_t align, uint64_t low, uint64_t high)
{
    size_t i = areas_at(s, high - 1);
    uint64_t top = i < s->count && s->areas[i].start < high ? s->areas[i].start : high;
    for (;;) {
        uint64_t bottom = i && s->areas[i - 1].end > low ? s->areas[i - 1].end : low;
        if (top > size && (top - size) / align * align >= bottom) return (top - size) / align * align;
        if (bottom == low) return 0;
        top = s->areas[--i].start;
    }
}

static void insert(struct user_space *s, size_t at, struct user_area a)
{
    BUG_ON(s->count == s->cap);
    memmove(&s->areas[at + 1], &s->areas[at], (s->count - at) * sizeof(a));
    s->areas[at] = a;
    s->count++;
}

/* Makes `addr` a border between areas, where it is within one. */
static void split(struct user_space *s, uint64_t addr)
{
    size_t i = areas_at(s, addr);
    if (i == s->count || s->areas[i].start >= addr) return;
    struct user_area upper = s->areas[i];
    upper.offset += addr - upper.start;
    upper.start = addr;
    file_hold(upper.file);
    s->areas[i].end = addr;
    insert(s, i + 1, upper);
}

/* Can b, right behind a, be part of it? */
static bool alike(const struct user_area *a, const struct user_area *b)
{
    if (a->end != b->start || a->prot != b->prot || a->flags != b->flags) return false;
    if (!same_file(a->file, b->file)) return false;
    return !a->file || a->offset + (a->end - a->start) == b->offset;
}

/* Makes one of each pair of alike neighbours among areas first-1 to last. */
static void merge(struct user_space *s, size_t first, size_t last)
{
    size_t to = first ? first - 1 : 0, from = to + 1;
    for (; from < s->count && from <= last; from++) {
        if (alike(&s->areas[to], &s->areas[from])) {
            s->areas[to].end = s->areas[from].end;
            file_drop(s->areas[from].file);
        } else {
            s->areas[++to] = s->areas[from];
        }
    }
    if (from == to + 1) return;
    memmove(&s->areas[to + 1], &s->areas[from], (s->count - from) * sizeof(*s->areas));
    s->count -= from - (to + 1);
}

void areas_cut(struct user_space *s, uint64_t start, uint64_t end)
{
    split(s, start);
    split(s, end);
    size_t first = areas_at(s, start), last = first;
    while (last < s->count && s->areas[last].start < end) file_drop(s->areas[last++].file);
    memmove(&s->areas[first], &s->areas[last], (s->count - last) * sizeof(*s->areas));
    s->count -= last - first;
}

void areas_put(struct user_space *s, struct user_area a)
{
    size_t at = areas_at(s, a.start);
    insert(s, at, a);
    merge(s, at, at + 1);
}

void areas_protect(struct user_space *s, uint64_t start, uint64_t end, int prot)
{
    split(s, start);
    split(s, end);
    size_t first = areas_at(s, start), last = first;
    for (; last < s->count && s->areas[last].start < end; last++) s->areas[last].prot = prot;
    merge(s, first, last);
}

void areas_clear(struct user_space *s)
{
    for (size_t i = 0; i < s->count; i++) file_drop(s->areas[i].file);
    free(s->areas);
    s->areas = NULL;
    s->count = s->cap = 0;
}
