"""CPU of the proxies per request and per connection, under wrk."""

import re

from world import ADDRESSES, APPLICATION_PORT

_CONNECTIONS = 32


def requests(subject, seconds):
    """Small requests on connections that are kept: what one more byte exchange costs."""
    return {"cpu_per_request_us": _wrk(subject, seconds, [])}


def connections(subject, seconds):
    """Each request on a new connection, which the server closes: what a stream of a warm tunnel costs."""
    return {"cpu_per_connection_us": _wrk(subject, seconds, ["--header", "Connection: close"])}


def _wrk(subject, seconds, options):
    url = f"http://{ADDRESSES['server']}:{APPLICATION_PORT}/"
    before = subject.cpu_nanoseconds(subject.proxies)
    report = subject.run_client(["wrk", "-t", 1, "-c", _CONNECTIONS, "-d", f"{seconds}s", *options, url])
    spent = subject.cpu_nanoseconds(subject.proxies) - before
    return spent / _answered(subject, report) / 1000


def _answered(subject, report):
    found = re.search(r"(\d+) requests in", report)
    if not found or int(found[1]) == 0:
        raise RuntimeError(f"{subject.title}: wrk got no answer:\n{report}")
    if "Socket errors" in report or "Non-2xx" in report:
        raise RuntimeError(f"{subject.title}: wrk met errors:\n{report}")
    return int(found[1])
