#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# The tables of libseccomp's bpf-sim tests, without a process for each row: `libseccomp-sim.py TESTS LIBRARY [BATCH...]` lets each
# test program of the directory TESTS export its filter once, interprets it here for every row of the .tests files, and prints what
# differs and "PASSED of COUNT". Numbers come from LIBRARY. With CALLGATE_SUITE_PYTHON, an interpreter that has python3-seccomp, the
# programs are the suite's Python ones. For tests/live/libseccomp-suite.tap; the suite's own driver does the same in half an hour.
import ctypes, glob, itertools, os, re, struct, subprocess, sys

LITTLE = "x86 x86_64 x32 arm aarch64 mipsel mipsel64 mipsel64n32 ppc64le riscv64".split()
BIG = "mips mips64 mips64n32 parisc parisc64 ppc ppc64 s390 s390x".split()
NARROW = "x86 x32 arm mips mipsel mips64n32 mipsel64n32 parisc ppc s390".split()
WIDE = "x86_64 aarch64 mips64 parisc64 ppc64 riscv64 s390x".split()
NATIVE = os.uname().machine
X86_64 = 0xC000003E
# "all" is the machine, "+all_le" every little-endian architecture that the library knows.
SETS = {"+all_le": LITTLE, "+all_be": BIG, "+all_32": NARROW, "+all_64": WIDE, "all": [NATIVE],
        "all_le": [NATIVE], "all_64": [NATIVE], "all_be": [], "all_32": []}

os.chdir(sys.argv[1])
library = ctypes.CDLL(sys.argv[2])
library.seccomp_arch_resolve_name.restype = ctypes.c_uint32
wanted = sys.argv[3:]
python = os.environ.get("CALLGATE_SUITE_PYTHON")


def arches(word):
    taken, left_out = [], []
    for part in word.split(","):
        if part in SETS:
            taken += SETS[part]
        elif part[0] == "-":
            left_out.append(part[1:])
        elif part[0] == "+" or part == NATIVE:
            taken.append(part.lstrip("+"))
    return [arch for arch in taken if arch not in left_out]


programs = {}


def program(test, big):
    if test not in programs:
        words = [python, test + ".py", "-b"] if python else ["./" + test, "-b"]
        made = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
        programs[test] = made.stdout if made.returncode == 0 else None
    text = programs[test]
    return text and list(struct.iter_unpack(">HBBI" if big else "<HBBI", text))


def token_of(arch):
    return ctypes.c_uint32(library.seccomp_arch_resolve_name(arch.encode()))


def data_of(arch, nr, args):
    words = {0: nr & 0xFFFFFFFF, 4: X86_64 if arch == "x32" else token_of(arch).value}
    for i, value in enumerate(args):
        halves = [value & 0xFFFFFFFF, value >> 32 & 0xFFFFFFFF]
        words[16 + 8 * i], words[20 + 8 * i] = halves[::-1] if arch in BIG else halves
    return words


JUMPS = {0x15: lambda a, k: a == k, 0x25: lambda a, k: a > k, 0x35: lambda a, k: a >= k, 0x45: lambda a, k: a & k}
ALU = {0x00: lambda a, k: k, 0x54: lambda a, k: a & k, 0x44: lambda a, k: a | k, 0x64: lambda a, k: a << k & 0xFFFFFFFF, 0x74: lambda a, k: a >> k}


def interpret(insns, words):
    a, at, memory = 0, 0, [0] * 16
    while True:
        code, yes, no, k = insns[at]
        at += 1
        if code == 0x20:
            a = words[k]
        elif code == 0x06:
            return k
        elif code == 0x05:
            at += k
        elif code in JUMPS:
            at += yes if JUMPS[code](a, k) else no
        elif code == 0x02:
            memory[k] = a
        elif code == 0x60:
            a = memory[k]
        else:
            a = ALU[code](a, k)


NAMES = {0x80000000: "KILL_PROCESS", 0: "KILL", 0x30000: "TRAP", 0x7FFC0000: "LOG", 0x7FFF0000: "ALLOW", 0x7FC00000: "USER_NOTIF"}


def action(word):
    kind, data = word & 0xFFFF0000, word & 0xFFFF
    return NAMES.get(kind) or f"ERRNO({data})" if kind != 0x7FF00000 else f"TRACE({data})"


def bounds(word):
    both = re.fullmatch(r"([0-9a-fA-Fx]+)-([0-9a-fA-Fx]+)", word)
    return (both[1], both[2]) if both else (word, word)


def number(arch, word):
    if re.fullmatch(r"-?[0-9]+", word):
        return int(word)
    return library.seccomp_syscall_resolve_name_rewrite(token_of(arch), word.encode())


def values(word):
    if word == "N":
        return [0]
    first, last = bounds(word)
    return range(int(first, 0), int(last, 0) + 1)


passed = count = shown = 0


def row(fields):
    global passed, count, shown
    test, want = fields[0], fields[9]
    for arch in arches(fields[1]):
        insns = program(test, arch in BIG)
        first, last = (number(arch, word) for word in bounds(fields[2]))
        for nr in range(first, last + 1):
            for args in itertools.product(*[values(word) for word in fields[3:9]]):
                got = action(interpret(insns, data_of(arch, nr, args))) if insns else "no program"
                count += 1
                passed += got == want
                if got != want and shown < 40:
                    shown += 1
                    print(f"# {test} {arch} {nr} {args}: {want} is wanted, got {got}")


for path in sorted(glob.glob("*.tests")):
    if wanted and path[:-len(".tests")] not in wanted:
        continue
    kind = None
    with open(path) as file:
        for line in file:
            fields = line.split()
            if line.startswith("test type:"):
                kind = fields[2]
            elif fields and kind == "bpf-sim" and not line.startswith("#"):
                row(fields)
print(f"{passed} of {count}")
