# What `callgate check` says, and its exit codes.
try() {
  echo "\$ callgate check $*"
  callgate check "$@"
  echo "exit $?"
}
base="--arch x86_64 --kernel 6.1"
try $base ../verdicts/small.json
printf '{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[\n  {"names":["mkdirr"],"action":"SCMP_ACT_ALLOW"},\n  {"names":["read"],"action":"SCMP_ACT_ALOW"}\n]}\n' |
  try $base -
printf '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir"],"action":"SCMP_ACT_ERRNO","errnoRet":1},]}' | try $base -
printf '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdirr","chmod"],"action":"SCMP_ACT_ERRNO","errnoRet":1}]}' | try $base --strict -
printf '{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[
  {"names":["ioctl"],"action":"SCMP_ACT_ALLOW","args":[{"index":1,"value":8,"op":"SCMP_CMP_GE"}]},
  {"names":["ioctl"],"action":"SCMP_ACT_KILL","args":[{"index":1,"value":8,"op":"SCMP_CMP_LE"}]}]}' | try $base -
try $base /nonexistent/profile.json
try $base no-such-profile
try $base --json ../verdicts/deny.json
try
# A reader that does not read this format refuses the file.
try $base --as lxc --names libseccomp-2.5.4 ../verdicts/small.json
printf '2\ndenylist\nkexec_load errno 1\n' | try $base --as runc --names libseccomp-2.5.4 -
