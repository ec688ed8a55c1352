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


class Failed(Exception):
    """The tool did not attach, or saw nothing. One line."""


class Tool:
    """name: for --tools and in tables."""

    sees = "switches"  # what of Row.makes it must have seen; None: nothing
    counts = True  # seen() counts these, and not stacks or times
    program = None

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
        return kernel_handles(process.pid)

    def seen(self, out):
        """How many events it says it saw; @out is all that it printed."""
        raise NotImplementedError

    def saw(self, out, row, count):
        """Whether it measured the run of @count operations. It may have lost most of them."""
        expected = row.makes.get(self.sees, 0) * count
        return self.seen(out) >= (max(1, expected / 10) if self.counts else 1) if expected else True

    def lost(self, out):
        """As far as it says so."""
        return sum(int(n) for n in re.findall(r"\blost (\d+)\b", out, re.I))


def kernel_handles(pid):
    """Links of BPF programs and perf events that a process has open."""
    count = 0
    with contextlib.suppress(OSError):
        for fd in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                target = os.readlink(f"/proc/{pid}/fd/{fd}")
                count += bool(re.search(r"bpf[-_]link|raw-?_?tp|raw-tracepoint|perf_event",
                                        target))
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
        return [context.runwait, "record", *self.options, "-o", context.capture, "-p", comma(pids)]

    def seen(self, out):
        return records(out)


def records(out):
    """Of the last line of a recording: "F: 1.2 MiB, 24.5k records, 3 threads, lost 0; ..."."""
    found = re.search(r"([\d.]+)([kMG]?) records?, ", out)
    return float(found[1]) * {"": 1, "k": 1e3, "M": 1e6, "G": 1e9}[found[2]] if found else 0


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

    def command(self, context, row, pids):
        only = "" if row.forks else "/" + " || ".join(f"pid == {p}" for p in pids) + "/ "
        return [self.program, "-e",
                "tracepoint:sched:sched_switch " + only + "{ @[kstack, ustack] = count(); }"]

    def seen(self, out):
        return sum(int(n) for n in re.findall(r"\]: (\d+)$", out, re.M))


class PerfSched(Tool):
    program = "perf"

    def command(self, context, row, pids):
        return ["perf", "sched", "record", "-o", context.scratch]

    def seen(self, out):
        found = re.search(r"\((\d+) samples\)", out)
        return int(found[1]) if found else 0


class PerfTrace(Tool):
    program = "perf"
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
        Offcputime("offcputime"),
        Runqlat("runqlat"),
        Syscount("syscount"),
        Bpftrace("bpftrace stacks"),
        PerfSched("perf sched record"),
        PerfTrace("perf trace -s"),
        Strace("strace -f -c"),
    ]


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
        """Until the signs are there and do not change any more."""
        last, since, start = 0, 0, time.monotonic()
        while True:
            now = time.monotonic()
            signs = self.tool.signs(self.process, self.pids)
            if self.process.poll() is not None:
                raise Failed("ended at once: " + self.last_line())
            if now - start > ATTACH_S:
                raise Failed(f"is not attached after {ATTACH_S} s: " + self.last_line())
            if signs != last:
                last, since = signs, now
            elif signs and now - since >= self.context.settle_s:
                break
            time.sleep(0.005)
        time.sleep(self.context.settle_s)

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
        lines = self.log.read().strip().splitlines()
        return lines[-1].strip() if lines else "it says nothing"

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
