/* Heaps: shortest paths over a grid with a binary heap; malloc and free of many small blocks; a linked tree.
 */
#include "program.h"

enum { SIDE = 96, NODES = SIDE * SIDE, BLOCKS = 2048 };

struct item {
    uint32_t cost, node; /* of the way so far; where it ends */
};

static struct item heap[NODES * 4];
static unsigned used;

static void push(struct item v)
{
    unsigned i = used++;
    for (; i && heap[(i - 1) / 2].cost > v.cost; i = (i - 1) / 2) heap[i] = heap[(i - 1) / 2];
    heap[i] = v;
}

static struct item pop(void)
{
    struct item top = heap[0], v = heap[--used];
    unsigned i = 0;
    for (;;) {
        unsigned child = i * 2 + 1;
        if (child >= used) break;
        child += child + 1 < used && heap[child + 1].cost < heap[child].cost;
        if (heap[child].cost >= v.cost) break;
        heap[i] = heap[child];
        i = child;
    }
    heap[i] = v;
    return top;
}

static uint32_t paths(const uint8_t *weight)
{
    static const int steps[4] = {-1, 1, -SIDE, SIDE};
    static uint32_t cost[NODES];
    memset(cost, 0xff, sizeof(cost));
    used = 0;
    cost[0] = 0;
    push((struct item){0, 0});
    while (used) {
        struct item v = pop();
        if (v.cost > cost[v.node]) continue;
        for (int d = 0; d < 4; d++) {
            int column = (int)v.node % SIDE, next = (int)v.node + steps[d];
            if (next < 0 || next >= NODES || (d == 0 && !column) || (d == 1 && column == SIDE - 1)) continue;
            uint32_t c = v.cost + weight[next];
            if (c >= cost[next]) continue;
            cost[next] = c;
            push((struct item){c, (uint32_t)next});
        }
    }
    return cost[NODES - 1];
}

struct tree {
    struct tree *left, *right; /* smaller, larger */
    uint64_t key;              /* of this one */
};

static struct tree *insert(struct tree *t, uint64_t key)
{
    struct tree **at = &t;
    while (*at) at = key < (*at)->key ? &(*at)->left : &(*at)->right;
    *at = calloc(1, sizeof(**at));
    (*at)->key = key;
    return t;
}

static uint64_t harvest(struct tree *t)
{
    if (!t) return 0;
    uint64_t sum = harvest(t->left) * 3 + t->key;
    sum ^= harvest(t->right);
    free(t);
    return sum;
}

int main(int argc, char **argv)
{
    static uint8_t weight[NODES];
    static char *blocks[BLOCKS];
    uint64_t seed = 5, sum = 0;
    for (unsigned round = program_rounds(argc, argv, 80); round; round--) {
        struct tree *t = NULL;
        for (int i = 0; i < NODES; i++) weight[i] = (uint8_t)(1 + program_random(&seed) % 9);
        sum = program_mix(sum, paths(weight));
        for (int i = 0; i < BLOCKS * 8; i++) {
            uint64_t r = program_random(&seed);
            char **b = &blocks[r % BLOCKS];
            free(*b);
            *b = malloc(8 + (r >> 20) % 300);
            if (!*b) return 1;
            **b = (char)i;
        }
        for (int i = 0; i < 4000; i++) t = insert(t, program_random(&seed) >> 20);
        sum = program_mix(sum, harvest(t));
    }
    for (int i = 0; i < BLOCKS; i++) free(blocks[i]);
    return program_done("heap", sum);
}
