#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Calls go one way: an object may call its own room and rooms to its left, and inside a room files never call in a circle.
# What check-includes.sh sees of includes, this sees of calls, which may also go through <callgate.h>.
cd "${top_builddir:-.}" || exit 99
find src -path '*/.libs/*.o' ! -name '*preload*' ! -path '*/tool/*' ! -path '*/compat/*' ! -path '*/preload/*' | sort |
	while read -r object; do # objects of files that have gone stay in a build directory
		source=$(echo "$object" | sed 's/\.libs\///; s/libcallgate_[a-z]*_la-//; s/\.o$/.c/')
		[ -f "${top_srcdir:-.}/$source" ] && echo "$object"
	done > check-calls.objects
[ -s check-calls.objects ] || { echo "skipped: no objects in $PWD/src"; exit 77; }
xargs ${NM:-nm} -A < check-calls.objects 2> /dev/null | sed 's/:/ /' | awk '
BEGIN { n = split("base names policy filter bpf write record kernel runtime", room, " "); for (i = 1; i <= n; i++) rank[room[i]] = i }
{
	file = $1; sub(/\.libs\//, "", file); sub(/libcallgate_[a-z]*_la-/, "", file); sub(/\.o$/, ".c", file)
	if ($(NF - 1) ~ /^[TDBRV]$/) home[$NF] = file
	else if ($(NF - 1) == "U") calls[file, $NF] = 1
}
function of(file,    part) { split(file, part, "/"); return part[2] }
END {
	for (call in calls) {
		split(call, part, SUBSEP); from = part[1]; to = home[part[2]]
		if (to == "" || to == from) continue
		if (rank[of(to)] > rank[of(from)]) { print from ": error: calls " part[2] "() of " to ", which is to its right"; bad = 1 }
		if (of(to) == of(from) && !((from, to) in edge)) { edge[from, to] = part[2]; files[from]; files[to] }
	}
	# A file that calls nothing that remains, or that nothing that remains calls, is no part of a circle.
	do {
		gone = 0
		for (f in files) { out[f] = 0; into[f] = 0 }
		for (e in edge) { split(e, part, SUBSEP); out[part[1]]++; into[part[2]]++ }
		for (f in files) {
			if (out[f] && into[f]) continue
			for (e in edge) { split(e, part, SUBSEP); if (part[1] == f || part[2] == f) delete edge[e] }
			delete files[f]; gone = 1
		}
	} while (gone)
	for (e in edge) { split(e, part, SUBSEP); print part[1] ": error: part of a circle, calls " edge[e] "() of " part[2]; bad = 1 }
	exit bad
}'
status=$?
rm -f check-calls.objects
exit $status
