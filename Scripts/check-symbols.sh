#!/usr/bin/env bash
# The shared library exports the header's functions and nothing else, needs only the libraries below, and is linked safely.
set -euo pipefail
cd "$(dirname "$0")/.."
library=${1:-build/lib/liblstm.so}
allowed='^(libc\.so\.6|libm\.so\.6|libgcc_s\.so\.1|libstdc\+\+\.so\.6|libhdf5[a-z_]*\.so\.[0-9]+|libjansson\.so\.4|libzip\.so\.[0-9]+|ld-linux-.*|libpthread\.so\.0|libdl\.so\.2)$'
fault=0
complain() { echo "$library: $*"; fault=1; }

[ -f "$library" ] || { echo "$library: not there; run make first"; exit 1; }
declared=$($(Scripts/find-cc.sh) -E -P include/lstm.h | grep -oE '\blstm_[a-z0-9_]+ *\(' | tr -d ' (' | sort -u)
exported=$(nm -D --defined-only "$library" | awk '{ sub(/@.*/, "", $3); print $3 }' | sort -u)
extra=$(comm -13 <(echo "$declared") <(echo "$exported"))
absent=$(comm -23 <(echo "$declared") <(echo "$exported"))
[ -z "$extra" ] || complain "exports $(wc -l <<<"$extra") symbols that the header does not declare:" $(head -n 10 <<<"$extra")
[ -z "$absent" ] || complain "does not export:" $absent

dynamic=$(readelf -dW "$library")
for needed in $(sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' <<<"$dynamic"); do
  grep -qE "$allowed" <<<"$needed" || complain "needs $needed"
done
grep -q '(SONAME).*\[liblstm\.so\.0\]' <<<"$dynamic" || complain "the soname is not liblstm.so.0"
grep -qE '\((RPATH|RUNPATH)\)' <<<"$dynamic" && complain "has a search path:" $(grep -E '\((RPATH|RUNPATH)\)' <<<"$dynamic")
grep -qE 'BIND_NOW|FLAGS.*NOW' <<<"$dynamic" || complain "is not linked with -z now"
grep -q '(TEXTREL)' <<<"$dynamic" && complain "has relocations in its code"
headers=$(readelf -lW "$library")
grep -q GNU_RELRO <<<"$headers" || complain "has no RELRO segment"
grep -E 'GNU_STACK' <<<"$headers" | grep -q 'RWE' && complain "asks for an executable stack"
grep -q GNU_STACK <<<"$headers" || complain "does not say that its stack is not executable"
[ $fault -eq 0 ] && echo "symbols: $(wc -l <<<"$exported") functions exported, as declared; needs $(grep -c '(NEEDED)' <<<"$dynamic") libraries, all expected"
exit $fault
