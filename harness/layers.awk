# Who may include whom (DESIGN: a lower folder never includes a higher one). Reads C files, prints breaches.
#     base < fp < cpu < ir < guest < interp < jit < vm < snapshot, user < accel, devices < specs < harness < bench
# specs/yaml and specs/gen are programs and libraries of the build: above the engine, below the harness.
BEGIN {
    split("engine/base engine/fp engine/cpu engine/ir engine/guest engine/interp engine/jit engine/vm engine/snapshot engine/user accel devices specs harness bench", name, " ")
    split("1 2 3 4 5 6 7 8 9 9 10 10 11 12 13", rank, " ")
    for (i in name) level[name[i]] = rank[i]
}
function folder(path,   parts) {
    split(path, parts, "/")
    return parts[1] == "engine" ? parts[1] "/" parts[2] : parts[1]
}
/^#include "/ {
    split($0, quoted, "\"")
    from = folder(FILENAME); to = folder(quoted[2])
    if (!(to in level) || !(from in level)) next
    # the one declared exception is the header of the guest's tables: engine/cpu's slow path reports faults by them,
    # engine/ir decodes by them
    if ((from == "engine/cpu" || from == "engine/ir") && quoted[2] == "engine/guest/guest.h") next
    if (FILENAME ~ /_test\.c$/) next
    if (level[to] > level[from] || (level[to] == level[from] && from != to)) {
        printf "%s:%d: %s may not include %s\n", FILENAME, FNR, from, quoted[2]
        bad = 1
    }
}
END { exit bad }
