# SPDX-License-Identifier: LGPL-2.1-or-later
# An administrator's steps as they read on his terminal, compared with tests/golden/NAME.out. CALLGATE_GOLDEN=update writes these files
# anew: read the difference before it is committed. Who reads this has work, src, build and ok(), and may define golden_names().

golden_names() { cat; }
# What differs from machine to machine and from run to run: paths, ids, times, numbers that go by kernel and libseccomp, and what others left in the
# system's log.
golden_normal() {
  golden_names | sed -E "s|$work|WORK|g; s|${prefix:-/usr/local}/|PREFIX/|g
    s/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z/TIME/g
    s/[0-9a-f]{64}/ID/g; s/oci:[0-9a-f]{12}/oci:ID/g
    s/[0-9]+ (groups|ranges|more)/N \1/g; s/in [0-9]+:/in N:/
    s/process [0-9]+/process PID/; s/thread [0-9]+/thread TID/
    s/ \(records of processes that have ended name no container\)//"
}
# step COMMAND...: the command as it is typed, what it prints, its status. $filter: a command that its output goes through first.
step() {
  echo "\$ $*" >"$work/typed"
  "$@" >"$work/shown" 2>&1 </dev/null
  echo "exit $?" >"$work/status"
  [ -z "$filter" ] || { eval "$filter" <"$work/shown" >"$work/shown.new"; mv "$work/shown.new" "$work/shown"; }
  cat "$work/typed" "$work/shown" "$work/status" | golden_normal >>"$work/golden"
}
# golden NAME: the steps so far are those of tests/golden/NAME.out.
golden() {
  file=$src/tests/golden/$1.out
  [ "$CALLGATE_GOLDEN" != update ] || cp "$work/golden" "$file"
  diff -u "$file" "$work/golden" >"$work/out" 2>&1
  different=$?
  cp "$work/out" "$work/err"
  ok "every step reads as in tests/golden/$1.out" [ $different = 0 ]
  : >"$work/golden"
}
: >"$work/golden"
filter=
