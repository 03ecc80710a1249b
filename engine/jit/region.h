/* What the files of the second tier share: path.c knows where a guest went, region.c makes code of it. */
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
};

/* Where one instruction went on. */
struct jit_site {
    uint64_t pc;              /* its address */
    uint32_t count;           /* how often it ran; 0: an empty bucket */
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

/* ---- region.c ---- */
/* Translates what the path shows to be hot; p->sites are filled here. */
void jit_region(struct vcpu *c, struct jit_path *p);

#endif
