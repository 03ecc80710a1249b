/* Sequences: many instructions of the wanted rows with live data flow, memory, and the ISA's shapes
 * (branches, loops, calls) around them. Sequence n is a function of the seed and n alone.
 *
 * The text is put together for the assembler, which knows labels; single instructions are encoded beside it
 * and it says only how many bytes of them come next: numbers as text would be most of the work. Half of the
 * sequences stop by a budget somewhere inside, the others run off their end, where no instruction is.
 */
#include "harness/generate/sequence.h"

#include <stdlib.h>
#include <string.h>

/* In so many sequences one has code that it can write, and there. */
enum { PATCHED = 16, WRITABLE = 0x40000 };

enum { MAX_DEPTH = 3, MAX_STEPS = 20000, MANY = 7, SELDOM = 40, PATIENCE = 64 };

struct gen_sequencer *gen_sequencer_open(const struct generator *gen)
{
    const struct guest *g = gen->guest;
    struct gen_sequencer *q = xcalloc(1, sizeof(*q));
    *q = (struct gen_sequencer){.guest = g, .seed = gen->seed, .at = gen->at};
    q->shortest = gen->shortest;
    q->longest = gen->longest;
    q->loops = gen->loops;
    q->plans = xcalloc(g->nrows, sizeof(*q->plans));
    for (unsigned motifs = 0; motifs < 2; motifs++) {
        for (unsigned i = 0; i < g->nrows; i++) {
            struct gen_plan *p = &q->plans[q->nall];
            if (!generator_wants(gen, i) || !gen_plan_init(p, gen, i)) continue;
            q->nall += motifs ? motif_fits(p) : step_fits(p);
        }
        if (!motifs) q->nplans = q->nall;
    }
    while (g->shapes[q->nshapes]) q->nshapes++;
    while (g->patches[q->npatches]) q->npatches++;
    motif_find(q);
    if (q->nplans) return q;
    gen_sequencer_close(q);
    return NULL;
}

void gen_sequencer_close(struct gen_sequencer *q)
{
    if (!q) return;
    buf_free(&q->text);
    buf_free(&q->code);
    buf_free(&q->raw);
    free(q->plans);
    free(q->kinds);
    free(q->themes);
    free(q);
}

/* ---- registers ---- */

/* A register of the file of addresses that nothing inside a shape may write from now on. */
static struct guest_reg_ref reserve(struct step_state *s)
{
    struct guest_reg_ref r = {s->bases[0].reg, 0};
    unsigned file = step_file(s, r.reg);
    r.index = step_target(s, file);
    s->fixed[file] |= 1ull << r.index;
    return r;
}

static void add_base(struct step_state *s, struct guest_reg_ref r)
{
    for (unsigned i = 0; i < s->nbases; i++)
        if (s->bases[i].reg == r.reg && s->bases[i].index == r.index) return;
    if (s->nbases == STEP_BASES) return;
    s->fixed[step_file(s, r.reg)] |= 1ull << r.index;
    s->bases[s->nbases++] = r;
}

/* Registers that rows use as bases without naming them in a field, then one that compressed rows can name
 * (the file's upper part of the first half), then any. */
static void choose_bases(struct gen_sequencer *q)
{
    struct step_state *s = &q->s;
    const struct guest_reg *file = NULL;
    for (unsigned i = 0; i < q->nplans; i++) {
        const struct gen_plan *p = &q->plans[i];
        if (p->base_field >= 0 && !file) file = p->row->fields[p->base_field].kind->file;
        if (p->base_implicit >= 0) add_base(s, p->implicit[p->base_implicit]);
    }
    if (!file) file = &q->guest->regs[0];
    add_base(s, (struct guest_reg_ref){file, file->count / 4 + (unsigned)rng_below(&s->r, file->count / 4)});
    while (s->nbases < STEP_BASES)
        add_base(s, (struct guest_reg_ref){file, step_target(s, step_file(s, file))});
}

/* ---- text ---- */

static void body(struct gen_sequencer *q, unsigned depth);

/* The single instructions since the last text have their place here. */
static void tell_raw(struct gen_sequencer *q)
{
    if (q->raw.len == q->told) return;
    buf_printf(&q->text, ".raw %zu\n", q->raw.len - q->told);
    q->told = q->raw.len;
}

/* What a $ of a shape stands for; `own` and `labels` are this shape's. */
static void variable(struct gen_sequencer *q, char what, const struct guest_reg_ref own[3], unsigned labels)
{
    struct step_state *s = &q->s;
    const struct guest_reg *file = s->bases[0].reg;
    unsigned at = step_file(s, file), number = 0;
    switch (what) {
    case 'c': number = own[0].index; break;
    case 'l': number = own[1].index; break;
    case 'r':
    case 's': number = step_source(s, at); break;
    case 'k': /* the part of the file that compressed rows can name */
        number = file->count / 4 + (unsigned)rng_below(&s->r, file->count / 4);
        break;
    case 'd':
        number = step_target(s, at);
        step_written(s, at, number);
        break;
    case 'b': number = own[2].index; break;
    case 'f':
        file = &q->guest->regs[1];
        number = step_source(s, step_file(s, file));
        break;
    case 'n': buf_printf(&q->text, "%u", 1 + (unsigned)rng_below(&s->r, q->loops)); return;
    default: buf_printf(&q->text, "L%u", labels + (unsigned)(what - '0')); return;
    }
    buf_str(&q->text, guest_reg_name(file, number));
}

/* What a shape has at its @. */
static void inside(struct gen_sequencer *q, unsigned depth)
{
    bool motif = q->inside;
    q->inside = false;
    if (motif)
        motif_inside(q);
    else
        body(q, depth + 1);
    tell_raw(q);
}

void sequence_shape(struct gen_sequencer *q, const char *text, unsigned depth)
{
    struct step_state *s = &q->s;
    unsigned file = step_file(s, s->bases[0].reg), labels = q->labels;
    uint64_t fixed = s->fixed[file];
    struct guest_reg_ref own[3];
    for (int i = 0; i < 2; i++) own[i] = reserve(s);
    own[2] = s->bases[rng_below(&s->r, s->nbases)];
    q->labels += 5;
    tell_raw(q);
    if (!strchr(text, '@')) q->left -= q->left > 0;
    for (; *text; text++) {
        if (*text == '@')
            inside(q, depth);
        else if (*text == '$')
            variable(q, *++text, own, labels);
        else
            buf_char(&q->text, *text);
    }
    buf_char(&q->text, '\n');
    s->fixed[file] = fixed;
}

bool sequence_encode(struct gen_sequencer *q, const struct gen_plan *p, const struct step_wish *w)
{
    uint32_t word;
    q->s.wish = w;
    bool good = step_encode(&q->s, p, &word);
    q->s.wish = NULL;
    if (!good) return false;
    buf_add(&q->raw, &word, p->row->length);
    q->left -= q->left > 0;
    return true;
}

void sequence_single(struct gen_sequencer *q)
{
    (void)sequence_encode(q, &q->plans[rng_below(&q->s.r, q->nplans)], NULL);
}

/* Loops one time in eight more: there are few of them among many, and they make code hot. Where code can be
 * written, every third shape writes some. */
static const char *any_shape(struct gen_sequencer *q)
{
    if (q->writable && rng_below(&q->s.r, 3) == 0) return q->guest->patches[rng_below(&q->s.r, q->npatches)];
    const char *loop = rng_below(&q->s.r, 8) ? NULL : motif_shape(q, FLOW_LOOP);
    return loop ? loop : q->guest->shapes[rng_below(&q->s.r, q->nshapes)];
}

static void body(struct gen_sequencer *q, unsigned depth)
{
    unsigned n = depth ? 1 + (unsigned)rng_below(&q->s.r, 12) : ~0u;
    for (; n && q->left; n--) {
        if (q->nthemes && !depth && rng_below(&q->s.r, SELDOM) == 0)
            motif_make(q, depth);
        else if (q->nshapes && depth < MAX_DEPTH && rng_below(&q->s.r, MANY) == 0)
            sequence_shape(q, any_shape(q), depth);
        else
            sequence_single(q);
    }
    tell_raw(q);
}

/* ---- the state before ---- */

static void set(struct gen_out *out, unsigned *n, struct guest_reg_ref ref, uint64_t v)
{
    if ((int)ref.index == ref.reg->zero || *n == GEN_MAX_REGS) return;
    struct case_reg *r = &out->in[(*n)++];
    *r = (struct case_reg){.ref = ref};
    r->value[0] = v & bits_mask(ref.reg->width < 64 ? ref.reg->width : 64);
}

/* Numbers as operands of integer operations, of both FP formats (boxed where they would be), or addresses of
 * data. */
static uint64_t any_value(struct rng *r, bool fp)
{
    uint64_t pick = rng_below(r, fp ? 8 : 16);
    if (pick < 3) return gen_random(TEST_F64, r, 0);
    if (pick < 6 && fp) return gen_random(TEST_F32, r, 0) | ~0xffffffffull;
    if (pick == 6) return LAYOUT_DATA + rng_below(r, LAYOUT_DATA_SIZE);
    return gen_random(TEST_INT, r, 0);
}

/* Where the first base points, addresses of data: loads of them are good for addresses. */
static void set_addresses(struct gen_sequencer *q, struct gen_out *out, uint64_t base)
{
    for (unsigned i = 0; i < GEN_MAX_DATA; i += 8) {
        uint64_t at = LAYOUT_DATA + LAYOUT_DATA_SIZE / 4 + (rng_next(&q->s.r) & (LAYOUT_DATA_SIZE / 2 - 16));
        for (unsigned k = 0; k < 8; k++) out->data[i + k] = (uint8_t)(at >> (8 * k));
    }
    out->mem[out->c.nmem++] = (struct case_mem){.at = base & ~15ull, .size = GEN_MAX_DATA, .data = out->data};
}

/* The code stands in a page of its own, which it may write. */
static void set_writable(struct gen_out *out)
{
    out->mem[out->c.nmem++] =
        (struct case_mem){.at = WRITABLE, .size = CPU_PAGE, .perm = CPU_READ | CPU_WRITE | CPU_EXEC};
    out->c.code_at = WRITABLE;
}

static void set_state(struct gen_sequencer *q, struct gen_out *out, unsigned *n)
{
    struct step_state *s = &q->s;
    for (unsigned i = 0; i < s->nbases; i++)
        set(out, n, s->bases[i], LAYOUT_DATA + LAYOUT_DATA_SIZE / 2 - 1024 + (rng_next(&s->r) & 0x7f0));
    if (q->nthemes && q->theme.via == FLOW_ADDRESS && *n) set_addresses(q, out, out->in[0].value[0]);
    for (unsigned f = 0; f < s->nfiles; f++) {
        bool fp = !strcmp(s->files[f]->group, "fpr");
        for (unsigned i = 0; i < s->files[f]->count; i++) {
            bool base = false;
            for (unsigned b = 0; b < s->nbases; b++)
                base |= s->bases[b].reg == s->files[f] && s->bases[b].index == i;
            if (!base) set(out, n, (struct guest_reg_ref){s->files[f], i}, any_value(&s->r, fp));
        }
    }
    for (unsigned i = 0; i < q->guest->nregs; i++) {
        const struct guest_reg *r = &q->guest->regs[i];
        if (!strcmp(r->group, "fp") && r->count == 1)
            set(out, n, (struct guest_reg_ref){r, 0}, r->bits ? rng_next(&s->r) & 31 : rng_below(&s->r, 5));
    }
}

/* Chooses and assembles. False: a branch does not reach over what came to stand behind it. */
static bool compose(struct gen_sequencer *q, struct asm_error *err)
{
    choose_bases(q);
    q->left = q->shortest + (unsigned)rng_below(&q->s.r, q->longest - q->shortest + 1);
    q->labels = 0;
    buf_reset(&q->text);
    buf_reset(&q->code);
    buf_reset(&q->raw);
    q->told = 0;
    q->inside = false;
    if (q->nthemes) motif_make(q, 0); /* before a budget or a fault ends it */
    body(q, 0);
    return guest_asm_raw(q->guest, buf_cstr(&q->text), &q->raw, &q->code, err);
}

void gen_sequence(struct gen_sequencer *q, uint64_t n, const char *prefix, struct gen_out *out)
{
    struct rng r = {q->seed ^ (n + 1) * 0xd1342543de82ef95u};
    struct asm_error err;
    bool done = false;
    if (q->nthemes) q->theme = motif_theme(q, n);
    q->writable = q->npatches && rng_below(&r, PATCHED) == 0 && !(q->nthemes && q->theme.via == FLOW_ADDRESS);
    for (int attempt = 0; attempt < PATIENCE && !done; attempt++) {
        q->s = (struct step_state){.guest = q->guest, .r = {rng_next(&r)}, .tame = q->writable};
        done = compose(q, &err);
    }
    if (!done) BUG("sequence %lu does not assemble: %s\n%s", (unsigned long)n, err.message, q->text.p);
    BUG_ON(q->code.len > GEN_MAX_CODE);
    memcpy(out->code, q->code.p, q->code.len);
    out->c = (struct test_case){
        .id = out->id,
        .guest = q->guest,
        .at = q->at,
        .why = "",
        .code = out->code,
        .code_size = (unsigned)q->code.len,
        .code_at = LAYOUT_CODE,
        .steps = rng_next(&q->s.r) & 1 ? 1 + rng_below(&q->s.r, q->code.len) : MAX_STEPS,
        .in = out->in,
        .mem = out->mem,
        .generated = true,
    };
    if (q->writable) set_writable(out);
    set_state(q, out, &out->c.nin);
    gen_id(out, prefix, "sequence", n);
}
