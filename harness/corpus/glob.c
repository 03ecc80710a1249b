/* Name patterns. One loop with a single point to return to: linear in practice, quadratic at worst. */
#include "harness/corpus/glob.h"

#include <string.h>

/* The set at p ("[a-z]…") holds c. *end is behind it. An unclosed set is the character '['. */
static bool set_holds(const char *p, char c, const char **end)
{
    const char *s = p + 1;
    bool no = *s == '!';
    if (no) s++;
    const char *first = s;
    bool found = false;
    while (*s && (*s != ']' || s == first)) {
        char lo = *s++, hi = lo;
        if (s[0] == '-' && s[1] && s[1] != ']') {
            hi = s[1];
            s += 2;
        }
        if (c >= lo && c <= hi) found = true;
    }
    if (!*s) {
        *end = p + 1;
        return c == '[';
    }
    *end = s + 1;
    return found != no;
}

/* One pattern character against one of the text; *next is behind it. */
static bool one_matches(const char *p, char c, const char **next)
{
    if (*p == '[') return set_holds(p, c, next);
    *next = p + 1;
    return *p == '?' || *p == c;
}

static bool match(const char *p, const char *t, bool prefix)
{
    const char *star = NULL, *star_text = NULL;
    while (*t) {
        const char *next;
        if (*p == '*') {
            star = ++p;
            star_text = t;
        } else if (*p && one_matches(p, *t, &next)) {
            p = next;
            t++;
        } else if (star) {
            p = star;
            t = ++star_text;
        } else {
            return false;
        }
    }
    if (prefix) return true;
    while (*p == '*') p++;
    return !*p;
}

bool glob_match(const char *pattern, const char *text)
{
    return match(pattern, text, false);
}

/* With the text used up while the pattern still follows it, the rest of the pattern can be satisfied by what
 * comes. */
bool glob_may_match(const char *pattern, const char *prefix)
{
    return match(pattern, prefix, true);
}

bool glob_must_match(const char *pattern, const char *prefix)
{
    size_t n = strlen(pattern);
    return n && pattern[n - 1] == '*' && match(pattern, prefix, false);
}

bool glob_is_name(const char *pattern)
{
    return !strpbrk(pattern, "*?[");
}
