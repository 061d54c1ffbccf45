"""A pod's redirection for the peers, as ambient meshes do it: the same hooks, ports and marks as the node-agent's rules.

Slipstream's own pods are enrolled by its node-agent instead.
"""

import subprocess

# Sockets of the proxy itself carry this mark and are let through.
PROXY_MARK = 1337
OUTBOUND_PORT = 15001
INBOUND_PORT = 15006

_RULES = f"""
table inet slb-capture {{
    chain prerouting {{
        type nat hook prerouting priority dstnat; policy accept;
        meta l4proto tcp ip daddr != 127.0.0.1 tcp dport != 15008 meta mark and 0xfff != {PROXY_MARK} redirect to :{INBOUND_PORT}
    }}
    chain output {{
        type nat hook output priority -100; policy accept;
        meta l4proto tcp ip daddr != 127.0.0.1 oif lo accept
        meta l4proto tcp ip daddr != 127.0.0.1 meta mark and 0xfff != {PROXY_MARK} redirect to :{OUTBOUND_PORT}
    }}
}}
"""


def capture(namespace):
    """Redirects the TCP of a pod, in and out, to the proxy's ports."""
    done = subprocess.run(
        ["ip", "netns", "exec", namespace, "nft", "-f", "-"], input=_RULES, capture_output=True, text=True
    )
    if done.returncode != 0:
        raise RuntimeError(f"nft: {done.stderr.strip()}")
