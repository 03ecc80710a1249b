#!/bin/sh
# tests.sh LOGS PROGRAM...: runs cmocka programs, two at a time, and prints what failed and one line of totals.
# A program that dies, hangs or runs no test counts as one failure; its whole output is shown.
#
# Those that take longest start first, so that both of two cores are busy to the end. A name that is missing here
# costs only time; LOGS/times has the milliseconds that each took.
longest="harness/exec/programs harness/page/browser harness/exec/budget harness/commands/compare harness/exec/busybox
    engine/fp/convert engine/fp/arith engine/guest/objdump engine/fp/divsqrt engine/fp/fma harness/corpus/corpora
    engine/interp/interp engine/guest/asm harness/run/past engine/user/call engine/jit/jit engine/guest/riscv64/pseudo
    harness/run/pool harness/gdb/gdb engine/jit/x86_64/emit harness/exec/exec engine/ir/lift"
logs=$1
shift
mkdir -p "$logs"
rm -f "$logs"/*.tap "$logs/times"
export CMOCKA_MESSAGE_OUTPUT=TAP
export LOGS="$logs"
{
    for name in $longest; do printf '%s\n' "$@" | grep "/test/${name}_test\$"; done
    printf '%s\n' "$@"
} | awk '!seen[$0]++' | xargs -P 2 -I{} sh -c '
    name=$(echo "{}" | sed "s|^build/[a-z]*/test/||; s|/|-|g")
    start=$(date +%s%N)
    timeout -k 5 600 "{}" >"$LOGS/$name.tap" 2>&1
    echo "exit $?" >>"$LOGS/$name.tap"
    echo "$((($(date +%s%N) - start) / 1000000)) $name" >>"$LOGS/times"'
sort -rn -o "$logs/times" "$logs/times"
passed=0
failed=0
skipped=0
for program in "$@"; do
    name=$(echo "$program" | sed 's|^build/[a-z]*/test/||; s|/|-|g')
    log=$logs/$name.tap
    ok=$(grep '^ok ' "$log" | grep -vc '# SKIP')
    bad=$(grep '^not ok ' "$log" | grep -vc '# SKIP')
    skips=$(grep -Ec '^(not )?ok .*# SKIP' "$log")
    skipped=$((skipped + skips))
    status=$(sed -n 's/^exit //p' "$log" | tail -n 1)
    if [ "$ok" -eq 0 ] && [ "$bad" -eq 0 ] && [ "$skips" -eq 0 ]; then bad=1; fi
    if [ "$status" != 0 ] && [ "$bad" -eq 0 ]; then bad=1; fi
    passed=$((passed + ok))
    failed=$((failed + bad))
    if [ "$bad" -ne 0 ]; then
        echo "FAILED: $program (exit $status)"
        grep -v '^ok ' "$log" | tail -n 60
    fi
done
[ "$skipped" -eq 0 ] || echo "$skipped skipped"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
