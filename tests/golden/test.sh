# What `callgate test`, `lock` and `diff --gate` print, and their exit codes.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp ../verdicts/small.json "$work/small.json"
cd "$work" || exit 99
try() {
  echo "\$ callgate $*"
  callgate "$@" 2>&1
  echo "exit $?"
}
cat >profile.json <<'END'
{
  "defaultAction": "SCMP_ACT_ERRNO",
  "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
  "syscalls": [
    { "names": ["read", "write", "exit_group"], "action": "SCMP_ACT_ALLOW" },
    { "names": ["socket"], "action": "SCMP_ACT_ALLOW",
      "args": [{ "index": 0, "value": 40, "op": "SCMP_CMP_NE" }] }
  ]
}
END
tab=$(printf '\t')
sed "s/|/$tab/g" >profile.test <<'END'
# What profile.json must do.
profile: profile.json
target: --arch x86_64 --kernel 6.1 --caps none
call|expected-action|abi|reason
read|ALLOW
socket(40)|!ALLOW|x86_64|guests do not talk to the hypervisor
socket(40)|ERRNO(EPERM)||on every ABI
socket(2)|ALLOW
mkdir|ERRNO|x86
END
try test profile.test
try test --mutate profile.test
sed "s/|/$tab/g" >wrong.test <<'END'
profile: profile.json
target: --arch x86_64 --kernel 6.1
socket|ALLOW||not of every family
mkdir|KILL_PROCESS|x86_64
END
try test --junit out.xml wrong.test
cat out.xml
printf '{"schema":"callgate.record/1","calls":[{"abi":"x86_64","nr":0,"count":4},{"abi":"x86_64","nr":83,"count":1%s}]}\n' ',"denied":true,"answer":"ERRNO(EPERM)"' >ran.json
printf '{"schema":"callgate.record/1","calls":[{"abi":"x86_64","nr":0,"count":4},{"abi":"x86_64","nr":83,"count":1%s}]}\n' '' >missed.json
printf 'profile: profile.json\ntarget: --arch x86_64 --kernel 6.1\nrecord: ran.json\nrecord: missed.json\n' >record.test
try test record.test
printf 'profile: profile.json\nread\tMAYBE\n' >bad.test
try test bad.test
printf 'read\tALLOW\n' >bad.test
try test bad.test
try test missing.test
# What is no line, and what must not reach a terminal or a reader of TAP.
printf 'profile: profile.json\nread\tALLOW\000\n' >bad.test
try test bad.test
printf 'profile: profile.json\nread\033[31m\tALLOW\n' >bad.test
try test bad.test
printf 'profile: profile.json\n# %5000s\nread\tALLOW\n' >bad.test
try test --junit out.xml bad.test
cat out.xml
printf 'profile: profile.json\ntarget: --arch x86_64 --kernel 6.1\nmkdir\tALLOW\tx86_64\t# TODO later\n' >bad.test
try test bad.test
# A mistyped ABI is no reason, a row has four columns, and what cannot be met is no expectation.
for row in 'openat\tALLOW\tx86_46' 'openat\tALLOW\tx86_64\tit reads\tfiles' 'openat\t!KILL_PROCESS'; do
  printf "profile: profile.json\n$row\n" >bad.test
  try test bad.test
done
try lock --target '--arch x86_64 --kernel 6.1 --caps none' --matrix callgate:aarch64 --kernel 6.1 profile.json -o profile.lock
cat profile.lock
try lock --check profile.lock
# The lock file is elsewhere: paths are kept from there.
mkdir -p locks && cp profile.json locks
try lock --target '--arch x86_64 --kernel 6.1 --caps none' locks/profile.json -o locks/profile.lock
tail -n 1 locks/profile.lock
try lock --check locks/profile.lock
rm -r locks
sed 's/"read", //' profile.json >next.json
mv next.json profile.json
try lock --check profile.lock
try lock --json --check profile.lock
sed 's/"value": 40/"value": 41/' profile.json >next.json
for file in next.json profile.json; do
  try diff --gate no-looser --arch x86_64 --kernel 6.1 profile.json $file
done
try diff --gate no-looser --within next.json --arch x86_64 --kernel 6.1 profile.json next.json
try diff --gate no-looser --matrix callgate:x86_64,aarch64 --kernel 6.1 profile.json next.json
try diff --json --gate no-looser --target '--arch x86_64 --abi x86' --kernel 6.1 profile.json next.json
try diff --gate no-tighter profile.json next.json
