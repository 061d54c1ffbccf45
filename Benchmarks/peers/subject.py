"""One way of carrying TCP between two pods: its world, its proxies, and the application behind it."""

import subprocess
import time
from contextlib import ExitStack

from world import ADDRESSES, APPLICATION_PORT, Process, World, run_in


class Subject:
    """Base of the subjects. `with subject:` has the whole path up, warm and proven by one request."""

    key = ""
    title = ""
    # How long a proxy may take until the first request passes.
    start_timeout_seconds = 30

    def __init__(self, setting):
        self.setting = setting
        self.programs = setting.programs
        self.directory = self.programs / "logs" / self.key
        self.world = World(self.key)
        self.source_proxies = []
        self.target_proxies = []
        # Must run, but their CPU and memory are not what is measured.
        self.agents = []
        self._open = ExitStack()

    @property
    def proxies(self):
        return self.source_proxies + self.target_proxies

    def start_proxies(self):
        """Starts the proxies of both sides into `source_proxies` and `target_proxies`, and captures the pods."""
        raise NotImplementedError

    def __enter__(self):
        with ExitStack() as opening:
            opening.enter_context(self.world)
            self._open = opening
            self.directory.mkdir(parents=True, exist_ok=True)
            self._start_applications()
            self.start_proxies()
            self._wait_until_carrying()
            self._open = opening.pop_all()
        return self

    def __exit__(self, *failure):
        self._open.close()

    def start(self, place, command, log, environment=None, piped=False):
        """Starts a process in `place` that ends with the subject."""
        log = self.directory / f"{log}.log"
        process = Process(self.world.namespace(place), command, log, environment, piped)
        self._open.callback(process.stop)
        return process

    def run_client(self, command, timeout_seconds=60):
        """Runs a load generator in the client's pod and returns what it printed."""
        return run_in(self.world.namespace("client"), command, timeout_seconds)

    def cpu_nanoseconds(self, proxies):
        return sum(proxy.cpu_nanoseconds() for proxy in proxies)

    def check_proxies(self):
        for proxy in self.proxies + self.agents:
            if not proxy.is_running:
                raise RuntimeError(f"{self.title}: {proxy.name} has ended; its log is {proxy.log}")

    def _start_applications(self):
        server = ADDRESSES["server"]
        self.start("server", [self.programs / "responder", server, APPLICATION_PORT], "responder")
        self.start("server", ["iperf3", "--server", "--bind", server], "iperf3")

    def _wait_until_carrying(self):
        probe = [self.programs / "idle", ADDRESSES["server"], APPLICATION_PORT, 1]
        deadline = time.monotonic() + self.start_timeout_seconds
        while True:
            self.check_proxies()
            try:
                self.run_client(probe, timeout_seconds=5)
                return
            except (RuntimeError, subprocess.TimeoutExpired) as failure:
                if time.monotonic() > deadline:
                    raise RuntimeError(f"{self.title} carries nothing: {failure}; logs: {self.directory}") from failure
                time.sleep(0.2)
