#!/bin/sh
# tests.sh LOGS PROGRAM...: runs cmocka programs, two at a time, and prints what failed and one line of totals.
# A program that dies, hangs or runs no test counts as one failure; its whole output is shown.
logs=$1
shift
mkdir -p "$logs"
rm -f "$logs"/*.tap
export CMOCKA_MESSAGE_OUTPUT=TAP
export LOGS="$logs"
printf '%s\n' "$@" | xargs -P 2 -I{} sh -c '
    name=$(echo "{}" | sed "s|^build/[a-z]*/test/||; s|/|-|g")
    timeout 600 "{}" >"$LOGS/$name.tap" 2>&1
    echo "exit $?" >>"$LOGS/$name.tap"'
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
