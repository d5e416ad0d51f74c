# What `callgate convert` and `check --portable` say, and their exit codes.
try() {
  echo "\$ callgate $*"
  callgate "$@"
  echo "exit $?"
}
base="--arch x86_64 --kernel 6.1 --names libseccomp-2.5.4"
small=../verdicts/small.json
try convert $base --to oci $small
try convert $base --to docker ../verdicts/deny.json
printf '1\nallowlist\n0\n1\n1024\n' >/tmp/callgate-golden-$$.seccomp
for lossy in '' --lossy; do
  try convert $base --to oci $lossy /tmp/callgate-golden-$$.seccomp 2>&1 | sed "s/callgate-golden-$$/numbers/g"
done
printf '2\ndenylist\nmkdir errno 7\nchown errno 1 [2,1,&=,3]\n' >/tmp/callgate-golden-$$.seccomp
callgate convert $base --to oci /tmp/callgate-golden-$$.seccomp |
  callgate convert $base --to lxc - | sed '/^#/d'
printf '2\ndenylist\nmkdir notify\n' >/tmp/callgate-golden-$$.seccomp
try convert $base --to docker /tmp/callgate-golden-$$.seccomp 2>&1 | sed "s/callgate-golden-$$/notify/g"
rm -f /tmp/callgate-golden-$$.seccomp
try convert $base $small
try convert $base --to yaml $small
try convert --to oci /nonexistent
twice=/tmp/callgate-golden-$$.json
printf '{"defaultAction":"SCMP_ACT_ALLOW",\n"syscalls":[{"names":["mkdir"],"action":"SCMP_ACT_ERRNO"}],\n"syscalls":[]}\n' >$twice
try check $base --portable $twice 2>&1 | sed "s/callgate-golden-$$/twice/"
try explain $base --as runc $twice mkdir 2>&1 | sed "s/callgate-golden-$$/twice/"
try explain $base --as crun $twice mkdir 2>&1 | sed "s/callgate-golden-$$/twice/"
try explain $base $twice mkdir 2>&1 | sed "s/callgate-golden-$$/twice/"
rm -f $twice
try explain $base --as runc-1.1 $small
