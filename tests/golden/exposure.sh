# What `callgate exposure` says: what is reachable, what must not be, tables of one's own, mistakes.
try() {
  echo "\$ callgate exposure $*"
  callgate exposure --arch x86_64 --kernel 6.1 "$@"
  echo "exit $?"
}
small=../verdicts/small.json
try $small
try --abi x86_64 ../verdicts/deny.json
try --abi x86_64 --forbid bpf,af_alg $small
try --abi x86_64 --forbid bpf,keyrings ../verdicts/deny.json | tail -1
try --abi x86_64 --forbid bfp $small
try --abi x86_64 --json $small
try --abi x86_64,x86 --forbid modules $small ../verdicts/deny.json | tail -4
printf 'reads\tread\t-\treads\nreads\tread(fd=0x2)\tX-1,X-2\tseeks\n' >/tmp/regions-$$
try --abi x86_64 --regions /tmp/regions-$$ $small 2>&1 | sed "s/-$$//"
printf 'reads\tread(fd=1)\n' >/tmp/regions-$$
try --regions /tmp/regions-$$ $small 2>&1 | sed "s/-$$//"
printf '# ours\nreads\tread(file=1)\t-\treads\n' >/tmp/regions-$$
try --regions /tmp/regions-$$ $small 2>&1 | sed "s/-$$//"
rm -f /tmp/regions-$$
try --list | head -5
# A program that denies everything of x86_64 and never asks what else there is: all of x86 passes.
printf '\040\0\0\0\004\0\0\0\025\0\0\001\076\0\0\300\006\0\0\0\001\0\005\0\006\0\0\0\0\0\377\177' >/tmp/regions-$$
try --forbid bpf bpf:/tmp/regions-$$ 2>&1 | tail -4
try --abi aarch64 --forbid bpf bpf:/tmp/regions-$$ 2>&1 | tail -2
try --abi aarch64 --forbid bpf $small
rm -f /tmp/regions-$$
