/* Fields by name: of registers, table entries, commands and events, as specs/devices/smmuv3.yaml has them. */
#include "harness/smmu/scenario.h"

#include <inttypes.h>
#include <string.h>

enum { ADDRESS_WIDTH = 36 /* wider fields hold addresses, from their lowest bit on */ };

unsigned scn_field_shift(const struct dev_field *f)
{
    return f->at >> 16 >= ADDRESS_WIDTH ? (f->at & 0xffff) % 64 : 0;
}

static bool unknown(const struct dev_field *fields, unsigned n, const char *of, const struct ynode *y,
                    struct diag *d)
{
    struct suggest near = suggest_start(y->key, strlen(y->key));
    for (unsigned i = 0; i < n; i++) suggest_offer(&near, fields[i].name, strlen(fields[i].name));
    diag_error(d, y->key_at, strlen(y->key), "%s has no field '%s'%s%.*s%s", of, y->key,
               near.best ? "; did you mean '" : "", (int)near.best_len, near.best ? near.best : "",
               near.best ? "'?" : "");
    return false;
}

bool scn_field_value(const struct dev_field *f, const struct ynode *n, struct diag *d, uint64_t *v)
{
    unsigned width = f->at >> 16, shift = scn_field_shift(f);
    bool negative = false;
    for (unsigned i = 0; i < f->nvalues; i++)
        if (!strcmp(f->values[i].name, n->text)) {
            *v = f->values[i].value;
            return true;
        }
    if (!ynode_u64(n, v, &negative) || negative) {
        diag_error(d, n->at, n->len, "%s: expected a number%s", f->name,
                   f->nvalues ? " or one of its names" : "");
        return false;
    }
    if (*v & bits_mask(shift)) {
        diag_error(d, n->at, n->len, "%s has no bits below %u", f->name, shift);
        return false;
    }
    *v >>= shift;
    if (!(*v & ~bits_mask(width))) return true;
    diag_error(d, n->at, n->len, "%s has %u bits%s", f->name, width, shift ? " above those" : "");
    return false;
}

bool scn_fields(const struct dev_struct *s, const struct ynode *map, const struct schema *keys,
                struct diag *d, uint64_t *words, uint64_t *mask)
{
    bool good = true;
    for (const struct ynode *n = map && map->kind == YNODE_MAP ? map->child : NULL; n; n = n->next) {
        uint64_t v;
        if (keys && schema_key_find(keys, n->key)) continue;
        const struct dev_field *f = dev_field_find(s->fields, s->nfields, n->key);
        if (!f || !scn_field_value(f, n, d, &v)) {
            good = f ? false : unknown(s->fields, s->nfields, s->name, n, d);
            continue;
        }
        dev_put(words, f->at, v);
        if (mask) dev_put(mask, f->at, ~0ull);
    }
    return good;
}
