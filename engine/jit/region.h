/* What the files of the second tier share: path.c knows where a guest went, trace.c makes traces of that, and
 * region.c code of them. */
#ifndef ENGINE_JIT_REGION_H
#define ENGINE_JIT_REGION_H

#include "engine/jit/internal.h"

enum {
    JIT_PATH = 1024,                        /* instructions that are recorded */
    JIT_SITES = 2 * JIT_PATH,               /* buckets, a power of two */
    JIT_NEXT = 6,                           /* places an instruction goes to that are told apart */
    JIT_TRACES = 48,                        /* of a region */
    JIT_TRACE_INSNS = 200,                  /* of a trace */
    JIT_REGION_INSNS = 8 * JIT_TRACE_INSNS, /* of all traces */
    JIT_APART = 16,                         /* branches that stay although they might become straight code */
};

/* Where one instruction went on. */
struct jit_site {
    uint64_t pc;              /* its address */
    uint32_t count;           /* how often it ran; 0: an empty bucket */
    uint32_t changes;         /* how often it went elsewhere than.. */
    uint64_t last;            /* ..the time before */
    uint32_t times[JIT_NEXT]; /* how often it went on to... 0: no more of them */
    uint64_t to[JIT_NEXT];    /* ...this address */
};

struct jit_path {
    uint32_t n;                       /* addresses in it, the last one of an instruction that did not run */
    uint64_t pc[JIT_PATH + 1];        /* in the order in which they ran */
    struct jit_site sites[JIT_SITES]; /* open hash */
};

/* ---- path.c ---- */
void jit_path_sites(struct jit_path *p);                                /* finds them from pc[] */
const struct jit_site *jit_site(const struct jit_path *p, uint64_t pc); /* NULL: it never ran */
uint32_t jit_times(const struct jit_path *p, uint64_t pc, uint64_t to); /* how often it went there */
unsigned jit_likeliest(const struct jit_site *s);                       /* index of where it mostly went */

/* ---- trace.c ---- */
struct jit_trace {
    uint64_t pc;       /* its first instruction */
    bool loop;         /* other traces end where it begins */
    uint32_t first, n; /* its instructions in region.pcs */
    uint32_t runs;     /* how often the path went along it */
    bool jumps;        /* it ends in an indirect jump */
    bool copied;       /* others do not end where it begins, although it is a loop's head */
};

/* Places that calls return to. */
struct jit_returns {
    uint64_t pc[JIT_TRACES]; /* n of them */
    uint32_t n;
};

/* A region being made. */
struct jit_making {
    struct vcpu *c;                      /* whose */
    struct jit *j;                       /* its JIT */
    const struct jit_path *path;         /* where it went */
    struct jit_reader reader;            /* of its code */
    struct jit_trace traces[JIT_TRACES]; /* ntraces of them */
    unsigned ntraces;                    /* found so far */
    uint32_t calls[JIT_TRACE_INSNS];     /* ncalls of them: the CALLs that the trace is inside of */
    uint32_t ncalls;                     /* under way */
    struct jit_returns called, guarded;  /* where calls return to that end traces; what guards expect */
    bool found;                          /* all of these, too */
    bool known;                          /* all of them: the second round */
    uint32_t npcs;                       /* instructions of all of them */
    uint64_t pcs[JIT_REGION_INSNS];      /* their addresses */
    uint32_t napart;                     /* branches that stay.. */
    uint64_t apart[JIT_APART];           /* ..at these places */
    uint8_t round[JIT_REGION_INSNS];     /* instructions behind this one that straight code goes round */
    bool out[JIT_REGION_INSNS];          /* they leave by a way that never stays in the region */
    uint32_t hits[JIT_REGION_INSNS];     /* how often they ran, as parts of their traces */
    uint32_t runs;                       /* the sum of the traces' */
    uint32_t crossings;                  /* how often the path left the region or came into it */
    uint32_t touched;                    /* the other region that the path went to most often; 0: none */
    uint32_t touches;                    /* how often, less how often to others */
    uint32_t uses[IR_MAX_WORDS];         /* accesses to each state word */
    struct jit_pins pins;                /* the choice */
};

void jit_traces_find(struct jit_making *r);                        /* those of r->path */
struct jit_trace *jit_trace_at(struct jit_making *r, uint64_t pc); /* NULL: none begins there */
/* The block of another region at pc, or NULL. It stays as it is, and traces end before it. */
const struct jit_block *jit_trace_other(struct jit_making *r, uint64_t pc);
/* Lifts the trace into j->ir, and notes its instructions; false: there is none. */
bool jit_trace_lift(struct jit_making *r, struct jit_trace *t);
/* The path goes from instruction *at of the trace to the next one, or round some. */
bool jit_trace_stays(const struct jit_making *r, const struct jit_trace *t, uint32_t *at, uint64_t pc);

/* ---- region.c ---- */
/* Translates what the path shows to be hot; p->sites are filled here. */
void jit_region(struct vcpu *c, struct jit_path *p);

#endif
