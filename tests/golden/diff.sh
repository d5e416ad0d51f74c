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
rm -f /tmp/callgate-golden-$$.json /tmp/callgate-golden-$$.bpf
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
