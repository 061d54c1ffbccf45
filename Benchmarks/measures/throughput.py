"""CPU of the proxies per gigabyte (10⁹ bytes), under iperf3."""

import json

from world import ADDRESSES


def one_stream(subject, seconds):
    return {"cpu_per_gb_1_stream_s": _iperf(subject, seconds, streams=1)}


def eight_streams(subject, seconds):
    return {"cpu_per_gb_8_streams_s": _iperf(subject, seconds, streams=8)}


def _iperf(subject, seconds, streams):
    command = ["iperf3", "--json", "--client", ADDRESSES["server"], "--time", seconds, "--parallel", streams]
    before = subject.cpu_nanoseconds(subject.proxies)
    report = json.loads(subject.run_client(command))
    spent = subject.cpu_nanoseconds(subject.proxies) - before
    return spent / report["end"]["sum_received"]["bytes"]
