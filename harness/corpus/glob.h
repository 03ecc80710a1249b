/* Name patterns: `*` any text ('/' too), `?` any character, `[abc]` `[a-z]` `[!a]` one of a set. */
#ifndef HARNESS_CORPUS_GLOB_H
#define HARNESS_CORPUS_GLOB_H

#include <stdbool.h>

bool glob_match(const char *pattern, const char *text);
/* Some continuation of `prefix` (the empty one included) matches. */
bool glob_may_match(const char *pattern, const char *prefix);
/* Every continuation of `prefix` matches. May say false although it is so; never true when it is not. */
bool glob_must_match(const char *pattern, const char *prefix);
/* Uses none of the special characters: names exactly one thing. */
bool glob_is_name(const char *pattern);

#endif
