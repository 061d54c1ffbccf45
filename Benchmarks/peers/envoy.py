from pathlib import Path
from string import Template

from .capture import PROXY_MARK, capture
from .subject import TUNNEL_LOADS, Subject

_CONFIGURATION = Path(__file__).parent / "envoy_configuration"


class Envoy(Subject):
    """Envoy on both sides, doing what ztunnel does: capture, HBONE, one policy, an access log."""

    key = "envoy"
    title = "Envoy"
    loads = TUNNEL_LOADS

    def start_proxies(self):
        self.source_proxies = [self._start_envoy("client", self.setting.client)]
        self.target_proxies = [self._start_envoy("server", self.setting.server)]
        # The server's inbound plaintext stays closed, as in a STRICT mesh: only 15008 is served.
        capture(self.world.namespace("client"))
        capture(self.world.namespace("server"))

    def _start_envoy(self, pod, leaf):
        configuration = self.directory / f"{pod}.yaml"
        template = Template((_CONFIGURATION / f"{pod}.yaml").read_text())
        configuration.write_text(
            template.substitute(
                access_log=self.directory / f"{pod}-access.log",
                certificate=leaf.certificate,
                key=leaf.key,
                root=self.setting.authority.root,
                client_identity=self.setting.client_identity,
                server_identity=self.setting.server_identity,
                mark=PROXY_MARK,
            )
        )
        command = [
            self.setting.envoy, "--config-path", configuration, "--concurrency", self.worker_threads,
            "--disable-hot-restart", "--log-level", "warning",
        ]  # fmt: skip
        return self.start(pod, command, pod)
