"""Processes inside namespaces, and what the kernel says of their CPU time and memory."""

import ctypes
import os
import resource
import signal
import subprocess
from pathlib import Path

_PR_SET_PDEATHSIG = 1
# For 10,000 connections, each of which may need two.
_DESCRIPTORS_WANTED = 1 << 16
_libc = ctypes.CDLL(None, use_errno=True)


def raise_descriptors_limit():
    """For this process and all that it starts: as many as are wanted where the machine allows it, else all that it allows."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max(_DESCRIPTORS_WANTED, most)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
    except ValueError:
        # Root without CAP_SYS_RESOURCE, as in some containers.
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def descriptors_limit():
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def _before_exec():
    # A benchmark that is killed takes its processes along.
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """A program running in a namespace. Its standard error goes to `log`, and its standard output too unless it is piped."""

    def __init__(self, namespace, command, log, environment=None, piped=False):
        self.name = Path(command[0]).name
        self.log = Path(log)
        self._log_file = open(self.log, "wb")
        self._process = subprocess.Popen(
            ["ip", "netns", "exec", namespace, *map(str, command)],
            stdin=subprocess.PIPE if piped else subprocess.DEVNULL,
            stdout=subprocess.PIPE if piped else self._log_file,
            stderr=self._log_file,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
            preexec_fn=_before_exec,
        )

    @property
    def pid(self):
        return self._process.pid

    @property
    def output(self):
        return self._process.stdout

    @property
    def is_running(self):
        return self._process.poll() is None

    def cpu_nanoseconds(self):
        """User and system time of all its threads. Interrupts and kernel threads that work for it are not in it."""
        total = 0
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
        return total

    def memory_bytes(self):
        """Resident memory: all its pages, those that it shares with its executable's file included."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise RuntimeError(f"{self.name} has ended; its log is {self.log}")

    def has_loaded(self, folder):
        """Whether its code comes from files below `folder`."""
        return f" {folder}/" in Path(f"/proc/{self.pid}/maps").read_text()

    def stop(self):
        if self._process.stdin:
            self._process.stdin.close()
        if self.is_running:
            self._process.terminate()
            try:
                self._process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()
        self._log_file.close()


def run_in(namespace, command, timeout_seconds=60):
    """Runs a command to its end and returns its standard output; raises with its standard error if it failed."""
    done = subprocess.run(
        ["ip", "netns", "exec", namespace, *map(str, command)],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout_seconds, preexec_fn=_before_exec,
    )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(f"{Path(command[0]).name} failed: {(done.stderr or done.stdout).strip()[-2000:]}")
    return done.stdout
