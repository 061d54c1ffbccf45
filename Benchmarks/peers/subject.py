"""One way of carrying TCP between two pods: its world, its proxies, and the application behind it."""

import subprocess
import time
from contextlib import ExitStack

from world import ADDRESSES, APPLICATION_PORT, Process, World, run_in

# What a proxy without TLS and tunnels is measured by, too.
PROXY_LOADS = frozenset({"requests", "connections", "one-stream", "eight-streams", "latency", "memory"})
TUNNEL_LOADS = PROXY_LOADS | {"handshakes", "new-handshakes"}


class Subject:
    """Base of the subjects. `with subject:` has the whole path up, warm and proven by one request."""

    key = ""
    title = ""
    # Which measures it takes part in.
    loads = frozenset()
    pods = ("client", "server")
    # Those that the proxies serve, in pairs of a client and a server: what precedes these words in their names.
    pairs = ("",)
    # How many descriptors a connection takes of one proxy.
    descriptors_per_connection = 1
    # How long a proxy may take until the first request passes.
    start_timeout_seconds = 30

    def __init__(self, setting):
        self.setting = setting
        self.programs = setting.programs
        self.worker_threads = setting.worker_threads
        self.directory = self.programs / "logs" / self.key
        self.world = World(self.key, self.pods)
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
        for pod in filter(lambda pod: pod.endswith("server"), self.pods):
            address = ADDRESSES[pod]
            self.start(pod, [self.programs / "responder", address, APPLICATION_PORT], f"responder-{pod}")
            self.start(pod, ["iperf3", "--server", "--bind", address], f"iperf3-{pod}")

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
