# SPDX-License-Identifier: GPL-2.0-only
"""footprint: what runwait needs besides the time of its target.

Bytes of a record in the file (of the recordings that the ratios were made
with), time from its start to the first instruction of the command, speed and
memory of the analysis.
"""

import os
import subprocess

import rows
import tools

NS = 1e9
TIMEOUT_S = 300


class Measured:
    """What measure.c says of a command."""

    def __init__(self, context, command, **options):
        path = os.path.join(context.folder, "measured")
        done = subprocess.run([context.program("measure"), path, *command], text=True,
                              stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              timeout=TIMEOUT_S, **options)
        self.out, self.said = done.stdout, done.stderr
        if done.returncode:
            line = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
            raise tools.Failed(f"{' '.join(command[1:2])}: {line}")
        with open(path, encoding="ascii") as f:
            self.start_ns, self.wall_ns, self.cpu_ns, self.peak_kib = map(int, f.read().split())


def item(title, unit, values):
    return {"title": title, "unit": unit, "values": values}


def density(results):
    for row in results["rows"]:
        for tool in results["tools"]:
            values = row["tools"].get(tool, {}).get("bytes_per_record", [])
            if values:
                stacks = "" if "--no-stacks" in tool else ", with stacks"
                yield item(f"record in the file, {row['title']}{stacks}", "bytes", values)


def start_to_first(context, rounds):
    """Until main of the command; and how much of that is the command's own start."""
    clock = [context.program("workload"), "clock"]
    record = [context.runwait, "record", "-o", context.capture, "--", *clock]
    times = {"bare": [], "recorded": []}
    for _ in range(rounds):
        for name, command in (("bare", clock), ("recorded", record)):
            m = Measured(context, command, stdout=subprocess.PIPE)
            times[name].append((int(m.out) - m.start_ns) / 1e6)
    yield item("start to main of the command", "ms", times["recorded"])
    yield item("  the same without runwait", "ms", times["bare"])


def analysis(context, rounds, sizes):
    """The report on recordings of one program, of the given numbers of records."""
    speed, peaks = [], []
    for size in sizes:
        path = os.path.join(context.folder, "long.rw")
        # two processes, each waits once an operation
        said = Measured(context, [context.runwait, "record", "--no-stacks", "-F", "0", "-o", path,
                                  "--", context.program("workload"), "pingpong", str(size // 2)],
                        stdout=subprocess.DEVNULL).said
        records = tools.records(said)
        if not records:
            raise tools.Failed(f"a recording without records: {said.strip()}")
        runs = [Measured(context, [context.runwait, "report", "summary", "--json", path],
                         stdout=subprocess.DEVNULL,
                         preexec_fn=rows.bind_to_last_cpu)
                for _ in range(rounds)]
        speed = [records / (m.wall_ns / NS) / 1e6 for m in runs]
        peaks.append(item(f"analysis of {records / 1e6:.3g} M records, largest memory", "MiB",
                          [m.peak_kib / 1024 for m in runs]))
        os.unlink(path)
    yield item(f"analysis of {records / 1e6:.3g} M records, on one core", "M records/s", speed)
    yield from peaks


def measure(context, results, rounds, sizes):
    """The list for results["footprint"]; what fails is a note."""
    found = list(density(results))
    for part in (lambda: start_to_first(context, rounds),
                 lambda: analysis(context, min(rounds, 3), sizes)):
        if context.late(grace_s=4):
            results["notes"].append("runwait: the time was over before its footprint was measured")
            break
        try:
            found.extend(part())
        except (tools.Failed, subprocess.TimeoutExpired) as e:
            results["notes"].append(f"runwait: {e}")
    return found


def bytes_per_record(context, out):
    """Of the recording that a row just made; None without records."""
    records = tools.records(out)
    return os.path.getsize(context.capture) / records if records >= 1000 else None
