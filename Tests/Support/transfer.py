#!/usr/bin/python3
"""Checksummed transfers that end in every way TCP can, and a server that remembers what it got.

    transfer.py serve ADDRESS PORT
    transfer.py mix ADDRESS PORT [--connections N] [--parallel N] [--bytes N] [--seed N]
    transfer.py steady ADDRESS PORT --seconds N
    transfer.py ask ADDRESS PORT TEXT

`mix` makes connections whose bytes in both directions come from the seed and which end as one of ENDINGS, then asks the server, over a
connection of its own for each, what it received and how that ended. `steady` keeps one connection busy with an echo that is
compared byte by byte, while something else happens to the mesh. `ask` sends one line and prints the one that comes back, with
the client's address as the server sees it. All print one JSON object and exit 1 when anything was wrong.
"""

import argparse
import hashlib
import json
import random
import select
import socket
import struct
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

CHUNK_BYTES = 32 * 1024
SILENCE_LIMIT_SECONDS = 30

# How a connection ends, and what each side must see of it.
ENDINGS = {
    # The client is done first and still receives; then the other way round; then both at once.
    "client-first": {"client": "eof", "server": "eof"},
    "server-first": {"client": "eof", "server": "eof"},
    "together": {"client": "eof", "server": "eof"},
    # One side breaks off, with bytes under way: the other must learn of it as a reset, not as an end.
    "client-resets": {"client": None, "server": "reset"},
    "server-resets": {"client": "reset", "server": None},
}


class Stream:
    """The bytes of one direction: the same at both ends for the same seed."""

    def __init__(self, seed):
        self._random = random.Random(seed)
        self._digest = hashlib.sha256()
        self.count = 0

    def make(self, limit):
        """The next bytes, at most `limit` of them."""
        made = self._random.randbytes(CHUNK_BYTES)[:limit]
        self._digest.update(made)
        self.count += len(made)
        return made

    def take(self, received):
        self._digest.update(received)
        self.count += len(received)

    @property
    def digest(self):
        return self._digest.hexdigest()


def expected_digest(seed, count):
    stream = Stream(seed)
    while stream.count < count:
        stream.make(count - stream.count)
    return stream.digest


def send_all(connection, seed, count):
    stream = Stream(seed)
    while stream.count < count:
        connection.sendall(stream.make(count - stream.count))


def receive_all(connection, limit=None):
    """What came until the end, or `limit` bytes: count, digest, and how it ended (eof, reset, limit)."""
    stream = Stream(0)
    while limit is None or stream.count < limit:
        try:
            received = connection.recv(CHUNK_BYTES if limit is None else min(CHUNK_BYTES, limit - stream.count))
        except ConnectionResetError:
            return stream.count, stream.digest, "reset"
        if not received:
            return stream.count, stream.digest, "eof"
        stream.take(received)
    return stream.count, stream.digest, "limit"


def reset(connection):
    """Closes with RST: what was not sent is thrown away."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def read_line(connection):
    line = b""
    while not line.endswith(b"\n"):
        byte = connection.recv(1)
        if not byte:
            raise ConnectionError("the connection ended within a line")
        line += byte
    return line.decode()


class Server:
    """Answers the plans that clients send as their first line."""

    def __init__(self, address, port):
        self._listener = socket.create_server((address, port), backlog=1024)
        self._outcomes = {}
        self._changed = threading.Condition()

    def run(self):
        print("listening", flush=True)
        while True:
            connection, client = self._listener.accept()
            threading.Thread(target=self._serve, args=(connection, client), daemon=True).start()

    def _serve(self, connection, client):
        with connection:
            connection.settimeout(SILENCE_LIMIT_SECONDS)
            try:
                plan = json.loads(read_line(connection))
                getattr(self, "_" + plan["do"])(connection, plan, client)
            except (OSError, ValueError, KeyError, AttributeError) as failure:
                print(f"{client}: {failure!r}", flush=True)

    def _exchange(self, connection, plan, client):
        ending = plan["ending"]
        if ending == "server-first":
            send_all(connection, plan["down_seed"], plan["down"])
            connection.shutdown(socket.SHUT_WR)
            self._remember(plan, receive_all(connection))
        elif ending == "server-resets":
            count, digest, end = receive_all(connection, plan["up"])
            send_all(connection, plan["down_seed"], plan["down"])
            reset(connection)
            self._remember(plan, (count, digest, None))
        else:
            self._exchange_at_once(connection, plan)

    def _exchange_at_once(self, connection, plan):
        sender = threading.Thread(target=self._send_and_end, args=(connection, plan))
        sender.start()
        received = receive_all(connection)
        sender.join()
        self._remember(plan, received)

    def _send_and_end(self, connection, plan):
        try:
            send_all(connection, plan["down_seed"], plan["down"])
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            # The client has broken off, as planned; what matters is what the reading side sees of it.
            pass

    def _remember(self, plan, received):
        with self._changed:
            self._outcomes[plan["id"]] = dict(zip(("count", "digest", "end"), received))
            self._changed.notify_all()

    def _recall(self, connection, plan, client):
        """What one connection gave, once it is known; null when it is not within ten seconds."""
        with self._changed:
            self._changed.wait_for(lambda: plan["id"] in self._outcomes, timeout=10)
            outcome = self._outcomes.get(plan["id"])
        connection.sendall(json.dumps(outcome).encode() + b"\n")

    def _echo(self, connection, plan, client):
        while received := connection.recv(CHUNK_BYTES):
            connection.sendall(received)

    def _reply(self, connection, plan, client):
        answer = {"text": plan["text"], "client": client[0]}
        connection.sendall(json.dumps(answer).encode() + b"\n")


class Client:
    def __init__(self, address, port, seed, bytes_limit):
        self._target = (address, port)
        self._seed = seed
        self._bytes_limit = bytes_limit

    def exchange(self, index):
        """One connection by its plan. Returns None, or what was wrong."""
        plan = self._plan(index)
        try:
            seen = self._carry_out(plan)
            told = self._recall(plan)
        except OSError as failure:
            return f"{plan}: {failure!r}"
        wrong = self._compare(plan, seen, told)
        return f"{plan}: {wrong}" if wrong else None

    def _plan(self, index):
        chooser = random.Random(f"{self._seed}/{index}")
        return {
            "do": "exchange", "id": f"{self._seed}/{index}/{chooser.random()}", "ending": list(ENDINGS)[index % len(ENDINGS)],
            "up": chooser.randrange(self._bytes_limit), "up_seed": chooser.random(),
            "down": chooser.randrange(self._bytes_limit), "down_seed": chooser.random(),
        }  # fmt: skip

    def _dial(self, plan):
        connection = socket.create_connection(self._target, timeout=SILENCE_LIMIT_SECONDS)
        connection.sendall(json.dumps(plan).encode() + b"\n")
        return connection

    def _carry_out(self, plan):
        connection = self._dial(plan)
        with connection:
            return getattr(self, "_" + plan["ending"].replace("-", "_"))(connection, plan)

    def _client_first(self, connection, plan):
        send_all(connection, plan["up_seed"], plan["up"])
        connection.shutdown(socket.SHUT_WR)
        return receive_all(connection)

    def _server_first(self, connection, plan):
        received = receive_all(connection)
        send_all(connection, plan["up_seed"], plan["up"])
        connection.shutdown(socket.SHUT_WR)
        return received

    def _together(self, connection, plan):
        sender = threading.Thread(target=send_all, args=(connection, plan["up_seed"], plan["up"]))
        sender.start()
        received = receive_all(connection, plan["down"])
        sender.join()
        connection.shutdown(socket.SHUT_WR)
        rest = receive_all(connection)
        return received[0] + rest[0], received[1], rest[2]

    def _client_resets(self, connection, plan):
        send_all(connection, plan["up_seed"], plan["up"])
        received = receive_all(connection, plan["down"])
        reset(connection)
        return received[0], received[1], None

    def _server_resets(self, connection, plan):
        send_all(connection, plan["up_seed"], plan["up"])
        return receive_all(connection)

    def _recall(self, plan):
        with self._dial({"do": "recall", "id": plan["id"]}) as connection:
            return json.loads(read_line(connection))

    def _compare(self, plan, seen, told):
        if told is None:
            return "the server does not know how it ended"
        expected = ENDINGS[plan["ending"]]
        if seen[2] != expected["client"]:
            return f"the client saw {seen[2]} and should have seen {expected['client']}"
        if told["end"] != expected["server"]:
            return f"the server saw {told['end']} and should have seen {expected['server']}"
        # A reset may overtake bytes: those that came must be right, but need not be all.
        down_may_lack, up_may_lack = plan["ending"] == "server-resets", plan["ending"] == "client-resets"
        return _wrong_bytes("down", seen[0], seen[1], plan["down"], plan["down_seed"], down_may_lack) or _wrong_bytes(
            "up", told["count"], told["digest"], plan["up"], plan["up_seed"], up_may_lack
        )


def _wrong_bytes(direction, count, digest, sent, seed, may_lack):
    if count > sent or (count < sent and not may_lack):
        return f"{count} bytes came {direction} and {sent} were sent"
    return None if digest == expected_digest(seed, count) else f"wrong bytes came {direction}"


def mix(options):
    client = Client(options.address, options.port, options.seed, options.bytes)
    with ThreadPoolExecutor(options.parallel) as pool:
        wrong = [outcome for outcome in pool.map(client.exchange, range(options.connections)) if outcome]
    print(json.dumps({"connections": options.connections, "seed": options.seed, "wrong": wrong}))
    return not wrong


def steady(options):
    """Echo of counted blocks at a modest pace, so that it outlasts what happens meanwhile."""
    summary = {"blocks": 0, "wrong": None}
    generator = random.Random(options.seed)
    try:
        with socket.create_connection((options.address, options.port), timeout=10) as connection:
            connection.sendall(b'{"do": "echo"}\n')
            print("started", file=sys.stderr, flush=True)
            end = time.monotonic() + options.seconds
            while time.monotonic() < end:
                block = generator.randbytes(CHUNK_BYTES)
                connection.sendall(block)
                if _receive_exactly(connection, len(block)) != block:
                    summary["wrong"] = f"block {summary['blocks']} came back changed"
                    break
                summary["blocks"] += 1
                time.sleep(0.01)
    except OSError as failure:
        summary["wrong"] = f"after {summary['blocks']} blocks: {failure!r}"
    print(json.dumps(summary))
    return summary["wrong"] is None


def _receive_exactly(connection, count):
    received = b""
    while len(received) < count:
        part = connection.recv(count - len(received))
        if not part:
            raise ConnectionError("the connection ended")
        received += part
    return received


def ask(options):
    """{"text", "client"} as the server answered, or {"failure"}: eof, reset, refused, timeout."""
    try:
        with socket.create_connection((options.address, options.port), timeout=options.timeout) as connection:
            connection.sendall(json.dumps({"do": "reply", "text": options.text}).encode() + b"\n")
            readable, _, _ = select.select([connection], [], [], options.timeout)
            if not readable:
                raise TimeoutError
            received = connection.recv(65536)
            answer = json.loads(received) if received else {"failure": "eof"}
    except ConnectionResetError:
        answer = {"failure": "reset"}
    except ConnectionRefusedError:
        answer = {"failure": "refused"}
    except TimeoutError:
        answer = {"failure": "timeout"}
    except OSError as failure:
        answer = {"failure": str(failure)}
    print(json.dumps(answer))
    return "failure" not in answer


def serve(options):
    Server(options.address, options.port).run()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["serve", "mix", "steady", "ask"])
    parser.add_argument("address")
    parser.add_argument("port", type=int)
    parser.add_argument("text", nargs="?", default="")
    parser.add_argument("--connections", type=int, default=50)
    parser.add_argument("--parallel", type=int, default=8)
    parser.add_argument("--bytes", type=int, default=1 << 20, help="upper limit of each direction")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--timeout", type=float, default=5)
    options = parser.parse_args()
    sys.exit(0 if globals()[options.command](options) else 1)


if __name__ == "__main__":
    main()
