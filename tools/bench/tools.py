# SPDX-License-Identifier: GPL-2.0-only
"""tools: what is attached to a row while it runs.

A tool is a command that attaches to running processes and ends by SIGINT. It
is believed to be attached when the kernel says so: links and events of its own
among its descriptors, or, for strace, every thread traced. And it is believed
to have measured when what it printed counts something.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import time

ATTACH_S = 20  # to attach, at most
END_S = 60  # to print its results, at most
REST = 0.05  # of a core, that a tool takes at most while nothing happens
REST_TURNS = 20  # so often it is looked whether that is so


class Failed(Exception):
    """The tool did not attach, or saw nothing. One line."""


class Tool:
    """name: for --tools and in tables."""

    sees = "switches"  # what of Row.makes it must have seen; None: nothing
    counts = True  # seen() counts these, and not stacks or times
    program = None
    handle = "bpf_link"  # what it holds once it is attached

    def __init__(self, name):
        self.name = name

    def missing(self, context):
        if not shutil.which(self.program):
            return f"{self.program} is not installed"
        return None

    def command(self, context, row, pids):
        raise NotImplementedError

    def signs(self, process, pids):
        """How much of it is attached; 0 is nothing yet."""
        return descriptors(process.pid, self.handle)

    def ready(self, context):
        """Whether it has begun to write, where that can be seen."""
        return True

    def seen(self, out):
        """How many events it says it saw; @out is all that it printed."""
        raise NotImplementedError

    def saw(self, out, row, count):
        """Whether it measured the run of @count operations. It may have lost most of them."""
        expected = row.makes.get(self.sees, 0) * count
        return self.seen(out) >= (max(1, expected / 10) if self.counts else 1) if expected else True

    def lost(self, out):
        """Records, events or chunks of them, as far as it says so."""
        return int(sum(number(n) for n in re.findall(r"\blost ([\d.]+[kMG]?)\b", out, re.I)))


def descriptors(pid, kind):
    """How many descriptors of anonymous inodes of one kind a process has."""
    count = 0
    with contextlib.suppress(OSError):
        for fd in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                count += os.readlink(f"/proc/{pid}/fd/{fd}") == f"anon_inode:{kind}"
    return count


def one_pid(row, pids):
    """For tools that take one process at most: the whole machine when there are more."""
    return [] if row.several else ["-p", str(pids[0])]


def comma(pids):
    return ",".join(str(p) for p in pids)


class Bare(Tool):
    """Nothing. Its ratio is the noise."""

    sees = None

    def missing(self, context):
        return None


class Runwait(Tool):
    def __init__(self, name, *options):
        super().__init__(name)
        self.options = options

    def missing(self, context):
        return None if os.access(context.runwait, os.X_OK) else "it is not built (make)"

    def command(self, context, row, pids):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(context.capture)
        return [context.runwait, "record", *self.options, "-o", context.capture, "-p", comma(pids)]

    def ready(self, context):
        return os.path.exists(context.capture)

    def seen(self, out):
        return records(out)


def records(out):
    """Of the last line of a recording: "F: 1.2 MiB, 24.5k records, 3 threads, lost 0; ..."."""
    found = re.search(r"([\d.]+[kMG]?) records?, ", out)
    return number(found[1]) if found else 0


def number(text):
    """Of "842", "12.3k", "4.56M"."""
    scale = {"k": 1e3, "M": 1e6, "G": 1e9}.get(text[-1])
    return float(text[:-1]) * scale if scale else float(text)


class Offcputime(Tool):
    program = "offcputime"
    counts = False

    def command(self, context, row, pids):
        return [self.program, *one_pid(row, pids)]

    def seen(self, out):
        return len(re.findall(r"^ {8}\d+$", out, re.M))


class Runqlat(Tool):
    program = "runqlat"

    def command(self, context, row, pids):
        return [self.program, *one_pid(row, pids)]

    def seen(self, out):
        return sum(int(n) for n in re.findall(r"\d+ -> \d+ +: (\d+)", out))


class Syscount(Tool):
    program = "syscount"
    sees = "syscalls"

    def command(self, context, row, pids):
        return [self.program, *one_pid(row, pids)]

    def seen(self, out):
        return sum(int(n) for n in re.findall(r"^\w+ +(\d+)$", out, re.M))


class Bpftrace(Tool):
    program = "bpftrace"
    handle = "bpf-prog"  # it attaches through perf events, and has others before

    def command(self, context, row, pids):
        only = "" if row.forks else "/" + " || ".join(f"pid == {p}" for p in pids) + "/ "
        return [self.program, "-e",
                "tracepoint:sched:sched_switch " + only + "{ @[kstack, ustack] = count(); }"]

    def seen(self, out):
        return sum(int(n) for n in re.findall(r"\]: (\d+)$", out, re.M))


class PerfSched(Tool):
    program = "perf"
    handle = "[perf_event]"
    EVENT_SIZE = 110  # bytes in the file, about

    def command(self, context, row, pids):
        # -B: it dies of a smashed stack where it looks for build-ids at the end (6.1)
        return ["perf", "sched", "record", "-B", "-o", context.scratch]

    def seen(self, out):
        found = re.search(r"wrote ([\d.]+) MB", out)
        return float(found[1]) * 1e6 / self.EVENT_SIZE if found else 0


class PerfTrace(Tool):
    program = "perf"
    handle = "[perf_event]"
    sees = "syscalls"

    def command(self, context, row, pids):
        # with -p it does not follow into children
        return ["perf", "trace", "-s", *(["-a"] if row.forks else ["-p", comma(pids)])]

    def seen(self, out):
        return sum(int(n) for n in re.findall(r" (\d+) events,", out))


class Strace(Tool):
    program = "strace"
    sees = "syscalls"

    def command(self, context, row, pids):
        return ["strace", "-f", "-c", *(a for p in pids for a in ("-p", str(p)))]

    def signs(self, process, pids):
        traced = 0
        for pid in pids:
            for tid in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{tid}/status", encoding="utf-8") as f:
                    if f"TracerPid:\t{process.pid}\n" not in f.read():
                        return 0
                traced += 1
        return traced

    def seen(self, out):
        # % time, seconds, usecs/call, calls, errors if any, "total"
        found = re.search(r"^ *100\.00 +[\d.]+ +\d+ +(\d+) .*total$", out, re.M)
        return int(found[1]) if found else 0


def all_tools():
    return [
        Bare("bare"),
        Runwait("runwait --no-stacks", "--no-stacks"),
        Runwait("runwait"),
        Runwait("runwait --loops", "--loops"),
        Offcputime("offcputime"),
        Runqlat("runqlat"),
        Syscount("syscount"),
        Bpftrace("bpftrace stacks"),
        PerfSched("perf sched record"),
        PerfTrace("perf trace -s"),
        Strace("strace -f -c"),
    ]


def last_line(out):
    lines = out.strip().splitlines()
    return lines[-1].strip() if lines else "(nothing)"


# --- attaching ---------------------------------------------------------------


class Attached:
    """with Attached(tool, context, row, pids) as a: ...; then a.out is what it printed."""

    def __init__(self, tool, context, row, pids):
        self.tool, self.context, self.row, self.pids = tool, context, row, pids
        self.process = None
        self.out = ""

    def __enter__(self):
        self.log = open(self.context.output, "w+", encoding="utf-8", errors="replace")
        self.process = subprocess.Popen(
            self.tool.command(self.context, self.row, self.pids), stdin=subprocess.DEVNULL,
            stdout=self.log, stderr=subprocess.STDOUT)
        try:
            self.wait()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def wait(self):
        """Until the signs are there and change no more."""
        last, since, start = 0, 0, time.monotonic()
        while not last or time.monotonic() - since < self.context.settle_s or \
                not self.tool.ready(self.context):
            signs = self.tool.signs(self.process, self.pids)
            if self.process.poll() is not None:
                raise Failed("ended at once: " + self.last_line())
            if time.monotonic() - start > ATTACH_S:
                raise Failed(f"is not attached after {ATTACH_S} s: " + self.last_line())
            if signs != last:
                last, since = signs, time.monotonic()
            time.sleep(0.005)
        self.rest()

    def rest(self):
        """Until it has nothing left to do.

        Some go on for a while after they attached, and again after the first
        events, reading symbols for instance. That is not what an operation costs.
        """
        for _ in range(REST_TURNS):
            before = self.cpu_ns()
            time.sleep(self.context.settle_s)
            if self.cpu_ns() - before < REST * self.context.settle_s * 1e9:
                break

    def cpu_ns(self):
        """CPU time that the tool itself has used so far."""
        total = 0
        with contextlib.suppress(OSError):
            for tid in os.listdir(f"/proc/{self.process.pid}/task"):
                with open(f"/proc/{self.process.pid}/task/{tid}/schedstat", encoding="ascii") as f:
                    total += int(f.read().split()[0])
        return total

    def last_line(self):
        self.log.seek(0)
        return last_line(self.log.read())

    def __exit__(self, kind, value, trace):
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(END_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.seek(0)
        self.out = self.log.read()
        self.log.close()
        # programs and trace points go a grace period after their owner
        time.sleep(self.context.settle_s / 2)
