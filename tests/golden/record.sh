# What `callgate record --merge`, `learn` and `covers` say, and their exit codes.
try() {
  echo "\$ callgate $*"
  callgate "$@"
  echo "exit $?"
}
base="--arch x86_64 --kernel 6.1"
work=$(mktemp -d)
cat >$work/a.json <<'END'
{"schema": "callgate.record/1", "of": "lxc:web", "by": "tracepoints", "runs": 1, "lost": 2, "calls": [
  {"abi": "x86_64", "nr": 0, "count": 10, "phase": "program", "exe": {"nginx": 10}, "first": 1700000000.5, "last": 1700000001.25},
  {"abi": "x86_64", "nr": 41, "count": 3, "args": [{"count": 2, "a0": 1, "a1": 1, "a2": 0}, {"count": 1, "a0": 2, "a1": 1, "a2": 6}]},
  {"abi": "x86_64", "nr": 83, "count": 1, "denied": true, "answer": "ERRNO(EPERM)"},
  {"abi": "x86_64", "nr": 59, "count": 1, "phase": "runtime"},
  {"abi": "x86_64", "nr": 4242, "count": 1}]}
END
cat >$work/strace.log <<'END'
[pid    7] socket(0x10, 0x3, 0) = 4
[pid    7] openat(AT_FDCWD, "/etc/passwd", O_RDONLY) = 5
END
cd $work
try record --merge a.json strace.log
try learn $base --at exec a.json
try learn $base --at exec -o learned.json a.json strace.log
try covers $base learned.json a.json
try covers $base learned.json strace.log
sed 's/, "mkdir"//; s/"mkdir"/"rmdir"/' learned.json >narrow.json
try covers $base narrow.json a.json
try covers $base --json narrow.json a.json
try covers $base --unused learned.json strace.log
try learn $base --at exec --within narrow.json -o within.json a.json
# The limit asks for an argument that learning does not, or that it was told not to.
cat >limit.json <<'END'
{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
  {"names": ["mmap"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 2, "value": 1, "op": "SCMP_CMP_EQ"}]},
  {"names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 2, "op": "SCMP_CMP_EQ"}]}]}
END
echo '{"schema": "callgate.record/1", "calls": [{"abi": "x86_64", "nr": 9, "count": 1, "args": [{"count": 1, "a2": 1, "a3": 2}]}]}' >mmap.json
echo '{"schema": "callgate.record/1", "calls": [{"abi": "x86_64", "nr": 41, "count": 1, "args": [{"count": 1, "a0": 2, "a1": 1, "a2": 6}]}]}' >socket.json
try learn $base --at exec --within limit.json mmap.json
try learn $base --at exec --args none --within limit.json socket.json
try learn $base --at exec -o mapping.json mmap.json
callgate meet $base --to oci -o met.json mapping.json limit.json
try covers $base met.json mmap.json
try learn $base --at exec --base narrow.json a.json
try covers $base learned.json learned.json
try covers $base learned.json /nonexistent
try learn $base
try record --for soon true
echo '{"schema": "callgate.record/1", "calls": [{"abi": "x86_65", "nr": 1}]}' >bad.json
try record --merge bad.json
cat >operator.yaml <<'END'
apiVersion: security-profiles-operator.x-k8s.io/v1beta1
kind: SeccompProfile
spec:
  defaultAction: SCMP_ACT_ERRNO
END
try learn $base operator.yaml
echo '{"apiVersion": "security-profiles-operator.x-k8s.io/v1beta1", "kind": "SeccompProfile", "spec": {"defaultAction": "SCMP_ACT_ERRNO",
  "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ALLOW"}]}}' >operator.json
try learn $base --at exec operator.json
echo '{"apiVersion": "v1", "kind": "List", "items": []}' >list.json
try learn $base list.json
cd /
rm -rf $work
