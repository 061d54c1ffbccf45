#!/usr/bin/python3
"""Knocks at ports that are not meant for whoever knocks: knock.py --at ADDRESS... --ports PORT...

At each port of each address one connection for each of WORDS, all at the same time. Prints a JSON array of
    address, port   where
    said            which of WORDS
    outcome         refused, reset or eof: how it ended; open: it had not after --patience seconds; else what connect(2) said
    received        the first bytes that came, as text
"""

import argparse
import json
import os
import socket
import time
from concurrent.futures import ThreadPoolExecutor

WORDS = {
    "nothing": b"",
    "noise": bytes(range(256)) * 8,
    "http": b"GET /config_dump HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    "hello": bytes.fromhex("16030100c8010000c40303") + bytes(32) + bytes.fromhex("00000213010100"),
}


def knock(address, port, said, patience):
    found = {"address": address, "port": port, "said": said, "received": ""}
    try:
        with socket.create_connection((address, port), timeout=patience) as connection:
            connection.sendall(WORDS[said])
            return found | _listen(connection, patience)
    except ConnectionRefusedError:
        return found | {"outcome": "refused"}
    except (ConnectionResetError, BrokenPipeError):
        return found | {"outcome": "reset"}
    except TimeoutError:
        return found | {"outcome": "timeout"}
    except OSError as failure:
        return found | {"outcome": os.strerror(failure.errno or 0)}


def _listen(connection, patience):
    received = b""
    deadline = time.monotonic() + patience
    while (left := deadline - time.monotonic()) > 0:
        connection.settimeout(left)
        try:
            part = connection.recv(4096)
        except ConnectionResetError:
            return {"outcome": "reset", "received": _text(received)}
        except TimeoutError:
            break
        if not part:
            return {"outcome": "eof", "received": _text(received)}
        received = (received + part)[:4096]
    return {"outcome": "open", "received": _text(received)}


def _text(received):
    return received.decode("latin-1")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--at", nargs="+", required=True, metavar="ADDRESS")
    parser.add_argument("--ports", nargs="+", type=int, required=True, metavar="PORT")
    parser.add_argument("--patience", type=float, default=3, metavar="SECONDS")
    options = parser.parse_args()
    places = [(address, port, said) for address in options.at for port in options.ports for said in WORDS]
    with ThreadPoolExecutor(len(places)) as pool:
        print(json.dumps(list(pool.map(lambda place: knock(*place, options.patience), places))))


if __name__ == "__main__":
    main()
