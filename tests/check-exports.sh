#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The header, the symbol map and the shared library name the same functions; the header says since when each exists.
src=${top_srcdir:-.}
library=${top_builddir:-.}/.libs/libcallgate.so
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT

sed 's|/\*.*\*/||' "$src/src/callgate.h" | awk '/\/\*/ { inside = 1 } !inside { print } /\*\// { inside = 0 }' |
	grep -o 'callgate_[a-z0-9_]*(' | tr -d '(' | sort -u > "$work/header"
# A type of function is no function.
sed -n 's/^typedef .*\b\(callgate_[a-z_]*\)(.*/\1/p' "$src/src/callgate.h" > "$work/types"
grep -vxF -f "$work/types" "$work/header" > "$work/wanted"
sed -n 's/^	\(callgate_[a-z0-9_]*\);.*/\1/p' "$src/src/callgate.map" | sort > "$work/map"
status=0
diff "$work/wanted" "$work/map" > "$work/diff" || { echo "src/callgate.h ('<') and src/callgate.map ('>') differ:"; grep '^[<>]' "$work/diff"; status=1; }
if [ -f "$library" ]; then
	${NM:-nm} -D --defined-only "$library" | awk '$3 ~ /^callgate_/ { sub(/@.*/, "", $3); print $3 }' | sort > "$work/library"
	diff "$work/map" "$work/library" > "$work/diff" || { echo "src/callgate.map ('<') and $library ('>') differ:"; grep '^[<>]' "$work/diff"; status=1; }
fi
# What has a pointer to give NULL for.
for function in $(cat "$work/wanted"); do
	case $function in *_name | callgate_action_from_return | callgate_libseccomp_release) continue ;; esac
	grep -q "\b$function(" "$src/tests/unit/test_api.c" || { echo "tests/unit/test_api.c does not call $function with NULL"; status=1; }
done
[ "$(wc -l < "$work/wanted")" -le 100 ] || { echo "more than 100 public functions"; status=1; }
# A comment that ends in "Since: RELEASE" before the prototype, or before the run of prototypes that it stands in.
awk '
/^\/\*/ { since = 0; comment = 1 }
comment { since = since || /Since: [0-9]/; comment = !/\*\//; next }
/^[a-z].*callgate_[a-z0-9_]*\(/ && !/^typedef/ { if (!since && !/Since: [0-9]/) { print FILENAME ":" FNR ": error: no Since: " $0; bad = 1 }; next }
/^callgate_[a-z0-9_]*\(/ { next }
/^[^\t ]/ || /^$/ { since = 0 }
END { exit bad }' "$src/src/callgate.h" || status=1
exit $status
