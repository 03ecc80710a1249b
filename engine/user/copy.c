/* Copies between the guest's memory and the host's, from any guest address: what the kernel's copy_from_user
 * and copy_to_user are. */
#include "engine/user/user.h"

#include "engine/cpu/window.h"

#include <errno.h>

int user_read(struct user_process *p, uint64_t addr, void *to, size_t n)
{
    return window_copy_in(&p->mem, to, addr, n) ? 0 : -EFAULT;
}

int user_write(struct user_process *p, uint64_t addr, const void *from, size_t n)
{
    return window_copy_out(&p->mem, addr, from, n) ? 0 : -EFAULT;
}
