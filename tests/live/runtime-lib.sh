# SPDX-License-Identifier: LGPL-2.1-or-later
# runc and crun alike: containers started through the wrapper. runtime is set by who reads this.
needs=$runtime
. "$(dirname "$0")/oci-lib.sh"
wrapper=$work/callgate-$runtime
hook=$build/hooks/callgate-oci-hook
ln -s "$build/hooks/callgate-runc" "$wrapper"

# bundle NAME [JQ]: a bundle whose configuration is changed by a jq program.
bundle() {
  mkdir -p "$work/$1"
  (cd "$work/$1" && rm -f config.json && "$runtime" spec) || return 1
  jq --arg root "$root" --arg shell "$shell" '.process.terminal = false | del(.process.rlimits) | .root = {path: $root, readonly: false}
    | .linux.namespaces |= map(select(.type != "network")) | del(.linux.seccomp) | .process.args = ["/bin/sh", "-c", $shell]
    | '"${2:-.}" "$work/$1/config.json" >"$work/config.new" && mv "$work/config.new" "$work/$1/config.json"
}
# start NAME [PROGRAM]: output in out and err.
start() {
  timeout -k 5 30 "${2:-$wrapper}" run --bundle "$work/$1" "$run-$1" >"$work/out" 2>"$work/err" </dev/null
}
spec_hook() { # STAGE
  echo ".hooks.$1 = [{path: \"$hook\", args: [\"callgate-oci-hook\", \"--engine\", \"$runtime\", \"$1\"], timeout: 10}]"
}

bundle plain '.process.args = ["/bin/true"]'
start plain "$runtime" || skip_all "$runtime starts no container here: $(head -n 1 "$work/err")"

# ------------------------------------------------------------------ a profile that is told by its errno
settings "profile = deny77"
for nnp in true false; do
  bundle nnp-$nnp ".process.noNewPrivileges = $nnp"
  cp "$work/nnp-$nnp/config.json" "$work/before.json"
  ok "no_new_privs $nnp: starts" start nnp-$nnp
  ok "no_new_privs $nnp: mkdir gets the profile's errno" has "$errno77" err
  ok "no_new_privs $nnp: the container runs under a filter" has '^Seccomp:.*2$'
  ok "no_new_privs $nnp: as it was asked for" has "^NoNewPrivs:.*$([ $nnp = true ] && echo 1 || echo 0)\$"
  jq -S 'del(.linux.seccomp, .annotations["run.oci.seccomp_bpf_data"]) | if .annotations == {} then del(.annotations) else . end' \
    "$work/nnp-$nnp/config.json" >"$work/after.json"
  jq -S . "$work/before.json" | cmp -s - "$work/after.json"
  point $? "no_new_privs $nnp: nothing else of the configuration has changed"
done
ok "the state says ready" is "$(state "$run-nnp-true" .result)" ready
ok "the state names the profile" is "$(state "$run-nnp-true" .profile)" "$settings/profiles/deny77.json"

# ------------------------------------------------------------------ whatever the engine wanted
bundle own '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW"}'
ok "a configuration that allows everything: starts" start own
ok "a configuration that allows everything gets the profile all the same" has "$errno77" err
allow_all=$(printf '\006\000\000\000\000\000\377\177' | base64)
bundle bpf ".annotations = {\"run.oci.seccomp_bpf_data\": \"$allow_all\"}"
ok "an annotation with a program of its own: starts" start bpf
ok "an annotation with a program of its own: the profile all the same" has "$errno77" err

bundle forged '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["rmdir"], action: "SCMP_ACT_ERRNO", errnoRet: 5}]}
  | .annotations["io.container.manager"] = "libpod"'
ok "podman's annotation from somebody else: starts" start forged
ok "podman's annotation from somebody else: what the container brings along counts" has 'rmdir.*Input/output error' err

# ------------------------------------------------------------------ Docker's default
settings "profile = default"
bundle docker '.process.capabilities.bounding += ["CAP_CHOWN", "CAP_SETUID"]'
ok "the default profile: starts" start docker
ok "the default profile: mkdir works" has '^made$'
ok "the default profile: unshare is refused" has 'unshare.*Operation not permitted' err
[ $runtime = crun ] || ok "what runc makes otherwise stands in the state" is "$(state "$run-docker" '.messages | map(test("socketcall .*of x86")) | any')" true
ok "capabilities come from the bounding set" is "$(state "$run-docker" '.caps | index("CAP_SETUID") != null')" true

for profile in static-web system-container; do
  cp "$src/profiles/$profile.json" "$settings/profiles/"
  settings "profile = $profile"
  bundle $profile
  ok "$profile, as it is shipped: starts" start $profile
  ok "... and unshare is refused" has 'unshare.*Operation not permitted' err
done

# What a container brings along may contradict itself, as buildah's default does: it counts as the runtime reads it.
settings "profile = deny77"
bundle contradicts '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["rmdir"], action: "SCMP_ACT_ERRNO", errnoRet: 79},
  {names: ["unshare"], action: "SCMP_ACT_ALLOW"}, {names: ["unshare"], action: "SCMP_ACT_ERRNO", errnoRet: 1}, {names: ["unshare"], action: "SCMP_ACT_ERRNO", errnoRet: 5}]}'
ok "a profile of its own that contradicts itself: starts" start contradicts
ok "... under the administrator's" has "$errno77" err
ok "... and what it denies stays denied" has 'rmdir' err
bundle unknown '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["no_such_call"], action: "SCMP_ACT_ERRNO"}]}'
no "a profile of its own that denies what nobody knows: does not start" start unknown
ok "... and why is said" has "denies 'no_such_call'" err

# ------------------------------------------------------------------ the same bundle once more
own='.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["rmdir"], action: "SCMP_ACT_ERRNO", errnoRet: 79}]}'
settings "profile = deny77"
bundle again "$own"
cp "$work/again/config.json" "$work/first.json"
start again && start again && start again
ok "started three times from one bundle: the profile's errno" has "$errno77" err
settings "profile = default"
ok "under another profile it starts as well" start again
ok "... and what the first one denied is not kept" has '^made$'
ok "... but what it brings along is" is "$(state "$run-again" '.messages | map(test("brings along")) | any')" true
rm -f "$work/again/config.json.callgate"
cp "$work/first.json" "$work/again/config.json"
settings "profile = deny77"

# ------------------------------------------------------------------ later: exec, verify, delete
settings "profile = deny77"
bundle live '.process.args = ["/bin/sleep", "60"]'
started="$started $run-live"
timeout 30 "$wrapper" create --bundle "$work/live" "$run-live" >/dev/null 2>"$work/err" </dev/null
point $? "create"
timeout 30 "$wrapper" start "$run-live" >"$work/out" 2>"$work/err"
point $? "start"
"$wrapper" exec "$run-live" /bin/mkdir /tmp/late >"$work/out" 2>"$work/err"
ok "exec: the profile's errno" has "$errno77" err
"$build/callgate" verify --profile "$settings/profiles/deny77.json" "oci:$run-live" >"$work/out" 2>"$work/err"
point $? "verify oci:ID says exact"
ok "verify: every task" has 'exact$'
"$wrapper" kill "$run-live" KILL >"$work/out" 2>"$work/err"
point $? "kill passes through"
sleep 0.3
"$wrapper" delete -f "$run-live" >"$work/out" 2>"$work/err"
point $? "delete passes through"
no "delete takes the state file along" test -e "/run/callgate/oci/$run-live.json"

# ------------------------------------------------------------------ which profile
choose() { # NAME ANNOTATION SETTING...
  name=$1 annotation=$2
  shift 2
  settings "profile = deny77" "$@"
  bundle "$name" ".annotations = {\"org.callgate.profile\": \"$annotation\"}"
  start "$name"
}
ok "an annotation may choose a narrower profile" choose narrow narrow77
ok "and that one it gets" has 'rmdir.*File descriptor' err
no "not a wider one" choose wider other79
ok "why is said, with a call" has 'permits mkdir' err
ok "and stands in the state" is "$(state "$run-wider" .result)" failed
ok "unless the settings let it" choose any other79 "annotation = any"
no "no other at all when the settings say never" choose never narrow77 "annotation = never"
no "no path" choose path ../profiles/narrow77
no "no name that is not there" choose absent nothing-of-this-name
for id in narrow wider any never path absent; do rm -f "/run/callgate/oci/$run-$id.json"; done

# ------------------------------------------------------------------ what must not start
settings "profile = deny77"
refused() { # NAME WHAT
  start "$1" && return 1
  ! has '^ran$'
}
bundle base
for size in 0 1 100 1000; do
  mkdir -p "$work/cut$size"
  head -c $size "$work/base/config.json" >"$work/cut$size/config.json"
  ok "a configuration cut after $size bytes does not start" refused cut$size
done
mkdir -p "$work/nul" "$work/twice" "$work/case" "$work/huge"
{ cat "$work/base/config.json"; printf '\000'; } >"$work/nul/config.json"
ok "one with a NUL does not start" refused nul
sed '1s/{/{"linux":{},/' "$work/base/config.json" >"$work/twice/config.json"
ok "one with linux twice does not start" refused twice
sed '1s/{/{"Linux":{"seccomp":null},/' "$work/base/config.json" >"$work/case/config.json"
ok "one with Linux beside linux does not start" refused case
{ cat "$work/base/config.json"; head -c 17000000 /dev/zero | tr '\0' ' '; } >"$work/huge/config.json"
ok "one of 17 MB does not start" refused huge
settings "profile = no-such"
ok "without its profile it does not start" refused base
settings "profile = deny77" "profil = x"
ok "with a key in the settings that is not known it does not start" refused base
"$wrapper" --version >"$work/out" 2>"$work/err"
point $? "but other commands pass all the same"
settings "profile = deny77"
chmod 666 "$settings/profiles/deny77.json"
ok "with a profile that others can write it does not start" refused base
chmod 644 "$settings/profiles/deny77.json"
"$wrapper" --no-such-option x run --bundle "$work/base" "$run-base" >"$work/out" 2>"$work/err" </dev/null
ok "an option that is not known is refused" has 'unknown option' err
"$wrapper" --log "$work/log.json" --log-format json run --bundle "$work/cut1" "$run-cut1" >"$work/out" 2>"$work/err" </dev/null
ok "the engine's log says why" is "$(jq -r .level "$work/log.json")" error

# ------------------------------------------------------------------ a bundle that cannot be written
bundle sealed
mkdir "$work/ro" && mount --bind "$work/sealed" "$work/ro" && mount -o remount,ro,bind "$work/ro"
cp "$work/ro/config.json" "$work/before.json"
timeout 30 "$wrapper" run --bundle "$work/ro" "$run-ro" >"$work/out" 2>"$work/err" </dev/null
ok "a read-only bundle: the profile's errno" has "$errno77" err
cmp -s "$work/before.json" "$work/ro/config.json"
point $? "and it is as it was"
"$wrapper" delete -f "$run-ro" >/dev/null 2>&1
no "its private copy goes with the container" test -e "/run/callgate/oci/$run-ro.d"
umount "$work/ro"

# ------------------------------------------------------------------ a bundle's path that others change meanwhile
# A link of another user's points now here, now there; the other bundle would start without a filter.
rounds=${CALLGATE_ROUNDS:-8}
bundle here '.process.args[2] = "grep ^Seccomp: /proc/self/status"'
bundle there '.process.args[2] = "grep ^Seccomp: /proc/self/status" | .linux.seccomp = null'
mkdir "$work/flip" && chown 65534:65534 "$work/flip"
chmod 755 "$work"
setpriv --reuid 65534 --regid 65534 --clear-groups sh -c 'while :; do
  ln -sfn ../here "$1/a"; mv -T "$1/a" "$1/link"; ln -sfn ../there "$1/a"; mv -T "$1/a" "$1/link"; done' sh "$work/flip" 2>/dev/null &
flipper=$!
sleep 0.2
unfiltered=0 started_here=0 i=0
while [ $i -lt "$rounds" ]; do
  i=$((i + 1))
  if timeout 30 "$wrapper" run --bundle "$work/flip/link" "$run-flip$i" >"$work/out" 2>"$work/err" </dev/null; then
    started_here=$((started_here + 1))
    has '^Seccomp:.*2$' || unfiltered=$((unfiltered + 1))
  fi
done
kill $flipper
wait $flipper 2>/dev/null
ok "a link that another user flips: $started_here of $rounds start, none without the filter" [ $unfiltered = 0 -a $started_here != 0 ]

# ------------------------------------------------------------------ equal ids under two roots
# Bundles that the wrapper may not write: each gets a private copy, and they must not get each other's.
for which in first second; do
  bundle twin-$which ".process.args = [\"/bin/sh\", \"-c\", \"echo $which; exec sleep 60\"]"
  mkdir "$work/ro-$which" && mount --bind "$work/twin-$which" "$work/ro-$which" && mount -o remount,ro,bind "$work/ro-$which"
  timeout 30 "$wrapper" --root "$work/root-$which" run -d --bundle "$work/ro-$which" --pid-file "$work/pid-$which" "$run-twin" \
    >"$work/out-$which" 2>"$work/err" </dev/null
done
sleep 0.3
for which in first second; do
  pid=$(cat "$work/pid-$which" 2>/dev/null)
  ok "an id that is there under another root too ($which): its own bundle" grep -qx $which "$work/out-$which"
  ok "an id that is there under another root too ($which): its own filter" grep -q '^Seccomp:.*2$' "/proc/$pid/status"
done
ok "an id under two roots: two state files" is "$(ls "/run/callgate/oci" | grep -c "^$run-twin@.*json$")" 2
"$wrapper" --root "$work/root-first" delete -f "$run-twin" >/dev/null 2>&1
ok "the first one's deletion leaves the second's state file" is "$(ls "/run/callgate/oci" | grep -c "^$run-twin@.*json$")" 1
"$wrapper" --root "$work/root-second" delete -f "$run-twin" >/dev/null 2>&1
umount "$work/ro-first" "$work/ro-second"
no "restore is refused: a checkpoint has filters of its own" "$wrapper" restore --bundle "$work/base" "$run-restored" 2>"$work/err"
ok "and why is said" has 'checkpoint' err

# ------------------------------------------------------------------ gate and proof
bundle proved "$(spec_hook createRuntime) | $(spec_hook poststart) | .process.env += [\"LD_PRELOAD=/no/such.so\", \"PATH=/no\"]
  | .process.args = [\"/bin/sleep\", \"1\"]"
ok "gate and proof: starts" start proved
ok "the proof stands in the state" is "$(state "$run-proved" '.hook + " " + .result')" "poststart verified"
settings "profile = default"
bundle docker2 "$(spec_hook createRuntime) | $(spec_hook poststart) | .process.args = [\"/bin/sleep\", \"1\"]"
ok "the default profile, gate and proof: starts" start docker2
ok "the default profile is proved" is "$(state "$run-docker2" '.hook + " " + .result')" "poststart verified"
settings "profile = deny77"
loose='{defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["rmdir"], action: "SCMP_ACT_ERRNO", errnoRet: 77}]}'
bundle gate "$(spec_hook createRuntime) | .linux.seccomp = $loose"
ok "the gate lets no other filter pass" eval '! start gate "$runtime" && ! has "^ran$"'
ok "it says which call" is "$(state "$run-gate" '.messages[0] | test("permits what the profile does not: ")')" true
bundle none "$(spec_hook createRuntime)"
ok "the gate lets no bundle without a filter pass" eval '! start none "$runtime" && ! has "^ran$"'
for what in looser stricter nothing; do
  case $what in
    looser) filter=".linux.seccomp = $loose" ;;
    stricter) filter='.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir", "mkdirat", "rmdir"],
      action: "SCMP_ACT_ERRNO", errnoRet: 77}]}' ;;
    nothing) filter='.' ;;
  esac
  bundle mutated "$(spec_hook poststart) | $filter | .process.args = [\"/bin/sh\", \"-c\", \"sleep 4; echo survived\"]"
  start mutated "$runtime"
  "$runtime" delete -f "$run-mutated" >/dev/null 2>&1
  said=$(state "$run-mutated" '.hook + " " + .result')
  if [ "$what" = stricter ]; then # nothing is permitted that the profile does not permit
    ok "a live filter that is another (stricter): the container goes on" has '^survived$'
    ok "a live filter that is another (stricter): the state says so" is "$said" "poststart verified"
  else
    no "a live filter that is another ($what): the container does not survive" has '^survived$'
    ok "a live filter that is another ($what): the state says so" is "$said" "poststart failed"
  fi
done
# ------------------------------------------------------------------ the first process ends before it is looked at
# Without a pid namespace of its own, what it has started goes on in the container's cgroup. runc calls the hook before the first
# process goes on, so there it has not ended.
late=".hooks.poststart = [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"sleep 0.5; exec $hook --engine $runtime poststart\"], timeout: 10}]"
shared='.linux.namespaces |= map(select(.type != "pid"))'
[ $runtime = runc ] || for what in others nobody; do
  [ $what = nobody ] && args='exit 0' || args='(sleep 3; echo survived >/tmp/survived) & exit 0'
  rm -f "$root/tmp/survived"
  bundle gone "$late | $shared | .linux.seccomp = $loose | .linux.cgroupsPath = \"/$run-gone\" | .process.args = [\"/bin/sh\", \"-c\", \"$args\"]"
  timeout 30 "$runtime" run -d --bundle "$work/gone" "$run-gone" >"$work/out" 2>"$work/err" </dev/null
  said=$(state "$run-gone" '.hook + " " + .result')
  if [ $what = others ]; then
    ok "its first process has gone, others of it go on: not finished" is "$said" "poststart failed"
    sleep 3
    no "... and they are ended" test -e "$root/tmp/survived"
  else
    ok "its first process has gone, nobody is left: finished" is "$said" "poststart finished"
  fi
  "$runtime" delete -f "$run-gone" >/dev/null 2>&1
done

# ------------------------------------------------------------------ tried before it is enforced, and recorded
settings "profile = deny77" "complain = yes"
bundle tried "$(spec_hook createRuntime) | .annotations[\"org.callgate.record\"] = \"yes\""
kept=/var/lib/callgate/records/oci/$run-tried.json
ok "complain: starts" start tried
ok "complain: nothing is denied" has '^made$'
ok "complain: the filter is there" has '^Seccomp:.*2$'
ok "complain: the state says so" is "$(state "$run-tried" .enforced)" false
for i in 1 2 3 4 5 6 7 8 9 10; do [ -f "$kept" ] && break; sleep 0.3; done
ok "org.callgate.record: recorded from the first call on, nothing lost" \
  jq -e '.lost == 0 and ([.calls[] | select(.phase == "runtime")] | length > 0) and ([.calls[] | select(.name == "mkdir")] | length > 0)' "$kept"
rm -f "$kept"
settings "profile = deny77"
bundle unrecorded ".annotations[\"org.callgate.record\"] = \"yes\" | $(spec_hook poststart)"
no "org.callgate.record without the hook that does it: does not start" start unrecorded
ok "... and why is said" has 'createRuntime' err
# A wish that would do nothing is not passed over.
settings "profile = deny77" "containers = annotated"
for wish in log record; do
  bundle wish ".annotations[\"org.callgate.$wish\"] = \"yes\""
  no "org.callgate.$wish without a profile: does not start" start wish
  ok "... and why is said" has "org.callgate.$wish and not org.callgate.profile" err
  bundle wish ".annotations[\"org.callgate.$wish\"] = \"maybe\" | .annotations[\"org.callgate.profile\"] = \"deny77\""
  no "org.callgate.$wish=maybe: does not start" start wish
  ok "... and why is said" has "org.callgate.$wish is 'maybe', and can be yes or no" err
  bundle wish ".annotations[\"org.callgate.$wish\"] = \"no\""
  ok "org.callgate.$wish=no: starts" start wish
done
settings "profile = deny77"
for text in '' '{' '{"id":"../x","bundle":"/"}' '{"id":"x","pid":-1,"bundle":"/"}' '{"id":"x","id":"y","bundle":"/"}'; do
  printf '%s' "$text" | "$hook" poststart >"$work/out" 2>"$work/err"
  point $((!$?)) "forged state is refused: ${text:-nothing}"
done
finish
