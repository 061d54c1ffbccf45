"""Resident memory of the proxies: fresh, with idle connections, and once a burst is over."""

import time

from world import ADDRESSES, APPLICATION_PORT

IDLE_CONNECTIONS = 1000
_BURST_SETTLES_SECONDS = 5


class MemoryWatch:
    """Memory of one subject along the run. Of the two sides the larger counts."""

    def __init__(self, subject):
        self._subject = subject
        self._idle = self._bytes()

    def with_idle_connections(self):
        """What one connection that carries nothing holds, on the side where it holds more."""
        before = self._bytes()
        command = [self._subject.programs / "idle", ADDRESSES["server"], APPLICATION_PORT, IDLE_CONNECTIONS]
        holder = self._subject.start("client", command, "idle", piped=True)
        try:
            if not holder.output.readline().startswith(b"open"):
                raise RuntimeError(f"{self._subject.title}: {holder.log.read_text().strip()}")
            grown = [after - earlier for after, earlier in zip(self._bytes(), before)]
        finally:
            holder.stop()
        return {"memory_per_connection_kb": max(grown) / IDLE_CONNECTIONS / 1024}

    def after_all(self):
        """Once all loads are over: idle memory, and memory now as a multiple of it."""
        time.sleep(_BURST_SETTLES_SECONDS)
        settled = [after / idle for after, idle in zip(self._bytes(), self._idle)]
        return {"memory_idle_mb": max(self._idle) / 1e6, "memory_after_burst": max(settled)}

    def _bytes(self):
        return [proxy.memory_bytes() for proxy in self._subject.proxies]
