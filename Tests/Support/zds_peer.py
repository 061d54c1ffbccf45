#!/usr/bin/python3
"""The other side of a ZDS socket, behaving badly: zds_peer.py agent SOCKET UID... | zds_peer.py proxy SOCKET

`agent` takes the place of a node agent: it listens at SOCKET, and treats each connection of a proxy to the next of its offences, then
goes. The UIDs are of pods that the proxy serves and is to go on serving. `proxy` plays one proxy after another to an agent. Prints
JSON: {"offences": how many were committed}.
"""

import array
import json
import os
import socket
import sys
import time

NAMESPACE = "/proc/self/ns/net"


def field(number, value):
    """A length-delimited field (protobuf wire type 2)."""
    length = bytes([len(value)]) if len(value) < 128 else bytes([len(value) & 0x7F | 0x80, len(value) >> 7])
    return bytes([number << 3 | 2]) + length + value


def add(uid):
    info = field(1, b"pod") + field(2, b"shop") + field(3, b"pod")
    return field(1, field(1, uid) + field(2, info))


def keep(uid):
    return field(5, field(1, uid))


SNAPSHOT = field(3, b"")
HELLO = bytes([0x08, 1])
ACK = field(1, b"")


def send(connection, packet, *paths):
    descriptors = [os.open(path, os.O_RDONLY) for path in paths]
    try:
        passed = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
        connection.sendmsg([packet], passed)
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def offences_of_agents(uids):
    """Each is the packets of one connection, with the files whose descriptors go beside each."""
    kept = [(keep(uid), ()) for uid in uids]
    yield []
    # Proxies take the more time between attempts the less comes of them: each goes on from something that makes sense.
    yield from (kept[:1] + packets for packets in _senseless(kept))


def _senseless(kept):
    yield [(b"\xff" * 100, ())]
    yield [(bytes(1024), ())]
    yield [(b"x" * 5000, ())]
    yield [(add(b"a"), ())]
    yield [(add(b"a"), (NAMESPACE, NAMESPACE))]
    yield [(add(b"a"), (NAMESPACE,) * 20)]
    yield [(SNAPSHOT, (NAMESPACE,))]
    yield [(keep(b"nobody"), (NAMESPACE,))]
    yield [(field(1, field(1, b"a")), (NAMESPACE,))]
    yield [(add(b""), (NAMESPACE,))]
    yield [(field(9, b"x"), ())]
    # No namespace at all: a file, a device.
    yield [(add(b"file"), ("/etc/hostname",)), *kept, (SNAPSHOT, ())]
    yield [(add(b"device"), ("/dev/zero",)), *kept, (SNAPSHOT, ())]
    yield [*kept, (SNAPSHOT, ()), (SNAPSHOT, ())]
    yield [*kept, (SNAPSHOT, ()), kept[0]]
    yield [*kept, (SNAPSHOT, ()), (b"\x00", ())]
    yield kept * 100
    # Goes away in the middle of what it says.
    yield kept[:1]
    yield [(add(b"gone"), (NAMESPACE,))]


def agent(path, *uids):
    if os.path.exists(path):
        os.unlink(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(path)
    listener.listen(8)
    count = 0
    for packets in offences_of_agents([uid.encode() for uid in uids]):
        # The time between a proxy's attempts doubles each time that nothing came of one.
        listener.settimeout(30)
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(5)
            connection.recv(1024)
            _commit(connection, packets)
        count += 1
    listener.close()
    os.unlink(path)
    return count


def _commit(connection, packets):
    try:
        for packet, paths in packets:
            send(connection, packet, *paths)
        # Time for an answer, and for the proxy to hang up.
        connection.settimeout(0.2)
        while connection.recv(1024):
            pass
    except OSError:
        pass


def proxy(path):
    offences = [
        [],
        [(b"\xff" * 100, ())],
        [(b"x" * 5000, ())],
        [(bytes([0x08, 9]), ())],
        [(HELLO, (NAMESPACE,))],
        [(HELLO, (NAMESPACE,) * 20)],
        [(HELLO, ()), (b"\xff" * 10, ())],
        [(HELLO, ()), (ACK, (NAMESPACE,))],
        [(HELLO, ()), *[(ACK, ())] * 200],
        [(HELLO, ()), (field(1, field(1, b"no" * 300)), ())],
        [(HELLO, ())],
    ]
    for packets in offences:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
            connection.connect(path)
            _commit(connection, packets)
    # More at once than there is room for.
    crowd = [socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(20)]
    for connection in crowd:
        connection.connect(path)
    time.sleep(0.2)
    for connection in crowd:
        connection.close()
    return len(offences) + 1


def main():
    manner, *rest = sys.argv[1:]
    print(json.dumps({"offences": {"agent": agent, "proxy": proxy}[manner](*rest)}))


if __name__ == "__main__":
    main()
