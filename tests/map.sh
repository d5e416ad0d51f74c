#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The map of the tree: one line for each file, its first sentence about itself. Fails where a file says nothing ("make map").
cd "${top_srcdir:-.}" || exit 99
find src hooks tests -path tests/golden -prune -o -path tests/verdicts -prune -o -path tests/bad -prune -o -type f \
	\( -name '*.[ch]' -o -name '*.awk' -o -name '*.sh' -o -name '*.tap' -o -name '*.py' \) -print 2> /dev/null |
	grep -v '^src/names/syscall_table\.h$\|^src/tool/regions_table\.h$' | sort | xargs awk '
function flush() {
	if (file == "") return
	gsub(/[ \t]+/, " ", text); sub(/^ /, "", text); sub(/ $/, "", text)
	end = match(text, /\. |\.$/); if (end) text = substr(text, 1, end)
	if (text == "") { print file ": error: no first comment that says what the file is" > "/dev/stderr"; bad = 1 }
	else printf "%-36s %s\n", file, text
}
FNR == 1 { flush(); file = FILENAME; text = ""; state = 0 }
state == 2 || /SPDX|^#!/ { next }
{
	line = $0
	if (state == 0 && line !~ /^(\/\*|#[^a-z]|\/\/|""")/) { state = 2; next }
	closed = line ~ /\*\//
	sub(/^\/\*+|^#|^ \*+|^\/\/|^"""/, "", line); sub(/\*\/.*/, "", line)
	if (state == 1 && $0 !~ /^( \*|#)/ && !incomment) { state = 2; next }
	if ($0 ~ /^\/\*/) incomment = 1
	if (closed) incomment = 0
	text = text " " line
	state = closed ? 2 : 1
}
END { flush(); exit bad }'
