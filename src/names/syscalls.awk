# SPDX-License-Identifier: LGPL-2.1-or-later
# Turns syscalls.tsv into syscall_table.h: no pointers (nothing to relocate), a hash that is laid out here, equal columns once.
# Plain POSIX awk; rows that are incomplete or contradict each other stop the build.

function bad(what) {
	print FILENAME ":" FNR ": error: " what > "/dev/stderr"
	failed = 1
	exit 1
}

# The same steps as hash_of() in syscall.c.
function hash_of(name,    h, i) {
	h = 0
	for (i = 1; i <= length(name); i++)
		h = (h * 31 + ord[substr(name, i, 1)]) % 1048576
	return (h + int(h / SLOTS)) % SLOTS
}

# The offset of a NUL-terminated string in the one blob, equal ones once.
function text(s) {
	if (s == "-")
		s = ""
	if (!(s in at)) {
		at[s] = blob_size
		blob[++blobs] = s
		blob_size += length(s) + 1
	}
	return at[s]
}

function pair(version,    part) {
	split(version, part, ".")
	return part[1] * 256 + part[2]
}

# 16 bits hold every number but those of ARM's private calls, whose 0xf0000 becomes 0xf000.
function packed(nr) {
	if (nr == "-")
		return NONE
	if (nr + 0 >= 983040 && nr + 0 < 983040 + 4095)
		return nr - 983040 + 61440
	if (nr !~ /^[0-9]+$/ || nr + 0 >= 61440)
		bad("number " nr)
	return nr + 0
}

function row(    i, release, names, through) {
	if ($1 !~ /^[a-z_][a-z0-9_]*$/ || (rows && $1 <= name[rows - 1]))
		bad("not a name, or not in order: " $1)
	for (i = 1; i <= NF; i++)
		if ($i == "" || $i ~ /\?/)
			bad($1 ": fill in field " i)
	if ($2 !~ /^[0-9]+\.[0-9]+$/ || $3 !~ /^[0-9]+\.[0-9]+\.[0-9]+$/)
		bad($1 ": kernel or release")
	if (($4 == "-") != ($5 == "-") || ($4 != "-" && ($4 !~ /^[ilp6]+$/ || split($5, names, ",") != length($4))))
		bad($1 ": argument kinds and names")
	split($3, release, ".")
	name[rows] = $1
	id[$1] = rows
	mux[rows] = $7
	longest = length($1) > longest ? length($1) : longest
	split($7, through, ":")
	record[rows] = sprintf("{ %d, %d, %d, %d, 0x%04x, %d, %d, 0x%06x }", text($1), text($4), text($5), text($6), pair($2),
	                       MUX[through[1]], through[2], release[1] * 65536 + release[2] * 256 + release[3])
	for (i = 0; i < ABIS; i++)
		number[i, rows] = packed($(i + WORDS + 1))
	rows++
}

function print_numbers(name, count, values,    i, line) {
	printf "static const uint16_t %s[%d] = {", name, count
	for (i = 0; i < count; i++)
		printf "%s%d,", i % 16 ? " " : "\n\t", values[i]
	print "\n};"
}

function print_hash(    i, slot, slots) {
	for (i = 0; i < SLOTS; i++)
		slots[i] = NONE
	for (i = 0; i < rows; i++) {
		for (slot = hash_of(name[i]); slots[slot] != NONE; )
			slot = (slot + 1) % SLOTS
		slots[slot] = i
	}
	print_numbers("hash_slots", SLOTS, slots)
}

# Rows in the order of their numbers, by insertion: a second at most, once.
function sort_column(column, order,    i, j, n) {
	n = 0
	for (i = 0; i < rows; i++) {
		if (number[column, i] == NONE)
			continue
		for (j = n++; j > 0 && number[column, order[j - 1]] > number[column, i]; j--)
			order[j] = order[j - 1]
		order[j] = i
	}
	return n
}

function same(a, b,    i) {
	for (i = 0; i < rows; i++)
		if (number[a, i] != number[b, i])
			return 0
	return 1
}

function print_columns(    abi, other, columns, i, n, values, order, list, counts) {
	for (abi = 0; abi < ABIS; abi++) {
		for (other = 0; other < columns && !same(abi, shown[other]); other++)
			;
		if (other == columns)
			shown[columns++] = abi
		list = list (abi ? ", " : "") other
	}
	printf "enum { TABLE_COLUMNS = %d };\n", columns
	print "static const uint8_t column_of[] = { " list " };"
	for (other = 0; other < columns; other++) {
		for (i = 0; i < rows; i++)
			values[i] = number[shown[other], i]
		print_numbers("numbers_" other, rows, values)
		n = sort_column(shown[other], order)
		print_numbers("order_" other, n, order)
		counts = counts sprintf("\t{ numbers_%d, order_%d, %d },\n", other, other, n)
	}
	printf "static const struct column columns[TABLE_COLUMNS] = {\n%s};\n", counts
}

# A multiplexer's members by selector.
function print_mux(which,    i, part, values, top) {
	for (i = 0; i < 32; i++)
		values[i] = NONE
	for (i = 0; i < rows; i++) {
		split(mux[i], part, ":")
		if (part[1] == which) {
			values[part[2]] = i
			top = part[2] > top ? part[2] + 0 : top
		}
	}
	printf "enum { ROW_%s = %d };\n", toupper(which), id[which]
	print_numbers("members_" which, top + 1, values)
}

BEGIN {
	FS = "\t"
	ABIS = 23
	WORDS = 7
	SLOTS = 1024
	NONE = 65535
	MUX["socketcall"] = 1
	MUX["ipc"] = 2
	rows = blob_size = blobs = 0
	HEADER = "name kernel release args argnames sets mux" \
		" x86 x86_64 x32 arm aarch64 loongarch64 m68k mips mips64 mips64n32 mipsel mipsel64 mipsel64n32 parisc" \
		" parisc64 ppc ppc64 ppc64le riscv64 s390 s390x sh sheb"
	for (i = 1; i < 128; i++)
		ord[sprintf("%c", i)] = i
	text("-")
}
/^#/ { next }
NF != ABIS + WORDS { bad("fields") }
$1 == "name" {
	for (i = 1; i <= NF; i++)
		header = header (i > 1 ? " " : "") $i
	if (header != HEADER)
		bad("these columns are not those of this script and of enum callgate_abi")
	next
}
{ row() }
END {
	if (failed || header == "")
		exit 1
	if (rows * 2 > SLOTS + 64)
		print FILENAME ": warning: double SLOTS here, the hash is getting full" > "/dev/stderr"
	print "/* Made by syscalls.awk from syscalls.tsv. */"
	printf "enum { TABLE_ROWS = %d, TABLE_SLOTS = %d, TABLE_LONGEST = %d };\n", rows, SLOTS, longest
	print "static const char blob[] ="
	for (i = 1; i <= blobs; i++)
		printf "\t\"%s\\0\"%s\n", blob[i], i == blobs ? ";" : ""
	print "static const struct row rows[TABLE_ROWS] = {"
	for (i = 0; i < rows; i++)
		print "\t" record[i] ","
	print "};"
	print_hash()
	print_columns()
	print_mux("ipc")
	print_mux("socketcall")
}
