#!/usr/bin/python3
"""Connections that are not what a port expects.

    garbage.py throw ADDRESS PORT... [--seed N]
    garbage.py dawdle ADDRESS PORT --connections N --seconds N

`throw` makes many connections to each port, gives each its bytes or none, and leaves or cuts it. `dawdle` keeps connections to one
port open and says a byte on each every half second: the beginning of a TLS handshake, or of an HTTP request. Prints JSON:
{"connections": how many were tried}. What the server does with them is its own affair.
"""

import argparse
import json
import random
import socket
import struct
import sys
import time

_CLIENT_HELLO = bytes.fromhex("16030100c8010000c40303") + bytes(32) + bytes.fromhex("00000213010100")
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_REQUEST = b"GET /metrics HTTP/1.1\r\nHost: x\r\n"


def attempts(chooser):
    yield b""
    yield _REQUEST + b"\r\n"
    yield _REQUEST + b"Content-Length: 1000000000\r\n\r\n"
    yield _REQUEST + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n"
    yield b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n"
    yield b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 20_000
    yield _PREFACE
    yield _PREFACE + bytes.fromhex("000000040000000000") * 1000
    yield bytes(1 << 20)
    yield b"\xff" * 65536
    # TLS records: of no type, of every length, an alert, application data before any handshake.
    yield bytes.fromhex("15030300020228")
    yield bytes.fromhex("1703030010") + bytes(16)
    yield bytes.fromhex("160301ffff") + bytes(65535)
    yield bytes.fromhex("1603010000") * 1000
    yield b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n"
    yield bytes.fromhex("0d0a0d0a000d0a515549540a2111000c") + bytes(12)
    for length in range(1, len(_CLIENT_HELLO), 7):
        yield _CLIENT_HELLO[:length]
    for _ in range(20):
        yield _CLIENT_HELLO[:11] + chooser.randbytes(chooser.randrange(1, 400))
    for _ in range(20):
        yield chooser.randbytes(chooser.randrange(1, 4096))


def throw(options):
    chooser = random.Random(options.seed)
    count = 0
    for port in options.ports:
        for said in attempts(chooser):
            _attempt(options.address, port, said, cut=chooser.random() < 0.5)
            count += 1
    return count


def _attempt(address, port, said, cut):
    try:
        with socket.create_connection((address, port), timeout=2) as connection:
            if cut:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.sendall(said)
            time.sleep(0.01)
    except OSError:
        # Refused or cut off: the server's right.
        pass


def dawdle(options):
    [port] = options.ports
    words = _CLIENT_HELLO if port == 15008 else _REQUEST
    connections = []
    for _ in range(options.connections):
        connections.append(socket.create_connection((options.address, port), timeout=5))
    print("dawdling", file=sys.stderr, flush=True)
    for index in range(int(options.seconds * 2)):
        for connection in connections:
            try:
                connection.sendall(words[index : index + 1])
            except OSError:
                pass
        time.sleep(0.5)
    return len(connections)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manner", choices=["throw", "dawdle"])
    parser.add_argument("address")
    parser.add_argument("ports", type=int, nargs="+", metavar="PORT")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--connections", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=5)
    options = parser.parse_args()
    print(json.dumps({"connections": {"throw": throw, "dawdle": dawdle}[options.manner](options)}))


if __name__ == "__main__":
    main()
