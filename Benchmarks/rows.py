"""The lines of the tables: what is measured, in which unit, and what is promised (DESIGN §7)."""

from dataclasses import dataclass

from measures import IDLE_CONNECTIONS


@dataclass(frozen=True)
class Row:
    measure: str
    name: str
    unit: str
    # The promise: at most this multiple of Envoy's, or, with `absolute`, at most this many units. None: none is given.
    budget: float | None
    absolute: bool = False
    # Latency is compared by what is added to a connection without any proxy.
    added: bool = False
    # Which subject of ours it is about.
    subject: str = "slipstream"


@dataclass(frozen=True)
class NeighbourRow:
    """What a quiet pod feels of a saturating one, against the quiet pod alone."""

    subject: str
    name: str
    unit: str = "µs"
    budget: float = 1.2


def rows(openssl_versions):
    """The table against Envoy.

    `openssl_versions` has those of our subjects that differ by their OpenSSL. What encrypts is a row for each: from 3.5 on, AES-GCM
    and certificates cost less, and more is promised.
    """
    return [
        Row("cpu_per_request_us", "tunnel: CPU per request", "µs", 0.65),
        Row("cpu_per_connection_us", "tunnel: CPU per new connection", "µs", 0.55),
        *(row for subject, version in openssl_versions.items() for row in _encrypting(subject, version)),
        Row("latency_p50_us", "latency added, p50", "µs", 0.8, added=True),
        Row("latency_p99_us", "latency added, p99", "µs", 0.8, added=True),
        Row("memory_idle_mb", "memory idle", "MB", 14, absolute=True),
        *map(_idle_connections, IDLE_CONNECTIONS),
        Row("memory_after_burst", "memory after a burst", "× idle", 1.2, absolute=True),
    ]


def neighbour_rows():
    return [
        NeighbourRow("neighbours-1", "p99 of a quiet pod, 1 worker a node"),
        NeighbourRow("neighbours-2", "p99 of a quiet pod, 2 workers a node"),
    ]


def _idle_connections(count):
    name = f"memory per idle connection, of {count:,}"
    return Row(f"memory_per_{count}_connections_kb", name, "KB", 4, absolute=True)


def _encrypting(subject, version):
    modern = version >= (3, 5)
    per_gb, per_handshake = (0.80, 1.0) if modern else (1.0, 1.5)
    with_openssl = f"OpenSSL {version[0]}.{version[1]}"
    return [
        Row("cpu_per_gb_1_stream_s", f"tunnel: CPU per GB, 1 stream, {with_openssl}", "s", per_gb, subject=subject),
        Row("cpu_per_gb_8_streams_s", f"tunnel: CPU per GB, 8 streams, {with_openssl}", "s", per_gb, subject=subject),
        Row(
            "cpu_per_handshake_us", f"server CPU per TLS handshake, known peer, {with_openssl}", "µs", per_handshake,
            subject=subject,
        ),
        Row(
            "cpu_per_new_handshake_us", f"server CPU per TLS handshake, new peer, {with_openssl}", "µs", None,
            subject=subject,
        ),
    ]  # fmt: skip
