# Fifty applets of busybox and more; $1 is the busybox. The output depends on nothing but them.
B=$1
T=$(mktemp -d /tmp/lockstep-busybox-XXXXXX)
cd "$T" || exit 1
export LC_ALL=C TZ=UTC
say() { echo "== $*"; }

say seq, sort, uniq, wc, head, tail, tac, rev, nl
$B seq 1 200 >numbers
$B seq 200 -3 1 | $B sort -n | $B head -n 5
$B sort -r numbers | $B tail -n 3
(cat numbers; $B seq 50 60) | $B sort | $B uniq -d | $B wc -l
$B tac numbers | $B head -n 2
echo stressed | $B rev
$B head -n 3 numbers | $B nl

say cut, tr, sed, awk, grep, paste, fold, expand, unexpand, dos2unix
printf 'alpha:1:x\nbeta:22:y\ngamma:333:z\n' >table
$B cut -d: -f2 table
$B tr a-z A-Z <table
$B sed -e 's/\([a-z]*\):\([0-9]*\)/\2=\1/' -e '2d' table
$B awk -F: '{ s += $2; n[$3] = length($1) } END { printf "%d %d %.3f\n", s, n["z"], sin(1) + exp(2) }' table
$B grep -c a table
$B grep -vn beta table
$B grep -E '^(al|ga)' table
$B paste -d+ table numbers | $B head -n 3
echo abcdefghijklmnopqrstuvwxyz | $B fold -w 10
printf 'a\tb\n' | $B expand -t 4
printf '        x\n' | $B unexpand | $B od -c
$B unix2dos <table | $B dos2unix | $B cmp - table && echo unchanged

say md5sum, sha1sum, sha256sum, sha512sum, sha3sum, base64, uuencode
for s in md5sum sha1sum sha256sum sha512sum sha3sum; do $B $s numbers; done
$B base64 table | $B tee encoded | $B base64 -d | $B cmp - table && cat encoded
$B uuencode table name | $B uudecode -o - | $B cmp - table && echo same

say gzip, bzip2, xz, tar, cpio
$B gzip -c numbers | $B gunzip | $B md5sum
$B bzip2 -c numbers | $B bunzip2 | $B md5sum
$B gzip -9 -c numbers >n.gz && $B zcat n.gz | $B tail -n 1
$B mkdir -p tree/a/b && $B cp numbers tree/a/b/ && $B cp table tree/
$B tar cf tree.tar tree && $B tar tf tree.tar | $B sort
$B mkdir out && $B tar xf tree.tar -C out && $B diff -r tree out/tree && echo no difference
$B find tree | $B sort | $B cpio -o -H newc 2>/dev/null | $B cpio -it 2>/dev/null

say ls, find, stat, chmod, ln, readlink, mv, rm, touch, du, basename, dirname, realpath
$B touch -d @86400 old; $B chmod 640 old; $B stat -c '%a %s %Y %F' old
$B ln -s old link; $B readlink link; $B ls -1 | $B sort
$B find . -name 'n*' -type f | $B sort
$B mv old new && $B rm -f link && $B ls new
$B basename /a/b/c.txt .txt; $B dirname /a/b/c.txt
$B realpath tree/../table | $B sed "s|$T|T|"
$B du -a tree >/dev/null && echo measured

say od, hexdump, xxd, strings, cmp, diff, patch, dd, tee, xargs
$B head -c 40 numbers | $B od -c
$B head -c 20 numbers | $B hexdump -C
$B dd if=numbers bs=10 skip=2 count=3 2>/dev/null | $B xxd
printf 'x\001\002hello world\003' | $B strings
$B sed 's/^7$/seven/' numbers >changed; $B cp changed wanted; $B diff -u numbers changed >delta; $B tail -n +3 delta
$B cp numbers changed; $B patch -p0 <delta; $B cmp changed wanted && echo patched
$B seq 1 10 | $B xargs -n 4 echo

say expr, test, printf, date, factor, bc, dc, env, id, uname, sleep, usleep, timeout
$B expr 6 \* 7 + 1; $B expr abcdef : 'abc\(.*\)'
$B printf '%5d|%-5s|%x\n' 42 ab 255
$B date -u -d @1000000000 '+%Y-%m-%d %H:%M:%S %a'
$B factor 1234567890 600851475143
echo 'scale=20; 1/7; 2^100; sqrt(2)' | $B bc
echo '20 k 2 3 / p' | $B dc
$B env -i A=1 B=2 $B env | $B sort
$B uname -s
$B sleep 0.01 && $B usleep 100 && echo slept
$B timeout 1 $B sleep 5; echo "timeout $?"

say shell: functions, loops, arithmetic, here documents, traps, jobs, pipelines, expansion
fib() { if [ "$1" -lt 2 ]; then echo "$1"; else echo $(($(fib $(($1 - 1))) + $(fib $(($1 - 2))))); fi; }
fib 9
i=0; while [ $i -lt 5 ]; do i=$((i + 1)); case $i in 2) continue ;; 4) break ;; esac; echo "i $i"; done
$B sh -c 'trap "echo trapped; exit 3" TERM; kill -TERM $$; echo not reached'; echo "status $?"
($B sleep 0.05; echo later) & echo first; wait
v=a.b.c; echo "${v%.*} ${v##*.} ${#v} ${unset:-default}"
$B cat <<END | $B tr -d '\n'
here
document
END
echo
echo one two three | { read -r a b; echo "$b,$a"; }
$B false || echo "false $?"
$B sh -c 'exit 7'; echo "status $?"
$B sh -c 'kill -9 $$'; echo "status $?"
$B yes | $B head -n 2
set -- x y z; echo "$# $*"; shift; echo "$1"
cd / && $B rm -rf "$T"
say end
