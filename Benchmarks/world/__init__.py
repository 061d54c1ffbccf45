"""The machine under the measurement: namespaces, processes, capture rules."""

from .network import ADDRESSES, APPLICATION_PORT, HBONE_PORT, NETWORK_PREFIX, World, node_of, remove_leftovers
from .process import Process, descriptors_limit, raise_descriptors_limit, run_in

__all__ = [
    "ADDRESSES", "APPLICATION_PORT", "HBONE_PORT", "NETWORK_PREFIX", "Process", "World", "descriptors_limit", "node_of",
    "raise_descriptors_limit", "remove_leftovers", "run_in",
]  # fmt: skip
