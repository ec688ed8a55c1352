# SPDX-License-Identifier: GPL-2.0-only
"""invariants: what holds of every report, whatever was recorded and lost."""

import collections
import os

CLASSES = {"gil", "lock", "sync", "idle", "sleep", "file", "socket", "pipe", "child", "fault",
           "kernel", "other"}
LOCK_KINDS = {"mutex", "rwlock", "condition", "semaphore", "barrier", "join", "gil", "kernel",
              "file", "unknown"}
SUMS = ("life_ns", "run_ns", "runnable_ns", "wait_ns", "voluntary_switches",
        "involuntary_switches")
MS = 1_000_000
SLOW = bool(os.environ.get("RUNWAIT_SLOW_MACHINE")) # emulated: see tests/kernels


def _one_sum(name, s):
    parts = s["run_ns"] + s["runnable_ns"] + s["wait_ns"]
    if s["life_ns"] != parts:
        yield f"{name}: life {s['life_ns']} is not run + runnable + wait {parts}"
    classes = s["wait_by_class_ns"]
    if set(classes) - CLASSES:
        yield f"{name}: unknown classes {set(classes) - CLASSES}"
    if sum(classes.values()) != s["wait_ns"]:
        yield f"{name}: wait {s['wait_ns']} is not the sum of its classes {sum(classes.values())}"
    for key in SUMS:
        if s[key] < 0 or not isinstance(s[key], int):
            yield f"{name}: {key} is {s[key]!r}"


def _same_sum(name, whole, parts):
    for key in SUMS:
        got = sum(p[key] for p in parts)
        if got != whole[key]:
            yield f"{name}: {key} {whole[key]} is not the sum of its parts {got}"
    for c in CLASSES:
        got = sum(p["wait_by_class_ns"].get(c, 0) for p in parts)
        if got != whole["wait_by_class_ns"].get(c, 0):
            yield f"{name}: {c} wait is not the sum of its parts"


def _whole(report):
    """
    Whether all is known: no record was lost and the file is not cut off. A
    whole machine may have processes that are hidden from tracing (the init of
    a micro-VM), and they are threads of the recording.
    """
    recording = report["recording"]
    return (recording["complete"] and not report["loss"]["records"]
            and not recording.get("whole_machine"))


def _lives(report):
    duration = report["recording"]["duration_ns"]
    for kind in ("threads", "processes"):
        for t in report[kind]:
            name = f"{kind} {t['tid'] if kind == 'threads' else t['pid']} ({t['comm']})"
            yield from _one_sum(name, t)
            end = duration if t["end_ns"] is None else t["end_ns"]
            if not 0 <= t["start_ns"] <= end <= duration:
                yield f"{name}: lives from {t['start_ns']} to {end} of {duration}"
            if kind == "threads" and t["life_ns"] + t["unknown_ns"] != end - t["start_ns"]:
                yield (f"{name}: life {t['life_ns']} and unknown {t['unknown_ns']} are not the "
                       f"{end - t['start_ns']} from {t['start_ns']} to {end}")
            # a switch next to a process that is hidden from tracing may leave a trace
            if _whole(report) and t["unknown_ns"] > 1_000_000:
                yield f"{name}: {t['unknown_ns']} of its time unknown, and nothing was lost"
            if kind == "threads" and not 0 <= t["censored_ns"] <= t["wait_ns"]:
                yield f"{name}: censored {t['censored_ns']} of {t['wait_ns']}"


def _totals(report):
    totals = report["totals"]
    yield from _one_sum("totals", totals)
    yield from _same_sum("totals of threads", totals, report["threads"])
    yield from _same_sum("totals of processes", totals, report["processes"])
    for kind in ("threads", "processes"):
        if totals[kind] != len(report[kind]):
            yield f"totals: {totals[kind]} {kind}, {len(report[kind])} in the list"
    bearers = collections.Counter(p["pid"] for p in report["processes"])
    by_pid = collections.defaultdict(list)
    for t in report["threads"]:
        by_pid[t["pid"]].append(t)
    for p in report["processes"]:
        if bearers[p["pid"]] == 1:
            threads = by_pid[p["pid"]]
            yield from _same_sum(f"process {p['pid']}", p, threads)
            if p["threads"] != len(threads):
                yield f"process {p['pid']}: {p['threads']} threads, {len(threads)} in the list"


def _parallelism(report):
    duration = report["recording"]["duration_ns"]
    run = report["totals"]["run_ns"]
    p = report["parallelism"]
    by = {int(k): v for k, v in p["by_running_ns"].items()}
    observed = sum(by.values())
    unknown = report["totals"].get("unknown_ns", 0)
    ran = sum(k * v for k, v in by.items())
    if observed > duration:
        yield f"by_running_ns: {observed} of {duration}"
    if _whole(report):
        if observed != duration:
            yield f"by_running_ns: {observed}, not {duration}, and nothing was lost"
        # waits below --min-wait leave sums, not times: they look like running here
        if abs(ran - run) > unknown and not report["recording"].get("min_wait_ns"):
            yield f"by_running_ns: {ran} run, totals say {run}"
    if p.get("by_wanting_ns"):
        by_wanting = {int(k): v for k, v in p["by_wanting_ns"].items()}
        wanted = sum(k * v for k, v in by_wanting.items())
        should = run + report["totals"]["runnable_ns"]
        if _whole(report) and abs(wanted - should) > unknown + should / 1000:
            yield f"by_wanting_ns: {wanted} wanted, totals say {should}"
        if p["lone_ns"] != by_wanting.get(1, 0):
            yield f"lone_ns {p['lone_ns']} is not by_wanting_ns 1, {by_wanting.get(1, 0)}"
        if p["crowded_ns"] > report["totals"]["runnable_ns"]:
            yield f"crowded_ns {p['crowded_ns']} above runnable_ns"
    if p["serial_ns"] != by.get(1, 0):
        yield f"serial_ns {p['serial_ns']} is not by_running_ns 1, {by.get(1, 0)}"
    if p["active_ns"] != observed - by.get(0, 0):
        yield f"active_ns {p['active_ns']} is not by_running_ns but 0"
    if by and p["max"] != max((k for k, v in by.items() if v), default=0):
        yield f"parallelism max {p['max']}, by_running_ns {by}"
    if observed and abs(p["mean"] - ran / observed) > 0.001 + 0.001 * p["mean"]:
        yield f"parallelism mean {p['mean']}, but {ran} run in {observed}"
    if p["concurrency_mean"] + 0.001 < p["mean"]:
        yield f"concurrency {p['concurrency_mean']} below parallelism {p['mean']}"


def _cores(report):
    duration = report["recording"]["duration_ns"]
    cores = report["recording"]["cpus"]
    run = report["totals"]["run_ns"]
    cpus = report["parallelism"]["cpus"]
    if run > cores * duration:
        yield f"{run} run on {cores} cores in {duration}"
    if not _whole(report):
        return
    if len(cpus) != cores:
        yield f"{len(cpus)} of {cores} cores in the list"
    for c in cpus:
        used = c["run_ns"] + c["other_ns"] + c["idle_ns"]
        if abs(used - duration) > max(0.01 * duration, 50 * MS if SLOW else MS):
            yield f"core {c['cpu']}: {used} of {duration}"
    used = sum(c["run_ns"] for c in cpus)
    if abs(used - run) > max(0.002 * run, MS // 10):
        yield f"cores ran the target for {used}, its threads ran {run}"


def _locks(report):
    for l in report["locks"]:
        name = f"lock {l['id']} at {l['address']}"
        if l["kind"] not in LOCK_KINDS:
            yield f"{name}: kind {l['kind']}"
        if sum(h["blame_ns"] for h in l["holders"]) != l["wait_ns"]:
            yield (f"{name}: blame {sum(h['blame_ns'] for h in l['holders'])}, "
                   f"wait {l['wait_ns']}")
        if sum(w["wait_ns"] for w in l["waiters"]) != l["wait_ns"]:
            yield f"{name}: wait is not the sum of its waiters"
        if sum(w["waits"] for w in l["waiters"]) != l["waits"]:
            yield f"{name}: waits are not the sum of its waiters"
        if l["max_wait_ns"] > l["wait_ns"] or l["open_waits"] > l["waits"]:
            yield f"{name}: a part greater than the whole"
    ids = [l["id"] for l in report["locks"]]
    if len(set(ids)) != len(ids):
        yield "locks: two with one id"


def _lists(report):
    for name, key in (("locks", "wait_ns"), ("io", "wait_ns")):
        values = [x[key] for x in report[name]]
        if values != sorted(values, reverse=True):
            yield f"{name} are not sorted by {key}"
    waits = report["totals"]["wait_ns"]
    for name in ("io", "locks", "wakeups"):
        if sum(x["wait_ns"] for x in report[name]) > waits:
            yield f"{name}: more wait than there was, {waits}"
    for i in report["io"]:
        if i["class"] not in CLASSES or i["max_wait_ns"] > i["wait_ns"]:
            yield f"io {i['target']!r}: {i}"


def _findings(report):
    findings = report["findings"]
    if len(findings) > 3:
        yield f"{len(findings)} findings"
    if len({f["id"] for f in findings}) != len(findings):
        yield "findings: two with one id"
    for f in findings:
        if not 0 <= f["share"] <= 1 or not f["title"] or not f["evidence"] or not f["advice"]:
            yield f"finding {f['id']}: {f}"


def _head(report):
    if report["schema_version"] != 1 or report["tool"]["name"] != "runwait":
        yield "not a report of schema 1"
    loss = report["loss"]
    if any(v < 0 for v in loss["by_cause"].values()):
        yield f"loss: {loss}"
    if loss["records"] and not any(loss["by_cause"].values()):
        yield f"loss without a cause: {loss}"


def broken(report):
    """The claims that do not hold, as sentences."""
    found = []
    for part in (_head, _lives, _totals, _parallelism, _cores, _locks, _lists, _findings):
        found.extend(part(report))
    return found
