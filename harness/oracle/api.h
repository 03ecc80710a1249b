/* Unicorn's functions, loaded when the first engine is opened. To use another one, name it here. */
#ifndef HARNESS_ORACLE_API_H
#define HARNESS_ORACLE_API_H

#include <unicorn/unicorn.h>

/* clang-format off */
#define UNICORN_FUNCTIONS(X) \
    X(version) X(arch_supported) X(strerror) X(open) X(close) X(ctl) \
    X(hook_add) X(emu_start) X(emu_stop) X(reg_read) X(reg_write) X(reg_read_batch) \
    X(reg_write_batch) X(mem_map) X(mem_map_ptr) X(mem_unmap) X(mem_write) X(context_alloc) \
    X(context_free) X(context_save) X(context_restore)
/* clang-format on */

struct unicorn_api {
#define X(name) __typeof__(uc_##name) *name; /* as uc_… in unicorn.h */
    UNICORN_FUNCTIONS(X)
#undef X
};

/* NULL: *why is a sentence. */
const struct unicorn_api *unicorn_load(const char **why);
/* The same where it was loaded before. */
const struct unicorn_api *unicorn_api(void);

#endif
