/* Which lockstep this is: the Makefile's word. */
#include "harness/commands/table.h"

const char program_version[] = LOCKSTEP_VERSION;
const char program_released[] = LOCKSTEP_RELEASED;
