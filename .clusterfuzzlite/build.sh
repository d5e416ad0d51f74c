#!/bin/bash -eu
# SPDX-License-Identifier: LGPL-2.1-or-later
# Builds the fuzz targets with the compiler, flags and engine in the environment, into $OUT: programs, dictionaries, seeds.
./autogen.sh
build=$(mktemp -d)
source=$PWD
cd "$build"
CFLAGS='' LDFLAGS='' "$source/configure" --quiet --without-criterion
make -s fuzz-build FUZZ_CLANG="$CC" FUZZ_LINK="$CXX" FUZZ_INSTRUMENT="$CFLAGS" FUZZ_ENGINE="$CXXFLAGS $LIB_FUZZING_ENGINE"
"$source/tests/fuzz/seeds.sh" "$source" seeds
for program in tests/fuzz/fuzz_*; do
	[ -x "$program" ] || continue
	name=$(basename "$program")
	cp "$program" "$OUT/"
	dictionary=$source/tests/fuzz/profile.dict
	[ "$name" != fuzz_files ] || dictionary=$source/tests/fuzz/files.dict
	cp "$dictionary" "$OUT/$name.dict"
	(cd "seeds/${name#fuzz_}" && zip -q -r "$OUT/${name}_seed_corpus.zip" . -i '*')
done
