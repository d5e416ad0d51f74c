# What `callgate diff`, `verify`, `compile` and `syscall` say, and their exit codes.
try() {
  echo "\$ callgate $*"
  callgate "$@"
  echo "exit $?"
}
base="--arch x86_64 --kernel 6.1"
small=../verdicts/small.json
try diff $base $small $small
try diff $base --abi x86_64 $small ../verdicts/deny.json | head -12
sed 's/"mkdirat"/"rmdir"/; s/4294967295/4294967294/' $small >/tmp/callgate-golden-$$.json
try diff $base $small /tmp/callgate-golden-$$.json 2>&1 | sed "s/callgate-golden-$$/changed/"
callgate diff $base --json --abi x86_64 $small /tmp/callgate-golden-$$.json | sed "s/callgate-golden-$$/changed/"
callgate compile $base $small -o /tmp/callgate-golden-$$.bpf
try diff $base $small bpf:/tmp/callgate-golden-$$.bpf 2>&1 | sed "s/callgate-golden-$$/compiled/"
# A program that treats an architecture unknown to everybody in a way of its own; the call that shows it is taken back.
# ld [4]; jne #0xdeadbeef, other; ld [0]; jne #5, other; ld [16]; jne #7, other; ret #0x50001; other: ret #0x7fff0000
words() { for w in "$@"; do printf "$(printf '\\%03o\\%03o\\%03o\\%03o' $((w & 255)) $((w >> 8 & 255)) $((w >> 16 & 255)) $((w >> 24 & 255)))"; done; }
words 0x20 4 0x5000015 0xdeadbeef 0x20 0 0x3000015 5 0x20 16 0x1000015 7 6 0x50001 6 0x7fff0000 >/tmp/callgate-golden-$$.own
words 6 0x7fff0000 >/tmp/callgate-golden-$$.bpf
try diff $base bpf:/tmp/callgate-golden-$$.own bpf:/tmp/callgate-golden-$$.bpf 2>&1 | sed "s/callgate-golden-$$/two/g"
try explain bpf:/tmp/callgate-golden-$$.own '0xdeadbeef:5(0x7)' 0xdeadbeef:5 2>&1 | sed "s/callgate-golden-$$/own/"
printf '0xdeadbeef\t5\t7\n' | try explain bpf:/tmp/callgate-golden-$$.own --batch - 2>&1 | sed "s/callgate-golden-$$/own/"
try explain bpf:/tmp/callgate-golden-$$.own '0xdeadbeef:open' '0xdeadbeef:5(*)' 2>&1 | sed "s/callgate-golden-$$/own/"
rm -f /tmp/callgate-golden-$$.json /tmp/callgate-golden-$$.bpf /tmp/callgate-golden-$$.own
try compile $base --stats $small
try compile $base --stats --json $small
try compile $base --format basic $small
try compile $base /nonexistent
try diff $base $small
try diff $base $small bpf:/nonexistent
try verify --profile $small $small
try verify --profile $small pid:0
try syscall --abi x86_64,x86 socket
try syscall --abi x86_64 --json 435 clone3
try syscall mkdirr
