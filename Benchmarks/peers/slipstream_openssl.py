from .slipstream import Slipstream


class SlipstreamOpenSSL(Slipstream):
    """Slipstream's same binary run by the loader and the libraries of Debian 13, with OpenSSL 3.5."""

    key = "slipstream-openssl-3.5"
    title = "Slipstream with OpenSSL 3.5"
    loads = frozenset({"one-stream", "eight-streams", "handshakes", "new-handshakes"})

    def start_proxies(self):
        super().start_proxies()
        for proxy in self.proxies:
            if not proxy.has_loaded(self.setting.debian_13):
                raise RuntimeError(f"{self.title}: ztunnel runs with other libraries; its log is {proxy.log}")

    def ztunnel_command(self):
        tree = self.setting.debian_13
        (loader,) = tree.glob("usr/lib*/ld-linux-*.so.*")
        (libraries,) = tree.glob("usr/lib/*-linux-gnu*")
        return [loader, "--library-path", libraries, *super().ztunnel_command()]
