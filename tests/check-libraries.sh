#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Which libraries the tool and each hook need by name, and load while they work: libc alone. liblxc, json-c and libseccomp are loaded when asked for.
command -v readelf > /dev/null || exit 77
nm -D "$(find . -path '*.libs/libcallgate.so')" 2> /dev/null | grep -q '__asan_' && exit 77
failed=0
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
for program in callgate hooks/callgate hooks/callgate-runc hooks/callgate-oci-hook; do
	needed=$(readelf -d "$program" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -v '^ld-\|^libc\.')
	[ -z "$needed" ] && continue
	echo "$program: error: it is linked with $(echo $needed)"
	failed=1
done
# The dynamic loader's own list of what a process loads.
loaded=$(LD_DEBUG=files ./callgate compile --stats -o "$work/program" "${top_srcdir:-.}/profiles/default.json" 2>&1 | sed -n 's/.*calling init: //p' | grep -v '/ld-\|/libc\.')
if [ -n "$loaded" ]; then
	echo "callgate compile: error: it loads $(echo $loaded)"
	failed=1
fi
exit $failed
