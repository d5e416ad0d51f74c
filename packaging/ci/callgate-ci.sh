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

git rev-parse --git-dir > /dev/null || exit 2
git ls-files -- ${CALLGATE_PROFILES:-*.json} > "$work/profiles" || exit 2
git ls-files -- ${CALLGATE_TESTS:-*.expect} > "$work/tests" || exit 2
if [ ! -s "$work/profiles" ]; then
	echo "callgate-ci: no profile matches ${CALLGATE_PROFILES:-*.json}" >&2
	exit 2
fi
if [ $# -gt 0 ] && ! git rev-parse --quiet --verify "$1^{commit}" > /dev/null; then
	echo "callgate-ci: $1 is no commit here: is the checkout shallow?" >&2
	exit 2
fi
while IFS= read -r profile; do
	callgate check --format "${CALLGATE_FORMAT:-text}" "$profile"
	keep $?
	[ $# -gt 0 ] || continue
	git cat-file -e "$1:$profile" 2> /dev/null || continue
	git show "$1:$profile" > "$work/before" || exit 2
	callgate diff --gate no-looser ${CALLGATE_MATRIX:+--matrix "$CALLGATE_MATRIX"} "$work/before" "$profile"
	keep $?
done < "$work/profiles"
while IFS= read -r test; do
	callgate test "$test"
	keep $?
done < "$work/tests"
if [ -f profile.lock ]; then
	callgate lock --check profile.lock
	keep $?
fi
exit "$worst"
