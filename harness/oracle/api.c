#include "harness/oracle/api.h"

#include "harness/corpus/library.h"

#define LIBRARY "libunicorn.so.2"

const struct unicorn_api *unicorn_load(const char **why)
{
    static union {
        struct unicorn_api api;                                       /* what they are */
        void *functions[sizeof(struct unicorn_api) / sizeof(void *)]; /* what the loader gives */
    } u;
    static const char *failed;
    static bool tried;
#define X(name) "uc_" #name,
    static const char *const names[] = {UNICORN_FUNCTIONS(X)};
#undef X
    _Static_assert(ARRAY_LEN(names) == ARRAY_LEN(u.functions), "a name for each");
    if (!tried) failed = library_load(LIBRARY, names, u.functions, ARRAY_LEN(names));
    tried = true;
    if (failed) *why = failed;
    return failed ? NULL : &u.api;
}

const struct unicorn_api *unicorn_api(void)
{
    const char *why = NULL;
    const struct unicorn_api *api = unicorn_load(&why);
    if (!api) BUG("unicorn: %s", why);
    return api;
}
