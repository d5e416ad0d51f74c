#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Includes go one way: a room may include itself and the rooms to its left. tool/ and hooks/ use <callgate.h>,
# the private headers base/private.h, runtime/hooks.h, record/recording.h, kernel/witness_read.h, and their own files only.
cd "${top_srcdir:-.}" || exit 99
find src hooks -name '*.[ch]' | sort | xargs awk '
BEGIN { n = split("base names policy filter bpf write record kernel runtime", room, " "); for (i = 1; i <= n; i++) rank[room[i]] = i }
FNR == 1 { split(FILENAME, part, "/"); mine = part[1] == "hooks" ? "hooks" : part[2] }
/^#include "/ {
	split($2, quoted, "\""); path = quoted[2]
	if (path == "callgate.h" || path == "config.h") next
	split(path, to, "/"); theirs = to[1]
	if (mine in rank) ok = theirs in rank && rank[theirs] <= rank[mine]
	else if (mine == "preload") ok = theirs in rank && rank[theirs] <= rank["kernel"]
	else ok = theirs == mine || path == "base/private.h" || path == "runtime/hooks.h" || path == "record/recording.h" || path == "kernel/witness_read.h"
	if (!ok) { print FILENAME ":" FNR ": error: " mine " may not include " path; bad = 1 }
}
/^#include "\.\.|^#include <callgate\// { print FILENAME ":" FNR ": error: include by room, not by path"; bad = 1 }
END { exit bad }'
