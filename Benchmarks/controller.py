#!/usr/bin/env python3
"""Measures the controller: 10,000 pods, 1,000 services and 500 policies in a directory, and simulated proxies that speak delta
discovery over sockets (Benchmarks/programs/proxies.c), all on one machine in a network namespace of their own.

A change is a policy's file that another one replaces; it is in force when the last proxy has it. Adds its rows to
.build/bench.json.
"""

import argparse
import json
import math
import os
import queue
import shutil
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import manifests
from setting import PROJECT, compile_program
from tokens import TokenSigner
from world import NETWORK_PREFIX, Process, raise_descriptors_limit, remove_leftovers

_PLAINTEXT_PORT = 15010
_NAMESPACE = f"{NETWORK_PREFIX}bench-controller"
_SYNC_SECONDS = 180


def main():
    options = _options()
    if os.geteuid() != 0:
        raise SystemExit("bench: needs root: it makes a network namespace")
    raise_descriptors_limit()
    remove_leftovers()
    folder = PROJECT / ".build" / "bench" / "controller"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    program = compile_program("proxies", ["-lnghttp2"], folder.parent)
    subprocess.run(["ip", "netns", "add", _NAMESPACE], check=True)
    subprocess.run(["ip", "-netns", _NAMESPACE, "link", "set", "lo", "up"], check=True)
    try:
        rows = Measurement(options, folder, program).run()
    finally:
        remove_leftovers()
    _publish(rows)


def _options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binaries", type=Path, default=PROJECT / ".build" / "release", help="where the controller is")
    parser.add_argument("--changes", type=int, default=100, help="how many changes are followed (default: 100)")
    parser.add_argument("--crowd", type=int, default=1_000, help="how many proxies come at once (default: 1,000)")
    return parser.parse_args()


class Measurement:
    def __init__(self, options, folder, program):
        self._options = options
        self._folder = folder
        self._program = program
        self._signer = TokenSigner(folder)
        self._world = manifests.World(folder / "source")
        self._rows = []

    def run(self):
        with ExitStack() as opened:
            begin = time.monotonic()
            controller = opened.enter_context(self._controller())
            self._add("controller: ready after its start", "s", time.monotonic() - begin)
            with self._proxies(1) as one:
                self._add("controller: a new proxy in sync", "s", one.await_sync(), 1.0)
            with self._proxies(100) as proxies:
                self._add("controller: 100 proxies in sync", "s", proxies.await_sync())
                self._follow_changes(proxies)
                self._add("controller: CPU while nothing changes", "% of a core", _idle_percent(controller), 0.5)
                self._add("controller: memory with 100 proxies", "MB", controller.memory_bytes() / 1e6, 150)
                self._storm(controller, proxies)
                self._add("controller: memory after a rollout", "MB", controller.memory_bytes() / 1e6, 150)
            with self._proxies(self._options.crowd) as proxies:
                name = f"controller: {self._options.crowd:,} proxies in sync"
                self._add(name, "s", proxies.await_sync())
        return self._rows

    def _add(self, name, unit, value, budget=None):
        print(f"{time.strftime('%H:%M:%S')} {name}: {value:.4g} {unit}", file=sys.stderr, flush=True)
        self._rows.append(
            {
                "name": name, "unit": unit, "ours": value, "peer": None, "peerName": None, "ratio": None,
                "budget": budget, "met": None if budget is None else value <= budget,
            }
        )  # fmt: skip

    @contextmanager
    def _controller(self):
        command = [
            self._options.binaries / "controller", "--source", self._folder / "source", "--ca", self._folder / "ca",
            "--token-keys", self._signer.public_key, "--out", self._folder / "out",
        ]  # fmt: skip
        process = Process(_NAMESPACE, command, self._folder / "controller.log")
        try:
            _await("the controller is ready", lambda: _is_ready(process))
            yield process
        finally:
            process.stop()

    @contextmanager
    def _proxies(self, count):
        tokens = self._folder / f"tokens-{count}"
        lines = [f"{self._signer.token(f'node-{index}')} node-{index}" for index in range(count)]
        tokens.write_text("\n".join(lines) + "\n")
        command = [self._program, _PLAINTEXT_PORT, tokens]
        process = Process(_NAMESPACE, command, self._folder / "proxies.log", piped=True)
        try:
            yield Proxies(process, count)
        finally:
            process.stop()

    def _follow_changes(self, proxies):
        times = []
        for index in range(self._options.changes):
            begin = time.monotonic_ns()
            self._world.change_policy(index)
            times.append((proxies.await_change("P") - begin) / 1e6)
            time.sleep(0.05)
        self._add("controller: a change with 100 proxies, p50", "ms", _percentile(times, 0.5))
        self._add("controller: a change with 100 proxies, p99", "ms", _percentile(times, 0.99), 100)

    def _storm(self, controller, proxies):
        before = controller.cpu_nanoseconds()
        begin = time.monotonic()
        for turn in range(20):
            self._world.replace_pods(turn)
            time.sleep(max(0.0, begin + (turn + 1) * 0.5 - time.monotonic()))
        self._world.change_policy(0)
        end = time.monotonic_ns()
        last = proxies.await_change("P")
        self._add("controller: rollout of 2,000 pods in 10 s, behind at its end", "ms", (last - end) / 1e6)
        used = (controller.cpu_nanoseconds() - before) / 1e9
        self._add("controller: rollout of 2,000 pods in 10 s, CPU", "s", used)


class Proxies:
    """What the simulated proxies say."""

    def __init__(self, process, count):
        self._count = count
        self._begin = None
        self._answers = queue.Queue()
        self._process = process
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self._process.output:
            words = line.split()
            if words[0] == b"C":
                self._begin = int(words[1])
            else:
                self._answers.put((int(words[1]), int(words[2]), words[3].decode()))

    def await_sync(self):
        """Seconds from the first connection until each has had its first answers."""
        seen, last = set(), 0
        while len(seen) < 2 * self._count:
            last, proxy, kind = self._answers.get(timeout=_SYNC_SECONDS)
            seen.add((proxy, kind))
        return (last - self._begin) / 1e9

    def await_change(self, kind):
        """When the last of all proxies had an answer of this type."""
        seen, last = set(), 0
        while len(seen) < self._count:
            moment, proxy, answered = self._answers.get(timeout=_SYNC_SECONDS)
            if answered == kind:
                seen.add(proxy)
                last = moment
        return last


def _is_ready(process):
    if not process.is_running:
        raise RuntimeError(f"the controller has ended: {process.log.read_text()[-2000:]}")
    done = subprocess.run(
        ["ip", "netns", "exec", _NAMESPACE, "curl", "--silent", "--fail", "http://127.0.0.1:8080/readyz"],
        capture_output=True,
    )  # fmt: skip
    return done.returncode == 0


def _await(what, is_true, seconds=120):
    end = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() > end:
            raise RuntimeError(f"not within {seconds} s: {what}")
        time.sleep(0.02)


def _idle_percent(process, seconds=10):
    time.sleep(2)
    before = process.cpu_nanoseconds()
    time.sleep(seconds)
    return (process.cpu_nanoseconds() - before) / 1e9 / seconds * 100


def _percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]


def _publish(rows):
    path = PROJECT / ".build" / "bench.json"
    others = json.loads(path.read_text()) if path.exists() else []
    names = {row["name"] for row in rows}
    made = [row for row in others if row["name"] not in names] + rows
    path.write_text(json.dumps(made, indent=2, ensure_ascii=False) + "\n")
    print("\n| what | unit | Slipstream | budget | |\n|---|---|--:|--:|---|")
    for row in rows:
        budget = "" if row["budget"] is None else f"≤ {row['budget']:g} {row['unit']}"
        verdict = {True: "met", False: "**missed**", None: ""}[row["met"]]
        print(f"| {row['name']} | {row['unit']} | {row['ours']:.3g} | {budget} | {verdict} |")


if __name__ == "__main__":
    main()
