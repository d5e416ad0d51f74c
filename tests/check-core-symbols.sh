#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The pure core uses the libc calls listed in tests/core-symbols.txt and nothing else: hooks and the preload library link it.
core=${top_builddir:-.}/.libs/libcallgate_core.a
if ${NM:-nm} "$core" 2>/dev/null | grep -q __asan_; then
  echo "skipped: a sanitizer build brings its own symbols"
  exit 77
fi
defined=$(${NM:-nm} "$core" 2>/dev/null | awk 'NF == 3 && $2 ~ /[A-TV-Z]/ { print $3 }' | sort -u)
used=$(${NM:-nm} "$core" 2>/dev/null | awk 'NF == 2 && $1 == "U" { print $2 }' | sort -u)
[ -n "$defined" ] || { echo "no symbols in $core"; exit 1; }
# open64 is open, where files are larger than a long
extra=$(printf '%s\n' "$used" | grep -vxF "$defined" | sed 's/64$//' | grep -vxF -f "${top_srcdir:-.}/tests/core-symbols.txt")
[ -z "$extra" ] && exit 0
printf 'the core uses what tests/core-symbols.txt does not list:\n%s\n' "$extra"
exit 1
