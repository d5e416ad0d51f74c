#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a profile means, once more: an independent model of src/filter/semantics.md, rules 0 to 8, that shares no code with
callgate. Random OCI and Docker profiles are read by both and asked about random calls; every answer must be the same.

    tests/model/model.py CALLGATE [PROFILES [SEED]]

Numbers of system calls come from `callgate syscall --json`, so that the table is one and the meaning is two. Prints TAP.
"""
import errno
import json
import os
import random
import subprocess
import sys
import tempfile

ABIS = {"x86_64": 64, "x86": 32, "x32": 32, "aarch64": 64, "arm": 32, "s390x": 64, "s390": 32, "mips": 32, "riscv64": 64}
FAMILY = {"x86_64": ["x86_64", "x86", "x32"], "aarch64": ["aarch64", "arm"], "s390x": ["s390x", "s390"], "mips": ["mips"],
          "riscv64": ["riscv64"]}
DOCKER = {"x86_64": "amd64", "aarch64": "arm64", "s390x": "s390x", "mips": "mips", "riscv64": "riscv64"}
STRICTNESS = ["KILL_PROCESS", "KILL_THREAD", "TRAP", "ERRNO", "NOTIFY", "TRACE", "LOG", "ALLOW"]
WORDS = {"SCMP_ACT_KILL": "KILL_THREAD", "SCMP_ACT_KILL_THREAD": "KILL_THREAD", "SCMP_ACT_KILL_PROCESS": "KILL_PROCESS",
         "SCMP_ACT_TRAP": "TRAP", "SCMP_ACT_ERRNO": "ERRNO", "SCMP_ACT_TRACE": "TRACE", "SCMP_ACT_LOG": "LOG", "SCMP_ACT_ALLOW": "ALLOW"}
NAMES = ["read", "write", "open", "openat", "ioctl", "umask", "personality", "clone", "mkdir", "kill", "socket", "connect", "recv", "send",
         "accept", "bind", "socketcall", "ipc", "semop", "semget", "shmat", "msgsnd", "semtimedop", "setns", "bpf", "openat2", "clone3",
         "fchmodat2", "arch_prctl", "mmap2", "getpid", "futex_time64", "statx", "umount2"]
CAPS = ["CAP_SYS_ADMIN", "CAP_NET_RAW", "CAP_AUDIT_WRITE"]
NONE_ABOVE = 0x40000000


def table(callgate):
    """name -> abi -> number, and abi -> name of a member -> (multiplexer, selector)."""
    out = subprocess.run([callgate, "syscall", "--json", *NAMES], capture_output=True, text=True, check=True).stdout
    numbers = {call["name"]: call["numbers"] for call in json.loads(out)["calls"]}
    members = {}
    text = subprocess.run([callgate, "syscall", *NAMES], capture_output=True, text=True, check=True).stdout
    name = None
    for line in text.splitlines():
        if not line.startswith("  "):
            name = line.split("(")[0]
            continue
        fields = line.strip().split("\t")
        if len(fields) > 2 and fields[2].startswith(("socketcall(", "ipc(")):
            mux, selector = fields[2].rstrip(")").split("(")
            members.setdefault(fields[0], {})[name] = (mux, int(selector))
    return numbers, members


def action_of(rule, key):
    """(kind, data) of a verdict: rule 5's defaults."""
    kind = WORDS[rule["action"]]
    if kind in ("ERRNO", "TRACE"):
        return kind, rule.get(key, 1)
    return kind, 0


def strictness(action):
    return STRICTNESS.index(action[0])


def holds(condition, args, width):
    """Rule 6: on 32-bit ABIs both sides are cut to 32 bits."""
    cut = (1 << width) - 1
    have, value = args[condition["index"]] & cut, condition["value"] & cut
    op = condition["op"][len("SCMP_CMP_"):]
    if op == "MASKED_EQ":
        return have & value == condition.get("valueTwo", 0) & value
    return {"NE": have != value, "LT": have < value, "LE": have <= value, "EQ": have == value, "GE": have >= value, "GT": have > value}[op]


def matches(rule, args, width):
    """Rule 3: all conditions, or any of them when an index stands twice."""
    conditions = rule.get("args", [])
    if not conditions:
        return True
    answers = [holds(condition, args, width) for condition in conditions]
    indexes = [condition["index"] for condition in conditions]
    return any(answers) if len(set(indexes)) < len(indexes) else all(answers)


def survives(rule, caps, host, kernel):
    """Rule 0, the conditions on the target."""
    for key, want_all in (("includes", True), ("excludes", False)):
        guard = rule.get(key)
        if not guard:
            continue
        tests = [cap in caps for cap in guard.get("caps", [])]
        if "arches" in guard:
            tests.append(DOCKER[host] in guard["arches"])
        if "minKernel" in guard:
            tests.append(tuple(map(int, guard["minKernel"].split("."))) <= kernel)
        if want_all and not all(tests):
            return False
        if not want_all and any(tests):
            return False
    return True


class Model:
    def __init__(self, profile, caps, host, kernel, tables):
        self.numbers, self.members = tables
        self.fallback = action_of({"action": profile["defaultAction"], "errnoRet": profile.get("defaultErrnoRet", 1)}, "errnoRet")
        self.host = host
        self.abis = [host]
        rows = [row for row in profile.get("archMap", []) if row["architecture"] == oci(host)]
        listed = profile.get("architectures", [])
        if rows:
            listed = rows[0].get("subArchitectures", [])
        self.abis += [abi for abi in ABIS if oci(abi) in listed and abi != host]
        self.alive = [rule for rule in profile["syscalls"] if survives(rule, caps, host, kernel)]

    def rules(self, name):
        return [rule for rule in self.alive if name in rule["names"] and action_of(rule, "errnoRet") != self.fallback]

    def highest(self, abi):
        """Rule 5: the highest number that a rule names, one that equals the default too; members name their multiplexer."""
        top = -1
        for rule in self.alive:
            for name in rule["names"]:
                top = max(top, self.numbers[name].get(abi, -1))
                mux = self.members.get(abi, {}).get(name)
                if mux:
                    top = max(top, self.numbers[mux[0]][abi])
        return top

    def by_rules(self, rules, args, width):
        """Rules 1 and 2; None: no rule matches."""
        for rule in rules:
            if not rule.get("args"):
                return action_of(rule, "errnoRet")
        found = [action_of(rule, "errnoRet") for rule in rules if matches(rule, args, width)]
        return min(found, key=strictness) if found else None

    def behind(self, mux, abi, args):
        """Rule 7: the member that the first argument selects; None: no rule speaks."""
        for name, (through, selector) in self.members.get(abi, {}).items():
            if through != mux or not self.rules(name):
                continue
            rules = self.rules(name)
            plain = [rule for rule in rules if not rule.get("args")]
            closing = [rule for rule in rules if strictness(action_of(rule, "errnoRet")) <= strictness(self.fallback)]
            if plain:
                chosen = action_of(plain[0], "errnoRet")
            elif closing:
                chosen = min((action_of(rule, "errnoRet") for rule in closing), key=strictness)
            else:
                continue
            width = ABIS[abi]
            if strictness(chosen) > strictness(self.fallback):
                hit = args[0] & ((1 << width) - 1) == selector
            else:
                hit = args[0] & (0xffff if mux == "ipc" else 0xffffffff) == selector
            if hit:
                return chosen
        return None

    def decide(self, abi, nr, args):
        if abi not in self.abis:
            return ("KILL_THREAD", 0)
        names = [name for name in NAMES if self.numbers[name].get(abi) == nr]
        for name in names:
            rules = self.rules(name)
            answer = self.by_rules(rules, args, ABIS[abi])
            if not rules and name in ("socketcall", "ipc"):
                answer = self.behind(name, abi, args)
            if answer:
                return answer
        top = self.highest(abi)
        if self.fallback[0] == "ERRNO" and top >= 0 and nr > top:
            return ("ERRNO", errno.ENOSYS)
        return self.fallback


def oci(abi):
    return "SCMP_ARCH_" + abi.upper()


def text(action):
    kind, data = action
    if kind == "ERRNO":
        name = errno.errorcode.get(data, str(data))
        return "ERRNO(%s)" % {"ENOTSUP": "EOPNOTSUPP", "EDEADLOCK": "EDEADLK"}.get(name, name)
    return "TRACE(%d)" % data if kind == "TRACE" else kind


def some_value(rng):
    return rng.choice([rng.randrange(0, 4), rng.randrange(0, 64), 0xffffffff, 0x100000000, 0x80000000, rng.getrandbits(32), rng.getrandbits(64)])


def some_args(rng):
    conditions = []
    for _ in range(rng.choice([1, 1, 1, 2, 2, 3])):
        op = rng.choice(["NE", "LT", "LE", "EQ", "EQ", "EQ", "GE", "GT", "MASKED_EQ"])
        condition = {"index": rng.randrange(0, 3), "value": some_value(rng), "op": "SCMP_CMP_" + op}
        if op == "MASKED_EQ":
            condition["valueTwo"] = some_value(rng) & condition["value"]
        conditions.append(condition)
    return conditions


def some_rule(rng, host):
    rule = {"names": rng.sample(NAMES, rng.choice([1, 1, 2, 4])), "action": rng.choice(list(WORDS) + ["SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO"] * 3)}
    if rule["action"] in ("SCMP_ACT_ERRNO", "SCMP_ACT_TRACE") and rng.random() < 0.6:
        rule["errnoRet"] = rng.choice([1, 2, 9, 13, 22, 38, 95])
    if rng.random() < 0.5:
        rule["args"] = some_args(rng)
    for key in ("includes", "excludes"):
        if rng.random() < 0.15:
            rule[key] = rng.choice([{"caps": rng.sample(CAPS, rng.choice([1, 2]))}, {"arches": [DOCKER[host]]}, {"arches": ["ppc64le"]},
                                    {"minKernel": rng.choice(["4.8", "6.9"])}])
    return rule


def plain_pair(rules):
    """Two unconditional rules for one call without conditions on the target are refused when they differ."""
    seen = {}
    for rule in rules:
        if rule.get("args") or rule.get("includes") or rule.get("excludes"):
            continue
        for name in rule["names"]:
            if seen.setdefault(name, action_of(rule, "errnoRet")) != action_of(rule, "errnoRet"):
                return True
    return False


def some_profile(rng, host):
    default = rng.choice(["SCMP_ACT_ERRNO", "SCMP_ACT_ERRNO", "SCMP_ACT_ALLOW", "SCMP_ACT_KILL", "SCMP_ACT_LOG", "SCMP_ACT_TRAP"])
    profile = {"defaultAction": default, "syscalls": []}
    if default == "SCMP_ACT_ERRNO" and rng.random() < 0.5:
        profile["defaultErrnoRet"] = rng.choice([1, 13, 38])
    listed = [oci(abi) for abi in FAMILY[host] if rng.random() < 0.7]
    if rng.random() < 0.4:
        profile["archMap"] = [{"architecture": oci(host), "subArchitectures": [word for word in listed if word != oci(host)]}]
        if rng.random() < 0.3:
            profile["archMap"].append({"architecture": oci(host), "subArchitectures": [oci(abi) for abi in FAMILY[host][1:]]})
    else:
        profile["architectures"] = listed
    for _ in range(rng.randrange(1, 9)):
        rule = some_rule(rng, host)
        if not plain_pair(profile["syscalls"] + [rule]):
            profile["syscalls"].append(rule)
    return profile


def some_calls(rng, profile, host, tables):
    values = [0, 1, 2, 10, 0xffffffff, 0x100000001] + [c["value"] for rule in profile["syscalls"] for c in rule.get("args", [])]
    for _ in range(60):
        abi = rng.choice(FAMILY[host])
        name = rng.choice(NAMES)
        number = tables[0][name].get(abi)
        if number is None or rng.random() < 0.1:
            number = rng.randrange(0, 480) + (NONE_ABOVE if abi == "x32" else 4000 if abi == "mips" else 0)
        args = [(rng.choice(values) + rng.choice([-1, 0, 0, 0, 1])) % (1 << 64) for _ in range(6)]
        if rng.random() < 0.3:
            args[0] = rng.randrange(0, 25) + rng.choice([0, 0, 0x10000, 0x100000000])
        yield abi, number, args


def one(callgate, seed, tables, path):
    """Answers None, or what differs."""
    rng = random.Random(seed)
    host = rng.choice(list(FAMILY))
    caps = [cap for cap in CAPS if rng.random() < 0.5]
    profile = some_profile(rng, host)
    calls = list(some_calls(rng, profile, host, tables))
    with open(path, "w") as to:
        json.dump(profile, to)
    rows = "".join("%s\t%d\t%s\n" % (abi, nr, "\t".join(map(str, args))) for abi, nr, args in calls)
    ran = subprocess.run([callgate, "explain", "--arch", host, "--kernel", "6.1", "--caps", ",".join(caps) or "none", path, "--batch", "-"],
                         input=rows, capture_output=True, text=True)
    answers = ran.stdout.splitlines()
    if len(answers) != len(calls):
        return "refused: %s\n%s" % (ran.stderr.strip(), json.dumps(profile))
    model = Model(profile, caps, host, (6, 1), tables)
    for (abi, nr, args), line in zip(calls, answers):
        want, got = text(model.decide(abi, nr, args)), line.rsplit("\t", 1)[1]
        if want != got:
            return "%s %d %s: callgate %s, model %s (host %s, caps %s)\n%s" % (abi, nr, [hex(a) for a in args], got, want, host, caps,
                                                                              json.dumps(profile))
    return None


def main():
    callgate = os.path.abspath(sys.argv[1])
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    first = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    tables = table(callgate)
    bad = 0
    with tempfile.TemporaryDirectory() as work:
        for seed in range(first, first + count):
            wrong = one(callgate, seed, tables, os.path.join(work, "profile.json"))
            if wrong:
                bad += 1
                print("# seed %d: %s" % (seed, wrong.replace("\n", "\n# ")))
            if bad == 10:
                break
    print("%s 1 - %d random profiles mean what the model says" % ("not ok" if bad else "ok", count))
    print("1..1")
    return bad != 0


if __name__ == "__main__":
    sys.exit(main())
