#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What HACKING.md says of style and a program can check: clang-format's layout, 120 columns, no
# goto, no test of -1 where a negative errno is returned, at most five parameters.
cd "${top_srcdir:-.}" || exit 99
# Tables are made from .tsv files while building, in this tree where it is built in place.
sources=$(find src hooks tests -name '*.[ch]' ! -name '*_table.h' | sort)
bad=0

# Releases lay out differently: Debian 12's is the one that decides.
if clang-format --version 2>/dev/null | grep -q ' 14\.'; then
	# shellcheck disable=SC2086 # file names without blanks
	clang-format --dry-run -Werror $sources || bad=1
else
	echo "no clang-format 14: the layout is not checked"
fi

# shellcheck disable=SC2086
awk '
function columns(line,    i, n) {
	if (line !~ /\t/) return length(line)
	for (i = 1; i <= length(line); i++) n += substr(line, i, 1) == "\t" ? 8 - n % 8 : 1
	return n
}
function error(text) { print FILENAME ":" FNR ": error: " text; bad = 1 }
columns($0) > 120 { error("more than 120 columns") }
/(^|[^a-z_])goto [a-z_]+;/ { error("goto") }
/if \([a-z_]+\([^"]*\) == -1\)/ { error("a result that is compared with -1: test for < 0") }
END { exit bad }' $sources || bad=1

# Besides notes and err. A buffer with its size is one, a format with what it formats is one.
# Libraries that are replaced or preloaded have the signatures of what they stand for.
# shellcheck disable=SC2086
awk '
function check(    count, i, n, part, kind) {
	sub(/^[^(]*\(/, "", head)
	n = split(head, part, ",")
	for (i = 1; i <= n; i++) {
		kind = part[i]
		if (kind ~ /struct callgate_(notes|err) \*|\.\.\.|va_list/) continue
		if (kind ~ /^[ \t]*size_t / && part[i - 1] ~ /char \*/) continue
		count++
	}
	if (count > 5) { print FILENAME ":" line ": error: " count " parameters"; bad = 1 }
}
/^[a-z][a-z_0-9 ]*[ *][a-z_0-9]+\(/ { head = ""; line = FNR; open = 1 }
open { head = head $0 }
/^\{/ && open { check() }
/^[{}]|;$/ { open = 0 }
END { exit bad }' $(printf '%s\n' $sources | grep '^src.*\.c\|^hooks.*\.c') || bad=1
exit $bad
