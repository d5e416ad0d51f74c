#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Documents keep step with the tree: every source file says what it is in its first comment, callgate(1) has a section for
# every verb and no other, and what README.md and the manual pages call exists.
src=${top_srcdir:-.}
build=${top_builddir:-.}
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
failed=0

# differ WHAT-TO-DO WANTED GOT
differ() {
	diff "$2" "$3" > "$work/diff" && return
	echo "$1 ('<': missing, '>': stale)"
	grep '^[<>]' "$work/diff"
	failed=1
}

top_srcdir=$src "$src/tests/map.sh" > /dev/null || failed=1

# callgate-hooks(7) has every key of callgate.conf and every member of a state file.
{
	sed -n 's/^\t{ "\([a-z]*\)", check_[a-z]*, WITH.*/\1/p' "$src/src/runtime/settings.c"
	sed -n 's/.*add_text(to, "\([a-z_]*\)".*/\1/p; s/^[^a-z]*text_add(to, *"  \\"\([a-z_]*\)\\".*/\1/p; s/^[^"]*"  \\"\([a-z]*\)\\": {.*/\1/p' "$src/src/runtime/state.c"
} | sort -u > "$work/keys"
[ "$(wc -l < "$work/keys")" -gt 20 ] || {
	echo "tests/check-documents.sh: does not find the keys of settings.c and the members of state.c"
	failed=1
}
while read -r key; do
	grep -qE "[*\"]$key[*.\"]" "$src/packaging/man/callgate-hooks.7.scd.in" || {
		echo "callgate-hooks(7) does not have $key"
		failed=1
	}
done < "$work/keys"

# Headings in a header say which file beside it defines what follows.
for header in "$src"/src/*/*.h "$src"/hooks/*.h; do
	for file in $(grep -oE '^/\* -+ [^*]*' "$header" | grep -oE '[a-z_0-9]+\.c\b'); do
		[ -e "$(dirname "$header")/$file" ] || {
			echo "${header#"$src"/}: a heading names $file, which is not there"
			failed=1
		}
	done
done

if [ -x "$build/callgate" ]; then
	"$build/callgate" verbs | sort > "$work/verbs"
	sed -n 's/^## \([a-z, -]*[a-z]\).*/\1/p' "$src/packaging/man/callgate.1.scd.in" | sed 's/ [-[].*//' | tr ',' '\n' | awk '{ print $1 }' |
		sort > "$work/sections"
	differ "packaging/man/callgate.1.scd.in: a section '## verb' for each verb" "$work/verbs" "$work/sections"
	# "callgate WORD" in an indented line of the documents, or *callgate WORD in a page.
	{
		sed -n 's/^    \$\{0,1\} *callgate \([a-z][a-z-]*\).*/\1/p' "$src/README.md" "$src/profiles/README.md"
		grep -oh '`callgate [a-z][a-z-]*' "$src/README.md" "$src/profiles/README.md" "$src/HACKING.md" | sed 's/.* //'
		grep -oh '\*callgate [a-z][a-z-]*' "$src"/packaging/man/*.scd.in | sed 's/.* //'
	} | sort -u > "$work/called"
	grep -vxF -f "$work/verbs" "$work/called" > "$work/unknown" && {
		echo "documents call verbs that do not exist:"
		cat "$work/unknown"
		failed=1
	}
	# callgate-profile(5) lists the findings that there are, with all their words.
	awk -f "$src/packaging/man/notes.awk" "$src/src/base/note_ids.h" | sed 's/\\\([*_]\)/\1/g' > "$work/notes"
	"$build/callgate" check --list | awk -F '\t' '{ printf "*%s*\n\t%s: %s\n\n", $1, $3, $4 }' > "$work/kinds"
	differ "packaging/man/notes.awk: each finding of check --list" "$work/kinds" "$work/notes"
	# VERB --help: an example for each, a line for each option ("openings" is an old name), nothing wider than a terminal.
	while read -r verb; do
		"$build/callgate" "$verb" --help > "$work/help" 2> /dev/null
		case $verb in verbs | version) ;; *) grep -q "^Example: .*callgate $verb" "$work/help" || {
			echo "callgate $verb --help shows no example: src/tool/help.c"
			failed=1
		} ;; esac
		awk -v verb="$verb" 'length > 79 { print "callgate " verb " --help: wider than 79 columns: " $0; bad = 1 } END { exit bad }' "$work/help" || failed=1
		# callgate(1) has what the verb takes, and no option in a heading that the verb does not take. What many verbs share is
		# under SOURCES and TARGET OPTIONS; --output stands as -o.
		awk -v verb="$verb" '/^## /{ on = $0 ~ "^## ([a-z, ]*, )?" verb "([, ]|$)" } /^# /{ on = 0 } on' "$src/packaging/man/callgate.1.scd.in" > "$work/section"
		grep -oE '^  --?[a-zA-Z-]+' "$work/help" | sed 's/ //g; s/^--output$/-o/' > "$work/takes"
		grep -vxE -e '--(help|color|json|root|lxcpath|arch|abi|caps|kernel|as|names|enosys)' "$work/takes" | while read -r option; do
			grep -qE -e "$option([^a-z-]|\$)" "$work/section" || echo "callgate(1), $verb: $option is not in its section"
		done > "$work/wrong"
		sed -n 1p "$work/section" | grep -oE -e '--[a-z-]+' | sort -u | while read -r option; do
			grep -qxF -e "$option" "$work/takes" || echo "callgate(1), $verb: it takes no $option"
		done >> "$work/wrong"
		if [ -s "$work/wrong" ]; then
			cat "$work/wrong"
			failed=1
		fi
	done < "$work/verbs"
	for option in $(grep -oh '{ "[a-z-]*", [a-z]*_argument' "$src"/src/tool/*.[ch] | sed 's/{ "//; s/".*//' | sort -u); do
		[ "$option" = openings ] || grep -q "\"$option\", " "$src/src/tool/help.c" || {
			echo "--$option has no line of help in src/tool/help.c"
			failed=1
		}
	done
fi
exit $failed
