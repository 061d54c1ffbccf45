"""What is measured of a subject. Each measure is one short load and returns plain numbers by name."""

from .handshakes import handshakes, new_handshakes
from .latency import latency
from .memory import IDLE_CONNECTIONS, MemoryWatch
from .neighbours import neighbours
from .requests import connections, requests
from .throughput import eight_streams, one_stream

__all__ = [
    "IDLE_CONNECTIONS", "MemoryWatch", "connections", "eight_streams", "handshakes", "latency", "neighbours",
    "new_handshakes", "one_stream", "requests",
]  # fmt: skip
