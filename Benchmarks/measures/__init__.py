"""What is measured of a subject. Each measure is one short load and returns plain numbers by name."""

from .handshakes import handshakes
from .latency import latency
from .memory import MemoryWatch
from .requests import connections, requests
from .throughput import eight_streams, one_stream

__all__ = ["MemoryWatch", "connections", "eight_streams", "handshakes", "latency", "one_stream", "requests"]
