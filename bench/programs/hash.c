/* Hash tables: open addressing with strings as keys, and chained buckets with integers. */
#include "program.h"

enum { SLOTS = 1 << 15, KEYS = 12000, BUCKETS = 4096 };

struct slot {
    char key[16];   /* empty string: free */
    uint64_t count; /* how often it came */
};

struct link {
    uint64_t key;      /* what was put in */
    struct link *next; /* in the bucket */
};

static uint32_t fnv(const char *s)
{
    uint32_t h = 2166136261u;
    for (; *s; s++) h = (h ^ (unsigned char)*s) * 16777619u;
    return h;
}

static struct slot *find(struct slot *table, const char *key)
{
    uint32_t i = fnv(key) % SLOTS;
    while (table[i].key[0] && strcmp(table[i].key, key)) i = (i + 1) % SLOTS;
    return &table[i];
}

static void name_of(uint64_t r, char *out)
{
    int n = 0;
    for (r %= KEYS * 2; r || !n; r /= 26) out[n++] = (char)('a' + r % 26);
    out[n] = 0;
}

int main(int argc, char **argv)
{
    static struct slot table[SLOTS];
    static struct link *buckets[BUCKETS];
    static struct link links[KEYS];
    uint64_t seed = 7, sum = 0;
    for (unsigned round = program_rounds(argc, argv, 80); round; round--) {
        memset(table, 0, sizeof(table));
        memset(buckets, 0, sizeof(buckets));
        for (int i = 0; i < KEYS * 4; i++) {
            char key[16];
            name_of(program_random(&seed), key);
            struct slot *s = find(table, key);
            if (!s->key[0]) strcpy(s->key, key);
            s->count++;
        }
        for (int i = 0; i < KEYS; i++) {
            uint64_t key = program_random(&seed) % (KEYS / 2), b = key * 0x9e3779b1u >> 7 & (BUCKETS - 1);
            struct link *l = buckets[b];
            while (l && l->key != key) l = l->next;
            if (l) {
                sum += l->key;
                continue;
            }
            links[i] = (struct link){key, buckets[b]};
            buckets[b] = &links[i];
        }
        for (int i = 0; i < SLOTS; i += 5) sum = program_mix(sum, table[i].count);
    }
    return program_done("hash", sum);
}
