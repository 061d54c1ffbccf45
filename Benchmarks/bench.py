#!/usr/bin/env python3
"""Measures the tunnel against Envoy and a plain TCP copy, side by side in one run.

Every subject has two nodes and two pods of its own (network namespaces), all are up at once, and rounds alternate
between them: what else the machine does falls on all alike. Compare ratios; absolute numbers are this machine's.
CPU is that of the proxies' processes on both sides, from the scheduler. Kernel work that runs in other contexts (interrupts,
kernel threads) belongs to nobody and is not counted; a packet's way through veth and netfilter mostly runs within
the process that sends it, and is.
"""

import argparse
import fcntl
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import measures
import report
from peers import SUBJECTS
from results import Results
from rows import rows
from setting import PROJECT, prepare
from world import remove_leftovers

# Before what else the machine does; that is noise, and most of all in the latencies.
_NICENESS = -10

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
    setting = prepare(options.threads, options.subjects, options.binaries)
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
    parser.add_argument(
        "--subjects", type=lambda text: text.split(","), default=["slipstream", "envoy", "plain-copy"],
        help="comma-separated, of: slipstream, envoy, plain-copy (default: all)",
    )  # fmt: skip
    parser.add_argument("--measures", type=lambda text: text.split(","), default=list(_LOADS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2, help="length of each load (default: 2)")
    parser.add_argument("--threads", type=int, default=1, help="worker threads of each proxy (default: 1)")
    parser.add_argument(
        "--binaries", type=Path, default=PROJECT / ".build" / "release", help="where ztunnel and node-agent are"
    )
    options = parser.parse_args()
    for chosen, known in ((options.subjects, SUBJECTS), (options.measures, _LOADS)):
        unknown = set(chosen) - set(known)
        if unknown:
            parser.error(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(known)}")
    return options


# The loads of one round, and whether they apply to a subject.
_LOADS = {
    "requests": (measures.requests, lambda subject: subject.proxies),
    "connections": (measures.connections, lambda subject: subject.proxies),
    "one-stream": (measures.one_stream, lambda subject: subject.proxies),
    "eight-streams": (measures.eight_streams, lambda subject: subject.proxies),
    "handshakes": (measures.handshakes, lambda subject: subject.key in ("slipstream", "envoy")),
    "latency": (measures.latency, lambda subject: True),
}


def _measure(options, setting):
    results = Results()
    with ExitStack() as opened:
        keys = [*options.subjects, "direct"] if "latency" in options.measures else options.subjects
        subjects = [opened.enter_context(SUBJECTS[key](setting)) for key in keys]
        watches = {subject: measures.MemoryWatch(subject) for subject in subjects if subject.proxies}
        for subject, watch in watches.items():
            _note(f"idle connections, {subject.title}")
            results.add(subject.key, watch.with_idle_connections())
        for turn in range(options.rounds):
            for name in options.measures:
                _round(f"round {turn + 1}/{options.rounds}", name, subjects, options.seconds, results)
        for subject, watch in watches.items():
            results.add(subject.key, watch.after_all())
    return results


def _round(title, name, subjects, seconds, results):
    load, applies = _LOADS[name]
    for subject in filter(applies, subjects):
        subject.check_proxies()
        numbers = load(subject, seconds)
        results.add(subject.key, numbers)
        _note(f"{title}, {name}, {subject.title}: " + ", ".join(f"{value:.4g}" for value in numbers.values()))


def _publish(results, options):
    table_rows = rows(_openssl_version())
    made = report.entries(results, table_rows)
    report.write_json(PROJECT / ".build" / "bench.json", made)
    print(f"\n{report.table(results, table_rows)}\n")
    print(f"{options.rounds} rounds of {options.seconds} s, {options.threads} worker thread(s) a side, medians; ", end="")
    print("CPU of both sides together; memory of the larger side.")
    missed = [entry["name"] for entry in made if entry["met"] is False]
    if missed:
        print(f"missed: {', '.join(missed)}")


def _openssl_version():
    """Of the libssl that the machine's programs load."""
    told = subprocess.run(["openssl", "version"], capture_output=True, text=True).stdout
    return tuple(map(int, re.search(r"OpenSSL (\d+)\.(\d+)", told).groups()))


def _lock(lock):
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SystemExit("bench: another run is under way") from None


def _interrupt(number, frame):
    raise KeyboardInterrupt


def _note(text):
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
