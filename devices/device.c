/* Looking things up in a device's tables. */
#include "devices/device.h"

#include <string.h>

const struct dev_register *dev_register_find(const struct dev_spec *s, const char *name)
{
    for (unsigned i = 0; i < s->nregisters; i++)
        if (!strcmp(s->registers[i].name, name)) return &s->registers[i];
    return NULL;
}

static const struct dev_register *register_alias(const struct dev_spec *s, uint64_t offset)
{
    for (unsigned i = 0; i < s->nregisters; i++)
        if (s->registers[i].alias && s->registers[i].alias == offset) return &s->registers[i];
    return NULL;
}

const struct dev_register *dev_register_at(const struct dev_spec *s, uint64_t offset)
{
    unsigned lo = 0, hi = s->nregisters;
    while (lo < hi) {
        unsigned mid = lo + (hi - lo) / 2;
        if (s->registers[mid].offset == offset) return &s->registers[mid];
        if (s->registers[mid].offset < offset)
            lo = mid + 1;
        else
            hi = mid;
    }
    return register_alias(s, offset);
}

const struct dev_struct *dev_struct_find(const struct dev_spec *s, const char *name)
{
    for (unsigned i = 0; i < s->nstructs; i++)
        if (!strcmp(s->structs[i].name, name)) return &s->structs[i];
    return NULL;
}

const struct dev_struct *dev_struct_numbered(const struct dev_spec *s, const char *family, uint32_t number)
{
    for (unsigned i = 0; i < s->nstructs; i++)
        if (s->structs[i].number == number && !strcmp(s->structs[i].family, family)) return &s->structs[i];
    return NULL;
}

const struct dev_field *dev_field_find(const struct dev_field *fields, unsigned n, const char *name)
{
    for (unsigned i = 0; i < n; i++)
        if (!strcmp(fields[i].name, name)) return &fields[i];
    return NULL;
}
