# SPDX-License-Identifier: GPL-2.0-only
"""lib: what the live tests share.

A live test records a program whose truth is known (tests/programs) and holds
the report against it. A file of tests is a script:

    from lib import *

    @test
    def a_sentence_that_is_true():
        r = record("mutex", 4, 500)
        near(r.report()["totals"]["wait_ns"], r.truth["wait_ns"], "the wait")

    main()

It prints `ok NAME`, `not ok NAME: why` or `skip NAME: why` for each and fails
when one is not ok. A test that fails is tried once more, for the machine may
have been busy; the line says so. Every recording made by record() is checked
for the invariants that hold whatever happened (see invariants.py).
"""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

import invariants

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"))
RUNWAIT = os.path.join(BUILD, "runwait")
PROGRAMS = os.path.join(BUILD, "tests", "programs")
CI = bool(os.environ.get("CI"))
SLOW = invariants.SLOW
NS = 1_000_000_000
MS = 1_000_000
TIMEOUT_S = 300 if SLOW else 60

# For tests of stacks. An emulated machine is so slow that most of them are samples of page
# faults and of the dynamic linker: hit while the stack itself is being copied, which cannot be
# read then, or below the linker's resolver, whose frame is found by rbx alone. What waits is whole.
WAITS_ONLY = ["-F", "0"] if SLOW else []


class Failure(Exception):
    """What is claimed does not hold."""


class Skip(Exception):
    """The situation cannot be made here."""


# --- claims ------------------------------------------------------------------


def check(true, *what):
    if not true:
        raise Failure(" ".join(str(w) for w in what))


def equal(got, want, what):
    check(got == want, f"{what}: {got!r}, expected {want!r}")


def allowed_ns(want_ns, share=0.02, slack_ns=MS):
    """How far a measured time may be from the true one.

    On an emulated machine a switch with its probes, the clocks of the program
    and the way to them take a hundred times what they do elsewhere: times are
    held to their order there, counts and names as everywhere.
    """
    if SLOW:
        share, slack_ns = max(share, 0.5), max(slack_ns, MS) * 100
    return max(share * want_ns, slack_ns)


def near(got_ns, want_ns, what, share=0.02, slack_ns=MS):
    """Within 2 % or 1 ms."""
    allowed = allowed_ns(want_ns, share, slack_ns)
    check(abs(got_ns - want_ns) <= allowed,
          f"{what}: {got_ns / MS:.3f} ms, expected {want_ns / MS:.3f} ± {allowed / MS:.3f}")


def within(got_ns, want_ns, what, slack_ns, below=0, above=0):
    """Within 2 % or @slack_ns, and further where there is a reason for more or less."""
    allowed = allowed_ns(want_ns, slack_ns=slack_ns)
    low, high = want_ns - allowed - below, want_ns + allowed + above
    check(low <= got_ns <= high, f"{what}: {got_ns / MS:.3f} ms, expected {want_ns / MS:.3f} "
          f"({low / MS:.3f} to {high / MS:.3f})")


def between(got, low, high, what):
    check(low <= got <= high, f"{what}: {got}, expected {low} to {high}")


def needs_true_time(why):
    """What an emulated machine cannot answer."""
    if SLOW:
        raise Skip(f"an emulated machine keeps no time: {why}")


def times(count):
    """How often to do it: a tenth of that where each time takes a hundred times as long."""
    return count // 10 if SLOW else count


def wait_until(condition, what, seconds=20):
    """What @condition returns once it is true."""
    seconds *= 5 if SLOW else 1
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failure(f"waited {seconds} s in vain until {what}")
        time.sleep(0.01)


# --- running -----------------------------------------------------------------


def files_are_memory():
    """Whether nobody waits for a file here (tmpfs)."""
    return subprocess.run(["stat", "-f", "-c", "%T", "."], capture_output=True, check=True,
                          text=True).stdout.strip() == "tmpfs"


def stolen_ns():
    """What the hypervisor took from all cores; the kernel takes it off CPU clocks."""
    with open("/proc/stat", encoding="utf-8") as f:
        ticks = int(f.readline().split()[8])
    return ticks * NS // os.sysconf("SC_CLK_TCK")


def program(name, *args):
    """The command line of a program of tests/programs."""
    return [os.path.join(PROGRAMS, name), *map(str, args)]


def start(*command, **options):
    """A process, killed by the end of the test if it still lives."""
    options.setdefault("stdin", subprocess.DEVNULL)
    p = subprocess.Popen([str(c) for c in command], start_new_session=True,
                         errors="replace", **options)
    _started.append(p)
    return p


def runwait(*args, status=0, stdout=subprocess.PIPE, timeout=TIMEOUT_S, **options):
    """Runs it to its end. @status None: any."""
    p = start(RUNWAIT, *args, stdout=stdout, stderr=subprocess.PIPE, **options)
    try:
        p.out, p.err = p.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        raise Failure(f"runwait {' '.join(map(str, args))} hangs") from None
    if status is not None:
        equal(p.returncode, status,
              f"status of runwait {' '.join(map(str, args))} ({p.err.strip()[-300:]})")
    return p


def truth_of(stdout):
    """What the program says of itself."""
    lines = (stdout or "").strip().splitlines()
    try:
        truth = json.loads(lines[-1])
    except (IndexError, json.JSONDecodeError):
        return None
    if "skip" in truth:
        raise Skip(truth["skip"])
    return truth


class Recording:
    """A capture file and what its reports say."""

    def __init__(self, path, truth=None, stderr=""):
        self.path = path
        self.truth = truth
        self.stderr = stderr
        self.stolen_ns = 0
        self._summary = None

    def view(self, name, *args):
        out = runwait("report", name, self.path, "--json", *args).out
        try:
            return json.loads(out)
        except json.JSONDecodeError as e:
            raise Failure(f"report {name} --json is not JSON: {e}") from None

    def report(self, *args):
        """The summary, which has everything; @args select."""
        if args:
            return self.view("summary", *args)
        if self._summary is None:
            self._summary = self.view("summary")
        return self._summary

    def text(self, view="summary", *args):
        return runwait("report", view, self.path, *args).out

    def threads(self, tid):
        return [t for t in self.report()["threads"] if t["tid"] == tid]

    def thread(self, tid):
        found = self.threads(tid)
        equal(len(found), 1, f"threads with tid {tid}")
        return found[0]

    def process(self, pid):
        found = [p for p in self.report()["processes"] if p["pid"] == pid]
        equal(len(found), 1, f"processes with pid {pid}")
        return found[0]

    def locks_at(self, address, size):
        """The futexes of an object of @size bytes; some have several."""
        begin = int(address, 16)
        found = [l for l in self.report()["locks"]
                 if l["address"] and begin <= int(l["address"], 16) < begin + size]
        check(found, f"no lock at {address}, only", [l["address"] for l in self.report()["locks"]])
        return found

    def lock(self, address):
        found = self.locks_at(address, 1)
        equal(len(found), 1, f"locks at {address}")
        return found[0]

    def busy_share(self):
        """How much of the machine others used meanwhile."""
        cpus = self.report()["parallelism"]["cpus"]
        duration = self.report()["recording"]["duration_ns"]
        return sum(c["other_ns"] for c in cpus) / max(1, duration * len(cpus))

    def check_top(self, *wanted):
        """The first finding. None: there is none."""
        found = [f["id"] for f in self.report()["findings"]] or [None]
        # where others keep the machine busy, it is true that cores are missing
        if found[0] == "cores" and "cores" not in wanted and self.busy_share() > 0.1:
            found.pop(0)
        # its root is another machine's, and its pages come from there
        if SLOW and set(found) & set(wanted):
            return
        check(not found or found[0] in wanted, "findings", found, "expected first", wanted)

    def check(self):
        """What holds of every recording."""
        broken = invariants.broken(self.report())
        check(not broken, "; ".join(broken[:5]))
        return self

    def check_nothing_lost(self):
        loss = self.report()["loss"]
        equal(loss["records"], 0, f"records lost, by cause {loss['by_cause']}")
        return self


def record(name, *args, options=(), status=0, lossless=True, prefix=()):
    """Records a program of tests/programs from its first instruction.

    @prefix is a command that runs it.
    """
    path = os.path.abspath("recording.rw")
    stolen = stolen_ns()
    p = runwait("record", *options, "-o", path, "--", *prefix, *program(name, *args), status=None)
    if p.returncode == 77:
        truth_of(p.out)
    equal(p.returncode, status, f"status of {name} ({p.err.strip()[-300:]})")
    r = Recording(path, truth_of(p.out), p.err).check()
    r.stolen_ns = stolen_ns() - stolen
    return r.check_nothing_lost() if lossless else r


@contextlib.contextmanager
def attached(*args, sig=signal.SIGINT, status=0, path="recording.rw"):
    """Records while the body runs (`-p PID` and the like are in @args).

    Yields the recording, which is complete behind the body.
    """
    path = os.path.abspath(path)
    p = start(RUNWAIT, "record", "-o", path, *args, stdout=subprocess.PIPE,
              stderr=subprocess.PIPE)
    wait_until_recording(p, path)
    r = Recording(path)
    r.recorder_pid = p.pid
    stolen = stolen_ns()
    yield r
    r.stolen_ns = stolen_ns() - stolen
    if sig:
        p.send_signal(sig)
    try:
        _, r.stderr = p.communicate(timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        raise Failure("runwait does not stop") from None
    equal(p.returncode, status, f"status of runwait ({r.stderr.strip()[-300:]})")
    r.check()


def wait_until_recording(p, path):
    """The file is there when the probes are attached, and threads are taken up then."""
    def ready():
        check(p.poll() is None, f"runwait ended: {p.stderr.read() if p.poll() is not None else ''}")
        return os.path.exists(path) and os.path.getsize(path) > 0
    wait_until(ready, "runwait records")
    time.sleep(0.25)


def say(p, text):
    """A line to a program's stdin."""
    p.stdin.write(text + "\n")
    p.stdin.flush()


def start_program(name, *args, **options):
    """A program of tests/programs that says when it is ready: (process, its first line)."""
    p = start(*program(name, *args), stdin=subprocess.PIPE, stdout=subprocess.PIPE, **options)
    line = p.stdout.readline()
    if line.startswith("{") and "skip" in json.loads(line):
        raise Skip(json.loads(line)["skip"])
    check(line, f"{name} said nothing")
    return p, line.strip()


def bpf_programs(pid):
    """Ids of the BPF programs that a process holds."""
    ids = set()
    for fd in os.listdir(f"/proc/{pid}/fdinfo"):
        with contextlib.suppress(OSError):
            with open(f"/proc/{pid}/fdinfo/{fd}", encoding="utf-8") as f:
                ids.update(int(n) for n in re.findall(r"^prog_id:\s*(\d+)", f.read(), re.M))
    return ids


def loaded_programs():
    """Ids of all BPF programs in the kernel."""
    tool = shutil.which("bpftool") or "/usr/sbin/bpftool"
    if not os.access(tool, os.X_OK):
        raise Skip("no bpftool to list the loaded programs")
    out = subprocess.run([tool, "-j", "prog", "list"], capture_output=True, check=True,
                         text=True).stdout
    return {p["id"] for p in json.loads(out or "[]")}


# --- comparing ---------------------------------------------------------------


# Around each switch, of run time: nearer to the CPU clock than any late wakeup.
RUN_SWITCH_NS = 1_000

# Between sched_waking, where a wait ends, and the run queue, where the
# kernel's run delay begins. A wakeup on another core is an interrupt between virtual ones, some 40 us and
# more: runnable here from sched_waking on, in the kernel's books from the enqueue.
SWITCH_NS = 50_000


def compare_thread(r, span, leader=False, switch_ns=SWITCH_NS, t=None):
    """A thread of the report against the span that it took of its own life.

    What comes behind the span, its last steps, is in the report only. On a busy
    machine they take a while, but the thread is runnable then.
    """
    t = t or r.thread(span["tid"])
    name = f"thread {span['tid']}"
    # the main thread's span begins in main(), behind the loader
    slack = 5 * MS if leader else MS
    late = switch_ns * span["voluntary"]
    tail = max(0, t["life_ns"] - span["elapsed_ns"])
    run, wait = span["run_ns"], span["wait_ns"]
    if not span["voluntary"]:
        # it cannot have waited: its CPU clock stood still for interrupts
        run, wait = run + wait, 0
    within(t["life_ns"], span["elapsed_ns"], f"{name} life", slack, above=100 * MS)
    within(t["run_ns"], run, f"{name} run", slack if leader else MS // 2,
           below=RUN_SWITCH_NS * span["voluntary"], above=r.stolen_ns)
    within(t["wait_ns"], wait, f"{name} wait", slack, below=late)
    within(t["runnable_ns"], span["runnable_ns"], f"{name} runnable", slack, above=late + tail)
    # its end is a switch too, and it may be preempted on the way there
    between(t["voluntary_switches"], span["voluntary"], span["voluntary"] + (20 if leader else 4),
            f"{name} voluntary switches")
    between(t["involuntary_switches"], span["involuntary"],
            span["involuntary"] + (100 if leader else 20), f"{name} involuntary switches")
    return t


def compare_class(r, span, wait_class, share=0.02, slack_ns=MS):
    """A thread's wait of one class against the span around those waits."""
    t = r.thread(span["tid"])
    near(t["wait_by_class_ns"].get(wait_class, 0), span["wait_ns"],
         f"thread {span['tid']} {wait_class}", share, slack_ns)
    return t


def no_false_finding(r):
    """Of what the negatives do not have."""
    found = {f["id"] for f in r.report()["findings"]}
    check(not found & {"lock", "disk", "network", "child"}, "false findings:", found)


def total(spans, key="wait_ns"):
    return sum(s[key] for s in spans)


# --- tests -------------------------------------------------------------------

_tests = []
_started = []


def test(function):
    _tests.append(function)
    return function


def _end_started():
    for p in _started:
        if p.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(p.pid, signal.SIGKILL)
        p.wait()
        for stream in (p.stdin, p.stdout, p.stderr):
            if stream:
                with contextlib.suppress(OSError):
                    stream.close()
    _started.clear()


def _try(function):
    """None, or why not."""
    directory = tempfile.mkdtemp(prefix="runwait-live-")
    os.chdir(directory)
    try:
        function()
        return None
    except Failure as e:
        return str(e)
    except (KeyError, TypeError, IndexError, ValueError, OSError) as e:
        where = traceback.extract_tb(e.__traceback__)
        frame = next((f for f in reversed(where) if f.filename.startswith(ROOT)), where[-1])
        return f"{type(e).__name__} {e} at {os.path.basename(frame.filename)}:{frame.lineno}"
    finally:
        _end_started()
        os.chdir("/")
        shutil.rmtree(directory, ignore_errors=True)


def _reason_to_skip_all():
    if os.geteuid() != 0:
        return "only root may record (run it with sudo)"
    if not os.path.exists("/sys/kernel/btf/vmlinux"):
        return "the kernel has no BTF"
    return None


def _run(function):
    """Whether it is ok or skipped. LIVE_TIMES=1 tells how long it took."""
    name = function.__name__
    began = time.monotonic()
    try:
        first = _try(function)
        if first is None:
            print(f"ok {name}", flush=True)
            return True
        second = _try(function)
    except Skip as e:
        print(f"skip {name}: {e}", flush=True)
        return True
    finally:
        if os.environ.get("LIVE_TIMES"):
            print(f"# {time.monotonic() - began:.1f} s {name}", file=sys.stderr)
    if second is None:
        print(f"ok {name} (second try; the first: {first})", flush=True)
        return True
    print(f"not ok {name}: {second}", flush=True)
    return False


def main():
    """Runs the tests of the script, or those whose names hold an argument."""
    wanted = [t for t in _tests
              if len(sys.argv) < 2 or any(a in t.__name__ for a in sys.argv[1:])]
    reason = _reason_to_skip_all()
    if reason:
        for t in wanted:
            print(f"skip {t.__name__}: {reason}")
        sys.exit(0)
    if not os.access(RUNWAIT, os.X_OK):
        sys.exit(f"not ok {os.path.basename(sys.argv[0])}: {RUNWAIT} is not built")
    results = [_run(t) for t in wanted]
    sys.exit(0 if all(results) else 1)
