/* Translation tables from a short description: AArch64, any granule, either stage. The largest leaves that
 * fit are used (IHI 0070 3.4; the descriptors are those of the VMSAv8-64, DDI 0487 D8.3).
 */
#include "harness/smmu/scenario.h"

#include <string.h>

enum { BLOCK = 1, TABLE = 3, LAST_LEVEL = 3, CONCATENATED = 4 /* up to 2^4 first tables side by side */ };

static unsigned level_shift(const struct scn_stage *s, unsigned level)
{
    return s->granule + (LAST_LEVEL - level) * (s->granule - 3);
}

bool scn_stage_make(struct image *m, unsigned granule, unsigned bits, int start, bool second,
                    struct scn_stage *s)
{
    *s = (struct scn_stage){.granule = granule, .bits = bits, .second = second};
    s->start = start < 0 ? LAST_LEVEL : (unsigned)start;
    while (start < 0 && s->start && level_shift(s, s->start) + granule - 3 < bits) s->start--;
    unsigned shift = level_shift(s, s->start);
    if (bits <= shift || bits - shift > granule - 3 + CONCATENATED) return false;
    uint64_t size = 8ull << (bits - shift);
    if (size < 64) size = 64;
    s->root = image_alloc(m, size, size < 4096 ? 4096 : size);
    return s->root;
}

/* An address as descriptors have it: of 64K, bits 51:48 stand lower. */
static uint64_t address_bits(const struct scn_stage *s, uint64_t pa)
{
    return s->granule == 16 ? (pa & bits_mask(48)) | (pa >> 48 & 15) << 12 : pa;
}

/* Blocks exist at these levels. */
static bool can_block(const struct scn_stage *s, unsigned level)
{
    return level == LAST_LEVEL || level == 2 || (level == 1 && s->granule == 12);
}

static uint64_t leaf(const struct scn_stage *s, const struct scn_map *map, uint64_t pa, unsigned level)
{
    const char *perms = map->perms ? map->perms : "rw";
    bool r = strchr(perms, 'r'), w = strchr(perms, 'w'), x = strchr(perms, 'x'), p = strchr(perms, 'p');
    uint64_t d = address_bits(s, pa) | (level == LAST_LEVEL ? TABLE : BLOCK) | 3 << 8 | 1 << 10;
    if (s->second)
        d |= 0xf << 2 | (uint64_t)r << 6 | (uint64_t)w << 7 | (x ? 0 : 1ull << 54); /* S2AP, XN */
    else
        d |= (p ? 0 : 1u << 6) | (w ? 0 : 1u << 7) | (x ? 0 : 3ull << 53); /* AP[1], AP[2], UXN and PXN */
    return (d & ~map->clear) | map->set;
}

static uint64_t get(struct image *m, const struct scn_stage *s, uint64_t at)
{
    uint64_t d = *image_word(m, at);
    return s->big ? __builtin_bswap64(d) : d;
}

static void put(struct image *m, const struct scn_stage *s, uint64_t at, uint64_t d)
{
    *image_word(m, at) = s->big ? __builtin_bswap64(d) : d;
}

/* A table in place of what stands there; a block goes on in it as smaller ones. 0: there is no room. */
static uint64_t make_table(struct image *m, const struct scn_stage *s, uint64_t at, unsigned level)
{
    uint64_t old = get(m, s, at), next = image_alloc(m, 1ull << s->granule, 1ull << s->granule);
    if (!next) return 0;
    put(m, s, at, address_bits(s, next) | TABLE);
    if ((old & 3) != BLOCK) return next;
    if (level + 1 == LAST_LEVEL) old |= TABLE;
    for (uint64_t i = 0; i < 1ull << (s->granule - 3); i++)
        put(m, s, next + i * 8, old + (i << level_shift(s, level + 1)));
    return next;
}

/* Where the descriptor of an address at a level stands; tables above it are made. 0: there is no room. */
static uint64_t entry(struct image *m, const struct scn_stage *s, uint64_t iova, unsigned level)
{
    uint64_t table = s->root, mask = bits_mask(s->bits - level_shift(s, s->start));
    for (unsigned l = s->start;; l++, mask = bits_mask(s->granule - 3)) {
        uint64_t at = table + (iova >> level_shift(s, l) & mask) * 8;
        if (l == level) return at;
        uint64_t d = get(m, s, at);
        table = (d & 3) == TABLE ? d & bits_mask(48) & ~bits_mask(s->granule) : make_table(m, s, at, l);
        if (!table) return 0;
    }
}

uint64_t scn_descriptor_at(struct image *m, const struct scn_stage *s, uint64_t iova, int level)
{
    for (unsigned l = level < 0 ? s->start : (unsigned)level;; l++) {
        uint64_t at = entry(m, s, iova, l);
        if (!at || level >= 0 || l == LAST_LEVEL || (get(m, s, at) & 3) != TABLE) return at;
    }
}

/* The level of the largest leaf that begins here and is wanted. */
static unsigned choose_level(const struct scn_stage *s, const struct scn_map *map, uint64_t done,
                             uint64_t all)
{
    if (map->level >= 0) return (unsigned)map->level;
    for (unsigned l = s->start; l < LAST_LEVEL; l++) {
        uint64_t size = 1ull << level_shift(s, l);
        if (can_block(s, l) && !((map->iova + done) % size) && !((map->to + done) % size) &&
            all - done >= size)
            return l;
    }
    return LAST_LEVEL;
}

static const char no_room[] = "there is no room for more tables";

/* One descriptor as it is given, or bits of one that leads to a table. */
static const char *map_one(struct image *m, const struct scn_stage *s, const struct scn_map *map)
{
    if (map->level < 0) return "a descriptor wants 'level'";
    unsigned level = (unsigned)map->level;
    if (!map->has_raw && (level == LAST_LEVEL || !entry(m, s, map->iova, level + 1)))
        return level == LAST_LEVEL ? "no table is below the last level" : no_room;
    uint64_t at = entry(m, s, map->iova, level);
    if (!at) return no_room;
    put(m, s, at, map->has_raw ? map->raw : get(m, s, at) | map->table);
    return NULL;
}

const char *scn_map_add(struct image *m, const struct scn_stage *s, const struct scn_map *map)
{
    bool away = map->perms && !*map->perms;
    uint64_t page = 1ull << s->granule, size = map->size;
    if (!s->root) return "there are no tables of this stage";
    if (map->level >= 0 && (map->level < (int)s->start || map->level > LAST_LEVEL))
        return "its level is not one of these tables";
    if (map->has_raw || map->table) return map_one(m, s, map);
    if (map->level >= 0) page = 1ull << level_shift(s, (unsigned)map->level);
    if (!size) size = page;
    if (size % page || map->iova % page || map->to % page) return "it is not whole pages of these tables";
    for (uint64_t done = 0; done < size;) {
        unsigned level = choose_level(s, map, done, size);
        uint64_t at = entry(m, s, map->iova + done, level);
        if (!at) return no_room;
        put(m, s, at, away ? 0 : leaf(s, map, map->to + done, level));
        done += 1ull << level_shift(s, level);
    }
    return NULL;
}
