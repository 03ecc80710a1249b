/* gen IR ISA-DIR OUT-DIR: writes the C of one ISA, or only checks its specs when OUT-DIR is '-'. */
#include "specs/gen/gen.h"

#include <string.h>

int main(int argc, char **argv)
{
    struct spec s = {.diag = {.out = stderr}};
    if (argc != 4) {
        fputs("usage: gen specs/ir.yaml specs/<isa> OUT-DIR (or -)\n", stderr);
        return 2;
    }
    bool ok = spec_load(&s, argv[1], argv[2]);
    if (ok && strcmp(argv[3], "-")) ok = emit_all(&s, argv[3]);
    if (s.diag.errors) fprintf(stderr, "%u error%s\n", s.diag.errors, s.diag.errors == 1 ? "" : "s");
    ok = ok && !s.diag.errors;
    spec_free(&s);
    return ok ? 0 : 1;
}
