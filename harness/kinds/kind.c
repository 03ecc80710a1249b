#include "harness/kinds/kind.h"

#include <string.h>

const struct case_kind *kind_find(const char *name)
{
    for (unsigned i = 0; kind_all[i]; i++)
        if (!strcmp(kind_all[i]->name, name)) return kind_all[i];
    return NULL;
}

unsigned kind_number(const struct case_kind *k)
{
    unsigned i = 0;
    while (kind_all[i] && kind_all[i] != k) i++;
    BUG_ON(!kind_all[i]);
    return i;
}

const struct case_kind *kind_of_backend(const struct backend *b)
{
    for (unsigned i = 0; kind_all[i]; i++)
        for (unsigned k = 0; kind_all[i]->backends && kind_all[i]->backends[k]; k++)
            if (kind_all[i]->backends[k] == b) return kind_all[i];
    return &kind_instruction;
}

const struct case_kind *kind_of_name(const char *name)
{
    for (unsigned i = 0; kind_all[i]; i++)
        for (unsigned b = 0; kind_all[i]->backends && kind_all[i]->backends[b]; b++)
            if (!strcmp(kind_all[i]->backends[b]->name, name)) return kind_all[i];
    return &kind_instruction;
}
