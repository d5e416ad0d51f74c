# What `callgate explain` says: calls, open arguments, batches, JSON, mistakes.
try() {
  echo "\$ callgate explain $*"
  callgate explain --arch x86_64 --kernel 6.1 "$@"
  echo "exit $?"
}
small=../verdicts/small.json
try $small mkdir
try $small --abi x86_64 clone 'clone(0x11)' 'clone(0x10000000,*)' 'socket(2,*)' 'socket(*,1)' 9999
try $small --abi x86_64,aarch64 read
try $small --caps CAP_SYS_ADMIN mount
try $small --as runc --abi x86 read
try $small --json --abi x86_64 personality
try ../verdicts/deny.json --abi x86 socketcall ipc 'ioctl(*,0x5412)'
printf 'x86_64\tmkdir\nx86\t39\t0\nx86_64\tclone\t0x10000000\t0\t0\n' | try $small --batch -
try $small mkdirr
try $small 'mkdir(1'
try $small 'mkdir(x)'
try $small --caps CAP_SYS_ADMINN mkdir
try $small --as dockerr mkdir
callgate explain --arch x86_64 --abi x86_64 $small | awk -F'\t' '{ print $1, $2, $3 }' | grep -v ' ERRNO(EPERM)$'
try $small --group --abi x86_64
try ../verdicts/deny.json --group --abi x86 | cut -c1-160
callgate explain --openings --abi x86 ../verdicts/deny.json >/dev/null
callgate compile --arch x86_64 --kernel 6.1 $small -o /tmp/callgate-golden-$$.bpf
callgate explain bpf:/tmp/callgate-golden-$$.bpf >/dev/null
try bpf:/tmp/callgate-golden-$$.bpf --group 2>/dev/null | sed "s/callgate-golden-$$/compiled/" | cut -c1-160
rm -f /tmp/callgate-golden-$$.bpf
try $small --abi x86_64 010
printf 'x86_64\t0\0\t1\n' | try $small --batch -
awk 'BEGIN { for (i = 0; i < 5000; i++) printf "x" }' | try $small --batch -
try $small --abi x86_64 'socket(AF_INET)' 'clone(CLONE_NEWUSER|SIGCHLD)' 'ioctl(*,TIOCSTI)' 'personality(ADDR_NO_RANDOMIZE|0x1000)'
try $small --abi x86_64 'socket(AF_ALGG)'
try $small --abi mips 'socket(2,SOCK_STREAM)'
# Three times the first argument is 114: arithmetic, which no profile can express.
printf '\040\000\000\000\020\000\000\000\044\000\000\000\003\000\000\000\025\000\000\001\162\000\000\000\006\000\000\000\001\000\005\000\006\000\000\000\000\000\377\177' \
  >/tmp/callgate-golden-$$.bpf
try bpf:/tmp/callgate-golden-$$.bpf --abi x86_64 'socket(AF_ALG,1,0)' 'socket(AF_INET,1,0)' 'socket(AF_ALG)' 2>&1 | sed "s/callgate-golden-$$/arithmetic/"
callgate explain bpf:/tmp/callgate-golden-$$.bpf --arch x86_64 --abi x86_64 --group 2>&1 >/dev/null | sed -n 1,3p
rm -f /tmp/callgate-golden-$$.bpf
# A file's name is somebody else's choice, too.
odd=$(printf '/tmp/callgate-\033[31m\nodd-%d.json' $$)
printf '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir"],"action":"SCMP_ACT_ERRNO"}]}' >"$odd"
callgate explain --arch x86_64 --abi x86_64 "$odd" mkdir | sed "s/-$$//"
callgate explain --arch x86_64 --abi x86_64 --json "$odd" mkdir | sed -n "s/-$$//; /\"file\"/p"
rm -f "$odd"
