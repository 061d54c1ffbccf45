#!/usr/bin/python3
"""Connections that are not what a port expects: garbage.py ADDRESS PORT [--seed N]

Each is made, given its bytes or none, and left or cut. Exits 0 when all could be made; what the server does is its own affair.
"""

import argparse
import random
import socket
import struct
import time

_CLIENT_HELLO = bytes.fromhex("16030100c8010000c40303") + bytes(32) + bytes.fromhex("00000213010100")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address")
    parser.add_argument("port", type=int)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chooser = random.Random(options.seed)
    for bytes_sent in _attempts(chooser):
        _attempt(options.address, options.port, bytes_sent, cut=chooser.random() < 0.5)


def _attempts(chooser):
    yield b""
    yield b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    yield b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    for length in range(1, len(_CLIENT_HELLO), 7):
        yield _CLIENT_HELLO[:length]
    for _ in range(20):
        yield chooser.randbytes(chooser.randrange(1, 4096))


def _attempt(address, port, bytes_sent, cut):
    try:
        with socket.create_connection((address, port), timeout=2) as connection:
            connection.sendall(bytes_sent)
            time.sleep(0.01)
            if cut:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except OSError:
        # Refused or cut off: the server's right.
        pass


if __name__ == "__main__":
    main()
