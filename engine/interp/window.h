/* Included before a generated interpreter: with INTERP_WINDOW, its rows' accesses go straight to the window
 * instead of through the TLB. The names are those of ir.yaml's references. */
#ifndef ENGINE_INTERP_WINDOW_H
#define ENGINE_INTERP_WINDOW_H

#include "engine/cpu/window.h"

#ifdef INTERP_WINDOW
#define cpu_load8   window_load8
#define cpu_load16  window_load16
#define cpu_load32  window_load32
#define cpu_load64  window_load64
#define cpu_store8  window_store8
#define cpu_store16 window_store16
#define cpu_store32 window_store32
#define cpu_store64 window_store64
#endif

#endif
