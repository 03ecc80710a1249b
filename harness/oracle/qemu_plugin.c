/* The plugin's bytes, so that it needs no file: QEMU loads it from memory. */
#include "harness/oracle/qemu.h"

#ifndef QEMU_PLUGIN_FILE
#define QEMU_PLUGIN_FILE "" /* read without being assembled */
#endif

__asm__(".section .rodata\n"
        ".balign 8\n"
        ".global qemu_plugin_bytes, qemu_plugin_size\n"
        "qemu_plugin_size: .quad 1f - qemu_plugin_bytes\n"
        "qemu_plugin_bytes: .incbin \"" QEMU_PLUGIN_FILE "\"\n"
        "1: .previous\n");
