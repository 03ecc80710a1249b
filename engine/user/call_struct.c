/* Structs and sets of bits between the guest's and the host's layout, by the tables of specs/linux. */
#include "engine/user/call.h"

#include <string.h>

uint64_t call_member_get(const void *at, unsigned size, bool is_signed)
{
    uint64_t v = 0;
    memcpy(&v, at, size); /* every guest and host is little endian */
    return is_signed ? (uint64_t)bits_sext(v, size * 8) : v;
}

static void pointer_in(const struct mem *m, const void *from, void *to)
{
    uint64_t p = call_member_get(from, 8, false);
    if (p) p = space_inside(p, 1) ? (uint64_t)(uintptr_t)mem_host(m, p) : call_nowhere(p);
    memcpy(to, &p, sizeof(p));
}

static void pointer_out(const struct mem *m, const void *from, void *to)
{
    uint64_t p = call_member_get(from, 8, false);
    if (p) p -= (uint64_t)(uintptr_t)m->window;
    memcpy(to, &p, sizeof(p));
}

static void copy(const void *from, unsigned from_size, void *to, unsigned to_size,
                 const struct call_member *m)
{
    if (from_size == to_size) {
        memcpy(to, from, (size_t)from_size * m->count);
        return;
    }
    for (unsigned i = 0; i < m->count; i++) {
        uint64_t v = call_member_get((const char *)from + (size_t)i * from_size, from_size, m->is_signed);
        memcpy((char *)to + (size_t)i * to_size, &v, to_size);
    }
}

void call_to_host(const struct mem *m, const struct call_struct *s, const void *guest, void *host)
{
    memset(host, 0, s->host_size);
    for (const struct call_member *f = s->members; f->name; f++) {
        const char *from = (const char *)guest + f->at;
        char *to = (char *)host + f->host_at;
        if (f->is_ptr)
            pointer_in(m, from, to);
        else
            copy(from, f->size, to, f->host_size, f);
    }
}

void call_to_guest(const struct mem *m, const struct call_struct *s, const void *host, void *guest)
{
    memset(guest, 0, s->size);
    for (const struct call_member *f = s->members; f->name; f++) {
        const char *from = (const char *)host + f->host_at;
        char *to = (char *)guest + f->at;
        if (f->is_ptr)
            pointer_out(m, from, to);
        else
            copy(from, f->host_size, to, f->size, f);
    }
}

static uint64_t set_convert(const struct call_set *s, uint64_t v, bool to_host)
{
    uint64_t out = 0;
    for (const struct call_name *b = s->bits; b->name; b++) {
        uint64_t from = to_host ? b->value : b->host;
        if (!from || (v & from) != from) continue;
        out |= to_host ? b->host : b->value;
        v &= ~from;
    }
    return out | v;
}

uint64_t call_set_to_host(const struct call_set *s, uint64_t guest)
{
    return s->same ? guest : set_convert(s, guest, true);
}

uint64_t call_set_to_guest(const struct call_set *s, uint64_t host)
{
    return s->same ? host : set_convert(s, host, false);
}
