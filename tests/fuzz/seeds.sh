#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# seeds.sh SOURCE OUT: for each fuzz target a directory of inputs to start from, made of the tree's own test files.
set -eu
src=$1 out=$2
for target in json profile filter program bundle time files; do
	mkdir -p "$out/$target"
done
for target in json profile filter; do
	cp "$src"/tests/bad/*.json "$src"/tests/bad/*.lxc "$src"/tests/verdicts/*.json "$src"/profiles/*.json "$out/$target/" 2> /dev/null || true
done
for json in "$src"/profiles/*.json; do
	name=$(basename "$json")
	printf '{"ociVersion":"1.0.2","process":{"capabilities":{"bounding":["CAP_CHOWN"]},"noNewPrivileges":true},"linux":{"seccomp":%s}}' \
		"$(cat "$json")" > "$out/bundle/$name"
done
printf '{"ociVersion":"1.0.2","id":"web","status":"created","pid":42,"bundle":"/run/web","annotations":{"a":"b"}}' > "$out/bundle/state.json"
# The first byte chooses the reader: see fuzz_files.c.
file() { # NAME READER TEXT
	{ printf "\\$2" && printf '%b' "$3"; } > "$out/files/$1"
}
file record 0 '{"schema":"callgate.record/1","runs":1,"lost":0,"calls":[{"abi":"x86_64","nr":0,"name":"read","count":3,"denied":0,"phase":"run","args":[]}]}'
file oci 1 '{"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_X86_64"],"syscalls":[{"names":["read","write"],"action":"SCMP_ACT_ALLOW"}]}'
file operator 1 '{"kind":"SeccompProfile","spec":{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW"}]}}'
file nothing 1 '{"kind":"SeccompProfile","spec":{"defaultAction":"SCMP_ACT_ERRNO"}}'
file audit 2 'type=SECCOMP msg=audit(1700000000.123:45): auid=0 uid=0 gid=0 ses=1 pid=7 comm="sh" exe="/bin/sh" sig=31 arch=c000003e syscall=83 compat=0 ip=0x7f code=0x80000000\n'
file strace 2 'openat(AT_FDCWD, "/etc/passwd", O_RDONLY) = 3\n7 mkdir("a", 0777) = -1 EPERM (Operation not permitted)\n'
file perf 2 '     0.123 ( 0.004 ms): sh/7 openat(dfd: CWD, filename: "a") = 3\n'
file settings 3 'profile = default\nprofile.runc = web\nruntime.youki = /bin/youki\nlog.youki = yes\n# note\n'
file btf 4 '\0237\0353\0001\0000\0030\0000\0000\0000\0000\0000\0000\0000\0000\0000\0000\0000\0000\0000\0000\0000\0001\0000\0000\0000\0000'
