# What `callgate check` says of profiles that are well-formed and do something else than their authors meant.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 99
deny() { # NAMES [ARCHITECTURES]: a deny list
  printf '{"defaultAction":"SCMP_ACT_ALLOW",%s"syscalls":[{"names":[%s],"action":"SCMP_ACT_ERRNO"}]}\n' "$2" "$1" >profile.json
}
allow() { # NAMES [MORE RULES]: an allow list
  printf '{"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":1,"archMap":[{"architecture":"SCMP_ARCH_X86_64","subArchitectures":["SCMP_ARCH_X86"]}],' >profile.json
  printf '"syscalls":[{"names":[%s],"action":"SCMP_ACT_ALLOW"}%s]}\n' "$1" "$2" >>profile.json
}
try() { # WORDS: the lines about this
  echo "\$ $*"
  callgate check --arch x86_64 --kernel 6.1 --enosys never "${file:-profile.json}" 2>&1 | grep -E ': (error|warning|note): ' | grep -E -- "$*"
}
deny '"fchmodat","mkdir"'
try can do the same
deny '"clone3"' && sed -i 's/"SCMP_ACT_ERRNO"/"SCMP_ACT_ERRNO","errnoRet":38/' profile.json
try can do the same
deny '"execve"'
try execve
allow '"execve","exit_group","read","open","stat","getdents","clone","mount","openat2","futex","clock_gettime"'
try call instead
try ENOSYS
try listed
allow '"execve","exit_group","socketcall"' ',{"names":["socket"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":40,"op":"SCMP_CMP_NE"}]}'
try socketcall
allow '"execve","exit_group","socketcall","ipc"' ',{"names":["socket","bind","listen","semget"],"action":"SCMP_ACT_TRAP"}'
try makes the same
allow '"execve","exit_group","io_uring_setup","io_uring_enter"' ',{"names":["socket"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":40,"op":"SCMP_CMP_NE"}]}'
try io_uring
deny '"mkdir"' '"architectures":["SCMP_ARCH_X86_64"],'
try listed
deny '"mkdir"' '"architectures":["SCMP_ARCH_X86","SCMP_ARCH_S390X","SCMP_ARCH_ARM"],' && sed -i 's/"SCMP_ARCH_S390X",//' profile.json
try 'listed|without effect'
printf '2\ndenylist\n[all]\nmkdir errno 1\ncompat_sys_ioctl errno 38\n' >text.seccomp
file=text.seccomp
try 'of x32|of x86|kernel'
consumer() { # CONSUMER
  echo "\$ --for $*"
  callgate check --arch x86_64 --kernel 6.1 --for "$1" profile.json 2>&1 | grep -E ': (error|warning): ' | grep -E 'KEP-6061|runc|unknown'
}
allow '"execve","exit_group","read"'
consumer kep-6061
consumer runc
consumer other
{
  printf '{"defaultAction":"SCMP_ACT_ALLOW",\n"syscalls":['
  i=0
  while [ $i -lt 129 ]; do
    printf '{"names":["ioctl"],"action":"SCMP_ACT_ERRNO","args":[{"index":1,"value":%d,"op":"SCMP_CMP_EQ"}]},' $i
    i=$((i + 1))
  done
  printf '{"names":["mkdir"],"action":"SCMP_ACT_ERRNO"}]}\n'
} >profile.json
consumer kep-6061
printf '{"defaultAction":"SCMP_ACT_ALLOW","listenerPath":"/run/l","syscalls":[\n{"names":["mknod"],"action":"SCMP_ACT_NOTIFY"}]}\n' >profile.json
consumer kep-6061
{ cat profile.json; head -c 1048576 /dev/zero | tr '\0' ' '; } >long.json
sed -i 's/NOTIFY/ERRNO/' long.json && mv long.json profile.json
consumer kep-6061
# More than the kernel takes, told where it comes from.
{
  printf '{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_X86_64"],"syscalls":[\n'
  i=0
  while [ $i -lt 2500 ]; do
    printf '{"names":["ioctl"],"action":"SCMP_ACT_ERRNO","errnoRet":%d,"args":[{"index":1,"value":%d,"op":"SCMP_CMP_EQ"}]},\n' $((i % 90 + 1)) $((i * 3))
    i=$((i + 1))
  done
  printf '{"names":["mkdir"],"action":"SCMP_ACT_ERRNO"}]}\n'
} >profile.json
callgate check --arch x86_64 --kernel 6.1 profile.json 2>&1 | grep error:
