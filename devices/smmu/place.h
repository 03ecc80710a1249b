/* Memory near the processors that use it (place.c). */
#ifndef DEVICES_SMMU_PLACE_H
#define DEVICES_SMMU_PLACE_H

#include "devices/smmu/internal.h"

void *smmu_pages(size_t size); /* zeroes that nobody has touched; NULL: no memory */
void smmu_pages_free(void *at, size_t size);
/* To the node of this thread; once, on the device's own thread. */
void smmu_place(struct smmu_caches *k);

/* ---- for tests: what it is made of ---- */
bool smmu_nodes_several(const char *list); /* "0-1" or "0,2"; not "0" */
/* What is there goes to a node, and what comes there later if it can. 0 or -errno. */
MUST_CHECK int smmu_place_at(void *at, size_t size, unsigned node);

#endif
