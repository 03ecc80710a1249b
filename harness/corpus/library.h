/* Shared libraries that are loaded when they are first needed: they are large, and most runs of the program
 * (all of `exec`) never call them. */
#ifndef HARNESS_CORPUS_LIBRARY_H
#define HARNESS_CORPUS_LIBRARY_H

#include "engine/base/base.h"

/* Fills functions[0..n) with the symbols of these names. NULL, or a sentence why it cannot be done, which
 * stays valid. */
const char *library_load(const char *file, const char *const *names, void **functions, unsigned n);

#endif
