# What `callgate why` makes of kernel messages, and `callgate hook` of what is not installed.
try() {
  echo "\$ callgate $*"
  callgate "$@"
  echo "exit $?"
}
line() { # ARCH SYSCALL CODE SIG
  echo "type=SECCOMP msg=audit(1700000000.1:42): auid=0 uid=0 gid=0 ses=1 pid=0 comm=\"box\" exe=\"/bin/busybox\" sig=$4 arch=$1 syscall=$2 compat=0 ip=0x7f code=$3"
}
small="--arch x86_64 --kernel 6.1 --profile ../verdicts/small.json"
try why $small "$(line c000003e 83 0x50001 0)"
try why $small "$(line c000003e 16 0x50001 0)"
try why $small "$(line c000003e 83 0x50000 0)"
try why "$(line 40000003 102 0x80000000 31)"
try why "$(line c000003e 83 0x7ffc0000 0)"
try why "$(line c000003e 5000 0x50026 0)"
try why "$(line 12345678 1 0x0 31)"
{ echo noise; echo '[ 1.2] audit: type=1326 audit(1.2:3): auid=0 pid=0 comm=626F78 sig=31 arch=c00000b7 syscall=34 compat=0 ip=0x1 code=0x0'; } | try why
echo noise | try why
# auditd's ENRICHED format, ausearch -i, the journal, strace, runtimes; many lines are few groups.
enriched="$(line c000003e 83 0x50001 0)$(printf '\035')ARCH=x86_64 SYSCALL=mkdir AUID=\"root\" UID=\"root\""
{ for _ in 1 2 3; do echo "$enriched"; done; line c000003e 165 0x50001 0; } | try why $small
echo 'type=SECCOMP msg=audit(05/12/2026 10:00:00.123:456) : auid=root uid=root pid=0 comm=box exe=/bin/busybox sig=SIGSYS arch=x86_64 syscall=mkdir compat=0 ip=0x7f code=errno' | try why
echo 'Nov 28 20:51:25 host audit[77]: SECCOMP auid=0 uid=0 pid=0 comm="box" exe="/bin/busybox" sig=31 arch=c000003e syscall=101 compat=0 ip=0x7f code=0x80000000' | try why
echo '[pid 7] --- SIGSYS {si_signo=SIGSYS, si_code=SYS_SECCOMP, si_call_addr=0x7f, si_syscall=__NR_mkdir, si_arch=AUDIT_ARCH_X86_64} ---' | sed 's/pid 7/pid 0/' | try why
echo 'runc run failed: unable to init seccomp: error adding seccomp filter rule for syscall bdflush: permission denied' | try why
echo "$enriched" | try why --json
try why --arch x86_64 --kernel 6.1 --profile ../verdicts/small.json "$(line c000003e 0 0x50001 0)"
try why noise
try why --profile /nonexistent noise
try why --last extra
try hook remove
try hook install --runtime youki
try hook frobnicate --runtime podman
try doctor extra
