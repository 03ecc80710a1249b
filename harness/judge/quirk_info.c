/* What people are told about quirk rows. Numbers from q->n on are expected failures. */
#include "harness/judge/quirk.h"

unsigned quirks_count(const struct quirks *q)
{
    return q->n + q->nxfails;
}

bool quirk_is_xfail(const struct quirks *q, unsigned i)
{
    return i >= q->n;
}

const char *quirk_id(const struct quirks *q, unsigned i)
{
    return i < q->n ? q->at[i].id : q->xfails[i - q->n].id;
}

const struct backend *quirk_backend(const struct quirks *q, unsigned i)
{
    return i < q->n ? q->at[i].backend : q->xfails[i - q->n].backend;
}

const char *quirk_case(const struct quirks *q, unsigned i)
{
    return i < q->n ? q->at[i].shown_by : NULL;
}

bool quirk_current(const struct quirks *q, unsigned i)
{
    return i < q->n ? q->at[i].current : !q->xfails[i - q->n].expired;
}

const char *quirk_ended(const struct quirks *q, unsigned i)
{
    bool expired = i < q->n ? q->at[i].expired : q->xfails[i - q->n].expired;
    return !expired ? NULL : i < q->n ? q->at[i].until_text : q->xfails[i - q->n].until_text;
}

uint64_t quirks_ended_hash(const struct quirks *q)
{
    uint64_t hash = 0;
    for (unsigned i = 0; i < quirks_count(q); i++)
        if (quirk_ended(q, i)) hash = hash_str(quirk_id(q, i), hash);
    return hash;
}

bool quirk_is_minor(const struct quirks *q, unsigned i)
{
    const struct quirk *row = &q->at[i];
    bool minor = true;
    for (unsigned k = 0; k < row->nmasks; k++)
        minor &= row->masks[k].kind == MASK_OPERAND && row->masks[k].lo > 0;
    return minor;
}
