#!/bin/sh
# install_check.sh STAGE PREFIX: looks at what `make install DESTDIR=STAGE` put there, as a user would: runs the program
# from elsewhere, reads the pages, completes words, builds a program with the library. One line of totals.
stage=$1
root=$1$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0 skipped=0

# check NAME COMMAND...
check() {
    name=$1
    shift
    if out=$("$@" 2>&1); then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'not ok: %s\n%s\n' "$name" "$out"
    fi
}

has() { command -v "$1" >/dev/null || { skipped=$((skipped + 1)); echo "skipped: no $1 here"; false; }; }

says_version() { "$root/bin/lockstep" --version | grep -Eq '^lockstep [0-9]+\.[0-9]+\.[0-9]+$'; }

runs_default_cases() { (cd "$stage" && "$root/bin/lockstep" run --quiet --filter 'riscv64/m/*'); }

pages_are_clean() {
    for command in $("$root/bin/lockstep" list commands | sed 's/ .*//'); do
        [ -s "$root/share/man/man1/lockstep-$command.1" ] || { echo "no page of $command"; return 1; }
    done
    mandoc -T lint -W warning "$root"/share/man/man1/*.1
}

# what bash makes of "lockstep run --rep" and "lockstep gen " and the tab key
bash_completes() {
    bash -c '. "$0"
        COMP_WORDS=(lockstep run --rep) COMP_CWORD=2; _lockstep
        [ "${COMPREPLY[*]}" = --report ] || { echo "${COMPREPLY[*]}"; exit 1; }
        COMP_WORDS=(lockstep gen "") COMP_CWORD=2; _lockstep
        [[ " ${COMPREPLY[*]} " == *" riscv64 "* ]]' "$root/share/bash-completion/completions/lockstep"
}

zsh_parses() { zsh -n "$root/share/zsh/site-functions/_lockstep"; }

headers_stand_alone() {
    find "$root/include/lockstep/engine" "$root/include/lockstep/devices" -name '*.h' | while read -r header; do
        ${CC:-cc} -std=gnu17 -D_GNU_SOURCE -I"$root/include/lockstep" -fsyntax-only -x c "$header" || exit 1
    done
}

# the libraries alone: an addition, on the interpreter, and a device's access past an SMMU that is off
library_builds() {
    cat >"$work/use.c" <<'END'
#include "devices/smmu/smmu.h"
#include "engine/guest/guest.h"
#include "engine/interp/interp.h"

#include <stdio.h>

static int access(struct mem *m)
{
    struct smmu *s = smmu_new(&(struct smmu_board){.mem = m});
    struct smmu_request q = {.iova = 0x1000, .size = 4, .access = SMMU_READ};
    struct smmu_device *d;
    struct smmu_stop stop;
    unsigned bytes = 0;
    if (!s || smmu_attach(s, &(struct smmu_client){.name = "dma", .sid = 8}, &d)) return 0;
    if (smmu_dma(d, &q, &bytes, &stop) != SMMU_DONE) return 0;
    smmu_detach(d);
    smmu_free(s);
    return bytes != 0;
}

int main(void)
{
    const struct guest *g = guest_find("riscv64");
    struct buf code = {0};
    struct asm_error err;
    struct mem m;
    if (!guest_asm(g, "addi a0, zero, 40; addi a0, a0, 2", &code, &err)) return 1;
    mem_init(&m);
    if (mem_add(&m, 0x1000, 0x1000, CPU_READ | CPU_EXEC, NULL, "code")) return 2;
    if (mem_write(&m, 0x1000, code.p, code.len)) return 3;
    struct vcpu *c = vcpu_new(g, &m);
    if (!c || backend_interp.open(c)) return 4;
    *guest_reg_words(g, c->state, guest_reg_find(g, "pc")) = 0x1000;
    backend_interp.run(c, 2);
    if (!access(&m)) return 5;
    printf("%d\n", (int)*guest_reg_words(g, c->state, guest_reg_find(g, "a0")));
    backend_interp.close(c);
    vcpu_free(c);
    mem_free(&m);
    buf_free(&code);
    return 0;
}
END
    # pkg-config writes flags for a shell to read; what stands in for / it takes only with plain names
    ln -s "$stage" "$work/stage"
    flags=$(PKG_CONFIG_PATH=$root/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$work/stage pkg-config --cflags --libs lockstep) || return 1
    eval "set -- $flags"
    ${CC:-cc} -std=gnu17 -D_GNU_SOURCE -Wall -Wextra -Wno-unused-parameter -o "$work/use" "$work/use.c" "$@" || return 1
    [ "$("$work/use")" = 42 ]
}

check version says_version
check 'default cases, from another folder' runs_default_cases
has mandoc && check 'manual pages' pages_are_clean
check 'bash completion' bash_completes
has zsh && check 'zsh completion' zsh_parses
check 'each header alone' headers_stand_alone
has pkg-config && check 'a program with the library' library_builds
echo "$passed passed, $failed failed"
[ "$skipped" -eq 0 ] || echo "$skipped skipped"
[ "$failed" -eq 0 ]
