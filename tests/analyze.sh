#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# analyze.sh [FILE...]: static analysis of each source: gcc -fanalyzer, clang-tidy with a short list of checks, cppcheck. Exit status 1 if
# one of them finds something. In a build directory; make analyze calls it. What is not installed is skipped by name.
source=$(cd "${top_srcdir:?is not set}" && pwd)
bad=0
# Left out for all files, each with its reason:
# - clang-analyzer-core's checks of uninitialized and null values: it looks at one file at a time, and takes a function of another file that
#   answers 0 for one that may not have written its results. gcc's stay in.
# - bugprone-sizeof-expression: takes sizeof(*list) of a list of pointers for a mistake.
# - -Wanalyzer-malloc-leak: gcc 12 loses what realloc() returns when it is stored in a struct behind a pointer. clang-analyzer-unix.Malloc looks
#   for leaks.
if [ $# = 0 ]; then
	# shellcheck disable=SC2046 # file names without blanks
	set -- $(cd "$source" && find src hooks -name '*.c' ! -path 'src/kernel/regs_*' ! -name update-syscalls.c | sort)
fi
flags="-std=gnu11 -D_GNU_SOURCE -DHAVE_CONFIG_H -I. -I$source -I$source/src -Isrc -DSYSCONFDIR=\"/etc\" -DPKGDATADIR=\"/usr/share/callgate\" \
-DLIBEXECDIR=\"/usr/libexec\" -DCOMPATDIR=\"/usr/lib/callgate\" -DBINDIR=\"/usr/bin\" -DDATADIR=\"/usr/share\" $(pkg-config --cflags libseccomp json-c lxc 2> /dev/null)"
checks='-*,bugprone-infinite-loop,bugprone-macro-parentheses,bugprone-misplaced-widening-cast,bugprone-suspicious-*'
checks="$checks,-bugprone-suspicious-include,clang-analyzer-core.DivideZero,clang-analyzer-core.NonNullParamChecker,clang-analyzer-core.VLASize"
checks="$checks,clang-analyzer-core.StackAddressEscape,clang-analyzer-unix.*,misc-redundant-expression"
for file; do
	# shellcheck disable=SC2086
	gcc $flags -O1 -Werror -fanalyzer -Wno-analyzer-malloc-leak -c -o /dev/null "$source/$file" || { bad=1; echo "$file: gcc"; }
	if command -v clang-tidy > /dev/null; then
		# shellcheck disable=SC2086
		clang-tidy --quiet --checks="$checks" --warnings-as-errors='*' "$source/$file" -- $flags 2> /dev/null || { bad=1; echo "$file: clang-tidy"; }
	fi
done
command -v clang-tidy > /dev/null || echo "no clang-tidy: skipped"
if command -v cppcheck > /dev/null; then
	(cd "$source" && cppcheck --quiet --enable=warning,portability --inline-suppr --error-exitcode=1 --std=c11 \
		--suppress=missingIncludeSystem -D_GNU_SOURCE -D__x86_64__ -Isrc "$@") || { bad=1; echo "cppcheck"; }
else
	echo "no cppcheck: skipped"
fi
exit $bad
