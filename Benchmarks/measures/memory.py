"""Resident memory of the proxies: fresh, with idle connections, and once a burst is over."""

from contextlib import ExitStack

from world import ADDRESSES, APPLICATION_PORT, descriptors_limit

# One after the other, each on top of those before it.
IDLE_CONNECTIONS = (1_000, 10_000)
_SPARE_DESCRIPTORS = 1_000


class MemoryWatch:
    """Memory of one subject along the run. Of the two sides the larger counts."""

    def __init__(self, subject):
        self._subject = subject
        self._idle = self._bytes()

    def with_idle_connections(self):
        """What one connection that carries nothing holds, on the side where it holds more. Counts for which this machine allows
        too few descriptors are left out."""
        before, numbers, opened = self._bytes(), {}, 0
        with ExitStack() as holders:
            for count in filter(self._has_descriptors, IDLE_CONNECTIONS):
                for pair in self._subject.pairs:
                    self._hold(pair, (count - opened) // len(self._subject.pairs), holders)
                opened = count
                grown = [now - earlier for now, earlier in zip(self._bytes(), before)]
                numbers[f"memory_per_{count}_connections_kb"] = max(grown) / count / 1024
        return numbers

    def after_all(self):
        """Once all loads are over: idle memory, and memory now as a multiple of it."""
        settled = [now / idle for now, idle in zip(self._bytes(), self._idle)]
        return {"memory_idle_mb": max(self._idle) / 1e6, "memory_after_burst": max(settled)}

    def _has_descriptors(self, connections):
        return connections * self._subject.descriptors_per_connection + _SPARE_DESCRIPTORS <= descriptors_limit()

    def _hold(self, pair, count, holders):
        command = [self._subject.programs / "idle", ADDRESSES[f"{pair}server"], APPLICATION_PORT, count]
        holder = self._subject.start(f"{pair}client", command, f"idle-{pair}{count}", piped=True)
        holders.callback(holder.stop)
        if not holder.output.readline().startswith(b"open"):
            raise RuntimeError(f"{self._subject.title}: {holder.log.read_text().strip()}")

    def _bytes(self):
        return [proxy.memory_bytes() for proxy in self._subject.proxies]
