#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# reproducible.sh TARBALL: the Debian packages, built from it twice, in two paths, at two times, by two users, in two languages and time
# zones, are the same bytes. Needs root and debhelper. make reproducible calls it; never part of check.
tarball=$(realpath "${1:?a tarball of make dist}") || exit 2
[ "$(id -u)" = 0 ] || { echo "reproducible.sh: needs root, to build as another user" >&2; exit 77; }
command -v dh > /dev/null || { echo "reproducible.sh: needs debhelper" >&2; exit 77; }
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
build() { # DIRECTORY USER ENVIRONMENT...
	mkdir -p "$1" && tar -C "$1" -xf "$tarball" && mv "$1"/callgate-* "$1/source" && cp -R "$1/source/packaging/debian" "$1/source/debian" &&
		chown -R "$2" "$1" || return 1
	directory=$1 user=$2
	shift 2
	(cd "$directory/source" && setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups env -u MAKEFLAGS -u MFLAGS HOME=/nonexistent TMPDIR="$directory" "$@" \
		DEB_BUILD_OPTIONS="nocheck parallel=$(nproc)" dpkg-buildpackage -us -uc -b -d) > "$directory/log" 2>&1 ||
		{ tail -n 20 "$directory/log" >&2; return 1; }
}
build "$work/one" root TZ=UTC LC_ALL=C || exit 1
sleep 2
build "$work/another/and-longer" nobody TZ=Pacific/Chatham LC_ALL=C.UTF-8 || exit 1
different=0 count=0
for package in "$work"/one/*.deb; do
	count=$((count + 1))
	if cmp "$package" "$work/another/and-longer/$(basename "$package")"; then sha256sum "$package" | sed "s,$work/one/,,"; else different=$((different + 1)); fi
done
echo "$count packages, $different different"
[ "$count" -gt 0 ] && [ "$different" = 0 ]
