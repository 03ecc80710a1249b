/* An instruction that lockstep knows and has not got yet (status: absent). A kernel on a machine without that
 * extension sends SIGILL, and programs that find out by trying live with that; so does the guest here. But it
 * is our gap and not the program's fault, which is said once for each instruction.
 */
#include "engine/user/user.h"

#include <stdio.h>
#include <string.h>

/* The row of the instruction at pc, or NULL. */
static const struct guest_row *row_at(struct user_process *p, uint64_t pc, uint32_t *word)
{
    const struct guest *g = p->guest;
    *word = 0;
    for (unsigned n = 0; n < sizeof(*word); n += g->code_unit) /* the last ones may lie on no page */
        if (user_read(p, pc + n, (uint8_t *)word + n, g->code_unit)) break;
    int row = g->decode(*word);
    return row < 0 ? NULL : &g->rows[row];
}

/* True for the first thread that meets it; when too many were met, nobody is. */
static bool is_new(struct user_process *p, const struct guest_row *row)
{
    bool new = false;
    pthread_mutex_lock(&p->lock);
    unsigned i = 0;
    while (i < ARRAY_LEN(p->absent) && p->absent[i] && p->absent[i] != row) i++;
    if (i < ARRAY_LEN(p->absent) && !p->absent[i]) {
        p->absent[i] = row;
        new = true;
    }
    pthread_mutex_unlock(&p->lock);
    return new;
}

static void say(FILE *to, uint64_t pc, const struct guest *g, const struct guest_row *row, uint32_t word)
{
    struct buf text = {0};
    guest_disasm(g, row, word, &text);
    fprintf(to, "lockstep: at %#lx: '%s' (%s) is not done yet: the program gets SIGILL\n", pc,
            buf_cstr(&text), row->ext);
    fflush(to);
    buf_free(&text);
}

bool user_absent(struct user_thread *t)
{
    struct user_process *p = t->p;
    struct cpu_exit *e = &t->cpu->exit;
    uint32_t word;
    const struct guest_row *row = row_at(p, e->pc, &word);
    if (!row || !row->absent) return false;
    if (p->opt->messages && is_new(p, row)) say(p->opt->messages, e->pc, p->guest, row, word);
    e->kind = EXIT_FAULT;
    e->cause = p->guest->cause_of_access[0];
    e->value = word;
    return true;
}
