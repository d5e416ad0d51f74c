# SPDX-License-Identifier: LGPL-2.1-or-later
# What the live LXC tests share: a work directory, a busybox root, containers' configurations, TAP points.
src=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
build=${top_builddir:-$PWD}
hook=$build/hooks/callgate
docker14="chown dac_override fsetid fowner mknod net_raw setgid setuid setfcap setpcap net_bind_service sys_chroot kill audit_write"
points=0 failed=0
# What LXC and a busybox container need to run at all, as a rule.
needs='{ "names": ["read", "write", "sendto", "openat", "setgroups", "getuid", "execve", "close", "setsid", "newfstatat", "fchown",
  "fchmod", "capget", "rt_sigprocmask", "rt_sigaction", "rt_sigreturn", "readlink", "umount2", "clone", "wait4", "waitid", "exit_group",
  "brk", "arch_prctl", "fcntl", "fcntl64", "mmap", "mprotect", "munmap", "ioctl", "getpid", "prctl", "set_tid_address", "kill", "set_robust_list",
  "rseq", "prlimit64", "getrandom", "dup2", "dup3", "close_range" ],
  "action": "SCMP_ACT_ALLOW" }'

skip_all() { echo "1..0 # SKIP $1"; exit 0; }

[ "$(id -u)" = 0 ] || skip_all "needs root"
for tool in lxc-start lxc-execute lxc-attach jq unshare; do
  command -v $tool >/dev/null || skip_all "needs $tool"
done
[ -x "$hook" ] || skip_all "the hook is not built in $build"
busybox=$(command -v busybox) || skip_all "needs busybox"
! ldd "$busybox" >/dev/null 2>&1 || skip_all "needs a static busybox"
[ "$(uname -m)" = x86_64 ] || skip_all "the numbers here are x86_64's"

export LC_ALL=C
work=$(mktemp -d /tmp/callgate-live-XXXXXX)
chmod 755 "$work"
root=$work/root
run=cglive$$
mkdir -p "$root/bin" "$root/proc" "$root/sys" "$root/dev" "$root/tmp" "$root/etc" "$root/run"
cp "$busybox" "$root/bin/busybox"
for applet in sh ls mkdir rmdir cat sleep grep unshare mount true reboot; do
  ln -s busybox "$root/bin/$applet"
done
cp "$src/profiles/default.json" "$work/default.json"
cleanup() {
  for name in $started; do lxc-stop -k -n "$name" 2>/dev/null; done
  [ -z "$syslogd" ] || { kill "$syslogd" 2>/dev/null; rm -f /dev/log; }
  rm -rf "$work" /run/callgate/lxc/$run-*
}
started= syslogd=
trap cleanup EXIT
trap 'exit 1' INT TERM

# probe NAME -mBITS: the system call prober, into the container's root; false where the compiler cannot.
probe() {
  ${CC:-cc} "$2" -O1 -static -nostdlib -ffreestanding -fno-pie -no-pie -fno-stack-protector -o "$root/bin/$1" \
    "$src/tests/live/probe.c" 2>"$work/cc.log" && "$root/bin/$1" >/dev/null 2>>"$work/cc.log" || {
    rm -f "$root/bin/$1" # no compiler for it, or a kernel that does not run 32-bit programs
    return 1
  }
}

# configure NAME [hook options ...]: a container with Docker's capabilities and the hook on both lines; further lines may be
# appended to $work/NAME.conf.
configure() {
  name=$run-$1
  shift
  cat >"$work/${name#"$run"-}.conf" <<CONF
lxc.rootfs.path = dir:$root
lxc.net.0.type = empty
lxc.uts.name = live
lxc.mount.auto = proc:mixed
lxc.cap.keep = $docker14
lxc.include = $build/hooks/callgate.conf
lxc.seccomp.profile = /run/callgate/lxc/$name.seccomp
lxc.hook.pre-start = $hook $*
lxc.hook.start-host = $hook $*
CONF
}

# execute NAME COMMAND...: output in $work/out, messages in $work/err, LXC's log in $work/log; lxc-execute's status.
execute() {
  name=$1
  shift
  rm -f "$work/log"
  timeout -k 5 20 $within lxc-execute -n "$run-$name" -f "$work/$name.conf" -l INFO -o "$work/log" -- "$@" \
    >"$work/out" 2>"$work/err" </dev/null
}
within=
# Ids are mapped by newuidmap where that is installed, for root too: in a mount namespace in which it lets root map 100000 and following.
execute_mapped() {
  command -v newuidmap >/dev/null || { execute "$@"; return; }
  echo "root:100000:65536" >"$work/subid"
  printf 'for file in subuid subgid; do [ ! -e /etc/$file ] || mount --bind "%s" /etc/$file; done\nexec "$@"\n' "$work/subid" >"$work/with-ids"
  within="unshare -m sh $work/with-ids"
  execute "$@"
  set -- $?
  within=
  return "$1"
}
# named_user COMMAND...: in a mount namespace in which user 12345 has a name, which newuidmap wants to know.
named_user() {
  { cat /etc/passwd; echo 'cgone:x:12345:12345::/:/bin/sh'; } >"$work/passwd"
  unshare -m sh -c 'mount --bind "$0" /etc/passwd; exec "$@"' "$work/passwd" "$@"
}

# The same under lxc-start, whose init writes into the root's /tmp/out.
start() {
  name=$1
  shift
  rm -f "$work/log" "$root/tmp/out"
  timeout -k 5 20 lxc-start -F -n "$run-$name" -f "$work/$name.conf" -l INFO -o "$work/log" -- /bin/sh -c "exec >/tmp/out 2>&1; $*" \
    >"$work/err" 2>&1 </dev/null
  status=$?
  cp "$root/tmp/out" "$work/out" 2>/dev/null || : >"$work/out"
  return $status
}

state() { jq -r "$2" "/run/callgate/lxc/$run-$1.json" 2>/dev/null; }

# ok DESCRIPTION COMMAND...: one point.
ok() {
  points=$((points + 1))
  description=$1
  shift
  if "$@" >"$work/point" 2>&1; then
    echo "ok $points - $description"
    return 0
  fi
  failed=$((failed + 1))
  echo "not ok $points - $description"
  echo "# $*"
  for file in point out err; do
    [ ! -s "$work/$file" ] || sed "s/^/# $file: /" "$work/$file" | tail -n 8
  done
  [ ! -f "$work/log" ] || grep -E 'ERROR|WARN' "$work/log" | tail -n 4 | sed 's/^/# log: /'
}

skip() { points=$((points + 1)); echo "ok $points - $1 # SKIP $2"; }
has() { grep -qE -e "$1" "$work/${2:-out}"; }
lacks() { ! grep -qE -e "$1" "$work/${2:-out}"; }
same() { [ "$1" = "$2" ] || { echo "'$1' is not '$2'"; return 1; }; }
finish() { echo "1..$points"; [ $failed -eq 0 ]; }
