"""The machine under the measurement: namespaces, processes, capture rules."""

from .network import ADDRESSES, APPLICATION_PORT, HBONE_PORT, NETWORK_PREFIX, World, remove_leftovers
from .process import Process, run_in

__all__ = [
    "ADDRESSES", "APPLICATION_PORT", "HBONE_PORT", "NETWORK_PREFIX", "Process", "World", "remove_leftovers", "run_in",
]  # fmt: skip
