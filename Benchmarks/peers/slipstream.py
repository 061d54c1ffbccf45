import json
import time
from pathlib import Path
from string import Template

from world import ADDRESSES, NETWORK_PREFIX

from .subject import Subject

_MESH = Template((Path(__file__).parent / "slipstream_mesh.yaml").read_text())
_PODS = {"client": "node-1", "server": "node-2"}


class Slipstream(Subject):
    """A node-agent and a ztunnel on each node, configured by a file. The node-agents are idle under load and not counted."""

    key = "slipstream"
    title = "Slipstream"

    def start_proxies(self):
        mesh = self.directory / "mesh.yaml"
        mesh.write_text(_MESH.substitute(client=ADDRESSES["client"], server=ADDRESSES["server"]))
        for pod, node in _PODS.items():
            self._enrol(pod, node)
            self.agents.append(self.start(node, self._node_agent(node), f"node-agent-{node}"))
        self.source_proxies = [self._start_ztunnel("node-1", mesh)]
        self.target_proxies = [self._start_ztunnel("node-2", mesh)]
        for pod, node in _PODS.items():
            self._wait_until_enabled(pod, node)

    def _node_directory(self, node):
        return self.directory / node

    def _zds_socket(self, node):
        # Under /run: a Unix socket's path may have 107 bytes, and a checkout's may be longer.
        return Path(f"/run/{NETWORK_PREFIX}bench-{node}.sock")

    def _enrol(self, pod, node):
        for folder in ("pods", "status"):
            (self._node_directory(node) / folder).mkdir(parents=True, exist_ok=True)
        for old in (self._node_directory(node) / "status").iterdir():
            old.unlink()
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

    def _start_ztunnel(self, node, mesh):
        environment = {
            "NODE_NAME": node,
            "LOCAL_XDS_PATH": str(mesh),
            "SLIPSTREAM_CA_DIR": str(self.setting.authority.directory),
            "INPOD_UDS": str(self._zds_socket(node)),
            "XDS_ADDRESS": "",
            "CA_ADDRESS": "",
            "ZTUNNEL_WORKER_THREADS": str(self.setting.worker_threads),
            "LOG_FORMAT": "json",
        }
        return self.start(node, [self.setting.slipstream / "ztunnel"], f"ztunnel-{node}", environment)

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
