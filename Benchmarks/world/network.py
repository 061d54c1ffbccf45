"""Two nodes with a pod or a few on each, as network namespaces.

    client pods --- bridge [node-1] --- link --- [node-2] bridge --- server pods

Every subject of the benchmark gets such a world of its own, with the same addresses, so that all of them are up and warm
while rounds alternate between them.
"""

import os
import signal
import subprocess

NETWORK_PREFIX = "slb-"
ADDRESSES = {
    "client": "10.245.1.2",
    "server": "10.245.2.2",
    # Neighbours of those on the same nodes.
    "other-client": "10.245.1.3",
    "other-server": "10.245.2.3",
}
APPLICATION_PORT = 8080
HBONE_PORT = 15008

_GATEWAYS = {"node-1": "10.245.1.1", "node-2": "10.245.2.1"}
_LINK = {"node-1": "172.31.0.1", "node-2": "172.31.0.2"}
_SETTINGS = [
    # New connections by the ten thousand: none may wait for a port or a conntrack entry to be given back.
    "net.ipv4.ip_local_port_range=10000 65000",
    "net.ipv4.tcp_max_tw_buckets=16384",
    "net.netfilter.nf_conntrack_tcp_timeout_time_wait=5",
    "net.netfilter.nf_conntrack_tcp_timeout_close=2",
    "net.ipv4.conf.all.rp_filter=0",
]


def node_of(pod):
    return "node-1" if pod.endswith("client") else "node-2"


class World:
    """The namespaces of one subject: both nodes, and its pods. `with World(name) as world:` makes and removes them."""

    def __init__(self, subject, pods=("client", "server")):
        self.subject = subject
        self.pods = pods
        self._places = ("node-1", "node-2", *pods)

    def namespace(self, place):
        """The name of the namespace of a pod, or of `node-1` or `node-2`."""
        return f"{NETWORK_PREFIX}bench-{self.subject}-{place}"

    def __enter__(self):
        try:
            self._build()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(self, *failure):
        self.remove()

    def remove(self):
        for place in self._places:
            _remove_namespace(self.namespace(place))

    def _build(self):
        for place in self._places:
            _ip("netns", "add", self.namespace(place))
            self._ip_in(place, "link", "set", "lo", "up")
        self._link_nodes()
        for node in _LINK:
            self._add_bridge(node)
        for pod in self.pods:
            self._link_pod(pod, node_of(pod))
        for place in self._places:
            self._settle(place)

    def _link_nodes(self):
        _ip(
            "link", "add", "name", "link", "netns", self.namespace("node-1"),
            "type", "veth", "peer", "name", "link", "netns", self.namespace("node-2"),
        )  # fmt: skip
        for node, address in _LINK.items():
            self._ip_in(node, "address", "add", f"{address}/24", "dev", "link")
            self._ip_in(node, "link", "set", "dev", "link", "up")
        self._ip_in("node-1", "route", "add", "10.245.2.0/24", "via", _LINK["node-2"])
        self._ip_in("node-2", "route", "add", "10.245.1.0/24", "via", _LINK["node-1"])

    def _add_bridge(self, node):
        # Fixed: a bridge left to itself takes another address as ports come.
        self._ip_in(node, "link", "add", "pods", "address", "02:00:00:00:00:01", "type", "bridge")
        self._ip_in(node, "address", "add", f"{_GATEWAYS[node]}/24", "dev", "pods")
        self._ip_in(node, "link", "set", "pods", "up")

    def _link_pod(self, pod, node):
        _ip(
            "link", "add", "name", "eth0", "netns", self.namespace(pod),
            "type", "veth", "peer", "name", pod, "netns", self.namespace(node),
        )  # fmt: skip
        self._ip_in(node, "link", "set", "dev", pod, "master", "pods", "up")
        self._ip_in(pod, "address", "add", f"{ADDRESSES[pod]}/24", "dev", "eth0")
        self._ip_in(pod, "link", "set", "eth0", "up")
        self._ip_in(pod, "route", "add", "default", "via", _GATEWAYS[node])

    def _settle(self, place):
        settings = _SETTINGS + (["net.ipv4.ip_forward=1"] if place.startswith("node") else [])
        for setting in settings:
            # Some exist only once conntrack is in use there; the rest of the world does not depend on them.
            subprocess.run(
                ["ip", "netns", "exec", self.namespace(place), "sysctl", "-q", "-w", setting], capture_output=True
            )

    def _ip_in(self, place, *arguments):
        _ip("-netns", self.namespace(place), *arguments)


def remove_leftovers():
    """Removes what a run that was killed left behind."""
    listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True).stdout
    for line in listed.splitlines():
        name = line.split()[0]
        if name.startswith(f"{NETWORK_PREFIX}bench-"):
            _remove_namespace(name)


def _remove_namespace(name):
    pids = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True).stdout
    for pid in pids.split():
        try:
            os.kill(int(pid), signal.SIGKILL)
        except ProcessLookupError:
            pass
    subprocess.run(["ip", "netns", "delete", name], capture_output=True)


def _ip(*arguments):
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
