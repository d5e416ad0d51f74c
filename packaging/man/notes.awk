# SPDX-License-Identifier: LGPL-2.1-or-later
# The list of findings in callgate-profile(5), from src/base/note_ids.h: NOTE(number, NAME, "what it is about", "why").
/^[ \t]*NOTE\([0-9]/ {
	split($0, comma, /, */)
	number = comma[1]; sub(/^[ \t]*NOTE\(/, "", number)
	about = $0; sub(/^[^"]*"/, "", about); sub(/",.*/, "", about)
	next
}
number && /^[ \t]*"/ {
	why = $0; sub(/^[^"]*"/, "", why); sub(/"\).*/, "", why)
	gsub(/[*_]/, "\\\\&", about); gsub(/[*_]/, "\\\\&", why)
	printf "*CG-%03d*\n\t%s: %s\n\n", number, about, why
	count++
	number = 0
}
END { if (!count) { print "no notes in " FILENAME > "/dev/stderr"; exit 1 } }
