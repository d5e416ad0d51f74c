#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# coverage.sh [--lines]: the share of lines that ran, by room, of a build with CFLAGS='-O0 --coverage' in the current directory; make
# coverage calls it. --lines lists each line that did not run. What is built a second time for the preload library is not counted.
command -v gcov > /dev/null || { echo "coverage.sh: needs gcov" >&2; exit 77; }
source=$(cd "${top_srcdir:?is not set}" && pwd)
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
find "$PWD/src" "$PWD/hooks" -name '*.gcno' ! -name 'libcallgate_preload_la-*' > "$work/notes"
[ -s "$work/notes" ] || { echo "coverage.sh: no notes of gcov: configure with CFLAGS='-O0 --coverage'" >&2; exit 1; }
# A source that several programs have counts as run where one of them ran it.
# In the build directory: a compiler cache makes the sources' paths relative to it.
xargs gcov -t < "$work/notes" 2> /dev/null |
	awk -F: -v lines="$1" '
	$2 + 0 == 0 && $3 == "Source" { file = $4; if (match(file, /(src|hooks)\/([^\/]+\/)?[^\/]+$/)) file = substr(file, RSTART); next }
	$2 + 0 > 0 && file ~ /^(src|hooks)\/.*\.c$/ {
		count = $1; gsub(/[ \t*]/, "", count)
		if (count == "-") next
		key = file SUBSEP ($2 + 0)
		if (!(key in seen)) { seen[key] = 1; room = file; sub(/^src\//, "", room); sub(/\/.*/, "", room); all[room]++; rooms[key] = room }
		if (count !~ /^[#=]/) ran[key] = 1
	}
	END {
		for (key in seen) {
			if (key in ran) hit[rooms[key]]++
			else if (lines == "--lines") { split(key, part, SUBSEP); printf "%s:%d\n", part[1], part[2] | "sort -t: -k1,1 -k2,2n" }
		}
		close("sort -t: -k1,1 -k2,2n")
		for (room in all) { printf "%-10s %6d lines %6d ran %6.1f %%\n", room, all[room], hit[room], 100 * hit[room] / all[room] | "sort" }
	}'
