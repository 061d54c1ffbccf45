"""The server's CPU per full mutual TLS handshake, for a peer that it has seen before."""

import json

from peers.capture import PROXY_MARK
from world import ADDRESSES, HBONE_PORT


def handshakes(subject, seconds):
    setting = subject.setting
    command = [
        setting.programs / "handshakes", ADDRESSES["server"], HBONE_PORT, seconds, PROXY_MARK,
        setting.authority.root, setting.client.certificate, setting.client.key,
    ]  # fmt: skip
    before = subject.cpu_nanoseconds(subject.target_proxies)
    report = json.loads(subject.run_client(command))
    spent = subject.cpu_nanoseconds(subject.target_proxies) - before
    return {"cpu_per_handshake_us": spent / report["handshakes"] / 1000}
