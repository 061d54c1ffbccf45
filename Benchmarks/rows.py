"""The lines of the table: what is measured, in which unit, and what is promised (DESIGN §7)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    measure: str
    name: str
    unit: str
    # The promise: at most this multiple of Envoy's, or, with `absolute`, at most this many units.
    budget: float
    absolute: bool = False
    # Latency is compared by what is added to a connection without any proxy.
    added: bool = False


def rows(openssl_version):
    """The budgets of two rows depend on whether OpenSSL is 3.5 or newer: it has the faster AES-GCM."""
    modern = openssl_version >= (3, 5)
    return [
        Row("cpu_per_request_us", "tunnel: CPU per request", "µs", 0.65),
        Row("cpu_per_connection_us", "tunnel: CPU per new connection", "µs", 0.55),
        Row("cpu_per_gb_1_stream_s", "tunnel: CPU per GB, 1 stream", "s", 0.80 if modern else 1.0),
        Row("cpu_per_gb_8_streams_s", "tunnel: CPU per GB, 8 streams", "s", 0.80 if modern else 1.0),
        Row("cpu_per_handshake_us", "server CPU per TLS handshake, known peer", "µs", 1.0 if modern else 1.5),
        Row("latency_p50_us", "latency added, p50", "µs", 0.8, added=True),
        Row("latency_p99_us", "latency added, p99", "µs", 0.8, added=True),
        Row("memory_idle_mb", "memory idle", "MB", 14, absolute=True),
        Row("memory_per_connection_kb", "memory per idle connection", "KB", 4, absolute=True),
        Row("memory_after_burst", "memory after a burst", "× idle", 1.2, absolute=True),
    ]
