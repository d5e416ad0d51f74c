# What `callgate rebase` writes and says, and its exit codes.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 99
try() {
  echo "\$ callgate $*"
  callgate "$@" 2>&1
  echo "exit $?"
}
cat >old.json <<'END'
{
	"defaultAction": "SCMP_ACT_ERRNO",
	"archMap": [
		{ "architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86", "SCMP_ARCH_X32"] }
	],
	"syscalls": [
		{
			"names": [
				"close",
				"mkdir",
				"read",
				"socket",
				"write"
			],
			"action": "SCMP_ACT_ALLOW",
			"args": [],
			"comment": "",
			"includes": {},
			"excludes": {}
		},
		{
			"names": ["bpf", "mount"],
			"action": "SCMP_ACT_ALLOW",
			"includes": { "caps": ["CAP_SYS_ADMIN"] }
		}
	]
}
END
# They add openat2 and clone3, close AF_VSOCK, and open bpf to CAP_BPF.
sed -e 's/"mkdir",/"mkdir",\n\t\t\t\t"openat2",/' -e '/^\t\t\t\t"socket",$/d' -e 's/"bpf", //' -e '$d' old.json | sed '$d' >new.json
sed -i '$ s/}$/},/' new.json
cat >>new.json <<'END'
		{
			"names": ["bpf"],
			"action": "SCMP_ACT_ALLOW",
			"includes": { "caps": ["CAP_BPF"] }
		},
		{
			"names": ["socket"],
			"action": "SCMP_ACT_ALLOW",
			"args": [ { "index": 0, "value": 40, "op": "SCMP_CMP_NE" } ]
		},
		{ "names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38, "excludes": { "caps": ["CAP_SYS_ADMIN"] } }
	]
}
END
# I have no mkdir, and log mounts.
sed -e '/"mkdir"/d' -e 's/"comment": ""/"comment": "ours"/' -e 's/"bpf", "mount"/"bpf"/' old.json | sed '$d' | sed '$d' >mine.json
sed -i '$ s/}$/},/' mine.json
cat >>mine.json <<'END'
		{ "names": ["mount"], "action": "SCMP_ACT_LOG",   "includes": { "caps": ["CAP_SYS_ADMIN"] } }
	]
}
END
try rebase --from old.json --to new.json mine.json -o result.json
diff mine.json result.json
try rebase --from old.json --to new.json result.json -o again.json
cmp result.json again.json
try rebase --from new.json --to new.json result.json -o again.json
cmp result.json again.json
try rebase --from old.json --to old.json mine.json -o again.json
cmp mine.json again.json
sed '/"socket",/d; s/"SCMP_ACT_LOG",   "includes"/"SCMP_ACT_ALLOW", "includes"/; s/"names": \["mount"\]/"names": ["socket"]/' mine.json >conflict.json
sed -i 's/ACT_ALLOW", "includes": { "caps": \["CAP_SYS_ADMIN"\] } }/ACT_ERRNO", "errnoRet": 97 }/' conflict.json
try rebase --from old.json --to new.json conflict.json
printf '2\ndenylist\nmkdir errno 1\n' >text.seccomp
try rebase --from old.json --to new.json text.seccomp
try rebase --from old.json mine.json
# A fork that names less than its base: the merge is exact without the ENOSYS of numbers above a profile's highest one.
fork_of() {
  printf '{ "defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64"], "syscalls": [\n'
  printf '  { "names": [%s], "action": "SCMP_ACT_ALLOW" }\n] }\n' "$1"
}
fork_of '"read", "mkdir", "openat2"' >old.json
fork_of '"read", "mkdir", "openat2", "futex_waitv"' >new.json
fork_of '"read"' >mine.json
try rebase --from old.json --to new.json mine.json -o result.json
for enosys in never profile; do
  for call in read mkdir clone3 openat2 futex_waitv; do
    for file in old new mine result; do
      printf '%s\t' "$(callgate explain --arch x86_64 --abi x86_64 --kernel 6.1 --enosys $enosys $file.json $call | cut -f 3)"
    done
    echo "$call, --enosys $enosys"
  done
done
# The first of two rules without conditions decides: a name that the new default allows behind a denial does not join the author's rule
# in front of that.
order_of() { printf '{ "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38, "syscalls": [\n%s\n] }\n' "$1"; }
front='  { "names": ["read", "write"], "action": "SCMP_ACT_ALLOW" },'
denied='  { "names": ["fchmodat2"], "action": "SCMP_ACT_ERRNO", "includes": { "arches": ["amd64"] } }'
order_of "$front
$denied" >old.json
order_of "$front
$denied,
  { \"names\": [\"fchmodat2\"], \"action\": \"SCMP_ACT_ALLOW\" }" >new.json
order_of "  { \"names\": [\"read\"], \"action\": \"SCMP_ACT_ALLOW\" },
$denied" >mine.json
try rebase --from old.json --to new.json mine.json -o result.json
diff mine.json result.json
for arch in x86_64 aarch64; do callgate explain --arch $arch --abi $arch --kernel 6.1 result.json fchmodat2 | cut -f 1-3; done
# A profile that check rejects is no fork to carry on: it would permit what it means to forbid.
printf '{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [ { "names": ["keyclt"], "action": "SCMP_ACT_ERRNO" } ] }\n' >bad.json
try rebase --from old.json --to new.json bad.json
