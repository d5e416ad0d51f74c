#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Golden files: tests/golden/NAME.sh prints to stdout and stderr, NAME.out is what it must print, exit codes included.
# `tests/check-golden.sh --update` writes the .out files anew: read the difference before it is committed.
# TAP, one point per file.
src=${top_srcdir:-$(cd "$(dirname "$0")/.." && pwd)}
build=${top_builddir:-$PWD}
[ -x "$build/callgate" ] || { echo "1..0 # SKIP callgate is not built in $build"; exit 0; }
PATH="$build:$PATH"
export PATH LC_ALL=C NO_COLOR=1
# Leaks are the unit tests' affair; a sanitizer report must not change what is compared.
export ASAN_OPTIONS=detect_leaks=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
n=0 bad=0
set -- "$src"/tests/golden/*.sh "$@"
update=no
for arg; do [ "$arg" = --update ] && update=yes; done
for file; do
  [ "$file" = --update ] && continue
  name=$(basename "$file" .sh)
  n=$((n + 1))
  # Cases run in tests/golden, so that messages show short paths.
  (cd "$src/tests/golden" && sh "$file") >"$work/$name" 2>&1
  if [ $update = yes ]; then
    cp "$work/$name" "$src/tests/golden/$name.out"
  elif diff -u "$src/tests/golden/$name.out" "$work/$name" >"$work/diff"; then
    echo "ok $n - $name"
  else
    bad=$((bad + 1))
    echo "not ok $n - $name"
    sed 's/^/# /' "$work/diff"
  fi
done
[ $update = yes ] || echo "1..$n"
[ $bad -eq 0 ]
