"""Certificate authorities and SPIFFE leaves, made with the openssl command.

For tests and benchmarks alike: good leaves, and each kind of bad one that a peer may show.
"""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Leaf:
    """A certificate and its private key, as PEM files."""

    certificate: Path
    key: Path


class Authority:
    """A self-signed P-256 authority whose directory has the form that `SLIPSTREAM_CA_DIR` names:
    `root-cert.pem`, `ca-cert.pem` and `ca-key.pem` (mode 0600)."""

    def __init__(self, directory, name="Slipstream test root", key_type=("EC", "ec_paramgen_curve:P-256")):
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.root = self.directory / "root-cert.pem"
        self.certificate = self.directory / "ca-cert.pem"
        self.key = self.directory / "ca-key.pem"
        _new_key(self.key, key_type)
        _openssl(
            "req", "-x509", "-new", "-key", self.key, "-sha256", "-days", "30", "-subj", f"/O={name}",
            "-addext", "basicConstraints=critical,CA:TRUE",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign",
            "-out", self.certificate,
        )  # fmt: skip
        self.root.write_bytes(self.certificate.read_bytes())

    def leaf(self, name, uris, days=1, usages="serverAuth,clientAuth", dns=()):
        """A leaf with these URI SANs; `days` below zero makes one that has expired already."""
        leaf = Leaf(self.directory / f"{name}.pem", self.directory / f"{name}.key")
        _new_key(leaf.key, ("EC", "ec_paramgen_curve:P-256"))
        request = self.directory / f"{name}.csr"
        extensions = self.directory / f"{name}.ext"
        extensions.write_text(_extensions(uris, dns, usages))
        _openssl("req", "-new", "-key", leaf.key, "-subj", f"/O={name}", "-out", request)
        _openssl(
            "x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial",
            "-days", str(days), "-sha256", "-extfile", extensions, "-out", leaf.certificate,
        )  # fmt: skip
        request.unlink()
        extensions.unlink()
        return leaf


def spiffe(namespace, service_account, trust_domain="cluster.local"):
    return f"spiffe://{trust_domain}/ns/{namespace}/sa/{service_account}"


def _extensions(uris, dns, usages):
    lines = ["basicConstraints=critical,CA:FALSE", "keyUsage=critical,digitalSignature"]
    names = [f"URI:{uri}" for uri in uris] + [f"DNS:{name}" for name in dns]
    if usages:
        lines.append(f"extendedKeyUsage={usages}")
    if names:
        lines.append("subjectAltName=critical," + ",".join(names))
    return "\n".join(lines) + "\n"


def _new_key(path, key_type):
    algorithm, option = key_type
    _openssl("genpkey", "-algorithm", algorithm, "-pkeyopt", option, "-out", path)
    os.chmod(path, 0o600)


def _openssl(*arguments):
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {arguments[0]} failed: {done.stderr.strip()}")
