/* Days: when a waiver ends, and which day it is. */
#ifndef HARNESS_JUDGE_DATE_H
#define HARNESS_JUDGE_DATE_H

#include "engine/base/base.h"

#include <stdint.h>

/* "2027-03-31" as days since 1970-01-01. False: it is no such day. */
MUST_CHECK bool date_parse(const char *text, int32_t *day);
/* Today: `given` (or NULL), else the seconds in SOURCE_DATE_EPOCH, else the clock, in UTC. False: `given` or
 * the variable makes no sense, and `why` has a sentence about it. The only place that asks. */
MUST_CHECK bool date_today(const char *given, int32_t *day, struct buf *why);

#endif
