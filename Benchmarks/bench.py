#!/usr/bin/env python3
"""Measures the tunnel against Envoy and a plain TCP copy, side by side in one run.

Every subject has two nodes and pods of its own (network namespaces), all are up at once, and rounds alternate
between them: what else the machine does falls on all alike. Compare ratios; absolute numbers are this machine's.
CPU is that of the proxies' processes on both sides, from the scheduler. Kernel work that runs in other contexts (interrupts,
kernel threads) belongs to nobody and is not counted; a packet's way through veth and netfilter mostly runs within
the process that sends it, and is.
"""

import argparse
import fcntl
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import machine
import measures
import report
from peers import SUBJECTS
from results import Results
from rows import neighbour_rows as rows_of_neighbours
from rows import rows
from setting import PROJECT, openssl_version, prepare
from world import raise_descriptors_limit, remove_leftovers

# Before what else the machine does; that is noise, and most of all in the latencies.
_NICENESS = -10

# Until what was used in the loads has been given back.
_BURST_SETTLES_SECONDS = 5

# One for all checkouts: they would take each other's namespaces for leftovers.
_LOCK = "/run/lock/slipstream-bench.lock"


def main():
    options = _options()
    if os.geteuid() != 0:
        raise SystemExit("bench: needs root: it makes network namespaces")
    signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGHUP, _interrupt)
    os.nice(_NICENESS)
    raise_descriptors_limit()
    setting = prepare(options.threads, set(options.subjects), options.binaries)
    with open(_LOCK, "w") as lock:
        _lock(lock)
        remove_leftovers()
        try:
            results = _measure(options, setting)
        except KeyboardInterrupt:
            raise SystemExit("bench: interrupted") from None
        except (RuntimeError, subprocess.TimeoutExpired) as failure:
            raise SystemExit(f"bench: {failure}") from failure
        finally:
            remove_leftovers()
    _publish(results, options)


def _options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names, subjects = [*_ROUND_LOADS, "memory"], [key for key in SUBJECTS if key != "direct"]
    parser.add_argument(
        "--subjects", type=lambda text: text.split(","), default=subjects,
        help=f"comma-separated, of: {', '.join(subjects)} (default: all)",
    )  # fmt: skip
    parser.add_argument(
        "--measures", type=lambda text: text.split(","), default=names,
        help=f"comma-separated, of: {', '.join(names)} (default: all)",
    )  # fmt: skip
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2, help="length of each load (default: 2)")
    parser.add_argument("--quick", action="store_true", help="one round of one second: whether everything runs")
    parser.add_argument("--threads", type=int, default=1, help="worker threads of each proxy (default: 1)")
    parser.add_argument(
        "--binaries", type=Path, default=PROJECT / ".build" / "release", help="where ztunnel and node-agent are"
    )
    parser.add_argument("--readme", action="store_true", help="put the tables into README.md")
    options = parser.parse_args()
    for chosen, known in ((options.subjects, subjects), (options.measures, names)):
        unknown = set(chosen) - set(known)
        if unknown:
            parser.error(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(known)}")
    if options.quick:
        options.rounds, options.seconds = 1, 1
    return options


# The loads of one round.
_ROUND_LOADS = {
    "requests": measures.requests,
    "connections": measures.connections,
    "one-stream": measures.one_stream,
    "eight-streams": measures.eight_streams,
    "handshakes": measures.handshakes,
    "new-handshakes": measures.new_handshakes,
    "latency": measures.latency,
    "neighbours": measures.neighbours,
}


def _measure(options, setting):
    results = Results()
    with ExitStack() as opened:
        wanted = [SUBJECTS[key](setting) for key in [*options.subjects, "direct"]]
        subjects = [opened.enter_context(subject) for subject in wanted if subject.loads.intersection(options.measures)]
        watched = [subject for subject in subjects if "memory" in subject.loads.intersection(options.measures)]
        watches = {subject: measures.MemoryWatch(subject) for subject in watched}
        for subject, watch in watches.items():
            numbers = watch.with_idle_connections()
            results.add(subject.key, numbers)
            _note_numbers(f"idle connections, {subject.title}", numbers)
        for turn in range(options.rounds):
            for name in filter(_ROUND_LOADS.get, options.measures):
                _round(f"round {turn + 1}/{options.rounds}", name, subjects, options.seconds, results)
        if watches:
            time.sleep(_BURST_SETTLES_SECONDS)
        for subject, watch in watches.items():
            results.add(subject.key, watch.after_all())
    return results


def _round(title, name, subjects, seconds, results):
    for subject in subjects:
        if name not in subject.loads:
            continue
        subject.check_proxies()
        numbers = _ROUND_LOADS[name](subject, seconds)
        results.add(subject.key, numbers)
        _note_numbers(f"{title}, {name}, {subject.title}", numbers)


def _publish(results, options):
    versions = {"slipstream": openssl_version(), "slipstream-openssl-3.5": (3, 5)}
    table_rows, neighbour_rows = rows(versions), rows_of_neighbours()
    made = report.entries(results, table_rows, neighbour_rows)
    report.write_json(PROJECT / ".build" / "bench.json", made)
    loads = (
        f"{machine.description()}; {options.rounds} rounds of {options.seconds} s, {options.threads} worker "
        "thread(s) a side, medians. CPU of both sides together; memory of the larger side."
    )
    tables = [report.table(results, table_rows), report.neighbour_table(results, neighbour_rows)]
    text = "\n\n".join(filter(None, [loads, *tables]))
    print(f"\n{text}\n")
    missed = [entry["name"] for entry in made if entry["met"] is False]
    if missed:
        print(f"missed: {'; '.join(missed)}")
    if options.readme:
        report.put_between_marks(PROJECT / "README.md", text)


def _lock(lock):
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SystemExit("bench: another run is under way") from None


def _interrupt(number, frame):
    raise KeyboardInterrupt


def _note_numbers(text, numbers):
    _note(f"{text}: " + ", ".join(f"{value:.4g}" for value in numbers.values()))


def _note(text):
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
