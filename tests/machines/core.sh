#!/bin/busybox sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What must work on every kernel and architecture: filters by run, apply and preload, what the kernel says of them afterwards, and a
# refusal with its reason where the kernel lacks something. Runs inside a machine that tests/machines/boot starts. TAP.
export LC_ALL=C NO_COLOR=1
cd /tmp || exit 99
n=0
point() { n=$((n + 1)); if [ "$1" = 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; sed 's/^/# /' out | head -n 20; fi; }
skip() { n=$((n + 1)); echo "ok $n - $1 # SKIP $2"; }
field() { sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"; }

cat > mkdir.json << 'END'
{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [ { "names": [ "mkdir", "mkdirat" ], "action": "SCMP_ACT_ERRNO", "errnoRet": 71 } ] }
END
# The same for all that the machine runs, which LXC's text cannot leave out.
case $(uname -m) in
x86_64) both='"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"' ;;
*) both='"SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"' ;;
esac
sed "s/\"defaultAction\"/\"architectures\": [ $both ], &/" mkdir.json > both.json
echo "# $(uname -srm)"
for profile in default static-web system-container; do
	callgate compile --stats -o program $profile > out 2>&1 && grep -qx 'proof: equal' out
	point $? "compile $profile: proved"
done
# confined AT PROGRAM
confined() {
	callgate run --profile both.json --at "$1" -- "$2" grep nothing /proc/self/status > out 2>&1
	point $? "run --at $1, ${2##*/}: the command's status"
	callgate run --profile both.json --at "$1" -- "$2" mkdir "dir-$1" > out 2>&1
	[ $? != 0 ] && grep -q 'Protocol error' out && [ ! -e "dir-$1" ]
	point $? "run --at $1, ${2##*/}: mkdir gets EPROTO"
	callgate run --profile both.json --at "$1" -- "$2" grep Seccomp /proc/self/status > out 2>&1
	grep -q '^Seccomp:.*2$' out && grep -q '^Seccomp_filters:.*1$' out
	point $? "run --at $1, ${2##*/}: one filter"
}
narrow=
if [ -x /bin/dynamic32 ]; then
	if /bin/dynamic32 grep Name /proc/self/status > out 2>&1; then narrow=32; else skip "32-bit programs" "this machine runs none"; fi
fi
for at in exec main load; do
	confined $at /bin/dynamic
	[ -z "$narrow" ] || confined $at /bin/dynamic$narrow
done
callgate run --profile mkdir.json -- /bin/sh -c 'kill -TERM $$' > out 2>&1
[ $? = 143 ]
point $? "run: a child killed by a signal is reported by the same signal"

# A process that waits in a system call: in a read that never returns.
mkfifo fifo
sleep 1000 > fifo &
writer=$!
/bin/dynamic cat < fifo > /dev/null &
reader=$!
sleep 1
callgate apply --profile mkdir.json pid:$reader > out 2>&1
point $? "apply: a process that waits in read(2)"
[ "$(field $reader Seccomp)" = 2 ] && [ "$(field $reader Seccomp_filters)" = 1 ] && [ "$(field $reader State | cut -c1)" = S ]
point $? "apply: it has one filter and waits again"
callgate verify --profile mkdir.json pid:$reader > out 2>&1 && grep -q exact out
point $? "verify: exact, by the program that the kernel holds"
callgate explain pid:$reader mkdirat > out 2>&1 && grep -q 'ERRNO(EPROTO)' out
point $? "explain pid:N: mkdirat gets EPROTO"
callgate verify --profile default pid:$reader > out 2>&1
[ $? = 1 ] && grep -q weaker out
point $? "verify: weaker than another profile, exit status 1"
kill $reader $writer 2> /dev/null

# Each of the calls that wait, made by a process of one thread. Four of them the kernel answers with EINTR when a task is stopped: only on x86
# can it be seen with what they were made, so as to make them again, and only where the kernel shows filters without a stop is there one less.
most=4
waiting() { # PROGRAM
	calls=0 disturbed=0 filtered=0
	: > list
	while [ $calls -lt 26 ]; do
		: > ready
		"$1" $calls > ready 2> back &
		waiter=$!
		for _ in 1 2 3 4 5 6 7 8 9 10; do [ -s ready ] && [ "$(field $waiter State | cut -c1)" = S ] && break; sleep 0.2; done
		callgate apply --profile both.json pid:$waiter >> list 2>&1 && filtered=$((filtered + 1))
		sleep 0.2
		[ ! -s back ] || disturbed=$((disturbed + 1))
		[ "$(field $waiter State | cut -c1)$(field $waiter Seccomp_filters)" = S1 ] || disturbed=99
		cat back >> list
		kill $waiter 2> /dev/null
		wait $waiter 2> /dev/null
		calls=$((calls + 1))
	done
	cp list out
	[ $filtered = 26 ] && [ $disturbed -le $most ]
	point $? "apply: $filtered of 26 processes of ${1##*/} in 26 calls that wait, $disturbed came back from it"
}
waiting /bin/blocked
[ -z "$narrow" ] || waiting /bin/blocked$narrow

callgate record -o record.json -- /bin/dynamic mkdir recorded > out 2>&1 && grep -q '"mkdir' record.json && grep -q '"lost": *0' record.json
point $? "record: mkdir ran, nothing is lost"
callgate learn -o learnt.json record.json > out 2>&1 && callgate run --profile learnt.json -- /bin/dynamic mkdir learnt > out 2>&1 && [ -d learnt ]
point $? "learn: the same command runs under what was learnt"

prefix=/usr
[ ! -x /usr/local/bin/callgate ] || prefix=/usr/local
if [ -e $prefix/lib/libcallgate-preload.so ]; then
	denied=mkdirat
	[ "$(uname -m)" != x86_64 ] || denied=mkdir
	SECCOMP_SYSCALL_DENY=$denied LD_PRELOAD=$prefix/lib/libcallgate-preload.so /bin/dynamic mkdir preloaded > out 2>&1
	[ $? = 159 ] && [ ! -e preloaded ]
	point $? "preload: mkdir is killed by SIGSYS"
fi

callgate doctor --json > out 2>&1
[ $? -lt 2 ] && grep -q '"schema": *"callgate.doctor/1"' out
point $? "doctor: an answer"
sed 's/"defaultAction"/"flags": [ "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW" ], &/' mkdir.json > flags.json
callgate run --profile flags.json -- /bin/dynamic mkdir flagged > out 2>&1
grep -q 'Protocol error' out
point $? "a profile with flags"

if [ -x /usr/bin/lxc-execute ]; then
	mkdir -p root/bin root/proc root/sys root/dev root/tmp && cp /bin/busybox root/bin/ && ln -s busybox root/bin/mkdir && ln -s busybox root/bin/grep
	cat > lxc.conf << END
lxc.rootfs.path = dir:/tmp/root
lxc.net.0.type = empty
lxc.uts.name = machine
lxc.mount.auto = proc:mixed
lxc.apparmor.profile = unconfined
lxc.include = $prefix/share/lxc/config/callgate.conf
lxc.seccomp.profile = /run/callgate/lxc/machine.seccomp
lxc.hook.pre-start = $prefix/libexec/lxc/hooks/callgate --profile /tmp/both.json
lxc.hook.start-host = $prefix/libexec/lxc/hooks/callgate --profile /tmp/both.json
END
	timeout 120 lxc-execute -n machine -f lxc.conf -l INFO -o log -- /bin/grep '^Seccomp:' /proc/self/status > out 2>&1
	case $(uname -m) in
	x86_64 | aarch64)
		grep -q '^Seccomp:.*2$' out || { callgate why --last > out 2>&1; ls -la /run/callgate/* >> out; false; }
		point $? "LXC: the hook's filter is on the container"
		timeout 120 lxc-execute -n machine -f lxc.conf -- /bin/mkdir /tmp/made > out 2>&1
		grep -q 'Protocol error' out
		point $? "LXC: mkdir gets EPROTO in the container"
		;;
	*)
		! grep -q '^Seccomp:' out && callgate why --last > out 2>&1 && grep -q 'LXC text is written for' out
		point $? "LXC: no container here, and the reason"
		;;
	esac
	sed -i 's/both.json/missing.json/' lxc.conf
	timeout 120 lxc-execute -n machine -f lxc.conf -- /bin/mkdir /tmp/made > out 2>&1
	[ $? != 0 ] && [ ! -e root/tmp/made ]
	point $? "LXC: no container without its profile"
else
	skip "LXC" "this machine has no lxc-execute"
fi
if [ -x /usr/lib/callgate-tests/unit ]; then
	echo "# unit tests: $*"
	[ "${1:-}" != --filter ] || set -- -j1 --timeout 600 --verbose=1 "$@"
	/usr/lib/callgate-tests/unit "$@" > out 2>&1
	status=$?
	sed -E '/^ok |(SKIP|RUN |PASS).*\]|Test is disabled|Running [0-9]+ tests? from/d' out | tail -n 60 | sed 's/^/# /'
	[ $status = 0 ] && grep -qE 'Tested: [^0]*[1-9]|^1\.\.[1-9]' out
	point $? "unit tests"
fi
echo "1..$n"
