#!/usr/bin/python3
"""Makes the certificates that the scenarios' peers show: certificate_zoo.py DIRECTORY

`authority/` is the mesh's own (what SLIPSTREAM_CA_DIR names), `foreign/` another one. In `authority/`: NAME.pem and NAME.key of
`client`, `stranger`, `envoy` and each bad leaf; in `foreign/`: `client`.
"""

import sys
from pathlib import Path

from certificates import Authority, spiffe


def main(directory):
    authority = Authority(Path(directory) / "authority")
    authority.leaf("client", [spiffe("shop", "client")])
    authority.leaf("stranger", [spiffe("shop", "stranger")])
    authority.leaf("envoy", [spiffe("shop", "envoy")])
    authority.leaf("expired", [spiffe("shop", "client")], days=-1)
    authority.leaf("other-trust-domain", [spiffe("shop", "client", trust_domain="elsewhere.example")])
    authority.leaf("no-names", [])
    authority.leaf("dns-name", [], dns=["client.shop.svc.cluster.local"])
    authority.leaf("not-an-identity", ["spiffe://cluster.local/workload/client"])
    authority.leaf("server-only", [spiffe("shop", "client")], usages="serverAuth")
    authority.leaf("server", [spiffe("shop", "server")])
    foreign = Authority(Path(directory) / "foreign", name="Somebody else's root")
    foreign.leaf("client", [spiffe("shop", "client")])


if __name__ == "__main__":
    main(sys.argv[1])
