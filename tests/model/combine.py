#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""meet, join, subtract and rebase against brute force: random pairs and random forks of profiles, whose results are asked
call by call and compared with what model.py decides for the sources. What a format cannot say is refused, or makes a meet
stricter, never looser.

    tests/model/combine.py CALLGATE [PAIRS [SEED]]

Prints TAP, and how many results were exact, stricter and refused.
"""
import json
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter

import model

TARGET = ["--kernel", "6.1", "--caps", "none"]


def permits(action):
    return action[0] in ("ALLOW", "LOG")


def combined(op, older, newer, fallback):
    """What the manual says of meet, join and subtract, for one call."""
    if op == "subtract":
        if not permits(older) or not permits(newer):
            return older
        return fallback if not permits(fallback) else ("ERRNO", 1)
    if older[0] == newer[0]:
        return newer
    return (min if op == "meet" else max)(older, newer, key=model.strictness)


def merged(old, new, mine):
    """A three-way merge of one decision; None: a conflict."""
    if mine == old or mine == new:
        return new
    return mine if new == old else None


def ask(callgate, host, path, calls, options=()):
    rows = "".join("%s\t%d\t%s\n" % (abi, nr, "\t".join(map(str, args))) for abi, nr, args in calls)
    ran = subprocess.run([callgate, "explain", "--arch", host, *TARGET, *options, path, "--batch", "-"], input=rows, capture_output=True, text=True)
    return [line.rsplit("\t", 1)[1] for line in ran.stdout.splitlines()]


def write(work, name, profile):
    path = os.path.join(work, name)
    with open(path, "w") as to:
        json.dump(profile, to, indent="\t")
    return path


def accepted(callgate, host, path):
    return subprocess.run([callgate, "compile", "--arch", host, *TARGET, path, "-o", os.devnull], capture_output=True).returncode == 0


def pair(callgate, seed, tables, work, tally):
    """Answers None, or what is wrong."""
    rng = random.Random(seed)
    host = rng.choice(list(model.FAMILY))
    profiles = [model.some_profile(rng, host), model.some_profile(rng, host)]
    paths = [write(work, "ab"[i] + ".json", profiles[i]) for i in range(2)]
    if not all(accepted(callgate, host, path) for path in paths):
        tally["pairs with a profile that is refused"] += 1
        return None
    calls = [call for profile in profiles for call in model.some_calls(rng, profile, host, tables)]
    models = [model.Model(profile, [], host, (6, 1), tables) for profile in profiles]
    for op in ("meet", "join", "subtract"):
        out = os.path.join(work, "out.json")
        ran = subprocess.run([callgate, op, "--arch", host, *TARGET, *paths, "-o", out], capture_output=True, text=True)
        if ran.returncode == 1 and ("instead of" in ran.stderr or "cannot say" in ran.stderr):
            tally[op + " refused"] += 1
            continue
        if ran.returncode == 2 and "too complex" in ran.stderr:
            tally[op + " refused as too complex"] += 1
            continue
        if ran.returncode:
            return "%s: exit status %d: %s" % (op, ran.returncode, ran.stderr)
        exact = True
        for (abi, nr, args), got in zip(calls, ask(callgate, host, out, calls)):
            older, newer = (one.decide(abi, nr, args) for one in models)
            want = combined(op, older, newer, models[0].fallback)
            if got == model.text(want):
                continue
            exact = False
            kinds = model.STRICTNESS.index(got.split("(")[0]) - model.strictness(want)
            if kinds > 0 or kinds < 0 and op != "meet" or not ran.stderr:
                return "%s: %s %d %s: %s, not %s (%s and %s)\n%s" % (op, abi, nr, [hex(a) for a in args], got, model.text(want),
                                                                   model.text(older), model.text(newer), json.dumps(profiles))
        tally["%s %s" % (op, "exact" if exact else "stricter or of another errno, reported")] += 1
    return None


def fork(rng, profile, host):
    """The profile with a few rules changed."""
    made = json.loads(json.dumps(profile))
    for _ in range(rng.choice([1, 1, 2, 3])):
        if made["syscalls"] and rng.random() < 0.4:
            del made["syscalls"][rng.randrange(len(made["syscalls"]))]
            continue
        rule = model.some_rule(rng, host)
        if not model.plain_pair(made["syscalls"] + [rule]):
            made["syscalls"].append(rule)
    return made


def three(callgate, seed, tables, work, tally):
    """Answers None, or what is wrong."""
    rng = random.Random(seed)
    host = rng.choice(["x86_64", "aarch64"])
    old = model.some_profile(rng, host)
    profiles = [old, fork(rng, old, host), fork(rng, old, host)]
    paths = [write(work, name, profile) for name, profile in zip(("old.json", "new.json", "mine.json"), profiles)]
    if not all(accepted(callgate, host, path) for path in paths):
        tally["forks with a profile that is refused"] += 1
        return None
    calls = [call for profile in profiles for call in model.some_calls(rng, profile, host, tables)]
    out = os.path.join(work, "merged.json")
    if os.path.exists(out):
        os.unlink(out)
    ran = subprocess.run([callgate, "rebase", "--from", paths[0], "--to", paths[1], paths[2], "-o", out], capture_output=True, text=True)
    if ran.returncode == 1 and "conflict" in ran.stderr:
        tally["rebase conflicts"] += 1
        return None
    if ran.returncode == 2 and "too complex" in ran.stderr:
        tally["rebase refused as too complex"] += 1
        return None
    if ran.returncode:
        tally["rebase refused"] += 1
        return None if ran.returncode == 1 else "rebase: exit status %d: %s" % (ran.returncode, ran.stderr)
    answers = [ask(callgate, host, path, calls, ["--enosys", "never"]) for path in [*paths, out]]
    for call, old, new, mine, got in zip(calls, *answers):
        if got != merged(old, new, mine):
            return "rebase: %s: old %s, new %s, mine %s, merged %s\n%s" % (call, old, new, mine, got, json.dumps(profiles))
    tally["rebase exact"] += 1
    return None


def main():
    callgate = os.path.abspath(sys.argv[1])
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 40
    first = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    tables, tally, bad = model.table(callgate), Counter(), 0
    with tempfile.TemporaryDirectory() as work:
        for number, each in enumerate((pair, three), 1):
            before = bad
            for seed in range(first, first + count):
                wrong = each(callgate, seed, tables, work, tally)
                if wrong:
                    bad += 1
                    print("# seed %d: %s" % (seed, wrong.replace("\n", "\n# ")))
                if bad - before == 10:
                    break
            print("%s %d - %d random %s are combined exactly" % ("ok" if bad == before else "not ok", number, count,
                                                                ("pairs", "forks")[number - 1]))
    for key in sorted(tally):
        print("# %s: %d" % (key, tally[key]))
    print("1..2")
    return bad != 0


if __name__ == "__main__":
    sys.exit(main())
