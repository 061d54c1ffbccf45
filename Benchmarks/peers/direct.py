from .subject import Subject


class Direct(Subject):
    """No proxy and no capture: the latency that the others add to."""

    key = "direct"
    title = "direct"
    loads = frozenset({"latency"})

    def start_proxies(self):
        pass
