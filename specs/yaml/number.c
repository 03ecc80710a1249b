/* Numbers as specs and corpora write them. */
#include "specs/yaml/yaml.h"

#include <string.h>

static int digit_of(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return 99;
}

static unsigned base_of(const char *s, size_t len)
{
    if (len < 2 || s[0] != '0') return 10;
    return s[1] == 'x' ? 16 : s[1] == 'b' ? 2 : s[1] == 'o' ? 8 : 10;
}

/* Digits of the base with single '_' strictly between them, up to 64 bits. */
static bool digits_parse(const char *s, size_t len, unsigned base, uint64_t *v)
{
    uint64_t sum = 0;
    bool after_digit = false;
    for (size_t i = 0; i < len; i++) {
        if (s[i] == '_') {
            if (!after_digit) return false;
            after_digit = false;
            continue;
        }
        unsigned digit = (unsigned)digit_of(s[i]);
        if (digit >= base) return false;
        if (__builtin_mul_overflow(sum, base, &sum) || __builtin_add_overflow(sum, digit, &sum)) return false;
        after_digit = true;
    }
    *v = sum;
    return after_digit;
}

bool number_parse(const char *s, size_t len, uint64_t *v, bool *negative)
{
    bool minus = len > 0 && s[0] == '-';
    s += minus;
    len -= minus;
    unsigned base = base_of(s, len);
    if (base != 10) {
        s += 2;
        len -= 2;
    } else if (len > 1 && s[0] == '0') {
        return false; /* 010 is eight to YAML 1.1 and C, ten to others */
    }
    uint64_t sum;
    if (!digits_parse(s, len, base, &sum)) return false;
    if (minus && sum > 1ull << 63) return false;
    *v = minus ? 0 - sum : sum;
    *negative = minus && sum != 0;
    return true;
}

bool ynode_u64(const struct ynode *n, uint64_t *v, bool *negative)
{
    return n && n->kind == YNODE_SCALAR && !n->quoted && !n->block &&
           number_parse(n->text, n->len, v, negative);
}
