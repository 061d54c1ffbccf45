import json
import shutil
import time
from pathlib import Path

from world import ADDRESSES, NETWORK_PREFIX, node_of

from .slipstream_mesh import mesh
from .subject import TUNNEL_LOADS, Subject


class Slipstream(Subject):
    """A node-agent and a ztunnel on each node, configured by a file. The node-agents are idle under load and not counted."""

    key = "slipstream"
    title = "Slipstream"
    loads = TUNNEL_LOADS
    # A node has more than one pod, and what it lets one of them hold is less than all.
    pods = ("client", "server", "other-client", "other-server")
    pairs = ("", "other-")

    def __init__(self, setting, key=None, worker_threads=None):
        self.key = key or self.key
        super().__init__(setting)
        self.worker_threads = worker_threads or self.worker_threads

    def start_proxies(self):
        for node in ("node-1", "node-2"):
            self._forget_pods(node)
        enrolled = [f"{pair}{side}" for pair in self.pairs for side in ("client", "server")]
        for pod in enrolled:
            self._enrol(pod, node_of(pod))
        for node in ("node-1", "node-2"):
            self.agents.append(self.start(node, self._node_agent(node), f"node-agent-{node}"))
        configuration = self.directory / "mesh.yaml"
        configuration.write_text(mesh(self.pairs))
        self.source_proxies = [self._start_ztunnel("node-1", configuration)]
        self.target_proxies = [self._start_ztunnel("node-2", configuration)]
        for pod in enrolled:
            self._wait_until_enabled(pod, node_of(pod))

    def _node_directory(self, node):
        return self.directory / node

    def _zds_socket(self, node):
        # Under /run: a Unix socket's path may have 107 bytes, and a checkout's may be longer.
        return Path(f"/run/{NETWORK_PREFIX}bench-{self.key}-{node}.sock")

    def _forget_pods(self, node):
        for folder in ("pods", "status"):
            shutil.rmtree(self._node_directory(node) / folder, ignore_errors=True)
            (self._node_directory(node) / folder).mkdir(parents=True)

    def _enrol(self, pod, node):
        entry = {
            "uid": f"bench-{pod}", "name": pod, "namespace": "bench", "serviceAccount": pod,
            "netns": f"/run/netns/{self.world.namespace(pod)}", "ips": [ADDRESSES[pod]], "bypassInboundCapture": False,
        }  # fmt: skip
        (self._node_directory(node) / "pods" / f"bench-{pod}.json").write_text(json.dumps(entry))

    def _node_agent(self, node):
        directory = self._node_directory(node)
        self._open.callback(lambda: self._zds_socket(node).unlink(missing_ok=True))
        return [
            self.setting.slipstream / "node-agent", "--node-name", node, "--pods", directory / "pods",
            "--status", directory / "status", "--zds-socket", self._zds_socket(node),
        ]  # fmt: skip

    def _start_ztunnel(self, node, configuration):
        environment = {
            "NODE_NAME": node,
            "LOCAL_XDS_PATH": str(configuration),
            "SLIPSTREAM_CA_DIR": str(self.setting.authority.directory),
            "INPOD_UDS": str(self._zds_socket(node)),
            "XDS_ADDRESS": "",
            "CA_ADDRESS": "",
            "ZTUNNEL_WORKER_THREADS": str(self.worker_threads),
            "LOG_FORMAT": "json",
        }
        return self.start(node, self.ztunnel_command(), f"ztunnel-{node}", environment)

    def ztunnel_command(self):
        return [self.setting.slipstream / "ztunnel"]

    def _wait_until_enabled(self, pod, node):
        status = self._node_directory(node) / "status" / f"bench-{pod}.json"
        deadline = time.monotonic() + self.start_timeout_seconds
        state = None
        while time.monotonic() < deadline:
            self.check_proxies()
            if status.exists():
                state = json.loads(status.read_text())
                if state["state"] == "enabled":
                    return
            time.sleep(0.1)
        raise RuntimeError(f"the pod {pod} was not enrolled: {state}; logs: {self.directory}")
