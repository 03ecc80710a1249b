/* Decode-time conditions, evaluated: over the bits of an instruction, and W. */
#include "specs/gen/parse.h"

#include <string.h>

static bool eval_binary(const char *op, uint64_t a, uint64_t b, uint64_t *v)
{
    const struct {
        const char *op;
        uint64_t result;
    } all[] = {
        {"==", a == b},  {"!=", a != b},        {"<u", (a < b)},        {">u", (a > b)}, {"<=u", a <= b},
        {">=u", a >= b}, {"&", a & b},          {"|", a | b},           {"^", a ^ b},    {"+", a + b},
        {"-", a - b},    {"<<", a << (b & 63)}, {">>u", a >> (b & 63)},
    };
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        if (strcmp(op, all[i].op)) continue;
        *v = all[i].result;
        return true;
    }
    return false;
}

static bool eval_name(const struct row *r, const struct expr *e, uint32_t word, uint64_t *v)
{
    if (e->kind == EX_NAME && r->width && !strcmp(e->text, "W")) {
        *v = r->width;
        return true;
    }
    for (unsigned i = 0; i < r->nfields; i++) {
        if (strcmp(r->fields[i].name, e->text)) continue;
        *v = field_get(&r->fields[i], word);
        return true;
    }
    return false;
}

bool decode_eval(const struct row *r, const struct expr *e, uint32_t word, uint64_t *v)
{
    uint64_t a, b;
    switch (e->kind) {
    case EX_NUMBER: *v = e->number; return true;
    case EX_NAME:
    case EX_FIELDNUM: return eval_name(r, e, word, v);
    case EX_UNARY:
        if (!decode_eval(r, e->args[0], word, &a)) return false;
        *v = e->text[0] == '!' ? !a : e->text[0] == '~' ? ~a : 0 - a;
        return true;
    case EX_BINARY:
        return decode_eval(r, e->args[0], word, &a) && decode_eval(r, e->args[1], word, &b) &&
               eval_binary(e->text, a, b, v);
    case EX_SLICE:
        if (!decode_eval(r, e->args[0], word, &a)) return false;
        *v = bits_get(a, e->hi, e->lo);
        return true;
    default: return false;
    }
}
