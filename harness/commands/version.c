/* Which lockstep this is. The Makefile reads the first of them here. */
#include "harness/commands/table.h"

const char program_version[] = "0.1.0";
const char program_released[] = "2026-11-21";
