/* A case from its record. Nothing of it is believed: what no loader of YAML would have made is refused. */
#include "harness/packed/packed.h"

#include "harness/corpus/case.h"

#include <inttypes.h>
#include <string.h>

/* What the case at hand is made from. */
struct decoder {
    struct packed *p;        /* the corpus */
    struct packed_cursor at; /* what was not used yet of the case's parts */
    uint32_t values, bytes;  /* how many of those are left */
    const char *wrong;       /* a sentence, or NULL */
};

static bool fail(struct decoder *d, const char *why)
{
    if (!d->wrong) d->wrong = why;
    return false;
}

/* One register; each may be given once. */
static bool one_reg(struct decoder *d, struct case_reg *r)
{
    struct packed *p = d->p;
    uint16_t number;
    memcpy(&number, d->at.reg, sizeof(number));
    d->at.reg += sizeof(number);
    if (number >= p->regs.n) return fail(d, "a register does not exist");
    uint64_t bit = 1ull << (number % 64), *seen = &p->seen[number / 64];
    if (*seen & bit) return fail(d, "a register is given twice");
    *seen |= bit;
    r->ref = p->regs.ref[number];
    unsigned words = r->ref.reg->words;
    if (words > d->values) return fail(d, "it has too few values");
    d->values -= words;
    memcpy(r->value, d->at.value, words * sizeof(uint64_t));
    d->at.value += words * sizeof(uint64_t);
    return true;
}

static struct case_reg *regs(struct decoder *d, struct arena *a, unsigned n)
{
    if (!n) return NULL;
    if (n > CASE_MAX_REGS + 1) return fail(d, "it has too many registers"), NULL;
    struct case_reg *r = arena_alloc(a, n * sizeof(*r));
    memset(d->p->seen, 0, (d->p->regs.n / 64 + 1) * sizeof(*d->p->seen));
    for (unsigned i = 0; i < n; i++)
        if (!one_reg(d, &r[i])) return NULL;
    return r;
}

static const uint8_t *bytes(struct decoder *d, uint64_t n)
{
    if (n > d->bytes) return fail(d, "it has too few bytes"), NULL;
    const uint8_t *at = d->at.byte;
    d->at.byte += n;
    d->bytes -= (uint32_t)n;
    return at;
}

static struct case_mem *mems(struct decoder *d, struct arena *a, unsigned n)
{
    static const uint8_t zero[sizeof(((struct packed_mem *)NULL)->zero)];
    if (!n) return NULL;
    if (n > CASE_MAX_MEM) return fail(d, "it has too many memories"), NULL;
    struct case_mem *mem = arena_alloc(a, n * sizeof(*mem));
    for (unsigned i = 0; i < n; i++) {
        struct packed_mem m;
        memcpy(&m, d->at.mem, sizeof(m));
        d->at.mem += sizeof(m);
        if (m.data > 1 || memcmp(m.zero, zero, sizeof(zero))) return fail(d, "a memory makes no sense"), NULL;
        mem[i] = (struct case_mem){.at = m.at, .size = m.size, .perm = m.perm};
        if (m.data && !(mem[i].data = bytes(d, m.size))) return NULL;
    }
    return mem;
}

static bool exit_of(struct decoder *d, struct case_truth *t)
{
    const struct packed_record *r = &d->p->rec;
    const struct guest *g = d->p->m.guest;
    unsigned kind = r->exit >= PACKED_PLAIN_EXIT ? r->exit - PACKED_PLAIN_EXIT : EXIT_KINDS;
    t->has_exit = r->flags & PACKED_EXIT;
    t->has_value = r->flags & PACKED_VALUE;
    t->exit.value = r->value;
    if (!t->has_exit) return !r->exit && !r->value ? true : fail(d, "it has half an exit");
    if (!t->has_value && r->value) return fail(d, "it has half an exit");
    if (kind == EXIT_BUDGET || kind == EXIT_HALT || kind == EXIT_SHUTDOWN) {
        t->exit.kind = (enum exit_kind)kind;
        return true;
    }
    if (r->exit >= g->ncauses) return fail(d, "it ends in a way that there is not");
    t->exit.cause = r->exit;
    t->exit.kind = g->causes[r->exit].exit;
    return true;
}

/* Where the truth's registers have pc, an exit has it, too. */
static void exit_pc(const struct guest *g, struct case_truth *t)
{
    for (unsigned i = 0; i < t->nregs; i++) {
        if (t->regs[i].ref.reg->word != g->pc_word || !t->has_exit || t->exit.kind == EXIT_BUDGET) continue;
        t->has_pc = true;
        t->exit.pc = t->regs[i].value[0];
    }
}

static bool build(struct decoder *d, struct arena *a, struct test_case *c)
{
    struct packed *p = d->p;
    const struct packed_record *r = &p->rec;
    const char *why = (const char *)p->c.text + r->id + 1;
    if (memchr(why, 0, r->why + 1u) != why + r->why) return fail(d, "its text has no end");
    if (r->line > INT32_MAX || r->col > INT32_MAX) return fail(d, "it stands nowhere");
    c->why = why;
    c->in = regs(d, a, r->in);
    c->truth.regs = regs(d, a, r->out);
    c->code = bytes(d, r->code);
    c->mem = mems(d, a, r->mem);
    c->truth.mem = mems(d, a, r->mem_out);
    if (d->wrong || !exit_of(d, &c->truth)) return false;
    if (d->values || d->bytes) return fail(d, "it has too many values or bytes");
    exit_pc(p->m.guest, &c->truth);
    return true;
}

bool packed_build(struct packed *p, struct arena *a, struct test_case *c)
{
    const struct packed_record *r = &p->rec;
    const struct packed_source *s = &p->m.sources[r->source];
    const struct guest *g = p->m.guest;
    struct decoder d = {.p = p, .at = p->c, .values = r->values, .bytes = r->bytes};
    *c = (struct test_case){
        .id = p->id,
        .guest = g,
        .at = {s->file, (int)r->line, (int)r->col},
        .code_at = r->code_at,
        .code_size = r->code,
        .steps = r->steps,
        .nin = r->in,
        .nmem = r->mem,
        .has_truth = r->flags & PACKED_TRUTH,
        .truth = {.nregs = r->out, .nmem = r->mem_out, .rest_unchanged = r->flags & PACKED_REST},
        .generated = r->flags & PACKED_GENERATED,
    };
    if (s->file)
        c->corpus = s->at;
    else
        c->at = s->at;
    if (build(&d, a, c)) d.wrong = case_check(c);
    int row = r->flags & PACKED_ROW && !d.wrong ? g->decode(code_word(c->code, c->code_size, 0)) : -1;
    if (row >= 0) c->row = &g->rows[row];
    if (!d.wrong && r->flags & PACKED_ROW && row < 0) d.wrong = "its code is no instruction";
    if (d.wrong) packed_complain(p, "record %" PRIu64 ", %s: %s", p->number - 1, p->id, d.wrong);
    return !d.wrong;
}
