"""The server's CPU per full mutual TLS handshake."""

import json

from peers.capture import PROXY_MARK
from world import ADDRESSES, HBONE_PORT


def handshakes(subject, seconds):
    """With a peer that the server has seen before: the same certificate each time."""
    return {"cpu_per_handshake_us": _handshakes(subject, seconds, [])}


def new_handshakes(subject, seconds):
    """With peers that the server has never seen: each shows another certificate."""
    return {"cpu_per_new_handshake_us": _handshakes(subject, seconds, [subject.setting.authority.key])}


def _handshakes(subject, seconds, options):
    setting = subject.setting
    command = [
        setting.programs / "handshakes", ADDRESSES["server"], HBONE_PORT, seconds, PROXY_MARK,
        setting.authority.root, setting.client.certificate, setting.client.key, *options,
    ]  # fmt: skip
    before = subject.cpu_nanoseconds(subject.target_proxies)
    report = json.loads(subject.run_client(command))
    spent = subject.cpu_nanoseconds(subject.target_proxies) - before
    return spent / report["handshakes"] / 1000
