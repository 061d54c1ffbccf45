"""What all subjects share: folders, executables, and the identities of the two pods."""

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
_PROGRAMS = {"plain-copy": [], "responder": [], "paced": [], "idle": [], "handshakes": ["-lssl", "-lcrypto"]}
# The subjects that run Slipstream's binaries.
_OURS = {"slipstream", "slipstream-openssl-3.5", "neighbours-1", "neighbours-2"}

sys.path.insert(0, str(PROJECT / "Tests" / "Support"))

from certificates import Authority, Leaf, spiffe  # noqa: E402


@dataclass(frozen=True)
class Setting:
    # Where the benchmark's own programs, configuration and logs are.
    programs: Path
    # Where Slipstream's release binaries are.
    slipstream: Path
    envoy: Path
    # A Debian 13, for OpenSSL 3.5; None when nothing is run with it.
    debian_13: Path | None
    authority: Authority
    client: Leaf
    server: Leaf
    client_identity: str
    server_identity: str
    worker_threads: int


def openssl_version():
    """Of the libssl that this machine's programs load, as (major, minor)."""
    told = _run(["openssl", "version"])
    return tuple(map(int, re.search(r"OpenSSL (\d+)\.(\d+)", told).groups()))


def prepare(worker_threads, subjects, binaries):
    """Builds and installs what is missing and makes fresh certificates."""
    programs = PROJECT / ".build" / "bench"
    programs.mkdir(parents=True, exist_ok=True)
    _require_commands(["ip", "nft", "sysctl", "openssl", "gcc", "wrk", "iperf3"])
    for name, libraries in _PROGRAMS.items():
        compile_program(name, libraries, programs)
    shutil.rmtree(programs / "authority", ignore_errors=True)
    authority = Authority(programs / "authority", name="Slipstream benchmark")
    client_identity, server_identity = spiffe("bench", "client"), spiffe("bench", "server")
    return Setting(
        programs=programs,
        slipstream=_slipstream(binaries) if not subjects.isdisjoint(_OURS) else binaries,
        debian_13=_unpack_debian_13() if "slipstream-openssl-3.5" in subjects else None,
        envoy=_install_envoy() if "envoy" in subjects else Path(),
        authority=authority,
        client=authority.leaf("client", [client_identity]),
        server=authority.leaf("server", [server_identity]),
        client_identity=client_identity,
        server_identity=server_identity,
        worker_threads=worker_threads,
    )


def _require_commands(commands):
    missing = [command for command in commands if not shutil.which(command)]
    if missing:
        raise SystemExit(f"bench: not installed: {', '.join(missing)} (`make deps` installs them)")


def _slipstream(binaries):
    for program in ("ztunnel", "node-agent"):
        if not (binaries / program).exists():
            raise SystemExit(f"bench: {binaries}/{program} is missing: run `make build`, or leave slipstream out")
    return binaries.resolve()


def compile_program(name, libraries, programs):
    """One of the benchmark's own; returns where it is."""
    source, target = PROJECT / "Benchmarks" / "programs" / f"{name}.c", programs / name
    if not target.exists() or target.stat().st_mtime <= source.stat().st_mtime:
        _run(["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", target, source, *libraries])
    return target


def _install_envoy():
    """The tests' Envoy; installed when it is not there."""
    return Path(_run([PROJECT / "script" / "peers"]).strip())


def _unpack_debian_13():
    return Path(_run([PROJECT / "script" / "debian-13"]).strip())


def _run(command):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"bench: {command[0]} failed:\n{done.stderr.strip()}")
    return done.stdout
