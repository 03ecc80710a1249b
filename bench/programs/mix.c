/* A mix in the manner of embedded benchmarks: a linked list that is searched, reversed and sorted; small
 * integer matrices; a state machine over a text of numbers; a checksum over all of it. */
#include "program.h"

enum { ITEMS = 96, SIDE = 12 };

struct item {
    struct item *next;   /* NULL: the last */
    int16_t data, index; /* what it is sorted by */
};

static uint16_t crc16(uint16_t crc, uint16_t v)
{
    for (int i = 0; i < 16; i++, v >>= 1) crc = (uint16_t)(crc >> 1 ^ ((crc ^ v) & 1 ? 0xa001 : 0));
    return crc;
}

static struct item *reverse(struct item *l)
{
    struct item *done = NULL;
    while (l) {
        struct item *next = l->next;
        l->next = done;
        done = l;
        l = next;
    }
    return done;
}

static struct item *find(struct item *l, int data)
{
    while (l && (l->data & 0xff) != data) l = l->next;
    return l;
}

static struct item *merge_lists(struct item *a, struct item *b, int by_data)
{
    struct item *head = NULL, **at = &head;
    while (a && b) {
        int less = by_data ? a->data <= b->data : a->index <= b->index;
        struct item **from = less ? &a : &b;
        *at = *from;
        *from = (*from)->next;
        at = &(*at)->next;
    }
    *at = a ? a : b;
    return head;
}

static struct item *sort(struct item *l, int n, int by_data)
{
    if (n < 2) {
        if (l) l->next = NULL;
        return l;
    }
    struct item *second = l;
    for (int i = 0; i < n / 2; i++) second = second->next;
    second = sort(second, n - n / 2, by_data);
    return merge_lists(sort(l, n / 2, by_data), second, by_data);
}

static uint16_t lists(struct item *items, uint16_t crc, unsigned round)
{
    for (int i = 0; i < ITEMS; i++)
        items[i] = (struct item){i + 1 < ITEMS ? &items[i + 1] : NULL,
                                 (int16_t)((i * 73 + (int)round * 31) % 499), (int16_t)i};
    struct item *l = items;
    for (int i = 0; i < 24; i++) {
        struct item *hit = find(l, (i * 11 + (int)round) & 0xff);
        if (hit) crc = crc16(crc, (uint16_t)hit->index);
        l = reverse(l);
    }
    l = sort(l, ITEMS, 1);
    for (struct item *p = l; p; p = p->next) crc = crc16(crc, (uint16_t)p->data);
    l = sort(l, ITEMS, 0);
    return crc16(crc, (uint16_t)(l->data + l->next->data));
}

static uint16_t matrices(uint16_t crc, unsigned round)
{
    int16_t a[SIDE][SIDE], b[SIDE][SIDE];
    int32_t c[SIDE][SIDE];
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++) {
            a[i][j] = (int16_t)(i * 7 + j * 3 + (int)round);
            b[i][j] = (int16_t)(i - j * 5 + (int)(round & 63));
        }
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++) {
            int32_t sum = 0;
            for (int k = 0; k < SIDE; k++) sum += a[i][k] * b[k][j];
            c[i][j] = sum;
        }
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++) crc = (uint16_t)(crc + ((c[i][j] >> 2 & 15) * (c[i][j] >> 5 & 127)));
    return crc16(crc, (uint16_t)c[3][4]);
}

enum state { START, SIGN, INTEGER, POINT, FRACTION, EXPONENT, INVALID, STATES };

static enum state step(enum state s, char c)
{
    int digit = c >= '0' && c <= '9';
    switch (s) {
    case START: return digit ? INTEGER : c == '+' || c == '-' ? SIGN : c == '.' ? POINT : INVALID;
    case SIGN: return digit ? INTEGER : c == '.' ? POINT : INVALID;
    case INTEGER: return digit ? INTEGER : c == '.' ? POINT : c == 'e' ? EXPONENT : INVALID;
    case POINT:
    case FRACTION: return digit ? FRACTION : c == 'e' ? EXPONENT : INVALID;
    case EXPONENT: return digit || c == '-' || c == '+' ? EXPONENT : INVALID;
    default: return INVALID;
    }
}

static uint16_t machine(uint16_t crc, unsigned round)
{
    static const char text[] = "5012,-874,+122,3.5,.75e3,-0.5e-4,T0.3,48x,1e,-110.700,0x12,+0.64400,";
    unsigned counts[STATES] = {0};
    enum state s = START;
    for (size_t i = 0; i < sizeof(text) - 1; i++) {
        char c = text[i];
        if (c != ',' && (i * 5 + round) % 17 == 0) c = (char)(c ^ 1);
        if (c == ',') {
            counts[s]++;
            s = START;
        } else if (s != INVALID) {
            s = step(s, c);
        }
    }
    for (int i = 0; i < STATES; i++) crc = crc16(crc, (uint16_t)counts[i]);
    return crc;
}

int main(int argc, char **argv)
{
    static struct item items[ITEMS];
    uint16_t crc = 0;
    for (unsigned round = program_rounds(argc, argv, 12000); round; round--) {
        crc = lists(items, crc, round);
        crc = matrices(crc, round);
        crc = machine(crc, round);
    }
    return program_done("mix", crc);
}
