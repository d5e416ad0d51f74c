#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the CI of a repository of profiles runs: callgate-ci.sh [BASE] finds the profiles that git knows (CALLGATE_PROFILES, a
# pathspec; '*.json' when unset), checks them, runs the expectations beside them (CALLGATE_TESTS; '*.expect'), compares
# profile.lock, and with BASE, a commit, refuses a profile that permits more than it did there, for each reader and
# architecture of CALLGATE_MATRIX (READERS[:ARCHES[:CAPS]], as diff takes it). CALLGATE_FORMAT is that of check.
# Exit code 0: fine; 1: findings; 2: could not tell.
set -f
worst=0
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT

keep() {
	[ "$1" -le "$worst" ] || worst=$1
}

# Names as they are, but for those with control characters, quotes or backslashes: git escapes them, and they are not found.
listed() {
	git -c core.quotePath=false ls-files -- "$@"
}

# What callgate diff found about a profile, where annotations are wanted.
annotate() { # PROFILE TEXT
	[ "$CALLGATE_FORMAT" != github ] || printf '::error file=%s::%s\n' "$(printf %s "$1" | sed 's/%/%25/g; s/:/%3A/g; s/,/%2C/g')" "$2"
}

compare() { # BASE PROFILE
	if ! git cat-file -e "$1:$2" 2> /dev/null; then
		echo "callgate-ci: $2 is not in $1, so it is compared with nothing" >&2
		return 0
	fi
	git show "$1:$2" > "$work/before" || return 2
	callgate diff --gate no-looser ${CALLGATE_MATRIX:+--matrix "$CALLGATE_MATRIX"} -- "$work/before" "./$2"
	compared=$?
	[ $compared != 1 ] || annotate "$2" "this profile permits more than in $1"
	return $compared
}

git rev-parse --git-dir > /dev/null || exit 2
listed ${CALLGATE_PROFILES:-*.json} > "$work/profiles" || exit 2
listed ${CALLGATE_TESTS:-*.expect} > "$work/tests" || exit 2
if [ ! -s "$work/profiles" ]; then
	echo "callgate-ci: no profile matches ${CALLGATE_PROFILES:-*.json}" >&2
	exit 2
fi
# A shallow checkout, which is what CI systems make, has not got it.
if [ $# -gt 0 ] && ! git rev-parse --quiet --verify "$1^{commit}" > /dev/null && ! git fetch --quiet --depth=1 origin "$1"; then
	echo "callgate-ci: $1 is no commit here, and cannot be fetched" >&2
	exit 2
fi
while IFS= read -r profile; do
	callgate check --format "${CALLGATE_FORMAT:-text}" -- "$profile"
	keep $?
	[ $# -eq 0 ] || compare "$1" "$profile"
	keep $?
done < "$work/profiles"
while IFS= read -r test; do
	callgate test -- "$test"
	keep $?
done < "$work/tests"
if [ -f profile.lock ]; then
	callgate lock --check profile.lock
	keep $?
fi
exit "$worst"
