from .slipstream import Slipstream


class Neighbours(Slipstream):
    """Slipstream with two pods on each node, of which one may be loud; and another mesh like it, elsewhere, that shares nothing
    with this one but the machine."""

    loads = frozenset({"neighbours"})

    def __init__(self, setting, worker_threads):
        super().__init__(setting, f"neighbours-{worker_threads}", worker_threads)
        self.title = f"{worker_threads} worker thread(s)"
        self.elsewhere = Slipstream(setting, f"elsewhere-{worker_threads}", worker_threads)

    def start_proxies(self):
        super().start_proxies()
        self._open.enter_context(self.elsewhere)
