# SPDX-License-Identifier: GPL-2.0-only
"""rows: what is run, with and without a tool.

A row is a workload that is started once a round, says which processes make it
up, and then does as many operations as it is told to, again and again. start()
gives the processes, run(n) the nanoseconds that one operation took.
"""

import contextlib
import os
import select
import shutil
import socket
import subprocess
import time

TIMEOUT_S = 120


class Unavailable(Exception):
    """What the row needs is not here, or did not work."""


class Row:
    """name: for --rows. title: heads the column. operation: what is counted."""

    makes = {}  # "switches", "syscalls": at least so many for each of run(n)'s n
    several = False  # more than one process does the work
    forks = False  # and they come and go below the one that is named
    scalable = True  # the time of an operation does not depend on how many there are
    seconds = 0.3  # a bare run takes about so long
    first = 1000  # operations of the first, calibrating run
    count = None  # operations of a run; None: to be calibrated
    needs = None  # program

    def __init__(self, name, title, operation):
        self.name, self.title, self.operation = name, title, operation
        self.process = None

    def missing(self):
        if self.needs and not shutil.which(self.needs):
            return f"{self.needs} is not installed"
        return None

    def start(self, context):
        raise NotImplementedError

    def run(self, count):
        raise NotImplementedError

    def stop(self):
        if self.process:
            end(self.process)
            self.process = None

    def calibrate(self, seconds):
        """How many operations take @seconds, bare."""
        count = self.first
        while True:
            ns = self.run(count)
            took = ns * count / 1e9
            if took >= seconds / 4 or count > 1e10:
                return max(1, round(seconds * 1e9 / ns))
            count = max(2 * count, int(count * seconds / 2 / max(took, 1e-6)))


def bind_to_last_cpu():
    """Where the loops of workload.c run as well."""
    os.sched_setaffinity(0, [max(os.sched_getaffinity(0))])


def end(process, seconds=5):
    """Its input ends, so it does; or else it is made to."""
    for stream in (process.stdin, process.stdout):
        with contextlib.suppress(OSError, AttributeError):
            stream.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
        return
    process.kill()
    process.wait()


class Conversation(Row):
    """A process that says "ready PID...", and for each line "N" how long it took."""

    def command(self, context):
        raise NotImplementedError

    def start(self, context):
        self.process = subprocess.Popen(self.command(context), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        word, *pids = self.read().split()
        if word != "ready":
            raise Unavailable(f"{self.name}: not ready but {word!r}")
        return [int(p) for p in pids]

    def read(self):
        if not select.select([self.process.stdout], [], [], TIMEOUT_S)[0]:
            raise Unavailable(f"{self.name}: nothing came for {TIMEOUT_S} s")
        line = self.process.stdout.readline()
        if not line.strip():
            raise Unavailable(f"{self.name}: ended early")
        return line

    def run(self, count):
        self.process.stdin.write(f"{count}\n")
        self.process.stdin.flush()
        return float(self.read())


class Loop(Conversation):
    """A loop of workload.c."""

    def __init__(self, name, title, operation, makes, several=False):
        super().__init__(name, title, operation)
        self.makes, self.several = makes, several

    def command(self, context):
        return [context.program("workload"), self.name]


class Messaging(Conversation):
    """perf's own: 5 groups of 20 senders and 20 receivers, 200 messages for each pair.

    Below a shell that stays, which a tool attaches to. The share of beginning
    and end in it is not small, so the number of messages is what is customary.
    """

    needs = "perf"
    several = forks = True
    scalable = False
    GROUPS, PAIRS, LOOPS = 5, 20 * 20, 200
    makes = {"switches": GROUPS * PAIRS / 100, "syscalls": 2 * GROUPS * PAIRS}
    count = LOOPS

    def command(self, context):
        script = ('echo ready $$; while read n; do'
                  f' perf bench --format=simple sched messaging -g {self.GROUPS} -l "$n"; done')
        return ["sh", "-c", script]

    def run(self, count):
        return super().run(count) * 1e9 / (count * self.GROUPS * self.PAIRS)


class Redis(Row):
    """A redis-server of its own, on a socket in the work folder, under redis-benchmark.

    Both on one CPU: on two, waking the other up is most of the time on a virtual
    machine, and where the two end up decides the figure.
    """

    needs = "redis-benchmark"
    seconds = 0.6  # redis-benchmark counts in milliseconds
    first = 10000

    def __init__(self, name, title, operation, pipeline):
        super().__init__(name, title, operation)
        self.pipeline = pipeline
        self.makes = {"syscalls": 2 / pipeline}
        self.socket = None

    def missing(self):
        return super().missing() or (
            None if shutil.which("redis-server") else "redis-server is not installed")

    def start(self, context):
        self.socket = os.path.join(context.folder, "redis.sock")
        self.process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", self.socket, "--save", "",
             "--appendonly", "no", "--dir", context.folder],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, preexec_fn=bind_to_last_cpu)
        give_up = time.monotonic() + 10
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > give_up:
                raise Unavailable("redis-server does not answer")
            time.sleep(0.02)
        self.benchmark("set", 100)
        return [self.process.pid]

    def answers(self):
        with socket.socket(socket.AF_UNIX) as s, contextlib.suppress(OSError):
            s.connect(self.socket)
            return True
        return False

    def benchmark(self, test, count):
        done = subprocess.run(
            ["redis-benchmark", "-s", self.socket, "-t", test, "-n", str(count),
             "-P", str(self.pipeline), "--csv"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=TIMEOUT_S,
            preexec_fn=bind_to_last_cpu)
        with contextlib.suppress(IndexError, ValueError):
            return 1e9 / float(done.stdout.splitlines()[-1].split(",")[1].strip('"'))
        raise Unavailable(f"redis-benchmark: {done.stderr.strip() or done.stdout.strip()}")

    def run(self, count):
        return self.benchmark("get", count)

    def stop(self):
        if self.process:
            self.process.terminate()
        super().stop()


def all_rows():
    pipes = {"switches": 2, "syscalls": 4}
    lock = {"switches": 1, "syscalls": 2}
    return [
        Loop("syscall", "getppid", "system call that does not block", {"syscalls": 1}),
        Loop("mutex", "mutex", "lock and unlock of a mutex that nobody else wants", {}),
        Loop("pingpong", "ping-pong", "byte there and back through pipes, on one CPU", pipes, True),
        Loop("deep", "20 deep", "the same, 20 calls deep", pipes, True),
        Loop("contended", "contended", "turn of four threads at one mutex, on one CPU", lock),
        Messaging("messaging", "messaging", "message of perf bench sched messaging -g 5 -l 200"),
        Redis("redis", "redis", "GET of redis-benchmark, client and server on one CPU", 1),
        Redis("pipelined", "redis -P16", "the same, 16 in a pipeline", 16),
    ]
