/* While a scenario is built: its streams as software sees them. */
#ifndef HARNESS_SMMU_STREAMS_H
#define HARNESS_SMMU_STREAMS_H

#include "harness/smmu/scenario.h"

enum scn_tables {
    SCN_LOW,
    SCN_STAGE2,
    SCN_HIGH,
    SCN_TABLES_OF
}; /* stage 1 by TTB0, stage 2, stage 1 by TTB1 */

/* A stream or a substream of it that was configured. */
struct scn_stream_state {
    uint32_t sid, ssid;                     /* which; ssid 0: what has none, too */
    uint64_t cd_at;                         /* its context descriptor; 0: it has none */
    struct scn_stage stages[SCN_TABLES_OF]; /* its tables; root 0: there are none */
};

struct scn_device {
    uint32_t sid; /* its stream */
    bool ats;     /* it has an address translation cache */
};

struct builder {
    struct diag *diag;                             /* where errors go */
    struct arena *arena;                           /* the case's memory */
    struct steps steps;                            /* so far */
    struct image image;                            /* tables, as they are now */
    struct scn_stream_state streams[SCN_CONTEXTS]; /* nstreams of them */
    unsigned nstreams;                             /* how many */
    struct scn_device devices[SCN_STREAMS];        /* ndevices of them */
    unsigned ndevices;                             /* how many */
    struct buf entries;                            /* struct scn_entry: all that were made */
};

/* ---- streams.c; false: reported ---- */
/* A stream of `streams:` or a step: its entry, descriptor and tables into the image. */
bool scn_stream(struct builder *b, const struct ynode *n);
/* A mapping into the stream's tables; NULL: those of the stream that it names. */
bool scn_stream_map(struct builder *b, struct scn_stream_state *s, const struct ynode *n, bool away);
/* A check of the descriptor that a map names: as software wrote it, but for its `set` and `clear`. */
bool scn_stream_descriptor(struct builder *b, const struct ynode *n);
/* There is a device with this stream id. */
bool scn_device(struct builder *b, uint32_t sid, const struct ynode *at);

/* ---- ask.c; false: reported ---- */
bool scn_build_ask(struct builder *b, const struct ynode *v, const struct ynode *step);
bool scn_build_page(struct builder *b, const struct ynode *v, const struct ynode *step);
bool scn_build_pages(struct builder *b, const struct ynode *v, const struct ynode *step);
bool scn_build_told(struct builder *b, const struct ynode *v, const struct ynode *step);

#endif
