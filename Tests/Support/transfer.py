#!/usr/bin/python3
"""Transfers whose every byte is compared and that end in every way TCP can, and a server that remembers what it got.

    transfer.py serve ADDRESS PORT [--name NAME]
    transfer.py mix ADDRESS PORT [--connections N] [--seconds N] [--parallel N] [--least N] [--bytes N] [--ending E] [--seed N]
    transfer.py steady ADDRESS PORT --seconds N
    transfer.py ask ADDRESS PORT TEXT
    transfer.py watch ADDRESS PORT --seconds N
    transfer.py tally ADDRESS PORT --connections N [--parallel N]
    transfer.py crowd ADDRESS PORT --connections N
    transfer.py talk ADDRESS PORT --seconds N --parallel N
    transfer.py call ADDRESS PORT --seconds N --parallel N

`mix` makes connections whose bytes in both directions come from the seed and which end as one of ENDINGS, then asks the server, over a
connection of its own for each, what it received and how that ended. `steady` keeps one connection busy with an echo that is
compared byte by byte, while something else happens to the mesh; SIGTERM ends it earlier. `ask` sends one line and prints the one that comes back, with
the client's address as the server sees it; `watch` does so again and again, and prints when, by the monotonic clock of the
machine. `tally` makes so many connections with a question each and counts what became of them. `crowd` has all its connections open
at the same time. `talk` holds connections to servers that say their names, sends what is meant for a name only on a connection that
gave it, and connects again when one breaks. `call` never stops asking, over new connections and over some that it keeps, and
tells each question that was not answered. SIGTERM ends both earlier. All print JSON; all but `watch` and `tally` exit 1 when
anything was wrong.
"""

import argparse
import collections
import itertools
import json
import random
import resource
import select
import signal
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from streams import read_line, receive_all, receive_exactly, reset, send_all
from transfer_server import SILENCE_LIMIT_SECONDS, Server

BLOCK_BYTES = 32 * 1024

# How a connection ends, and what each side must see of it.
ENDINGS = {
    # The client is done first and still receives; then the other way round; then each when it is done; then both at once;
    # then the server sends at once, and ends only when the client has; then the client's bytes are for nobody once the
    # server has ended, as if its application had closed.
    "client-first": {"client": "eof", "server": "eof"},
    "server-first": {"client": "eof", "server": "eof"},
    "each-when-done": {"client": "eof", "server": "eof"},
    "together": {"client": "eof", "server": "eof"},
    "server-last": {"client": "eof", "server": "eof"},
    "server-closes": {"client": "eof", "server": None},
    # One side breaks off, with bytes under way: the other must learn of it as a reset, not as an end.
    "client-resets": {"client": None, "server": "reset"},
    "client-resets-before-any-end": {"client": None, "server": "reset"},
    "server-resets": {"client": "reset", "server": None},
}


class Client:
    def __init__(self, options):
        self._target = (options.address, options.port)
        self._seed = options.seed
        self._bytes = range(options.least, options.bytes)
        self._endings = options.ending or list(ENDINGS)

    def exchange(self, index):
        """One connection by its plan: how many bytes went up and down, and what was wrong or None."""
        plan = self._plan(index)
        try:
            seen = self._carry_out(plan)
            told = self._recall(plan)
        except (OSError, ValueError) as failure:
            return 0, 0, f"{plan}: {failure!r}"
        wrong = self._compare(plan, seen, told)
        return told["count"] if told else 0, seen[0], f"{plan}: {wrong}" if wrong else None

    def _plan(self, index):
        chooser = random.Random(f"{self._seed}/{index}")
        return {
            "do": "exchange",
            "id": f"{self._seed}/{index}/{chooser.random()}",
            "ending": self._endings[index % len(self._endings)],
            "up": chooser.choice(self._bytes),
            "up_seed": chooser.random(),
            "down": chooser.choice(self._bytes),
            "down_seed": chooser.random(),
        }

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
        return receive_all(connection, plan["down_seed"])

    def _server_first(self, connection, plan):
        received = receive_all(connection, plan["down_seed"])
        send_all(connection, plan["up_seed"], plan["up"])
        connection.shutdown(socket.SHUT_WR)
        return received

    def _each_when_done(self, connection, plan):
        sender = threading.Thread(target=self._send_and_end, args=(connection, plan))
        sender.start()
        received = receive_all(connection, plan["down_seed"])
        sender.join()
        return received

    def _send_and_end(self, connection, plan):
        send_all(connection, plan["up_seed"], plan["up"])
        connection.shutdown(socket.SHUT_WR)

    def _server_last(self, connection, plan):
        return self._each_when_done(connection, plan)

    def _server_closes(self, connection, plan):
        sender = threading.Thread(target=self._send_while_wanted, args=(connection, plan))
        sender.start()
        # Slow enough that the end is sent while much of what came before it is still under way.
        time.sleep(0.2)
        received = receive_all(connection, plan["down_seed"])
        sender.join()
        return received

    def _send_while_wanted(self, connection, plan):
        try:
            self._send_and_end(connection, plan)
        except OSError:
            # Nobody is there any more, which the reading side must not suffer from.
            pass

    def _together(self, connection, plan):
        sender = threading.Thread(target=send_all, args=(connection, plan["up_seed"], plan["up"]))
        sender.start()
        count, wrong_at, _ = receive_all(connection, plan["down_seed"], plan["down"])
        sender.join()
        connection.shutdown(socket.SHUT_WR)
        rest, _, end = receive_all(connection, plan["down_seed"])
        return count + rest, wrong_at, end

    def _client_resets(self, connection, plan):
        send_all(connection, plan["up_seed"], plan["up"])
        count, wrong_at, _ = receive_all(connection, plan["down_seed"], plan["down"])
        reset(connection)
        return count, wrong_at, None

    def _client_resets_before_any_end(self, connection, plan):
        return self._client_resets(connection, plan)

    def _server_resets(self, connection, plan):
        send_all(connection, plan["up_seed"], plan["up"])
        return receive_all(connection, plan["down_seed"])

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
        down_may_lack = plan["ending"] == "server-resets"
        up_may_lack = plan["ending"].startswith("client-resets") or plan["ending"] == "server-closes"
        return _wrong_bytes("down", seen[0], seen[1], plan["down"], down_may_lack) or _wrong_bytes(
            "up", told["count"], told["wrong_at"], plan["up"], up_may_lack
        )


def _wrong_bytes(direction, count, wrong_at, sent, may_lack):
    if wrong_at is not None:
        return f"the byte {wrong_at} that came {direction} is wrong"
    if count > sent or (count < sent and not may_lack):
        return f"{count} bytes came {direction} and {sent} were sent"
    return None


def mix(options):
    """So many connections, or, with --seconds, as many as there is time for."""
    client = Client(options)
    numbers = range(options.connections) if options.seconds is None else _until(time.monotonic() + options.seconds)
    summary = {"connections": 0, "seed": options.seed, "up": 0, "down": 0, "wrong": []}
    counted = threading.Lock()

    def work(numbers=iter(numbers)):
        while True:
            with counted:
                index = next(numbers, None)
            if index is None:
                return
            up, down, wrong = client.exchange(index)
            time.sleep(options.pause)
            with counted:
                summary["connections"] += 1
                summary["up"] += up
                summary["down"] += down
                summary["wrong"] += [wrong] if wrong else []

    with ThreadPoolExecutor(options.parallel) as pool:
        for worker in [pool.submit(work) for _ in range(options.parallel)]:
            worker.result()
    print(json.dumps(summary))
    return not summary["wrong"]


def _until(end):
    return itertools.takewhile(lambda _: time.monotonic() < end, itertools.count())


def steady(options):
    """Echo of counted blocks at a modest pace, so that it outlasts what happens meanwhile."""
    summary = {"blocks": 0, "wrong": None}
    generator = random.Random(options.seed)
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    try:
        with socket.create_connection((options.address, options.port), timeout=10) as connection:
            connection.sendall(b'{"do": "echo"}\n')
            print("started", file=sys.stderr, flush=True)
            end = time.monotonic() + (options.seconds or 5)
            while time.monotonic() < end and not stopped.is_set():
                block = generator.randbytes(BLOCK_BYTES)
                connection.sendall(block)
                if receive_exactly(connection, len(block)) != block:
                    summary["wrong"] = f"block {summary['blocks']} came back changed"
                    break
                summary["blocks"] += 1
                time.sleep(0.01)
    except OSError as failure:
        summary["wrong"] = f"after {summary['blocks']} blocks: {failure!r}"
    print(json.dumps(summary))
    return summary["wrong"] is None


def ask(options):
    """{"text", "client", "name"} as the server answered, or {"failure"}: eof, reset, refused, timeout."""
    answer = _ask(options)
    print(json.dumps(answer))
    return "failure" not in answer


def _ask(options):
    try:
        with socket.create_connection((options.address, options.port), timeout=options.timeout) as connection:
            connection.sendall(json.dumps({"do": "reply", "text": options.text}).encode() + b"\n")
            readable, _, _ = select.select([connection], [], [], options.timeout)
            if not readable:
                raise TimeoutError
            received = connection.recv(65536)
            return json.loads(received) if received else {"failure": "eof"}
    except ConnectionResetError:
        return {"failure": "reset"}
    except ConnectionRefusedError:
        return {"failure": "refused"}
    except TimeoutError:
        return {"failure": "timeout"}
    except OSError as failure:
        return {"failure": str(failure)}


def watch(options):
    """One line for each question, with the seconds of the monotonic clock between which it was under way."""
    for _ in _until(time.monotonic() + options.seconds):
        begun = time.monotonic()
        print(json.dumps({"begun": begun, **_ask(options), "ended": time.monotonic()}), flush=True)
        time.sleep(options.pause)
    return True


def tally(options):
    """{"answered": N, "failures": {"reset": N, ...}}"""
    with ThreadPoolExecutor(options.parallel) as pool:
        answers = list(pool.map(lambda _: _ask(options).get("failure"), range(options.connections)))
    failures = collections.Counter(failure for failure in answers if failure)
    print(json.dumps({"answered": answers.count(None), "failures": failures}))
    return True


class Crowd:
    """Connections that are all open at the same time; each has an echo of its own."""

    def __init__(self, options):
        self._options = options
        self._connections = []
        self._wrong = []

    def run(self):
        with ThreadPoolExecutor(self._options.parallel) as pool:
            self._connections = [one for one in pool.map(self._join, range(self._options.connections)) if one]
            # All stand. Whoever was first still does, and gets what is its own.
            together = len(self._connections)
            for round_ in range(2):
                list(pool.map(lambda pair: self._exchange(*pair, round_), enumerate(self._connections)))
            list(pool.map(self._leave, self._connections))
        return {"connections": together, "wrong": self._wrong}

    def _join(self, index):
        try:
            connection = socket.create_connection((self._options.address, self._options.port), timeout=60)
            connection.sendall(b'{"do": "echo"}\n')
            connection.sendall(b"here")
            if receive_exactly(connection, 4) == b"here":
                return connection
            self._wrong.append(f"connection {index} got another's answer")
        except OSError as failure:
            self._wrong.append(f"connection {index} was not made: {failure!r}")
        return None

    def _exchange(self, index, connection, round_):
        sent = random.Random(f"{self._options.seed}/{index}/{round_}").randbytes(2048)
        try:
            connection.sendall(sent)
            if receive_exactly(connection, len(sent)) != sent:
                self._wrong.append(f"connection {index} got wrong bytes")
        except OSError as failure:
            self._wrong.append(f"connection {index}: {failure!r}")

    def _leave(self, connection):
        with connection:
            try:
                connection.shutdown(socket.SHUT_WR)
                if connection.recv(1):
                    self._wrong.append("bytes came after all that were asked for")
            except OSError as failure:
                self._wrong.append(f"at the end: {failure!r}")


def crowd(options):
    descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))
    summary = Crowd(options).run()
    print(json.dumps(summary))
    return not summary["wrong"]


class Talker:
    """Talks to whoever is at an address, and says to each only what is meant for it."""

    def __init__(self, options):
        self._target = (options.address, options.port)
        self._answered = {}
        self._wrong = []
        self._lock = threading.Lock()
        self._end = time.monotonic() + options.seconds

    def stop(self):
        self._end = time.monotonic()

    def talk(self):
        while time.monotonic() < self._end:
            try:
                with socket.create_connection(self._target, timeout=2) as connection:
                    self._converse(connection)
            except (OSError, ValueError):
                # Whoever it was has gone; the next one may be somebody else.
                time.sleep(0.02)

    def _converse(self, connection):
        connection.sendall(b'{"do": "talk"}\n')
        name = read_line(connection).strip()
        for number in itertools.count():
            if time.monotonic() >= self._end:
                return
            line = f"{name} {number}\n"
            connection.sendall(line.encode())
            answer = read_line(connection)
            with self._lock:
                self._answered[name] = self._answered.get(name, 0) + 1
                if answer != f"{name}: {line}":
                    self._wrong.append(f"{name} should have answered {line!r}, and there came {answer!r}")
            time.sleep(0.01)

    @property
    def summary(self):
        return {"answered": self._answered, "wrong": self._wrong}


def talk(options):
    talker = Talker(options)
    signal.signal(signal.SIGTERM, lambda *_: talker.stop())
    with ThreadPoolExecutor(options.parallel) as pool:
        for worker in [pool.submit(talker.talk) for _ in range(options.parallel)]:
            worker.result()
    print(json.dumps(talker.summary))
    return not talker.summary["wrong"]


class Caller:
    """Calls somebody who is to answer, whatever happens meanwhile."""

    def __init__(self, options):
        self._options = options
        self._lock = threading.Lock()
        self._end = time.monotonic() + options.seconds
        self.summary = {"calls": 0, "kept": 0, "wrong": []}

    def stop(self):
        self._end = time.monotonic()

    @property
    def _goes_on(self):
        return time.monotonic() < self._end

    def call(self):
        """Each question over a connection of its own."""
        while self._goes_on:
            begun = time.monotonic()
            answer = _ask(self._options)
            failure = answer.get("failure")
            self._note("calls", failure and f"a call at {begun:.3f} failed after {time.monotonic() - begun:.3f} s: {failure}")
            time.sleep(self._options.pause)

    def keep_calling(self):
        """Each connection for some questions, so that every moment has young and old ones."""
        while self._goes_on:
            begun = time.monotonic()
            questions = 0
            try:
                with socket.create_connection((self._options.address, self._options.port), self._options.timeout) as kept:
                    kept.sendall(b'{"do": "talk"}\n')
                    name = read_line(kept).strip()
                    for questions in range(random.randrange(1, 300)):
                        if not self._goes_on:
                            break
                        kept.sendall(f"{name} {questions}\n".encode())
                        if read_line(kept) != f"{name}: {name} {questions}\n":
                            raise ValueError("another's answer")
                        self._note("kept", None)
                        time.sleep(0.01)
            except (OSError, ValueError) as failure:
                lasted = time.monotonic() - begun
                self._note("kept", f"a kept connection of {begun:.3f} broke after {lasted:.3f} s, {questions} questions: {failure!r}")

    def _note(self, kind, wrong):
        with self._lock:
            self.summary[kind] += 1
            if wrong and len(self.summary["wrong"]) < 100:
                self.summary["wrong"].append(wrong)


def call(options):
    caller = Caller(options)
    signal.signal(signal.SIGTERM, lambda *_: caller.stop())
    with ThreadPoolExecutor(2 * options.parallel) as pool:
        works = [pool.submit(work) for work in [caller.call, caller.keep_calling] * options.parallel]
        print("started", file=sys.stderr, flush=True)
        for work in works:
            work.result()
    print(json.dumps(caller.summary))
    return not caller.summary["wrong"]


def serve(options):
    descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))
    Server(options.address, options.port, options.name).run()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "command", choices=["serve", "mix", "steady", "ask", "watch", "tally", "crowd", "talk", "call"])
    parser.add_argument("address")
    parser.add_argument("port", type=int)
    parser.add_argument("text", nargs="?", default="")
    parser.add_argument("--name", default="server", help="what the server calls itself")
    parser.add_argument("--connections", type=int, default=50)
    parser.add_argument("--parallel", type=int, default=8)
    parser.add_argument("--least", type=int, default=0, help="lower limit of each direction")
    parser.add_argument("--bytes", type=int, default=1 << 20, help="upper limit of each direction")
    parser.add_argument("--ending", choices=ENDINGS, action="append", help="only this one; may be repeated")
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--pause", type=float, default=0, help="seconds after each connection of mix, question of watch, call")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--timeout", type=float, default=5)
    options = parser.parse_args()
    sys.exit(0 if globals()[options.command](options) else 1)


if __name__ == "__main__":
    main()
