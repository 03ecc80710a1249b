/* gen IR ISA-DIR OUT-DIR: writes the C of one ISA, or only checks its specs when OUT-DIR is '-'.
 * gen ops IR OUT-DIR: writes the operation table, which is the same for all.
 * gen linux DIR OUT-DIR: the system calls of Linux guests.
 * gen device FILE OUT-DIR: a device's registers and structures. */
#include "specs/gen/device.h"
#include "specs/gen/linux.h"

#include <string.h>

int main(int argc, char **argv)
{
    struct spec s = {.diag = {.out = stderr}};
    if (argc != 4) {
        fputs("usage: gen specs/ir.yaml specs/<isa> OUT-DIR (or -)\n"
              "       gen ops specs/ir.yaml OUT-DIR\n"
              "       gen linux specs/linux OUT-DIR (or -)\n"
              "       gen device specs/devices/NAME.yaml OUT-DIR (or -)\n",
              stderr);
        return 2;
    }
    if (!strcmp(argv[1], "linux")) return linux_main(argv[2], argv[3]);
    if (!strcmp(argv[1], "device")) return device_main(argv[2], argv[3]);
    bool ops = !strcmp(argv[1], "ops");
    bool ok = ops ? ir_load(&s, argv[2]) : spec_load(&s, argv[1], argv[2]);
    if (ok && strcmp(argv[3], "-")) ok = ops ? emit_ops(&s, argv[3]) : emit_all(&s, argv[3]);
    if (s.diag.errors) fprintf(stderr, "%u error%s\n", s.diag.errors, s.diag.errors == 1 ? "" : "s");
    ok = ok && !s.diag.errors;
    spec_free(&s);
    return ok ? 0 : 1;
}
