"""Service-account tokens as a cluster binds them to nodes' proxies (ES256), signed with openssl."""

import base64
import json
import subprocess
import time


class TokenSigner:
    def __init__(self, folder):
        self._key = folder / "token-key.pem"
        self.public_key = folder / "token-keys.pem"
        _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", self._key)
        _openssl("ec", "-in", self._key, "-pubout", "-out", self.public_key)

    def token(self, node):
        now = int(time.time())
        claims = {
            "iss": "bench", "aud": ["istio-ca"], "iat": now, "exp": now + 7200,
            "sub": "system:serviceaccount:slipstream-system:ztunnel",
            "kubernetes.io": {
                "namespace": "slipstream-system", "serviceaccount": {"name": "ztunnel", "uid": "ztunnel"},
                "node": {"name": node},
            },
        }  # fmt: skip
        signed = ".".join(_encoded(json.dumps(part).encode()) for part in ({"alg": "ES256"}, claims))
        der = _openssl("dgst", "-sha256", "-sign", self._key, given=signed.encode())
        return f"{signed}.{_encoded(_raw(der))}"


def _raw(der):
    """The two numbers of a signature (RFC 3279 §2.2.3) in 32 bytes each (RFC 7518 §3.4)."""
    length = der[3]
    first, second = der[4 : 4 + length], der[6 + length :]
    return b"".join(number.lstrip(b"\0").rjust(32, b"\0") for number in (first, second))


def _encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _openssl(*arguments, given=None):
    return subprocess.run(["openssl", *map(str, arguments)], input=given, capture_output=True, check=True).stdout
