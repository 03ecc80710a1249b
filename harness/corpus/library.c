#include "harness/corpus/library.h"

#include <dlfcn.h>

const char *library_load(const char *file, const char *const *names, void **functions, unsigned n)
{
    void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (!library) return dlerror();
    for (unsigned i = 0; i < n; i++) {
        functions[i] = dlsym(library, names[i]);
        if (!functions[i]) return dlerror();
    }
    return NULL;
}
