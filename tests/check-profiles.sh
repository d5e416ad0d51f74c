#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The shipped profiles as the tool sees them: without findings, proved, and default-i386 differing from default as it should.
# (Verdicts: tests/verdicts/shipped.tsv. That they stay below their ceiling: tests/unit/test_profiles.c.)
src=${top_srcdir:-.}
build=${top_builddir:-.}
callgate=$build/callgate
failed=0

fail() {
	echo "FAIL: $*"
	failed=1
}

for profile in "$src/profiles/default.json" "$build/profiles/default-i386.json" "$src/profiles/static-web.json" \
	"$src/profiles/system-container.json" "$build/profiles/system-container-i386.json"; do
	for host in x86_64 aarch64; do
		# That socketcall is open is what default-i386 is for.
		"$callgate" check --strict -W no-opens --caps docker --arch $host "$profile" || fail "check --strict $profile on $host"
		"$callgate" compile --stats --caps docker --arch $host -o /dev/null "$profile" 2>&1 | grep -q '^proof: equal$' ||
			fail "compile --stats $profile on $host: no proof"
	done
done

# One row: profile, arguments of the question, expected action.
row() {
	got=$(printf 'x86\t%s\t%s\t0\t0\t0\t0\t0\n' "$2" "$3" | "$callgate" explain "$1" --batch - --caps all --arch x86_64 | cut -f 9)
	[ "$got" = "$4" ] || fail "$1: $2($3) is $got, not $4"
}
row "$src/profiles/default.json" socketcall 1 'ERRNO(EPERM)'
row "$src/profiles/default.json" socketcall 3 ALLOW
row "$build/profiles/default-i386.json" socketcall 1 ALLOW
row "$build/profiles/default-i386.json" socketcall 3 ALLOW
row "$build/profiles/default-i386.json" socket 38 'ERRNO(EPERM)'

# A system container's profile lets through nothing that LXC's own does not, whatever the container keeps.
lxc=/usr/share/lxc/config/common.seccomp
[ -r $lxc ] || lxc=$src/tests/profiles/lxc-ceiling.json
for profile in "$src/profiles/system-container.json" "$build/profiles/system-container-i386.json"; do
	for caps in all docker none; do
		"$callgate" diff --caps $caps "$lxc" "$profile" > lxc-diff.out 2>&1
		[ $? -eq 1 ] || fail "diff $lxc $profile: $(head -n 1 lxc-diff.out)"
		grep -q '	tighter	' lxc-diff.out || fail "$profile is not tighter than $lxc"
		! grep '	looser	' lxc-diff.out || fail "$profile is looser than $lxc with capabilities $caps"
	done
done
rm -f lxc-diff.out
exit $failed
