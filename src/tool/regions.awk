# SPDX-License-Identifier: LGPL-2.1-or-later
# profiles/regions.tsv as rows of C: the table is part of the tool, so that it cannot be missing.
BEGIN { FS = "\t"; print "/* Made by regions.awk from profiles/regions.tsv. */" }
/^#/ || !NF { next }
NF != 4 { print FILENAME ":" FNR ": error: expected 4 columns" > "/dev/stderr"; exit 1 }
{
	for (i = 1; i <= NF; i++) { gsub(/\\/, "\\\\", $i); gsub(/"/, "\\\"", $i) }
	print "{ \"" $1 "\", \"" $2 "\", \"" $3 "\", \"" $4 "\" },"
}
