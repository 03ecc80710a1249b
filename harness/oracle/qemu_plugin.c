/* The plugin's bytes, so that it needs no file: QEMU loads it from memory. */
#include "harness/oracle/qemu.h"

#ifndef QEMU_PLUGIN_FILE
#define QEMU_PLUGIN_FILE "" /* read without being assembled */
#endif

__asm__(".section .rodata\n"
        ".global qemu_plugin_bytes, qemu_plugin_end\n"
        "qemu_plugin_bytes: .incbin \"" QEMU_PLUGIN_FILE "\"\n"
        "qemu_plugin_end: .byte 0\n"
        ".previous\n");
