/* Sorting: quicksort and merge sort of integers, and qsort of records through a comparison function. */
#include "program.h"

enum { N = 20000 };

struct record {
    uint32_t key;  /* sorted by this, */
    uint16_t tie;  /* then this */
    char name[10]; /* carried along */
};

static void quick(int32_t *a, int n)
{
    while (n > 16) {
        int32_t pivot = a[n / 2];
        int i = 0, j = n - 1;
        while (i <= j) {
            while (a[i] < pivot) i++;
            while (a[j] > pivot) j--;
            if (i > j) break;
            int32_t t = a[i];
            a[i++] = a[j];
            a[j--] = t;
        }
        quick(a, j + 1);
        a += i;
        n -= i;
    }
    for (int i = 1; i < n; i++) {
        int32_t v = a[i];
        int j = i;
        for (; j > 0 && a[j - 1] > v; j--) a[j] = a[j - 1];
        a[j] = v;
    }
}

static void merge(int64_t *a, int64_t *spare, int n)
{
    if (n < 2) return;
    int half = n / 2, i = 0, j = half, k = 0;
    merge(a, spare, half);
    merge(a + half, spare, n - half);
    while (i < half && j < n) spare[k++] = a[i] <= a[j] ? a[i++] : a[j++];
    while (i < half) spare[k++] = a[i++];
    memcpy(a, spare, (size_t)k * sizeof(*a));
}

static int by_key(const void *x, const void *y)
{
    const struct record *a = x, *b = y;
    if (a->key != b->key) return a->key < b->key ? -1 : 1;
    return (a->tie > b->tie) - (a->tie < b->tie);
}

int main(int argc, char **argv)
{
    static int32_t ints[N];
    static int64_t longs[N], spare[N];
    static struct record records[N];
    uint64_t seed = 42, sum = 0;
    for (unsigned round = program_rounds(argc, argv, 20); round; round--) {
        for (int i = 0; i < N; i++) {
            uint64_t r = program_random(&seed);
            ints[i] = (int32_t)r;
            longs[i] = (int64_t)(r * 3);
            records[i] = (struct record){.key = (uint32_t)(r >> 40) % 5000, .tie = (uint16_t)r};
            memcpy(records[i].name, &r, sizeof(r));
        }
        quick(ints, N);
        merge(longs, spare, N);
        qsort(records, N, sizeof(records[0]), by_key);
        for (int i = 0; i < N; i += 37) {
            sum = program_mix(sum, (uint64_t)ints[i] ^ (uint64_t)longs[i]);
            sum = program_mix(sum, records[i].key + records[i].tie + (unsigned char)records[i].name[3]);
        }
    }
    return program_done("sort", sum);
}
