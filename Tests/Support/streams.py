"""The bytes of tests: made from a seed at one end of a connection and compared with it at the other."""

import random
import socket
import struct

CHUNK_BYTES = 64 * 1024
# A prime: nothing that moves bytes in powers of two can lose or repeat a whole number of laps unseen.
_LAP_BYTES = 65_521


class Stream:
    """The bytes of one direction: the same at both ends for the same seed, and different in each lap."""

    def __init__(self, seed):
        self._block = random.Random(seed).randbytes(_LAP_BYTES)[8:]
        self.count = 0
        # How many bytes came before the first that was wrong.
        self.wrong_at = None

    def make(self, limit=CHUNK_BYTES):
        """The next bytes, at most `limit` of them."""
        made = self._next(min(limit, CHUNK_BYTES))
        self.count += len(made)
        return made

    def compare(self, received):
        """Takes what came as the next bytes."""
        expected = self._next(len(received))
        if received != expected and self.wrong_at is None:
            self.wrong_at = self.count + next(i for i, (a, b) in enumerate(zip(received, expected)) if a != b)
        self.count += len(received)

    def _next(self, count):
        lap, start = divmod(self.count, _LAP_BYTES)
        parts = [self._lap(lap)[start : start + count]]
        missing = count - len(parts[0])
        while missing > 0:
            lap += 1
            parts.append(self._lap(lap)[:missing])
            missing -= len(parts[-1])
        return b"".join(parts)

    def _lap(self, number):
        return struct.pack(">Q", number) + self._block


def send_all(connection, seed, count):
    stream = Stream(seed)
    while stream.count < count:
        connection.sendall(stream.make(count - stream.count))


def receive_all(connection, seed, limit=None):
    """Takes what comes until the end, or `limit` bytes. How many, where the first wrong one was (or None), and how it ended:
    eof, reset or limit."""
    stream = Stream(seed)
    end = "limit"
    while limit is None or stream.count < limit:
        try:
            received = connection.recv(CHUNK_BYTES if limit is None else min(CHUNK_BYTES, limit - stream.count))
        except ConnectionResetError:
            end = "reset"
            break
        if not received:
            end = "eof"
            break
        stream.compare(received)
    return stream.count, stream.wrong_at, end


def receive_exactly(connection, count):
    parts = []
    while count > 0:
        part = connection.recv(count)
        if not part:
            raise ConnectionError("the connection ended")
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def read_line(connection):
    line = b""
    while not line.endswith(b"\n"):
        byte = connection.recv(1)
        if not byte:
            raise ConnectionError("the connection ended within a line")
        line += byte
    return line.decode()


def reset(connection):
    """Closes with RST: what was not sent is thrown away."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
