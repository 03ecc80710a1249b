/* The corpus format of kinds of cases other than instructions: that of instructions with other items in its
 * lists, and the kind's name in place of the ISA. */
#include "harness/corpus/schema_kind.h"

#include <string.h>

static const struct schema text = {.what = "text", .accepts = SCHEMA_TEXT};

static const struct schema_key *usual(const char *key)
{
    return schema_key_find(&schema_corpus, key);
}

static struct schema list_of(const char *what, const struct schema *item)
{
    return (struct schema){.what = what, .accepts = SCHEMA_LIST, .item = item};
}

/* A template is an item whose scalars may hold variables, and what these stand for. */
static void make_template(const struct case_kind *k, struct kind_schema *s)
{
    BUG_ON(k->item->nkeys + 1 > ARRAY_LEN(s->template_keys));
    s->template_keys[0] = *schema_key_find(usual("matrix")->type->item, "with");
    memcpy(s->template_keys + 1, k->item->keys, k->item->nkeys * sizeof(*s->template_keys));
    s->template = *k->item;
    s->template.what = usual("matrix")->type->item->what;
    s->template.keys = s->template_keys;
    s->template.nkeys = k->item->nkeys + 1;
    s->template.template = true;
}

void kind_schema_make(const struct case_kind *k, struct kind_schema *s)
{
    unsigned n = 0;
    make_template(k, s);
    s->cases = list_of(usual("cases")->type->what, k->item);
    s->matrix = list_of(usual("matrix")->type->what, &s->template);
    s->keys[n++] = *usual("lockstep");
    s->keys[n++] = *usual("kind");
    if (k->subject_name(1))
        s->keys[n++] = (struct schema_key){"subject", &text, true,
                                           "What the cases are about. Must come before any list."};
    s->keys[n] = *usual("cases");
    s->keys[n++].type = &s->cases;
    s->keys[n] = *usual("matrix");
    s->keys[n++].type = &s->matrix;
    if (k->generator) {
        s->generate = list_of(usual("generate")->type->what, k->generator);
        s->keys[n] = *usual("generate");
        s->keys[n].doc = "Cases made from a seed.";
        s->keys[n++].type = &s->generate;
    }
    s->keys[n++] = *usual("include");
    BUG_ON(n > ARRAY_LEN(s->keys));
    s->corpus =
        (struct schema){.what = schema_corpus.what, .accepts = SCHEMA_MAP, .keys = s->keys, .nkeys = n};
}

void schema_write_json(FILE *out)
{
    struct kind_schema others[KINDS_MAX];
    struct schema_variant variants[KINDS_MAX];
    unsigned n = 0;
    for (; kind_all[n + 1]; n++) {
        BUG_ON(n == KINDS_MAX);
        kind_schema_make(kind_all[n + 1], &others[n]);
        variants[n] = (struct schema_variant){"kind", kind_all[n + 1]->name, &others[n].corpus};
    }
    schema_write_variants(&schema_corpus, variants, n, "lockstep corpus", out);
}
