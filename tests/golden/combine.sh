# What `callgate meet`, `join` and `subtract` write and say, and their exit codes.
try() {
  echo "\$ callgate $*"
  callgate "$@"
  echo "exit $?"
}
base="--arch x86_64 --kernel 6.1 --names libseccomp-2.5.4"
a=/tmp/callgate-golden-$$-a.json b=/tmp/callgate-golden-$$-b.json
cat >$a <<'END'
{ "defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64"], "syscalls": [
  { "names": ["read", "write", "mkdir", "exit_group"], "action": "SCMP_ACT_ALLOW" },
  { "names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": [{ "index": 0, "value": 40, "op": "SCMP_CMP_NE" }] } ] }
END
cat >$b <<'END'
{ "defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"], "syscalls": [
  { "names": ["read", "exit_group", "socket"], "action": "SCMP_ACT_ALLOW" } ] }
END
for verb in meet join subtract; do
  try $verb $base $a $b 2>&1 | sed "s/callgate-golden-$$-//g"
done
try join $base $a $a 2>&1 | sed "s/callgate-golden-$$-//g"
callgate meet $base $a $b -o /tmp/callgate-golden-$$.json
try diff $base --abi x86_64 $b /tmp/callgate-golden-$$.json 2>&1 | sed "s/callgate-golden-$$/golden/g"
try meet $base --to lxc $a $b 2>&1 | sed "s/callgate-golden-$$-//g; /^#/d"
try meet $a 2>&1 | sed "s/callgate-golden-$$-//g"
try meet --to yaml $a $b 2>&1 | sed "s/callgate-golden-$$-//g"
sed -i 's/"syscalls"/"listenerPath": "\/run\/a", "syscalls"/; s/_ALLOW" }/_NOTIFY" }/; s/"write", //' $a
try meet $base $a $b 2>&1 | sed "s/callgate-golden-$$-//g"
# One call with many different actions.
{
  printf '{ "defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"], "syscalls": [\n'
  for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
    printf '  { "names": ["personality"], "action": "SCMP_ACT_ERRNO", "errnoRet": %d,\n' $i
    printf '    "args": [{ "index": 0, "value": %d, "op": "SCMP_CMP_EQ" }] },\n' $i
  done
  printf '  { "names": ["mkdir"], "action": "SCMP_ACT_ERRNO" }\n] }\n'
} >$b
callgate meet $base $b $b -o /tmp/callgate-golden-$$.json
echo "exit $?"
callgate explain $base /tmp/callgate-golden-$$.json 'personality(12)' | cut -f 1-3
rm -f $a $b /tmp/callgate-golden-$$.json
