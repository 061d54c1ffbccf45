from .capture import INBOUND_PORT, OUTBOUND_PORT, PROXY_MARK, capture
from .subject import PROXY_LOADS, Subject


class PlainCopy(Subject):
    """Captured in both pods and copied by a proxy that does nothing else: the floor."""

    key = "plain-copy"
    title = "plain TCP copy"
    loads = PROXY_LOADS
    descriptors_per_connection = 2

    def start_proxies(self):
        program = self.programs / "plain-copy"
        self.source_proxies = [self.start("client", [program, OUTBOUND_PORT, PROXY_MARK], "source")]
        self.target_proxies = [self.start("server", [program, INBOUND_PORT, PROXY_MARK], "target")]
        capture(self.world.namespace("client"))
        capture(self.world.namespace("server"))
