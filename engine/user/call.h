/* System calls as tables: what the generator makes of specs/linux, and what walks it.
 *
 * A call is a row of specs/linux/calls.yaml. `host: true` rows go to the host's call of the same name, their
 * arguments converted by kind; `c: user_x` rows to a function
 *
 *     int64_t user_x(struct user_thread *t, const uint64_t a[6])
 *
 * that gets the guest's arguments as they are and returns the result, -errno, or USER_RESTART. The generated
 * linux/calls.h declares all of those. A row with `result: regs` has set the registers itself (rt_sigreturn).
 */
#ifndef ENGINE_USER_CALL_H
#define ENGINE_USER_CALL_H

#include "engine/user/user.h"

#endif
