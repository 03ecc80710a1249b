#include "engine/base/base.h"

#include <string.h>

uint64_t rng_below(struct rng *r, uint64_t n)
{
    return (uint64_t)(((unsigned __int128)rng_next(r) * n) >> 64);
}

/* FNV-1a over bytes, finished by the splitmix mixer: ids and seeds hash the same on every machine. */
uint64_t hash_bytes(const void *p, size_t n, uint64_t seed)
{
    const unsigned char *s = p;
    uint64_t h = 0xcbf29ce484222325u ^ seed;
    for (size_t i = 0; i < n; i++) h = (h ^ s[i]) * 0x100000001b3u;
    struct rng r = {h};
    return rng_next(&r);
}

uint64_t hash_str(const char *s, uint64_t seed)
{
    return hash_bytes(s, strlen(s), seed);
}
