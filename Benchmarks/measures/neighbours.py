"""What a quiet pod feels of one that saturates the node.

The quiet pod asks at a fixed low rate; its neighbour runs iperf3 with eight streams. The same load through ztunnels that the quiet
pod has nothing to do with takes as much of the machine: beside it, only what the shared ztunnels add is left.
"""

import json
import time
from contextlib import contextmanager

from world import ADDRESSES, APPLICATION_PORT

REQUESTS_PER_SECOND = 500
_CONNECTIONS = 4
_STREAMS = 8
# iperf3 begins before the quiet pod does, and goes on until after.
_LEAD_SECONDS = 0.5
_LONGER_SECONDS = 2


def neighbours(subject, seconds):
    """The quiet pod's p99 alone, beside the load through ztunnels elsewhere, and beside it through its own ztunnels."""
    alone = _quiet(subject, seconds)
    with _saturating(subject.elsewhere, seconds):
        elsewhere = _quiet(subject, seconds)
    with _saturating(subject, seconds):
        shared = _quiet(subject, seconds)
    return {"quiet_alone_p99_us": alone, "quiet_elsewhere_p99_us": elsewhere, "quiet_shared_p99_us": shared}


def _quiet(subject, seconds):
    command = [
        subject.programs / "paced", ADDRESSES["server"], APPLICATION_PORT, REQUESTS_PER_SECOND, seconds, _CONNECTIONS,
    ]  # fmt: skip
    return json.loads(subject.run_client(command))["p99_us"]


@contextmanager
def _saturating(subject, seconds):
    command = [
        "iperf3", "--json", "--client", ADDRESSES["other-server"], "--parallel", _STREAMS,
        "--time", seconds + _LONGER_SECONDS,
    ]  # fmt: skip
    load = subject.start("other-client", command, "load", piped=True)
    try:
        time.sleep(_LEAD_SECONDS)
        yield
        if not load.is_running:
            raise RuntimeError(f"{subject.title}: the load was over before the quiet pod was; its log is {load.log}")
        report = json.loads(load.output.read())
        if report["end"]["sum_received"]["bytes"] == 0:
            raise RuntimeError(f"{subject.title}: the load carried nothing")
    finally:
        load.stop()
