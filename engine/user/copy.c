/* Copies between the guest's memory and the host's, from any guest address: what the kernel's copy_from_user
 * and copy_to_user are. */
#include "engine/user/user.h"

#include "engine/cpu/window.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int user_read(struct user_process *p, uint64_t addr, void *to, size_t n)
{
    return window_copy_in(&p->mem, to, addr, n) ? 0 : -EFAULT;
}

int user_write(struct user_process *p, uint64_t addr, const void *from, size_t n)
{
    return window_copy_out(&p->mem, addr, from, n) ? 0 : -EFAULT;
}

/* By pieces that end where pages end: the page behind the string's need not be there. */
int user_string(struct user_process *p, uint64_t addr, size_t most, char **out)
{
    struct buf text = {0};
    int err = 0;
    *out = NULL;
    for (bool ended = false; !ended && !err;) {
        char piece[256];
        size_t n = sizeof(piece) - addr % sizeof(piece);
        err = user_read(p, addr, piece, n);
        if (err) break;
        size_t used = strnlen(piece, n);
        ended = used < n;
        buf_add(&text, piece, used);
        addr += n;
        if (text.len > most) err = -ENAMETOOLONG;
    }
    if (!err) *out = text.p ? text.p : xstrdup("");
    if (err) buf_free(&text);
    return err;
}
