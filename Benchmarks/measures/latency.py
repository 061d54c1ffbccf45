"""How long requests take at a fixed rate that no subject is saturated by."""

import json

from world import ADDRESSES, APPLICATION_PORT

REQUESTS_PER_SECOND = 2000
_CONNECTIONS = 16


def latency(subject, seconds):
    command = [
        subject.programs / "paced", ADDRESSES["server"], APPLICATION_PORT, REQUESTS_PER_SECOND, seconds, _CONNECTIONS,
    ]  # fmt: skip
    report = json.loads(subject.run_client(command))
    return {"latency_p50_us": report["p50_us"], "latency_p99_us": report["p99_us"]}
