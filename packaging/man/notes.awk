# SPDX-License-Identifier: LGPL-2.1-or-later
# The list of findings in callgate-profile(5), from src/base/note_ids.h: NOTE(number, NAME, "what it is about", "why"), over
# any number of lines and strings.
function tell(row,    number, field, text) {
	number = row; sub(/^[ \t]*NOTE\(/, "", number); sub(/,.*/, "", number)
	field = 0; text[1] = text[2] = ""
	while (match(row, /"[^"]*"/)) {
		# A comma in front of a string begins the next argument, otherwise the string goes on.
		if (index(substr(row, 1, RSTART - 1), ",")) field++
		text[field] = text[field] substr(row, RSTART + 1, RLENGTH - 2)
		row = substr(row, RSTART + RLENGTH)
	}
	gsub(/[*_]/, "\\\\&", text[1]); gsub(/[*_]/, "\\\\&", text[2])
	printf "*CG-%03d*\n\t%s: %s\n\n", number, text[1], text[2]
	count++
}
/^[ \t]*NOTE\([0-9]/ { row = "" ; inside = 1 }
inside { row = row " " $0 }
inside && /"\)[ \t\\]*$/ { tell(row); inside = 0 }
END { if (!count) { print "no notes in " FILENAME > "/dev/stderr"; exit 1 } }
