#!/bin/sh
# fetch.sh ARCH FILE: Debian's static busybox of another architecture, as FILE, through this machine's own apt mirror.
# The suite is the first of those below that carries the architecture. On failure FILE.why says why, and the status is 0:
# what needs the file skips itself with that reason.
arch=$1 file=$2
[ -x "$file" ] && exit 0
mkdir -p "$(dirname "$file")"
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
: >"$dir/status"
mirror=$(apt-get indextargets --format '$(CREATED_BY) $(REPO_URI) $(RELEASE)' 2>/dev/null |
    sed -n "s/^Packages \([^ ]*\) $(. /etc/os-release && echo "$VERSION_CODENAME")\$/\1/p" | head -n 1)
if [ -z "$mirror" ]; then
    echo "apt on this machine names no mirror of its own suite" >"$file.why"
    exit 0
fi
apt() {
    apt-get -q -o Dir::Etc::sourcelist="$dir/sources" -o Dir::Etc::sourceparts=- -o Dir::State="$dir" \
        -o Dir::State::lists="$dir/lists" -o Dir::State::status="$dir/status" -o Dir::Cache="$dir/cache" \
        -o APT::Architecture="$arch" -o APT::Architectures="$arch" -o APT::Sandbox::User=root "$@"
}
for suite in bookworm trixie forky sid; do
    echo "deb [arch=$arch] $mirror $suite main" >"$dir/sources"
    apt update >"$dir/log" 2>&1 || continue
    (cd "$dir" && apt download busybox-static >>"$dir/log" 2>&1) || continue
    dpkg-deb -x "$dir"/busybox-static_*.deb "$dir/x" || continue
    for found in "$dir/x/usr/bin/busybox" "$dir/x/bin/busybox"; do
        [ -f "$found" ] && cp "$found" "$file" && chmod 755 "$file" && rm -f "$file.why" && exit 0
    done
done
echo "no suite of the configured mirror gave busybox-static for $arch: $(tail -n 1 "$dir/log")" >"$file.why"
