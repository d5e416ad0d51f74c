#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A real fork of a default is rebased, and the result is asked at every boundary value of every condition of the three
profiles: it must mean what the definition of a three-way merge says of what model.py decides for them, on each host, with
different capabilities and kernels. A second rebase, onto the default that it stands on now, must change no byte.

    tests/model/forks.py CALLGATE OLD-DEFAULT NEW-DEFAULT FORK...

Prints TAP. Profiles must be Docker's JSON; no network and no other data is needed.
"""
import json
import os
import subprocess
import sys
import tempfile

import combine
import model

HOSTS = ["x86_64", "aarch64", "s390x", "riscv64"]
CAPS = ["none", "CAP_SYS_ADMIN", "CAP_BPF,CAP_PERFMON,CAP_SYSLOG", "CAP_SYS_PTRACE,CAP_SYS_CHROOT,CAP_SYS_TIME,CAP_SYS_NICE", "all"]
KERNELS = [(4, 7), (4, 8), (6, 1)]


class Without(model.Model):
    """Without the ENOSYS of numbers above the highest one, which a rebase leaves alone."""

    def highest(self, abi):
        return -1


def normal(profile, known):
    """What model.py reads: one list of names for each rule, names that exist, no null."""
    for row in profile.get("archMap", []):
        row["subArchitectures"] = row.get("subArchitectures") or []
    for rule in profile["syscalls"]:
        rule["names"] = [name for name in (rule.get("names") or [rule["name"]]) if name in known]
        for key in ("args", "includes", "excludes"):
            rule[key] = rule.get(key) or []
        if rule["action"] in ("SCMP_ACT_ERRNO", "SCMP_ACT_TRACE"):
            rule["errnoRet"] = rule.get("errnoRet", 1)
    return profile


def boundaries(profiles, name):
    """Argument index -> values at, beside and above each value that a condition of the name has."""
    values = {}
    for profile in profiles:
        for rule in profile["syscalls"]:
            for condition in rule["args"] if name in rule["names"] else []:
                at = values.setdefault(condition["index"], {0, 1, (1 << 32) - 1, (1 << 64) - 1})
                for value in (condition["value"], condition.get("valueTwo", 0)):
                    at |= {(value + step) % (1 << 64) for step in (-1, 0, 1, 1 << 32)}
                    at |= {value ^ 1 << bit for bit in range(64) if value >> bit & 1}
    return values


def calls_of(profiles, names, host, tables):
    for name in names:
        values = boundaries(profiles, name)
        for abi in model.FAMILY[host]:
            number = tables[0][name].get(abi)
            if number is None:
                continue
            yield abi, number, [0] * 6
            for index, at in values.items():
                for value in at:
                    yield abi, number, [value if i == index else 0 for i in range(6)]


def rebase(callgate, old, new, mine, out):
    return subprocess.run([callgate, "rebase", "--from", old, "--to", new, mine, "-o", out], capture_output=True, text=True)


def differences(callgate, paths, out):
    """(calls asked, those that are not what the definition says); conflicts of what was asked are differences too."""
    texts = [json.load(open(path)) for path in paths]
    named = {name for text in texts for rule in text["syscalls"] for name in (rule.get("names") or [rule["name"]])}
    listed = subprocess.run([callgate, "syscall", "--json", *sorted(named)], capture_output=True, text=True).stdout
    model.NAMES = [call["name"] for call in json.loads(listed)["calls"]]
    tables = model.table(callgate)
    profiles = [normal(text, set(model.NAMES)) for text in texts]
    asked, wrong = 0, []
    for host in HOSTS:
        calls = list(calls_of(profiles, model.NAMES, host, tables))
        for caps in CAPS:
            have = {"none": [], "all": ["CAP_" + word for word in ALL_CAPS]}.get(caps, caps.split(","))
            for kernel in KERNELS:
                options = ["--enosys", "never", "--caps", caps, "--kernel", "%d.%d" % kernel]
                models = [Without(profile, have, host, kernel, tables) for profile in profiles]
                for call, got in zip(calls, combine.ask(callgate, host, out, calls, options)):
                    want = combine.merged(*(one.decide(*call) for one in models))
                    asked += 1
                    if want is None or model.text(want) != got:
                        wrong.append("%s %d %s, %s, %s %s: %s, not %s" % (*call, host, caps, kernel, got, want))
    return asked, wrong


ALL_CAPS = """CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST
NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME
SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF
CHECKPOINT_RESTORE""".split()


def main():
    callgate, old, new = os.path.abspath(sys.argv[1]), *sys.argv[2:4]
    bad = 0
    with tempfile.TemporaryDirectory() as work:
        out, again = os.path.join(work, "out.json"), os.path.join(work, "again.json")
        for number, mine in enumerate(sys.argv[4:], 1):
            ran = rebase(callgate, old, new, mine, out)
            wrong = [ran.stderr] if ran.returncode else []
            asked = 0
            if not wrong:
                asked, wrong = differences(callgate, [old, new, mine], out)
                same = rebase(callgate, new, new, out, again)
                if same.returncode or open(out).read() != open(again).read():
                    wrong.append("a second rebase changes the text: %s" % same.stderr)
            bad += bool(wrong)
            print("%s %d - %s: %d calls, %d differences" % ("not ok" if wrong else "ok", number, os.path.basename(mine), asked, len(wrong)))
            for line in wrong[:10]:
                print("# " + line.replace("\n", "\n# "))
    print("1..%d" % (len(sys.argv) - 4))
    return bad != 0


if __name__ == "__main__":
    sys.exit(main())
