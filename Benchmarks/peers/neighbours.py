from .slipstream import Slipstream


class Neighbours(Slipstream):
    """Slipstream with three pods on each node: a quiet one, another beside it in the mesh, and one outside the mesh."""

    loads = frozenset({"neighbours"})
    pods = (*Slipstream.pods, "outside-client", "outside-server")

    def __init__(self, setting, worker_threads):
        self.key = f"neighbours-{worker_threads}"
        self.title = f"neighbours, {worker_threads} worker thread(s)"
        super().__init__(setting)
        self.worker_threads = worker_threads
