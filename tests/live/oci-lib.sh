# SPDX-License-Identifier: LGPL-2.1-or-later
# What the live tests of OCI runtimes share: a mount namespace with settings of their own, a busybox root, bundles, TAP points.
src=$(cd "${top_srcdir:-$(dirname "$0")/../..}" && pwd)
build=$(cd "${top_builddir:-.}" && pwd)
points=0 failed=0

skip_all() { echo "1..0 # SKIP $1"; exit 0; }

[ "$(id -u)" = 0 ] || skip_all "needs root"
for tool in jq unshare $needs; do
  command -v "$tool" >/dev/null || skip_all "needs $tool"
done
[ -x "$build/hooks/callgate-runc" ] && [ -x "$build/hooks/callgate-oci-hook" ] || skip_all "the hooks are not built in $build"
busybox=$(command -v busybox) || skip_all "needs busybox"
! ldd "$busybox" >/dev/null 2>&1 || skip_all "needs a static busybox"
if [ -z "$CALLGATE_LIVE" ]; then
  unshare -m true 2>/dev/null || skip_all "needs mount namespaces"
  CALLGATE_LIVE=1 top_srcdir=$src top_builddir=$build exec unshare -m sh "$0"
fi
eval "$(printf 'prefix=@prefix@\nsysconfdir=@sysconfdir@\n' | "$build/config.status" --file=- 2>/dev/null)"
[ "$prefix" != NONE ] || prefix=/usr/local
eval "settings=$sysconfdir/callgate"
mkdir -p "$settings" && mount -t tmpfs -o mode=755 none "$settings" || skip_all "cannot mount over $settings"
mkdir -p "$settings/profiles"
umount /sys/fs/cgroup/unified 2>/dev/null

export LC_ALL=C
work=$(mktemp -d /tmp/callgate-live-XXXXXX)
chmod 755 "$work"
run=cglive$$
root=$work/root
for dir in bin proc sys dev tmp etc run; do mkdir -p "$root/$dir"; done
cp "$busybox" "$root/bin/busybox"
for applet in sh ls mkdir rmdir cat sleep grep unshare mount true touch; do ln -s busybox "$root/bin/$applet"; done
cleanup() {
  for id in $started; do "$runtime" delete -f "$id" >/dev/null 2>&1; done
  umount "$work/ro" 2>/dev/null
  umount "$settings"
  rmdir "$settings" 2>/dev/null
  rm -rf "$work" /run/callgate/oci/"$run"-*
}
started=
trap cleanup EXIT
trap 'exit 1' INT TERM

point() { # STATUS NAME
  points=$((points + 1))
  [ "$1" = 0 ] && { echo "ok $points - $2"; return; }
  failed=$((failed + 1))
  echo "not ok $points - $2"
  sed 's/^/# out: /' "$work/out" 2>/dev/null
  sed 's/^/# err: /' "$work/err" 2>/dev/null
}
ok() { # NAME COMMAND...
  label=$1
  shift
  "$@"
  point $? "$label"
}
no() { label=$1; shift; ! "$@"; point $? "$label"; }
has() { grep -Eq -- "$1" "$work/${2:-out}"; }
finish() { echo "1..$points"; [ $failed = 0 ]; }
state() { jq -r "$2" "/run/callgate/oci/$1.json" 2>/dev/null; }
is() { [ "$1" = "$2" ] || { echo "# '$1' is not '$2'"; return 1; }; }

# deny NAME ERRNO CALL...: a profile that lets all pass but these.
deny() {
  file=$1 errno=$2
  shift 2
  jq -n --argjson errno "$errno" '{defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
    syscalls: [{names: $ARGS.positional, action: "SCMP_ACT_ERRNO", errnoRet: $errno}]}' --args "$@" >"$settings/profiles/$file.json"
}
deny deny77 77 mkdir mkdirat
deny narrow77 77 mkdir mkdirat rmdir
deny other79 79 rmdir
cp "$src/profiles/default.json" "$settings/profiles/default.json"
settings() { printf '%s\n' "$@" >"$settings/callgate.conf"; }

errno77='File descriptor in bad state'
shell='grep -E "^(Seccomp|NoNewPrivs):" /proc/self/status; mkdir /tmp/made && echo made; rmdir /tmp/made; unshare -m true; echo ran'
