#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# What a profile adds to the start of a container: each engine found here starts the same container without a profile and in several
# ways with one, in turn. Printed are medians of wall time and of the CPU that was used until the command ended, and for the ways with
# a profile the median difference to the start without one of the same round. Root, in a mount namespace of its own; what is missing
# is left out by name.
# Usage: start.py BUILD-DIRECTORY [--rounds N] [--json] [ENGINE...]
import argparse, atexit, ctypes, json, os, re, resource, shutil, signal, statistics, subprocess, sys, tempfile, time

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
PROFILE = os.path.join(SOURCE, "profiles", "default.json")
DOCKER14 = "chown dac_override fsetid fowner mknod net_raw setgid setuid setfcap setpcap net_bind_service sys_chroot kill audit_write"
COMMON = "/usr/share/lxc/config/common.seccomp"
BARE = "no profile"
EMPTY = "int main(void) { return 0; }"
# What a precreate hook and a wrapper do at least.
COPIES = "#include <unistd.h>\nint main(void) { static char b[65536]; long n; while ((n = read(0, b, sizeof(b))) > 0) if (write(1, b, n) != n) return 1; return 0; }"
WRAPPER = '#include <unistd.h>\nint main(int n, char **words) { return n ? execv("%s", words) : 1; }'


class Left(Exception):
    """An engine or a way that cannot run here; the text says why."""


def output(*words, **more):
    return subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True, **more).stdout


class Bench:
    def __init__(self, build, work):
        self.build, self.work = os.path.realpath(build), work
        self.tool = os.path.join(self.build, "callgate")
        self.hooks = os.path.join(self.build, "hooks")
        self.library = os.path.join(self.build, "src/compat/.libs")
        self.root = os.path.join(work, "root")
        busybox = shutil.which("busybox")
        if not busybox:
            raise Left("needs a static busybox")
        for name in "bin proc sys dev tmp etc run".split():
            os.makedirs(os.path.join(self.root, name))
        shutil.copy(busybox, os.path.join(self.root, "bin/busybox"))
        for name in "sh", "true", "sleep", "reboot":
            os.symlink("busybox", os.path.join(self.root, "bin", name))
        self.spec = output(self.tool, "convert", "--to", "oci", "--caps", "docker", "--enosys", "never", "--lossy", PROFILE, stderr=subprocess.DEVNULL)
        self.count = 0

    def path(self, *names):
        return os.path.join(self.work, *names)

    def write(self, text, *names):
        os.makedirs(os.path.dirname(self.path(*names)), exist_ok=True)
        with open(self.path(*names), "w") as file:
            file.write(text)
        return self.path(*names)

    def static(self, name, source):
        """A static program of our own; None: no compiler."""
        program = self.path(name)
        if not os.path.exists(program) and shutil.which("gcc"):
            subprocess.run(["gcc", "-O2", "-static", "-o", program, "-x", "c", "-"], input=source.encode(), check=True)
        return program if os.path.exists(program) else None

    def fresh(self):
        self.count += 1
        return f"cgbench{os.getpid()}-{self.count}"


def cpu():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Way:
    """One way to start a container: words() gives the command anew each time, since names are used once."""

    def __init__(self, label, words, before=None, after=None):
        self.label, self.words, self.before, self.after = label, words, before, after

    def run(self):
        if self.before:
            self.before()
        words = self.words()
        begin, used = time.monotonic(), cpu()
        try:
            done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
            taken, used = time.monotonic() - begin, cpu() - used
        finally:
            if self.after:
                self.after()
        if done.returncode:
            raise Left(f"{words[0]}: {done.stdout.decode(errors='replace').strip()[-300:]}")
        return taken * 1000, used * 1000


def distribution_library():
    found = re.search(r"^\s*libseccomp\.so\.2 .* => (/\S+)", output("/sbin/ldconfig", "-p"), re.M)
    return os.path.realpath(found.group(1)) if found else None


def with_our_library(bench, label, words):
    """A way with our libseccomp.so.2 in the place of the distribution's, in this mount namespace: runc gives its container's first
    process an environment of its own, so that LD_LIBRARY_PATH does not reach it."""
    installed, ours = distribution_library(), os.path.realpath(os.path.join(bench.library, "libseccomp.so.2"))
    if installed and os.path.exists(ours):
        yield Way(label + ", libseccomp.so.2 callgate's", words, lambda: subprocess.run(["mount", "--bind", ours, installed], check=True),
                  lambda: subprocess.run(["umount", installed], check=True))


def oci(bench, engine):
    if not shutil.which(engine):
        raise Left(f"{engine} is not installed")
    wrapper = bench.path("callgate-" + engine)
    os.symlink(os.path.join(bench.hooks, "callgate-runc"), wrapper)

    def bundle(name, seccomp, annotations=None):
        folder = bench.path(engine, name)
        os.makedirs(folder)
        subprocess.run([engine, "spec"], cwd=folder, check=True)
        with open(os.path.join(folder, "config.json")) as file:
            config = json.load(file)
        config["process"].update(terminal=False, args=["/bin/true"])
        config["process"].pop("rlimits", None)
        config["process"]["capabilities"]["bounding"] = ["CAP_" + word.upper() for word in DOCKER14.split()]
        config["root"] = {"path": bench.root, "readonly": False}
        config["linux"]["namespaces"] = [row for row in config["linux"]["namespaces"] if row["type"] != "network"]
        config["linux"].pop("seccomp", None)
        config["annotations"] = annotations or {}
        if seccomp:
            config["linux"]["seccomp"] = seccomp
        bench.write(json.dumps(config), engine, name, "config.json")
        return folder

    def start(program, folder):
        return lambda: [program, "run", "--bundle", folder, bench.fresh()]

    own, bare = bundle("own", json.loads(bench.spec)), bundle("bare", None)
    yield Way(BARE, start(engine, bare))
    yield Way("the engine's own, Docker's default", start(engine, own))
    yield from with_our_library(bench, "the same", start(engine, own))
    wrapped = bundle("wrapped", None)
    yield Way(f"callgate-{engine}", start(wrapper, wrapped))
    yield from with_our_library(bench, f"callgate-{engine}", start(wrapper, wrapped))
    less = bench.static("wrapper-" + engine, WRAPPER % shutil.which(engine))
    if less and engine == "crun":
        program = output(bench.tool, "compile", "--caps", "docker", "--format", "base64", PROFILE).strip()
        ready = bundle("ready", {"defaultAction": "SCMP_ACT_KILL_PROCESS"}, {"run.oci.seccomp_bpf_data": program})
        yield Way("a wrapper that only executes crun, the program in the bundle", start(less, ready))
    elif less:
        yield Way("a wrapper that only executes runc", start(less, bare))


def podman(bench):
    if not shutil.which("podman"):
        raise Left("podman is not installed")
    hooks = bench.path("hooks.d")

    def write_hooks(directory, programs):
        for name, program in zip(("50-callgate.json", "60-callgate-gate.json", "70-callgate-proof.json"), programs):
            with open(os.path.join(bench.hooks, name)) as file:
                row = json.load(file)
            row["hook"]["path"] = program
            bench.write(json.dumps(row), directory, name)

    write_hooks("hooks.d", [os.path.join(bench.hooks, "callgate-oci-hook")] * 3)
    runtime = shutil.which("crun") or shutil.which("runc")

    def start(*options):
        return lambda: ["podman", "--root", bench.path("store"), "--runroot", bench.path("runroot"), "--cgroup-manager=cgroupfs", "--runtime", runtime,
                        *[word for word in options if word.startswith("--hooks-dir=")], "run", "--rm", "--net=none", "--ulimit", "nofile=1024:1024",
                        "--ulimit", "nproc=1000:1000", *[word for word in options if not word.startswith("--hooks-dir=")],
                        "--rootfs", bench.root, "/bin/true"]

    yield Way(BARE, start("--security-opt=seccomp=unconfined"))
    yield Way("podman's own default", start())
    copies = bench.static("copies", COPIES)
    if copies:
        write_hooks("copies.d", [copies] * 3)
        yield Way("three hooks that only read and write what they are given", start("--hooks-dir=" + bench.path("copies.d"), "--security-opt=seccomp=unconfined"))
    yield Way("callgate's hooks", start("--hooks-dir=" + hooks, "--security-opt=seccomp=unconfined"))


def lxc(bench, program):
    if not shutil.which(program):
        raise Left(f"{program} is not installed")
    hook = os.path.join(bench.hooks, "callgate")

    def container(name, *lines):
        return bench.write("\n".join([f"lxc.rootfs.path = dir:{bench.root}", "lxc.net.0.type = empty", "lxc.uts.name = bench",
                                      "lxc.mount.auto = proc:mixed", f"lxc.cap.keep = {DOCKER14}", *lines]) + "\n", program, name + ".conf")

    def hooked(options):
        def words():
            container_name = bench.fresh()
            conf = container("hooked" + options, f"lxc.include = {bench.hooks}/callgate.conf", f"lxc.seccomp.profile = /run/callgate/lxc/{container_name}.seccomp",
                             f"lxc.hook.pre-start = {hook} --profile {PROFILE} {options}", f"lxc.hook.start-host = {hook} --profile {PROFILE} {options}")
            return command(container_name, conf)
        return words

    def command(name, conf):
        if program == "lxc-execute":
            return [program, "-n", name, "-f", conf, "--", "/bin/true"]
        return [program, "-F", "-n", name, "-f", conf, "--", "/bin/true"]

    yield Way(BARE, lambda conf=container("bare"): command(bench.fresh(), conf))
    empty = bench.static("empty", EMPTY)
    if empty:
        yield Way("two hooks that are empty static programs",
                  lambda conf=container("empty", f"lxc.hook.pre-start = {empty}", f"lxc.hook.start-host = {empty}"): command(bench.fresh(), conf))
    if os.path.exists(COMMON):
        yield Way("LXC's common.seccomp", lambda conf=container("common", f"lxc.seccomp.profile = {COMMON}"): command(bench.fresh(), conf))
    text = bench.path(program + ".seccomp")
    if subprocess.run([bench.tool, "convert", "--to", "lxc", "--caps", "docker", "--lossy", "-o", text, PROFILE], stderr=subprocess.DEVNULL).returncode in (0, 1) and os.path.exists(text):
        conf = container("text", f"lxc.seccomp.profile = {text}")
        yield Way("callgate's text alone", lambda conf=conf: command(bench.fresh(), conf))
        yield from with_our_library(bench, "callgate's text alone", lambda conf=conf: command(bench.fresh(), conf))
    for label, options in ("callgate's hooks", ""), ("callgate's hooks, --inject", "--inject"):
        words = hooked(options)
        yield Way(label, words)
        yield from with_our_library(bench, label, words)


ENGINES = {
    "crun": lambda bench: oci(bench, "crun"),
    "runc": lambda bench: oci(bench, "runc"),
    "podman": podman,
    "lxc-execute": lambda bench: lxc(bench, "lxc-execute"),
    "lxc-start": lambda bench: lxc(bench, "lxc-start"),
}


def measured(bench, engine, rounds):
    """Rows of [label, median, difference], and what was left out as [label, reason]."""
    ways, left = [], []
    try:
        for way in ENGINES[engine](bench):
            try:
                way.run()
                ways.append(way)
            except (Left, OSError, subprocess.SubprocessError) as error:
                left.append([way.label, str(error)])
                if way.label == BARE:
                    break
    except (Left, OSError, subprocess.SubprocessError) as error:
        left.append([engine, str(error)])
    taken = {way.label: [] for way in ways}
    for _ in range(rounds):
        for way in ways:
            taken[way.label].append(way.run())
    rows = []
    for way in ways:
        both = list(zip(taken[way.label], taken[ways[0].label]))
        row = {"way": way.label}
        for place, unit in enumerate(("ms", "cpu_ms")):
            row[unit] = round(statistics.median(own[place] for own, _ in both), 2)
            row["more_" + unit] = round(statistics.median(own[place] - bare[place] for own, bare in both), 2)
        rows.append(row)
    return rows, left


def take_back(settings, made):
    """What was made on the machine itself for a file system to be mounted there."""
    subprocess.run(["umount", settings])
    for path in made:
        os.rmdir(path)


def own_namespace(build):
    """Settings that say `profile = default`, where the wrappers and hooks look for them, for us alone."""
    library = ctypes.CDLL(None, use_errno=True)
    if library.unshare(0x00020000):
        raise Left("needs mount namespaces")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    values = output(os.path.join(build, "config.status"), "--file=-", input="@prefix@\n@sysconfdir@\n", stderr=subprocess.DEVNULL).split()
    prefix = values[0] if values[0] != "NONE" else "/usr/local"
    settings = values[1].replace("${prefix}", prefix) + "/callgate"
    made = [path for path in (settings, os.path.dirname(settings)) if not os.path.isdir(path)]
    os.makedirs(settings, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "none", settings], check=True)
    atexit.register(take_back, settings, made)
    os.makedirs(settings + "/profiles")
    shutil.copy(PROFILE, settings + "/profiles/default.json")
    with open(settings + "/callgate.conf", "w") as file:
        file.write("profile = default\n")
    subprocess.run(["umount", "/sys/fs/cgroup/unified"], stderr=subprocess.DEVNULL)
    if output("stat", "-f", "-c", "%T", "/run").strip() != "tmpfs":
        # As Debian has it: other file systems write to disk when a file takes the place of another one.
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "none", "/run"], check=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("engines", nargs="*", metavar="ENGINE")
    words = parser.parse_intermixed_args()
    if os.geteuid():
        print("start cost: left out: needs root")
        return 0
    work = tempfile.mkdtemp(prefix="callgate-bench-")
    os.chmod(work, 0o755)
    document = {}
    try:
        own_namespace(words.build)
        bench = Bench(words.build, work)
        for engine in words.engines or ENGINES:
            rows, left = measured(bench, engine, words.rounds)
            document[engine] = {"rows": rows, "left_out": left}
            if words.json:
                continue
            print(f"start of a container, {engine}; {words.rounds} rounds, medians of wall time and CPU")
            for row in rows:
                more = "" if row["way"] == BARE else f"   {row['more_ms']:+7.1f} {row['more_cpu_ms']:+7.1f}"
                print(f"  {row['way']:<56}{row['ms']:9.1f} {row['cpu_ms']:7.1f} ms{more}")
            for label, why in left:
                print(f"  {label}: left out: {why}")
    except Left as why:
        print(f"start cost: left out: {why}")
    finally:
        shutil.rmtree(work, ignore_errors=True)
    if words.json:
        print(json.dumps({"rounds": words.rounds, "engines": document}, indent=1))
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sys.exit(main())
